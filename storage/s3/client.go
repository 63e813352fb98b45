package s3

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const (
	connectTimeout = 10 * time.Second
	maxBackoff     = 2 * time.Second
	maxIdle        = 64
)

// newClient makes the client of the Config, or a copy of the host's, that
// counts requests and ends those that stand still.
func (s *Store) newClient() *s3.Client {
	var o s3.Options
	if s.cfg.Client != nil {
		o = s.cfg.Client.Options()
	} else {
		o = s3.Options{
			Region:       s.cfg.Region,
			UsePathStyle: s.cfg.PathStyle,
			Credentials:  credentials.NewStaticCredentialsProvider(s.cfg.AccessKey, s.cfg.Secret, ""),
			HTTPClient:   s.httpClient(),
			// Who calls the Store bounds how much there is to try again; a
			// bucket of tokens would only hide the reason of a failure.
			Retryer: retry.NewStandard(func(r *retry.StandardOptions) {
				r.MaxAttempts, r.MaxBackoff, r.RateLimiter = s.cfg.Attempts, maxBackoff, ratelimit.None
				r.Retryables = append(r.Retryables, retry.RetryableErrorCode{Codes: map[string]struct{}{
					"OperationAborted": {}, // two requests met at the server
					// VersityGW's word for an upload that met the deletion
					// of the last object beside it.
					"ExistingObjectIsDirectory": {},
				}})
			}),
		}
		if s.cfg.Endpoint != "" {
			o.BaseEndpoint = aws.String(s.cfg.Endpoint)
		}
	}
	// The newer checksums are what many servers do not know.
	o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	o.HTTPClient = &watchedClient{next: o.HTTPClient, limit: s.cfg.Timeout, meter: &s.meter}
	return s3.New(o)
}

func (s *Store) httpClient() *http.Client {
	c := &http.Client{}
	if s.cfg.HTTPClient != nil {
		*c = *s.cfg.HTTPClient
	} else {
		s.transport = &http.Transport{
			DialContext:         (&net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout: connectTimeout,
			ForceAttemptHTTP2:   true,
			MaxIdleConns:        maxIdle,
			MaxIdleConnsPerHost: maxIdle,
			IdleConnTimeout:     time.Minute,
		}
		c.Transport = s.transport
	}
	if c.CheckRedirect == nil {
		// The signature is for one host; where the server redirects to is in
		// the error.
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return c
}

// errStalled is the error of a connection that stands still.
var errStalled error = stalledError{}

type stalledError struct{}

func (stalledError) Error() string   { return "the server did not answer in time" }
func (stalledError) Timeout() bool   { return true }
func (stalledError) Temporary() bool { return true }

// watchedClient ends requests whose connection stands still, and counts.
type watchedClient struct {
	next  s3.HTTPClient
	limit time.Duration
	meter *meter
}

// Do implements [s3.HTTPClient].
func (c *watchedClient) Do(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	w := &watch{limit: c.limit, cancel: cancel, meter: c.meter}
	w.timer = time.AfterFunc(c.limit, func() { cancel(errStalled) })
	r = r.WithContext(ctx)
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &sentBody{ReadCloser: r.Body, w: w}
	}
	w.done = c.meter.begin(r)
	resp, err := c.next.Do(r)
	if err != nil {
		w.end(false)
		return nil, w.explain(ctx, err)
	}
	w.timer.Reset(c.limit)
	resp.Body = &receivedBody{ReadCloser: resp.Body, w: w, ctx: ctx, ok: resp.StatusCode < http.StatusBadRequest}
	return resp, nil
}

// watch is one request. The timer is set anew whenever bytes move.
type watch struct {
	limit  time.Duration
	timer  *time.Timer
	cancel context.CancelCauseFunc
	meter  *meter
	done   func(ok bool)
}

func (w *watch) end(ok bool) {
	w.timer.Stop()
	w.cancel(nil)
	w.done(ok)
}

// explain returns the reason for which the request was ended, if it was.
func (w *watch) explain(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errStalled) {
		return errStalled
	}
	return err
}

// sentBody is the body of a request.
type sentBody struct {
	io.ReadCloser
	w *watch
}

func (b *sentBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.w.timer.Reset(b.w.limit)
	b.w.meter.sent.Add(int64(n))
	return n, err
}

// receivedBody is the body of an answer. It is read and closed by one
// goroutine.
type receivedBody struct {
	io.ReadCloser
	w      *watch
	ctx    context.Context // that of the request
	ok     bool
	closed bool
}

func (b *receivedBody) Read(p []byte) (int, error) {
	b.w.timer.Reset(b.w.limit)
	n, err := b.ReadCloser.Read(p)
	b.w.meter.received.Add(int64(n))
	// Between two reads it is the caller who takes time.
	b.w.timer.Stop()
	if err != nil && !errors.Is(err, io.EOF) {
		b.ok = false
		err = b.w.explain(b.ctx, err)
	}
	return n, err
}

func (b *receivedBody) Close() error {
	err := b.ReadCloser.Close()
	if !b.closed {
		b.closed = true
		b.w.end(b.ok)
	}
	return err
}
