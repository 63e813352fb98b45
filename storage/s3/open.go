package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/owncast-go/owncast/storage"
)

// Open implements [storage.Storage]. The object is an [io.Seeker]: seeking
// costs nothing, and reading from another place than before a request.
// A connection that breaks is taken up where it was, as often as
// [Config.Attempts] allows.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, storage.Info, error) {
	k, err := s.key(ctx, key)
	if err != nil {
		return nil, storage.Info{}, err
	}
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.cfg.Bucket, Key: &k})
	if err == nil && out.ContentLength == nil {
		err = errors.Join(errors.New("the server does not tell the size"), out.Body.Close())
	}
	if err != nil {
		return nil, storage.Info{}, s.wrap(ctx, "open", key, err)
	}
	o := &reader{
		ctx: ctx, s: s, key: key, name: k, size: *out.ContentLength, tag: out.ETag,
		body: out.Body, left: s.cfg.Attempts,
	}
	info := storage.Info{
		Key: key, Size: o.size, ModTime: aws.ToTime(out.LastModified), ContentType: aws.ToString(out.ContentType),
	}
	return o, info, nil
}

// reader is an opened object. It is for one goroutine at a time.
type reader struct {
	ctx  context.Context // of Open, which bounds the reading
	s    *Store
	key  string
	name string // in the bucket
	size int64
	tag  *string // what later requests must find unchanged

	body   io.ReadCloser // nil when there is none
	bodyAt int64         // where in the object body is
	at     int64         // where the next Read begins
	left   int           // how many more connections may break
	closed bool
}

var errClosed = errors.New("storage/s3: the object is closed")

func (r *reader) Read(p []byte) (int, error) {
	if r.closed {
		return 0, errClosed
	}
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if r.at >= r.size {
			return 0, io.EOF
		}
		if err := r.reach(); err != nil {
			return 0, r.s.wrap(r.ctx, "read", r.key, err)
		}
		n, err := r.body.Read(p[:min(int64(len(p)), r.size-r.at)])
		r.at += int64(n)
		r.bodyAt += int64(n)
		if n > 0 {
			return n, nil // an error comes again with the next Read
		}
		if err == nil {
			continue
		}
		r.drop()
		if r.left--; r.left <= 0 || r.ctx.Err() != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return 0, r.s.wrap(r.ctx, "read", r.key, err)
		}
	}
}

// reach makes body begin where the next Read does.
func (r *reader) reach() error {
	if r.body != nil && r.bodyAt == r.at {
		return nil
	}
	r.drop()
	out, err := r.s.client.GetObject(r.ctx, &s3.GetObjectInput{
		Bucket: &r.s.cfg.Bucket, Key: &r.name, IfMatch: r.tag,
		Range: aws.String("bytes=" + strconv.FormatInt(r.at, 10) + "-"),
	})
	if status(err) == http.StatusPreconditionFailed {
		return errChanged
	}
	if err != nil {
		return err
	}
	want := "bytes " + strconv.FormatInt(r.at, 10) + "-" + strconv.FormatInt(r.size-1, 10) + "/" + strconv.FormatInt(r.size, 10)
	if got := aws.ToString(out.ContentRange); got != want && (r.at != 0 || aws.ToInt64(out.ContentLength) != r.size) {
		return errors.Join(fmt.Errorf("the server answers %q when asked for %q", got, want), out.Body.Close())
	}
	r.body, r.bodyAt = out.Body, r.at
	return nil
}

// drop lets go of the connection.
func (r *reader) drop() {
	if r.body != nil {
		_ = r.body.Close() // only read from
		r.body = nil
	}
}

var errSeek = errors.New("storage/s3: seek to before the start")

// Seek implements [io.Seeker].
func (r *reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	default:
		return 0, fmt.Errorf("storage/s3: seek: whence %d", whence)
	}
	if offset < 0 {
		return 0, errSeek
	}
	r.at = offset
	return offset, nil
}

// Close ends the connection, unless the object was read to its end.
func (r *reader) Close() error {
	r.closed = true
	if r.body != nil && r.bodyAt == r.size {
		// What follows the last byte tells the connection that it is free.
		_, _ = io.CopyN(io.Discard, r.body, 1)
	}
	r.drop()
	return nil
}
