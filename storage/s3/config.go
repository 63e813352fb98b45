package s3

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/owncast-go/owncast/storage"
)

// The defaults of a [Config].
const (
	DefaultRegion   = "us-east-1"
	DefaultTimeout  = 15 * time.Second
	DefaultAttempts = 3
)

// maxPresign is how long a presigned URL can be good for (Amazon S3 API
// reference, "Authenticating Requests: Using Query Parameters").
const maxPresign = 7 * 24 * time.Hour

// Config is what a [Store] is made of. Bucket is needed, and either AccessKey
// and Secret or a Client. Printing a Config does not show the secret.
type Config struct {
	// Endpoint is the server's URL, such as "https://s3.example.org", without
	// the bucket. Empty is Amazon's of the Region.
	Endpoint string
	// Region is where the bucket is. Empty is [DefaultRegion], which servers
	// other than Amazon's commonly take; Cloudflare R2 wants "auto".
	Region string
	Bucket string
	// PathStyle puts the bucket into the path of URLs and not into the host
	// name, as servers want that have no wildcard in their DNS: MinIO, Ceph
	// and VersityGW by default.
	PathStyle bool

	AccessKey string
	Secret    string

	// Prefix is put before every key, with a slash between them. Several
	// programs share a bucket by different prefixes. It must be a valid key;
	// slashes at its ends are dropped. Empty means that the whole bucket
	// belongs to the Store.
	Prefix string
	// ACL is a canned ACL, such as "public-read", that objects are stored
	// with. Empty, the default, sends none: many servers and every new bucket
	// of Amazon's refuse ACLs, or do not do what they say.
	ACL string

	// PublicURL is where viewers find the objects, mostly a CDN in front of
	// the bucket: the URL of an object is PublicURL, a slash and its key in
	// the bucket, the Prefix included. Viewers are sent there once an object
	// is stored. Both it and Presign need a CORS rule that lets the page's
	// origin GET.
	PublicURL string
	// Presign sends viewers to the bucket with signed URLs that are good for
	// that long, at most seven days. They contain the AccessKey, but not the
	// Secret. 0, the default, sends viewers nowhere unless there is a
	// PublicURL: they get objects through the program. Only one of the two can
	// be set.
	Presign time.Duration

	// SkipConfirm believes a server that says it has stored an object. By
	// default Put asks for the size of what is there before it reports
	// success, which costs a HEAD request: proxies and servers have been seen
	// to say yes and keep nothing, and a playlist that names such an object
	// stops its players.
	SkipConfirm bool

	// Timeout is how long a connection may stand still, in either direction,
	// before a request is given up and tried again. It does not bound how long
	// a transfer takes, which the context of the caller does. 0 is
	// [DefaultTimeout].
	Timeout time.Duration
	// Attempts is how often a request is sent that fails for a reason that may
	// pass, with up to two seconds in between. 0 is [DefaultAttempts], 1 does
	// not try again.
	Attempts int

	// HTTPClient sends the requests. Nil makes one that keeps up to 64
	// connections, uses no proxy and gives up on connecting after 10 s.
	HTTPClient *http.Client
	// Client is used in place of one made from Endpoint, Region, PathStyle,
	// AccessKey, Secret, Attempts and HTTPClient, which must be zero then: for
	// credentials of another kind, and for encryption. The Store works with a
	// copy that sets checksums as most servers need them.
	Client *s3.Client

	// Logger is told of what the server cannot do. Nil discards it.
	Logger *slog.Logger
}

// String says what is in c but for the secret.
func (c Config) String() string {
	secret := "none"
	if c.Secret != "" {
		secret = "hidden"
	}
	return fmt.Sprintf("s3.Config{Endpoint:%q Region:%q Bucket:%q PathStyle:%t AccessKey:%q Secret:%s Prefix:%q ACL:%q PublicURL:%q Presign:%v SkipConfirm:%t Timeout:%v Attempts:%d}",
		c.Endpoint, c.Region, c.Bucket, c.PathStyle, c.AccessKey, secret, c.Prefix, c.ACL, c.PublicURL, c.Presign, c.SkipConfirm, c.Timeout, c.Attempts)
}

// GoString is String, for %#v.
func (c Config) GoString() string { return c.String() }

// LogValue is String, for slog.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// bucketName is what all servers have in common, old buckets included, and
// nothing that could change the path of a URL.
var bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$`)

// complete checks c and fills in the defaults.
func (c Config) complete() (Config, error) {
	errs := []error{c.checkKeys(), c.checkServer(), c.checkViewers()}
	if c.Timeout < 0 || c.Attempts < 0 {
		errs = append(errs, errors.New("Timeout and Attempts cannot be negative"))
	}
	c.Prefix = strings.Trim(c.Prefix, "/")
	c.Endpoint = strings.TrimRight(c.Endpoint, "/")
	c.Region = cmp.Or(c.Region, DefaultRegion)
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	c.Attempts = cmp.Or(c.Attempts, DefaultAttempts)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, errors.Join(errs...)
}

// checkKeys checks where in the server the objects are.
func (c Config) checkKeys() error {
	var errs []error
	if !bucketName.MatchString(c.Bucket) || strings.Contains(c.Bucket, "..") {
		errs = append(errs, fmt.Errorf("the name of the bucket, %q, is not 3 to 63 letters, digits, dots, dashes and underscores", c.Bucket))
	}
	if p := strings.Trim(c.Prefix, "/"); p != "" {
		if err := storage.CheckKey(p); err != nil {
			errs = append(errs, fmt.Errorf("prefix: %w", err))
		}
	}
	return errors.Join(errs...)
}

// checkServer checks what a client is made of.
func (c Config) checkServer() error {
	if c.Client != nil {
		if c.Endpoint != "" || c.Region != "" || c.PathStyle || c.AccessKey != "" || c.Secret != "" || c.HTTPClient != nil || c.Attempts != 0 {
			return errors.New("a Client has an Endpoint, Region, PathStyle, AccessKey, Secret, HTTPClient and Attempts of its own: they must be zero")
		}
		return nil
	}
	var errs []error
	if c.Endpoint != "" {
		if _, err := parseBase(c.Endpoint); err != nil {
			errs = append(errs, fmt.Errorf("endpoint: %w", err))
		}
	}
	if c.AccessKey == "" || c.Secret == "" {
		errs = append(errs, errors.New("an access key and its secret are needed"))
	}
	return errors.Join(errs...)
}

// checkViewers checks where viewers are sent to.
func (c Config) checkViewers() error {
	switch {
	case c.Presign < 0 || c.Presign > maxPresign || c.Presign > 0 && c.Presign < time.Second:
		return fmt.Errorf("presigned URLs of %v: they are good for a second to seven days", c.Presign)
	case c.Presign > 0 && c.PublicURL != "":
		return errors.New("viewers can be sent to PublicURL or to presigned URLs, not to both")
	case c.PublicURL != "":
		if _, err := parseBase(c.PublicURL); err != nil {
			return fmt.Errorf("public URL: %w", err)
		}
	}
	return nil
}

// errBaseURL does not quote the URL, which may hold a password.
var errBaseURL = errors.New("not an absolute http or https URL without user, query and fragment")

// parseBase reads a URL that paths are added to.
func parseBase(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(s, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errBaseURL
	}
	return u, nil
}
