package owncast

import (
	"cmp"
	"context"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/internal/httpapi"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
)

// sessionCookie is what clients of such servers know it as.
const sessionCookie = "owncast_admin_session"

// session returns the administrator whose cookie r has.
func (a *admin) session(r *http.Request) (User, error) {
	proof, err := a.proof(r.Context())
	if err != nil {
		return User{}, err
	}
	// There may be one for each path above this one; the others are those of
	// other Apps.
	for _, c := range r.CookiesNamed(sessionCookie) {
		if u, ok := a.sessions.User(c.Value, proof); ok {
			return u, nil
		}
	}
	return User{}, ErrUnauthorized
}

// proof changes with the password. Without one there is no admin API, which
// is the error then.
func (a *admin) proof(ctx context.Context) (repository.Hash, error) {
	if p := a.settings.cfg.adminPassword; p != nil {
		return repository.HashSecret(*p), nil
	}
	hash, err := a.settings.adminHash(ctx)
	if err == nil && hash == "" {
		err = httpx.ErrNotFound
	}
	return repository.HashSecret(hash), err
}

// SignIn begins a session for who knows the password. The cookie is always a
// new one, whatever the browser had: nobody can have put one there that he
// knows.
func (a *admin) SignIn(r *http.Request, password string) (User, *http.Cookie, error) {
	// What the session hangs on is read first: a password that changes in
	// between ends it.
	proof, err := a.proof(r.Context())
	if err != nil {
		return User{}, nil, err
	}
	u, err := a.check(r, password, true)
	if err != nil {
		return User{}, nil, err
	}
	a.end(r)
	return u, a.cookie(r, a.sessions.Begin(u, proof)), nil
}

// Remember begins a session for a browser that has sent the password by
// itself, unless it has one. Only browsers tell from where they fetch.
func (a *admin) Remember(r *http.Request, u User) (*http.Cookie, error) {
	if _, _, ok := r.BasicAuth(); !ok || r.Header.Get("Sec-Fetch-Site") == "" {
		return nil, nil
	}
	if _, err := a.session(r); err == nil {
		return nil, nil
	}
	proof, err := a.proof(r.Context())
	if err != nil {
		return nil, err
	}
	return a.cookie(r, a.sessions.Begin(u, proof)), nil
}

// SignOut ends the session that r is part of.
func (a *admin) SignOut(r *http.Request) *http.Cookie {
	a.end(r)
	c := a.cookie(r, "")
	c.MaxAge = -1
	return c
}

func (a *admin) end(r *http.Request) {
	for _, c := range r.CookiesNamed(sessionCookie) {
		a.sessions.End(c.Value)
	}
}

// cookie goes to the App alone, and neither to scripts nor, but for links, to
// it from pages of other sites.
func (a *admin) cookie(r *http.Request, secret string) *http.Cookie {
	return &http.Cookie{
		Name: sessionCookie, Value: secret, Path: cmp.Or(a.base, httpx.Mount(r), "/"),
		MaxAge: int(auth.SessionLifetime.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: httpx.IsHTTPS(r, a.trusted),
	}
}

// serveBehind makes the handler of the API, with what knows who may do what.
func (p *parts) serveBehind(ctx context.Context, c config, api httpapi.Config) (err error) {
	api.Origin = origin(c.base)
	api.ClientIP = func(r *http.Request) netip.Addr { return httpx.ClientIP(r, c.trusted) }
	api.FromProxy = func(r *http.Request) bool { return httpx.FromTrusted(r, c.trusted) }
	api.Tokens, api.Audit = auth.NewTokens(p.repo.Tokens, nil), p.repo.Audit
	if api.Gate, err = viewerGate(ctx, c, p.settings); err != nil {
		return err
	}
	p.handler, err = httpapi.New(api)
	return err
}

// origin is that of a base URL; "" if there is none.
func origin(base *url.URL) string {
	if base.Host == "" {
		return ""
	}
	return base.Scheme + "://" + base.Host
}
