package owncast_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

func TestThePageIntroducesTheChannelToCrawlers(t *testing.T) {
	c := run(t, owncast.WithBaseURL("https://example.org/live"), owncast.WithAdminPassword("p"))
	for field, value := range map[string]string{
		"name": `"Tea & \"Talk\""`, "serversummary": `"<b>Kettles</b>, live"`, "streamtitle": `"Oolong"`, "tags": `["tea","talk"]`,
	} {
		if code, body := c.ask("POST", "/api/admin/config/"+field, "p", `{"value":`+value+`}`); code != 200 {
			t.Fatalf("%s: %d %s", field, code, body)
		}
	}
	code, html := c.get("/live/")
	if code != 200 {
		t.Fatal(code)
	}
	for _, want := range []string{
		"<title>Oolong – Tea &amp; &#34;Talk&#34;</title>",
		`<meta name="description" content="&lt;b&gt;Kettles&lt;/b&gt;, live" />`,
		`<meta property="og:title" content="Oolong – Tea &amp; &#34;Talk&#34;" />`,
		`<meta property="og:url" content="https://example.org/live/" />`,
		`<meta property="og:image" content="https://example.org/live/logo/external" />`,
		`<meta property="og:video" content="https://example.org/live/embed/video" />`,
		`<meta name="twitter:card" content="player" />`,
		`<meta name="twitter:player" content="https://example.org/live/embed/video" />`,
		`<meta name="keywords" content="tea, talk" />`,
		`type="application/json+oembed"`,
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(html, "<b>Kettles") || strings.Contains(html, `content="noindex"`) || strings.Contains(html, "<!--head-->") {
		t.Error(html)
	}
	if code, body := c.ask("POST", "/api/admin/config/disablesearchindexing", "p", `{"value":true}`); code != 200 {
		t.Fatal(code, body)
	}
	if _, html := c.get("/live/"); !strings.Contains(html, `<meta name="robots" content="noindex" />`) {
		t.Error("search engines are not told to stay away")
	}
}

func TestThePageOfAnEventIsCalledAfterIt(t *testing.T) {
	repo := memory.New()
	start := time.Now().Add(time.Hour)
	if err := repo.Schedule.PutEvents(t.Context(), repository.Event{
		ID: "e", Name: "Oolong & <friends>", StartsAt: start, Duration: time.Hour, Timezone: "UTC", Status: repository.EventScheduled, CreatedAt: time.Now(),
	}); err != nil {
		t.Fatal(err)
	}
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithRepository(repo))
	named := `<meta property="og:title" content="Oolong &amp; &lt;friends&gt; – `
	set := func(on string) {
		t.Helper()
		if code, body := c.ask("POST", "/api/admin/config/schedule/enabled", "p", `{"value":`+on+`}`); code != 200 {
			t.Fatal(code, body)
		}
	}
	set("true")
	if code, html := c.get("/schedule/e"); code != 200 || !strings.Contains(html, named) {
		t.Errorf("%d %s", code, html)
	}
	if code, html := c.get("/schedule/gone"); code != 200 || strings.Contains(html, "Oolong") {
		t.Errorf("an event that is not there: %d %s", code, html)
	}
	set("false")
	if code, html := c.get("/schedule/e"); code != 200 || strings.Contains(html, "Oolong") {
		t.Errorf("a schedule that is switched off: %d %s", code, html)
	}
}

func TestPagesBelowTheRootHaveABase(t *testing.T) {
	c := run(t)
	for path, want := range map[string]string{
		"/schedule/x": "../", "/admin/": "../", "/admin/a/b": "../../", "/embed/video": "../", "/embed/chat/readonly": "../../",
		"/embed/chat/readwrite?x=1": "../../",
	} {
		code, html := c.get(path)
		if code != 200 || !strings.Contains(html, `<head>`+"\n"+`    <base href="`+want+`" />`) {
			t.Errorf("%s: %d %.300s", path, code, html)
		}
	}
	if _, html := c.get("/"); strings.Contains(html, "<base") {
		t.Error("the page at the root has a base")
	}
	for _, path := range []string{"/schedule/", "/schedule/x/y", "/embed", "/embed/", "/embed/x", "/embed/chat/x", "/video.html", "/admin.html", "/recordings/none"} {
		if code, _ := c.get(path); code != 404 {
			t.Errorf("%s: %d", path, code)
		}
	}
}

func TestWhoMayShowPagesInFrames(t *testing.T) {
	ancestors := func(c *channel, path string) string {
		_, h, _ := c.exchange("GET", path, "", "")
		_, after, _ := strings.Cut(h.Get("Content-Security-Policy"), "frame-ancestors ")
		return after
	}
	for _, tt := range []struct {
		opts []owncast.Option
		want string
	}{
		{nil, "*"},
		{[]owncast.Option{owncast.WithFrameAncestors()}, "'none'"},
		{[]owncast.Option{owncast.WithFrameAncestors("'self'", "https://*.example.org:8443")}, "'self' https://*.example.org:8443"},
	} {
		c := run(t, tt.opts...)
		for _, path := range []string{"/embed/video", "/embed/chat/readonly", "/embed/chat/readwrite"} {
			if got := ancestors(c, path); got != tt.want {
				t.Errorf("%s: %q, want %q", path, got, tt.want)
			}
		}
		for _, path := range []string{"/", "/admin/", "/schedule/x"} {
			if got := ancestors(c, path); got != "'self'" {
				t.Errorf("%s: %q", path, got)
			}
		}
	}
	for _, wrong := range []string{"", "example.org", "https://a b", "https://a;script-src *", "https://example.org/path", "javascript:x", "'unsafe-inline'", "https://a,b"} {
		_, err := owncast.New(owncast.WithDataDir(t.TempDir()), owncast.WithFrameAncestors(wrong))
		var option *owncast.OptionError
		if !errors.As(err, &option) || option.Option != "WithFrameAncestors" {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestThePolicyNamesWhatTheSettingsDo(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"))
	for field, value := range map[string]string{
		"externalactions":    `[{"url":"https://give.example:444/x?y","title":"a"},{"url":"https://elsewhere.example","title":"b","openExternally":true},{"html":"<script>1</script>","title":"c"}]`,
		"sockethostoverride": `"wss://chat.example.org"`,
	} {
		if code, body := c.ask("POST", "/api/admin/config/"+field, "p", `{"value":`+value+`}`); code != 200 {
			t.Fatalf("%s: %d %s", field, code, body)
		}
	}
	_, h, _ := c.exchange("GET", "/", "", "")
	csp := h.Get("Content-Security-Policy")
	for _, want := range []string{"frame-src 'self' https://give.example:444;", " wss://chat.example.org;"} {
		if !strings.Contains(csp, want) {
			t.Errorf("%s lacks %s", csp, want)
		}
	}
	if strings.Contains(csp, "elsewhere") || strings.Contains(csp, "unsafe") {
		t.Error(csp)
	}
	code, h, body := c.exchange("GET", "/externalactions/2", "", "")
	if code != 200 || body != "<script>1</script>" || !strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox allow-scripts") ||
		strings.Contains(h.Get("Content-Security-Policy"), "allow-same-origin") {
		t.Errorf("%d %q %v", code, body, h)
	}
	for _, path := range []string{"/externalactions/0", "/externalactions/3", "/externalactions/-1", "/externalactions/x", "/externalactions/99999"} {
		if code, _ := c.get(path); code != 404 {
			t.Errorf("%s: %d", path, code)
		}
	}
}

func TestOEmbed(t *testing.T) {
	c := run(t, owncast.WithBaseURL("https://example.org/live"), owncast.WithAdminPassword("p"))
	if code, body := c.ask("POST", "/api/admin/config/name", "p", `{"value":"\"><script>"}`); code != 200 {
		t.Fatal(code, body)
	}
	ask := func(q url.Values) (int, map[string]any) {
		code, body := c.get("/live/api/oembed?" + q.Encode())
		var doc map[string]any
		if err := json.Unmarshal([]byte(body), &doc); err != nil {
			t.Fatal(err)
		}
		return code, doc
	}
	for _, page := range []string{"https://example.org/live/", "https://example.org/live"} {
		code, doc := ask(url.Values{"url": {page}, "maxwidth": {"640"}})
		if code != 200 || doc["type"] != "video" || doc["width"] != 640.0 || doc["height"] != 360.0 {
			t.Errorf("%s: %d %v", page, code, doc)
		}
		frame := regexp.MustCompile(`^<iframe src="https://example.org/live/embed/video" width="640" height="360" title="&#34;&gt;&lt;script&gt;" [^>]*></iframe>$`)
		if s, _ := doc["html"].(string); !frame.MatchString(s) {
			t.Errorf("%s", s)
		}
	}
	for page, want := range map[string]int{"https://evil.example/": 404, "https://example.org/": 404, "https://example.org/live/recordings/x": 404, "https://example.org/live/admin/": 404} {
		if code, _ := ask(url.Values{"url": {page}}); code != want {
			t.Errorf("%s: %d, want %d", page, code, want)
		}
	}
	if code, _ := ask(url.Values{"url": {"https://example.org/live/"}, "format": {"xml"}}); code != 501 {
		t.Error(code)
	}
}

func TestAFrameKeepsItsTokenWithoutACookie(t *testing.T) {
	c := run(t, owncast.WithViewerLinks(linkKey()))
	token := tokenOf(t, link(t, "/", time.Hour))
	for _, path := range []string{"/embed/video", "/embed/chat/readwrite"} {
		code, h, _ := c.exchange("GET", path+"?token="+token, "", "", "Accept", "text/html", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe", "Sec-Fetch-Site", "cross-site")
		if code != 200 || h.Get("Set-Cookie") != "" || !strings.Contains(h.Get("Cache-Control"), "private") {
			t.Errorf("%s: %d %v", path, code, h)
		}
		if code, _, _ := c.exchange("GET", path+"?token=x"+token, "", "", "Accept", "text/html", "Sec-Fetch-Mode", "navigate"); code != 401 {
			t.Errorf("%s with a wrong token: %d", path, code)
		}
	}
}
