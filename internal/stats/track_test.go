package stats

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// The writer does what the server's does: deadlines, flushing, and files.
func TestTheWriterIsStillTheServers(t *testing.T) {
	a, err := New(Config{Session: func() string { return "s" }, Stream: func() Stream { return Stream{} }, ClientIP: remote})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, make([]byte, 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	var failed atomic.Value
	srv := httptest.NewServer(a.Track(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		if err := rc.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
			failed.Store(fmt.Sprint("deadline: ", err))
		}
		if _, ok := w.(io.ReaderFrom); !ok {
			failed.Store("no ReadFrom")
		}
		http.ServeFile(w, r, file)
		if err := rc.Flush(); err != nil {
			failed.Store(fmt.Sprint("flush: ", err))
		}
	})))
	defer srv.Close()
	res, err := srv.Client().Get(srv.URL + "/stream.m3u8?sid=a")
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, res.Body)
	res.Body.Close()
	if err != nil || n != 100_000 || failed.Load() != nil {
		t.Errorf("%d bytes, %v, %v", n, err, failed.Load())
	}
	srv.Close() // waits for the handler
	if v := a.Viewers(); len(v) != 1 || v[0].Bytes != 100_000 {
		t.Errorf("viewers: %+v", v)
	}
}

func TestAConfigMustBeComplete(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("New accepts nothing")
	}
}

func TestABodyWithoutAStatusIsAnAnswer(t *testing.T) {
	g := newRig(t)
	h := g.Track(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/early.m3u8" {
			w.WriteHeader(http.StatusEarlyHints)
		}
		if r.URL.Path != "/nothing.m3u8" {
			io.WriteString(w, "x")
		}
	}))
	for i, path := range []string{"/nothing.m3u8", "/x.m3u8", "/early.m3u8"} {
		h.ServeHTTP(discardWriter{http.Header{}}, sid(path).request(path))
		g.want(i)
	}
}

// discardWriter is a writer without the costs of a recorder.
type discardWriter struct{ h http.Header }

func (w discardWriter) Header() http.Header         { return w.h }
func (w discardWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w discardWriter) WriteHeader(int)             {}

// What Track adds to a request of a viewer who is known. "nothing" is the
// handler without it.
func BenchmarkTrack(b *testing.B) {
	body := make([]byte, 2000)
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	for _, bm := range []struct {
		name  string
		track bool
		p     func(i int) player
	}{
		{"nothing", false, func(int) player { return player{agent: "agent"} }},
		{"session in a header", true, func(i int) player { p := sid(fmt.Sprint(i)); p.agent = "agent"; return p }},
		{"session in the query", true, func(i int) player { return player{agent: "agent", query: fmt.Sprintf("_HLS_msn=7&sid=%d", i)} }},
		{"address and agent", true, func(i int) player { return player{agent: "agent", addr: fmt.Sprintf("203.0.%d.%d:1", i/250, i%250)} }},
	} {
		a, err := New(Config{
			Session: func() string { return "s" }, Stream: func() Stream { return Stream{Target: 3 * time.Second} }, ClientIP: remote,
		})
		if err != nil {
			b.Fatal(err)
		}
		h := http.Handler(next)
		if bm.track {
			h = a.Track(next)
		}
		requests := make([]*http.Request, 1000)
		for i := range requests {
			p := bm.p(i)
			if p.addr == "" {
				p.addr = fmt.Sprintf("203.0.%d.%d:1", i/250, i%250)
			}
			requests[i] = p.request("/0/stream.m3u8")
		}
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			w := discardWriter{http.Header{}}
			for i := 0; b.Loop(); i++ {
				h.ServeHTTP(w, requests[i%len(requests)])
			}
		})
		b.Run(bm.name+", all at once", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				w := discardWriter{http.Header{}}
				for i := 0; pb.Next(); i++ {
					h.ServeHTTP(w, requests[i%len(requests)])
				}
			})
		})
	}
}

// What a count of so many costs, once a second at the most.
func BenchmarkCount(b *testing.B) {
	for _, n := range []int{1000, MaxViewers} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			g := newRig(b)
			h, w := g.Track(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })), httptest.NewRecorder()
			r := player{addr: "10.0.0.1:1"}.request("/stream.m3u8")
			for i := range n {
				r.URL.RawQuery = fmt.Sprintf("sid=%d", i)
				h.ServeHTTP(w, r)
			}
			b.ReportAllocs()
			for b.Loop() {
				if c := g.recount(); c.Now != n {
					b.Fatalf("%d viewers", c.Now)
				}
			}
		})
	}
}

func BenchmarkParseCMCD(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ParseCMCD(`br=3200,bl=2000,bs,d=4004,mtp=25400,ot=v,sid="6e2fb550-c457-11e9-bb97-0800200c9a66",su,sf=h,st=l`); !ok {
			b.Fatal("not read")
		}
	}
}

// brokenWriter is the writer of a client that has gone.
type brokenWriter struct{ discardWriter }

func (brokenWriter) Write(p []byte) (int, error) { return len(p) / 2, io.ErrClosedPipe }

func TestWhoHasGoneInTheMiddleIsNotSeenAgain(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, leave := range map[string]func(h http.Handler, p player){
		"while it waited": func(h http.Handler, p player) {
			h.ServeHTTP(discardWriter{http.Header{}}, p.request("/waiting.m3u8").WithContext(ctx))
		},
		"in the middle of a transfer": func(h http.Handler, p player) {
			h.ServeHTTP(brokenWriter{discardWriter{http.Header{}}}, p.request("/x.m3u8"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t)
			h := g.Track(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/waiting.m3u8" {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
				_, _ = io.WriteString(w, "xx")
			}))
			leave(h, sid("new"))
			g.want(0)
			g.get(sid("a"), 200)
			g.pass(10 * time.Second)
			leave(h, sid("a"))
			g.pass(10 * time.Second)
			g.want(0)
		})
	}
	// A client that takes all and closes at once was there.
	g := newRig(t)
	g.Track(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })).
		ServeHTTP(discardWriter{http.Header{}}, sid("a").request("/x.m3u8").WithContext(ctx))
	g.want(1)
}
