package webhooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/owncast-go/owncast/repository"
)

const (
	// attemptTime is how long a receiver has to answer.
	attemptTime = 10 * time.Second
	// answerRead is how much of an answer is read, so that the connection can
	// be used again, and answerKept how much of that is logged.
	answerRead = 16 << 10
	answerKept = 512
	// maxRetryAfter is how long a receiver may keep the Dispatcher away.
	maxRetryAfter = time.Hour
)

// attempt is what came of one try.
type attempt struct {
	at         time.Time
	duration   time.Duration
	status     int // of HTTP; 0 if there was no answer
	err        error
	answer     string
	retryAfter time.Duration // 0 unless the receiver has said so
}

func (a attempt) result() repository.WebhookResult {
	r := repository.WebhookResult{At: a.at, Status: a.status}
	if a.err != nil {
		r.Error = a.err.Error()
	}
	return r
}

// try sends a body to a webhook.
func (d *Dispatcher) try(ctx context.Context, w repository.Webhook, event, id string, body []byte) (a attempt) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	a.at = time.Now().UTC()
	defer func() { a.duration = time.Since(a.at) }()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		a.err = reason(err)
		return a
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(HeaderEvent, event)
	r.Header.Set(HeaderDelivery, id)
	if w.Secret != "" {
		r.Header.Set(HeaderSignature, Sign(w.Secret, a.at, body))
	}
	res, err := d.cfg.Client.Do(r)
	if res != nil {
		a.status = res.StatusCode // with an error, it is a redirect that was not followed
	}
	switch {
	case a.status/100 == 3:
		a.err = fmt.Errorf("redirects are not followed: %s", http.StatusText(a.status))
		_ = res.Body.Close()
		return a
	case err != nil:
		a.err = reason(err)
		return a
	}
	defer func() { _ = res.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(res.Body, answerRead)) // what was read is enough
	a.answer = strings.ToValidUTF8(string(text[:min(len(text), answerKept)]), "\uFFFD")
	if a.status/100 != 2 {
		a.err = fmt.Errorf("answered with %s", strings.TrimSpace(strconv.Itoa(a.status)+" "+http.StatusText(a.status)))
		a.retryAfter = retryAfter(res.Header.Get("Retry-After"), a.at)
	}
	return a
}

// reason is why a request failed, without its URL, which may have secrets in
// it.
func reason(err error) error {
	if u := new(url.Error); errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %v", attemptTime)
	}
	return err
}

// retryAfter reads the header of that name (RFC 9110, section 10.2.3).
func retryAfter(header string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.Atoi(strings.TrimSpace(header)); err == nil {
		wait = time.Duration(min(seconds, int(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}
