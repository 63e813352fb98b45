package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/owncast-go/owncast/storage"
)

// ProbeError says what a [Store.Probe] could not do.
type ProbeError struct {
	Op   string // "write", "read", "list" or "delete"
	Hint string // what to do about it, for people; "" if nothing is known
	Err  error
}

// Error implements error.
func (e *ProbeError) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("storage/s3: cannot %s: %v", e.Op, e.Err)
	}
	return fmt.Sprintf("storage/s3: cannot %s: %s (%v)", e.Op, e.Hint, e.Err)
}

// Unwrap returns Err.
func (e *ProbeError) Unwrap() error { return e.Err }

// Probe tells whether the bucket can be used: it writes an object of a few
// bytes below the prefix, reads it, lists it and deletes it. An error is a
// *[ProbeError]. The name of the object begins with [storage.TempPrefix], so
// that no key and no List sees it.
func (s *Store) Probe(ctx context.Context) error {
	key := s.prefix + storage.TempPrefix + "probe-" + rand.Text()
	body := []byte("This object was written to see whether it can be. It may be deleted.\n")
	if err := s.put(ctx, key, bytes.NewReader(body), storage.PutOptions{ContentType: "text/plain; charset=utf-8"}); err != nil {
		return s.probeError("write", err)
	}
	if err := s.probeRead(ctx, key, body); err != nil {
		_ = s.delete(ctx, key) // as far as that goes
		return s.probeError("read", err)
	}
	if err := s.probeList(ctx, key); err != nil {
		_ = s.delete(ctx, key)
		return s.probeError("list", err)
	}
	if err := s.delete(ctx, key); err != nil {
		return s.probeError("delete", err)
	}
	return nil
}

func (s *Store) probeRead(ctx context.Context, key string, want []byte) error {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.cfg.Bucket, Key: &key})
	if err != nil {
		return err
	}
	got, err := io.ReadAll(io.LimitReader(out.Body, 1<<10))
	if err = errors.Join(err, out.Body.Close()); err == nil && !bytes.Equal(got, want) {
		err = errors.New("what is read is not what was written")
	}
	return err
}

func (s *Store) probeList(ctx context.Context, key string) error {
	out, err := s.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &s.cfg.Bucket, Prefix: &key})
	if err == nil && (len(out.Contents) != 1 || aws.ToString(out.Contents[0].Key) != key) {
		err = fmt.Errorf("a list by prefix has %d objects and not the one that was written", len(out.Contents))
	}
	return err
}

func (s *Store) probeError(op string, err error) error {
	return &ProbeError{Op: op, Hint: s.hint(op, err), Err: err}
}

// hint says what to do about an error, by the codes of the Amazon S3 API
// reference, "Error responses", which other servers use too.
func (s *Store) hint(op string, err error) string {
	var re *smithyhttp.ResponseError
	var header http.Header
	if errors.As(err, &re) && re.Response != nil {
		header = re.Response.Header
	}
	switch code(err) {
	case "NoSuchBucket":
		return fmt.Sprintf("there is no bucket %q here: make it, or look at the name, the endpoint and PathStyle", s.cfg.Bucket)
	case "InvalidAccessKeyId", "XAdminUserNotFound": // the latter is VersityGW's
		return "the server does not know the access key"
	case "SignatureDoesNotMatch":
		return "the secret does not belong to the access key, or a proxy changes requests on their way"
	case "RequestTimeTooSkewed", "RequestExpired":
		return clockHint(header)
	case "AccessControlListNotSupported":
		return "the bucket has no ACLs: leave ACL empty and let a bucket policy or a CDN make objects public"
	case "AllAccessDisabled", "AccountProblem", "NotSignedUp":
		return "the provider has closed the account or the bucket"
	case "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded":
		return "the bucket or the server is full"
	case "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return s.regionHint(header)
	case "AccessDenied", "Forbidden":
		return fmt.Sprintf("the access key may not %s here: its policy must allow s3:%s", op, permission(op))
	}
	return s.statusHint(op, err, header)
}

// statusHint is for answers without a code, and for none.
func (s *Store) statusHint(op string, err error, header http.Header) string {
	switch status(err) {
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return s.regionHint(header)
	case http.StatusForbidden:
		return fmt.Sprintf("the access key may not %s here: its policy must allow s3:%s", op, permission(op))
	case http.StatusNotFound:
		if c := code(err); c != "" && c != "NotFound" && c != "NoSuchKey" && c != "UnknownError" {
			return ""
		}
		return fmt.Sprintf("there is no bucket %q here: make it, or look at the name, the endpoint and PathStyle", s.cfg.Bucket)
	case http.StatusInsufficientStorage:
		return "the bucket or the server is full"
	case 0:
		return networkHint(err)
	}
	if errors.Is(err, ErrUnconfirmed) {
		return "what answers is no S3 server, or does not keep what it is sent"
	}
	return ""
}

func networkHint(err error) string {
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var op *net.OpError
	switch {
	case errors.Is(err, ErrUnconfirmed):
		return "what answers is no S3 server, or does not keep what it is sent"
	case errors.As(err, &dns):
		return "the name " + dns.Name + " is not known: look at the endpoint; with a bucket in front of it, PathStyle may be needed"
	case errors.As(err, &cert), errors.As(err, new(x509.HostnameError)):
		return "the certificate of the server is not trusted, or is for another name; with a bucket in front of it, PathStyle may be needed"
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, new(tls.RecordHeaderError)):
		return "the server does not speak TLS: the endpoint may have to begin with http://"
	case errors.Is(err, errStalled), errors.Is(err, context.DeadlineExceeded):
		return "the server does not answer: look at the endpoint and at firewalls"
	case errors.As(err, &op):
		return "the server cannot be reached: look at the endpoint"
	}
	return ""
}

func permission(op string) string {
	switch op {
	case "write":
		return "PutObject"
	case "read":
		return "GetObject"
	case "list":
		return "ListBucket"
	default:
		return "DeleteObject"
	}
}

// clockHint says by how much the clocks differ, if the server's is known.
func clockHint(h http.Header) string {
	text := "the clock of this machine or of the server is wrong"
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		text += fmt.Sprintf(": they differ by %v", time.Since(at).Abs().Round(time.Second))
	}
	return text
}

func (s *Store) regionHint(h http.Header) string {
	if region := h.Get("X-Amz-Bucket-Region"); region != "" {
		return fmt.Sprintf("the bucket is in region %q and not in %q", region, s.cfg.Region)
	}
	return fmt.Sprintf("the bucket is not in region %q, or not at this endpoint", s.cfg.Region)
}
