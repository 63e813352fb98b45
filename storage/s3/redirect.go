package s3

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// publicURL is where objects are found by viewers.
type publicURL struct {
	base *url.URL
	path string // of base, escaped
}

func parsePublicURL(s string) (publicURL, error) {
	u, err := parseBase(s)
	if err != nil {
		return publicURL{}, err
	}
	return publicURL{base: u, path: u.EscapedPath()}, nil
}

// of returns the URL of an object.
func (p publicURL) of(key string) *url.URL {
	u := *p.base
	u.Path = strings.TrimSuffix(u.Path, "/") + "/" + key
	u.RawPath = strings.TrimSuffix(p.path, "/") + "/" + escape(key)
	return &u
}

// escape escapes all but what RFC 3986 §2.3 has as unreserved, and slashes:
// S3 reads a "+" in a path as a space.
func escape(key string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(key) {
		c := key[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~/", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteString(string([]byte{'%', hex[c>>4], hex[c&15]}))
		}
	}
	return b.String()
}

// RedirectURL implements [storage.Redirector]: below [Config.PublicURL], or
// with a signature that is good for [Config.Presign]. If neither is set, the
// error matches [errors.ErrUnsupported]. Only credentials of a
// [Config.Client] can make it wait.
func (s *Store) RedirectURL(ctx context.Context, key string) (*url.URL, time.Time, error) {
	k, err := s.key(ctx, key)
	if err != nil {
		return nil, time.Time{}, err
	}
	switch {
	case s.public.base != nil:
		return s.public.of(k), time.Time{}, nil
	case s.cfg.Presign == 0:
		return nil, time.Time{}, errNoRedirect
	}
	expires := time.Now().Add(s.cfg.Presign)
	signed, err := s3.NewPresignClient(s.client, s3.WithPresignExpires(s.cfg.Presign)).
		PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &s.cfg.Bucket, Key: &k})
	if err != nil {
		return nil, time.Time{}, s.wrap(ctx, "sign", key, err)
	}
	u, err := url.Parse(signed.URL)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("storage/s3: sign %q: the endpoint makes no URL", key)
	}
	return u, expires, nil
}

var errNoRedirect = fmt.Errorf("storage/s3: neither a public URL nor presigned ones are configured: %w", errors.ErrUnsupported)
