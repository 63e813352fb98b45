package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository"
)

const (
	sessionCookie = "session"
	stateCookie   = "oidc_state"
	sessionTime   = 8 * time.Hour
	loginTime     = 10 * time.Minute
	maxSessions   = 10_000
)

// settings are what is known of the provider beforehand.
type settings struct {
	Issuer, ClientID, ClientSecret string
	BaseURL                        string   // of this server
	Admins                         []string // verified e-mail addresses
}

// provider knows those who have signed in with an OpenID provider.
type provider struct {
	settings settings
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
	client   *http.Client // for requests to the provider

	mu       sync.Mutex
	sessions map[string]session // by the secret in the cookie
}

type session struct {
	user    owncast.User
	expires time.Time
}

// discover asks the provider for its endpoints; its keys are fetched when
// there is something to verify.
func discover(ctx context.Context, s settings) (*provider, error) {
	client := &http.Client{Timeout: 10 * time.Second}
	op, err := oidc.NewProvider(oidc.ClientContext(ctx, client), s.Issuer)
	if err != nil {
		return nil, err
	}
	return &provider{
		settings: s,
		oauth: oauth2.Config{
			ClientID: s.ClientID, ClientSecret: s.ClientSecret, Endpoint: op.Endpoint(),
			RedirectURL: s.BaseURL + "/oidc/callback", Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
		},
		client:   client,
		verifier: op.Verifier(&oidc.Config{ClientID: s.ClientID}),
		sessions: map[string]session{},
	}, nil
}

func (p *provider) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /oidc/login", p.login)
	mux.HandleFunc("GET /oidc/callback", p.callback)
}

// Authenticate makes provider an owncast.Authenticator.
func (p *provider) Authenticate(r *http.Request) (owncast.User, error) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return owncast.User{}, owncast.ErrUnauthorized
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok := p.sessions[c.Value]
	if !ok || time.Now().After(s.expires) {
		delete(p.sessions, c.Value)
		return owncast.User{}, owncast.ErrUnauthorized
	}
	return s.user, nil
}

// Challenge makes provider an owncast.Challenger.
func (p *provider) Challenge(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, p.settings.BaseURL+"/oidc/login", http.StatusFound)
}

// login sends the browser to the provider. State and nonce bind the answer to
// this browser and this login, and the verifier the code to this server
// (RFC 7636). The browser keeps them, so that the server keeps nothing.
func (p *provider) login(w http.ResponseWriter, r *http.Request) {
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	p.setCookie(w, stateCookie, state+"."+nonce+"."+verifier, loginTime)
	http.Redirect(w, r, p.oauth.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), http.StatusFound)
}

// callback is where the provider sends the browser back to.
func (p *provider) callback(w http.ResponseWriter, r *http.Request) {
	user, err := p.user(r)
	if err != nil {
		// What is wrong is for the operator; a stranger could have sent this.
		http.Error(w, "the sign-in did not work", http.StatusForbidden)
		return
	}
	p.setCookie(w, stateCookie, "", -time.Second)
	p.setCookie(w, sessionCookie, p.begin(user), sessionTime)
	http.Redirect(w, r, p.settings.BaseURL+"/", http.StatusFound)
}

// user returns who the provider says has signed in.
func (p *provider) user(r *http.Request) (owncast.User, error) {
	c, err := r.Cookie(stateCookie)
	if err != nil {
		return owncast.User{}, err
	}
	parts := strings.Split(c.Value, ".")
	if len(parts) != 3 || parts[0] == "" || r.FormValue("state") != parts[0] {
		return owncast.User{}, errors.New("an answer to another login")
	}
	ctx := oidc.ClientContext(r.Context(), p.client)
	token, err := p.oauth.Exchange(ctx, r.FormValue("code"), oauth2.VerifierOption(parts[2]))
	if err != nil {
		return owncast.User{}, err
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return owncast.User{}, errors.New("the provider sent no ID token")
	}
	id, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return owncast.User{}, err
	}
	if id.Nonce != parts[1] {
		return owncast.User{}, errors.New("an ID token of another login")
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
		Name     string `json:"name"`
	}
	if err := id.Claims(&claims); err != nil {
		return owncast.User{}, err
	}
	// The subject names a person for good; a name or an address does not.
	u := owncast.User{ID: "oidc:" + id.Subject, DisplayName: claims.Name}
	if claims.Verified && claims.Email != "" && slices.Contains(p.settings.Admins, claims.Email) {
		u.Role = repository.RoleAdmin
	}
	return u, nil
}

// begin signs u in and returns the secret that proves it.
func (p *provider) begin(u owncast.User) string {
	secret := rand.Text()
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, s := range p.sessions {
		if now.After(s.expires) || len(p.sessions) >= maxSessions {
			delete(p.sessions, key)
		}
	}
	p.sessions[secret] = session{user: u, expires: now.Add(sessionTime)}
	return secret
}

func (p *provider) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(life.Seconds()), HttpOnly: true,
		Secure: strings.HasPrefix(p.settings.BaseURL, "https://"), SameSite: http.SameSiteLaxMode,
	})
}

var (
	_ owncast.Authenticator = (*provider)(nil)
	_ owncast.Challenger    = (*provider)(nil)
)
