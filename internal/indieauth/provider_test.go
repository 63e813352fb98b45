package indieauth_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/indieauth"
	"github.com/owncast-go/owncast/internal/testweb"
)

// site is somebody's, which says by its fields what it is to answer.
type site struct {
	t    *testing.T
	name string

	mu       sync.Mutex
	page     http.HandlerFunc  // at /
	metadata map[string]any    // at /meta; nil is not found
	me       string            // of the answer to a code
	answer   func() (int, any) // to a code that is right; nil is me
	codes    map[string]url.Values
	asked    []string // paths
}

// serve gives a web a site that does everything right, without metadata.
func serve(t *testing.T, web *testweb.Web, name string) *site {
	t.Helper()
	s := &site{t: t, name: name, me: "https://" + name + "/", codes: map[string]url.Values{}}
	s.page = html(`<!doctype html><link rel="authorization_endpoint" href="/auth?keep=1">`)
	web.Serve(name, s)
	return s
}

// withMetadata makes a site publish some.
func (s *site) withMetadata(change func(map[string]any)) *site {
	root := "https://" + s.name + "/"
	m := map[string]any{
		"issuer": root, "authorization_endpoint": root + "auth", "code_challenge_methods_supported": []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
	}
	if change != nil {
		change(m)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.metadata = m
	s.page = html(`<!doctype html><html><head><link href=/meta rel="x IndieAuth-Metadata"><link rel="authorization_endpoint" href="https://elsewhere.test/auth">`)
	return s
}

func html(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, text)
	}
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.Method+" "+r.URL.Path)
	switch {
	case r.URL.Path == "/meta" && s.metadata != nil:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.metadata)
	case r.URL.Path == "/auth" && r.Method == http.MethodPost:
		s.redeem(w, r)
	case r.URL.Path == "/":
		s.page(w, r)
	default:
		http.NotFound(w, r)
	}
}

// approve is what the owner of the site does with a request: it returns the
// code.
func (s *site) approve(redirect string) (code, state string) {
	s.t.Helper()
	u, err := url.Parse(redirect)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	code = fmt.Sprintf("code-%d", len(s.codes))
	s.codes[code] = u.Query()
	return code, u.Query().Get("state")
}

// redeem is as strict as a provider may be.
func (s *site) redeem(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	req, ok := s.codes[r.PostForm.Get("code")]
	delete(s.codes, r.PostForm.Get("code"))
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	status, body := 200, any(map[string]any{"me": s.me, "profile": map[string]string{"name": "x"}})
	switch {
	case !ok, r.PostForm.Get("grant_type") != "authorization_code", r.PostForm.Get("client_id") != req.Get("client_id"),
		r.PostForm.Get("redirect_uri") != req.Get("redirect_uri"), req.Get("code_challenge_method") != "S256",
		base64.RawURLEncoding.EncodeToString(sum[:]) != req.Get("code_challenge"):
		status, body = 400, map[string]string{"error": "invalid_grant"}
	case s.answer != nil:
		status, body = s.answer()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// requests are how often a site was asked for anything.
func (s *site) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

func newClient(t *testing.T, web *testweb.Web) *indieauth.Client {
	t.Helper()
	return indieauth.NewClient(indieauth.ClientConfig{
		Fetch: web.Client(httpx.ClientConfig{Timeout: indieauth.FetchTimeout, MaxBody: indieauth.MaxDocument}),
		Post:  web.Client(httpx.ClientConfig{Timeout: indieauth.FetchTimeout, MaxBody: indieauth.MaxDocument, MaxRedirects: -1}),
	})
}

func start(profile string) indieauth.Start {
	return indieauth.Start{
		Profile: profile, ClientID: "https://ours.test/", RedirectURI: "https://ours.test/back", User: "u", Token: "t",
	}
}
