package owncast_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/internal/httpapi"
	"github.com/owncast-go/owncast/repository/memory"
)

// TestAttacksFromOtherSites tries what a page of another site can make the
// browser of an administrator send to every route that changes something.
func TestAttacksFromOtherSites(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithBaseURL("https://live.example"), owncast.WithRepository(memory.New()))
	cookie := c.login("p")
	credentials := map[string][]string{
		"cookie": {"Cookie", cookie.Name + "=" + cookie.Value},
		"basic":  {"Authorization", "Basic YWRtaW46cA=="},
	}
	for name, attack := range map[string]struct {
		header []string
		code   int
		cookie bool // refused with a cookie alone
	}{
		"fetch from another site": {[]string{"Sec-Fetch-Site", "cross-site", "Content-Type", asJSON}, 403, false},
		"from a sister site":      {[]string{"Sec-Fetch-Site", "same-site", "Content-Type", asJSON}, 403, false},
		"an old browser":          {[]string{"Origin", "https://evil.example", "Content-Type", asJSON}, 403, false},
		"a sandboxed frame":       {[]string{"Origin", "null", "Content-Type", asJSON}, 403, false},
		"TLS stripped":            {[]string{"Origin", "http://live.example", "Content-Type", asJSON}, 403, false},
		"another port":            {[]string{"Origin", "https://live.example:8443", "Content-Type", asJSON}, 403, false},
		"a name that begins so":   {[]string{"Origin", "https://live.example.evil.example", "Content-Type", asJSON}, 403, false},
		"text/plain":              {[]string{"Content-Type", "text/plain"}, 415, true},
		"text/plain with JSON":    {[]string{"Content-Type", "text/plain; application/json"}, 415, true},
		"a form":                  {[]string{"Content-Type", "application/x-www-form-urlencoded"}, 415, true},
		"a form with files":       {[]string{"Content-Type", "multipart/form-data; boundary=x"}, 415, true},
		"a beacon":                {nil, 415, true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, rt := range httpapi.Routes() {
				if rt.Method == "GET" || rt.Access != httpapi.Admin && rt.Path != "/api/admin/login" && rt.Path != "/api/admin/logout" {
					continue
				}
				for kind, credential := range credentials {
					if attack.cookie && kind != "cookie" {
						continue
					}
					code, h, body := c.exchange(rt.Method, concrete(rt), "", "{}", append(attack.header, credential...)...)
					want := attack.code
					if rt.Form() && name == "a form" {
						want = 400 // it lacks the secret of the page
					}
					if code != want || !isError(body) || h.Get("Access-Control-Allow-Origin") != "" {
						t.Errorf("%s %s, with %s: %d %s, want %d", rt.Method, rt.Path, kind, code, body, want)
					}
				}
			}
		})
	}
	t.Run("reading", func(t *testing.T) {
		for _, rt := range httpapi.Routes() {
			_, h, _ := c.exchange(rt.Method, concrete(rt), "", "", "Origin", "https://evil.example", "Cookie", cookie.Name+"="+cookie.Value)
			if h.Get("Access-Control-Allow-Credentials") != "" || rt.Access == httpapi.Admin && h.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s %s: another site may read %v", rt.Method, rt.Path, h)
			}
			_, h, _ = c.exchange("OPTIONS", concrete(rt), "", "", "Origin", "https://evil.example", "Access-Control-Request-Method", rt.Method)
			if h.Get("Access-Control-Allow-Credentials") != "" || rt.Access == httpapi.Admin && h.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s %s: another site may ask: %v", rt.Method, rt.Path, h)
			}
		}
	})
	t.Run("its own page is let in", func(t *testing.T) {
		for name, header := range map[string][]string{
			"its own page":         {"Sec-Fetch-Site", "same-origin", "Origin", c.web.URL},
			"its page at the base": {"Origin", "https://live.example"},
			"a program":            nil,
		} {
			code, body := c.ask("POST", "/api/admin/disconnect", "", "", append(append(header, "Content-Type", asJSON), credentials["cookie"]...)...)
			if code != 400 || !strings.Contains(body, "no inbound stream") {
				t.Errorf("%s: %d %s", name, code, body)
			}
		}
	})
}

// TestAttackByAPlantedSession tries to have an administrator sign in to a
// session that the attacker knows (fixation).
func TestAttackByAPlantedSession(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("right"))
	in := func(cookie *http.Cookie) bool {
		code, _ := c.ask("GET", "/api/admin/session", "", "", "Cookie", cookie.Name+"="+cookie.Value)
		return code == 200
	}
	attackers := c.login("right")
	for name, tt := range map[string]struct{ planted, sent string }{
		"a secret of the attacker's choice": {"planted", attackers.Name + "=planted"},
		"nothing":                           {"", attackers.Name + "="},
		"two of them":                       {"second", attackers.Name + "=first; " + attackers.Name + "=second"},
		"a session that the attacker has":   {attackers.Value, attackers.Name + "=" + attackers.Value},
	} {
		t.Run(name, func(t *testing.T) {
			cookie := c.login("right", "Cookie", tt.sent)
			if cookie.Value == tt.planted || len(cookie.Value) < 43 || !in(cookie) {
				t.Errorf("the cookie is %q", cookie.Value)
			}
			if in(&http.Cookie{Name: attackers.Name, Value: tt.planted}) {
				t.Error("the planted one is good")
			}
		})
	}
	t.Run("what a wrong password leaves", func(t *testing.T) {
		code, h, _ := c.exchange("POST", "/api/admin/login", "", `{"password":"wrong"}`, "Content-Type", asJSON, "Cookie", attackers.Name+"=planted")
		if code != 401 || h.Get("Set-Cookie") != "" || in(&http.Cookie{Name: attackers.Name, Value: "planted"}) {
			t.Errorf("%d, Set-Cookie %q", code, h.Get("Set-Cookie"))
		}
	})
}
