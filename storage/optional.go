package storage

import (
	"context"
	"errors"
	"net/url"
	"time"
)

// Redirector is an optional interface of stores that serve their objects
// themselves, such as a bucket behind a CDN. Viewers are then sent there.
//
// RedirectURL returns the absolute URL of an object, which need not exist,
// and the time until which the URL is good; the zero time is for ever. It
// must not wait for the network. An error matching [errors.ErrUnsupported]
// means that viewers are not to be sent anywhere: they get what Open returns.
type Redirector interface {
	RedirectURL(ctx context.Context, key string) (u *url.URL, expires time.Time, err error)
}

// BatchDeleter is an optional interface of stores that delete many objects
// faster than one by one.
//
// DeleteBatch deletes as many of the keys as it can, in as many requests as
// it takes, and joins the errors of the others. Like Delete it does not mind
// keys without an object.
type BatchDeleter interface {
	DeleteBatch(ctx context.Context, keys []string) error
}

// As returns the first store that is a T: s itself, or one that it wraps, as
// its method Unwrap() Storage tells.
func As[T any](s Storage) (T, bool) {
	for s != nil {
		if t, ok := s.(T); ok {
			return t, true
		}
		w, ok := s.(interface{ Unwrap() Storage })
		if !ok {
			break
		}
		s = w.Unwrap()
	}
	var zero T
	return zero, false
}

// DeleteAll deletes the objects under keys, in one call if s is a
// [BatchDeleter] and one by one otherwise. A key that cannot be deleted does
// not keep the others from it; the errors are joined. It stops when ctx is
// done.
func DeleteAll(ctx context.Context, s Storage, keys []string) error {
	if len(keys) == 0 {
		return ctx.Err()
	}
	if b, ok := As[BatchDeleter](s); ok {
		return b.DeleteBatch(ctx, keys)
	}
	var errs []error
	for _, key := range keys {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
		if err := s.Delete(ctx, key); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
