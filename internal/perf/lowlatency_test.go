//go:build linux

package perf_test

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// partTime is how long a part of each server is.
const partTime = 333 * time.Millisecond

// lateness is how long after the last picture of a part was sent viewers who
// waited for it have it whole.
type lateness struct {
	mu     sync.Mutex
	begun  time.Time            // what was sent before does not count
	sent   map[string]time.Time // by part
	waited map[string][]time.Time
}

func (l *lateness) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun = time.Now()
}

// left notes when the last picture of a part was sent.
func (l *lateness) left(part string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sent == nil {
		l.sent = map[string]time.Time{}
	}
	l.sent[part] = at
}

// arrived notes that somebody who waited for a part has it.
func (l *lateness) arrived(part string) {
	at := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waited == nil {
		l.waited = map[string][]time.Time{}
	}
	l.waited[part] = append(l.waited[part], at)
}

// note is called when a viewer has a part, whose body is for looks to look at,
// if that is not nil. waited tells whether the viewer had the one before.
func (l *lateness) note(part string, waited bool, body []byte, looks *pictures) {
	part, _, _ = strings.Cut(part, "?") // which may be the viewer's
	if waited {
		l.arrived(part)
	}
	if looks == nil {
		return
	}
	if at, ok := looks.last(body); ok {
		l.left(part, at)
	}
}

// delays are those of all viewers and parts, and how many per cent of them are
// late: more than a part.
func (l *lateness) delays() (list []time.Duration, late float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for part, sent := range l.sent {
		if sent.Before(l.begun) {
			continue
		}
		for _, at := range l.waited[part] {
			list = append(list, at.Sub(sent))
			if at.Sub(sent) > partTime {
				n++
			}
		}
	}
	return list, 100 * float64(n) / float64(max(1, len(list)))
}

// lowLatency asks for the playlists as they are once they have the next part,
// and for the parts that are new there. looks may be nil; see follow.
func (c *crowd) lowLatency(ctx context.Context, v *client, i int, looks *pictures) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(time.Duration(i) * time.Millisecond):
	}
	lists, err := c.s.lists(v)
	if err != nil {
		c.fail(err)
		return
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, list := range lists[1:] {
		wg.Go(func() {
			v := &client{addr: c.s.HTTP}
			defer func() { v.close() }()
			c.follow(ctx, v, list, looks)
		})
	}
	c.follow(ctx, v, lists[0], looks)
}

// follow has looks, which may be nil, look at each part.
func (c *crowd) follow(ctx context.Context, v *client, list string, looks *pictures) {
	had, target := "", list
	for ctx.Err() == nil {
		text, size, err := v.get(target, true)
		if err != nil {
			c.fail(err)
			return
		}
		c.bytes.Add(size)
		p := read(text)
		fresh := p.parts[slices.Index(p.parts, had)+1:]
		if had == "" {
			fresh = fresh[max(0, len(fresh)-1):]
		}
		for _, part := range fresh {
			body, size, err := v.get(path.Join(path.Dir(list), part), looks != nil)
			if err != nil {
				c.fail(err)
				return
			}
			c.bytes.Add(size)
			c.late.note(part, had != "", body, looks)
			had = part
		}
		and := "?"
		if strings.Contains(list, "?") {
			and = "&"
		}
		target = fmt.Sprintf("%s%s_HLS_msn=%d&_HLS_part=%d", list, and, p.first+len(p.segments), p.open)
	}
}

// BenchmarkLowLatency has a thousand viewers of low-latency HLS, who watch one
// server after the other. The goals are half of what MediaMTX needs, if that is
// there, and that no part is late: that nobody who waits for a part has it later
// than the next one could be had. CPU time is that of the servers' processes;
// the viewers are in this one.
func BenchmarkLowLatency(b *testing.B) {
	servers := []*server{apps(b, 1)}
	if s := mediamtx(b); s != nil {
		servers = append(servers, s)
	}
	sent := make([]pictures, len(servers))
	for i, s := range servers {
		broadcastSome(b, s, 0, 1, sent[i].send)
	}
	for _, s := range servers {
		ready(b, s)
	}
	used, late, delay := make([][]float64, len(servers)), make([][]float64, len(servers)), make([][]float64, len(servers))
	for b.Loop() {
		for i, s := range servers {
			c := &crowd{s: s}
			used[i] = append(used[i], c.watch(*viewers, func(ctx context.Context, v *client, n int) {
				looks := &sent[i]
				if n > 0 {
					looks = nil
				}
				c.lowLatency(ctx, v, n, looks)
			}))
			c.check(b)
			delays, share := c.late.delays()
			late[i] = append(late[i], share)
			delay[i] = append(delay[i], percentile(delays, 0.99).Seconds()*1e3)
		}
	}
	for i, s := range servers {
		b.ReportMetric(median(used[i]), s.name+"-cpu-s/GB")
		b.ReportMetric(slices.Max(late[i]), s.name+"-late-%")
		b.ReportMetric(median(delay[i]), s.name+"-p99-ms")
	}
	b.ReportMetric(slices.Max(used[0])-slices.Min(used[0]), "spread-s/GB")
	for i, s := range servers[1:] {
		b.ReportMetric(median(used[0])/median(used[i+1]), "ratio-to-"+s.name)
	}
}
