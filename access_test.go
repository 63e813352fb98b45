package owncast_test

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

// login signs in and returns what to send as the header Cookie.
func (c *channel) login(password string, header ...string) (cookie *http.Cookie) {
	c.t.Helper()
	body, err := json.Marshal(map[string]string{"password": password})
	if err != nil {
		c.t.Fatal(err)
	}
	code, h, text := c.exchange("POST", "/api/admin/login", "", string(body), append(header, "Content-Type", "application/json")...)
	if code != 200 {
		c.t.Fatalf("login: %d %s", code, text)
	}
	return setCookie(c.t, h)
}

func setCookie(t testing.TB, h http.Header) *http.Cookie {
	t.Helper()
	cookies := (&http.Response{Header: h}).Cookies()
	if len(cookies) != 1 {
		t.Fatalf("Set-Cookie: %q", h["Set-Cookie"])
	}
	return cookies[0]
}

const asJSON = "application/json"

func TestAnAdministratorSignsInForACookie(t *testing.T) {
	c := run(t)
	set := func(password string) {
		if err := c.app.Settings().SetAdminPassword(t.Context(), password); err != nil {
			t.Fatal(err)
		}
	}
	if code, body := c.ask("POST", "/api/admin/login", "", `{"password":"x"}`); code != 404 {
		t.Errorf("login without a password to compare with: %d %s", code, body)
	}
	set("right")
	for body, want := range map[string]int{`{"password":"wrong"}`: 401, `{}`: 400, `{"password":""}`: 401, `{"password":3}`: 400} {
		code, h, _ := c.exchange("POST", "/api/admin/login", "", body)
		if code != want || h.Get("Set-Cookie") != "" {
			t.Errorf("login with %s: %d, Set-Cookie %q; want %d", body, code, h.Get("Set-Cookie"), want)
		}
	}
	cookie := c.login("right")
	if cookie.Name != "owncast_admin_session" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Secure ||
		cookie.Path != "/" || cookie.MaxAge != 8*3600 || len(cookie.Value) < 43 {
		t.Errorf("cookie %s", cookie)
	}
	in := func(cookie *http.Cookie) bool {
		code, body := c.ask("GET", "/api/admin/session", "", "", "Cookie", cookie.Name+"="+cookie.Value)
		if code == 200 && !strings.Contains(body, `"role":"admin"`) {
			t.Errorf("session: %s", body)
		}
		return code == 200
	}
	if !in(cookie) {
		t.Error("the cookie is not taken")
	}
	another := c.login("right")
	code, h, _ := c.exchange("POST", "/api/admin/logout", "", "", "Cookie", cookie.Name+"="+cookie.Value, "Content-Type", asJSON)
	if gone := setCookie(t, h); code != 200 || gone.MaxAge >= 0 || gone.Path != "/" || in(cookie) || !in(another) {
		t.Errorf("logout: %d %s", code, gone)
	}
	set("another")
	if in(another) {
		t.Error("a session goes on with another password")
	}
}

func TestABrowserWithBasicGetsASessionToo(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"))
	_, h, _ := c.exchange("GET", "/api/admin/status", "p", "")
	if h.Get("Set-Cookie") != "" {
		t.Error("a program got a cookie")
	}
	_, h, _ = c.exchange("GET", "/api/admin/status", "p", "", "Sec-Fetch-Site", "same-origin")
	cookie := setCookie(t, h)
	code, h, _ := c.exchange("GET", "/api/admin/status", "p", "", "Sec-Fetch-Site", "same-origin", "Cookie", cookie.Name+"="+cookie.Value)
	if code != 200 || h.Get("Set-Cookie") != "" {
		t.Errorf("%d, Set-Cookie %q with a session", code, h.Get("Set-Cookie"))
	}
	if code, _ := c.ask("GET", "/api/admin/status", "", "", "Cookie", cookie.Name+"="+cookie.Value); code != 200 {
		t.Errorf("the session alone: %d", code)
	}
}

func TestTheCookieIsForTheAppAndForTLSWhereThereIsTLS(t *testing.T) {
	local := netip.MustParsePrefix("127.0.0.0/8")
	for name, tt := range map[string]struct {
		opts         []owncast.Option
		mount, proto string
		path         string
		secure       bool
	}{
		"at the root":         {path: "/"},
		"by its base URL":     {opts: []owncast.Option{owncast.WithBaseURL("http://example.org/a/b")}, mount: "/a/b", path: "/a/b"},
		"by a host's strip":   {mount: "/c", path: "/c"},
		"a stranger's TLS":    {proto: "https", path: "/"},
		"a proxy's TLS":       {opts: []owncast.Option{owncast.WithTrustedProxies(local)}, proto: "https", path: "/", secure: true},
		"a proxy without TLS": {opts: []owncast.Option{owncast.WithTrustedProxies(local)}, proto: "http", path: "/"},
	} {
		t.Run(name, func(t *testing.T) {
			c := run(t, append(tt.opts, owncast.WithAdminPassword("p"))...)
			mux := http.NewServeMux()
			mux.Handle("/a/b/", c.app.Handler())
			mux.Handle("/c/", http.StripPrefix("/c", c.app.Handler()))
			mux.Handle("/", c.app.Handler())
			c.web.Config.Handler = mux
			code, h, body := c.exchange("POST", tt.mount+"/api/admin/login", "", `{"password":"p"}`,
				"Content-Type", asJSON, "X-Forwarded-Proto", tt.proto)
			if code != 200 {
				t.Fatalf("%d %s", code, body)
			}
			if cookie := setCookie(t, h); cookie.Path != tt.path || cookie.Secure != tt.secure {
				t.Errorf("cookie %s, want path %s and Secure %v", cookie, tt.path, tt.secure)
			}
		})
	}
}

func TestOnlyPagesAreChallenged(t *testing.T) {
	c := run(t, owncast.WithAuthenticator(door{}))
	page := []string{"Accept", "text/html,*/*;q=0.8"}
	for name, tt := range map[string]struct {
		method string
		header []string
		code   int
	}{
		"a navigation":             {"GET", append([]string{"Sec-Fetch-Mode", "navigate"}, page...), 302},
		"an old browser":           {"GET", page, 302},
		"a script that wants HTML": {"GET", append([]string{"Sec-Fetch-Mode", "cors"}, page...), 401},
		"a script":                 {"GET", []string{"Accept", "*/*"}, 401},
		"a form":                   {"POST", page, 401},
	} {
		path := "/api/admin/status"
		if tt.method == "POST" {
			path = "/api/admin/disconnect"
		}
		r, err := http.NewRequestWithContext(t.Context(), tt.method, c.web.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(tt.header); i += 2 {
			r.Header.Set(tt.header[i], tt.header[i+1])
		}
		res, err := c.web.Client().Transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != tt.code || tt.code == 401 && !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Cookie ") {
			t.Errorf("%s: %d %q, want %d", name, res.StatusCode, res.Header.Get("WWW-Authenticate"), tt.code)
		}
	}
	if code, _ := c.ask("POST", "/api/admin/login", "", `{"password":"x"}`); code != 404 {
		t.Errorf("login where the host knows the users: %d", code)
	}
}

// door knows nobody and shows everybody to a page.
type door struct{}

func (door) Authenticate(*http.Request) (owncast.User, error) {
	return owncast.User{}, owncast.ErrUnauthorized
}

func (door) Challenge(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/login", http.StatusFound)
}

func TestEveryChangeIsWrittenDown(t *testing.T) {
	repo := memory.New()
	c := run(t, someUsers(), owncast.WithRepository(repo))
	c.ask("GET", "/api/admin/status", "", "", "X-User", "admin")
	c.ask("POST", "/api/admin/disconnect", "", "", "X-User", "nobody")
	c.ask("POST", "/api/admin/disconnect", "", "", "X-User", "admin")
	c.ask("POST", "/api/admin/disconnect", "", "", "X-User", "moderator")
	c.ask("PUT", "/api/admin/restream", "", `{"outputs":[{"name":"planted-secret"}]}`, "X-User", "admin")
	_, body := c.ask("POST", "/api/admin/accesstokens/create", "", `{"name":"bot","scopes":["HAS_ADMIN_ACCESS"]}`, "X-User", "admin")
	var tok struct{ ID, AccessToken string }
	if err := json.Unmarshal([]byte(body), &tok); err != nil {
		t.Fatal(err)
	}
	c.ask("POST", "/api/integrations/streamtitle", "", `{"value":"planted-secret"}`, "Authorization", "Bearer "+tok.AccessToken)
	want := []repository.AuditRecord{
		{ActorID: tok.ID, Actor: "bot", Action: "POST /api/integrations/streamtitle", Target: "/api/integrations/streamtitle", Detail: "200 from 127.0.0.1"},
		{ActorID: "admin", Action: "POST /api/admin/accesstokens/create", Target: "token " + tok.ID, Detail: "200 from 127.0.0.1"},
		{ActorID: "admin", Action: "PUT /api/admin/restream", Target: "/api/admin/restream", Detail: "400 from 127.0.0.1"},
		{ActorID: "moderator", Action: "POST /api/admin/disconnect", Target: "/api/admin/disconnect", Detail: "403 from 127.0.0.1"},
		{ActorID: "admin", Action: "POST /api/admin/disconnect", Target: "/api/admin/disconnect", Detail: "400 from 127.0.0.1"},
	}
	got, err := repo.Audit.AuditRecords(t.Context(), repository.AuditQuery{})
	if err != nil || len(got) != len(want) {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, r := range got {
		if r.At.IsZero() || r.Seq == 0 {
			t.Errorf("record %+v", r)
		}
		r.Seq, r.At = 0, want[i].At
		if r != want[i] {
			t.Errorf("record %d is %+v, want %+v", i, r, want[i])
		}
	}
	var page struct {
		Results []struct{ ID uint64 }
		Next    *uint64
	}
	var seen []uint64
	for query := "?limit=2"; ; {
		page.Next = nil
		_, body := c.ask("GET", "/api/admin/audit"+query, "", "", "X-User", "admin")
		if err := json.Unmarshal([]byte(body), &page); err != nil || len(page.Results) > 2 || strings.Contains(body, "planted") {
			t.Fatalf("%s: %v", body, err)
		}
		for _, r := range page.Results {
			seen = append(seen, r.ID)
		}
		if page.Next == nil {
			break
		}
		query = "?limit=2&before=" + jsonText(*page.Next)
	}
	if len(seen) != 5 || seen[0] != got[0].Seq || seen[4] != got[4].Seq {
		t.Errorf("the pages have %v", seen)
	}
	for _, query := range []string{"?limit=0", "?limit=-1", "?limit=x", "?before=x"} {
		if code, _ := c.ask("GET", "/api/admin/audit"+query, "", "", "X-User", "admin"); code != 400 {
			t.Errorf("%s: %d", query, code)
		}
	}
	if code, _ := c.ask("GET", "/api/admin/audit?limit=99999999", "", "", "X-User", "admin"); code != 200 {
		t.Error("a large limit is an error")
	}
}

func jsonText(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
