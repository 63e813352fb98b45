package indieauth_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/indieauth"
	"github.com/owncast-go/owncast/internal/testweb"
)

const verifier = "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz"

func newServer(t *testing.T, web *testweb.Web) *indieauth.Server {
	t.Helper()
	return indieauth.NewServer(indieauth.ServerConfig{
		Fetch: web.Client(httpx.ClientConfig{Timeout: indieauth.FetchTimeout, MaxBody: indieauth.MaxDocument}),
	})
}

// question is what a site asks.
func question(client, redirect string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	return url.Values{
		"response_type": {"code"}, "client_id": {client}, "redirect_uri": {redirect}, "state": {"s"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
}

// approved lets a site know, and returns the code that it is sent at a URL.
func approved(t *testing.T, s *indieauth.Server, req indieauth.Request, at string) string {
	t.Helper()
	_, location, ok := s.Decide(req.ID, true)
	u, err := url.Parse(location)
	if !ok || err != nil || !strings.HasPrefix(location, at+"?") || u.Query().Get("code") == "" || u.Query().Get("iss") != req.Me {
		t.Fatalf("%q, %v, %v; want one of %s", location, ok, err, at)
	}
	return u.Query().Get("code")
}

// TestASiteThatPublishesWhereItsAnswersGo is section 4.2.2: a redirect_uri of
// another origin than the client's is one that the client's document names,
// wherever that is found in the end.
func TestASiteThatPublishesWhereItsAnswersGo(t *testing.T) {
	const client, app, back = "https://client.test/", "https://www.client.test/app", "https://app.test/back"
	web := testweb.New(t, "client.test", "www.client.test", "evil.test")
	var page, moved http.HandlerFunc
	asked := 0
	web.Serve("client.test", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		page(w, r)
	}))
	web.Serve("www.client.test", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { moved(w, r) }))
	metadata := func(id string, redirects ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			_ = json.NewEncoder(w).Encode(map[string]any{"client_id": id, "redirect_uris": redirects})
		}
	}
	header := func(value string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", value)
			html("")(w, r)
		}
	}
	status := func(code int, h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(code)
			h(w, r)
		}
	}
	link := html(`<link rel="redirect_uri" href="https://other.test/x"><link rel="redirect_uri" href="` + back + `">`)
	for name, tt := range map[string]struct {
		page, moved http.HandlerFunc
		redirect    string // "" is back
		refused     bool
	}{
		"in a link":                      {page: link},
		"in a header":                    {page: header("<" + back + `>; rel="redirect_uri"`)},
		"in metadata":                    {page: metadata(client, "https://other.test/", back)},
		"in a link, redirected":          {page: redirect(app), moved: link},
		"in a header, redirected":        {page: redirect(app), moved: header("<" + back + ">; rel=redirect_uri")},
		"in metadata, redirected":        {page: redirect(app), moved: metadata(client, back)},
		"relative to where it is":        {page: redirect(app), moved: html(`<link rel="redirect_uri" href="back?x">`), redirect: "https://www.client.test/back?x"},
		"in other capitals":              {page: html(`<link rel="redirect_uri" href="https://APP.test/back">`)},
		"not relative to the client":     {page: redirect(app), moved: html(`<link rel="redirect_uri" href="back?x">`), redirect: "https://app.test/back?x", refused: true},
		"nothing":                        {page: html(""), refused: true},
		"another path":                   {page: link, redirect: back + "/", refused: true},
		"another query":                  {page: link, redirect: back + "?x", refused: true},
		"a link of another relation":     {page: html(`<link rel="icon" href="` + back + `">`), refused: true},
		"metadata of another":            {page: metadata("https://evil.test/", back), refused: true},
		"metadata of another redirected": {page: redirect("https://www.client.test/"), moved: metadata("https://www.client.test/", back), refused: true},
		"redirected to http":             {page: redirect("http://www.client.test/"), moved: link, refused: true},
		"redirected home":                {page: redirect("https://127.0.0.1/"), refused: true},
		"redirected for ever":            {page: redirect("/"), refused: true},
		"an error":                       {page: status(500, link), refused: true},
		"an error, redirected":           {page: redirect(app), moved: status(404, link), refused: true},
		"too much":                       {page: html("<p>" + strings.Repeat("a<b>", indieauth.MaxDocument/3) + `<link rel="redirect_uri" href="` + back + `">`), refused: true},
		"a bomb":                         {page: bomb, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, web)
			page, moved = tt.page, tt.moved
			to := tt.redirect
			if to == "" {
				to = back
			}
			req, err := s.Ask(t.Context(), question(client, to), "https://ours.test/")
			if tt.refused {
				refusal(t, err)
				if req.ID != "" {
					t.Errorf("%+v", req)
				}
				return
			}
			if err != nil || req.RedirectURI != to {
				t.Fatalf("%+v, %v", req, err)
			}
			before, _, _ := strings.Cut(to, "?")
			form := url.Values{"code": {approved(t, s, req, before)}, "client_id": {client}, "redirect_uri": {to}, "code_verifier": {verifier}}
			if me, err := s.Redeem(form); err != nil || me != "https://ours.test/" {
				t.Errorf("%q, %v", me, err)
			}
		})
	}
	// Nothing is fetched for what is the client's own, or cannot be anybody's.
	asked = 0
	page = link
	s := newServer(t, web)
	if _, err := s.Ask(t.Context(), question(client, client+"back"), "https://ours.test/"); err != nil {
		t.Error(err)
	}
	for _, q := range []url.Values{question(client, "http://app.test/back"), question("http://localhost/", back), question(client, "javascript:alert(1)")} {
		_, err := s.Ask(t.Context(), q, "https://ours.test/")
		refusal(t, err)
	}
	if asked > 0 {
		t.Errorf("%d requests", asked)
	}
}
