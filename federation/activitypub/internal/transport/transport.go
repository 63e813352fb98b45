// Package transport sends signed requests to other servers: it fetches
// documents, which have to be what was asked for, and posts activities.
//
// Nobody tells beforehand which kind of signature he reads, so a request that
// is refused for its signature is sent once more with the other kind, and what
// worked is remembered by host.
package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/owncast-go/owncast/federation/activitypub/internal/httpsig"
	"github.com/owncast-go/owncast/internal/httpx"
)

// Content types of documents.
const (
	ActivityJSON = "application/activity+json"
	LDJSON       = "application/ld+json"
	JRD          = "application/jrd+json"
	JSON         = "application/json"
)

// accept asks for an activity, as all servers understand it.
const accept = `application/activity+json, application/ld+json; profile="https://www.w3.org/ns/activitystreams"`

const maxRedirects = 3

// Errors of requests.
var (
	// ErrHost is a URL of a host that nothing is sent to: it is blocked, or no
	// host, or the URL is not one of https.
	ErrHost = errors.New("transport: nothing is sent to this host")
	// ErrBusy is returned when too many documents are being fetched already.
	ErrBusy = errors.New("transport: too many requests at the same time")
)

// StatusError is an answer that is no document.
type StatusError struct {
	Status     int
	RetryAfter time.Duration // 0 if it does not say
}

func (e *StatusError) Error() string { return "answered with " + strconv.Itoa(e.Status) }

// Gone tells whether err says that what was asked for is no more.
func Gone(err error) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Status == http.StatusGone
}

// Preferences remember which kind of signature a host reads. They are safe for
// concurrent use.
type Preferences interface {
	// Kind returns the kind to try first.
	Kind(host string) httpsig.Kind
	// Prefer says that a kind has worked.
	Prefer(host string, k httpsig.Kind)
}

// Config is what a Client is made of. All is required.
type Config struct {
	// HTTP does not follow redirects.
	HTTP *http.Client
	// Key returns the key to sign with.
	Key func(context.Context) (httpsig.Key, error)
	// Host returns the one spelling of the host of a URL, with its port unless
	// that goes without saying, and whether requests may go there.
	Host        func(context.Context, *url.URL) (string, bool)
	Preferences Preferences
	// Fetches is how many documents are fetched at the same time.
	Fetches int
	// FetchTimeout and PostTimeout bound a request with all its redirects and
	// repetitions.
	FetchTimeout, PostTimeout time.Duration
	UserAgent                 string
}

// Client sends requests. It is safe for concurrent use.
type Client struct {
	cfg   Config
	slots chan struct{}
}

// New returns a Client.
func New(c Config) *Client {
	return &Client{cfg: c, slots: make(chan struct{}, c.Fetches)}
}

// Document is what was fetched.
type Document struct {
	URL  string // where it was found, after redirects
	Data []byte
}

// Fetch gets a document of one of the content types; without any, an activity,
// object or actor. It waits for no free slot: if there is none, the error is
// [ErrBusy].
func (c *Client) Fetch(ctx context.Context, at string, types ...string) (Document, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	default:
		return Document{}, ErrBusy
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.FetchTimeout)
	defer cancel()
	want := accept
	if len(types) > 0 {
		want = strings.Join(types, ", ")
	} else {
		types = []string{ActivityJSON, LDJSON}
	}
	for range maxRedirects + 1 {
		res, err := c.signed(ctx, http.MethodGet, at, nil, want)
		if err != nil {
			return Document{}, err
		}
		if next := redirect(res); next != "" {
			drain(res)
			at = next
			continue
		}
		if res.StatusCode != http.StatusOK {
			defer drain(res)
			return Document{}, statusError(res)
		}
		data, err := httpx.ReadAnswer(res, types...)
		if err != nil {
			return Document{}, fmt.Errorf("fetch %s: %w", hostOf(at), err)
		}
		return Document{URL: at, Data: data}, nil
	}
	return Document{}, fmt.Errorf("fetch %s: %w", hostOf(at), httpx.ErrRedirects)
}

// Post sends an activity to an inbox. The error is a [*StatusError] for an
// answer that does not accept it.
func (c *Client) Post(ctx context.Context, inbox string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.PostTimeout)
	defer cancel()
	res, err := c.signed(ctx, http.MethodPost, inbox, body, accept)
	if err != nil {
		return err
	}
	defer drain(res)
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return statusError(res)
	}
	return nil
}

// signed sends a request with the kind of signature that the host reads, as
// far as that is known, and once more with the other if it does not.
func (c *Client) signed(ctx context.Context, method, at string, body []byte, want string) (*http.Response, error) {
	u, err := c.check(ctx, at)
	if err != nil {
		return nil, err
	}
	kind := c.cfg.Preferences.Kind(u.Host)
	res, err := c.send(ctx, method, u, body, want, kind)
	if err != nil || !misread(res.StatusCode, method) {
		if err == nil && res.StatusCode < 300 {
			c.cfg.Preferences.Prefer(u.Host, kind)
		}
		return res, err
	}
	again, err := c.send(ctx, method, u, body, want, kind.Other())
	if err != nil {
		return res, nil //nolint:nilerr // the first answer tells more
	}
	if again.StatusCode < 300 {
		c.cfg.Preferences.Prefer(u.Host, kind.Other())
	}
	drain(res)
	return again, nil
}

// misread tells whether an answer may be about the signature: some say of one
// that they cannot read that the request is a bad one.
func misread(status int, method string) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden ||
		method == http.MethodPost && status == http.StatusBadRequest
}

// check returns the URL if it is one to send requests to.
func (c *Client) check(ctx context.Context, at string) (*url.URL, error) {
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("%w: not a URL of https", ErrHost)
	}
	host, ok := c.cfg.Host(ctx, u)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrHost, u.Host)
	}
	u.Host = host
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

func (c *Client) send(ctx context.Context, method string, u *url.URL, body []byte, want string, kind httpsig.Kind) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHost, err)
	}
	r.Header.Set("Accept", want)
	r.Header.Set("User-Agent", c.cfg.UserAgent)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", ActivityJSON)
	}
	key, err := c.cfg.Key(ctx)
	if err != nil {
		return nil, err
	}
	if err := httpsig.Sign(r, body, key, kind, time.Now()); err != nil {
		return nil, err
	}
	res, err := c.cfg.HTTP.Do(r)
	if errors.Is(err, httpx.ErrRedirects) && res != nil {
		return res, nil // it is looked at before it is followed
	}
	return res, err
}

// redirect is where an answer leads to; "" if nowhere.
func redirect(res *http.Response) string {
	switch res.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		if u, err := res.Location(); err == nil {
			return u.String()
		}
	}
	return ""
}

// maxRetryAfter is how long a server may tell others to wait.
const maxRetryAfter = 24 * time.Hour

func statusError(res *http.Response) *StatusError {
	e := &StatusError{Status: res.StatusCode}
	value := res.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(min(seconds, math.MaxInt32)) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		e.RetryAfter = max(0, time.Until(at))
	}
	e.RetryAfter = min(e.RetryAfter, maxRetryAfter)
	return e
}

// drain reads what little may be left of an answer, so that the connection can
// be used again.
func drain(res *http.Response) {
	_, _ = io.CopyN(io.Discard, res.Body, 4<<10) // an error ends the connection
	res.Body.Close()
}

func hostOf(at string) string {
	u, err := url.Parse(at)
	if err != nil {
		return "?"
	}
	return u.Host
}
