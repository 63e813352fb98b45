package owncast

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"time"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/internal/directory"
	"github.com/owncast-go/owncast/internal/httpapi"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/idn"
	"github.com/owncast-go/owncast/internal/web"
	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/local"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
	"github.com/owncast-go/owncast/video/hls"
	"github.com/owncast-go/owncast/video/recording"
	"github.com/owncast-go/owncast/video/restream"
	"github.com/owncast-go/owncast/video/rtmp"
	"github.com/owncast-go/owncast/webhooks"
)

// Option configures an App. A later option of the same name replaces an
// earlier one, except where it says that it adds.
type Option func(*config) error

type config struct {
	dataDir        string
	base           *url.URL
	storage        storage.Storage // nil: none, but for DVR a directory in the data directory
	assets         storage.Storage // as storage, or the data directory
	public         fs.FS
	publicGiven    bool
	openS3         func(context.Context, S3Settings) (Storage, error) // nil: there is no S3
	cluster        Cluster                                            // nil: there is none
	repo           *Repository                                        // nil: a file in the data directory
	backup         func(context.Context, io.Writer) error             // nil: that of the default repository
	authenticator  Authenticator
	publish        video.PublishAuthorizer // nil: stream keys
	keys           []StreamKey             // nil: those in the settings
	adminPassword  *string                 // nil: the one in the settings
	hooks          []Hooks
	web            fs.FS
	log            *slog.Logger
	level          *int       // nil: the one in the settings
	ladder         *Ladder    // nil: the one in the settings
	transcoder     Transcoder // nil: none
	dvr            time.Duration
	recording      *recording.Policy                       // nil: nothing is recorded
	newLibrary     func(recording.Config) (library, error) // as recording
	grace          time.Duration
	policy         video.Policy
	rtmpLimits     rtmp.Limits
	thumbnails     Thumbnails // nil: none
	trusted        []netip.Prefix
	frameAncestors []string          // nil: everybody
	restream       []restream.Output // nil: those in the settings
	slate          *hls.Slate        // nil: none
	viewers        viewerRules
	extraViewers   func() int
	geo            func(netip.Addr) (Geo, bool)
	openGeoIP      func(*slog.Logger) (func(netip.Addr) (Geo, bool), error) // nil: there is no file
	hardware       Hardware                                                 // nil: unknown
	prometheus     func(func() []Metric) (http.Handler, error)
	chatStore      ChatStore // nil: the repository's
	chatFilters    []ChatFilter
	chatLimits     *chat.Limits                                        // nil: those in the settings
	strangers      httpx.ClientConfig                                  // how servers are reached that strangers name; tests have servers of their own
	federation     func(federation.Config) (federation.Service, error) // nil: there is none
	notifiers      []Notifier
	directory      string                                           // URL
	newPush        func(webhooks.PushConfig) (webhooks.Push, error) // nil: there is no push
	pushClient     *http.Client                                     // of tests; nil: one that reaches no private network
}

// newConfig applies the options to the defaults.
func newConfig(opts []Option) (config, error) {
	c := config{dataDir: "data", web: web.FS(), log: slog.Default(), base: &url.URL{}, directory: directory.DefaultURL}
	var errs []error
	for _, o := range opts {
		if o == nil {
			errs = append(errs, &OptionError{Option: "Option", Err: errNil})
			continue
		}
		errs = append(errs, o(&c))
	}
	errs = append(errs, c.validCluster()...)
	errs = append(errs, c.conflicts()...)
	if c.assets = c.storage; c.assets == nil {
		c.assets = local.New(c.dataDir)
	}
	if !c.publicGiven {
		c.public = httpapi.PublicDir(filepath.Join(c.dataDir, "public"))
	}
	if c.storage == nil && (c.dvr > 0 || c.recording != nil) {
		c.storage = local.New(filepath.Join(c.dataDir, "video"))
	}
	return c, errors.Join(errs...)
}

var errNil = errors.New("nil")

func option(name string, err error) error {
	if err == nil {
		return nil
	}
	return &OptionError{Option: name, Err: err}
}

func notNil(name string, isNil bool) error {
	if isNil {
		return option(name, errNil)
	}
	return nil
}

// WithDataDir keeps what the default parts keep in dir, which is made when
// needed. One data directory belongs to one App. The default is "data" in the
// working directory.
func WithDataDir(dir string) Option {
	return func(c *config) error {
		if dir == "" {
			return option("WithDataDir", errors.New("empty"))
		}
		c.dataDir = dir
		return nil
	}
}

// WithBaseURL says where the world sees the App, such as
// "https://example.org/live". Its path is the path that the handler is
// mounted on, which the handler takes off by itself. A host of another script
// is known by its name in ASCII. The default is the root of any host.
func WithBaseURL(s string) Option {
	return func(c *config) error {
		u, err := url.Parse(s)
		if err == nil && (u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "") {
			err = fmt.Errorf("%q is not an absolute http or https URL", s)
		}
		if err == nil && !idn.URL(u) {
			err = fmt.Errorf("%q has a host that no server can have", s)
		}
		c.base = u
		return option("WithBaseURL", err)
	}
}

// WithStorage keeps segments, and the channel's own pictures, in s. It belongs
// to the App: what is stored under "hls/", "recordings/" or "recorded/" and is
// in no playlist is deleted; [storage.Sub] shares one store among several
// Apps. What a session has stored stays for its last viewers when it ends, and
// goes when the next one can be watched. The default are directories in the
// data directory, which no segment is written to as long as the live window, in
// memory, is all that viewers can go back to and nothing is recorded.
func WithStorage(s Storage) Option {
	return func(c *config) error {
		c.storage = s
		return notNil("WithStorage", s == nil)
	}
}

// WithS3 lets administrators keep segments at an S3-compatible service: open
// is called by Start with what they have set, if they have enabled it, and
// returns the storage, as [WithStorage] takes it, which Shutdown closes if it
// is an [io.Closer]. If open fails, which the log and the [App.Health] tell,
// there is the default until the next Start. What is at the one storage is not
// moved to the other, and its recordings are not listed. Without this option
// the admin API has no settings of such a service.
func WithS3(open func(context.Context, S3Settings) (Storage, error)) Option {
	return func(c *config) error {
		c.openS3 = open
		return notNil("WithS3", open == nil)
	}
}

// WithRepository keeps settings and the like in r, which must have all its
// stores. The App does not close it. The default is a file in the data
// directory.
func WithRepository(r Repository) Option {
	return func(c *config) error {
		c.repo = &r
		return option("WithRepository", r.Validate())
	}
}

// WithStreamKeys lets publishers in that know one of keys, in place of those
// in the settings. Without this option, keys in the settings or a
// [PublishAuthorizer] nobody can publish. With [WithPublishAuthorizer] it is an
// error.
func WithStreamKeys(keys ...string) Option {
	return func(c *config) error {
		list := make([]StreamKey, len(keys))
		for i, k := range keys {
			list[i].Key = k
		}
		c.keys = list
		return option("WithStreamKeys", auth.ValidateStreamKeys(list))
	}
}

// WithPublishAuthorizer lets a decide who may publish. The default compares
// stream keys.
func WithPublishAuthorizer(a PublishAuthorizer) Option {
	return func(c *config) error {
		c.publish = a
		return notNil("WithPublishAuthorizer", a == nil)
	}
}

// WithPublishPolicy decides what becomes of a second publisher while there is
// a first one. The default is [video.Reject].
func WithPublishPolicy(p video.Policy) Option {
	return func(c *config) error {
		c.policy = p
		if p > video.TakeOver {
			return option("WithPublishPolicy", fmt.Errorf("unknown policy %d", p))
		}
		return nil
	}
}

// WithAuthenticator lets a tell who sent a request to the admin API, and to the
// chat if it is a [ChatAuthenticator]. The default knows one administrator, by
// the admin password.
func WithAuthenticator(a Authenticator) Option {
	return func(c *config) error {
		c.authenticator = a
		return notNil("WithAuthenticator", a == nil)
	}
}

// WithAdminPassword sets the password of the user "admin", in place of the
// one in the settings. Without this option, a password in the settings or an
// [Authenticator] there is no admin API. With [WithAuthenticator] it is an
// error.
func WithAdminPassword(password string) Option {
	return func(c *config) error {
		c.adminPassword = &password
		if password == "" {
			return option("WithAdminPassword", errors.New("empty"))
		}
		return nil
	}
}

// WithHooks adds h.
func WithHooks(h Hooks) Option {
	return func(c *config) error {
		c.hooks = append(c.hooks, h)
		return nil
	}
}

// WithLatencyLevel cuts the stream for a delay from 0, the shortest, to 4,
// the safest, in place of the level in the settings. It holds for sessions
// that begin later. See [video.LatencyLevel].
func WithLatencyLevel(level int) Option {
	return func(c *config) error {
		c.level = &level
		return option("WithLatencyLevel", httpapi.CheckLatencyLevel(level))
	}
}

// WithDVR lets viewers go back by d. What is older than the live window is
// served from the [Storage]. The default is the live window.
func WithDVR(d time.Duration) Option {
	return func(c *config) error {
		c.dvr = d
		if d < 0 {
			return option("WithDVR", errors.New("negative"))
		}
		return nil
	}
}

// maxSlate is how large the file of a slate may be.
const maxSlate = 32 << 20

// WithSlate shows a clip at the URL of the stream while there is none: before
// the first stream, and when the last one has been over for five minutes, or
// for as long as [WithDVR] lets viewers go back. It reads file, an FLV of at
// most a minute and 32 MiB, to its end at once; the clip is packaged as it is,
// and begins with a key frame. The default answers with 404 before the first
// stream, and shows the last one until there is another.
func WithSlate(file io.Reader) Option {
	return func(c *config) error {
		if file == nil {
			return option("WithSlate", errNil)
		}
		packets, err := flv.ReadPackets(file, maxSlate)
		if err != nil {
			return option("WithSlate", err)
		}
		c.slate, err = hls.NewSlate(packets)
		return option("WithSlate", err)
	}
}

// WithReconnectGrace keeps a session open for d after its publisher has gone,
// for the publisher to come back. The default is 30 seconds; 0 ends a session
// with its publisher.
func WithReconnectGrace(d time.Duration) Option {
	return func(c *config) error {
		c.grace = d
		if d == 0 {
			c.grace = -1
		}
		if d < 0 {
			return option("WithReconnectGrace", errors.New("negative"))
		}
		return nil
	}
}

// WithTrustedProxies believes the X-Forwarded-For header of requests that
// come from these addresses. The default believes nobody's.
func WithTrustedProxies(prefixes ...netip.Prefix) Option {
	return func(c *config) error {
		c.trusted = prefixes
		for _, p := range prefixes {
			if !p.IsValid() {
				return option("WithTrustedProxies", errors.New("invalid prefix"))
			}
		}
		return nil
	}
}

// WithWebUI serves the files of fsys in place of the built-in web
// application: index.html at the root and the others beside it. index.html is
// also the page of a recording and of an event, below "recordings/" and
// "schedule/"; admin.html, video.html and chat.html, if they are there, are
// those at "admin/", "embed/video" and "embed/chat/…". Pages that are deeper
// than the root get a <base>, so that relative URLs are those of the root. A
// comment <!--head--> in the head of a page is replaced by what the channel
// says of itself to crawlers. Nil serves none.
func WithWebUI(fsys fs.FS) Option {
	return func(c *config) error {
		c.web = fsys
		return nil
	}
}

// WithPublicFiles serves the files of fsys below "/public/", for example what
// the text about the channel shows and links to. A directory is served by its
// index.html and never listed, and names that begin with a dot are not served.
// The files are part of the site: a script in one runs with the rights of the
// page, so let nobody put files there who may not change the page. The default
// is the directory "public" in the data directory, if there is one. Nil serves
// none.
func WithPublicFiles(fsys fs.FS) Option {
	return func(c *config) error {
		c.public, c.publicGiven = fsys, true
		return nil
	}
}

// WithLogger logs to l. The default is [slog.Default], so that a program that
// says nothing of it is still told what goes wrong; [slog.DiscardHandler] makes
// an App silent. Above level Debug there is what becomes of the broadcast and
// what fails, and nothing for a request that went well. No record has a stream
// key, a password or a token, and of addresses those of publishers and of who
// is not signed in by a site alone.
// Administrators are shown the last 500 records of level Info and above, and
// the last 500 warnings, whatever level l is enabled for.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		c.log = l
		return notNil("WithLogger", l == nil)
	}
}
