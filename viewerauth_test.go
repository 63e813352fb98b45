package owncast_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/internal/httpapi"
)

func linkKey() []byte { return bytes.Repeat([]byte{7}, 32) }

func link(t testing.TB, rawURL string, life time.Duration) string {
	t.Helper()
	s, err := owncast.SignViewerURL(linkKey(), rawURL, "alice", time.Now().Add(life))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// visitor keeps cookies and follows redirects, as a browser does if it has a
// jar and a player if not.
func visitor(t testing.TB, c *channel, withJar bool) *http.Client {
	client := &http.Client{Transport: c.web.Client().Transport}
	if withJar {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		client.Jar = jar
	}
	return client
}

func fetch(t testing.TB, client *http.Client, method, rawURL, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, rawURL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

// TestStrangersGetNothing tries every route and everything else that an App
// serves, as somebody who is not let in. What is public is listed here.
func TestStrangersGetNothing(t *testing.T) {
	c := run(t, owncast.WithViewerPassphrase("open sesame"), owncast.WithViewerLinks(linkKey()), owncast.WithAdminPassword("p"), owncast.WithLatencyLevel(0))
	client := burst(t, c.rtmp, "live", "k", 5)
	defer client.Close()
	token := tokenOf(t, link(t, "/", time.Hour))
	(&channel{t: t, web: c.web}).await("/t/"+token+"/hls/0/stream.m3u8", "#EXTINF")
	public := map[string]int{
		"GET /api/health": 200,
		"GET /robots.txt": 200, "GET /admin/": 200, "GET /admin/x": 200, "GET /assets/x.js": 404, "GET /viewer/login": 200, "POST /viewer/login": 401,
		"POST /api/auth/provider/indieauth": 415, "GET /api/auth/provider/indieauth/metadata": 404, "OPTIONS /hls/0/stream.m3u8": 204,
	}
	type ask struct{ method, path string }
	asks := []ask{
		{"GET", "/"},
		{"HEAD", "/"},
		{"GET", "/index.html"},
		{"GET", "/assets/x.js"},
		{"GET", "/embed/video"},
		{"GET", "/nothing"},
		{"GET", "/ws"},
		{"GET", "/api/config"},
		{"GET", "/api"},
		{"GET", "/viewer"},
		{"GET", "/viewer/"},
		{"GET", "/hls/stream.m3u8"},
		{"GET", "/recordings/x/stream.m3u8"},
		{"GET", "/hls/0/stream.m3u8"},
		{"HEAD", "/hls/0/stream.m3u8"},
		{"GET", "/hls/0/stream.m3u8?_HLS_msn=0"},
		{"GET", "/hls/0/init.mp4"},
		{"POST", "/hls/"},
		{"GET", "/t/" + token[:len(token)-1] + "/hls/stream.m3u8"},
		{"GET", "/t//hls/stream.m3u8"},
		{"GET", "/hls/stream.m3u8?token=" + token[1:]},
		{"GET", "/api/admin/../status"},
		{"GET", "/api/admin/%2e%2e/status"},
		{"GET", "/api%2fadmin/%2e%2e%2fstatus"},
	}
	for _, rt := range httpapi.Routes() {
		if rt.Method != "OPTIONS" {
			asks = append(asks, ask{rt.Method, concrete(rt)})
		}
	}
	for p := range public {
		method, path, _ := strings.Cut(p, " ")
		asks = append(asks, ask{method, path})
	}
	for _, q := range asks {
		code, h, body := c.exchange(q.method, q.path, "", "{}", "Content-Type", asJSON)
		want := []int{401}
		switch {
		case public[q.method+" "+q.path] != 0:
			want = []int{public[q.method+" "+q.path]}
		case strings.Contains(q.path, "..") || strings.Contains(q.path, "%2e"):
			want = []int{401, 404}
		case strings.HasSuffix(q.path, "/logout"):
			want = []int{200} // nobody is signed out
		case strings.HasSuffix(q.path, "/login") && strings.HasPrefix(q.path, "/api/"):
			want = []int{400} // without a password
		}
		found := false
		for _, w := range want {
			found = found || w == code
		}
		if !found || strings.Contains(body, "#EXTM3U") || code == 401 && !strings.Contains(h.Get("Cache-Control"), "no-store") {
			t.Errorf("%s %s: %d, Cache-Control %q, want %v: %.200s", q.method, q.path, code, h.Get("Cache-Control"), want, body)
		}
	}
}

func tokenOf(t testing.TB, signed string) string {
	t.Helper()
	u, err := url.Parse(signed)
	if err != nil || u.Query().Get("token") == "" {
		t.Fatalf("%q has no token", signed)
	}
	return u.Query().Get("token")
}

func TestAPassphraseOpensTheStream(t *testing.T) {
	c := run(t, owncast.WithViewerPassphrase("open sesame"))
	page := []string{"Accept", "text/html", "Sec-Fetch-Mode", "navigate"}
	browser := visitor(t, c, true)
	res, body := fetch(t, browser, "GET", c.web.URL+"/embed/video?x=1&y", "", page...)
	if res.StatusCode != 401 || !strings.Contains(body, `action="../viewer/login"`) || !strings.Contains(body, `value="embed/video?x=1&amp;y"`) ||
		!strings.Contains(res.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("the form: %d %v\n%s", res.StatusCode, res.Header, body)
	}
	form := append(page, "Content-Type", "application/x-www-form-urlencoded")
	res, body = fetch(t, browser, "POST", c.web.URL+"/viewer/login", "passphrase=wrong&to=%22%3E%3Cscript%3E", form...)
	if res.StatusCode != 401 || strings.Contains(body, "<script") || len(res.Cookies()) > 0 || !strings.Contains(body, "not the passphrase") {
		t.Errorf("a wrong passphrase: %d %s", res.StatusCode, body)
	}
	res, _ = fetch(t, browser, "POST", c.web.URL+"/viewer/login", "passphrase=open+sesame", append(form, "Sec-Fetch-Site", "cross-site")...)
	if res.StatusCode != 403 {
		t.Errorf("the form of another site: %d", res.StatusCode)
	}
	if res, _ = fetch(t, browser, "PUT", c.web.URL+"/viewer/login", ""); res.StatusCode != 405 || res.Header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("PUT: %d %q", res.StatusCode, res.Header.Get("Allow"))
	}
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for to, want := range map[string]string{
		"": "../", "embed/video?x=1": "../embed/video?x=1", "a/b/": "../a/b/",
		"//evil.example": "../", "/\\evil.example": "../", "https:evil": "../", "https://evil.example": "../",
		"%2f%2fevil.example": "../", "a/../..//evil.example": "../", "../../evil": "../", "javascript:alert(1)": "../", "\\\\evil": "../", "a\r\nb": "../",
	} {
		values := url.Values{"passphrase": {"open sesame"}, "to": {to}}
		res, _ := fetch(t, browser, "POST", c.web.URL+"/viewer/login", values.Encode(), form...)
		if res.StatusCode != 303 || res.Header.Get("Location") != want {
			t.Errorf("to %q: %d to %q, want %q", to, res.StatusCode, res.Header.Get("Location"), want)
		}
	}
	res, body = fetch(t, browser, "GET", c.web.URL+"/api/status", "")
	if res.StatusCode != 200 || !strings.Contains(body, `"online"`) {
		t.Errorf("with the cookie: %d %s", res.StatusCode, body)
	}
	if res, _ = fetch(t, visitor(t, c, false), "GET", c.web.URL+"/api/status", ""); res.StatusCode != 401 {
		t.Errorf("without: %d", res.StatusCode)
	}
	if res, _ = fetch(t, visitor(t, c, false), "GET", c.web.URL+"/api/admin/status", ""); res.StatusCode != 404 {
		t.Errorf("administrators are asked for something else: %d", res.StatusCode)
	}
}

func TestAnotherPassphraseShutsOutThoseWhoKnewTheLast(t *testing.T) {
	dir := t.TempDir()
	cookie := ""
	for i, tt := range []struct {
		passphrase string
		want       int
	}{{"one", 0}, {"one", 200}, {"two", 401}} {
		t.Run(tt.passphrase, func(t *testing.T) {
			c := run(t, owncast.WithDataDir(dir), owncast.WithViewerPassphrase(tt.passphrase))
			if i == 0 {
				client := visitor(t, c, false)
				client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				res, _ := fetch(t, client, "POST", c.web.URL+"/viewer/login", "passphrase=one")
				cookie = setCookie(t, res.Header).String()
				return
			}
			if code, _ := c.ask("GET", "/api/status", "", "", "Cookie", cookie); code != tt.want {
				t.Errorf("%d, want %d", code, tt.want)
			}
		})
	}
}

func TestALinkOpensTheStreamForPlayersAndPages(t *testing.T) {
	var logs syncBuffer
	c := run(t, owncast.WithViewerLinks(linkKey()), owncast.WithLatencyLevel(0), owncast.WithReconnectGrace(0), logTo(&logs))
	broadcast := burst(t, c.rtmp, "live", "k", 6)
	token := tokenOf(t, link(t, c.web.URL, time.Hour))
	(&channel{t: t, web: c.web}).await("/t/"+token+"/hls/0/stream.m3u8", "#EXTINF")

	player := visitor(t, c, false)
	measured := regexp.MustCompile(`BANDWIDTH=\d+`) // which changes with every segment
	var playlists []string
	for _, at := range []string{"/hls/stream.m3u8", "/"} {
		res, body := fetch(t, player, "GET", link(t, c.web.URL+at, time.Hour), "", "Accept", "*/*", "User-Agent", "VLC/3.0")
		if p := res.Request.URL.Path; res.StatusCode != 200 || p != "/t/"+tokenOf(t, res.Request.Response.Request.URL.String())+"/hls/stream.m3u8" || !strings.HasPrefix(body, "#EXTM3U") {
			t.Errorf("a player at %s ends at %s with %d %.80s", at, p, res.StatusCode, body)
		}
		if cc := res.Header.Get("Cache-Control"); !strings.HasPrefix(cc, "private") || strings.Contains(cc, "public") || !strings.Contains(strings.Join(res.Header["Vary"], ","), "Cookie") {
			t.Errorf("Cache-Control %q, Vary %q", cc, res.Header["Vary"])
		}
		playlists = append(playlists, measured.ReplaceAllString(body, ""))
	}
	browser := visitor(t, c, true)
	res, _ := fetch(t, browser, "GET", link(t, c.web.URL+"/?a=b", time.Hour), "", "Accept", "text/html")
	if res.StatusCode != 200 || res.Request.URL.RequestURI() != "/?a=b" {
		t.Errorf("a browser ends at %s with %d", res.Request.URL, res.StatusCode)
	}
	res, body := fetch(t, browser, "GET", c.web.URL+"/hls/stream.m3u8", "", "Sec-Fetch-Mode", "cors")
	playlists = append(playlists, measured.ReplaceAllString(body, ""))
	if res.StatusCode != 200 || playlists[0] != playlists[1] || playlists[0] != playlists[2] || strings.Contains(body, token) {
		t.Errorf("%d; playlists are not the same for everybody: %q", res.StatusCode, playlists)
	}
	for name, at := range map[string]string{
		"an old link":    link(t, c.web.URL+"/hls/stream.m3u8", -time.Minute),
		"an old path":    "/t/" + tokenOf(t, link(t, "/", -time.Minute)) + "/hls/stream.m3u8",
		"another's link": strings.Replace(link(t, c.web.URL+"/hls/stream.m3u8", time.Hour), "alice", "carol", 1),
	} {
		if code, h, _ := c.exchange("GET", strings.TrimPrefix(at, c.web.URL), "", ""); code != 401 || h.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d", name, code)
		}
	}
	if code, _ := c.get("/t/" + token + "/api/status"); code != 404 {
		t.Errorf("the path of a token has more than media: %d", code)
	}
	if code, h, _ := c.exchange("OPTIONS", "/t/"+token+"/hls/0/stream.m3u8", "", "", "Origin", "https://other.example"); code != 204 || h.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("preflight: %d %v", code, h)
	}
	if err := broadcast.Close(); err != nil {
		t.Error(err)
	}
	(&channel{t: t, web: c.web}).await("/t/"+token+"/hls/0/stream.m3u8", "#EXT-X-ENDLIST")
	playWithFFmpeg(t, link(t, c.web.URL+"/hls/stream.m3u8", time.Hour))
	if strings.Contains(logs.String(), token[len(token)-43:]) {
		t.Error("a token is in the log")
	}
}

// playWithFFmpeg plays to the end with ffmpeg, which keeps no cookies here.
func playWithFFmpeg(t *testing.T, rawURL string) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Log("no ffmpeg to play the link with")
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-i", rawURL, "-c", "copy", "-f", "null", "-stats", "-").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "frame=") || strings.Contains(string(out), "401") {
		t.Errorf("ffmpeg: %v\n%s", err, out)
	}
}

func TestAHostDecidesWhoWatches(t *testing.T) {
	c := run(t, owncast.WithViewerAuth(turnstile{}), owncast.WithViewerLinks(linkKey()))
	for name, tt := range map[string]struct {
		header []string
		code   int
	}{
		"known":               {[]string{"X-Viewer", "known"}, 200},
		"unknown":             {nil, 401},
		"unknown, for a page": {[]string{"Accept", "text/html"}, 402},
		"refused":             {[]string{"X-Viewer", "refused"}, 403},
		"broken":              {[]string{"X-Viewer", "broken"}, 500},
		"panic":               {[]string{"X-Viewer", "panic"}, 500},
		"with a link":         {[]string{"Cookie", "owncast_viewer=" + tokenOf(t, link(t, "/", time.Hour))}, 200},
	} {
		res, body := fetch(t, visitor(t, c, false), "GET", c.web.URL+"/api/status", "", tt.header...)
		if res.StatusCode != tt.code || strings.Contains(body, "secret") {
			t.Errorf("%s: %d %s, want %d", name, res.StatusCode, body, tt.code)
		}
	}
	if code, _ := c.ask("GET", "/viewer/login", "", "", "X-Viewer", "known"); code != 404 {
		t.Errorf("a form for no passphrase: %d", code)
	}
}

type turnstile struct{}

func (turnstile) AuthorizeViewer(r *http.Request) error {
	switch r.Header.Get("X-Viewer") {
	case "known":
		return nil
	case "refused":
		return owncast.ErrForbidden
	case "broken":
		return errors.New("the secret reason")
	case "panic":
		panic("secret")
	}
	return owncast.ErrUnauthorized
}

func (turnstile) ChallengeViewer(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusPaymentRequired)
}

func TestViewerOptionsAreChecked(t *testing.T) {
	_, err := owncast.New(owncast.WithViewerAuth(nil), owncast.WithViewerPassphrase(""), owncast.WithViewerLinks(make([]byte, 31)))
	for _, name := range []string{"WithViewerAuth", "WithViewerPassphrase", "WithViewerLinks"} {
		if err == nil || !strings.Contains(err.Error(), name+":") {
			t.Errorf("%s is not in %v", name, err)
		}
	}
	for name, sign := range map[string]func() (string, error){
		"a short key": func() (string, error) { return owncast.SignViewerURL(nil, "https://example.org", "", time.Now()) },
		"an id": func() (string, error) {
			return owncast.SignViewerURL(linkKey(), "https://example.org", "a.b", time.Now())
		},
		"a URL": func() (string, error) {
			return owncast.SignViewerURL(linkKey(), "https://exa mple.org", "", time.Now())
		},
	} {
		if s, err := sign(); err == nil {
			t.Errorf("%s: %s", name, s)
		}
	}
}
