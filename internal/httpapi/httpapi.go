// Package httpapi implements the HTTP API: its routes, requests, and answers.
// Decisions are left to the packages that it calls.
package httpapi

import (
	"cmp"
	"context"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path"
	"sync/atomic"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/internal/health"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/logring"
	"github.com/owncast-go/owncast/internal/otp"
	"github.com/owncast-go/owncast/internal/stats"
	"github.com/owncast-go/owncast/internal/usage"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/video"
)

// Authenticator identifies who sent a request to the admin API. An error matching
// [httpx.ErrUnauthorized] asks the client for credentials.
type Authenticator interface {
	Authenticate(r *http.Request) (repository.User, error)
}

type statuser interface{ Status() video.Status }

type broadcast interface{ Disconnect() bool }

// Config is what the API is made of. Everything is required but the Ladder,
// without which there is the broadcast as it came alone, and what is not there
// if nil, or says so itself: the Logger, the Federation, Recordings, Thumbnails, the
// Placeholder, the Public files, the script, Prometheus and RTMPAddr.
type Config struct {
	Version   string
	Status    statuser
	Settings  *Sections
	Broadcast broadcast
	Restream  restreamer
	Admin     Authenticator
	Audience  *stats.Audience
	Ladder    func(context.Context) (video.Ladder, error)
	HLS       http.Handler
	Logs      *logring.Ring
	Health    *health.Monitor
	Hardware  *usage.Recorder

	// Encoders is who makes renditions, if it has several encoders; nil if not.
	Encoders encoders
	// TestS3 tries settings of an S3 service. Nil: there is none.
	TestS3 func(context.Context, S3Settings) error
	// ReadOnly are fields of serverconfig that options have fixed, beside those
	// of the Settings.
	ReadOnly []string
	// Snapshot writes a copy of all that is stored. Nil: there is no way.
	Snapshot func(ctx context.Context, w io.Writer) error
	// SetAdminPassword saves a hash of the administrator's password.
	SetAdminPassword func(ctx context.Context, password string) error
	// Render makes HTML of Markdown that is safe to show, whatever it says.
	// Nil shows the text as it is.
	Render func(string) string
	Parts  Parts
	// BasePath is where the App is mounted, such as "/live". If it is empty
	// that is found out from each request.
	BasePath string
	RTMPAddr func() net.Addr // of the last listener; nil if there is none

	// Origin is where the world sees the pages of the App, such as
	// "https://example.org"; "" if only requests tell.
	Origin string
	// Root returns where the world sees the root of the App, with a slash at
	// the end, as far as the settings or the request tell.
	Root     func(*http.Request) string
	ClientIP func(*http.Request) netip.Addr
	Tokens   *auth.Tokens
	Audit    repository.Audit
	Gate     *Gate // nil lets everybody watch

	Chat  *chat.Server
	Users repository.Users
	// ChatUsers knows users of the site; nil if there are none but those of
	// the chat.
	ChatUsers chatAuthenticator
	// IndieAuth proves who users of the chat are, and Provider who the channel
	// is.
	IndieAuth indieAuthClient
	Provider  indieAuthServer
	Codes     *otp.Codes // those that were sent to accounts of the fediverse
	// FromProxy tells whether a request comes from a proxy that is believed.
	FromProxy func(*http.Request) bool

	Web    http.Handler
	Logger *slog.Logger

	// Federation is nil without that part. Followers and Inbound are there in
	// any case.
	Federation federator
	Followers  repository.Followers
	Inbound    repository.Inbound

	Recordings  recordings
	Thumbnails  Thumbnails
	Placeholder []byte // a JPEG to show where there is no thumbnail

	Assets           assetStore
	Public           fs.FS // below /public/
	CustomJavaScript func(context.Context) (string, error)
	Prometheus       http.Handler // nil: none

	Webhooks      webhookSender
	Schedule      scheduler
	Notifications announcer
	Push          pusher // nil: there is none
}

type api struct {
	Config
	origin   *http.CrossOriginProtection
	appended atomic.Uint32 // records of the audit

	page, offline rendered
}

// New returns the handler for all routes. It expects paths without the base path
// of the App.
func New(c Config) (http.Handler, error) {
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	a := &api{Config: c, origin: http.NewCrossOriginProtection()}
	if c.Origin != "" {
		if err := a.origin.AddTrustedOrigin(c.Origin); err != nil {
			return nil, err
		}
	}
	mux := http.NewServeMux()
	hlsPreflight := preflight("GET, HEAD", "Range, "+cmcdHeaders)
	a.mount(mux)
	for _, at := range []string{"/api", "/api/", "/hls", "/public", "/recordings", "/recordings/"} {
		mux.Handle(at, httpx.Handler(c.Logger, a.notFound))
	}
	mux.Handle("OPTIONS /hls/", httpx.Handler(c.Logger, func(w http.ResponseWriter, r *http.Request) error {
		return hlsPreflight(a, w, r)
	}))
	mux.Handle("/hls/", http.StripPrefix("/hls", c.Audience.Track(c.HLS)))
	if c.Recordings != nil {
		mux.Handle("/recordings/{id}", c.Web) // the page that plays it
		mux.Handle("/recordings/{id}/", http.StripPrefix("/recordings", c.Recordings))
	}
	mux.Handle("/admin/", httpx.Handler(c.Logger, a.adminPage))
	a.mountFederation(mux)
	mux.Handle("/", c.Web)
	return a.gated(a.below(mux)), nil
}

// below keeps the mux from what is of no part that is served, and from
// redirecting to the cleaned form of a path, which would lead out of the path
// that the App is mounted on.
func (a *api) below(mux http.Handler) http.Handler {
	missing := httpx.Handler(a.Logger, a.notFound)
	table := partTable()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := r.URL.Path
		parts, limited := r.Context().Value(partsKey{}).(Part)
		switch {
		case limited && partsOf(table, p)&parts == 0:
			missing.ServeHTTP(w, r)
		case p == "":
			a.Web.ServeHTTP(w, r) // it knows how to add the slash
		case p != path.Clean(p) && p != path.Clean(p)+"/":
			missing.ServeHTTP(w, r)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

func (a *api) notFound(http.ResponseWriter, *http.Request) error { return httpx.ErrNotFound }
