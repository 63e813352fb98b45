// Package httpsig signs and verifies HTTP requests as servers of the
// fediverse do: by RFC 9421, HTTP Message Signatures, and by the draft that
// came before it (draft-cavage-http-signatures-12), which most still speak.
//
// It fetches no keys and keeps none. Verifying is four steps, so that nothing
// is fetched for a request that is refused anyway: [Parse] reads the headers,
// [Signature.CheckTime] and [Signature.CheckContent] look at what is signed,
// and [Signature.Verify] needs the key.
package httpsig

import (
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Kind is how a request is signed.
type Kind uint8

// The kinds.
const (
	Cavage Kind = iota
	RFC9421
)

// String returns "draft-cavage" or "rfc9421".
func (k Kind) String() string {
	if k == RFC9421 {
		return "rfc9421"
	}
	return "draft-cavage"
}

// Other is the kind that k is not.
func (k Kind) Other() Kind { return RFC9421 - k }

// Errors of requests that are not signed as they must be.
var (
	// ErrNone is a request without a signature.
	ErrNone = errors.New("httpsig: no signature")
	// ErrMalformed is a signature that cannot be read.
	ErrMalformed = errors.New("httpsig: malformed signature")
	// ErrCoverage is a signature that does not cover what it must.
	ErrCoverage = errors.New("httpsig: not everything is signed")
	// ErrTime is a signature that is too old, or of the future, or says
	// nothing about when it was made.
	ErrTime = errors.New("httpsig: made at another time")
	// ErrDigest is a body that is not the one that was signed.
	ErrDigest = errors.New("httpsig: the body has another digest")
	// ErrAlgorithm is a signature by an algorithm that is not known, or not
	// that of the key.
	ErrAlgorithm = errors.New("httpsig: unsupported algorithm")
	// ErrSignature is a signature that is wrong.
	ErrSignature = errors.New("httpsig: wrong signature")
)

// Message is a request as the signature is about it.
type Message struct {
	Method string
	// URL is where the request went, as its sender sees it: with scheme and
	// host, and with everything that proxies and muxes take off. It is known
	// from the configuration, not from the request, so that a request to
	// another server cannot be passed on to this one.
	URL    *url.URL
	Header http.Header
	Body   []byte
}

// hasBody tells whether the digest of the body must be signed.
func (m *Message) hasBody() bool { return m.Method == http.MethodPost || len(m.Body) > 0 }

// field is the value of a header as it is signed: what is there more than once
// is joined. A proxy may have taken the length off.
func field(m *Message, name string) (string, error) {
	values := m.Header.Values(name)
	if len(values) == 0 && name == "content-length" {
		return strconv.Itoa(len(m.Body)), nil
	}
	if len(values) == 0 {
		return "", fmt.Errorf("%w: %s is signed and missing", ErrCoverage, name)
	}
	trimmed := make([]string, len(values))
	for i, v := range values {
		trimmed[i] = strings.TrimSpace(v)
	}
	return strings.Join(trimmed, ", "), nil
}

// maxHeader is how many bytes the headers of a signature may have together.
const maxHeader = 8 << 10

// Signature is what a request says about its signature.
type Signature struct {
	Kind  Kind
	KeyID string // what names the key, such as a URL

	msg       *Message
	covered   map[string]bool // lower-case names of headers, and derived components
	base      func(target *url.URL) (string, error)
	algorithm string // as stated; "" if not
	created   time.Time
	expires   time.Time
	value     []byte
}

// Parse reads the signature of a request, that by RFC 9421 if there are both.
// Errors match [ErrNone] or [ErrMalformed].
func Parse(m *Message) (*Signature, error) {
	n := 0
	for _, name := range []string{"Signature", "Signature-Input", "Authorization"} {
		for _, v := range m.Header.Values(name) {
			n += len(v)
		}
	}
	if n > maxHeader {
		return nil, fmt.Errorf("%w: %d bytes", ErrMalformed, n)
	}
	if len(m.Header.Values("Signature-Input")) > 0 {
		return parse9421(m)
	}
	return parseCavage(m)
}

// Clock says how far the time of a signature may be from now.
type Clock struct {
	Past, Future time.Duration
}

// CheckTime returns an error matching [ErrTime] unless the signature was made
// within the clock's bounds around now and has not expired, and one matching
// [ErrCoverage] unless that time is signed.
func (s *Signature) CheckTime(now time.Time, c Clock) error {
	made := s.created
	if made.IsZero() {
		if s.msg.Header.Get("Date") == "" {
			return fmt.Errorf("%w: there is no time in it", ErrTime)
		}
		if !s.covered["date"] {
			return fmt.Errorf("%w: date", ErrCoverage)
		}
	}
	if s.covered["date"] {
		date, err := http.ParseTime(s.msg.Header.Get("Date"))
		if err != nil {
			return fmt.Errorf("%w: the date cannot be read", ErrTime)
		}
		if err := c.check(now, date); err != nil {
			return err
		}
	}
	if !made.IsZero() {
		if err := c.check(now, made); err != nil {
			return err
		}
	}
	if !s.expires.IsZero() && now.After(s.expires) {
		return fmt.Errorf("%w: expired at %s", ErrTime, s.expires.Format(time.RFC3339))
	}
	return nil
}

func (c Clock) check(now, t time.Time) error {
	if age := now.Sub(t); age > c.Past || age < -c.Future {
		return fmt.Errorf("%w: %s from now", ErrTime, -age.Round(time.Second))
	}
	return nil
}

// CheckContent returns an error matching [ErrCoverage] unless method, target
// and, where there is one, the digest of the body are signed, and one matching
// [ErrDigest] unless the body has that digest.
func (s *Signature) CheckContent() error {
	if err := s.checkTarget(); err != nil {
		return err
	}
	if !s.msg.hasBody() {
		return nil
	}
	switch {
	case s.covered["content-digest"]:
		return checkContentDigest(s.msg.Header.Values("Content-Digest"), s.msg.Body)
	case s.covered["digest"]:
		return checkDigest(s.msg.Header.Values("Digest"), s.msg.Body)
	default:
		return fmt.Errorf("%w: digest", ErrCoverage)
	}
}

func (s *Signature) checkTarget() error {
	if s.Kind == Cavage {
		if !s.covered["(request-target)"] || !s.covered["host"] {
			return fmt.Errorf("%w: target and host", ErrCoverage)
		}
		return nil
	}
	host := s.covered["@authority"] || s.covered["host"]
	path := s.covered["@path"] && (s.covered["@query"] || s.msg.URL.RawQuery == "")
	if !s.covered["@method"] || !s.covered["@target-uri"] && (!host || !path && !s.covered["@request-target"]) {
		return fmt.Errorf("%w: method and target", ErrCoverage)
	}
	return nil
}

// Verify returns nil if key made the signature, and an error matching
// [ErrSignature], [ErrAlgorithm], [ErrCoverage] or [ErrMalformed] otherwise.
// Whether the signature covers enough is for the Check methods.
func (s *Signature) Verify(key crypto.PublicKey) error {
	bare := *s.msg.URL
	bare.RawQuery = ""
	targets := []*url.URL{s.msg.URL}
	if s.msg.URL.RawQuery != "" {
		targets = append(targets, &bare) // some sign without the query
	}
	var err error
	for _, target := range targets {
		base, baseErr := s.base(target)
		if baseErr != nil {
			return baseErr
		}
		if err = verify(key, s.Kind, s.algorithm, []byte(base), s.value); err == nil || !errors.Is(err, ErrSignature) {
			return err
		}
	}
	return err
}
