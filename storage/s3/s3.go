// Package s3 keeps objects in a bucket of Amazon S3 or of a server that
// speaks its protocol, such as MinIO, Ceph, Cloudflare R2 or Backblaze B2.
//
//	store, err := s3.New(s3.Config{
//		Endpoint:  "https://s3.example.org",
//		Bucket:    "live",
//		AccessKey: key,
//		Secret:    secret,
//		Prefix:    "owncast",
//	})
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	if err := store.Probe(ctx); err != nil {
//		return err // a *ProbeError, which says what to do
//	}
//	app, err := owncast.New(owncast.WithStorage(store))
//
// The bucket may be private: viewers then get what is in it from the program,
// unless [Config.PublicURL] or [Config.Presign] sends them to the server. It
// needs a CORS rule that allows GET then, and nothing else in any case. What
// is not below the prefix is neither listed nor touched.
//
// The key needs s3:PutObject, s3:GetObject, s3:DeleteObject and, for the
// bucket, s3:ListBucket; s3:AbortMultipartUpload for objects beyond 8 MiB.
// A rule of the bucket that deletes incomplete multipart uploads after a day
// cleans up after programs that were killed.
package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/owncast-go/owncast/storage"
)

// Store is a [storage.Storage] in a bucket. It is a [storage.BatchDeleter]
// and a [storage.Redirector]. Make one with [New].
//
// Put keeps no more than [PartSize] bytes of an object in memory, whatever
// reader it is given. The objects that Open returns can seek, at the price of
// another request. They are read to the end of what was opened: an object
// that is replaced meanwhile is an error if a seek or a broken connection
// needs another request, never a mixture.
//
// A Store starts no goroutines but those of the HTTP connections it keeps,
// and those of a DeleteBatch or Put, which wait for theirs.
type Store struct {
	client    *s3.Client
	transport *http.Transport // nil if the connections are the host's
	cfg       Config          // without credentials
	prefix    string          // "" or ends in a slash
	public    publicURL
	log       *slog.Logger

	noBatches atomic.Bool // the server does not know DeleteObjects
	meter     meter
}

var (
	_ storage.Storage      = (*Store)(nil)
	_ storage.BatchDeleter = (*Store)(nil)
	_ storage.Redirector   = (*Store)(nil)
	_ io.Closer            = (*Store)(nil)
)

// New returns a Store for a bucket. It asks nothing of the server; see
// [Store.Probe]. An error is about the Config, and joins all there is to say.
func New(cfg Config) (*Store, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, fmt.Errorf("storage/s3: %w", err)
	}
	s := &Store{cfg: cfg, log: cfg.Logger}
	if cfg.Prefix != "" {
		s.prefix = cfg.Prefix + "/"
	}
	if cfg.PublicURL != "" {
		if s.public, err = parsePublicURL(cfg.PublicURL); err != nil {
			return nil, fmt.Errorf("storage/s3: %w", err)
		}
	}
	s.client = s.newClient()
	s.cfg.Endpoint, s.cfg.Region = aws.ToString(s.client.Options().BaseEndpoint), s.client.Options().Region
	s.cfg.Client, s.cfg.HTTPClient = nil, nil
	s.cfg.AccessKey, s.cfg.Secret = "", ""
	return s, nil
}

// Close closes the connections that are kept for the next request. It need
// not be called before the program ends. Requests that are running go on.
func (s *Store) Close() error {
	if s.transport != nil {
		s.transport.CloseIdleConnections()
	}
	return nil
}

// String says where the objects are. It has no secrets.
func (s *Store) String() string {
	where := s.cfg.Endpoint
	if where == "" {
		where = s.cfg.Region
	}
	return "s3 bucket " + strings.TrimSuffix(s.cfg.Bucket+"/"+s.prefix, "/") + " at " + where
}

// GoString is String, for %#v.
func (s *Store) GoString() string { return s.String() }

// key returns the key of an object in the bucket.
func (s *Store) key(ctx context.Context, key string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := storage.CheckKey(key); err != nil {
		return "", err
	}
	if len(s.prefix)+len(key) > storage.MaxKeyLen {
		return "", errKeyTooLong(s.prefix, key)
	}
	return s.prefix + key, nil
}

// Delete implements [storage.Storage].
func (s *Store) Delete(ctx context.Context, key string) error {
	k, err := s.key(ctx, key)
	if err != nil {
		return err
	}
	return s.wrap(ctx, "delete", key, s.delete(ctx, k))
}

// delete deletes one object by its key in the bucket.
func (s *Store) delete(ctx context.Context, key string) error {
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.cfg.Bucket, Key: &key})
	if missing(err) {
		return nil
	}
	return err
}

// DeleteBatch implements [storage.BatchDeleter] with requests for a thousand
// objects each. If the server does not have such requests, it deletes eight
// objects at a time.
func (s *Store) DeleteBatch(ctx context.Context, keys []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var errs []error
	var all []string
	for _, key := range keys {
		k, err := s.key(ctx, key)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, k)
	}
	for len(all) > 0 {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
		n := min(len(all), maxBatch)
		errs = append(errs, s.deleteSome(ctx, all[:n])...)
		all = all[n:]
	}
	return errors.Join(errs...)
}

// object is an entry of DeleteObjects.
func object(key string) types.ObjectIdentifier { return types.ObjectIdentifier{Key: aws.String(key)} }

// seconds is d for a header.
func seconds(d time.Duration) int64 { return int64(d / time.Second) }
