//go:build linux

package perf_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video/flv"
	"github.com/owncast-go/owncast/video/rtmp"
	"github.com/owncast-go/owncast/video/videotest"
)

// BenchmarkRead sends a broadcast as fast as it is taken to an RTMP server that
// does nothing with it. The goal is a CPU second for a gigabyte; the sender's
// are not counted.
func BenchmarkRead(b *testing.B) {
	s := start(b, "sink")
	tags, err := videotest.Loop(videotest.Clip(), videotest.ClipDuration)
	if err != nil {
		b.Fatal(err)
	}
	c, err := rtmp.Dial(context.Background(), fmt.Sprintf("rtmp://%s/live/x0", s.RTMP), rtmp.ClientConfig{})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	var used, speed []float64
	pictures := 0
	for b.Loop() {
		begun, cpu, bytes := time.Now(), s.cpu(), 0
		for tag := range tags {
			body := tag.Body
			if tag.Type == flv.TagVideo && body[1] == 1 {
				body = pad(body, pictures)
				pictures++
			}
			if err := c.WriteTag(tag.Type, tag.Timestamp, body); err != nil {
				b.Fatal(err)
			}
			if bytes += len(body); time.Since(begun) > *lasting {
				break
			}
		}
		used = append(used, (s.cpu()-cpu).Seconds()/float64(bytes)*1e9)
		speed = append(speed, float64(bytes)/1e6/time.Since(begun).Seconds())
	}
	b.ReportMetric(median(used), "cpu-s/GB")
	b.ReportMetric(median(speed), "MB/s")
}
