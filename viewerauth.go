package owncast

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/internal/httpapi"
	"github.com/owncast-go/owncast/internal/httpx"
)

// ViewerAuthorizer decides who may watch. It is asked with every request of a
// viewer: for the page, the status, playlists, segments, thumbnails. So it
// must be quick, and neither read a file nor ask another server. It returns
// nil to let the viewer in, an error matching [ErrUnauthorized] for one who is
// not known, who is then handed to its ChallengeViewer method if it is a
// [ViewerChallenger], and one matching [ErrForbidden] for others. It is called
// from many goroutines at once and must not read the body.
type ViewerAuthorizer interface {
	AuthorizeViewer(r *http.Request) error
}

// ViewerAuthorizerFunc lets a function be a ViewerAuthorizer.
type ViewerAuthorizerFunc func(r *http.Request) error

// AuthorizeViewer calls f.
func (f ViewerAuthorizerFunc) AuthorizeViewer(r *http.Request) error { return f(r) }

// ViewerChallenger is an optional interface of ViewerAuthorizers that can ask
// for credentials, for example by redirecting to a login page. ChallengeViewer
// answers a request for a page; requests of players and scripts are answered
// with 401.
type ViewerChallenger interface {
	ChallengeViewer(w http.ResponseWriter, r *http.Request)
}

// WithViewerAuth lets those watch that a lets in, and those of
// [WithViewerPassphrase] and [WithViewerLinks]. The default lets everybody
// watch.
//
// With any of the three, everything refuses strangers but robots.txt, the
// form for the passphrase, and the routes of administrators and programs,
// which have credentials of their own. Answers are then for the viewer's own
// cache alone. What a [Storage] serves by itself, as one with public URLs
// does, is not guarded.
func WithViewerAuth(a ViewerAuthorizer) Option {
	return func(c *config) error {
		c.viewers.authorizer = a
		return notNil("WithViewerAuth", a == nil)
	}
}

// viewerRules are who may watch: everybody, if there are none.
type viewerRules struct {
	authorizer ViewerAuthorizer // may be nil
	passphrase string           // may be empty
	keys       []auth.ViewerKey // for links
}

// any tells whether there are rules.
func (r viewerRules) any() bool { return r.authorizer != nil || r.passphrase != "" || r.keys != nil }

// viewerSession is how long a passphrase is good for.
const viewerSession = 7 * 24 * time.Hour

// WithViewerPassphrase lets those watch who know a passphrase, besides others:
// see [WithViewerAuth]. A form asks for it, slower with every failure. Who
// knew it can watch for a week, until the passphrase changes.
func WithViewerPassphrase(passphrase string) Option {
	return func(c *config) error {
		c.viewers.passphrase = passphrase
		if passphrase == "" {
			return option("WithViewerPassphrase", errors.New("empty"))
		}
		return nil
	}
}

// viewerLinks is the purpose of the keys for links.
const viewerLinks = "links"

// WithViewerLinks lets those watch who have a link that was signed with key,
// besides others: see [WithViewerAuth]. The key is of at least 32 random bytes
// and should be for one App alone. [SignViewerURL] makes such links.
func WithViewerLinks(key []byte) Option {
	return func(c *config) error {
		k, err := auth.NewViewerKey(key, viewerLinks)
		c.viewers.keys = []auth.ViewerKey{k}
		return option("WithViewerLinks", err)
	}
}

// SignViewerURL adds a token to the URL of the page of an App, or of its
// playlist hls/stream.m3u8, that lets whoever has the URL watch until expires.
// key is that of [WithViewerLinks]. id, of letters, digits, - and _, 64 at the
// most, says for whom the link is; it may be empty, and is not secret.
//
// A browser gets the token as a cookie. A player is sent on to URLs with the
// token in their path, so that it needs no cookies; pages of other sites can
// play those as well.
func SignViewerURL(key []byte, rawURL, id string, expires time.Time) (string, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "", err
	}
	k, err := auth.NewViewerKey(key, viewerLinks)
	if err != nil {
		return "", err
	}
	token, err := k.Token(id, expires)
	if err != nil {
		return "", err
	}
	query := u.Query()
	query.Set("token", token)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// viewerGate is what keeps strangers out; nil if everybody may watch.
func viewerGate(ctx context.Context, c config, s *settingsSource) (*httpapi.Gate, error) {
	if !c.viewers.any() {
		return nil, nil
	}
	g := &httpapi.Gate{Authorizer: c.viewers.authorizer, Keys: c.viewers.keys}
	base := strings.TrimSuffix(c.base.Path, "/")
	g.Cookie = func(r *http.Request, token string, expires time.Time) *http.Cookie {
		return &http.Cookie{
			Name: httpapi.ViewerCookie, Value: token, Path: cmp.Or(base, httpx.Mount(r), "/"), Expires: expires,
			HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: httpx.IsHTTPS(r, c.trusted),
		}
	}
	if c.viewers.passphrase == "" {
		return g, nil
	}
	secret, err := auth.Viewers().Update(ctx, s.store, (*auth.ViewerSecret).Fill)
	if err != nil {
		return nil, err
	}
	want := sha256.Sum256([]byte(c.viewers.passphrase))
	key, err := auth.NewViewerKey(secret.Secret, "passphrase "+string(want[:])) // another passphrase, another key
	if err != nil {
		return nil, err
	}
	g.Keys = append([]auth.ViewerKey{key}, g.Keys...)
	g.SignIn = passphraseCheck(c, want, key)
	return g, nil
}

// passphraseCheck returns what makes a token for who knows the passphrase.
func passphraseCheck(c config, want [sha256.Size]byte, key auth.ViewerKey) func(*http.Request, string) (string, error) {
	attempts := auth.NewAttempts(nil)
	return func(r *http.Request, given string) (string, error) {
		ok, err := attempts.Try(r.Context(), httpx.ClientIP(r, c.trusted), func(context.Context) (bool, error) {
			got := sha256.Sum256([]byte(given))
			return subtle.ConstantTimeCompare(got[:], want[:]) == 1, nil
		})
		if many := new(auth.TooManyAttemptsError); errors.As(err, &many) {
			return "", httpx.TooManyRequests(many.RetryAfter)
		}
		if err != nil {
			return "", err
		}
		if !ok {
			return "", ErrUnauthorized
		}
		return key.Token("", time.Now().Add(viewerSession))
	}
}
