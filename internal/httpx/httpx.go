// Package httpx is what every HTTP handler of the module needs: handlers that
// return errors, the one table that turns an error into an answer, JSON in
// and out with limits, and the address of the client.
package httpx

import (
	"log/slog"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
)

// HandlerFunc answers a request, or returns why it cannot. An error returned
// before anything was written becomes the answer; see [Status].
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

// Handler makes an http.Handler of fn. What fn returns is logged to log, at
// level Error if an operator should know; nil discards it. The client is only
// told what is safe to tell. A panic in fn ends the request and nothing else.
//
// An answer that fails after it was begun is cut off rather than ended, so
// that the client can tell it from a whole one.
//
// The ResponseWriter fn gets wraps the server's; flushing, hijacking and
// deadlines work through [http.ResponseController].
func Handler(log *slog.Logger, fn HandlerFunc) http.Handler {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{log: log, r: r, w: response{ResponseWriter: w}}
		defer x.contain()
		if err := fn(&x.w, r); err != nil {
			x.fail(err)
		}
	})
}

// exchange is one request on its way through Handler.
type exchange struct {
	log *slog.Logger
	r   *http.Request
	w   response
}

// contain recovers from a panic of the handler.
func (x *exchange) contain() {
	v := recover()
	if v == nil {
		return
	}
	if v != http.ErrAbortHandler { //nolint:errorlint // net/http compares it in the same way
		x.log.ErrorContext(x.r.Context(), "handler panicked",
			"method", x.r.Method, "path", x.r.URL.Path, "panic", v, "stack", string(debug.Stack()))
		if !x.w.begun {
			x.answer(http.StatusInternalServerError, internalError)
			return
		}
	}
	x.w.abort()
}

func (x *exchange) fail(err error) {
	status, message := Status(err)
	x.log.Log(x.r.Context(), x.level(status), "request failed",
		"method", x.r.Method, "path", x.r.URL.Path, "status", status, "err", err)
	if x.w.begun {
		x.w.abort()
		return
	}
	if after := retryAfter(err); after > 0 {
		x.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(after.Seconds()))))
	}
	x.answer(status, message)
}

// level is Error only for what is neither the client's fault nor its choice.
func (x *exchange) level(status int) slog.Level {
	switch {
	case x.w.failed, x.r.Context().Err() != nil, status < http.StatusInternalServerError:
		return slog.LevelDebug
	case status == http.StatusServiceUnavailable:
		return slog.LevelWarn
	default:
		return slog.LevelError
	}
}

func (x *exchange) answer(status int, message string) {
	h := x.w.Header()
	for _, name := range []string{"Content-Encoding", "Content-Length", "Content-Range", "ETag", "Last-Modified"} {
		h.Del(name) // they were meant for another body
	}
	if err := JSON(&x.w, status, errorBody{Error: message}); err != nil {
		x.log.DebugContext(x.r.Context(), "error not delivered", "err", err)
	}
}

type errorBody struct {
	Error string `json:"error"`
}
