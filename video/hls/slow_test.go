package hls

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener of connections in memory, which hold nothing that the
// other side does not read.
type pipes struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// noted remembers the write deadline of a connection.
type noted struct {
	net.Conn
	mu       sync.Mutex
	deadline time.Time
}

func (c *noted) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	c.deadline = t
	c.mu.Unlock()
	return c.Conn.SetWriteDeadline(t)
}

func (c *noted) noted() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.deadline
}

// listen serves the site's viewers; dial connects one.
func (s *site) listen(configure ...func(*http.Server)) (dial func() (viewer net.Conn, server *noted)) {
	l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	srv := &http.Server{Handler: s.p}
	for _, f := range configure {
		f(srv)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	s.t.Cleanup(func() {
		srv.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			s.t.Error(err)
		}
	})
	return func() (net.Conn, *noted) {
		viewer, server := net.Pipe()
		n := &noted{Conn: server}
		l.conns <- n
		s.t.Cleanup(func() { viewer.Close() })
		return viewer, n
	}
}

func TestViewersThatStopReadingHoldUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, Config{})
		s.until(5500 * time.Millisecond)
		dial := s.listen()
		size := s.get("/0/s1-3.m4s").ContentLength
		limit := sendGrace + time.Duration(size/slowest)*time.Second
		start := time.Now()
		ended := make(chan time.Duration, 200)
		tag := s.get("/0/stream.m3u8").Header.Get("ETag")
		for i := range cap(ended) {
			viewer, _ := dial()
			target := [...]string{"/0/s1-3.m4s", "/0/s1-p8.m4s", "/0/stream.m3u8", "/0/s1-i1.mp4", "/nothing"}[i%5]
			go func() {
				fmt.Fprintf(viewer, "GET %s HTTP/1.1\r\nHost: x\r\nIf-None-Match: %s\r\n\r\n", target, tag)
				one := make([]byte, 1)
				io.ReadFull(viewer, one) // and no more, until the server gives up
				time.Sleep(limit + time.Second)
				if _, err := io.Copy(io.Discard, viewer); err == nil {
					ended <- time.Since(start)
				}
			}()
		}
		synctest.Wait()
		s.until(30 * time.Second)
		if l := s.playlist("/0/stream.m3u8"); l.open.msn == 0 && len(l.segs) == 0 {
			t.Error("no playlist for the others")
		}
		if d := time.Since(start); d != 0 {
			t.Fatalf("the broadcast was held up for %v", d)
		}
		for range cap(ended) {
			if d := <-ended; d > limit+time.Second {
				t.Errorf("a viewer was waited for after %v", d)
			}
		}
	})
}

func TestAConnectionKeepsNoDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, Config{})
		s.until(5500 * time.Millisecond)
		dial := s.listen()
		tag := s.get("/0/s1-3.m4s").Header.Get("ETag")
		for _, tt := range []struct {
			name, target, header string
			want                 int
		}{
			{"a segment", "/0/s1-3.m4s", "", http.StatusOK},
			{"a range", "/0/s1-3.m4s", "Range: bytes=1-9\r\n", http.StatusPartialContent},
			{"what is known", "/0/s1-3.m4s", "If-None-Match: " + tag + "\r\n", http.StatusNotModified},
			{"a playlist", "/0/stream.m3u8", "", http.StatusOK},
			{"nothing", "/0/nothing", "", http.StatusNotFound},
			{"a part that does not come", "/0/s1-p16.m4s", "", http.StatusServiceUnavailable},
			{"a playlist that does not come", "/0/stream.m3u8?_HLS_msn=6", "", http.StatusServiceUnavailable},
		} {
			viewer, server := dial()
			r := bufio.NewReader(viewer)
			for range 2 { // the connection can be used again, too
				fmt.Fprintf(viewer, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", tt.target, tt.header)
				resp, err := http.ReadResponse(r, nil)
				if err != nil {
					t.Fatalf("%s: %v", tt.name, err)
				}
				body := readAll(t, resp)
				if resp.StatusCode != tt.want || resp.ContentLength >= 0 && int64(len(body)) != resp.ContentLength {
					t.Errorf("%s: %d, %d bytes of %d", tt.name, resp.StatusCode, len(body), resp.ContentLength)
				}
				synctest.Wait()
				if d := server.noted(); !d.IsZero() {
					t.Errorf("%s: the deadline is still %v ahead", tt.name, time.Until(d))
				}
			}
		}
	})
}

func TestAWaitMayTakeLongerThanTheHostsWriteTimeout(t *testing.T) {
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(version, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, Config{})
				s.until(5500 * time.Millisecond)
				protocols := new(http.Protocols)
				protocols.SetHTTP1(version == "HTTP/1.1")
				protocols.SetUnencryptedHTTP2(version == "HTTP/2.0")
				dial := s.listen(func(srv *http.Server) {
					srv.WriteTimeout, srv.Protocols = time.Second, protocols
				})
				transport := &http.Transport{Protocols: protocols, DialContext: func(context.Context, string, string) (net.Conn, error) {
					viewer, _ := dial()
					return viewer, nil
				}}
				defer transport.CloseIdleConnections()
				var writer sync.WaitGroup
				defer writer.Wait()
				writer.Go(func() {
					time.Sleep(2 * time.Second)
					s.until(7 * time.Second)
				})
				resp, err := (&http.Client{Transport: transport}).Get("http://viewer/0/stream.m3u8?_HLS_msn=5")
				if err != nil {
					t.Fatal(err)
				}
				if body := readAll(t, resp); resp.StatusCode != http.StatusOK || resp.Proto != version {
					t.Errorf("%d by %s: %s", resp.StatusCode, resp.Proto, body)
				}
				resp.Body.Close()
			})
		})
	}
}

func TestASlowViewerGetsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, Config{})
		for i := range s.ps {
			if s.ps[i].Key && len(s.ps[i].Data) > 8 {
				s.ps[i].Data = make([]byte, 400_000)
			}
		}
		s.until(3500 * time.Millisecond)
		viewer, _ := s.listen()()
		fmt.Fprint(viewer, "GET /0/s1-1.m4s HTTP/1.1\r\nHost: x\r\n\r\n")
		start := time.Now()
		resp, err := http.ReadResponse(bufio.NewReaderSize(&slowReader{viewer}, 16), nil)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, resp.Body); err != nil || n != resp.ContentLength {
			t.Errorf("%d bytes of %d after %v: %v", n, resp.ContentLength, time.Since(start), err)
		}
		if d := time.Since(start); d < 20*time.Second {
			t.Errorf("it took %v, which is not slow", d)
		}
	})
}

// slowReader takes 16 KiB a second.
type slowReader struct{ r io.Reader }

func (s *slowReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p[:min(len(p), 1024)])
	time.Sleep(time.Duration(n) * time.Second / (16 << 10))
	return n, err
}
