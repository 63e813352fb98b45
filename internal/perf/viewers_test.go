//go:build linux

package perf_test

import (
	"context"
	"flag"
	"fmt"
	"path"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	viewers = flag.Int("viewers", 1000, "viewers of BenchmarkViewers and BenchmarkLowLatency")
	waiting = flag.Int("waiting", 5000, "viewers of BenchmarkWaiting; their connections must be allowed by ulimit -n")
	lasting = flag.Duration("lasting", 10*time.Second, "how long a round of a benchmark of viewers, or of ingest, is")
)

// crowd is viewers of one server.
type crowd struct {
	s      *server
	bytes  atomic.Int64
	failed atomic.Int64
	errs   sync.Map
	late   lateness // of BenchmarkLowLatency
}

func (c *crowd) fail(err error) {
	c.failed.Add(1)
	c.errs.LoadOrStore(err.Error(), true)
}

// watch has n viewers watch for some time, of which the first two seconds,
// when they all connect, do not count. It returns CPU seconds per gigabyte.
func (c *crowd) watch(n int, viewer func(context.Context, *client, int)) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second+*lasting)
	defer cancel()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			v := &client{addr: c.s.HTTP}
			defer func() { v.close() }()
			viewer(ctx, v, i)
		})
	}
	time.Sleep(2 * time.Second)
	c.late.begin()
	cpu, bytes := c.s.cpu(), c.bytes.Load()
	time.Sleep(*lasting - 500*time.Millisecond)
	cpu, bytes = c.s.cpu()-cpu, c.bytes.Load()-bytes
	wg.Wait()
	return cpu.Seconds() / (float64(bytes) / 1e9)
}

func (c *crowd) check(b *testing.B) {
	b.Helper()
	if n := c.failed.Load(); n > 0 {
		c.errs.Range(func(err, _ any) bool {
			b.Errorf("%s: %d failed: %v", c.s.name, n, err)
			return false
		})
	}
}

// plain asks for the playlist once in the time of a segment, and for the
// segment that is new there.
func (c *crowd) plain(n int) func(context.Context, *client, int) {
	const segment = 2 * time.Second
	begun := time.Now()
	return func(ctx context.Context, v *client, i int) {
		had := ""
		for at := begun.Add(time.Duration(i) * segment / time.Duration(n)); ; at = at.Add(segment) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Until(at)):
			}
			text, size, err := v.get(c.s.list, true)
			if p := read(text); err == nil && len(p.segments) > 0 && p.segments[len(p.segments)-1] != had {
				c.bytes.Add(size)
				had = p.segments[len(p.segments)-1]
				_, size, err = v.get(path.Join(path.Dir(c.s.list), had), false)
			}
			if err != nil {
				c.fail(err)
				return
			}
			c.bytes.Add(size)
		}
	}
}

// BenchmarkViewers has a thousand viewers of plain HLS. Its goal is to need no
// more CPU time for a gigabyte than net/http does that serves the same bytes
// from memory, to viewers who do the same.
func BenchmarkViewers(b *testing.B) {
	app, floor := apps(b, 1), start(b, "memory")
	broadcast(b, app, 1)
	ready(b, app)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := mirror(ctx, app, floor); err != nil {
			b.Errorf("mirror: %v", err)
		}
	})
	defer wg.Wait()
	defer cancel()
	ready(b, floor)
	var used [2][]float64
	for round := 0; b.Loop(); round++ {
		for k := range 2 {
			i := (k + round) % 2
			c := &crowd{s: []*server{app, floor}[i]}
			used[i] = append(used[i], c.watch(*viewers, c.plain(*viewers)))
			c.check(b)
		}
	}
	b.ReportMetric(median(used[0]), "cpu-s/GB")
	b.ReportMetric(median(used[1]), "net-http-cpu-s/GB")
	b.ReportMetric(median(used[0])/median(used[1]), "ratio")
	b.ReportMetric(slices.Max(used[0])-slices.Min(used[0]), "spread-s/GB")
}

// BenchmarkWaiting has many viewers who all wait for each next part by a
// blocking reload and get no media. It reports what each of them takes while
// it waits, the CPU time of an answer, and how long after the first of them
// the others have theirs.
func BenchmarkWaiting(b *testing.B) {
	app := apps(b, 1)
	broadcast(b, app, 1)
	ready(b, app)
	time.Sleep(35 * time.Second) // the window is full
	before, rss := app.vitals(""), app.rss()
	var used, mid, late, last []float64
	var memory, goroutines, heap float64
	for b.Loop() {
		ctx, cancel := context.WithCancel(context.Background())
		w := &waiters{s: app, arrived: map[string][]time.Duration{}, begun: time.Now()}
		w.connect(ctx, *waiting)
		v := app.vitals("")
		goroutines = float64(v.Goroutines-before.Goroutines) / float64(*waiting)
		heap = float64(v.Heap-before.Heap) / float64(*waiting)
		memory = float64(app.rss()-rss) / float64(*waiting)
		w.forget()
		cpu, answers := app.cpu(), w.answers.Load()
		time.Sleep(*lasting)
		cpu, answers = app.cpu()-cpu, w.answers.Load()-answers
		cancel()
		w.all.Wait()
		w.check(b)
		used = append(used, float64(cpu.Microseconds())/float64(answers))
		p50, p99, all := w.lateness()
		mid, late, last = append(mid, p50.Seconds()*1e3), append(late, p99.Seconds()*1e3), append(last, all.Seconds()*1e3)
	}
	b.ReportMetric(median(used), "cpu-us/answer")
	b.ReportMetric(median(mid), "p50-ms")
	b.ReportMetric(median(late), "p99-ms")
	b.ReportMetric(median(last), "last-ms")
	b.ReportMetric(memory, "rss-B/viewer")
	b.ReportMetric(heap, "heap-B/viewer")
	b.ReportMetric(goroutines, "goroutines/viewer")
}

type waiters struct {
	crowd
	s       *server
	begun   time.Time
	answers atomic.Int64
	all     sync.WaitGroup
	mu      sync.Mutex
	arrived map[string][]time.Duration // by what was waited for
}

// connect returns when n viewers have had their first answer.
func (w *waiters) connect(ctx context.Context, n int) {
	var first sync.WaitGroup
	for range n {
		first.Add(1)
		w.all.Go(func() { w.wait(ctx, sync.OnceFunc(first.Done)) })
	}
	first.Wait()
}

// forget begins to look anew at how late answers are.
func (w *waiters) forget() {
	w.mu.Lock()
	clear(w.arrived)
	w.mu.Unlock()
}

func (w *waiters) wait(ctx context.Context, ready func()) {
	defer ready()
	v := &client{addr: w.s.HTTP}
	defer func() { v.close() }()
	target := w.s.list
	for ctx.Err() == nil {
		text, _, err := v.get(target, true)
		if err != nil {
			w.fail(err)
			return
		}
		at := time.Since(w.begun)
		p := read(text)
		if target != w.s.list {
			w.answers.Add(1)
			w.mu.Lock()
			w.arrived[target] = append(w.arrived[target], at)
			w.mu.Unlock()
			ready()
		}
		target = fmt.Sprintf("%s?_HLS_msn=%d&_HLS_part=%d&_HLS_skip=YES", w.s.list, p.first+len(p.segments)+p.skipped, p.open)
	}
}

// lateness is the median and the 99th percentile of the time between the first
// answer with a part and the others, and the median of that until the last has
// it, for parts that nearly all waited for.
func (w *waiters) lateness() (p50, p99, last time.Duration) {
	var all, lasts []time.Duration
	for _, list := range w.arrived {
		if len(list) < *waiting*9/10 {
			continue
		}
		first := slices.Min(list)
		for _, at := range list {
			all = append(all, at-first)
		}
		lasts = append(lasts, slices.Max(list)-first)
	}
	return percentile(all, 0.5), percentile(all, 0.99), percentile(lasts, 0.5)
}
