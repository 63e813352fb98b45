package s3

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"

	smithy "github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// ErrUnconfirmed is the error of a Put that the server reported as done while
// it does not have the object, or has one of another size. Two Puts of one
// key at a time may see it too, if what they put differs in size.
var ErrUnconfirmed = errors.New("storage/s3: the server said yes but did not keep the object")

// ErrTooBig is the error of a Put of more than 10,000 parts of [PartSize].
var ErrTooBig = errors.New("storage/s3: object too big")

func errKeyTooLong(prefix, key string) error {
	return fmt.Errorf("storage/s3: key of %d bytes below a prefix of %d: %w", len(key), len(prefix), fs.ErrInvalid)
}

// code is the error code that the server sent, or "".
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// status is the HTTP status of a failed request, or 0 without an answer.
func status(err error) int {
	var re *smithyhttp.ResponseError
	if errors.As(err, &re) {
		return re.HTTPStatusCode()
	}
	return 0
}

// missing tells whether the error says that there is no such object.
func missing(err error) bool {
	switch code(err) {
	case "NoSuchKey", "NotFound":
		return true
	case "NoSuchBucket":
		return false
	}
	return status(err) == http.StatusNotFound
}

// wrap says what was being done. An error of the context is kept visible, and
// a missing object matches [fs.ErrNotExist].
func (s *Store) wrap(ctx context.Context, op, key string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && !errors.Is(err, ctx.Err()):
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	case missing(err):
		err = fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return fmt.Errorf("storage/s3: %s %q: %w", op, key, err)
}
