package chat_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/repository"
)

// audience are connections that read and count messages. They speak no more of
// the protocol than that takes, so that what a benchmark measures is the room.
type audience struct {
	conns []net.Conn
	got   atomic.Int64 // messages, of all connections
	wake  chan struct{}
	wg    sync.WaitGroup
}

// mark is in every message of a benchmark, and nowhere else in its documents.
const mark = '~'

// gather opens n connections of one user, which are read if read is set.
func gather(b testing.TB, r *room, n int, read bool) *audience {
	b.Helper()
	r.change(func(s *chat.Settings) { s.JoinMessages, s.Limits = false, chat.Limits{} })
	_, token := r.register("x")
	a := dialAll(b, strings.TrimPrefix(r.url, "http://"), token, n, read)
	wait(b, "all to be in", func() bool { return r.Stats().Clients == n })
	return a
}

// dialAll opens n connections to a server.
func dialAll(b testing.TB, addr, token string, n int, read bool) *audience {
	b.Helper()
	a := &audience{wake: make(chan struct{}, 1)}
	b.Cleanup(func() {
		for _, c := range a.conns {
			_ = c.Close()
		}
		a.wg.Wait()
	})
	for range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			b.Skipf("no more connections: %v", err)
		}
		a.conns = append(a.conns, c)
		buf := handshake(b, c, token)
		if read {
			a.wg.Go(func() { a.read(c, buf) })
		}
	}
	return a
}

func (a *audience) read(c net.Conn, rest io.Reader) {
	p := make([]byte, 32<<10)
	for src := rest; ; src = c {
		n, err := src.Read(p)
		if marks := bytes.Count(p[:n], []byte{mark}); marks > 0 {
			a.got.Add(int64(marks))
			select {
			case a.wake <- struct{}{}:
			default:
			}
		}
		if err != nil {
			return
		}
	}
}

// await waits until so many messages have come, over all connections.
func (a *audience) await(n int64) {
	for a.got.Load() < n {
		<-a.wake
	}
}

// BenchmarkFanout sends messages to many connections, 64 of them under way at
// a time. Half of the work is that of the connections, which are in the same
// process. A delivery is a message at a connection.
func BenchmarkFanout(b *testing.B) {
	for _, n := range []int{1000, 5000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := open(b)
			a := gather(b, r, n, true)
			_, err := r.SaveBot(b.Context(), chat.Bot{ID: "bot", Name: "bot"})
			must(b, err)
			body := string(mark) + strings.Repeat(" words", 15)
			a.measure(b, func() {
				_, err := r.SendAs(b.Context(), "bot", body)
				must(b, err)
			})
		})
	}
}

// measure sends b.N messages, 64 of them under way at a time.
func (a *audience) measure(b *testing.B, send func()) {
	n := int64(len(a.conns))
	b.ReportAllocs()
	b.ResetTimer()
	begun, cpu := time.Now(), cpuTime()
	for i := range b.N {
		a.await(int64(i-64) * n)
		send()
	}
	a.await(int64(b.N) * n)
	deliveries := float64(b.N) * float64(n)
	b.ReportMetric(deliveries/time.Since(begun).Seconds(), "deliveries/s")
	if cpu > 0 {
		b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/deliveries, "cpu-ns/delivery")
	}
}

// BenchmarkFanoutElsewhere is the same with a server as most are: a goroutine
// and a queue for each client, and a write for each message and client.
func BenchmarkFanoutElsewhere(b *testing.B) {
	for _, n := range []int{1000, 5000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var mu sync.Mutex
			var queues []chan []byte
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				ws, err := websocket.Accept(w, req, nil)
				if err != nil {
					return
				}
				defer func() { _ = ws.CloseNow() }()
				ctx := ws.CloseRead(req.Context())
				queue := make(chan []byte, 256)
				mu.Lock()
				queues = append(queues, queue)
				mu.Unlock()
				for ctx.Err() == nil {
					select {
					case <-ctx.Done():
					case doc := <-queue:
						_ = ws.Write(ctx, websocket.MessageText, doc)
					}
				}
			}))
			defer web.Close()
			a := dialAll(b, strings.TrimPrefix(web.URL, "http://"), "", n, true)
			wait(b, "all to be in", func() bool {
				mu.Lock()
				defer mu.Unlock()
				return len(queues) == n
			})
			doc := []byte(string(mark) + strings.Repeat("x", 220))
			a.measure(b, func() {
				for _, queue := range queues {
					queue <- doc
				}
			})
			for _, c := range a.conns {
				_ = c.Close()
			}
		})
	}
}

// BenchmarkIdle opens connections on which nothing happens, and reports what
// one of them takes: memory of the heap and of stacks after a collection, and
// goroutines. Of the heap about 600 bytes are the other end's.
func BenchmarkIdle(b *testing.B) {
	const n = 5000
	for range b.N {
		r := open(b)
		heap, stack := inUse()
		goroutines := runtime.NumGoroutine()
		gather(b, r, n, false)
		h, s := inUse()
		b.ReportMetric(float64(h-heap)/n, "heap-B/client")
		b.ReportMetric(float64(s-stack)/n, "stack-B/client")
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/n, "goroutines/client")
	}
}

func inUse() (heap, stack uint64) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, m.StackInuse
}

// BenchmarkMessage is what it takes to say something in an empty room.
func BenchmarkMessage(b *testing.B) {
	r := open(b)
	_, err := r.SaveBot(b.Context(), chat.Bot{ID: "bot", Name: "bot"})
	must(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_, err := r.SendAs(b.Context(), "bot", "hello **everybody**, see https://x.example/a")
		must(b, err)
	}
}

// BenchmarkHistory reads the history after each message, as who comes does.
func BenchmarkHistory(b *testing.B) {
	for _, name := range []string{"changed", "unchanged"} {
		b.Run(name, func(b *testing.B) {
			r := open(b)
			var u repository.User
			for i := range 50 {
				var err error
				u, err = r.SaveBot(b.Context(), chat.Bot{ID: fmt.Sprint("bot", i%10), Name: fmt.Sprint("bot", i%10)})
				must(b, err)
				_, err = r.SendAs(b.Context(), u.ID, "hello **everybody**")
				must(b, err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if name == "changed" {
					_, err := r.SendAs(b.Context(), u.ID, "hello **everybody**")
					must(b, err)
				}
				_, err := r.Recent(context.Background())
				must(b, err)
			}
		})
	}
}
