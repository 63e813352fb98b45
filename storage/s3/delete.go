package s3

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	maxBatch      = 1000 // Amazon S3 API reference, DeleteObjects
	singleDeletes = 8
)

// deleteSome deletes no more than maxBatch objects by their keys in the
// bucket.
func (s *Store) deleteSome(ctx context.Context, keys []string) []error {
	if s.noBatches.Load() {
		return s.deleteSingly(ctx, keys)
	}
	objects := make([]types.ObjectIdentifier, len(keys))
	for i, key := range keys {
		objects[i] = object(key)
	}
	out, err := s.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
		Bucket: &s.cfg.Bucket,
		Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)},
	}, func(o *s3.Options) {
		// The SDK sends a checksum that older servers do not know; they want
		// the one that the protocol began with.
		o.APIOptions = append(o.APIOptions[:len(o.APIOptions):len(o.APIOptions)], smithyhttp.AddContentChecksumMiddleware)
	})
	switch {
	case err == nil:
		return s.refused(out.Errors)
	case ctx.Err() != nil || !refusesBatches(err):
		return []error{fmt.Errorf("storage/s3: delete %d objects: %w", len(keys), err)}
	}
	// If one object cannot be deleted alone either, it is not for the batch.
	if s.deleteSingly(ctx, keys[:1]) != nil {
		return []error{fmt.Errorf("storage/s3: delete %d objects: %w", len(keys), err)}
	}
	if !s.noBatches.Swap(true) {
		s.log.Warn("the server does not delete objects in batches; they are deleted one by one", "err", err)
	}
	return s.deleteSingly(ctx, keys[1:])
}

// refusesBatches tells whether an answer is that of a server that cannot
// delete in batches, or whose policy or proxy does not let it.
func refusesBatches(err error) bool {
	switch status(err) {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusLengthRequired, http.StatusUnsupportedMediaType, http.StatusNotImplemented:
		return code(err) != "NoSuchBucket"
	}
	return false
}

// refused returns the errors of single objects of a batch.
func (s *Store) refused(list []types.Error) (errs []error) {
	for _, e := range list {
		if c := aws.ToString(e.Code); c != "NoSuchKey" {
			key := strings.TrimPrefix(aws.ToString(e.Key), s.prefix)
			errs = append(errs, fmt.Errorf("storage/s3: delete %q: %s: %s", key, c, aws.ToString(e.Message)))
		}
	}
	return errs
}

// deleteSingly deletes a few objects at a time.
func (s *Store) deleteSingly(ctx context.Context, keys []string) (errs []error) {
	var wg sync.WaitGroup
	var mu sync.Mutex // guards errs and keys
	for range min(singleDeletes, len(keys)) {
		wg.Go(func() {
			for {
				mu.Lock()
				if len(keys) == 0 || ctx.Err() != nil {
					mu.Unlock()
					return
				}
				key := keys[0]
				keys = keys[1:]
				mu.Unlock()
				if err := s.delete(ctx, key); err != nil {
					mu.Lock()
					errs = append(errs, s.wrap(ctx, "delete", strings.TrimPrefix(key, s.prefix), err))
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil && len(keys) > 0 {
		errs = append(errs, err)
	}
	return errs
}
