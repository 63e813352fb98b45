//go:build linux

package perf_test

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"sync"
	"testing"
	"time"
)

// BenchmarkIngest has streams published to the App, to the floor and to the
// peers that are there, all at the same time. The App and MediaMTX package for
// low latency. The ratios are of the App's CPU time to the others'; the goal is
// 0.6 of MediaMTX with any number of streams, and 0.5 of ffmpeg with one. Of
// fifty, the publishers take most of the machine, so there is no floor.
// window is what of a stream can be asked for, which is in memory. heap is what
// is in use after a collection; what the process has of the system, rss, is up to
// twice that, as GOGC is 100: GOMEMLIMIT or GOGC have it smaller, for CPU time.
func BenchmarkIngest(b *testing.B) {
	for _, streams := range []int{1, 10, 50} {
		b.Run(fmt.Sprint("streams=", streams), func(b *testing.B) {
			servers := []*server{apps(b, streams)}
			if streams < 50 {
				servers = append(servers, start(b, "reader"))
			}
			idle, empty := servers[0].rss(), servers[0].vitals("").Heap
			if s := mediamtx(b); s != nil {
				servers = append(servers, s)
			}
			if s := ffmpeg(b); s != nil && streams == 1 {
				servers = append(servers, s)
			}
			for _, s := range servers {
				broadcast(b, s, streams)
			}
			ready(b, servers[0])
			time.Sleep(40 * time.Second) // the windows are full
			used := make([][]float64, len(servers))
			for b.Loop() {
				var before []time.Duration
				for _, s := range servers {
					before = append(before, s.cpu())
				}
				time.Sleep(*lasting)
				for i, s := range servers {
					perMinute := (s.cpu() - before[i]).Seconds() * 60 / lasting.Seconds()
					used[i] = append(used[i], perMinute/float64(streams))
				}
			}
			b.ReportMetric(median(used[0]), "cpu-s/stream-min")
			for i, s := range servers[1:] {
				b.ReportMetric(median(used[0])/median(used[i+1]), "ratio-to-"+s.name)
			}
			b.ReportMetric(float64(servers[0].rss()-idle)/1e6/float64(streams), "rss-MB/stream")
			b.ReportMetric(float64(servers[0].vitals("").Heap-empty)/1e6/float64(streams), "heap-MB/stream")
			b.ReportMetric(window(b, servers[0])/1e6, "window-MB")
		})
	}
}

// window is how many bytes of stream x0 are listed. The first segment may be
// gone by now, and counts as the mean of the others.
func window(b *testing.B, s *server) float64 {
	c := &client{addr: s.HTTP}
	defer func() { c.close() }()
	text, _, err := c.get(s.list, true)
	if err != nil {
		b.Fatal(err)
	}
	total := int64(0)
	segments := read(text).segments
	for _, segment := range segments[1:] {
		_, size, err := c.get(path.Join(path.Dir(s.list), segment), false)
		if err != nil {
			b.Fatal(err)
		}
		total += size
	}
	return float64(total) * float64(len(segments)) / float64(len(segments)-1)
}

// pictures tells when which picture was sent, and when it could be had.
type pictures struct {
	mu   sync.Mutex
	sent []time.Time
}

func (p *pictures) send(int) {
	p.mu.Lock()
	p.sent = append(p.sent, time.Now())
	p.mu.Unlock()
}

// last is when the last picture in a body was sent.
func (p *pictures) last(body []byte) (at time.Time, ok bool) {
	now := time.Now()
	if delays, own := p.got(body, now); len(delays) > 0 {
		return now.Add(-own), true
	}
	return at, false
}

// got notes that those in a body could be had at a time. It returns their
// delays, and the time between sending the last of them and that.
func (p *pictures) got(body []byte, at time.Time) (delays []time.Duration, own time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		i := bytes.Index(body, []byte(mark))
		if i < 0 || len(body) < i+len(mark)+8 {
			return delays, own
		}
		n := 0
		body = body[i+len(mark):]
		if _, err := fmt.Sscanf(string(body[:8]), "%d", &n); err == nil && n < len(p.sent) {
			own = at.Sub(p.sent[n])
			delays = append(delays, own)
		}
	}
}

// BenchmarkLatency measures the time from sending a picture by RTMP until it
// can be had: in a part that a viewer waits for, or in a segment that a plain
// playlist lists. The App's own share is from the last picture of a part, or
// from the first of the next segment, to the answer. The goals are half a part
// and 2 ms, and an own share of 3 ms for 99 of 100 parts.
func BenchmarkLatency(b *testing.B) {
	b.Run("low latency", func(b *testing.B) { latency(b, true) })
	b.Run("plain", func(b *testing.B) { latency(b, false) })
}

func latency(b *testing.B, parts bool) {
	app := apps(b, 1)
	ctx, cancel := context.WithCancel(context.Background())
	var p pictures
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := publish(ctx, app, 0, p.send); err != nil {
			b.Error(err)
		}
	})
	defer wg.Wait()
	defer cancel()
	ready(b, app)
	var delays, owns []time.Duration
	for b.Loop() {
		c := &client{addr: app.HTTP}
		for end := time.Now().Add(*lasting); time.Now().Before(end); {
			d, own, err := p.next(c, app.list, parts)
			if err != nil {
				b.Fatal(err)
			}
			delays, owns = append(delays, d...), append(owns, own)
		}
		c.close()
	}
	slices.Sort(owns)
	b.ReportMetric(percentile(delays, 0.5).Seconds()*1e3, "median-ms")
	b.ReportMetric(percentile(owns, 0.5).Seconds()*1e3, "own-median-ms")
	b.ReportMetric(percentile(owns, 0.99).Seconds()*1e3, "own-p99-ms")
}

// next waits for the next part, by asking for it before it is there, or for
// the next segment, by a playlist that lists it.
func (p *pictures) next(c *client, list string, parts bool) (delays []time.Duration, own time.Duration, err error) {
	text, _, err := c.get(list, true)
	if err != nil {
		return nil, 0, err
	}
	l := read(text)
	what := l.hint
	if !parts {
		text, _, err = c.get(fmt.Sprintf("%s?_HLS_msn=%d", list, l.first+len(l.segments)), true)
		if err != nil {
			return nil, 0, err
		}
		l = read(text)
		what = l.segments[len(l.segments)-1]
	}
	at := time.Now()
	body, _, err := c.get(path.Join(path.Dir(list), what), true)
	if parts {
		at = time.Now()
	}
	if err != nil {
		return nil, 0, err
	}
	delays, own = p.got(body, at)
	if !parts { // a picture of the next segment has closed this one
		own -= time.Second / 30
	}
	return delays, own, nil
}
