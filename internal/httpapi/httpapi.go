// Package httpapi is the HTTP API: routes, requests, answers. It decides
// nothing; it asks the packages that do.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/stats"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/video"
)

// Authenticator tells who sent a request to the admin API. An error matching
// [httpx.ErrUnauthorized] asks for credentials.
type Authenticator interface {
	Authenticate(r *http.Request) (repository.User, error)
}

// challenger is an Authenticator that asks for credentials in its own way.
type challenger interface {
	Challenge(w http.ResponseWriter, r *http.Request)
}

type statuser interface{ Status() video.Status }

type broadcast interface{ Disconnect() bool }

// Config is what the API is made of. Everything is required but the Ladder,
// without which there is the broadcast as it came alone, and the Logger, the
// Thumbnails and the Placeholder, which are not there if nil.
type Config struct {
	Version   string
	Status    statuser
	Instance  func(context.Context) (Instance, error)
	Broadcast broadcast
	Restream  restreamer
	Admin     Authenticator
	Audience  *stats.Audience
	Ladder    func(context.Context) (video.Ladder, error)
	HLS       http.Handler

	LatencyLevel func(context.Context) (int, error)

	Web    http.Handler
	Logger *slog.Logger

	Thumbnails  Thumbnails
	Placeholder []byte // a JPEG to show where there is no thumbnail
}

type api struct{ Config }

// New returns the handler of every route. It expects paths without the App's
// base path.
func New(c Config) http.Handler {
	a := &api{c}
	mux := http.NewServeMux()
	routes := a.routes()
	for pattern, fn := range routes {
		mux.Handle(pattern, httpx.Handler(c.Logger, fn))
	}
	for at, methods := range methodsOf(routes) {
		fn := wrongMethod(methods)
		if strings.HasPrefix(at, "/api/admin/") {
			fn = a.admin(fn)
		}
		mux.Handle(at, httpx.Handler(c.Logger, fn))
	}
	mux.Handle("/hls/", http.StripPrefix("/hls", c.Audience.Track(c.HLS)))
	mux.Handle("/", c.Web)
	return a.below(mux)
}

// routes are all but those of the page and the media.
func (a *api) routes() map[string]httpx.HandlerFunc {
	return map[string]httpx.HandlerFunc{
		"GET /api/status":         a.status,
		"GET /api/ping":           a.ping,
		"GET /api/video/variants": a.videoVariants,

		"POST /api/metrics/playback": a.metricsPlayback,
		"GET /api/metrics/cmcd":      a.metricsCMCD,
		"POST /api/metrics/cmcd":     a.metricsCMCD,
		"OPTIONS /api/metrics/cmcd":  preflight("GET, POST", "Content-Type, "+cmcdHeaders),

		"GET /api/admin/status":           a.admin(a.adminStatus),
		"POST /api/admin/disconnect":      a.admin(a.adminDisconnect),
		"GET /api/admin/viewers":          a.admin(a.adminViewers),
		"GET /api/admin/viewers/playback": a.admin(a.adminClients),
		"GET /api/admin/viewersOverTime":  a.admin(a.adminViewersOverTime),
		"GET /api/admin/metrics/video":    a.admin(a.adminVideoMetrics),
		"GET /api/admin/restream":         a.admin(a.adminRestream),
		"PUT /api/admin/restream":         a.admin(a.adminSetRestream),

		"GET /thumbnail.jpg": a.thumbnail,
		"GET /preview.gif":   a.preview,

		"OPTIONS /hls/": preflight("GET, HEAD", "Range, "+cmcdHeaders),

		"/api":  a.notFound,
		"/api/": a.notFound,
		"/hls":  a.notFound,
	}
}

// methodsOf returns the methods of each path that has some.
func methodsOf(routes map[string]httpx.HandlerFunc) map[string][]string {
	methods := map[string][]string{}
	for pattern := range routes {
		if method, path, ok := strings.Cut(pattern, " "); ok && path != "/hls/" { // which answers every method
			methods[path] = append(methods[path], method)
			if method == http.MethodGet {
				methods[path] = append(methods[path], http.MethodHead) // as ServeMux has it
			}
		}
	}
	return methods
}

// wrongMethod says which methods there are (RFC 9110 §15.5.6).
func wrongMethod(methods []string) httpx.HandlerFunc {
	slices.Sort(methods)
	allow := strings.Join(methods, ", ")
	return func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Allow", allow)
		return httpx.ErrMethodNotAllowed
	}
}

// below keeps the mux from redirecting to the cleaned form of a path, which
// would lead out of the path that the App is mounted on.
func (a *api) below(mux http.Handler) http.Handler {
	missing := httpx.Handler(a.Logger, a.notFound)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := r.URL.Path
		switch {
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
