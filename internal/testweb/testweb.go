// Package testweb gives tests a web of their own: servers on this machine that
// are reached by name, over HTTPS, on the usual port.
package testweb

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
)

// Web is such a web. Make one with [New].
type Web struct {
	t     testing.TB
	cert  tls.Certificate
	pool  *x509.CertPool
	hosts map[string]string
}

// New returns a Web that can have servers with these names.
func New(t testing.TB, names ...string) *Web {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "tests"}, DNSNames: names,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	w := &Web{
		t: t, cert: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf},
		pool: x509.NewCertPool(), hosts: map[string]string{},
	}
	w.pool.AddCert(leaf)
	return w
}

// Serve gives a name a server, which ends with the test. Names have theirs
// before anybody asks for one.
func (w *Web) Serve(name string, h http.Handler) {
	w.t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{w.cert}, MinVersion: tls.VersionTLS12}
	s.StartTLS()
	w.t.Cleanup(s.Close)
	w.hosts[name+":443"] = s.Listener.Addr().String()
}

// Reach is what a guarded client needs for the servers.
func (w *Web) Reach() httpx.ClientConfig {
	return httpx.ClientConfig{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, RootCAs: w.pool, Hosts: w.hosts}
}

// Client returns a client of the servers, with what c says beyond where they
// are.
func (w *Web) Client(c httpx.ClientConfig) *http.Client {
	at := w.Reach()
	c.Allowed, c.RootCAs, c.Hosts = append(c.Allowed, at.Allowed...), at.RootCAs, at.Hosts
	client := httpx.NewClient(c)
	w.t.Cleanup(client.CloseIdleConnections)
	return client
}
