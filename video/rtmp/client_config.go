package rtmp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// ClientConfig says how a Client publishes. The zero value is fine.
type ClientConfig struct {
	// StreamKey is the key, if it is not part of the URL, whose path is the
	// app alone then.
	StreamKey string
	// Encoder is what the Client calls itself. The default is "owncast".
	Encoder string
	// TLS is for rtmps. Nil means the defaults; an empty ServerName means
	// the URL's host.
	TLS *tls.Config
	// Timeout bounds Dial as a whole and every write after it. The default is
	// 10 seconds.
	Timeout time.Duration
	// DialContext opens the connection. Nil means that of a [net.Dialer].
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
}

// target is where a URL leads.
type target struct {
	secure bool
	addr   string // host and port
	host   string
	url    string // of the app, as the server is told
	app    string
	key    string // stream key, with its query
}

// CheckURL returns what is wrong with a URL and a stream key that are meant
// for [Dial], which would return the same. The key may be part of the URL, and
// is empty then. The error repeats neither.
func CheckURL(rawURL, streamKey string) error {
	_, err := parseTarget(rawURL, streamKey)
	return err
}

// parseTarget reads rtmp://host[:port]/app/key, where the app may consist of
// several parts. No error repeats any of it, since it holds the key.
func parseTarget(rawURL, key string) (target, error) {
	scheme, rest, ok := strings.Cut(rawURL, "://")
	t := target{secure: strings.EqualFold(scheme, "rtmps")}
	if !ok || !t.secure && !strings.EqualFold(scheme, "rtmp") {
		return t, errors.New("rtmp: URL is not of rtmp or rtmps")
	}
	if strings.ContainsFunc(rawURL+key, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return t, errors.New("rtmp: URL or stream key with a space or a control character")
	}
	authority, path, _ := strings.Cut(rest, "/")
	if strings.ContainsAny(authority, "@?#") {
		return t, errors.New("rtmp: URL with credentials")
	}
	port := "1935"
	if t.secure {
		port = "443"
	}
	t.host = strings.Trim(authority, "[]")
	if h, p, err := net.SplitHostPort(authority); err == nil {
		t.host = h
		if p != "" {
			port = p
		}
	}
	if t.host == "" {
		return t, errors.New("rtmp: URL without a host")
	}
	t.addr = net.JoinHostPort(t.host, port)
	t.app, t.key = strings.Trim(path, "/"), key
	if key == "" {
		name, query, asked := strings.Cut(path, "?")
		i := strings.LastIndexByte(name, '/')
		if i < 0 {
			return t, errors.New("rtmp: URL without a stream key")
		}
		t.app, t.key = strings.Trim(name[:i], "/"), name[i+1:]
		if t.key == "" {
			return t, errors.New("rtmp: URL without a stream key")
		}
		if asked {
			t.key += "?" + query
		}
	}
	t.url = fmt.Sprintf("%s://%s/%s", strings.ToLower(scheme), authority, t.app)
	return t, nil
}

// secrets replaces what is secret of t: the key, its parts, and what the app
// has for a query.
func (t target) secrets() *strings.Replacer {
	name, keyQuery, _ := strings.Cut(t.key, "?")
	_, appQuery, _ := strings.Cut(t.app, "?")
	var pairs []string
	for _, secret := range []string{t.key, name, keyQuery, appQuery} {
		if secret != "" {
			pairs = append(pairs, secret, "***")
		}
	}
	return strings.NewReplacer(pairs...)
}

// dial opens the connection that t asks for.
func (c ClientConfig) dial(ctx context.Context, t target) (net.Conn, error) {
	dial := c.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, "tcp", t.addr)
	if err != nil {
		return nil, fmt.Errorf("rtmp: dial: %w", err)
	}
	if !t.secure {
		return conn, nil
	}
	config := c.TLS.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	if config.ServerName == "" {
		config.ServerName = t.host
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("rtmp: dial: %w", err)
	}
	return secure, nil
}
