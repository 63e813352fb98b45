package owncast_test

import (
	"context"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/internal/httpapi"
	"github.com/owncast-go/owncast/video/recording"
	"github.com/owncast-go/owncast/video/rtmp"
)

const planted = "planted-where-nobody-may-read"

// hideout makes a data directory in another one, with files that nobody may
// get in both.
func hideout(t *testing.T) (outside, dir string) {
	t.Helper()
	outside = t.TempDir()
	dir = filepath.Join(outside, "data")
	for _, name := range []string{"secret.txt", "data/secret.txt", "data/public/fine.txt"} {
		at := filepath.Join(outside, filepath.FromSlash(name))
		text := planted
		if strings.HasSuffix(name, "fine.txt") {
			text = "fine"
		}
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return outside, dir
}

// namesBelow are the names of all files below dir, but for those of the
// repository.
func namesBelow(t *testing.T, dir string) string {
	t.Helper()
	var names strings.Builder
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.Contains(path, "owncast.db") {
			names.WriteString(path + "\n")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return names.String()
}

// evilNames lead elsewhere, by whatever decodes or opens them.
func evilNames() map[string]string {
	return map[string]string{
		"up":                    "../secret.txt",
		"far up":                "../../../../../../etc/passwd",
		"up with a backslash":   `..\secret.txt`,
		"up in the middle":      "x/../../secret.txt",
		"up and a lot of slash": "....//secret.txt",
		"from the root":         "/etc/passwd",
		"a drive":               `C:\secret.txt`,
		"a server":              `\\evil.example\x`,
		"a URL":                 "file:///etc/passwd",
		"NUL":                   "secret.txt\x00.png",
		"a line's end":          "secret.txt\r\nX: y",
		"a device":              "con",
		"a device with a name":  "aux.png",
		"a stream of a file":    "secret.txt::$DATA",
		"a dot":                 ".",
		"two dots":              "..",
		"hidden":                ".env",
		"4 kB":                  strings.Repeat("x", 4096),
		"4 kB of directories":   strings.Repeat("../", 1365),
		"no UTF-8":              "\xff\xfe",
		"overlong":              "\xc0\xae\xc0\xae/secret.txt",
		"a wildcard":            "*",
	}
}

// encodings are how a name can be part of a URL.
func encodings() map[string]func(string) string {
	percent := func(s string) string {
		const hex = "0123456789abcdef"
		var b strings.Builder
		for i := range len(s) {
			b.WriteString("%" + string(hex[s[i]>>4]) + string(hex[s[i]&15]))
		}
		return b.String()
	}
	return map[string]func(string) string{
		"plain": func(s string) string {
			return strings.NewReplacer("\x00", "%00", "\r", "%0d", "\n", "%0a", "\xff", "%ff", "\xfe", "%fe", "\xc0", "%c0", "\xae", "%ae", " ", "%20").Replace(s)
		},
		"encoded":       percent,
		"twice encoded": func(s string) string { return strings.ReplaceAll(percent(s), "%", "%25") },
	}
}

// TestAttacksByPath asks for files through every path that has a name in it.
func TestAttacksByPath(t *testing.T) {
	outside, dir := hideout(t)
	var logs syncBuffer
	c := run(t, owncast.WithDataDir(dir), owncast.WithAdminPassword("p"), owncast.WithRecording(recording.Policy{}),
		owncast.WithViewerLinks(linkKey()), owncast.WithViewerAuth(everybody{}), logTo(&logs))
	viewer := tokenOf(t, link(t, "/", time.Hour))
	before := namesBelow(t, outside)
	client := &http.Client{Transport: c.web.Client().Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	const basic = "Basic YWRtaW46cA==" // admin:p
	prefixes := map[string]bool{
		"GET /": true, "GET /hls/": true, "GET /hls/0/": true, "GET /recordings/": true, "GET /recordings/x/": true, "GET /public/": true,
		"GET /t/" + viewer + "/hls/": true, "GET /t/": true, "GET /embed/": true, "GET /assets/": true, "GET /.well-known/": true, "GET /api/": true,
	}
	for _, rt := range httpapi.Routes() {
		if i := strings.IndexByte(rt.Path, '{'); i >= 0 {
			prefixes[rt.Method+" "+rt.Path[:i]] = true
		}
	}
	for name, evil := range evilNames() {
		for how, encode := range encodings() {
			t.Run(name+", "+how, func(t *testing.T) {
				for prefix := range prefixes {
					method, at, _ := strings.Cut(prefix, " ")
					res, body := fetch(t, client, method, c.web.URL+at+encode(evil), "", "Authorization", basic, "Content-Type", asJSON)
					page := res.StatusCode == 200 && (at == "/" || at == "/recordings/") && strings.Contains(body, `<base href="`) // which looks for it itself
					if res.StatusCode < 400 && !page || res.StatusCode >= 500 || strings.Contains(body, planted) || strings.Contains(body, "root:") {
						t.Errorf("%s%.60s: %d %.100q to %q", prefix, encode(evil), res.StatusCode, body, res.Header.Get("Location"))
					}
				}
			})
		}
	}
	if after := namesBelow(t, outside); after != before {
		t.Errorf("files are\n%s\nand were\n%s", after, before)
	}
	if strings.Contains(logs.String(), planted) {
		t.Error("the log has what the files have")
	}
	if _, body := c.get("/public/fine.txt"); body != "fine" {
		t.Errorf("what may be read: %q", body)
	}
}

// everybody may watch.
type everybody struct{}

func (everybody) AuthorizeViewer(*http.Request) error { return nil }

// TestAttacksByName sends such names in the bodies of requests.
func TestAttacksByName(t *testing.T) {
	outside, dir := hideout(t)
	c := run(t, owncast.WithDataDir(dir), owncast.WithAdminPassword("p"), owncast.WithRecording(recording.Policy{}))
	before := namesBelow(t, outside)
	picture := dataURL("image/png", pngOf(t, 9))
	for name, evil := range evilNames() {
		t.Run(name, func(t *testing.T) {
			for _, tt := range []struct{ method, path, body string }{
				{"POST", "/api/admin/emoji/upload", jsonOf(t, "name", evil, "data", picture)},
				{"POST", "/api/admin/emoji/delete", jsonOf(t, "name", evil)},
				{"POST", "/api/admin/clips", jsonOf(t, "recording", evil, "start", 0, "end", 1)},
				{"POST", "/api/admin/accesstokens/delete", jsonOf(t, "token", evil)},
				{"POST", "/api/admin/config/logo", jsonOf(t, "value", evil)},
				{"POST", "/api/admin/config/favicon", jsonOf(t, "value", evil)},
				{"POST", "/api/admin/config/serverurl", jsonOf(t, "value", evil)},
				{"POST", "/api/admin/config/ffmpegpath", jsonOf(t, "value", evil)},
				{"POST", "/api/admin/settings/import", `{"version":1,"sections":` + jsonOf(t, evil, map[string]any{}) + `}`},
				{"PUT", "/api/admin/restream", jsonOf(t, "outputs", []any{map[string]any{"id": "x", "url": evil, "streamKey": "k", "enabled": true}})},
			} {
				code, body := c.ask(tt.method, tt.path, "p", tt.body, "Content-Type", asJSON)
				if tt.path == "/api/admin/emoji/upload" && code == 200 && evil == "aux.png" || // a name of letters, if not on Windows
					code < 400 || code >= 500 || strings.Contains(body, planted) || strings.Contains(body, "root:") {
					t.Errorf("%s %s: %d %.200s", tt.method, tt.path, code, body)
				}
			}
		})
	}
	if after := namesBelow(t, outside); after != before {
		t.Errorf("files are\n%s\nand were\n%s", after, before)
	}
}

// TestAttacksByStreamName publishes with such names for an app and for a key,
// and is let in.
func TestAttacksByStreamName(t *testing.T) {
	outside, dir := hideout(t)
	c := runKeyless(t, owncast.WithDataDir(dir), owncast.WithLatencyLevel(0), owncast.WithRecording(recording.Policy{}), owncast.WithPublishAuthorizer(anyone{}))
	before := namesBelow(t, outside)
	for name, evil := range evilNames() {
		if strings.ContainsAny(evil, "\x00\r\n") || !utf8.ValidString(evil) || len(evil) > 1000 {
			continue // which the client does not send; video/rtmp has others
		}
		t.Run(name, func(t *testing.T) {
			path := (&url.URL{Path: strings.TrimLeft(evil, "/")}).EscapedPath()
			for _, at := range []string{"/" + path + "/k", "/live/" + path} {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				client, err := rtmp.Dial(ctx, "rtmp://"+c.rtmp+at, rtmp.ClientConfig{})
				cancel()
				if err == nil {
					client.Close()
				}
			}
		})
	}
	c.app.Disconnect()
	after := namesBelow(t, outside)
	for evil := range strings.FieldsSeq("secret.txt::$DATA passwd evil .env con aux.png C:") {
		if strings.Count(after, evil) != strings.Count(before, evil) {
			t.Errorf("%s is among the files\n%s", evil, after)
		}
	}
}

// anyone may publish.
type anyone struct{}

func (anyone) AuthorizePublish(context.Context, owncast.PublishRequest) error { return nil }
