package owncast_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/publicsuffix"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/testweb"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

// named is an App that the world knows by a name.
func named(t testing.TB, web *testweb.Web, name string, opts ...owncast.Option) *channel {
	t.Helper()
	c := run(t, append([]owncast.Option{owncast.WithBaseURL("https://" + name), owncast.WithStrangers(web.Reach())}, opts...)...)
	web.Serve(name, c.app.Handler())
	return c
}

// browser is somebody's, on a web of tests.
type browser struct {
	t      testing.TB
	client *http.Client
}

func newBrowser(t testing.TB, web *testweb.Web) *browser {
	t.Helper()
	jar, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		t.Fatal(err)
	}
	client := web.Client(httpx.ClientConfig{})
	client.Jar, client.CheckRedirect = jar, func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{t, client}
}

// do sends a request and returns the answer, and where it leads to.
func (b *browser) do(method, rawURL, body string, header ...string) (code int, text, location string) {
	b.t.Helper()
	res, text := fetch(b.t, b.client, method, rawURL, body, append([]string{"User-Agent", "Mozilla/5.0", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "none"}, header...)...)
	checkAnswer(b.t, res.Request, res.StatusCode, res.Header, text)
	if to, err := res.Location(); err == nil {
		location = to.String()
	}
	return res.StatusCode, text, location
}

// begin asks a channel how to prove to be at a site.
func (b *browser) begin(channel, token, site string) (code int, redirect, message string) {
	b.t.Helper()
	code, text, _ := b.do("POST", channel+"/api/auth/indieauth?accessToken="+url.QueryEscape(token), jsonText(map[string]string{"authHost": site}), "Content-Type", asJSON)
	var answer struct{ Redirect, Error string }
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		b.t.Fatalf("%d %s", code, text)
	}
	return code, answer.Redirect, answer.Error
}

var hiddenRequest = regexp.MustCompile(`name="request" type="hidden" value="([^"]+)"`)

// decide answers the question on a page of the authorization endpoint.
func (b *browser) decide(page, endpoint, decision string) (code int, location string) {
	b.t.Helper()
	found := hiddenRequest.FindStringSubmatch(page)
	if found == nil {
		b.t.Fatalf("no form in %s", page)
	}
	form := url.Values{"request": {html.UnescapeString(found[1])}, "decision": {decision}}
	code, _, location = b.do("POST", endpoint+"/decision", form.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin", "Origin", originOf(b.t, endpoint))
	return code, location
}

func originOf(t testing.TB, rawURL string) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Scheme + "://" + u.Host
}

// user makes one of the chat.
func (c *channel) user(name string) (id, token string) {
	c.t.Helper()
	u, token, err := c.app.Chat().Register(c.t.Context(), name)
	if err != nil {
		c.t.Fatal(err)
	}
	return u.ID, token
}

// TestOneChannelSignsInAtAnother proves with one App that its URL is that of
// somebody who chats at another one, which is below a path.
func TestOneChannelSignsInAtAnother(t *testing.T) {
	web := testweb.New(t, "a.test", "b.test")
	named(t, web, "a.test", owncast.WithAdminPassword("pw"))
	repo := memory.New()
	b := run(t, owncast.WithRepository(repo), owncast.WithBaseURL("https://b.test/live"), owncast.WithStrangers(web.Reach()), owncast.WithAdminPassword("pw"))
	web.Serve("b.test", b.app.Handler())
	id, token := b.user("ann")
	who := newBrowser(t, web)

	code, ask, message := who.begin("https://b.test/live", token, "A.test")
	if code != 200 || !strings.HasPrefix(ask, "https://a.test/api/auth/provider/indieauth?") {
		t.Fatalf("%d %s %s", code, ask, message)
	}
	if code, _, _ := who.do("GET", ask, ""); code != 401 {
		t.Fatalf("a stranger at the authorization endpoint: %d", code)
	}
	code, page, _ := who.do("GET", ask, "", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("admin:pw")), "Sec-Fetch-Site", "cross-site")
	if code != 200 || !strings.Contains(page, "Sign in to b.test?") || !strings.Contains(page, "https://a.test/<") {
		t.Fatalf("%d %s", code, page)
	}
	// The session that the password has begun is enough for the answer.
	code, back := who.decide(page, "https://a.test/api/auth/provider/indieauth", "approve")
	if code != 303 || !strings.HasPrefix(back, "https://b.test/live/api/auth/indieauth/callback?") || !strings.Contains(back, "iss=https%3A%2F%2Fa.test%2F") {
		t.Fatalf("%d %s", code, back)
	}

	other := newBrowser(t, web)
	code, text, home := who.do("GET", back, "", "Sec-Fetch-Site", "cross-site")
	if code != 307 || home != "https://b.test/live/" {
		t.Fatalf("%d %s %s", code, home, text)
	}
	code, text = b.ask("GET", "/api/admin/audit", "pw", "")
	if code != 200 || !strings.Contains(text, "indieauth https://a.test/") || !strings.Contains(text, `"actor":"ann"`) {
		t.Errorf("audit: %d %s", code, text)
	}
	if u, err := repo.Users.UserByIdentity(t.Context(), "indieauth", "https://a.test/"); err != nil || u.ID != id {
		t.Errorf("%+v %v", u, err)
	}
	for name, b := range map[string]*browser{"the same browser": who, "another browser": other} {
		if code, text, _ := b.do("GET", back, ""); code != 400 || !strings.Contains(text, "Unable to complete authentication.") {
			t.Errorf("the same answer again, %s: %d %s", name, code, text)
		}
	}
	_, audit := (&channel{t: t, web: b.web}).ask("GET", "/api/admin/audit", "pw", "")
	if strings.Contains(audit, token) {
		t.Error("the audit has a token")
	}
}

// TestNobodyIsLuredIntoASignIn is somebody who sends another person the
// address that was meant for his own browser.
func TestNobodyIsLuredIntoASignIn(t *testing.T) {
	web := testweb.New(t, "a.test", "b.test")
	named(t, web, "a.test", owncast.WithAdminPassword("pw"))
	repo := memory.New()
	b := named(t, web, "b.test", owncast.WithRepository(repo))
	_, token := b.user("mallory")
	mallory, victim := newBrowser(t, web), newBrowser(t, web)
	_, ask, _ := mallory.begin("https://b.test", token, "a.test")
	_, page, _ := victim.do("GET", ask, "", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("admin:pw")))
	_, back := victim.decide(page, "https://a.test/api/auth/provider/indieauth", "approve")
	if code, text, _ := victim.do("GET", back, ""); code != 400 || !strings.Contains(text, "another browser") {
		t.Errorf("%d %s", code, text)
	}
	if _, err := repo.Users.UserByIdentity(t.Context(), "indieauth", "https://a.test/"); !errors.Is(err, repository.ErrNotFound) {
		t.Error(err)
	}
}

// TestTheChannelAsASiteOfItsOwn is another site that asks who somebody is.
func TestTheChannelAsASiteOfItsOwn(t *testing.T) {
	web := testweb.New(t, "a.test", "client.test")
	a := named(t, web, "a.test", owncast.WithAdminPassword("pw"))
	if _, err := a.app.Settings().UpdateInstance(t.Context(), func(i *owncast.Instance) error { i.Name = "Ann's <channel>"; return nil }); err != nil {
		t.Fatal(err)
	}
	web.Serve("client.test", http.NotFoundHandler())
	const endpoint = "https://a.test/api/auth/provider/indieauth"
	who := newBrowser(t, web)
	res, text := fetch(t, who.client, "GET", "https://a.test/", "")
	for _, want := range []string{`<link rel="indieauth-metadata" href="api/auth/provider/indieauth/metadata" />`, `<link rel="authorization_endpoint" href="api/auth/provider/indieauth" />`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if links := strings.Join(res.Header.Values("Link"), ", "); !strings.Contains(links, `<api/auth/provider/indieauth/metadata>; rel="indieauth-metadata"`) {
		t.Errorf("Link: %s", links)
	}
	code, text, _ := who.do("GET", endpoint+"/metadata", "")
	if code != 200 || !strings.Contains(text, `"issuer":"https://a.test/"`) || !strings.Contains(text, `"authorization_endpoint":"`+endpoint+`"`) {
		t.Errorf("%d %s", code, text)
	}
	if code, text, _ := who.do("GET", "https://a.test/api/config", ""); code != 200 || !strings.Contains(text, `"indieAuthEnabled":true`) {
		t.Errorf("%d %s", code, text)
	}

	const verifier = "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz"
	sum := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {"https://client.test/"}, "redirect_uri": {"https://client.test/back?x=1"}, "state": {"s t"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "scope": {"profile"},
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:pw"))
	asked := func(change func(url.Values)) (int, string, string) {
		t.Helper()
		q := url.Values{}
		for k, v := range query {
			q[k] = v
		}
		if change != nil {
			change(q)
		}
		return who.do("GET", endpoint+"?"+q.Encode(), "", "Authorization", basic)
	}
	code, page, _ := asked(nil)
	if code != 200 {
		t.Fatalf("%d %s", code, page)
	}
	if !strings.Contains(page, `<html lang="en">`) {
		t.Error(page)
	}
	code, page, _ = who.do("GET", endpoint+"?"+query.Encode(), "", "Authorization", basic, "Accept-Language", "de-AT,de;q=0.9,en;q=0.8")
	for _, want := range []string{
		`<html lang="de">`, "<title>Anmelden</title>", "<h1>Bei client.test anmelden?</h1>", `value="approve">Anmelden</button>`, `value="deny">Abbrechen</button>`,
	} {
		if code != 200 || !strings.Contains(page, want) {
			t.Errorf("%d %s", code, page)
		}
	}
	_, text, _ = who.do("GET", endpoint, "", "Authorization", basic, "Accept-Language", "ja")
	if !strings.Contains(text, `<html lang="ja">`) || !strings.Contains(text, `<p lang="en">The site that sent you here does not say who it is.</p>`) {
		t.Error(text)
	}
	code, denied := who.decide(page, endpoint, "deny")
	if code != 303 || denied != "https://client.test/back?error=access_denied&iss=https%3A%2F%2Fa.test%2F&state=s+t&x=1" {
		t.Errorf("%d %s", code, denied)
	}
	if code, _ := who.decide(page, endpoint, "approve"); code != 400 {
		t.Errorf("the same question again: %d", code)
	}
	newCode := func() string {
		t.Helper()
		_, page, _ := asked(nil)
		_, to := who.decide(page, endpoint, "approve")
		u, err := url.Parse(to)
		if err != nil || u.Query().Get("state") != "s t" || u.Query().Get("x") != "1" || u.Query().Get("iss") != "https://a.test/" || u.Query().Get("code") == "" {
			t.Fatalf("%s %v", to, err)
		}
		return u.Query().Get("code")
	}
	redeem := func(change func(url.Values)) (int, string) {
		t.Helper()
		form := url.Values{
			"grant_type": {"authorization_code"}, "code": {newCode()}, "client_id": {"https://client.test/"},
			"redirect_uri": {"https://client.test/back?x=1"}, "code_verifier": {verifier},
		}
		if change != nil {
			change(form)
		}
		server := newBrowser(t, web) // that of the site
		code, text, _ := server.do("POST", endpoint, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		if again, other, _ := server.do("POST", endpoint, form.Encode(), "Content-Type", "application/x-www-form-urlencoded"); again != 400 {
			t.Errorf("the same code again: %d %s", again, other)
		}
		return code, text
	}
	want := `{"me":"https://a.test/","profile":{"name":"Ann's \u003cchannel\u003e","url":"https://a.test/","photo":"https://a.test/logo/external"}}`
	if code, text := redeem(nil); code != 200 || strings.TrimSpace(text) != want {
		t.Errorf("%d %s", code, text)
	}
	for name, change := range map[string]func(url.Values){
		"another client":      func(f url.Values) { f.Set("client_id", "https://evil.test/") },
		"another redirect":    func(f url.Values) { f.Set("redirect_uri", "https://client.test/back") },
		"no verifier":         func(f url.Values) { f.Del("code_verifier") },
		"the challenge of it": func(f url.Values) { f.Set("code_verifier", query.Get("code_challenge")) },
		"another grant":       func(f url.Values) { f.Set("grant_type", "refresh_token") },
		"another code":        func(f url.Values) { f.Set("code", "x") },
	} {
		if code, text := redeem(change); code != 400 && name != "another code" || !strings.Contains(text, `"error":"`) || strings.Contains(text, `"me"`) {
			t.Errorf("%s: %d %s", name, code, text)
		}
	}
	for name, change := range map[string]func(url.Values){
		"no client":              func(q url.Values) { q.Del("client_id") },
		"a client at an address": func(q url.Values) { q.Set("client_id", "https://192.0.2.1/") },
		"a redirect elsewhere":   func(q url.Values) { q.Set("redirect_uri", "https://evil.test/") },
		"a redirect downgraded":  func(q url.Values) { q.Set("redirect_uri", "http://client.test/back") },
		"another port":           func(q url.Values) { q.Set("redirect_uri", "https://client.test:8443/back") },
		"a script":               func(q url.Values) { q.Set("redirect_uri", "javascript:alert(1)") },
		"credentials":            func(q url.Values) { q.Set("redirect_uri", "https://client.test@evil.test/") },
		"no redirect":            func(q url.Values) { q.Del("redirect_uri") },
	} {
		if code, text, to := asked(change); code != 400 || to != "" || strings.Contains(text, "<form") {
			t.Errorf("%s: %d %s", name, code, to)
		}
	}
	for name, change := range map[string]func(url.Values){
		"no PKCE":        func(q url.Values) { q.Del("code_challenge"); q.Del("code_challenge_method") },
		"PKCE in plain":  func(q url.Values) { q.Set("code_challenge_method", "plain") },
		"PKCE of no way": func(q url.Values) { q.Del("code_challenge_method") },
		"no state":       func(q url.Values) { q.Del("state") },
		"a token":        func(q url.Values) { q.Set("response_type", "token") },
	} {
		if code, _, to := asked(change); code != 303 || !strings.HasPrefix(to, "https://client.test/back?error=") || strings.Contains(to, "code=") {
			t.Errorf("%s: %d %s", name, code, to)
		}
	}
	for _, header := range [][]string{
		{"Origin", "https://evil.test", "Sec-Fetch-Site", ""},
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
	} {
		form := url.Values{"request": {"x"}, "decision": {"approve"}}.Encode()
		if code, text, _ := who.do("POST", endpoint+"/decision", form, append(header, "Content-Type", "application/x-www-form-urlencoded")...); code != 403 {
			t.Errorf("a form of another site, %v: %d %s", header, code, text)
		}
	}
}

func TestIndieAuthNeedsAServerURL(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("pw"))
	_, token := c.user("")
	code, text := c.ask("POST", "/api/auth/indieauth?accessToken="+url.QueryEscape(token), "", `{"authHost":"a.example"}`)
	if code != 400 || !strings.Contains(text, "Owncast server URL must be set when using auth") {
		t.Errorf("%d %s", code, text)
	}
	for _, at := range []string{"/metadata", ""} {
		if code, text := c.ask("GET", "/api/auth/provider/indieauth"+at, "pw", ""); code != 404 {
			t.Errorf("%s: %d %s", at, code, text)
		}
	}
	res, page := fetch(t, c.web.Client(), "GET", c.web.URL, "")
	if strings.Contains(page, "indieauth") || len(res.Header.Values("Link")) > 0 {
		t.Error("the page says that it is there")
	}
	if _, text := c.ask("GET", "/api/config", "", ""); !strings.Contains(text, `"indieAuthEnabled":false`) {
		t.Error(text)
	}
}

// TestWhoIsKeptOutCannotProveAnything holds bans of users, of addresses and of
// identities against sign-ins.
func TestWhoIsKeptOutCannotProveAnything(t *testing.T) {
	web := testweb.New(t, "a.test", "b.test")
	named(t, web, "a.test", owncast.WithAdminPassword("pw"))
	b := named(t, web, "b.test", owncast.WithAdminPassword("pw"))
	_, token := b.user("mallory")
	who := newBrowser(t, web)
	_, ask, _ := who.begin("https://b.test", token, "https://a.test/")
	_, page, _ := who.do("GET", ask, "", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("admin:pw")))
	_, back := who.decide(page, "https://a.test/api/auth/provider/indieauth", "approve")
	if code, text := b.ask("POST", "/api/admin/chat/users/identitybans/create", "pw", `{"kind":"indieauth","subject":"https://a.test/"}`); code != 200 {
		t.Fatalf("%d %s", code, text)
	}
	if code, text, _ := who.do("GET", back, ""); code != 403 || !strings.Contains(text, "may not take part") {
		t.Errorf("%d %s", code, text)
	}
}
