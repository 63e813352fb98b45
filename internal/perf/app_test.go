//go:build linux

package perf_test

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkPlaylist asks for a playlist again and again on one connection: of
// the App, and of net/http that has the same bytes in memory. The goal is 1.3
// of the latter's CPU time.
func BenchmarkPlaylist(b *testing.B) {
	const requests = 20_000
	app, floor := apps(b, 1), start(b, "memory")
	broadcast(b, app, 1)
	ready(b, app)
	c := &client{addr: app.HTTP}
	defer func() { c.close() }()
	text, _, err := c.get(app.list, true)
	if err == nil {
		err = put(b.Context(), floor, app.list, "application/vnd.apple.mpegurl", text)
	}
	if err != nil {
		b.Fatal(err)
	}
	var used [2][]float64
	for round := 0; b.Loop(); round++ {
		var took [2]time.Duration
		var cpu [2]time.Duration
		var ingest time.Duration // the App's CPU time while the floor is asked
		for k := range 2 {
			i := (k + round) % 2
			s := []*server{app, floor}[i]
			v := &client{addr: s.HTTP}
			begun, before, other := time.Now(), s.cpu(), app.cpu()
			for range requests {
				if _, _, err := v.get(s.list, false); err != nil {
					b.Fatal(err)
				}
			}
			took[i], cpu[i] = time.Since(begun), s.cpu()-before
			if s == floor {
				ingest = app.cpu() - other
			}
			v.close()
		}
		cpu[0] -= time.Duration(float64(ingest) * took[0].Seconds() / took[1].Seconds())
		for i := range cpu {
			used[i] = append(used[i], float64(cpu[i].Microseconds())/requests)
		}
	}
	b.ReportMetric(median(used[0]), "cpu-us/request")
	b.ReportMetric(median(used[1]), "net-http-cpu-us/request")
	b.ReportMetric(median(used[0])/median(used[1]), "ratio")
}

// BenchmarkStart starts Apps on data directories that are there. The goals are
// 50 ms for New and Start, 30 MB for a process with one App that is idle, 3 MB
// for each further one, and no CPU time without a broadcast or viewers.
func BenchmarkStart(b *testing.B) {
	const more = 20
	var took, first, further, idle []float64
	for b.Loop() {
		dir := b.TempDir()
		for again := range 2 { // the second time the directories are there
			s := start(b, fmt.Sprint("apps ", dir))
			var list []float64
			rss := int64(0)
			for n := range 1 + more {
				list = append(list, s.vitals("more").Started.Seconds()*1e3)
				if n == 0 {
					rss = s.rss()
				}
			}
			if again == 1 {
				took = append(took, median(list))
				first = append(first, float64(rss)/1e6)
				further = append(further, float64(s.rss()-rss)/1e6/more)
				cpu := s.cpu()
				time.Sleep(*lasting)
				idle = append(idle, (s.cpu()-cpu).Seconds()*1e3*60/lasting.Seconds()/(1+more))
			}
			s.stop()
		}
	}
	b.ReportMetric(median(took), "start-ms")
	b.ReportMetric(median(first), "first-MB")
	b.ReportMetric(median(further), "further-MB")
	b.ReportMetric(median(idle), "idle-cpu-ms/min")
}
