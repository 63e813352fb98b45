package httpx

import (
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestOnlyPublicAddressesAreConnectedTo(t *testing.T) {
	public, own := newAddressRules(false, nil), newAddressRules(true, nil)
	for addr, want := range map[string]struct{ public, own bool }{
		"1.1.1.1":                    {true, true},
		"2606:4700::1111":            {true, true},
		"2001:4860:4860::8888":       {true, true},
		"::ffff:1.1.1.1":             {true, true},
		"64:ff9b::1.1.1.1":           {true, true},
		"2002:101:101::1":            {true, true},
		"10.0.0.1":                   {false, true},
		"100.64.0.1":                 {false, true},
		"127.0.0.1":                  {false, true},
		"127.255.255.254":            {false, true},
		"172.16.0.1":                 {false, true},
		"172.31.255.255":             {false, true},
		"192.168.1.1":                {false, true},
		"198.18.0.1":                 {false, true},
		"192.0.2.1":                  {false, true},
		"::1":                        {false, true},
		"::10.0.0.1":                 {false, true},
		"fc00::1":                    {false, true},
		"fd12::1":                    {false, true},
		"2001:db8::1":                {false, true},
		"2001::1":                    {false, true}, // Teredo
		"::ffff:10.0.0.1":            {false, true},
		"::ffff:127.0.0.1":           {false, true},
		"64:ff9b::10.0.0.1":          {false, true},
		"64:ff9b::127.0.0.1":         {false, true},
		"2002:a00:1::":               {false, true}, // 6to4 of 10.0.0.1
		"0.0.0.0":                    {false, false},
		"0.1.2.3":                    {false, false},
		"169.254.169.254":            {false, false},
		"::ffff:169.254.169.254":     {false, false},
		"64:ff9b::169.254.169.254":   {false, false},
		"64:ff9b:1::169.254.169.254": {false, false},
		"2002:a9fe:a9fe::":           {false, false},
		"fd00:ec2::254":              {false, false},
		"100.100.100.200":            {false, false},
		"224.0.0.1":                  {false, false},
		"255.255.255.255":            {false, false},
		"::":                         {false, false},
		"fe80::1":                    {false, false},
		"fe80::1%eth0":               {false, false},
		"2606:4700::1111%eth0":       {false, false},
		"ff02::1":                    {false, false},
		"::ffff:0.0.0.0":             {false, false},
	} {
		t.Run(addr, func(t *testing.T) {
			a := netip.MustParseAddr(addr)
			if got := public.allow(a); got != want.public {
				t.Errorf("%v for strangers, want %v", got, want.public)
			}
			if got := own.allow(a); got != want.own {
				t.Errorf("%v for administrators, want %v", got, want.own)
			}
		})
	}
	if public.allow(netip.Addr{}) {
		t.Error("no address at all is allowed")
	}
}

// loopback lets a test reach its own servers on 127.0.0.1, and nothing else.
func loopback() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} }

func client(t *testing.T, c ClientConfig) *http.Client {
	t.Helper()
	cl := NewClient(c)
	t.Cleanup(cl.CloseIdleConnections)
	return cl
}

func get(t *testing.T, c *http.Client, rawURL string, types ...string) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, rawURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(r)
	if err != nil {
		return "", err
	}
	b, err := ReadAnswer(res, types...)
	return string(b), err
}

func serve(t *testing.T, fn http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(fn)
	t.Cleanup(s.Close)
	return s
}

func TestTheClientRefusesURLsThatAreNotToBeFetched(t *testing.T) {
	var asked atomic.Int32
	s := serve(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HTTP_PROXY", s.URL) // which is no way around, either
	c := client(t, ClientConfig{})
	for rawURL, want := range map[string]error{
		s.URL:                                  ErrAddress,
		"http://localhost:" + port:             ErrAddress,
		"http://[::ffff:127.0.0.1]:" + port:    ErrAddress,
		"http://0.0.0.0:" + port:               ErrAddress,
		"http://169.254.169.254/latest":        ErrAddress,
		"http://[fe80::1%25lo]:" + port:        ErrAddress,
		"http://user:pass@127.0.0.1:" + port:   ErrURL,
		"ftp://127.0.0.1:" + port:              ErrURL,
		"file:///etc/passwd":                   ErrURL,
		"http:///nowhere":                      ErrURL,
		"http://[64:ff9b::7f00:1]:" + port:     ErrAddress,
		"http://[2002:7f00:1::1]:" + port + "": ErrAddress,
		"http://2130706433:" + port:            ErrAddress, // 127.0.0.1 in decimal
		"http://0177.0.0.1:" + port:            ErrAddress, // in octal
		"http://0x7f.1:" + port:                ErrAddress, // in hexadecimal
	} {
		t.Run(rawURL, func(t *testing.T) {
			_, err := get(t, c, rawURL)
			if errors.Is(err, want) || strings.Contains(fmt.Sprint(err), "no Host in request URL") {
				return
			}
			// Not every resolver takes numbers of this kind for an address.
			if name := new(net.DNSError); !errors.As(err, &name) || !strings.Contains(rawURL, "0x7f") && !strings.Contains(rawURL, "0177") && !strings.Contains(rawURL, "2130706433") {
				t.Errorf("%v, want %v", err, want)
			}
		})
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the server was asked %d times", n)
	}
	if _, err := get(t, client(t, ClientConfig{Private: true}), s.URL); err != nil {
		t.Errorf("what an administrator entered: %v", err)
	}
}

func TestTheClientChecksWhereRedirectsLead(t *testing.T) {
	var inner atomic.Int32
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skip("no second loopback address: ", err)
	}
	private := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inner.Add(1) })}} //nolint:gosec // a test
	private.Start()
	defer private.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	}))
	defer secure.Close()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var n int
		if _, err := fmt.Sscan(strings.Trim(r.URL.Path, "/"), &n); err == nil && n > 0 {
			http.Redirect(w, r, fmt.Sprintf("/%d", n-1), http.StatusFound)
			return
		}
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusTemporaryRedirect)
			return
		}
		_, _ = io.WriteString(w, "here")
	})
	c := client(t, ClientConfig{Allowed: loopback()})
	for at, want := range map[string]error{
		"/3":                             nil,
		"/4":                             ErrRedirects,
		"/?to=" + private.URL:            ErrAddress,
		"/?to=http://169.254.169.254/":   ErrAddress,
		"/?to=file:///etc/passwd":        ErrURL,
		"/?to=http://u:p@127.0.0.1:1234": ErrURL,
	} {
		t.Run(at, func(t *testing.T) {
			if body, err := get(t, c, s.URL+at); !errors.Is(err, want) || want == nil && body != "here" {
				t.Errorf("%q, %v; want %v", body, err, want)
			}
		})
	}
	if _, err := get(t, client(t, ClientConfig{Allowed: loopback(), MaxRedirects: -1}), s.URL+"/1"); !errors.Is(err, ErrRedirects) {
		t.Errorf("no redirects: %v", err)
	}
	tls := client(t, ClientConfig{Allowed: loopback()})
	tls.Transport.(*guard).transport.TLSClientConfig = secure.Client().Transport.(*http.Transport).TLSClientConfig
	if _, err := get(t, tls, secure.URL+"/?to="+url.QueryEscape(s.URL)); !errors.Is(err, ErrURL) {
		t.Errorf("from https to http: %v", err)
	}
	if n := inner.Load(); n != 0 {
		t.Errorf("the private server was asked %d times", n)
	}
}

func TestANameThatChangesItsAddressIsNoWayIn(t *testing.T) {
	dns := newNames(t)
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = io.WriteString(w, "public")
	})
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var reached atomic.Int32
	l, err := net.Listen("tcp", "127.0.0.2:"+port)
	if err != nil {
		t.Skip("no second loopback address: ", err)
	}
	private := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) })}} //nolint:gosec // a test
	private.Start()
	defer private.Close()
	c := client(t, ClientConfig{Allowed: loopback(), Resolver: dns.resolver()})
	rawURL := "http://rebind.example:" + port
	for i, step := range []struct {
		answer []string
		want   error
	}{
		{[]string{"127.0.0.1"}, nil},
		{[]string{"127.0.0.2"}, ErrAddress},
		{[]string{"127.0.0.1"}, nil},
		{[]string{"127.0.0.2", "127.0.0.1"}, nil}, // by the second alone
		{[]string{"10.0.0.1", "127.0.0.2", "169.254.169.254"}, ErrAddress},
	} {
		dns.set(step.answer...)
		body, err := get(t, c, rawURL)
		if !errors.Is(err, step.want) || step.want == nil && body != "public" {
			t.Errorf("%d, %v: %q, %v; want %v", i, step.answer, body, err, step.want)
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("the private server was reached %d times", n)
	}
}

// names is a name server that says of every name what it was told to.
type names struct {
	conn net.PacketConn
	mu   sync.Mutex
	a    []netip.Addr
}

func newNames(t *testing.T) *names {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &names{conn: conn}
	done := make(chan struct{})
	go func() { defer close(done); n.serve() }()
	t.Cleanup(func() { conn.Close(); <-done })
	return n
}

func (n *names) set(addrs ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.a = nil
	for _, a := range addrs {
		n.a = append(n.a, netip.MustParseAddr(a))
	}
}

func (n *names) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", n.conn.LocalAddr().String())
	}}
}

// serve answers queries (RFC 1035, section 4).
func (n *names) serve() {
	buf := make([]byte, 1500)
	for {
		size, from, err := n.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		end := 12
		for buf[end] != 0 {
			end += int(buf[end]) + 1
		}
		end += 5 // the root, the type, the class
		if end > size {
			continue
		}
		answer := append([]byte{buf[0], buf[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, buf[12:end]...)
		if binary.BigEndian.Uint16(buf[end-4:]) == 1 { // A
			n.mu.Lock()
			answer[7] = byte(len(n.a))
			for _, a := range n.a {
				ip := a.As4()
				answer = append(append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4), ip[:]...)
			}
			n.mu.Unlock()
		}
		_, _ = n.conn.WriteTo(answer, from)
	}
}

func TestTheClientBoundsWhatItReads(t *testing.T) {
	const limit = 64 << 10
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		switch r.URL.Path {
		case "/fits":
			_, _ = w.Write(make([]byte, limit))
		case "/large":
			_, _ = w.Write(make([]byte, limit+1))
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		case "/bomb":
			h.Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 256 { // 16 MiB in 16 KiB
				if _, err := z.Write(make([]byte, limit)); err != nil {
					return
				}
			}
			_ = z.Close()
		case "/headers":
			h.Set("X", strings.Repeat("x", clientMaxHeader+4096))
		case "/slow":
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte{0})
				_ = http.NewResponseController(w).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		case "/silent":
			<-r.Context().Done()
		case "/json":
			h.Set("Content-Type", `Application/JSON; charset="utf-8"`)
			_, _ = io.WriteString(w, "{}")
		case "/html":
			h.Set("Content-Type", "text/html")
		case "/agent":
			_, _ = io.WriteString(w, r.UserAgent()+"|"+r.Header.Get("Cookie"))
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		}
	})
	c := client(t, ClientConfig{Allowed: loopback(), MaxBody: limit, Timeout: 5 * time.Second, UserAgent: "owncast"})
	for at, want := range map[string]error{"/fits": nil, "/large": ErrTooLarge, "/endless": ErrTooLarge, "/bomb": ErrTooLarge} {
		if body, err := get(t, c, s.URL+at); !errors.Is(err, want) || want == nil && len(body) != limit {
			t.Errorf("%s: %d bytes, %v; want %v", at, len(body), err, want)
		}
	}
	if _, err := get(t, c, s.URL+"/headers"); err == nil {
		t.Error("large headers were read")
	}
	if body, err := get(t, c, s.URL+"/json", "application/activity+json", "application/json"); err != nil || body != "{}" {
		t.Errorf("/json: %q, %v", body, err)
	}
	for _, at := range []string{"/html", "/fits"} {
		if _, err := get(t, c, s.URL+at, "application/json"); !errors.Is(err, ErrContentType) {
			t.Errorf("%s: %v", at, err)
		}
	}
	for range 2 { // no cookie comes back
		if body, err := get(t, c, s.URL+"/agent"); err != nil || body != "owncast|" {
			t.Errorf("/agent: %q, %v", body, err)
		}
	}
	hasty := client(t, ClientConfig{Allowed: loopback(), Timeout: 100 * time.Millisecond})
	for _, at := range []string{"/slow", "/silent"} {
		_, err := get(t, hasty, s.URL+at)
		if timeout := net.Error(nil); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%s: %v, want a timeout", at, err)
		}
	}
}
