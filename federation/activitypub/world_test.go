package activitypub_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/owncast-go/owncast/federation"
)

// patience is for how long a test waits for what must happen: on a busy machine
// that may be a second try, a minute later.
const patience = 2 * time.Minute

// world is an Internet of its own: names, certificates and servers on
// 127.0.0.1.
type world struct {
	t     testing.TB
	ca    *x509.Certificate
	key   *ecdsa.PrivateKey
	pool  *x509.CertPool
	mu    sync.Mutex
	names map[string][]netip.Addr // what a name leads to; one that ends with it, too
	asked map[string]int
}

func newWorld(t testing.TB) *world {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, ca: ca, key: key, pool: x509.NewCertPool(), names: map[string][]netip.Addr{}, asked: map[string]int{}}
	w.pool.AddCert(ca)
	return w
}

// network lets an App reach the world.
func (w *world) network() federation.Network {
	return federation.Network{
		Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, RootCAs: w.pool,
		Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go w.answer(server) // ends with the connection
			return client, nil
		}},
	}
}

// answer speaks DNS over a stream.
func (w *world) answer(c net.Conn) {
	defer c.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, query); err != nil {
			return
		}
		reply, err := w.resolve(query)
		if err != nil {
			return
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
			return
		}
	}
}

func (w *world) resolve(query []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	if len(m.Questions) == 0 {
		return m.Pack()
	}
	q := m.Questions[0]
	name := strings.TrimSuffix(strings.ToLower(q.Name.String()), ".")
	w.mu.Lock()
	addrs, n := w.names[name], w.asked[name]
	if q.Type == dnsmessage.TypeA {
		w.asked[name]++
	}
	w.mu.Unlock()
	if addrs == nil {
		m.RCode = dnsmessage.RCodeNameError
	} else if a := addrs[min(n, len(addrs)-1)]; a.Is4() && q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
			Body:   &dnsmessage.AResource{A: a.As4()},
		}}
	} else if a.Is6() && q.Type == dnsmessage.TypeAAAA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
			Body:   &dnsmessage.AAAAResource{AAAA: a.As16()},
		}}
	}
	return m.Pack()
}

// name makes a name lead to addresses: to each once, and to the last from then
// on.
func (w *world) name(name string, addrs ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.names[name], w.asked[name] = nil, 0
	for _, a := range addrs {
		w.names[name] = append(w.names[name], netip.MustParseAddr(a))
	}
}

// certificate is one for names.
func (w *world) certificate(names ...string) tls.Certificate {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		w.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, DNSNames: names, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, w.ca, &key.PublicKey, w.key)
	if err != nil {
		w.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// serve serves h by https under names, and returns the port.
func (w *world) serve(h http.Handler, names ...string) (port string) {
	w.t.Helper()
	s := httptest.NewUnstartedServer(h)
	if x, ok := h.(interface {
		state(net.Conn, http.ConnState)
	}); ok {
		s.Config.ConnState = x.state
	}
	s.Config.ErrorLog = nil
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{Certificates: []tls.Certificate{w.certificate(names...)}}
	s.StartTLS()
	w.t.Cleanup(s.Close)
	for _, n := range names {
		w.name(n, "127.0.0.1")
	}
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	return port
}

// client is a browser in the world.
func (w *world) client() *http.Client {
	n := w.network()
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.pool}, DialContext: (&net.Dialer{Resolver: n.Resolver}).DialContext}
	w.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// eventually waits until ok holds.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
