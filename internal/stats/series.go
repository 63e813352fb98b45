package stats

import (
	"slices"
	"time"
)

// maxPoints is how many points each series has at the most: ten hours of being
// online.
const maxPoints = 300

// Series is how it has played, every two minutes of being online. The oldest
// points come first. Where nothing was reported there is no point.
type Series struct {
	Errors  []Point // sums
	Changes []Point // of the rendition, sums

	LatencyMin, LatencyMedian, LatencyMax       []Point // seconds
	DownloadMin, DownloadMedian, DownloadMax    []Point // of segments, seconds
	BandwidthMin, BandwidthMedian, BandwidthMax []Point // kbit/s
}

// lists are all of them.
func (s *Series) lists() []*[]Point {
	return []*[]Point{
		&s.Errors, &s.Changes, &s.LatencyMin, &s.LatencyMedian, &s.LatencyMax, &s.DownloadMin, &s.DownloadMedian,
		&s.DownloadMax, &s.BandwidthMin, &s.BandwidthMedian, &s.BandwidthMax,
	}
}

// Series returns the series.
func (a *Audience) Series() Series {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.series
	for _, list := range s.lists() {
		*list = slices.Clone(*list)
	}
	return s
}

// Stream describes what is watched.
func (a *Audience) Stream() Stream { return a.cfg.Stream() }

// window is what the clients have said in two minutes.
type window struct {
	reporting, failing int // clients that have reported, and of them those with errors
	errors, changes    float64

	latency, download, throughput []float64
}

// gather takes what a client has said since a time, once.
func (w *window) gather(r *record, since int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.play
	if p.reported > since {
		w.reporting++
		if p.errors > 0 {
			w.failing++
		}
		w.errors += p.errors
		w.changes += p.changes
		p.errors, p.changes = 0, 0
	}
	for _, f := range []struct {
		m  measure
		to *[]float64
	}{{p.latency, &w.latency}, {p.download, &w.download}, {p.throughput, &w.throughput}} {
		if v, ok := f.m.since(since); ok {
			*f.to = append(*f.to, v)
		}
	}
}

// reduce makes a point of each series of what came since the last one.
func (a *Audience) reduce(now time.Time) {
	stream := a.cfg.Stream()
	cpu, cpuKnown := 0.0, false
	if a.cfg.CPU != nil {
		a.guard("cpu", func() { cpu, cpuKnown = a.cfg.CPU() })
	}
	if !cpuKnown {
		cpu = 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var w window
	since := a.since(a.reduced)
	a.each(func(r *record) { w.gather(r, since) })
	a.reduced = now
	a.addHistory(now.UTC(), float64(a.count.Now))
	a.series.add(now.UTC(), &w)
	a.clients = reportingClients{w.reporting, a.count.Now}
	a.health = overview(&w, a.clients, stream, cpu)
}

func (s *Series) add(t time.Time, w *window) {
	if w.reporting > 0 {
		s.Errors = appendPoint(s.Errors, Point{t, w.errors}, maxPoints)
		s.Changes = appendPoint(s.Changes, Point{t, w.changes}, maxPoints)
	}
	for _, f := range []struct {
		values           []float64
		low, middle, top *[]Point
	}{
		{w.latency, &s.LatencyMin, &s.LatencyMedian, &s.LatencyMax},
		{w.download, &s.DownloadMin, &s.DownloadMedian, &s.DownloadMax},
		{w.throughput, &s.BandwidthMin, &s.BandwidthMedian, &s.BandwidthMax},
	} {
		if len(f.values) == 0 {
			continue
		}
		slices.Sort(f.values)
		*f.low = appendPoint(*f.low, Point{t, f.values[0]}, maxPoints)
		*f.middle = appendPoint(*f.middle, Point{t, median(f.values)}, maxPoints)
		*f.top = appendPoint(*f.top, Point{t, f.values[len(f.values)-1]}, maxPoints)
	}
}

// median of values in order.
func median(values []float64) float64 {
	n := len(values)
	if n%2 == 1 {
		return values[n/2]
	}
	return (values[n/2-1] + values[n/2]) / 2
}
