package s3_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fault answers a request in place of the server, or returns false.
type fault func(w http.ResponseWriter, r *http.Request) bool

// proxy stands between a Store and a gateway, and goes wrong when a test says
// so.
type proxy struct {
	url     string
	addr    string
	handler http.Handler
	fault   atomic.Pointer[fault]
	server  *http.Server
	served  chan struct{}
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 32}
	back := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(u)
			r.Out.Host = r.In.Host // which is signed
		},
		ErrorLog: log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				t.Logf("%s %s: %v", r.Method, r.URL, err)
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	p := &proxy{addr: "127.0.0.1:0"}
	p.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := p.fault.Load(); f != nil && (*f)(w, r) {
			return
		}
		back.ServeHTTP(w, r)
	})
	p.up(t)
	p.url = "http://" + p.addr
	t.Cleanup(func() {
		p.down()
		transport.CloseIdleConnections()
	})
	return p
}

// up lets the server be there, always at the same address.
func (p *proxy) up(t testing.TB) {
	t.Helper()
	l, err := net.Listen("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	p.addr = l.Addr().String()
	p.server = &http.Server{Handler: p.handler, ErrorLog: log.New(io.Discard, "", 0)}
	p.served = make(chan struct{})
	go func() {
		_ = p.server.Serve(l)
		close(p.served)
	}()
}

// down lets it be gone: connections are refused.
func (p *proxy) down() {
	_ = p.server.Close()
	<-p.served
}

func (p *proxy) set(f fault) { p.fault.Store(&f) }

// heal ends the fault.
func (p *proxy) heal() { p.fault.Store(nil) }

// on limits a fault to requests.
func on(match func(*http.Request) bool, f fault) fault {
	return func(w http.ResponseWriter, r *http.Request) bool { return match(r) && f(w, r) }
}

// times limits a fault to the first n requests.
func times(n int64, f fault) fault {
	var seen atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) bool { return seen.Add(1) <= n && f(w, r) }
}

// method matches requests by their method, and by a parameter if there is one.
func method(m string, param ...string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return r.Method == m && (len(param) == 0 || r.URL.Query().Has(param[0]))
	}
}

// answer is an error as servers send them.
func answer(status int, code string, header ...string) fault {
	return func(w http.ResponseWriter, r *http.Request) bool {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/xml")
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>of the test</Message></Error>`, code)
		}
		return true
	}
}

// late delays requests.
func late(d time.Duration) fault {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		// The server sees that a client is gone once it has read all it sent.
		b, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(b))
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
		return false
	}
}

// lie says yes and keeps nothing.
func lie(w http.ResponseWriter, r *http.Request) bool {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("ETag", `"d41d8cd98f00b204e9800998ecf8427e"`)
	w.WriteHeader(http.StatusOK)
	return true
}

// reset breaks the connection.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if c, ok := conn.(*net.TCPConn); ok {
		_ = c.SetLinger(0)
	}
	_ = conn.Close()
}

// resetUpload breaks the connection in the middle of what is sent.
func resetUpload(w http.ResponseWriter, r *http.Request) bool {
	_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
	reset(w)
	return true
}

// resetDownload breaks the connection after n bytes of an object.
func (p *proxy) resetDownload(n int, back string) fault {
	return func(w http.ResponseWriter, r *http.Request) bool {
		out := r.Clone(r.Context())
		out.RequestURI = ""
		out.URL.Scheme, out.URL.Host = "http", strings.TrimPrefix(back, "http://")
		out.Host = r.Host
		transport := &http.Transport{DisableKeepAlives: true}
		resp, err := transport.RoundTrip(out)
		if err != nil {
			reset(w)
			return true
		}
		defer resp.Body.Close()
		var head bytes.Buffer
		_, _ = io.CopyN(&head, resp.Body, int64(n))
		for k, v := range resp.Header {
			w.Header()[k] = v
		}
		w.WriteHeader(resp.StatusCode)
		_, _ = w.Write(head.Bytes())
		_ = http.NewResponseController(w).Flush()
		reset(w)
		return true
	}
}
