package owncast_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/internal/httpapi"
	"github.com/owncast-go/owncast/video/recording"
)

func allParts() map[string]owncast.Part {
	return map[string]owncast.Part{
		"page": owncast.PartPage, "video": owncast.PartVideo, "chat": owncast.PartChat, "admin": owncast.PartAdmin,
		"programs": owncast.PartPrograms, "fediverse": owncast.PartFediverse,
	}
}

// status asks h, and tells whether nothing is there.
func status(h http.Handler, method, path string, header ...string) (code int, body string) {
	r := httptest.NewRequest(method, path, http.NoBody)
	for ; len(header) > 0; header = header[2:] {
		r.Header.Set(header[0], header[1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// TestEveryRouteIsOfItsPartAlone goes by what routes are for: who may use them,
// and where they are.
func TestEveryRouteIsOfItsPartAlone(t *testing.T) {
	c := run(t, someUsers(), owncast.WithRecording(recording.Policy{}))
	whole := c.app.Handler()
	for _, rt := range httpapi.Routes() {
		at := concrete(rt)
		want, wantBody := status(whole, "BREW", at) // 401 or 405, but never 404
		if want == http.StatusNotFound {
			t.Fatalf("%s: there is no such route", rt.Path)
		}
		var in []string
		for name, part := range allParts() {
			switch code, body := status(c.app.HandlerFor(part), "BREW", at); {
			case code == want && body == wantBody:
				in = append(in, name)
			case code != http.StatusNotFound || !isError(body):
				t.Errorf("%s of %s: %d %s, want 404 or %d", rt.Path, name, code, body, want)
			}
		}
		slices.Sort(in)
		got := strings.Join(in, " ")
		switch rt.Access {
		case httpapi.Admin, httpapi.Moderator:
			if got != "admin" {
				t.Errorf("%s, for administrators, is of %q", rt.Path, got)
			}
		case httpapi.ChatUser, httpapi.ChatModerator:
			if got != "chat" {
				t.Errorf("%s, for users of the chat, is of %q", rt.Path, got)
			}
		case httpapi.TokenSendMessages, httpapi.TokenSendSystemMessages, httpapi.TokenAdmin:
			if got != "programs" {
				t.Errorf("%s, for programs, is of %q", rt.Path, got)
			}
		case httpapi.Anyone:
			if got == "" || strings.HasPrefix(rt.Path, "/api/admin/") && got != "admin" {
				t.Errorf("%s, for anyone, is of %q", rt.Path, got)
			}
		}
		if code, _ := status(c.app.HandlerFor(), "BREW", at); code != http.StatusNotFound {
			t.Errorf("%s of no part: %d", rt.Path, code)
		}
	}
}

func TestEverythingElseIsOfItsPartToo(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithLatencyLevel(0), owncast.WithRecording(recording.Policy{}))
	client := hurry(t, c.rtmp, 12)
	defer client.Close()
	c.await("/hls/0/stream.m3u8", "#EXTINF")
	id := c.recorded(recording.Live, time.Second).ID
	for path, parts := range map[string]string{
		"/":                                    "page",
		"/recordings/" + id:                    "page",
		"/schedule/x":                          "page",
		"/manifest.json":                       "page",
		"/admin/":                              "admin",
		"/admin/logs/":                         "admin",
		"/api/admin/status":                    "admin",
		"/embed/video":                         "video",
		"/embed/chat/readonly":                 "chat",
		"/hls/stream.m3u8":                     "video",
		"/hls/0/stream.m3u8":                   "video",
		"/recordings/" + id + "/stream.m3u8":   "video",
		"/recordings/" + id + "/0/stream.m3u8": "video",
		"/federation/user/x":                   "fediverse",
		"/nodeinfo/2.0":                        "fediverse",
		"/.well-known/webfinger":               "fediverse",
		"/icon.svg":                            "admin chat page video",
		"/favicon.ico":                         "admin chat page video",
		"/api/config":                          "admin chat page video",
	} {
		want, _ := status(c.app.Handler(), "GET", path)
		var in []string
		for name, part := range allParts() {
			code, _ := status(c.app.HandlerFor(part), "GET", path)
			if code == want {
				in = append(in, name)
			} else if code != http.StatusNotFound {
				t.Errorf("%s of %s: %d", path, name, code)
			}
		}
		slices.Sort(in)
		if got := strings.Join(in, " "); got != parts || want == http.StatusNotFound {
			t.Errorf("%s: %d, of %q, want %q", path, want, got, parts)
		}
	}
	both := c.app.HandlerFor(owncast.PartVideo, owncast.PartPage)
	for path, want := range map[string]int{"/": 200, "/hls/stream.m3u8": 200, "/admin/": 404, "/admin": 404, "/api/admin/status": 404, "/adminx": 404, "/ws": 404, "/hls/../admin/": 404} {
		if code, _ := status(both, "GET", path); code != want {
			t.Errorf("page and video: %s: %d, want %d", path, code, want)
		}
	}
}

func TestPartsKeepToThePathAndTheGate(t *testing.T) {
	c := run(t, owncast.WithBaseURL("https://example.org/live"), owncast.WithViewerLinks(linkKey()), owncast.WithAdminPassword("p"), owncast.WithLatencyLevel(0))
	client := burst(t, c.rtmp, "live", "k", 5)
	defer client.Close()
	token := "/live/t/" + tokenOf(t, link(t, "/", time.Hour))
	c.await(token+"/hls/0/stream.m3u8", "#EXTINF")
	for _, tt := range []struct {
		part owncast.Part
		path string
		want int
	}{
		{owncast.PartVideo, "/live/hls/stream.m3u8", 401},
		{owncast.PartVideo, token + "/hls/stream.m3u8", 200},
		{owncast.PartVideo, token + "x/hls/stream.m3u8", 401},
		{owncast.PartVideo, "/live/admin/", 404},
		{owncast.PartVideo, "/live/api/admin/status", 404},
		{owncast.PartPage, token + "/hls/stream.m3u8", 404},
		{owncast.PartAdmin, token + "/hls/stream.m3u8", 404},
		{owncast.PartAdmin, "/live/admin/", 200},
		{owncast.PartAdmin, "/live/api/admin/status", 401},
		{owncast.PartAdmin, "/admin/", 200}, // the host has taken the path off
	} {
		if code, body := status(c.app.HandlerFor(tt.part), "GET", tt.path); code != tt.want {
			t.Errorf("%s of %d: %d %.100s, want %d", tt.path, tt.part, code, body, tt.want)
		}
	}
}
