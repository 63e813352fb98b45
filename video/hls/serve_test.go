package hls

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestEverythingAPlaylistNamesIsServed(t *testing.T) {
	s := newSite(t, Config{})
	s.until(10500 * time.Millisecond)
	resp := s.get("/stream.m3u8")
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != playlistType {
		t.Fatalf("multivariant playlist: %d %q", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	var lists []string
	for line := range strings.Lines(string(readAll(t, resp))) {
		if !strings.HasPrefix(line, "#") && line != "\n" {
			lists = append(lists, strings.TrimSpace(line))
		}
	}
	if want := []string{"0/stream.m3u8", "audio/stream.m3u8"}; !slices.Equal(lists, want) {
		t.Fatalf("multivariant playlist of %q, want %q", lists, want)
	}
	name := regexp.MustCompile(`^s1-(\d+\.m4s|p\d+\.m4s|i\d+\.mp4)$`)
	for _, list := range lists {
		dir, _, _ := strings.Cut(list, "/")
		for _, n := range s.playlist("/" + list).names() {
			if !name.MatchString(n) {
				t.Errorf("%q is more than the session's id and a number", n)
			}
			resp := s.get("/" + dir + "/" + n)
			h := resp.Header
			body := readAll(t, resp)
			if resp.StatusCode != http.StatusOK || len(body) == 0 || h.Get("Content-Length") != strconv.Itoa(len(body)) {
				t.Errorf("GET %s: %d, %d bytes, length %q", n, resp.StatusCode, len(body), h.Get("Content-Length"))
			}
			if h.Get("Content-Type") != mediaType || !strings.Contains(h.Get("Cache-Control"), "immutable") {
				t.Errorf("GET %s: %q %q", n, h.Get("Content-Type"), h.Get("Cache-Control"))
			}
			if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("ETag") != `"`+n+`"` {
				t.Errorf("GET %s: origin %q, tag %q", n, h.Get("Access-Control-Allow-Origin"), h.Get("ETag"))
			}
		}
	}
}

func TestASegmentIsItsParts(t *testing.T) {
	s := newSite(t, Config{})
	s.until(5500 * time.Millisecond)
	for _, dir := range []string{"/0/", "/audio/"} {
		for _, g := range s.playlist(dir + "stream.m3u8").segs {
			var parts []byte
			for _, p := range g.parts {
				parts = append(parts, readAll(t, s.get(dir+p.uri))...)
			}
			if len(g.parts) > 0 && !bytes.Equal(parts, readAll(t, s.get(dir+g.uri))) {
				t.Errorf("%s is not the %d parts of it", g.uri, len(g.parts))
			}
		}
	}
}

func TestAPlaylistIsSentOnceToWhoHasIt(t *testing.T) {
	s := newSite(t, Config{})
	s.until(5500 * time.Millisecond)
	for _, target := range []string{"/stream.m3u8", "/0/stream.m3u8", "/0/stream.m3u8?_HLS_skip=YES", "/audio/stream.m3u8"} {
		plain, zipped := s.get(target), s.get(target, "Accept-Encoding", "br, gzip;q=0.5")
		if plain.Header.Get("Content-Encoding") != "" || zipped.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: encoded as %q and %q", target, plain.Header.Get("Content-Encoding"), zipped.Header.Get("Content-Encoding"))
		}
		text := readAll(t, plain)
		if z := unzip(t, readAll(t, zipped)); !bytes.Equal(z, text) {
			t.Errorf("%s: the compressed playlist is another one:\n%s\n%s", target, z, text)
		}
		for _, resp := range []*http.Response{plain, zipped} {
			h := resp.Header
			if h.Get("Cache-Control") != "no-cache" || h.Get("Vary") != "Accept-Encoding" || h.Get("Content-Type") != playlistType {
				t.Errorf("%s: header %v", target, h)
			}
			again := s.get(target, "If-None-Match", `"other", W/`+h.Get("ETag"), "Accept-Encoding", h.Get("Content-Encoding"))
			if again.StatusCode != http.StatusNotModified || len(readAll(t, again)) != 0 || again.Header.Get("ETag") != h.Get("ETag") {
				t.Errorf("%s: again: %d, tag %q", target, again.StatusCode, again.Header.Get("ETag"))
			}
		}
		if plain.Header.Get("ETag") == zipped.Header.Get("ETag") {
			t.Errorf("%s: one tag for two bodies", target)
		}
		if resp := s.get(target, "Accept-Encoding", "gzip;q=0, *"); resp.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: compressed against the viewer's wish", target)
		}
	}
	old := s.get("/0/stream.m3u8").Header.Get("ETag")
	s.until(6 * time.Second)
	if resp := s.get("/0/stream.m3u8", "If-None-Match", old); resp.StatusCode != http.StatusOK {
		t.Errorf("a newer playlist: %d", resp.StatusCode)
	}
}

func TestHEADIsGETWithoutABody(t *testing.T) {
	s := newSite(t, Config{})
	s.until(5500 * time.Millisecond)
	for _, target := range []string{"/stream.m3u8", "/0/stream.m3u8", "/0/s1-2.m4s", "/0/s1-p8.m4s", "/0/s1-i1.mp4"} {
		get, head := s.get(target), s.do(t.Context(), http.MethodHead, target)
		if head.StatusCode != http.StatusOK || len(readAll(t, head)) != 0 {
			t.Errorf("HEAD %s: %d with a body", target, head.StatusCode)
		}
		for _, name := range []string{"Content-Length", "Content-Type", "ETag", "Cache-Control"} {
			if h, g := head.Header.Get(name), get.Header.Get(name); h != g || h == "" {
				t.Errorf("HEAD %s: %s %q, GET has %q", target, name, h, g)
			}
		}
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	s := newSite(t, Config{})
	s.until(5500 * time.Millisecond)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, "BREW"} {
		resp := s.do(t.Context(), method, "/0/stream.m3u8")
		if got := resp.Header.Get("Allow"); got != "GET, HEAD" {
			t.Errorf("%s: Allow %q", method, got)
		}
		refused(t, resp, http.StatusMethodNotAllowed)
	}
}

func TestBeforeTheFirstStreamThereIsNothing(t *testing.T) {
	s := newSite(t, Config{})
	targets := []string{"/", "/stream.m3u8", "/0/stream.m3u8", "/audio/stream.m3u8", "/0/s1-0.m4s"}
	for _, target := range targets {
		refused(t, s.get(target), http.StatusNotFound)
	}
	s.until(500 * time.Millisecond) // which is less than a segment
	for _, target := range targets {
		refused(t, s.get(target), http.StatusNotFound)
	}
}

func TestUnknownNamesAreNotFound(t *testing.T) {
	s := newSite(t, Config{})
	s.until(5500 * time.Millisecond)
	for _, target := range []string{
		"/", "/0", "/0/", "/1/stream.m3u8", "/0/other.m3u8", "//0/stream.m3u8", "/0//stream.m3u8", "/0/stream.m3u8/",
		"/0/s1-99.m4s", "/0/s1-p9999.m4s", "/0/s1-i9.mp4", "/0/s2-0.m4s", "/0/s1-.m4s", "/0/s1-p.m4s", "/0/s1-01.m4s",
		"/0/s1-+1.m4s", "/0/s1--1.m4s", "/0/s1-1.ts", "/0/s1-18446744073709551616.m4s", "/s1-1.m4s", "/0/S1-1.m4s",
		"/../0/stream.m3u8", "/0/../stream.m3u8", "/0/%2e%2e/stream.m3u8", "/0/..%2fs1-1.m4s", "/0/s1-1.m4s%00", "/0\\s1-1.m4s",
		"/0/" + strings.Repeat("a", 4096), "/audio/s1-i1.mp4",
	} {
		refused(t, s.get(target), http.StatusNotFound)
	}
}

func TestRangesOfMedia(t *testing.T) {
	s := newSite(t, Config{})
	s.until(5500 * time.Millisecond)
	for _, target := range []string{"/0/s1-2.m4s", "/0/s1-p8.m4s", "/0/s1-i1.mp4"} {
		whole := readAll(t, s.get(target))
		size := len(whole)
		for _, tt := range []struct {
			ask      string
			from, to int
		}{
			{"bytes=0-0", 0, 1},
			{"bytes=100-", 100, size},
			{"bytes=-7", size - 7, size},
			{"bytes=3-" + strconv.Itoa(size-5), 3, size - 4},
		} {
			resp := s.get(target, "Range", tt.ask)
			if body := readAll(t, resp); resp.StatusCode != http.StatusPartialContent || !bytes.Equal(body, whole[tt.from:tt.to]) {
				t.Errorf("%s %s: %d, %d bytes", target, tt.ask, resp.StatusCode, len(body))
			}
		}
		if resp := s.get(target, "Range", "bytes="+strconv.Itoa(size)+"-"); resp.StatusCode != http.StatusRequestedRangeNotSatisfiable {
			t.Errorf("%s: a range behind the end: %d", target, resp.StatusCode)
		}
		if resp := s.get(target, "If-None-Match", s.get(target).Header.Get("ETag")); resp.StatusCode != http.StatusNotModified {
			t.Errorf("%s: known already: %d", target, resp.StatusCode)
		}
	}
}

func TestDeltaUpdatesSkipWhatIsOld(t *testing.T) {
	s := newSite(t, Config{})
	s.until(20500 * time.Millisecond)
	full := s.playlist("/0/stream.m3u8")
	for _, v := range []string{"YES", "v2"} {
		delta := s.playlist("/0/stream.m3u8?_HLS_skip=" + v)
		if delta.skipped == 0 || delta.skipped+len(delta.segs) != len(full.segs) || delta.msn != full.msn {
			t.Errorf("%s: %d + %d segments of %d", v, delta.skipped, len(delta.segs), len(full.segs))
		}
	}
	if l := s.playlist("/0/stream.m3u8?_HLS_skip=no"); l.skipped != 0 {
		t.Error("segments were skipped against the viewer's wish")
	}
}

func TestTheOldSessionIsGoneWhenTheNextIsShown(t *testing.T) {
	s := newSite(t, Config{})
	s.until(5500 * time.Millisecond)
	s.p.End()
	old := s.playlist("/0/stream.m3u8")
	if !old.ended {
		t.Error("no ENDLIST")
	}
	names := old.names()
	s.again()
	for _, n := range names {
		if resp := s.get("/0/" + n); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d before the next session can be watched", n, resp.StatusCode)
		}
	}
	s.until(3 * time.Second)
	for _, n := range names {
		refused(t, s.get("/0/"+n), http.StatusNotFound)
	}
	if l := s.playlist("/0/stream.m3u8"); l.ended || !slices.ContainsFunc(l.names(), hasPrefix("s2-")) {
		t.Errorf("not the next session's playlist:\n%s", l.text)
	}
}

func TestViewersAndBroadcastsComeAndGoAtOnce(t *testing.T) {
	s := newSite(t, Config{Storage: newShelf(), DVR: time.Minute})
	s.p.published = nil // the checks are others' matter
	stop := make(chan struct{})
	var viewers sync.WaitGroup
	for i := range 8 {
		viewers.Go(func() {
			v := &site{feeder: &feeder{t: t, p: s.p}}
			dir := [...]string{"/0/", "/audio/"}[i%2]
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				v.get("/stream.m3u8", "Accept-Encoding", "gzip")
				resp := v.get(dir+"stream.m3u8"+[...]string{"", "?_HLS_skip=YES"}[n%2], "Accept-Encoding", [...]string{"", "gzip"}[i/2%2])
				if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Encoding") != "" {
					continue
				}
				l, err := parseList(string(readAll(t, resp)))
				if err != nil {
					t.Error(err)
					return
				}
				for _, name := range l.names() {
					if resp := v.get(dir + name); resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNotFound {
						t.Errorf("%s: %d", name, resp.StatusCode)
					}
				}
			}
		})
	}
	for range 5 {
		for at := time.Second; at <= 40*time.Second; at += 500 * time.Millisecond {
			s.until(at)
		}
		s.p.Interrupt()
		s.again()
	}
	close(stop)
	viewers.Wait()
}
