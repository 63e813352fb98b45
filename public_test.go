package owncast_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/owncast-go/owncast"
)

func TestPublicFilesAreServedAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o750), os.WriteFile(at, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	c := run(t, owncast.WithDataDir(dir))
	if code, _ := c.get("/public/a.txt"); code != http.StatusNotFound {
		t.Errorf("before there is a directory: %d", code)
	}
	write("secret.txt", "secret")
	write("public/a.txt", "hello")
	write("public/PAGE.HTML", "<p>page")
	write("public/x y/ü.js", "script")
	write("public/data.unknown", "?")
	write("public/.git/config", "secret")
	write("public/.env", "secret")
	write("public/site/index.html", "index")
	write("public/empty/a", "a")
	for link, target := range map[string]string{"out": "../secret.txt", "abs": filepath.Join(dir, "secret.txt"), "outdir": "..", "in": "a.txt"} {
		if err := os.Symlink(target, filepath.Join(dir, "public", link)); err != nil {
			t.Skipf("this system lets nobody make a symbolic link: %v", err)
		}
	}
	tests := []struct {
		path, contentType, body string
	}{
		{"a.txt", "text/plain; charset=utf-8", "hello"},
		{"PAGE.HTML", "text/html; charset=utf-8", "<p>page"},
		{"x%20y/%C3%BC.js", "text/javascript; charset=utf-8", "script"},
		{"data.unknown", "application/octet-stream", "?"},
		{"site/", "text/html; charset=utf-8", "index"},
		{"site/index.html", "text/html; charset=utf-8", "index"},
		{"in", "application/octet-stream", "hello"},
	}
	for _, tt := range tests {
		code, h, body := c.exchange("GET", "/public/"+tt.path, "", "")
		if code != 200 || body != tt.body || h.Get("Content-Type") != tt.contentType || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %q %v", tt.path, code, body, h)
		}
		if code, _, _ := c.exchange("GET", "/public/"+tt.path, "", "", "If-Modified-Since", h.Get("Last-Modified")); code != http.StatusNotModified {
			t.Errorf("%s again: %d", tt.path, code)
		}
	}
	for _, path := range []string{
		"", "empty/", "nobody", "../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", "..%5csecret.txt", "%2fetc/passwd", "//etc/passwd", "a.txt/", "a.txt/b",
		"out", "abs", "outdir/secret.txt", ".env", ".git/config", "site/../../secret.txt", "site%2f..%2f..%2fsecret.txt", "%00", "a.txt%00", "C:%5cx", "con",
		strings.Repeat("x", 4096), strings.Repeat("x/", 2000),
	} {
		if code, _, body := c.exchange("GET", "/public/"+path, "", ""); code != http.StatusNotFound || strings.Contains(body, "secret") {
			t.Errorf("/public/%.60s: %d %.60s", path, code, body)
		}
	}
	noFollow := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer noFollow.CloseIdleConnections()
	res, err := noFollow.Get(c.web.URL + "/public/site?q=1")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusTemporaryRedirect || res.Header.Get("Location") != "./site/?q=1" {
		t.Errorf("a directory: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
}

func TestAHostBringsItsOwnPublicFiles(t *testing.T) {
	c := run(t, owncast.WithPublicFiles(fstest.MapFS{"a.css": {Data: []byte("css")}}))
	if code, h, body := c.exchange("GET", "/public/a.css", "", ""); code != 200 || body != "css" || h.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("%d %q %v", code, body, h)
	}
	c = run(t, owncast.WithPublicFiles(nil))
	if code, _ := c.get("/public/a.css"); code != http.StatusNotFound {
		t.Errorf("none: %d", code)
	}
}

func TestPlatformsHaveNamesAndIcons(t *testing.T) {
	c := run(t)
	code, h, body := c.exchange("GET", "/api/socialplatforms", "", "")
	var list map[string]struct{ Platform, Icon string }
	if err := json.Unmarshal([]byte(body), &list); code != 200 || err != nil || len(list) != 30 {
		t.Fatalf("%d, %v, %d platforms", code, err, len(list))
	}
	if h.Get("Access-Control-Allow-Origin") != "*" || list["twitter"].Platform != "X" {
		t.Errorf("%v %v", h, list["twitter"])
	}
	seen := map[string]bool{}
	for id, p := range list {
		h, icon := c.picture(p.Icon)
		if p.Platform == "" || p.Icon != "/img/platformlogos/"+id+".svg" || h.Get("Content-Type") != "image/svg+xml" || seen[icon] {
			t.Errorf("%s: %+v %v", id, p, h)
		}
		seen[icon] = true
	}
	for _, name := range []string{"nobody.svg", "github.png", "github", "..%2flogo", "%00.svg"} {
		if code, _, _ := c.exchange("GET", "/img/platformlogos/"+name, "", ""); code != http.StatusNotFound {
			t.Errorf("%s: %d", name, code)
		}
	}
}

func TestURLsOfPicturesAreBelowTheMount(t *testing.T) {
	for name, mount := range map[string]struct {
		opts    []owncast.Option
		handler func(*owncast.App) http.Handler
		prefix  string // of requests
	}{
		"the App knows its path":     {[]owncast.Option{owncast.WithBaseURL("https://example.org/a/b")}, (*owncast.App).Handler, "/a/b"},
		"a proxy strips what it has": {[]owncast.Option{owncast.WithBaseURL("https://example.org/a/b")}, (*owncast.App).Handler, ""},
		"the host strips the path": {nil, func(a *owncast.App) http.Handler {
			return http.StripPrefix("/a/b", a.Handler())
		}, "/a/b"},
	} {
		t.Run(name, func(t *testing.T) {
			c := run(t, mount.opts...)
			if err := c.app.Assets().AddEmoji(t.Context(), "wave", pngOf(t, 9)); err != nil {
				t.Fatal(err)
			}
			srv := httptest.NewServer(mount.handler(c.app))
			defer srv.Close()
			c = &channel{t: t, web: srv}
			if _, body := c.get(mount.prefix + "/api/emoji?x=/api/emoji"); body != `[{"name":"wave","url":"/a/b/img/emoji/wave.png"}]` {
				t.Error(body)
			}
			if _, body := c.get(mount.prefix + "/api/socialplatforms"); strings.Count(body, `"/a/b/img/platformlogos/`) != 30 {
				t.Error(body)
			}
		})
	}
}
