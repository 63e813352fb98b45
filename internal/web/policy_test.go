package web

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
)

func TestNothingInTheSettingsBreaksOutOfThePolicy(t *testing.T) {
	p := policy{ancestors: []string{"'self'"}, channel: Channel{
		Frames: []string{
			"https://a.example/x", "https://a.example/y", "http://b.example:81", "javascript:alert(1)", "https://c.example;script-src *",
			"https://d.example script-src", "//e.example", "https://", "https://f.example,https://g.example/", "https://[::1]:8/", "data:text/html,x",
		},
		Socket: "chat.example; script-src *",
	}}
	got := p.String()
	for _, want := range []string{"frame-src 'self' https://a.example http://b.example:81 https://[::1]:8;", "connect-src 'self';", "script-src 'self';"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
	if strings.Count(got, "script-src") != 1 || strings.Count(got, "*") != 0 {
		t.Error(got)
	}
	for socket, want := range map[string]string{
		"": "", "chat.example": " ws://chat.example wss://chat.example", "wss://chat.example:444/x": " ws://chat.example:444 wss://chat.example:444",
		"*": "", "a b": "", "'unsafe-inline'": "",
	} {
		if got := (policy{channel: Channel{Socket: socket}}).sockets(); got != want {
			t.Errorf("%q: %q, want %q", socket, got, want)
		}
	}
}

func TestAPageSaysWhatItIsAbout(t *testing.T) {
	files := fstest.MapFS{
		"index.html": {Data: []byte("<html><head>\n<!--head--><title>x</title></head>")},
		"chat.html":  {Data: []byte("<html><head>\n<!--head--><title>Chat</title></head>")},
	}
	h := New(Config{
		FS:      files,
		Channel: func(context.Context) Channel { return Channel{Name: `A "name" & more`, Title: "</title><script>"} },
		Item: func(_ context.Context, path string) (Item, bool) {
			return Item{Title: "An evening", Image: "recordings/a/thumbnail.jpg"}, path == "/recordings/a"
		},
		Root: func(*http.Request) string { return "https://example.org/live/" },
	})
	for _, tt := range []struct {
		path   string
		status int
		want   []string
	}{
		{"/", 200, []string{"<title>&lt;/title&gt;&lt;script&gt; – A &#34;name&#34; &amp; more</title>", `content="https://example.org/live/embed/video"`}},
		{"/recordings/a", 200, []string{`<base href="../" />`, "<title>An evening – ", "https://example.org/live/recordings/a/thumbnail.jpg", "embed/video?recording=a"}},
		{"/recordings/b", 404, []string{`<base href="../" />`}},
		{"/embed/chat/readonly", 200, []string{`<base href="../../" />`, "<title>Chat</title>", `content="noindex"`}},
	} {
		rec := get(h, tt.path)
		body := rec.Body.String()
		if rec.Code != tt.status || strings.Contains(body, "<script>") || strings.Contains(body, headPlace) {
			t.Errorf("%s: %d %s", tt.path, rec.Code, body)
		}
		for _, want := range tt.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %s: %s", tt.path, want, body)
			}
		}
	}
	if location := get(h, "/embed/chat?x=1").Header().Get("Location"); location != "./chat/readonly?x=1" {
		t.Error(location)
	}
	if location := get(h, "/embed/chat/").Header().Get("Location"); location != "./readonly" {
		t.Error(location)
	}
	manifest := get(h, "/manifest.json")
	if !strings.Contains(manifest.Body.String(), `"start_url":"./"`) || !strings.Contains(manifest.Body.String(), `A \"name\"`) {
		t.Error(manifest.Body)
	}
}

func TestFilesThatAreThereCompressedAloneAreUnpacked(t *testing.T) {
	files := fstest.MapFS{"assets/a.js.gz": {Data: []byte(packed("script"))}, "assets/broken.js.gz": {Data: []byte("no gzip")}}
	h := New(Config{FS: files})
	if rec := get(h, "/assets/a.js"); rec.Code != 200 || rec.Body.String() != "script" || rec.Header().Get("Content-Encoding") != "" {
		t.Errorf("%d %q %v", rec.Code, rec.Body, rec.Header())
	}
	if rec := get(h, "/assets/a.js", "Range", "bytes=1-3"); rec.Code != http.StatusPartialContent || rec.Body.String() != "cri" {
		t.Errorf("%d %q", rec.Code, rec.Body)
	}
	if rec := get(h, "/assets/a.js", "Accept-Encoding", "gzip"); rec.Body.String() != packed("script") || rec.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("%d %q", rec.Code, rec.Body)
	}
	if rec := get(h, "/assets/broken.js"); rec.Code != http.StatusInternalServerError {
		t.Error(rec.Code)
	}
}
