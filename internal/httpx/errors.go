package httpx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/video/recording"
)

// Errors for handlers to return, bare or wrapped.
var (
	ErrUnauthorized = errors.New("owncast: unauthorized")
	ErrForbidden    = errors.New("owncast: forbidden")
	ErrNotFound     = errors.New("owncast: not found")
	ErrReadOnly     = errors.New("owncast: fixed by an option")
	// ErrMediaType refuses a body of a type that is not JSON.
	ErrMediaType = errors.New("owncast: unsupported media type")
	// ErrNotForm refuses a body of a type that is not that of a form.
	ErrNotForm = errors.New("owncast: unsupported media type, not a form")
	// ErrTimeout is a request that took too long to come.
	ErrTimeout = errors.New("owncast: request timeout")
	// ErrMethodNotAllowed is for handlers that have set the header Allow.
	ErrMethodNotAllowed = errors.New("owncast: method not allowed")
)

// BadRequestError is a request that makes no sense.
type BadRequestError struct {
	Message string // for the client, such as `field "limit" must be a number`
	Err     error  // why, for the log only; may be nil
}

// BadRequest returns a [BadRequestError] that tells the client message.
func BadRequest(message string) error { return &BadRequestError{Message: message} }

// Error returns the message, and the cause if there is one.
func (e *BadRequestError) Error() string {
	if e.Err != nil {
		return "bad request: " + e.Message + ": " + e.Err.Error()
	}
	return "bad request: " + e.Message
}

// Unwrap returns the cause.
func (e *BadRequestError) Unwrap() error { return e.Err }

// TooManyRequestsError is a request that was not looked at, since too many
// came from the same place.
type TooManyRequestsError struct {
	RetryAfter time.Duration
}

// TooManyRequests returns a [TooManyRequestsError].
func TooManyRequests(retryAfter time.Duration) error {
	return &TooManyRequestsError{RetryAfter: retryAfter}
}

func (e *TooManyRequestsError) Error() string { return "too many requests" }

// ReadOnlyError is a setting that an option has fixed. It matches
// [ErrReadOnly].
type ReadOnlyError struct {
	Field string // as the API names it
}

func (e *ReadOnlyError) Error() string { return fmt.Sprintf("%q is fixed by an option", e.Field) }

// Is reports whether target is [ErrReadOnly].
func (e *ReadOnlyError) Is(target error) bool { return target == ErrReadOnly }

// refusal is what a client is told of a request that recordings refuse.
func refusal(err error) string {
	switch {
	case errors.Is(err, recording.ErrTitle):
		return "the title is too long or no text"
	case errors.Is(err, recording.ErrTooLong):
		return "the clip is too long"
	default:
		return "nothing was recorded in this range"
	}
}

// retryAfter is when a client may try again; 0 if nobody knows.
func retryAfter(err error) time.Duration {
	if many := new(TooManyRequestsError); errors.As(err, &many) {
		return many.RetryAfter
	}
	if rate := new(chat.RateError); errors.As(err, &rate) {
		return rate.RetryAfter
	}
	return 0
}

const internalError = "internal error"

// Status returns the HTTP status for err and what a client may be told about
// it. It is the only place that decides either. Errors it does not know are
// internal ones, and their text stays here.
func Status(err error) (status int, message string) {
	var bad *BadRequestError
	var large *http.MaxBytesError
	var many *TooManyRequestsError
	var rate *chat.RateError
	switch {
	case errors.As(err, &many), errors.As(err, &rate):
		return http.StatusTooManyRequests, "too many requests, try again later"
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge, "request body too large"
	case errors.As(err, &bad):
		return http.StatusBadRequest, bad.Message
	case errors.Is(err, ErrUnauthorized):
		return http.StatusUnauthorized, "unauthorized"
	case errors.Is(err, ErrForbidden):
		return http.StatusForbidden, "forbidden"
	case errors.Is(err, ErrNotFound), errors.Is(err, repository.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return http.StatusNotFound, "not found"
	case errors.Is(err, ErrMediaType):
		return http.StatusUnsupportedMediaType, "send the body as application/json"
	case errors.Is(err, ErrNotForm):
		return http.StatusUnsupportedMediaType, "send the body as application/x-www-form-urlencoded"
	case errors.Is(err, ErrMethodNotAllowed):
		return http.StatusMethodNotAllowed, "method not allowed"
	case errors.Is(err, recording.ErrTitle), errors.Is(err, recording.ErrRange), errors.Is(err, recording.ErrTooLong):
		return http.StatusBadRequest, refusal(err)
	case errors.Is(err, recording.ErrLive):
		return http.StatusConflict, "still being recorded"
	case errors.Is(err, recording.ErrUnavailable), errors.Is(err, recording.ErrClosed):
		return http.StatusServiceUnavailable, "try again later"
	case errors.Is(err, repository.ErrConflict):
		return http.StatusConflict, "conflict"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, repository.ErrUnavailable):
		return http.StatusServiceUnavailable, "try again later"
	default:
		return chatStatus(err)
	}
}

// chatStatus is Status for what the chat refuses.
func chatStatus(err error) (status int, message string) {
	var rejected *chat.RejectError
	var handshake *chat.HandshakeError
	switch {
	case errors.As(err, &rejected):
		return http.StatusForbidden, cmp.Or(rejected.Reason, "forbidden")
	case errors.As(err, &handshake):
		return handshake.Status, "a WebSocket is expected"
	case errors.Is(err, chat.ErrDisabled):
		return http.StatusForbidden, "CHAT_DISABLED"
	case errors.Is(err, chat.ErrFull):
		return http.StatusServiceUnavailable, "ERROR_MAX_CONNECTIONS_EXCEEDED"
	case errors.Is(err, chat.ErrAddressFull):
		return http.StatusTooManyRequests, "ERROR_MAX_CONNECTIONS_EXCEEDED"
	case errors.Is(err, chat.ErrBanned), errors.Is(err, chat.ErrUserDisabled), errors.Is(err, chat.ErrHierarchy):
		return http.StatusForbidden, "forbidden"
	case errors.Is(err, chat.ErrEmpty):
		return http.StatusBadRequest, "the message is empty"
	case errors.Is(err, chat.ErrIdentities):
		return http.StatusBadRequest, "the user has too many identities"
	case errors.Is(err, chat.ErrTooLong):
		return http.StatusBadRequest, "too long, or too many"
	case errors.Is(err, chat.ErrClosed):
		return http.StatusServiceUnavailable, "try again later"
	default:
		return settingStatus(err)
	}
}

// settingStatus is Status for a slow request, for what is wrong with a setting,
// and for what nobody knows.
func settingStatus(err error) (status int, message string) {
	var fixed *ReadOnlyError
	var invalid *repository.InvalidError
	var field *repository.FieldError
	switch {
	case errors.Is(err, ErrTimeout):
		return http.StatusRequestTimeout, "the request took too long"
	case errors.As(err, &invalid):
		return http.StatusBadRequest, strings.ReplaceAll(invalid.Err.Error(), "\n", "; ")
	case errors.As(err, &field):
		return http.StatusBadRequest, field.Error()
	case errors.As(err, &fixed):
		return http.StatusConflict, fmt.Sprintf("field %q is fixed by the program that runs this server", fixed.Field)
	case errors.Is(err, ErrReadOnly):
		return http.StatusConflict, "fixed by the program that runs this server"
	default:
		return http.StatusInternalServerError, internalError
	}
}
