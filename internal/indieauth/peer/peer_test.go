package peer

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	peer "github.com/hacdias/indieauth/v2"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/indieauth"
	"github.com/owncast-go/owncast/internal/testweb"
)

// provider is a site of somebody whose provider is the peer's. It agrees to
// everything.
type provider struct {
	server *peer.Server
	root   string

	mu    sync.Mutex
	codes map[string]*peer.AuthenticationRequest
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/meta":
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(peer.Metadata{
			Issuer: p.root, AuthorizationEndpoint: p.root + "auth", TokenEndpoint: p.root + "token",
			CodeChallengeMethodsSupported: peer.CodeChallengeMethods, AuthorizationResponseIssParameterSupported: true,
		})
	case r.URL.Path == "/auth" && r.Method == http.MethodGet:
		p.authorize(w, r)
	case r.URL.Path == "/auth":
		p.redeem(w, r)
	default:
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><link rel="indieauth-metadata" href="/meta"><link rel="authorization_endpoint" href="/auth">`)
	}
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	req, err := p.server.ParseAuthorization(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	code := fmt.Sprint("code-", len(p.codes))
	p.codes[code] = req
	q := url.Values{"code": {code}, "state": {req.State}, "iss": {p.root}}
	http.Redirect(w, r, req.RedirectURI+"?"+q.Encode(), http.StatusFound)
}

func (p *provider) redeem(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	req := p.codes[r.FormValue("code")]
	delete(p.codes, r.FormValue("code"))
	w.Header().Set("Content-Type", "application/json")
	if req == nil {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return
	}
	if err := p.server.ValidateTokenExchange(req, r); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_request", "error_description": err.Error()})
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"me": p.root, "profile": map[string]string{"name": "Me"}})
}

// browser follows no redirect.
func browser(web *testweb.Web) *http.Client {
	c := web.Client(httpx.ClientConfig{})
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

func TestOurClientSignsInAtThePeer(t *testing.T) {
	web := testweb.New(t, "me.test")
	web.Serve("me.test", &provider{server: peer.NewServer(true, nil), root: "https://me.test/", codes: map[string]*peer.AuthenticationRequest{}})
	c := indieauth.NewClient(indieauth.ClientConfig{Fetch: web.Client(httpx.ClientConfig{}), Post: web.Client(httpx.ClientConfig{MaxRedirects: -1})})
	started, err := c.Begin(t.Context(), indieauth.Start{
		Profile: "me.test", ClientID: "https://ours.test/", RedirectURI: "https://ours.test/api/auth/indieauth/callback", User: "u", Token: "t",
	})
	if err != nil {
		t.Fatal(err)
	}
	res, err := browser(web).Get(started.Redirect)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	back, err := res.Location()
	if err != nil || back.Host != "ours.test" {
		t.Fatalf("%d, %v, %v", res.StatusCode, back, err)
	}
	q := back.Query()
	proof, err := c.Finish(t.Context(), indieauth.Callback{State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss"), Browser: started.Browser})
	if err != nil || proof.Profile != "https://me.test/" {
		t.Errorf("%+v, %v", proof, err)
	}
}

func TestThePeersClientSignsInAtOurs(t *testing.T) {
	const root, endpoint = "https://ours.test/live/", "https://ours.test/live/auth"
	web := testweb.New(t, "ours.test")
	s := indieauth.NewServer(indieauth.ServerConfig{Fetch: web.Client(httpx.ClientConfig{})})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /live/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<link rel="indieauth-metadata" href="auth/metadata"><link rel="authorization_endpoint" href="auth">`)
	})
	mux.HandleFunc("GET /live/auth/metadata", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(indieauth.Describe(root, endpoint))
	})
	mux.HandleFunc("POST /live/auth", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		me, err := s.Redeem(r.PostForm)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"me": me, "profile": map[string]string{"name": "Channel"}})
	})
	web.Serve("ours.test", mux)

	c := peer.NewClient("https://client.test/", "https://client.test/back", web.Client(httpx.ClientConfig{}))
	info, ask, err := c.Authenticate(root, "profile")
	if err != nil || !strings.HasPrefix(ask, endpoint+"?") || info.Issuer != root {
		t.Fatalf("%+v, %s, %v", info, ask, err)
	}
	u, err := url.Parse(ask)
	if err != nil {
		t.Fatal(err)
	}
	req, err := s.Ask(t.Context(), u.Query(), root)
	if err != nil || req.ClientID != "https://client.test/" {
		t.Fatalf("%+v, %v", req, err)
	}
	_, location, ok := s.Decide(req.ID, true)
	code, err := c.ValidateCallback(info, httptest.NewRequest(http.MethodGet, location, nil))
	if !ok || err != nil {
		t.Fatal(location, err)
	}
	profile, err := c.FetchProfile(info, code)
	if err != nil || profile.Me != root || profile.Profile.Name != "Channel" {
		t.Errorf("%+v, %v", profile, err)
	}
	if _, err := c.FetchProfile(info, code); err == nil {
		t.Error("a code is good twice")
	}

	info, ask, err = c.Authenticate(root, "profile")
	if err != nil {
		t.Fatal(err)
	}
	if u, err = url.Parse(ask); err != nil {
		t.Fatal(err)
	}
	if req, err = s.Ask(t.Context(), u.Query(), root); err != nil {
		t.Fatal(err)
	}
	if _, location, _ = s.Decide(req.ID, false); !strings.Contains(location, "error=access_denied") {
		t.Error(location)
	}
	if _, err := c.ValidateCallback(info, httptest.NewRequest(http.MethodGet, location, nil)); !errors.Is(err, peer.ErrCodeNotFound) {
		t.Error(err)
	}
}
