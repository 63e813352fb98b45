package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/internal/httpx"
)

// Gate decides who may watch: whoever the Authorizer lets in, has a token made
// with one of the Keys, or knows the passphrase. It is consulted for every
// request and must not block.
type Gate struct {
	Authorizer viewerAuthorizer // nil lets nobody in
	Keys       []auth.ViewerKey
	// SignIn returns a token for whoever knows the passphrase. Otherwise the
	// error matches [httpx.ErrUnauthorized]. Nil means that there is no
	// passphrase.
	SignIn func(r *http.Request, passphrase string) (token string, err error)
	// Cookie returns the cookie that holds a token.
	Cookie func(r *http.Request, token string, expires time.Time) *http.Cookie
}

type viewerAuthorizer interface {
	AuthorizeViewer(r *http.Request) error
}

// viewerChallenger is a viewerAuthorizer that asks for credentials in its own
// way.
type viewerChallenger interface {
	ChallengeViewer(w http.ResponseWriter, r *http.Request)
}

// ViewerCookie is the name of the cookie that holds a viewer's token.
const ViewerCookie = "owncast_viewer"

const (
	gateLogin  = "/viewer/login"
	gateTokens = "/t/"   // a token and the path of media follow
	gateQuery  = "token" // parameter of a URL
)

// gated keeps strangers from next.
func (a *api) gated(next http.Handler) http.Handler {
	if a.Gate == nil {
		return next
	}
	g := &gate{Gate: *a.Gate, api: a, next: next}
	all, withToken := httpx.Handler(a.Logger, g.serve), httpx.Handler(a.Logger, g.byPath)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rest, ok := strings.CutPrefix(r.URL.Path, gateTokens); ok {
			withToken.ServeHTTP(w, cutToken(r, rest)) // logs have the path that is left
			return
		}
		all.ServeHTTP(w, r)
	})
}

// tokenKey is what a request's context has the token under that was in its
// path.
type tokenKey struct{}

// cutToken returns r as one for what follows the token that rest begins with.
func cutToken(r *http.Request, rest string) *http.Request {
	token, rest, _ := strings.Cut(rest, "/")
	r = r.WithContext(context.WithValue(r.Context(), tokenKey{}, token))
	u := *r.URL
	u.Path, u.RawPath = "/"+rest, ""
	r.URL = &u
	return r
}

type gate struct {
	Gate
	api  *api
	next http.Handler
}

func (g *gate) serve(w http.ResponseWriter, r *http.Request) error {
	p := r.URL.Path
	switch {
	case g.SignIn != nil && p == gateLogin:
		return g.login(w, r)
	case public(r):
		g.next.ServeHTTP(w, r)
		return nil
	}
	if token := r.URL.Query().Get(gateQuery); token != "" {
		if expires, ok := g.check(token); ok {
			return g.byQuery(w, r, token, expires)
		}
	}
	if err := g.authorize(r); err != nil {
		return g.refuse(w, r, err)
	}
	g.pass(w, r)
	return nil
}

// public tells whether anybody may ask for something: what has a guard of its
// own, as the federation has, and what says nothing about the stream. Everything else is kept from
// strangers without being named here: the page and its embeds, playlists,
// segments, thumbnails, the WebSocket of the chat, the status, and routes that
// are added later. What is added here needs a line in the list of
// TestStrangersGetNothing.
func public(r *http.Request) bool {
	p := r.URL.Path
	return r.Method == http.MethodOptions || p == "" || p == "/robots.txt" || p == "/api/health" || federated(p) ||
		p == "/admin" || strings.HasPrefix(p, "/admin/") || strings.HasPrefix(p, "/assets/") || strings.HasPrefix(p, "/api/admin/") || strings.HasPrefix(p, "/api/integrations/") ||
		p == providerPath || strings.HasPrefix(p, providerPath+"/")
}

// pass lets r through. Nobody else may keep the answer.
func (g *gate) pass(w http.ResponseWriter, r *http.Request) {
	g.next.ServeHTTP(&private{ResponseWriter: w}, r)
}

// check tells whether token is good, and until when.
func (g *gate) check(token string) (expires time.Time, ok bool) {
	now := time.Now()
	for _, k := range g.Keys {
		if expires, ok = k.Check(token, now); ok {
			return expires, true
		}
	}
	return time.Time{}, false
}

// authorize returns nil for who has a cookie or is let in by the Authorizer.
func (g *gate) authorize(r *http.Request) error {
	if len(g.Keys) > 0 {
		for _, c := range r.CookiesNamed(ViewerCookie) {
			if _, ok := g.check(c.Value); ok {
				return nil
			}
		}
	}
	if g.Authorizer == nil {
		return httpx.ErrUnauthorized
	}
	return g.Authorizer.AuthorizeViewer(r)
}

// byPath serves /t/<token>/hls/…, for players without cookies: the relative
// URLs of playlists lead to the same token, so that playlists are the same for
// everybody.
func (g *gate) byPath(w http.ResponseWriter, r *http.Request) error {
	if !media(r.URL.Path) {
		return httpx.ErrNotFound
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	token, _ := r.Context().Value(tokenKey{}).(string)
	if _, ok := g.check(token); !ok && r.Method != http.MethodOptions {
		return g.unauthorized(w, r, httpx.ErrUnauthorized)
	}
	g.pass(w, r)
	return nil
}

// media tells whether a path is one that players and pages of others use.
func media(p string) bool {
	return strings.HasPrefix(p, "/hls/") || strings.HasPrefix(p, "/recordings/") || p == "/thumbnail.jpg" || p == "/preview.gif"
}

// byQuery moves the token of ?token= to where it stays: a page's to a cookie,
// and a player's to the path. Pages in frames of other sites, where browsers
// keep no cookies of ours, send it on by themselves.
func (g *gate) byQuery(w http.ResponseWriter, r *http.Request, token string, expires time.Time) error {
	p := r.URL.Path
	query := r.URL.Query()
	query.Del(gateQuery)
	location := ""
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		g.pass(w, r)
		return nil
	case navigates(r) && strings.HasPrefix(p, "/embed/"):
		g.pass(w, r)
		return nil
	case navigates(r):
		http.SetCookie(w, g.Cookie(r, token, expires))
		location = "./"
		if !strings.HasSuffix(p, "/") {
			location += url.PathEscape(path.Base(p))
		}
	case p == "/":
		location = "." + gateTokens + token + "/hls/stream.m3u8"
	case media(p):
		location = up(p) + strings.TrimPrefix(gateTokens, "/") + token + (&url.URL{Path: p}).EscapedPath()
	default:
		g.pass(w, r)
		return nil
	}
	if len(query) > 0 {
		location += "?" + query.Encode()
	}
	h := w.Header()
	h.Set("Location", location)
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Referrer-Policy", "no-referrer")
	httpx.NoCache(h)
	w.WriteHeader(http.StatusFound)
	return nil
}

// up leads from a path to the root of the App, wherever that is mounted.
func up(p string) string { return strings.Repeat("../", strings.Count(p, "/")-1) }

// refuse asks people for what they need, and tells programs that they do.
func (g *gate) refuse(w http.ResponseWriter, r *http.Request, err error) error {
	if !errors.Is(err, httpx.ErrUnauthorized) {
		return err
	}
	ch, ok := g.Authorizer.(viewerChallenger)
	switch {
	case navigates(r) && ok:
		httpx.NoCache(w.Header())
		ch.ChallengeViewer(w, r)
		return nil
	case navigates(r) && g.SignIn != nil:
		return g.form(w, r, strings.TrimPrefix(r.URL.RequestURI(), "/"), "")
	default:
		return g.unauthorized(w, r, err)
	}
}

func (g *gate) unauthorized(w http.ResponseWriter, r *http.Request, err error) error {
	w.Header().Set("WWW-Authenticate", `Cookie realm="Owncast"`)
	if media(r.URL.Path) {
		w.Header().Set("Access-Control-Allow-Origin", "*") // for scripts to know what is wrong
	}
	return err
}

// private keeps answers out of caches that several people share.
type private struct {
	http.ResponseWriter
	begun bool
}

func (w *private) begin() {
	if w.begun {
		return
	}
	w.begun = true
	h := w.Header()
	h["Cache-Control"] = []string{privately(h.Get("Cache-Control"))} // what is there may be shared
	h.Add("Vary", "Cookie")
}

// privately is a value of Cache-Control without what is for shared caches.
func privately(directives string) string {
	kept := []string{"private"}
	for d := range strings.SplitSeq(directives, ",") {
		d = strings.TrimSpace(d)
		name, _, _ := strings.Cut(strings.ToLower(d), "=")
		if name != "" && name != "public" && name != "private" && name != "s-maxage" {
			kept = append(kept, d)
		}
	}
	return strings.Join(kept, ", ")
}

// WriteHeader is for informational answers too.
func (w *private) WriteHeader(status int) {
	if status >= http.StatusOK {
		w.begin()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *private) Write(p []byte) (int, error) {
	w.begin()
	return w.ResponseWriter.Write(p)
}

// FlushError is for http.ResponseController.
func (w *private) FlushError() error {
	w.begin()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (w *private) Unwrap() http.ResponseWriter { return w.ResponseWriter }
