package web

import (
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// application is a small one, as a host might bring it.
func application() fs.FS {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return fstest.MapFS{
		"index.html":            file(thePage),
		"icon.svg":              file("<svg/>"),
		"assets/app-Ab12.js":    file("script"),
		"assets/app-Ab12.js.br": file("brotli of script"),
		"assets/app-Ab12.js.gz": file("gzip of script"),
		".secret":               file("secret"),
		"assets/.secret":        file("secret"),
	}
}

const thePage = "<!doctype html>page"

func packed(s string) string {
	b, err := pack([]byte(s))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

func TestFilesAreServedWithWhatBrowsersNeedToCacheThem(t *testing.T) {
	h := New(Config{FS: application()})
	tests := []struct {
		name, path, accept                  string
		status                              int
		body, contentType, encoding, caches string
	}{
		{"the page", "/", "", 200, thePage, "text/html; charset=utf-8", "", "no-cache"},
		{"the page, compressed", "/?x=1", "gzip, br", 200, packed(thePage), "text/html; charset=utf-8", "gzip", "no-cache"},
		{"a file", "/icon.svg", "gzip, br", 200, "<svg/>", "image/svg+xml", "", "no-cache"},
		{"an asset", "/assets/app-Ab12.js", "", 200, "script", "text/javascript; charset=utf-8", "", "public, max-age=31536000, immutable"},
		{"an asset by gzip", "/assets/app-Ab12.js", "gzip", 200, "gzip of script", "text/javascript; charset=utf-8", "gzip", "public, max-age=31536000, immutable"},
		{"an asset by the best", "/assets/app-Ab12.js", "gzip, br", 200, "brotli of script", "text/javascript; charset=utf-8", "br", "public, max-age=31536000, immutable"},
		{"an asset without brotli", "/assets/app-Ab12.js", "br;q=0, *", 200, "gzip of script", "text/javascript; charset=utf-8", "gzip", "public, max-age=31536000, immutable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec := get(h, tt.path, "Accept-Encoding", tt.accept)
			hd := rec.Header()
			got := []string{rec.Body.String(), hd.Get("Content-Type"), hd.Get("Content-Encoding"), hd.Get("Cache-Control")}
			want := []string{tt.body, tt.contentType, tt.encoding, tt.caches}
			if rec.Code != tt.status || strings.Join(got, "|") != strings.Join(want, "|") {
				t.Errorf("got %d %q, want %d %q", rec.Code, got, tt.status, want)
			}
			if !strings.Contains(strings.Join(hd.Values("Vary"), ","), "Accept-Encoding") {
				t.Errorf("Vary: %q", hd.Values("Vary"))
			}
			again := get(h, tt.path, "Accept-Encoding", tt.accept, "If-None-Match", hd.Get("ETag"))
			if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
				t.Errorf("then %d with %d bytes, want 304", again.Code, again.Body.Len())
			}
		})
	}
}

func TestEveryCopyHasItsOwnETag(t *testing.T) {
	h := New(Config{FS: application()})
	seen := map[string]string{}
	for _, path := range []string{"/", "/assets/app-Ab12.js"} {
		for _, accept := range []string{"", "gzip", "br"} {
			rec := get(h, path, "Accept-Encoding", accept)
			tag := rec.Header().Get("ETag")
			if other, ok := seen[tag]; tag == "" || ok && other != rec.Body.String() {
				t.Errorf("%s by %q: ETag %s is that of %q", path, accept, tag, other)
			}
			seen[tag] = rec.Body.String()
		}
	}
}

func TestWhatDoesNotExistIsNotFound(t *testing.T) {
	for _, path := range []string{
		"/index.html", "/nothing", "/assets", "/assets/", "/assets/nothing.js", "/a/b/c/", "/.secret",
		"/assets/.secret", "/.", "/..", "/../web.go", "//icon.svg", "/icon.svg/", "/assets/../icon.svg", "/admin",
	} {
		t.Run(path, func(t *testing.T) {
			h := New(Config{FS: application()})
			if rec := get(h, path); rec.Code != 404 || rec.Body.String() != "{\"error\":\"not found\"}\n" {
				t.Errorf("a program got %d %q", rec.Code, rec.Body)
			}
			rec := get(h, path, "Accept", "text/html,*/*")
			if rec.Code != 404 || !strings.Contains(rec.Body.String(), "<h1>Not found</h1>") {
				t.Errorf("a person got %d %q", rec.Code, rec.Body)
			}
		})
	}
}

func TestTheWayBackLeadsToThePageFromAnyDepth(t *testing.T) {
	h := New(Config{FS: application()})
	for path, want := range map[string]string{"/x": `"./"`, "/x/": `"./../"`, "/x/y": `"./../"`, "/x/y/z": `"./../../"`} {
		if rec := get(h, path, "Accept", "text/html"); !strings.Contains(rec.Body.String(), "<a href="+want+">") {
			t.Errorf("%s: %s", path, rec.Body)
		}
	}
}

func TestWithoutAnApplicationThereIsNoPage(t *testing.T) {
	h := New(Config{})
	for path, want := range map[string]int{"/": 404, "/icon.svg": 404, "/robots.txt": 200} {
		if rec := get(h, path); rec.Code != want {
			t.Errorf("%s: %d, want %d", path, rec.Code, want)
		}
	}
	if rec := get(h, "/", "User-Agent", "VLC/3.0.18"); rec.Code != http.StatusTemporaryRedirect {
		t.Errorf("a player got %d", rec.Code)
	}
}

func TestMediaPlayersAreSentToTheStream(t *testing.T) {
	srv := httptest.NewServer(http.StripPrefix("/a/b", New(Config{FS: application()})))
	defer srv.Close()
	for agent, want := range map[string]string{
		"mpv 0.35.1":               "/a/b/hls/stream.m3u8",
		"VLC/3.0.18 LibVLC/3.0.18": "/a/b/hls/stream.m3u8",
		"AppleCoreMedia/1.0.0":     "/a/b/hls/stream.m3u8",
		"Some Player":              "/a/b/hls/stream.m3u8",
		"Mozilla/5.0 Chrome/156":   "/a/b/",
		"":                         "/a/b/",
	} {
		t.Run(agent, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/a/b/", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("User-Agent", agent)
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			resp, err := client.Do(r) // follows the redirect
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if got := resp.Request.URL.Path; got != want {
				t.Errorf("ended at %s, want %s", got, want)
			}
		})
	}
}

func TestAMountWithoutItsSlashLeadsToTheOneWithIt(t *testing.T) {
	h := http.StripPrefix("/a/b", New(Config{FS: application()}))
	rec := get(h, "/a/b?x=1")
	if rec.Code != http.StatusTemporaryRedirect || rec.Header().Get("Location") != "./b/?x=1" {
		t.Errorf("got %d %q", rec.Code, rec.Header().Get("Location"))
	}
	strange := http.StripPrefix("/javascript:alert(1)", New(Config{FS: application()}))
	if got := get(strange, "/javascript:alert(1)").Header().Get("Location"); got != "./javascript:alert(1)/" {
		t.Errorf("got %q", got)
	}
}

func TestOnlyReadingIsAllowed(t *testing.T) {
	h := New(Config{FS: application()})
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(method, "/", nil))
		if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d, Allow %q", method, rec.Code, rec.Header().Get("Allow"))
		}
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodHead, "/", nil))
	if rec.Code != 200 || rec.Header().Get("Content-Length") != "19" || rec.Body.Len() != 0 {
		t.Errorf("HEAD: %d %v %q", rec.Code, rec.Header(), rec.Body)
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	h := New(Config{FS: application()})
	for _, path := range []string{"/", "/icon.svg", "/assets/app-Ab12.js", "/nothing", "/robots.txt"} {
		hd := get(h, path).Header()
		csp := hd.Get("Content-Security-Policy")
		if hd.Get("X-Content-Type-Options") != "nosniff" || hd.Get("Referrer-Policy") == "" ||
			!strings.Contains(csp, "script-src 'self';") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %v", path, hd)
		}
	}
}

func TestMediaMayComeFromWhereTheStorageServesIt(t *testing.T) {
	h := New(Config{FS: application(), MediaOrigins: []string{"https://cdn.example.org"}})
	csp := get(h, "/").Header().Get("Content-Security-Policy")
	for _, want := range []string{"media-src 'self' https://cdn.example.org blob: data:;", "connect-src 'self' https://cdn.example.org;", "script-src 'self';"} {
		if !strings.Contains(csp, want) {
			t.Errorf("%s lacks %s", csp, want)
		}
	}
}

func TestRangesAreThoseOfTheFileItself(t *testing.T) {
	rec := get(New(Config{FS: application()}), "/assets/app-Ab12.js", "Accept-Encoding", "gzip, br", "Range", "bytes=1-3")
	if rec.Code != http.StatusPartialContent || rec.Body.String() != "cri" || rec.Header().Get("Content-Encoding") != "" {
		t.Errorf("got %d %q %v", rec.Code, rec.Body, rec.Header())
	}
}

func TestRobotsKeepOutOfWhatIsNotForThem(t *testing.T) {
	closed := func(context.Context) bool { return true }
	for _, tt := range []struct {
		name   string
		config Config
		want   string
	}{
		{"open", Config{}, "User-agent: *\nDisallow: /admin\nDisallow: /api"},
		{"closed", Config{NoIndex: closed}, "User-agent: *\nDisallow: /admin\nDisallow: /api\nDisallow: /"},
		{"below a path", Config{BasePath: "/a/b", NoIndex: closed}, "User-agent: *\nDisallow: /a/b/admin\nDisallow: /a/b/api\nDisallow: /a/b/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec := get(New(tt.config), "/robots.txt")
			if rec.Body.String() != tt.want || rec.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
				t.Errorf("got %q %v", rec.Body, rec.Header())
			}
		})
	}
}

func TestAFileSystemThatCannotSeekWillDo(t *testing.T) {
	rec := get(New(Config{FS: plainFS{application()}}), "/assets/app-Ab12.js", "Range", "bytes=1-3")
	if rec.Code != http.StatusPartialContent || rec.Body.String() != "cri" {
		t.Errorf("got %d %q", rec.Code, rec.Body)
	}
}

func TestABrokenFileSystemIsAnInternalError(t *testing.T) {
	rec := get(New(Config{FS: brokenFS{}}), "/icon.svg")
	if rec.Code != http.StatusInternalServerError || strings.Contains(rec.Body.String(), "EIO") {
		t.Errorf("got %d %q", rec.Code, rec.Body)
	}
}

// plainFS has files that cannot be seeked, like those of a zip archive.
type plainFS struct{ fs.FS }

func (p plainFS) Open(name string) (fs.File, error) {
	f, err := p.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return struct{ fs.File }{f}, nil
}

type brokenFS struct{}

func (brokenFS) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: io.ErrUnexpectedEOF}
}

func BenchmarkPage(b *testing.B) {
	h := New(Config{FS: FS()})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	b.ReportAllocs()
	for b.Loop() {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
	}
}
