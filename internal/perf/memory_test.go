//go:build linux

package perf_test

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkMemory tells what each further broadcast takes: a tenth to nine more
// of them. The goal is 1.3 of the window and 2 MB. heap is what is in use after
// a collection, and goal what the heap may become before the next one: with a
// GOGC of 100 that is twice what is in use, and rss is what has been reached of
// it. So a program that has many broadcasts sets a lower GOGC; the CPU time says
// what that costs.
func BenchmarkMemory(b *testing.B) {
	for _, gogc := range []int{100, 25, 10} {
		b.Run(fmt.Sprint("GOGC=", gogc), func(b *testing.B) { memory(b, gogc) })
	}
}

func memory(b *testing.B, gogc int) {
	const streams = 10
	s := apps(b, streams, fmt.Sprint("GOGC=", gogc))
	broadcast(b, s, 1)
	ready(b, s)
	one := s.weigh()
	broadcastSome(b, s, 1, streams, nil)
	var rss, heap, goal, cpu []float64
	for b.Loop() {
		all := s.weigh()
		more := func(a, b float64) float64 { return (b - a) / (streams - 1) / 1e6 }
		rss = append(rss, more(one.rss, all.rss))
		heap = append(heap, more(one.heap, all.heap))
		goal = append(goal, more(one.goal, all.goal))
		cpu = append(cpu, all.cpu/streams)
	}
	b.ReportMetric(median(rss), "rss-MB/stream")
	b.ReportMetric(median(heap), "heap-MB/stream")
	b.ReportMetric(median(goal), "goal-MB/stream")
	b.ReportMetric(median(cpu), "cpu-s/stream-min")
	b.ReportMetric(one.rss/1e6, "first-rss-MB")
	full := window(b, s) / 1e6
	b.ReportMetric(full, "window-MB")
	b.ReportMetric(full*1.3+2, "allowed-MB/stream")
}

// weight is what a process has in memory, in bytes.
type weight struct{ rss, heap, goal, cpu float64 }

// weigh waits until live windows are full, and then for some time more, in which
// it looks at the memory again and again. The CPU time is that of a minute.
func (s *server) weigh() (w weight) {
	s.b.Helper()
	time.Sleep(40 * time.Second)
	var rss []float64
	cpu, begun := s.cpu(), time.Now()
	for time.Since(begun) < *lasting {
		rss = append(rss, float64(s.rss()))
		time.Sleep(250 * time.Millisecond)
	}
	w.cpu = (s.cpu() - cpu).Seconds() * 60 / time.Since(begun).Seconds()
	w.rss = median(rss)
	v := s.vitals("") // last, for it collects
	w.heap, w.goal = float64(v.Heap), float64(v.Goal)
	return w
}
