// Package request sends the requests of notifiers, and says what their answers
// mean.
package request

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/webhooks"
)

const (
	sendTime   = 30 * time.Second
	answerRead = 64 << 10 // that are read of an answer, at the most
	answerKept = 200      // of an answer that refuses, in an error
)

// Request is one of a notifier.
type Request struct {
	// Client sends it. Nil is one that reaches what an administrator may have
	// entered, private addresses too, and follows no redirects.
	Client *http.Client
	Method string // "" is POST
	URL    string
	Header http.Header
	Body   []byte
}

// Send sends a request and returns the body of an answer with a status of the
// two hundreds. Other answers are errors, of which those that say that the
// request is not right match [webhooks.ErrPermanent]. No error has the URL,
// which may be a secret, and secrets that the answer repeats are left out of
// errors.
func Send(ctx context.Context, q Request, secrets ...string) ([]byte, error) {
	client := q.Client
	if client == nil {
		client = httpx.NewClient(httpx.ClientConfig{Private: true, MaxRedirects: -1, Timeout: sendTime})
		defer client.CloseIdleConnections()
	}
	if q.Method == "" {
		q.Method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, q.Method, q.URL, bytes.NewReader(q.Body))
	if err != nil {
		return nil, fmt.Errorf("%w: the URL is none", webhooks.ErrPermanent)
	}
	for name, values := range q.Header {
		r.Header[name] = values
	}
	res, err := client.Do(r)
	if res != nil && res.StatusCode/100 == 3 { // with an error, or without
		_ = res.Body.Close()
		return nil, fmt.Errorf("%w: answered with a redirect", webhooks.ErrPermanent)
	}
	if err != nil {
		return nil, withoutURL(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, answerRead))
	if res.StatusCode/100 == 2 {
		if err != nil {
			return nil, withoutURL(err)
		}
		return body, nil
	}
	return nil, refusal(res, body, secrets)
}

// JSON is Send for a body of JSON.
func JSON(ctx context.Context, q Request, v any, secrets ...string) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", webhooks.ErrPermanent, err)
	}
	q.Body = body
	header := http.Header{"Content-Type": {"application/json"}}
	for name, values := range q.Header {
		header[name] = values
	}
	q.Header = header
	return Send(ctx, q, secrets...)
}

func withoutURL(err error) error {
	if u := new(url.Error); errors.As(err, &u) {
		return u.Err
	}
	return err
}

// refusal is the error of an answer.
func refusal(res *http.Response, body []byte, secrets []string) error {
	text := strings.ToValidUTF8(string(body[:min(len(body), answerKept)]), "\uFFFD")
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "…")
		}
	}
	err := fmt.Errorf("answered with %d %s: %s", res.StatusCode, http.StatusText(res.StatusCode), strings.Join(strings.Fields(text), " "))
	switch res.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return retry(err, res.Header, body)
	}
	if res.StatusCode/100 == 5 {
		return retry(err, res.Header, body)
	}
	return fmt.Errorf("%w: %w", webhooks.ErrPermanent, err)
}

// retry adds when to try again, as the header of that name says it in seconds
// or, as some services do, the body.
func retry(err error, h http.Header, body []byte) error {
	seconds, parseErr := strconv.ParseFloat(h.Get("Retry-After"), 64)
	if parseErr != nil {
		var b struct {
			RetryAfter float64 `json:"retry_after"`
			Parameters struct {
				RetryAfter float64 `json:"retry_after"`
			} `json:"parameters"`
			RetryAfterMS float64 `json:"retry_after_ms"`
		}
		_ = json.Unmarshal(body, &b) // it may be none
		seconds = max(b.RetryAfter, b.Parameters.RetryAfter, b.RetryAfterMS/1000)
	}
	if seconds <= 0 || seconds > 86400 {
		return err
	}
	return &webhooks.RetryError{After: time.Duration(seconds * float64(time.Second)), Err: err}
}

// Cut returns the first runes of s, as many as there may be.
func Cut(s string, limit int) string {
	n := 0
	for i := range s {
		if n == limit {
			return s[:i]
		}
		n++
	}
	return s
}
