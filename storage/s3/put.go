package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/owncast-go/owncast/storage"
)

const (
	// PartSize is up to what size an object is sent in one request, and the
	// size of the parts that a bigger one is sent in: 8 MiB.
	PartSize = 8 << 20

	maxParts     = 10000 // Amazon S3 user guide, "Multipart upload limits"
	abortTimeout = 10 * time.Second
)

// Put implements [storage.Storage]. r is read into memory, [PartSize] bytes
// at a time: a request that fails is sent again from there. Nothing can be
// seen under the key before everything is there, and nothing remains of a Put
// that fails, unless the server cannot be reached to be told so.
func (s *Store) Put(ctx context.Context, key string, r io.Reader, o storage.PutOptions) error {
	k, err := s.key(ctx, key)
	if err != nil {
		return err
	}
	if o.ContentType == "" {
		o.ContentType = storage.ContentType(key)
	}
	return s.wrap(ctx, "put", key, s.put(ctx, k, r, o))
}

func (s *Store) put(ctx context.Context, key string, r io.Reader, o storage.PutOptions) error {
	first, last, err := readPart(ctx, r)
	if err != nil {
		return err
	}
	size := int64(len(first))
	if last {
		err = s.putWhole(ctx, key, first, o)
	} else {
		size, err = s.putParts(ctx, key, first, r, o)
	}
	if err != nil || s.cfg.SkipConfirm {
		return err
	}
	return s.confirm(ctx, key, size)
}

// readPart reads the next part, and tells whether it is the last one. Memory
// is taken as bytes come, or at once if r says how many there are.
func readPart(ctx context.Context, r io.Reader) (part []byte, last bool, err error) {
	var b bytes.Buffer
	if n := remaining(r); n > 0 {
		b.Grow(int(min(n, PartSize)) + bytes.MinRead) // which spares a copy at the end
	}
	if _, err := b.ReadFrom(contextReader{ctx, io.LimitReader(r, PartSize)}); err != nil {
		return nil, false, err
	}
	return b.Bytes(), b.Len() < PartSize, nil
}

// remaining is how many bytes r has left, or 0 if it does not say.
func remaining(r io.Reader) int64 {
	switch r := r.(type) {
	case interface{ Len() int }:
		return int64(r.Len())
	case io.Seeker:
		at, err := r.Seek(0, io.SeekCurrent)
		if err != nil {
			return 0
		}
		end, err := r.Seek(0, io.SeekEnd)
		if _, back := r.Seek(at, io.SeekStart); err != nil || back != nil {
			return 0 // reading will tell
		}
		return end - at
	}
	return 0
}

// contextReader is a Reader that fails once its context is done.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

func cacheControl(o storage.PutOptions) *string {
	if o.MaxAge <= 0 {
		return aws.String("no-cache")
	}
	return aws.String("public, max-age=" + strconv.FormatInt(seconds(o.MaxAge), 10))
}

func (s *Store) putWhole(ctx context.Context, key string, body []byte, o storage.PutOptions) error {
	_, err := s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.cfg.Bucket, Key: &key,
		Body: bytes.NewReader(body), ContentLength: aws.Int64(int64(len(body))),
		ContentType: &o.ContentType, CacheControl: cacheControl(o),
		ACL: types.ObjectCannedACL(s.cfg.ACL),
	})
	return err
}

// putParts sends an object that is bigger than its first part, and returns
// its size.
func (s *Store) putParts(ctx context.Context, key string, part []byte, r io.Reader, o storage.PutOptions) (size int64, err error) {
	upload, err := s.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &s.cfg.Bucket, Key: &key,
		ContentType: &o.ContentType, CacheControl: cacheControl(o),
		ACL: types.ObjectCannedACL(s.cfg.ACL),
	})
	if err != nil {
		return 0, err
	}
	done := false
	defer func() {
		if !done { // r may have panicked, too
			s.abort(ctx, key, upload.UploadId)
		}
	}()
	var parts []types.CompletedPart
	for last := false; len(part) > 0; {
		if len(parts) == maxParts {
			return 0, ErrTooBig
		}
		number := aws.Int32(int32(len(parts)) + 1)
		sent, err := s.client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &s.cfg.Bucket, Key: &key, UploadId: upload.UploadId, PartNumber: number,
			Body: bytes.NewReader(part), ContentLength: aws.Int64(int64(len(part))),
		})
		if err != nil {
			return 0, err
		}
		parts = append(parts, types.CompletedPart{ETag: sent.ETag, PartNumber: number})
		size += int64(len(part))
		if last {
			break
		}
		if part, last, err = readPart(ctx, r); err != nil {
			return 0, err
		}
	}
	_, err = s.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &s.cfg.Bucket, Key: &key, UploadId: upload.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	done = err == nil
	return size, err
}

// abort lets the server forget parts, which cost money for as long as they
// are there. It has its time even if the context is done.
func (s *Store) abort(ctx context.Context, key string, id *string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.cfg.Bucket, Key: &key, UploadId: id})
	if err != nil && !missing(err) && code(err) != "NoSuchUpload" {
		s.log.Warn("parts of an upload that failed are left in the bucket", "key", key, "err", err)
	}
}

// confirm asks whether the object is there.
func (s *Store) confirm(ctx context.Context, key string, size int64) error {
	head, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.cfg.Bucket, Key: &key})
	switch {
	case missing(err):
		// The error of a Put must not say that the object does not exist.
		s.meter.unconfirmed.Add(1)
		return fmt.Errorf("%w: it is not there", ErrUnconfirmed)
	case err != nil:
		return fmt.Errorf("confirm: %w", err)
	case head.ContentLength == nil || *head.ContentLength != size:
		s.meter.unconfirmed.Add(1)
		return fmt.Errorf("%w: it has %d bytes and not %d", ErrUnconfirmed, aws.ToInt64(head.ContentLength), size)
	}
	return nil
}

// errChanged is the error of an object that was replaced while it was read.
var errChanged = errors.New("the object was replaced while it was read")
