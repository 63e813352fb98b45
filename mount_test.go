package owncast_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/local"
)

// links finds what a page, a style sheet, a script or a playlist refers to.
var links = regexp.MustCompile(`(?i)(?:href|src|action|URI)\s*=\s*"?([^"'\s>,]+)|url\(([^)]+)\)|^([^#\s<{][^\s<>{}]*\.(?:m3u8|m4s|mp4))$`)

func TestACrawlerFindsNoURLOutsideTheMount(t *testing.T) {
	for name, mount := range map[string]func(*http.ServeMux, *owncast.App){
		"the App knows its path":   func(m *http.ServeMux, a *owncast.App) { m.Handle("/a/b/", a.Handler()) },
		"the host strips the path": func(m *http.ServeMux, a *owncast.App) { m.Handle("/a/b/", http.StripPrefix("/a/b", a.Handler())) },
	} {
		t.Run(name, func(t *testing.T) {
			opts := []owncast.Option{owncast.WithLatencyLevel(0)}
			if name == "the App knows its path" {
				opts = append(opts, owncast.WithBaseURL("https://example.org/a/b"))
			}
			c := run(t, opts...)
			client := burst(t, c.rtmp, "live", "k", 5)
			defer client.Close()
			mux := http.NewServeMux()
			mount(mux, c.app)
			srv := httptest.NewServer(mux)
			defer srv.Close()
			(&channel{t: t, web: srv}).await("/a/b/hls/0/stream.m3u8", "#EXTINF")
			seen := crawl(t, srv, "/a/b/", "/a/b/hls/stream.m3u8", "/a/b/api/status")
			if len(seen) < 12 {
				t.Errorf("the crawler found only %d URLs: %v", len(seen), seen)
			}
		})
	}
}

// crawl follows everything from the paths on and fails for what is outside
// of "/a/b/", or not there.
func crawl(t *testing.T, srv *httptest.Server, paths ...string) map[string]bool {
	t.Helper()
	seen := map[string]bool{}
	for len(paths) > 0 {
		at := paths[0]
		paths = paths[1:]
		if seen[at] {
			continue
		}
		seen[at] = true
		res, err := srv.Client().Get(srv.URL + at)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", at, res.StatusCode)
		}
		if typ := res.Header.Get("Content-Type"); !strings.HasPrefix(typ, "text/html") && !strings.HasPrefix(typ, "text/css") && !strings.Contains(typ, "mpegurl") {
			continue
		}
		base := res.Request.URL
		for line := range strings.Lines(string(body)) {
			if strings.HasPrefix(line, "#EXT-X-PRELOAD-HINT") {
				continue // not there yet
			}
			for _, m := range links.FindAllStringSubmatch(strings.TrimSpace(line), -1) {
				ref := strings.Trim(m[1]+m[2]+m[3], `"'`)
				u, err := base.Parse(ref)
				if err != nil {
					t.Errorf("%s refers to %q: %v", at, ref, err)
					continue
				}
				if u.Scheme == "data" {
					continue
				}
				if u.Host != base.Host || !strings.HasPrefix(u.Path, "/a/b/") {
					t.Errorf("%s refers to %q, which is outside", at, ref)
					continue
				}
				paths = append(paths, u.Path)
			}
		}
	}
	return seen
}

func TestNoRedirectLeadsOutOfTheMount(t *testing.T) {
	c := run(t, owncast.WithBaseURL("https://example.org/a/b"))
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	for _, p := range []string{
		"/a/b", "/a/b?x=1", "/a/b//x", "/a/b/../..", "/a/b/./api/status", "/a/b/api", "/a/b/api//status", "/a/b/hls",
		"/a/b/hls/0", "/a/b/hls//stream.m3u8", "/a/b/assets", "/a/b/%2e%2e/x", "/a/b/api/status/",
	} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", c.web.URL+p, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		location := res.Header.Get("Location")
		if location == "" {
			if res.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %d", p, res.StatusCode)
			}
			continue
		}
		u, err := req.URL.Parse(location)
		if err != nil || u.Host != req.URL.Host || !strings.HasPrefix(u.Path, "/a/b/") {
			t.Errorf("%s: %d to %q", p, res.StatusCode, location)
		}
	}
}

func TestAnotherModuleImportsAndServes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds a program")
	}
	gobin, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go command")
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	// What the module requires is required here too, so that nothing has to
	// be looked up.
	const module = "github.com/owncast-go/owncast"
	write("go.mod", strings.Replace(string(mod), "module "+module, "module example.org/host", 1)+
		"\nrequire "+module+" v0.0.0\n\nreplace "+module+" => "+here+"\n")
	write("go.sum", string(sums))
	write("main.go", `package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/owncast-go/owncast"
)

func main() {
	app, err := owncast.New(owncast.WithDataDir("d"), owncast.WithStreamKeys("k"))
	if err != nil {
		panic(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if err := app.Start(ctx); err != nil {
		panic(err)
	}
	go app.ServeRTMP(l)
	srv := httptest.NewServer(app.Handler())
	for _, p := range []string{"/", "/api/status", "/hls/stream.m3u8"} {
		res, err := http.Get(srv.URL + p)
		if err != nil {
			panic(err)
		}
		fmt.Println(p, res.StatusCode)
	}
	cancel()
	if err := app.Shutdown(context.Background()); err != nil {
		panic(err)
	}
}
`)
	start := time.Now()
	cmd := exec.CommandContext(t.Context(), gobin, "run", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("built and served in %v", time.Since(start).Round(time.Second))
	if got := string(out); got != "/ 200\n/api/status 200\n/hls/stream.m3u8 404\n" {
		t.Errorf("the host said %q", got)
	}
}

func TestTheBaseURLsPathIsTakenOff(t *testing.T) {
	c := run(t, owncast.WithBaseURL("https://example.org/live/"))
	for path, want := range map[string]int{"/live/api/status": 200, "/api/status": 200, "/live/hls/stream.m3u8": 404, "/livestock/api/status": 404} {
		if code, _ := c.get(path); code != want {
			t.Errorf("%s: %d, want %d", path, code, want)
		}
	}
	u, err := url.Parse(c.web.URL)
	if err != nil {
		t.Fatal(err)
	}
	if code, body := c.get("/live/"); code != 200 || strings.Contains(body, u.Host) {
		t.Errorf("the page: %d", code)
	}
}

// cdn is a storage that sends viewers elsewhere.
type cdn struct{ storage.Storage }

func (cdn) RedirectURL(context.Context, string) (*url.URL, time.Time, error) {
	return &url.URL{Scheme: "https", Host: "cdn.example.org", Path: "/x"}, time.Time{}, nil
}

func TestThePageMayGetMediaFromTheStorage(t *testing.T) {
	for _, tt := range []struct {
		storage owncast.Storage
		want    string
	}{
		{local.New(t.TempDir()), "connect-src 'self';"},
		{cdn{local.New(t.TempDir())}, "connect-src 'self' https://cdn.example.org;"},
	} {
		app, err := owncast.New(owncast.WithDataDir(t.TempDir()), owncast.WithStorage(tt.storage), discard())
		if err != nil {
			t.Fatal(err)
		}
		if err := app.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer shutdown(t, app)
		w := httptest.NewRecorder()
		app.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, tt.want) {
			t.Errorf("%s lacks %s", csp, tt.want)
		}
	}
}
