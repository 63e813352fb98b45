package recording

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/storage"
)

func TestMediaAreServedWithRangesAndToBeKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		l := newLibrary(t, Config{Storage: store})
		s := newSession(t, l, store, "one")
		s.segments(6)
		s.end()
		s.release()
		resp := l.get(t, "/one/0/one-2.m4s")
		h := resp.Header
		if b := text(t, resp); len(b) != 1000 || h.Get("Content-Type") != "video/mp4" || h.Get("Cache-Control") != mediaCache || h.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%d bytes, %v", len(b), h)
		}
		if resp := l.get(t, "/one/0/one-2.m4s", "Range", "bytes=10-19"); resp.StatusCode != http.StatusPartialContent || len(text(t, resp)) != 10 {
			t.Errorf("range: %d", resp.StatusCode)
		}
		if resp := l.get(t, "/one/0/one-2.m4s", "If-None-Match", h.Get("ETag")); resp.StatusCode != http.StatusNotModified {
			t.Errorf("known: %d", resp.StatusCode)
		}
		plain := text(t, l.get(t, "/one/0/stream.m3u8"))
		resp = l.get(t, "/one/0/stream.m3u8", "Accept-Encoding", "br, gzip;q=0.5")
		z, err := gzip.NewReader(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(z); err != nil || string(b) != plain || resp.Header.Get("Cache-Control") != "no-cache" || resp.Header.Get("Content-Type") != playlistType {
			t.Errorf("gzip: %q %v %v", b, err, resp.Header)
		}
		if resp := l.get(t, "/one/0/stream.m3u8", "Accept-Encoding", "gzip;q=0", "If-None-Match", resp.Header.Get("ETag")); resp.StatusCode != http.StatusOK || text(t, resp) != plain {
			t.Errorf("another encoding has the same tag")
		}
		for _, encoding := range []string{"", "gzip"} {
			resp := l.get(t, "/one/0/stream.m3u8", "Range", "bytes=0-9", "Accept-Encoding", encoding)
			if resp.StatusCode != http.StatusOK || resp.Header.Get("Accept-Ranges") != "" {
				t.Errorf("a range of a playlist: %d %v", resp.StatusCode, resp.Header)
			}
			if resp := l.get(t, "/one/0/stream.m3u8", "If-None-Match", `"x", W/`+resp.Header.Get("ETag"), "Accept-Encoding", encoding); resp.StatusCode != http.StatusNotModified {
				t.Errorf("a playlist that is known: %d", resp.StatusCode)
			}
		}
		w := httptest.NewRecorder()
		l.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://viewer/one/stream.m3u8", nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") == "" {
			t.Errorf("POST: %d", w.Code)
		}
	})
}

func TestWhatIsNoFileOfARecordingIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		l := newLibrary(t, Config{Storage: store})
		s := newSession(t, l, store, "one")
		s.segments(6)
		store.objects["hls/0/x-1.m4s"] = []byte("secret")
		for _, p := range []string{
			"", "/", "/one", "/one/", "/one/0", "/one/0/", "/one/0/stream", "/one/1/stream.m3u8", "/two/stream.m3u8", "/one/index-0.json",
			"/one/0/one-99.m4s", "/one/0/ONE-0.m4s", "/one/0/../0/one-0.m4s", "/one/0/..%2fone-0.m4s", "/one/0/one-0.m4s/", "//one/stream.m3u8",
			"/../recordings/one.json", "/one/../../hls/0/x-1.m4s", "/one/0/../../../hls/0/x-1.m4s", "/one/0/.m4s", "/one/0/one-0.m4s\x00", "/one/thumbnail.jpg",
		} {
			if resp := l.get(t, p); resp.StatusCode != http.StatusNotFound {
				t.Errorf("%q: %d", p, resp.StatusCode)
			}
		}
		s.end()
		s.release()
	})
}

// cdn is a shelf that has viewers fetch from it.
type cdn struct{ *shelf }

func (cdn) RedirectURL(_ context.Context, key string) (*url.URL, time.Time, error) {
	u, err := url.Parse("https://cdn.example/" + key + "?signed=yes")
	return u, time.Time{}, err
}

func TestMediaAreRedirectedToAStorageThatServesThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := cdn{newShelf()}
		l := newLibrary(t, Config{Storage: store})
		s := newSession(t, l, store, "one")
		s.segments(6)
		resp := l.get(t, "/one/0/one-2.m4s")
		if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusFound || to != "https://cdn.example/recorded/one/0/one-2.m4s?signed=yes" {
			t.Errorf("%d to %q", resp.StatusCode, to)
		}
		if resp := l.get(t, "/one/0/stream.m3u8"); resp.StatusCode != http.StatusOK {
			t.Errorf("a playlist, whose names are relative: %d", resp.StatusCode)
		}
		s.end()
		s.release()
	})
}

// shy is a shelf that could redirect, but does not.
type shy struct {
	*shelf
	err error
}

func (s shy) RedirectURL(context.Context, string) (*url.URL, time.Time, error) {
	return nil, time.Time{}, s.err
}

func TestMediaOfAStorageThatRedirectsNobodyAreRead(t *testing.T) {
	for name, err := range map[string]error{
		"it is not configured to": fmt.Errorf("no public URL: %w", errors.ErrUnsupported),
		"it cannot say where":     errors.New("no credentials"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := shy{newShelf(), err}
				l := newLibrary(t, Config{Storage: store})
				s := newSession(t, l, store, "one")
				s.segments(6)
				s.end()
				s.release()
				if resp := l.get(t, "/one/0/one-2.m4s", "Range", "bytes=0-99"); resp.StatusCode != http.StatusPartialContent || len(text(t, resp)) != 100 {
					t.Errorf("range: %d", resp.StatusCode)
				}
				playable(t, l, only(t, l))
			})
		})
	}
}

func TestTheGrowingPlaylistIsServedWhileItGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		l := newLibrary(t, Config{Storage: store})
		s := newSession(t, l, store, "one")
		var last string
		for n := 1; n <= 20; n++ {
			s.segments(1)
			list := text(t, l.get(t, "/one/0/stream.m3u8"))
			if strings.Count(list, "#EXTINF") != n || !strings.HasPrefix(list, last) {
				t.Fatalf("an EVENT playlist may only grow:\n%s\nwas\n%s", list, last)
			}
			last = list
		}
		s.end()
		if list := text(t, l.get(t, "/one/0/stream.m3u8")); list != strings.Replace(last, "EVENT", "VOD", 1)+"#EXT-X-ENDLIST\n" {
			t.Errorf("ended:\n%s", list)
		}
		s.release()
	})
}

// FuzzPath checks that every path that is accepted stays below its recording.
func FuzzPath(f *testing.F) {
	for _, p := range []string{
		"/one/stream.m3u8", "/one/0/stream.m3u8", "/one/0/one-1.m4s", "/one/0/one-i1.mp4", "/one/thumbnail.jpg",
		"/one/../two/stream.m3u8", "/one/0/../x.m4s", "one\\0\\x.m4s", "/one/0/%2e%2e/x.m4s", "/one/0/\x00.m4s", "/CON/0/x.m4s",
	} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		file, ok := parsePath(p)
		if !ok {
			return
		}
		key := root(file.id) + file.name
		if err := storage.CheckKey(key); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(key, "..") || strings.Contains(key, "//") || !strings.HasPrefix(key, fmt.Sprintf("recorded/%s/", file.id)) ||
			strings.HasSuffix(key, ".json") || strings.ContainsAny(key, "\\%:\x00 ") || !validID(file.id) {
			t.Errorf("%q becomes %q", p, key)
		}
	})
}

// FuzzIndex checks that what is read of an index can be rendered.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"headers":[{"name":"a.mp4","size":1,"codecs":["avc1"]}],"segments":[{"name":"a-1.m4s","start":"2026-01-02T03:04:05Z","duration":2000000000,"size":9,"header":0,"independent":true}],"target":2}`))
	f.Add([]byte(`{"segments":[{"name":"../a.m4s","duration":1,"header":-1}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		store := newShelf()
		l, err := New(Config{Storage: store})
		if err != nil {
			t.Fatal(err)
		}
		store.objects[pageKey("one", 0)] = b
		x, err := l.readIndex(t.Context(), "one")
		if err != nil {
			return
		}
		list, err := x.media(true)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(list), "#EXTINF:"); n != len(x.records) || strings.Count(string(list), "#EXT-X-ENDLIST") != 1 {
			t.Errorf("%d segments of %d:\n%s", n, len(x.records), list)
		}
		x.multivariant()
	})
}
