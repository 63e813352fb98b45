package httpx

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Defaults and limits of clients.
const (
	clientTimeout     = 10 * time.Second
	clientMaxBody     = 1 << 20
	clientMaxHeader   = 64 << 10
	clientMaxRedirect = 3
	clientMaxConns    = 8 // to one host at a time
)

// Errors of the guarded client, wrapped in those of [net/http], whose text has
// the address that a name has: it is not for strangers.
var (
	// ErrAddress refuses to connect to an address that is none of the public
	// Internet.
	ErrAddress = errors.New("httpx: the address is not public")
	// ErrURL refuses a URL that is not http or https, or has a password, or
	// leads from https to http.
	ErrURL = errors.New("httpx: the URL is not one to fetch")
	// ErrRedirects is an answer at the end of too many others.
	ErrRedirects = errors.New("httpx: too many redirects")
	// ErrTooLarge is the error of reading an answer that is larger than
	// allowed.
	ErrTooLarge = errors.New("httpx: the answer is too large")
	// ErrContentType is an answer of another type than was asked for.
	ErrContentType = errors.New("httpx: the answer has another content type")
)

// ClientConfig is what [NewClient] needs. The zero ClientConfig is for URLs
// that strangers name.
type ClientConfig struct {
	// Private allows addresses of private networks and of this machine: for
	// URLs that an administrator has entered. Link-local addresses, where
	// clouds tell their secrets, are never allowed.
	Private bool
	// Allowed are addresses that are allowed whatever else is said: for
	// servers of tests.
	Allowed []netip.Prefix
	// Resolver finds addresses; nil is the default one.
	Resolver *net.Resolver
	// RootCAs are who certificates are believed of; nil is the system's.
	RootCAs *x509.CertPool
	// Hosts are where servers of tests are: "host:port" to another one, which
	// must be allowed nevertheless.
	Hosts map[string]string
	// Timeout bounds everything from the connection to the end of the body. 0
	// is ten seconds.
	Timeout time.Duration
	// MaxBody is how many bytes of an answer can be read, after it was
	// decompressed. 0 is a mebibyte.
	MaxBody int64
	// MaxRedirects is how many redirects are followed. 0 is three; negative
	// is none.
	MaxRedirects int
	// HTTP1 speaks HTTP/1.1 alone: for requests to many hosts, few to each.
	// The connections that are kept for later are few then; those of HTTP/2
	// are as many as there are hosts.
	HTTP1 bool
	// UserAgent is sent where a request has none.
	UserAgent string
}

// NewClient returns a client for requests to other servers. It decides by the
// address it connects to, after the name was resolved, and with every
// redirect, so that a name that changes its address does not help. It keeps no
// cookies, and uses no proxy. What it cannot fetch because of its rules is an
// error matching one of those above.
//
// Close its idle connections when it is of no more use.
func NewClient(c ClientConfig) *http.Client {
	rules := newAddressRules(c.Private, c.Allowed)
	dialer := &net.Dialer{
		Timeout: cmp.Or(c.Timeout, clientTimeout), Resolver: c.Resolver,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || !rules.allow(to.Addr()) {
				return ErrAddress
			}
			return nil
		},
	}
	redirects := max(0, cmp.Or(c.MaxRedirects, clientMaxRedirect))
	return &http.Client{
		Timeout: cmp.Or(c.Timeout, clientTimeout),
		Transport: &guard{
			maxBody: cmp.Or(c.MaxBody, clientMaxBody), userAgent: c.UserAgent,
			transport: &http.Transport{
				DialContext: redirected(dialer, c.Hosts), TLSClientConfig: &tls.Config{RootCAs: c.RootCAs, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: !c.HTTP1, MaxConnsPerHost: clientMaxConns, MaxIdleConns: 4 * clientMaxConns,
				IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: clientTimeout, MaxResponseHeaderBytes: clientMaxHeader,
			},
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > redirects {
				return ErrRedirects
			}
			if via[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
				return ErrURL
			}
			return nil
		},
	}
}

// redirected dials to where hosts are said to be.
func redirected(d *net.Dialer, hosts map[string]string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return d.DialContext(ctx, network, cmp.Or(hosts[address], address))
	}
}

// guard is the transport of the client.
type guard struct {
	transport *http.Transport
	maxBody   int64
	userAgent string
}

// RoundTrip sends a request, first or redirected, if its URL is one to fetch.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "http" && r.URL.Scheme != "https" || r.URL.User != nil || r.URL.Host == "" {
		if r.Body != nil {
			_ = r.Body.Close() // as a RoundTripper must
		}
		return nil, ErrURL
	}
	if g.userAgent != "" && r.Header.Get("User-Agent") == "" {
		r = r.Clone(r.Context())
		r.Header.Set("User-Agent", g.userAgent)
	}
	res, err := g.transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = &limited{ReadCloser: res.Body, left: g.maxBody}
	return res, nil
}

// CloseIdleConnections is for http.Client.
func (g *guard) CloseIdleConnections() { g.transport.CloseIdleConnections() }

// limited is a body that ends with an error where it is too large.
type limited struct {
	io.ReadCloser
	left int64 // that may still come
}

func (l *limited) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1] // one more, to tell an end from too much
	}
	n, err := l.ReadCloser.Read(p)
	if int64(n) > l.left {
		n, l.left = int(l.left), 0
		return n, ErrTooLarge
	}
	l.left -= int64(n)
	return n, err
}

// ReadAnswer reads the body of res to its end and closes it. If there are
// types, res must be of one of these content types, whatever its parameters,
// else the error matches [ErrContentType] and nothing is read. The body is as
// large as the client allows.
func ReadAnswer(res *http.Response, types ...string) ([]byte, error) {
	defer res.Body.Close()
	media, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if len(types) > 0 && (err != nil || !slices.Contains(types, strings.ToLower(media))) {
		return nil, ErrContentType
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	return body, nil
}
