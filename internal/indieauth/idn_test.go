package indieauth_test

import (
	"net/url"
	"testing"

	"github.com/owncast-go/owncast/internal/testweb"
)

// TestASiteOfAnotherScriptIsProved has a name that everybody writes as he
// likes, and that proves one URL.
func TestASiteOfAnotherScriptIsProved(t *testing.T) {
	const host, proved = "xn--mnchen-3ya.test", "https://xn--mnchen-3ya.test/"
	web := testweb.New(t, host, "me.test")
	s := serve(t, web, host)
	serve(t, web, "me.test").page = redirect("https://münchen.test/")
	c := newClient(t, web)
	meta := func(issuer string) func() {
		return func() { s.withMetadata(func(m map[string]any) { m["issuer"] = issuer }) }
	}
	for name, tt := range map[string]struct {
		typed, me, iss string
		metadata       func()
	}{
		"in capitals":        {typed: "MÜNCHEN.test", me: "https://münchen.test"},
		"decomposed":         {typed: "https://mu\u0308nchen.test/", me: proved},
		"in ASCII":           {typed: "xn--mnchen-3ya.test", me: "https://MÜNCHEN.test/"},
		"an issuer":          {typed: "münchen.test", me: proved, iss: "https://münchen.test/"},
		"metadata":           {typed: "münchen.test", me: proved, iss: proved, metadata: meta(proved)},
		"metadata like that": {typed: "münchen.test", me: proved, iss: "https://münchen.test/", metadata: meta("https://münchen.test/")},
		"redirected":         {typed: "me.test", me: "https://münchen.test/"},
	} {
		t.Run(name, func(t *testing.T) {
			s.mu.Lock()
			s.t, s.metadata, s.me, s.page = t, nil, tt.me, html(`<link rel="authorization_endpoint" href="https://MÜNCHEN.test/auth">`)
			s.mu.Unlock()
			if tt.metadata != nil {
				tt.metadata()
			}
			st, err := c.Begin(t.Context(), withUser(start(tt.typed), name))
			if err != nil {
				t.Fatal(err)
			}
			if u, err := url.Parse(st.Redirect); err != nil || u.Host != host || u.Path != "/auth" || tt.typed != "me.test" && u.Query().Get("me") != proved {
				t.Fatalf("%s, %v", st.Redirect, err)
			}
			code, _ := s.approve(st.Redirect)
			if p, err := c.Finish(t.Context(), back(st, code, tt.iss)); err != nil || p.Profile != proved {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
	// Another name that looks like it is another one.
	s.mu.Lock()
	s.me = "https://münchеn.test/" // with a Cyrillic letter
	s.mu.Unlock()
	st, err := c.Begin(t.Context(), withUser(start("münchen.test"), "another"))
	if err != nil {
		t.Fatal(err)
	}
	code, _ := s.approve(st.Redirect)
	p, err := c.Finish(t.Context(), back(st, code, ""))
	if refusal(t, err) == "" || p.Profile == proved {
		t.Errorf("%+v", p)
	}
}

// TestAClientOfAnotherScript is one whose client_id and redirect_uri are
// written in different ways, and whose answer goes to a URL in ASCII.
func TestAClientOfAnotherScript(t *testing.T) {
	web := testweb.New(t, "xn--mnchen-3ya.test")
	s := newServer(t, web)
	for _, redirect := range []string{"https://münchen.test/back", "https://MÜNCHEN.test/back", "https://xn--mnchen-3ya.test/back"} {
		q := question("https://münchen.test/", redirect)
		req, err := s.Ask(t.Context(), q, "https://ours.test/")
		if err != nil || req.ClientID != "https://xn--mnchen-3ya.test/" || req.RedirectURI != "https://xn--mnchen-3ya.test/back" {
			t.Fatalf("%+v, %v", req, err)
		}
		code := approved(t, s, req, "https://xn--mnchen-3ya.test/back")
		// The code is redeemed with what was sent.
		form := url.Values{"code": {code}, "client_id": {"https://münchen.test/"}, "redirect_uri": {redirect}, "code_verifier": {verifier}}
		if me, err := s.Redeem(form); err != nil || me != "https://ours.test/" {
			t.Errorf("%q, %v", me, err)
		}
	}
	for _, redirect := range []string{"https://münchеn.test/back", "https://munchen.test/back", "https://ü.münchen.test/back", "https://℀.test/back"} {
		_, err := s.Ask(t.Context(), question("https://münchen.test/", redirect), "https://ours.test/")
		refusal(t, err)
	}
	_, err := s.Ask(t.Context(), question("https://℀.test/", "https://℀.test/"), "https://ours.test/")
	refusal(t, err)
}
