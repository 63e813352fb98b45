package hls

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// slowest is how many bytes a second a viewer must take, and sendGrace
	// what it has on top of that.
	slowest   = 16 << 10
	sendGrace = 10 * time.Second
)

// httpError is an answer other than what was asked for.
type httpError struct {
	code int
	text string
}

func (e *httpError) Error() string { return e.text }

// exchange is a request and its answer.
type exchange struct {
	w http.ResponseWriter
	r *http.Request
}

// allow gives the viewer the time to wait for, and to take, what it asked
// for. It may be longer than the write timeout of the host's server, which
// counts from the start of the request. The server takes the deadline off
// when the request is done.
func (x *exchange) allow(d time.Duration) {
	// A writer that knows no deadlines has none to be moved.
	_ = http.NewResponseController(x.w).SetWriteDeadline(time.Now().Add(d))
}

// allowSize gives the viewer the time to take that many bytes.
func (x *exchange) allowSize(size int64) {
	x.allow(sendGrace + time.Duration(size/slowest)*time.Second)
}

// header sets what every answer of a kind has. Entries are set as they are:
// the names are canonical.
func (x *exchange) header(contentType, cache, tag string) http.Header {
	h := x.w.Header()
	h["Content-Type"] = []string{contentType}
	h["Cache-Control"] = []string{cache}
	h["Etag"] = []string{tag}
	return h
}

// send writes b from where it lies. A viewer that does not take it holds up
// nobody else, and itself no longer than the deadline.
func (x *exchange) send(b body) {
	size := b.size()
	x.w.Header()["Content-Length"] = []string{strconv.FormatInt(size, 10)}
	if x.r.Method == http.MethodHead {
		return
	}
	x.allowSize(size)
	for _, piece := range b {
		if _, err := x.w.Write(piece); err != nil {
			return // the viewer is gone
		}
	}
}

func (x *exchange) refuse(e *httpError) {
	x.allow(sendGrace)
	text, err := json.Marshal(map[string]string{"error": e.text})
	if err != nil {
		text = nil // a string can be marshaled
	}
	h := x.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	h.Set("X-Content-Type-Options", "nosniff")
	switch e.code {
	case http.StatusMethodNotAllowed:
		h.Set("Allow", "GET, HEAD")
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	}
	x.w.WriteHeader(e.code)
	_, _ = x.w.Write(text) // an error means that the viewer is gone
}

// hasTag tells whether If-None-Match lists the tag, by the weak comparison
// (RFC 9110 §13.1.2).
func hasTag(list, tag string) bool {
	for list != "" {
		var one string
		one, list, _ = strings.Cut(list, ",")
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}

// acceptsGzip reads Accept-Encoding (RFC 9110 §12.5.3) as far as it speaks of
// gzip by name.
func acceptsGzip(list string) bool {
	for list != "" {
		var one string
		one, list, _ = strings.Cut(list, ",")
		name, q, weighed := strings.Cut(one, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		if !weighed {
			return true
		}
		_, q, _ = strings.Cut(q, "=")
		v, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		return err == nil && v > 0
	}
	return false
}
