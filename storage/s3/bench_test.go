package s3_test

import (
	"bytes"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast/storage"
)

// BenchmarkPut stores segments of 800 kB, as many at a time as there are
// renditions. The server is a process of its own on the same machine.
func BenchmarkPut(b *testing.B) {
	g := startGateway(b)
	segment := noise(800 << 10)
	for _, renditions := range []int{1, 4, 20} {
		for _, confirm := range []bool{true, false} {
			b.Run(fmt.Sprintf("renditions=%d/confirm=%t", renditions, confirm), func(b *testing.B) {
				cfg := g.config(b)
				cfg.SkipConfirm = !confirm
				s := open(b, cfg)
				work := make(chan int)
				var wg sync.WaitGroup
				for range renditions {
					wg.Go(func() {
						for i := range work {
							key := fmt.Sprintf("hls/%d/s-%d.m4s", i%renditions, i)
							o := storage.PutOptions{ContentType: "video/mp4", MaxAge: time.Hour}
							if err := s.Put(b.Context(), key, bytes.NewReader(segment), o); err != nil {
								b.Error(err)
							}
						}
					})
				}
				var peak uint64
				b.ReportAllocs()
				b.SetBytes(int64(len(segment)))
				b.ResetTimer()
				for i := range b.N {
					work <- i
					if i%64 == 0 {
						var m runtime.MemStats
						runtime.ReadMemStats(&m)
						peak = max(peak, m.HeapInuse)
					}
				}
				close(work)
				wg.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "uploads/s")
				b.ReportMetric(float64(peak)/(1<<20), "MB-heap")
			})
		}
	}
}
