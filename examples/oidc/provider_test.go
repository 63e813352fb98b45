package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository/memory"
)

// issuer is an OpenID provider where everybody is signed in already: with
// discovery, keys, codes for one use, and PKCE.
type issuer struct {
	t    *testing.T
	srv  *httptest.Server
	key  *rsa.PrivateKey
	sign *rsa.PrivateKey // the key that tokens are signed with

	mu     sync.Mutex
	codes  map[string]url.Values // what was asked for, by code
	claims map[string]any        // instead of what they would be
	change func(token string) string
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key, sign: key, codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.json(w, map[string]any{
			"issuer": i.srv.URL, "authorization_endpoint": i.srv.URL + "/auth", "token_endpoint": i.srv.URL + "/token",
			"jwks_uri": i.srv.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		i.json(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /auth", i.auth)
	mux.HandleFunc("POST /token", i.token)
	i.srv = httptest.NewServer(mux)
	t.Cleanup(i.srv.Close)
	return i
}

func (i *issuer) json(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		i.t.Error(err)
	}
}

func (i *issuer) auth(w http.ResponseWriter, r *http.Request) {
	q, code := r.URL.Query(), rand.Text()
	if q.Get("code_challenge_method") != "S256" || !strings.Contains(q.Get("scope"), "openid") || q.Get("client_id") != "owncast" {
		http.Error(w, "invalid_request", http.StatusBadRequest)
		return
	}
	i.mu.Lock()
	i.codes[code] = q
	i.mu.Unlock()
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	q, known := i.codes[r.FormValue("code")]
	delete(i.codes, r.FormValue("code"))
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	id, secret, _ := r.BasicAuth()
	if !known || id != "owncast" || secret != "s3cret" || base64.RawURLEncoding.EncodeToString(sum[:]) != q.Get("code_challenge") {
		w.WriteHeader(http.StatusBadRequest)
		i.json(w, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{
		"iss": i.srv.URL, "sub": "42", "aud": "owncast", "nonce": q.Get("nonce"), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
		"email": "alice@example.org", "email_verified": true, "name": "Alice",
	}
	for name, v := range i.claims {
		claims[name] = v
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: i.sign, KeyID: "1"}}, nil)
	if err != nil {
		i.t.Error(err)
		return
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		i.t.Error(err)
		return
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		i.t.Error(err)
		return
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		i.t.Error(err)
		return
	}
	if i.change != nil {
		token = i.change(token)
	}
	i.json(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": token})
}

// site is an App whose administrators come from the issuer.
func site(t *testing.T, i *issuer) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	p, err := discover(t.Context(), settings{
		Issuer: i.srv.URL, ClientID: "owncast", ClientSecret: "s3cret", BaseURL: srv.URL, Admins: []string{"alice@example.org"},
	})
	if err != nil {
		t.Fatal(err)
	}
	app, err := owncast.New(owncast.WithAuthenticator(p), owncast.WithRepository(memory.New()), owncast.WithDataDir(t.TempDir()),
		owncast.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := app.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	p.routes(mux)
	mux.Handle("/", app.Handler())
	return srv
}

func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

func get(t *testing.T, c *http.Client, rawURL, accept string) (int, string, *url.URL) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, rawURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b), res.Request.URL
}

func TestAnAdministratorComesFromTheProvider(t *testing.T) {
	srv := site(t, newIssuer(t))
	c := browser(t)
	if code, _, _ := get(t, c, srv.URL+"/api/admin/session", "application/json"); code != http.StatusUnauthorized {
		t.Errorf("a script before the sign-in: %d", code)
	}
	// A person is led to the provider and back.
	if code, _, at := get(t, c, srv.URL+"/api/admin/session", "text/html"); code != http.StatusOK || at.Path != "/" {
		t.Errorf("the sign-in ends at %s with %d", at, code)
	}
	code, body, _ := get(t, c, srv.URL+"/api/admin/session", "application/json")
	if code != http.StatusOK || !strings.Contains(body, `"id":"oidc:42","displayName":"Alice","role":"admin"`) {
		t.Errorf("after it: %d %s", code, body)
	}
}

func TestWhoIsNoAdministratorIsForbidden(t *testing.T) {
	for name, claims := range map[string]map[string]any{
		"somebody else":         {"email": "bob@example.org"},
		"an address not proved": {"email_verified": false},
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			i.claims = claims
			srv, c := site(t, i), browser(t)
			get(t, c, srv.URL+"/oidc/login", "text/html")
			if code, _, _ := get(t, c, srv.URL+"/api/admin/status", "application/json"); code != http.StatusForbidden {
				t.Errorf("%d, want 403", code)
			}
		})
	}
}

func TestTokensThatProveNothingAreRefused(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, set := range map[string]func(*issuer){
		"of another key":    func(i *issuer) { i.sign = other },
		"for another site":  func(i *issuer) { i.claims = map[string]any{"aud": "other"} },
		"of another issuer": func(i *issuer) { i.claims = map[string]any{"iss": "https://evil.example"} },
		"too old":           func(i *issuer) { i.claims = map[string]any{"exp": time.Now().Add(-time.Hour).Unix()} },
		"of another login":  func(i *issuer) { i.claims = map[string]any{"nonce": "x"} },
		"without a key": func(i *issuer) {
			i.change = func(token string) string {
				parts := strings.Split(token, ".")
				return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			set(i)
			srv, c := site(t, i), browser(t)
			if code, body, _ := get(t, c, srv.URL+"/oidc/login", "text/html"); code != http.StatusForbidden || strings.Contains(body, "token") {
				t.Errorf("%d %s, want 403", code, body)
			}
			if code, _, _ := get(t, c, srv.URL+"/api/admin/status", "application/json"); code != http.StatusUnauthorized {
				t.Errorf("status: %d, want 401", code)
			}
		})
	}
}

func TestAnAnswerNobodyAskedForIsRefused(t *testing.T) {
	i := newIssuer(t)
	srv, c := site(t, i), browser(t)
	for _, query := range []string{"", "?state=&code=x", "?state=x&code=x"} {
		if code, _, _ := get(t, c, srv.URL+"/oidc/callback"+query, "text/html"); code != http.StatusForbidden {
			t.Errorf("%q: %d", query, code)
		}
	}
}
