package httpapi

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
)

// realm is what browsers and clients of such servers are asked with.
const realm = `Basic realm="Owncast Authenticated Request"`

// challenger is an Authenticator that asks for credentials in its own way.
type challenger interface {
	Challenge(w http.ResponseWriter, r *http.Request)
}

// signer is an Authenticator with sessions of its own, that a password begins.
type signer interface {
	// SignIn returns whose password it is, and the cookie of a new session.
	// One that the request is part of is over.
	SignIn(r *http.Request, password string) (repository.User, *http.Cookie, error)
	// Remember returns the cookie of a new session for a browser that has
	// sent the password itself; nil if there should be none.
	Remember(r *http.Request, u repository.User) (*http.Cookie, error)
	// SignOut ends the session, and returns what removes its cookie.
	SignOut(r *http.Request) *http.Cookie
}

// staff lets those through who have the role or a higher one, and writes down
// what they change.
func (a *api) staff(least repository.Role, next httpx.HandlerFunc) httpx.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := a.checkSite(r); err != nil {
			return err
		}
		user, err := a.Admin.Authenticate(r)
		if err != nil {
			return a.challenge(w, r, err)
		}
		if err := a.remember(w, r, user); err != nil {
			return err
		}
		r = r.WithContext(context.WithValue(r.Context(), userKey{}, user))
		return a.audited(actor{id: user.ID, name: user.DisplayName}, w, r, func(w http.ResponseWriter, r *http.Request) error {
			if user.Role < least {
				return httpx.ErrForbidden
			}
			return next(w, r)
		})
	}
}

// userKey is what a request's context has the user under that staff let in.
type userKey struct{}

// caller is the user that staff let in.
func caller(r *http.Request) repository.User {
	u, _ := r.Context().Value(userKey{}).(repository.User)
	return u
}

// checkSite refuses what another site makes a browser send. Only browsers
// send cookies, and forms of other sites cannot send JSON. What the forms of
// our own send has a secret in it.
func (a *api) checkSite(r *http.Request) error {
	if err := a.origin.Check(r); err != nil {
		return errors.Join(httpx.ErrForbidden, err)
	}
	if !safe(r.Method) && r.Header.Get("Authorization") == "" && r.Header.Get("Cookie") != "" && !isJSON(r) && !isForm(r) {
		return httpx.ErrMediaType
	}
	return nil
}

// safe tells whether a method changes nothing (RFC 9110, section 9.2.1).
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

func isJSON(r *http.Request) bool {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && media == mediaJSON
}

// challenge asks for credentials if that is what err is about. People are
// asked as the Authenticator wants; programs, and scripts of a page, which
// could not follow to a form, with a status.
func (a *api) challenge(w http.ResponseWriter, r *http.Request, err error) error {
	if !errors.Is(err, httpx.ErrUnauthorized) {
		return err
	}
	ch, ok := a.Admin.(challenger)
	switch {
	case ok && navigates(r):
		ch.Challenge(w, r)
		return nil
	case ok, scripted(r):
		w.Header().Set("WWW-Authenticate", `Cookie realm="Owncast"`) // browsers ask nobody
	default:
		w.Header().Set("WWW-Authenticate", realm)
	}
	return err
}

// navigates tells whether somebody wants to see a page.
func navigates(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		(mode == "" || mode == "navigate") && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// scripted tells whether the script of a page in a browser asks. The page has
// its own form; the browser's would be in the way.
func scripted(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	return mode != "" && mode != "navigate"
}

// adminPage serves the page of administrators. Everybody may have it, since
// there is nothing in it; but where the host asks people who they are it does
// so now, and who sends a password with the request is signed in.
func (a *api) adminPage(w http.ResponseWriter, r *http.Request) error {
	ch, asks := a.Admin.(challenger)
	if asks && navigates(r) || r.Header.Get("Authorization") != "" {
		user, err := a.Admin.Authenticate(r)
		switch {
		case err == nil:
			err = a.remember(w, r, user)
		case errors.Is(err, httpx.ErrUnauthorized) && asks && navigates(r):
			ch.Challenge(w, r)
			return nil
		case errors.Is(err, httpx.ErrUnauthorized), errors.Is(err, httpx.ErrNotFound):
			err = nil
		}
		if err != nil {
			return err
		}
	}
	a.Web.ServeHTTP(w, r)
	return nil
}

// remember begins a session for a browser that has just sent a password.
func (a *api) remember(w http.ResponseWriter, r *http.Request, u repository.User) error {
	s, ok := a.Admin.(signer)
	if !ok {
		return nil
	}
	c, err := s.Remember(r, u)
	if c != nil {
		http.SetCookie(w, c)
	}
	return err
}

// token tells whether access is by token.
func (x Access) token() bool { return x.scope() != "" }

// scope is what a token must have for access.
func (x Access) scope() string {
	switch x {
	case TokenSendMessages:
		return auth.ScopeSendMessages
	case TokenSendSystemMessages:
		return auth.ScopeSendSystemMessages
	case TokenAdmin:
		return auth.ScopeAdmin
	default:
		return ""
	}
}

// program lets programs through whose token has the scope, and writes down
// what they change. A browser sends no token by itself, so that pages of every
// site may use theirs.
func (a *api) program(access Access, next httpx.HandlerFunc) httpx.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		tok, err := a.token(r)
		if err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer realm="Owncast"`)
			return err
		}
		for _, scope := range tok.Scopes {
			if scope == access.scope() {
				r = r.WithContext(context.WithValue(r.Context(), programKey{}, tok))
				return a.audited(actor{id: tok.ID, name: tok.Name}, w, r, next)
			}
		}
		// RFC 6750, section 3.1, would have a 403 here; clients of such
		// servers know 401.
		w.Header().Set("WWW-Authenticate", `Bearer realm="Owncast", error="insufficient_scope"`)
		return httpx.ErrUnauthorized
	}
}

// token returns the token that r has (RFC 6750, section 2.1).
func (a *api) token(r *http.Request) (repository.Token, error) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	secret = strings.TrimSpace(secret)
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return repository.Token{}, httpx.ErrUnauthorized
	}
	tok, err := a.Tokens.Authenticate(r.Context(), secret)
	if errors.Is(err, repository.ErrNotFound) {
		return repository.Token{}, httpx.ErrUnauthorized
	}
	return tok, err
}
