package jetstream_test

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/jetstream"
)

// BenchmarkAppend appends messages from many goroutines, over one node and over
// three.
func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 3} {
		b.Run(fmt.Sprintf("nodes=%d", n), func(b *testing.B) {
			s := serve(b)
			var nodes []repository.Chat
			for range n {
				nodes = append(nodes, s.node(b).Repository().Chat)
			}
			var id atomic.Int64
			b.SetParallelism(200 / runtime.GOMAXPROCS(0))
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := id.Add(1)
					if err := nodes[i%int64(n)].AppendMessages(b.Context(), message(fmt.Sprint(i))); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// BenchmarkAppendOne appends messages one after the other.
func BenchmarkAppendOne(b *testing.B) {
	chat := serve(b).node(b).Repository().Chat
	i := 0
	for b.Loop() {
		i++
		if err := chat.AppendMessages(b.Context(), message(fmt.Sprint(i))); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen opens a node of a cluster that has a million messages.
func BenchmarkOpen(b *testing.B) {
	const batch, batches = 1000, 1000
	s := serve(b)
	first := s.node(b)
	for i := range batches {
		var ms []repository.Message
		for j := range batch {
			m := message(fmt.Sprint("message-", i, "-", j))
			m.UserID, m.Body, m.SentAt = fmt.Sprint("user-", j%200), "a line of chat of about this length, as people write them", time.Unix(int64(i), 0)
			ms = append(ms, m)
		}
		if err := first.Repository().Chat.AppendMessages(b.Context(), ms...); err != nil {
			b.Fatal(err)
		}
	}
	compact(b, first)
	if err := first.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		c := jetstream.New(jetstream.Config{URL: s.url()})
		if err := c.Open(b.Context(), nil); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		b.ReportMetric(float64(c.Size())/1e6, "MB-of-records")
		if n, err := c.Repository().Chat.CountMessages(b.Context()); err != nil || n != batch*batches {
			b.Fatal(n, err)
		}
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkMessages reads the last 50 messages.
func BenchmarkMessages(b *testing.B) {
	chat := serve(b).node(b).Repository().Chat
	var ms []repository.Message
	for i := range 10_000 {
		ms = append(ms, message(fmt.Sprint(i)))
	}
	if err := chat.AppendMessages(b.Context(), ms...); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if ms, err := chat.Messages(b.Context(), repository.MessageQuery{Limit: 50}); err != nil || len(ms) != 50 {
			b.Fatal(len(ms), err)
		}
	}
}
