package httpx

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// NoCache makes h forbid every cache to keep the answer.
func NoCache(h http.Header) {
	h.Set("Cache-Control", "no-cache, no-store, must-revalidate")
	h.Set("Expires", "Thu, 1 Jan 1970 00:00:00 GMT")
}

// JSON answers with v in JSON, not to be cached. It writes nothing if v
// cannot be encoded.
func JSON(w http.ResponseWriter, status int, v any) error {
	var body bytes.Buffer
	if err := json.NewEncoder(&body).Encode(v); err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	NoCache(h)
	w.WriteHeader(status)
	if _, err := w.Write(body.Bytes()); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

// How long a body may take: bodyTime, and what its greatest size takes at
// bodyRate.
const (
	bodyTime = 10 * time.Second
	bodyRate = 16 << 10 // bytes per second
)

// ReadBody returns the body of r, which may have limit bytes. A larger one is
// an error that becomes a 413, and the connection is closed after the answer.
// One that is too slow is an error matching [ErrTimeout]: the server may have
// no read timeout, for the sake of uploads.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	rc := http.NewResponseController(w)
	allowed := bodyTime + time.Duration(limit/bodyRate)*time.Second
	_ = rc.SetReadDeadline(time.Now().Add(allowed)) // an error: the writer knows none
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, fmt.Errorf("read body: %w", err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.Header().Set("Connection", "close")
		return nil, fmt.Errorf("read body: %w", ErrTimeout)
	case err != nil:
		return nil, &BadRequestError{Message: "the request body ended early", Err: err}
	}
	// Else the end of that time would be the end of the request. Where the body
	// is not whole it stays, for a server that still wants to read the rest.
	_ = rc.SetReadDeadline(time.Time{})
	return body, nil
}

// DecodeJSON reads the body of r, which may have limit bytes, as one JSON
// value into v. Unknown fields are ignored. What is wrong with a body that
// does not fit is said in the [BadRequestError] returned, with the name of
// the field where a type is wrong.
func DecodeJSON(w http.ResponseWriter, r *http.Request, limit int64, v any) error {
	body, err := ReadBody(w, r, limit)
	if err != nil {
		return err
	}
	return UnmarshalJSON(body, v)
}

// UnmarshalJSON is DecodeJSON for a body that was read.
func UnmarshalJSON(body []byte, v any) error {
	err := json.Unmarshal(body, v)
	if err == nil {
		return nil
	}
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field != "":
		return &BadRequestError{Message: fmt.Sprintf("field %q must not be a JSON %s", wrongType.Field, JSONKind(wrongType)), Err: err}
	case errors.As(err, &wrongType):
		return &BadRequestError{Message: "the request body must not be a JSON " + JSONKind(wrongType), Err: err}
	case len(bytes.TrimSpace(body)) == 0:
		return &BadRequestError{Message: "the request body is empty", Err: err}
	default:
		return &BadRequestError{Message: "the request body is not valid JSON", Err: err}
	}
}

// JSONKind names the kind of value that err is about, such as "number". The
// error itself quotes numbers, however long they are.
func JSONKind(err *json.UnmarshalTypeError) string {
	if strings.HasPrefix(err.Value, "number ") {
		return "number"
	}
	return err.Value
}
