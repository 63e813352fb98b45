package recording

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafov/m3u8"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/video"
)

var dawn = time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.UTC)

func newLibrary(t testing.TB, cfg Config) *Library {
	t.Helper()
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Shutdown(context.Background()) })
	l.Start()
	return l
}

// session is a broadcast as a Packager would record it: of segments of two
// seconds, 1000 bytes each.
type session struct {
	t      testing.TB
	l      *Library
	store  storage.Storage
	id     string
	prefix string
	n      int
	header *video.SegmentHeader
	lost   time.Duration
	broken bool // the next segment is discontinuous
}

func newSession(t testing.TB, l *Library, store storage.Storage, id string) *session {
	return &session{t: t, l: l, store: store, id: id, header: &video.SegmentHeader{
		Name: id + "-i1.mp4", Data: []byte("header"),
		Tracks: []*video.Track{{Kind: video.Video, CodecString: "avc1.64001f", Width: 640, Height: 360}, {Kind: video.Audio, CodecString: "mp4a.40.2"}},
	}}
}

// segments stores and tells of n segments, as far as the storage takes them.
func (s *session) segments(n int) {
	for range n {
		const length = 2 * time.Second
		if s.prefix == "" {
			s.prefix, _ = s.l.Begin(s.t.Context(), s.id)
		}
		name := fmt.Sprintf("%s-%d.m4s", s.id, s.n)
		start := dawn.Add(time.Duration(s.n) * length)
		s.n++
		if s.prefix == "" {
			continue
		}
		if err := s.store.Put(s.t.Context(), s.prefix+name, bytes.NewReader(make([]byte, 1000)), storage.PutOptions{}); err != nil {
			s.lost += length
			continue
		}
		s.l.Stored(s.id, video.RecordedSegment{
			Name: name, Start: start, Duration: length, Size: 1000, Independent: true, Header: s.header,
			Lost: s.lost, Discontinuity: s.lost > 0 || s.broken, FrameRate: 30, Target: 2 * time.Second,
		})
		s.lost, s.broken = 0, false
	}
	synctest.Wait()
}

func (s *session) end() {
	if s.prefix != "" {
		s.l.End(s.id, s.lost)
	}
	synctest.Wait()
}

func (s *session) release() {
	if s.prefix != "" {
		s.l.Release(s.id)
	}
	synctest.Wait()
}

func (l *Library) get(t testing.TB, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://viewer/", nil)
	r.URL.Path = path
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	l.ServeHTTP(w, r)
	return w.Result()
}

func text(t testing.TB, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// playable checks that everything the playlists of a recording name is there,
// and returns the media playlist.
func playable(t testing.TB, l *Library, r Recording) string {
	t.Helper()
	resp := l.get(t, "/"+r.Playlist())
	master := text(t, resp)
	if resp.StatusCode != http.StatusOK || !strings.Contains(master, "0/stream.m3u8") {
		t.Fatalf("%s: %d %s", r.Playlist(), resp.StatusCode, master)
	}
	resp = l.get(t, "/"+r.ID+"/0/stream.m3u8")
	list := text(t, resp)
	got, kind, err := m3u8.DecodeFrom(strings.NewReader(list), true)
	if err != nil || kind != m3u8.MEDIA || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %v\n%s", r.ID, resp.StatusCode, err, list)
	}
	p := got.(*m3u8.MediaPlaylist)
	if int(p.Count()) != r.Segments {
		t.Errorf("%s: %d segments in the playlist, %d in the metadata", r.ID, p.Count(), r.Segments)
	}
	// One that has ended is live until its metadata are stored.
	vod := strings.Contains(list, "TYPE:VOD")
	if p.Closed != vod || !vod && (r.State != Live || !strings.Contains(list, "TYPE:EVENT")) {
		t.Errorf("%s is %s, but:\n%s", r.ID, r.State, list)
	}
	if strings.Contains(list, "ALLOW-CACHE") {
		t.Error("a tag that the protocol has no more")
	}
	var names []string
	for _, s := range p.Segments[:p.Count()] {
		names = append(names, s.URI)
		if s.Map != nil {
			names = append(names, s.Map.URI)
		}
		if s.ProgramDateTime.IsZero() {
			t.Errorf("%s has no date", s.URI)
		}
	}
	if len(names) == 0 || p.Segments[0].Map == nil && p.Map == nil {
		t.Fatalf("no segments or no header:\n%s", list)
	}
	for _, name := range names {
		resp := l.get(t, "/"+r.ID+"/0/"+name)
		if b := text(t, resp); resp.StatusCode != http.StatusOK || b == "" {
			t.Errorf("%s names %s: %d %s", r.ID, name, resp.StatusCode, b)
		}
	}
	return list
}

func only(t testing.TB, l *Library) Recording {
	t.Helper()
	all, total, err := l.List(t.Context(), 0, 0)
	if err != nil || total != 1 || len(all) != 1 {
		t.Fatalf("%d recordings, want one: %v", total, err)
	}
	return all[0]
}

func TestASessionIsRecordedFromItsBeginningToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		var ready []Recording
		asked := 0
		l := newLibrary(t, Config{
			Storage: store, Title: func(context.Context) (string, error) { return " a\ntitle ", nil },
			Thumbnail: func(context.Context, string) ([]byte, error) {
				if asked++; asked < 3 {
					return nil, nil
				}
				return []byte("jpeg"), nil
			},
			Events: Events{Ready: func(_ context.Context, e Ready) { ready = append(ready, e.Recording) }},
		})
		s := newSession(t, l, store, "one")
		s.segments(4)
		if _, n, err := l.List(t.Context(), 0, 0); n != 0 || err != nil {
			t.Errorf("%d recordings listed that may not be kept: %v", n, err)
		}
		s.broken = true
		s.segments(146)
		r := only(t, l)
		if r.State != Live || r.Segments != 150 || r.Duration != 300*time.Second || r.Bytes != 150_006 || r.Title != "a title" || !r.StartedAt.Equal(dawn) {
			t.Errorf("live: %+v", r)
		}
		playable(t, l, r)
		if err := l.Delete(t.Context(), r.ID); !errors.Is(err, ErrLive) {
			t.Errorf("Delete of the live one = %v", err)
		}
		s.end()
		r = only(t, l)
		if r.State != Complete || r.Discontinuity != 1 || r.Lost != 0 || !r.Thumbnail || asked != 3 || len(ready) != 1 || ready[0] != r {
			t.Errorf("complete: %+v, ready %+v", r, ready)
		}
		list := playable(t, l, r)
		for _, want := range []string{
			"#EXT-X-VERSION:6\n", "#EXT-X-TARGETDURATION:2\n", "#EXT-X-INDEPENDENT-SEGMENTS\n",
			"#EXT-X-PROGRAM-DATE-TIME:2026-03-04T05:06:07.89Z\n#EXTINF:2.000,\none-0.m4s\n", "#EXT-X-ENDLIST\n",
		} {
			if !strings.Contains(list, want) {
				t.Errorf("no %q in\n%.600s", want, list)
			}
		}
		if n := strings.Count(list, "EXT-X-DISCONTINUITY\n"); n != 1 {
			t.Errorf("%d discontinuities", n)
		}
		master := text(t, l.get(t, "/one/stream.m3u8"))
		if want := `BANDWIDTH=4400,AVERAGE-BANDWIDTH=4000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=30.000`; !strings.Contains(master, want) {
			t.Errorf("multivariant playlist:\n%s", master)
		}
		if resp := l.get(t, "/one/thumbnail.jpg"); text(t, resp) != "jpeg" || resp.Header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("thumbnail: %v", resp.Header)
		}
		s.release()
		store.tidy(t, l)
	})
}

func TestWhatTheStorageDidNotTakeIsMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		l := newLibrary(t, Config{Storage: store})
		s := newSession(t, l, store, "one")
		s.segments(6)
		store.breaks(func(op, _ string) (error, bool) { return syscall.ENOSPC, false })
		s.segments(3)
		store.breaks(nil)
		s.segments(6)
		s.end()
		r := only(t, l)
		if r.Segments != 12 || r.Lost != 6*time.Second || r.Discontinuity != 1 || r.Duration != 24*time.Second {
			t.Errorf("%+v", r)
		}
		want := "one-5.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-03-04T05:06:25.89Z\n#EXTINF:2.000,\none-9.m4s\n"
		if list := playable(t, l, r); !strings.Contains(list, want) {
			t.Errorf("no gap in\n%s", list)
		}
		s.release()
	})
}

func TestAHeaderThatIsNotStoredHoldsBackItsSegments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		var failed []error
		l := newLibrary(t, Config{Storage: store, Events: Events{Failed: func(_ context.Context, e Failed) { failed = append(failed, e.Err) }}})
		s := newSession(t, l, store, "one")
		s.segments(6)
		store.breaks(func(_, key string) (error, bool) {
			if strings.HasSuffix(key, "i2.mp4") {
				return errBroken, false
			}
			return nil, true
		})
		s.header = &video.SegmentHeader{Name: "one-i2.mp4", Data: []byte("another"), Tracks: s.header.Tracks[:1]}
		s.broken = true
		s.segments(6)
		if r := only(t, l); r.Segments != 6 {
			t.Errorf("%d segments, want those that have their header", r.Segments)
		}
		store.breaks(nil)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		r := only(t, l)
		if list := playable(t, l, r); r.Segments != 12 || strings.Count(list, "EXT-X-MAP") != 2 {
			t.Errorf("%+v\n%s", r, list)
		}
		if len(failed) != 1 || !errors.Is(failed[0], errBroken) {
			t.Errorf("told of %v", failed)
		}
		s.end()
		s.release()
	})
}

func TestARecordingBeginsWhenTheStorageWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		failed := 0
		l := newLibrary(t, Config{Storage: store, Events: Events{Failed: func(context.Context, Failed) { failed++; panic("host") }}})
		store.breaks(func(string, string) (error, bool) { return errBroken, false })
		s := newSession(t, l, store, "one")
		s.segments(5)
		store.breaks(nil)
		s.segments(7)
		if r := only(t, l); r.Segments != 7 || !r.StartedAt.Equal(dawn.Add(10*time.Second)) || failed != 1 {
			t.Errorf("%+v, told %d times", r, failed)
		}
		s.end()
		s.release()
	})
}

func TestAShortSessionIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		l := newLibrary(t, Config{Storage: store})
		s := newSession(t, l, store, "one")
		s.segments(4)
		s.end()
		if !slices.Contains(store.keys(), "recorded/one/0/one-3.m4s") {
			t.Error("what can still be watched live was deleted")
		}
		if resp := l.get(t, "/one/0/stream.m3u8"); resp.StatusCode != http.StatusNotFound {
			t.Errorf("status %d", resp.StatusCode)
		}
		s.release()
		if keys := store.keys(); len(keys) > 0 {
			t.Errorf("left: %q", keys)
		}
	})
}

func TestAKilledProcessLeavesARecordingThatTheNextOneCompletes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		first := newLibrary(t, Config{Storage: store})
		s := newSession(t, first, store, "one")
		s.segments(140)
		dead := &shelf{objects: map[string][]byte{}}
		for _, k := range store.keys() {
			dead.objects[k] = store.objects[k]
		}
		dead.objects["recorded/one/0/one-140.m4s"] = []byte("stored, but not noted")
		delete(dead.objects, "recorded/one/0/one-70.m4s") // the storage lost it
		s.end()
		s.release()

		var ready []Recording
		second := newLibrary(t, Config{Storage: dead, Events: Events{Ready: func(_ context.Context, e Ready) { ready = append(ready, e.Recording) }}})
		synctest.Wait()
		r := only(t, second)
		if r.State != Interrupted || r.Segments != 139 || r.Lost != 2*time.Second || r.Discontinuity != 1 || len(ready) != 1 {
			t.Errorf("%+v, ready %d", r, len(ready))
		}
		playable(t, second, r)
		dead.tidy(t, second)
		if slices.Contains(dead.keys(), "recorded/one/0/one-140.m4s") {
			t.Error("a segment that nothing names is kept")
		}
		if err := second.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		third := newLibrary(t, Config{Storage: dead})
		if again := only(t, third); again != r {
			t.Errorf("after another start %+v, was %+v", again, r)
		}
	})
}

func TestAnInterruptedRecordingWaitsForASoundStorage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		first := newLibrary(t, Config{Storage: store})
		newSession(t, first, store, "one").segments(10)
		store.breaks(func(op, _ string) (error, bool) {
			if op == "put" {
				return syscall.ENOSPC, false
			}
			return nil, true
		})
		failed := 0
		second := newLibrary(t, Config{Storage: store, Events: Events{Failed: func(context.Context, Failed) { failed++ }}})
		if _, n, err := second.List(t.Context(), 0, 0); n != 0 || err != nil {
			t.Errorf("%d listed, %v", n, err)
		}
		time.Sleep(25 * time.Minute)
		synctest.Wait()
		store.breaks(nil)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if r := only(t, second); r.State != Interrupted || r.Segments != 10 || failed != 1 {
			t.Errorf("%+v, told %d times", r, failed)
		}
	})
}

func TestAStorageThatIsDownAtTheStartIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		store.breaks(func(string, string) (error, bool) { return errBroken, false })
		l := newLibrary(t, Config{Storage: store})
		if _, _, err := l.List(t.Context(), 0, 0); !errors.Is(err, ErrUnavailable) {
			t.Errorf("List = %v", err)
		}
		if resp := l.get(t, "/one/stream.m3u8"); resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("status %d", resp.StatusCode)
		}
		store.breaks(nil)
		s := newSession(t, l, store, "one")
		s.segments(10)
		time.Sleep(time.Minute)
		only(t, l)
		s.end()
		s.release()
	})
}

func TestThePolicyDeletesTheOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		l := newLibrary(t, Config{Storage: store, Policy: Policy{MaxCount: 2}})
		yes := true
		for i := range 5 {
			s := newSession(t, l, store, fmt.Sprintf("s%d", i))
			s.n = 100 * i
			s.segments(10)
			s.end()
			s.release()
			if i == 1 {
				if _, err := l.Update(t.Context(), "s1", Update{Pinned: &yes}); err != nil {
					t.Fatal(err)
				}
				if _, err := l.Clip(t.Context(), ClipRequest{Recording: "s0", End: 5 * time.Second}); err != nil {
					t.Fatal(err)
				}
			}
		}
		all, _, err := l.List(t.Context(), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, r := range all {
			if r.Clip() {
				r.ID = "clip of " + r.Of
			}
			ids = append(ids, r.ID)
		}
		if want := []string{"s4", "s3", "s1", "clip of s0"}; !slices.Equal(ids, want) {
			t.Errorf("kept %q, want %q", ids, want)
		}
		store.tidy(t, l)
	})
}

func TestSurplus(t *testing.T) {
	now := dawn.Add(24 * time.Hour)
	r := func(id string, age time.Duration, bytes int64) Recording {
		return Recording{ID: id, StartedAt: now.Add(-age - time.Hour), Duration: time.Hour, Bytes: bytes, State: Complete}
	}
	with := func(r Recording, f func(*Recording)) Recording { f(&r); return r }
	live := with(r("live", 9*time.Hour, 50), func(r *Recording) { r.State = Live })
	pinned := with(r("pinned", 9*time.Hour, 50), func(r *Recording) { r.Pinned = true })
	clip := with(r("clip", 9*time.Hour, 50), func(r *Recording) { r.Of = "x" })
	all := []Recording{r("b", 2*time.Hour, 20), live, r("a", 3*time.Hour, 30), pinned, clip, r("c", time.Hour, 10)}
	for name, tt := range map[string]struct {
		p    Policy
		want string
	}{
		"nothing":           {Policy{}, ""},
		"age":               {Policy{MaxAge: 90 * time.Minute}, "a b"},
		"count":             {Policy{MaxCount: 1}, "a b"},
		"bytes":             {Policy{MaxBytes: 90}, "a"},
		"but the newest":    {Policy{MaxBytes: 1}, "a b"},
		"age of the newest": {Policy{MaxAge: time.Minute}, "a b c"},
		"count and bytes":   {Policy{MaxCount: 2, MaxBytes: 60}, "a b"},
	} {
		if got := strings.Join(tt.p.surplus(all, now), " "); got != tt.want {
			t.Errorf("%s: %q has to go, want %q", name, got, tt.want)
		}
	}
}

func TestAClipIsARecordingOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		l := newLibrary(t, Config{Storage: store, Policy: Policy{MaxClip: time.Minute}})
		s := newSession(t, l, store, "one")
		s.segments(20)
		s.header = &video.SegmentHeader{Name: "one-i2.mp4", Data: []byte("another"), Tracks: s.header.Tracks}
		s.broken = true
		s.segments(20)
		live, err := l.Clip(t.Context(), ClipRequest{Recording: LiveRecording, Start: 35 * time.Second, End: 45 * time.Second, Title: "live"})
		if err != nil || live.Segments != 6 || live.Duration != 12*time.Second || live.Discontinuity != 1 || live.Of != "one" {
			t.Fatalf("clip of the live one: %+v %v", live, err)
		}
		s.end()
		s.release()
		late, err := l.Clip(t.Context(), ClipRequest{Recording: "one", From: dawn.Add(41 * time.Second), To: dawn.Add(44 * time.Second)})
		if err != nil || late.Segments != 2 || !late.StartedAt.Equal(dawn.Add(40*time.Second)) {
			t.Fatalf("clip by dates: %+v %v", late, err)
		}
		if list := playable(t, l, late); !strings.Contains(list, "one-i2.mp4") || strings.Contains(list, "one-i1.mp4") || strings.Contains(list, "DISCONTINUITY\n") {
			t.Errorf("playlist:\n%s", list)
		}
		if err := l.Delete(t.Context(), "one"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		again, err := l.Clip(t.Context(), ClipRequest{Recording: live.ID, Start: 0, End: time.Second})
		if err != nil || again.Segments != 1 {
			t.Errorf("clip of a clip: %+v %v", again, err)
		}
		store.tidy(t, l)
		long := strings.Repeat("x", maxTitle+1)
		for name, tt := range map[string]struct {
			req  ClipRequest
			want error
		}{
			"unknown":  {ClipRequest{Recording: "other", End: time.Second}, ErrNotFound},
			"not live": {ClipRequest{Recording: LiveRecording, End: time.Second}, ErrNotFound},
			"empty":    {ClipRequest{Recording: live.ID, Start: time.Second, End: time.Second}, ErrRange},
			"before":   {ClipRequest{Recording: live.ID, Start: -time.Second, End: time.Second}, ErrRange},
			"after":    {ClipRequest{Recording: live.ID, Start: time.Hour, End: time.Hour + time.Second}, ErrRange},
			"long":     {ClipRequest{Recording: live.ID, End: time.Hour}, ErrTooLong},
			"dates":    {ClipRequest{Recording: live.ID, From: dawn, To: dawn.Add(time.Hour)}, ErrTooLong},
			"title":    {ClipRequest{Recording: live.ID, End: time.Second, Title: long}, ErrTitle},
		} {
			if _, err := l.Clip(t.Context(), tt.req); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", name, err, tt.want)
			}
		}
	})
}

func TestNothingIsLeftOfAClipThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		l := newLibrary(t, Config{Storage: store})
		s := newSession(t, l, store, "one")
		s.segments(20)
		s.end()
		s.release()
		before := store.keys()
		for n := range 12 {
			left := n
			store.breaks(func(op, _ string) (error, bool) {
				if left--; op == "put" && left < 0 {
					return errBroken, n%2 == 0
				}
				return nil, true
			})
			if _, err := l.Clip(t.Context(), ClipRequest{Recording: "one", End: 9 * time.Second}); n < 6 && !errors.Is(err, errBroken) {
				t.Errorf("%d: %v", n, err)
			}
			store.breaks(nil)
			synctest.Wait()
			l.wakeUp()
			synctest.Wait()
			all, _, err := l.List(t.Context(), 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range all {
				if r.Clip() {
					if err := l.Delete(t.Context(), r.ID); err != nil {
						t.Fatal(err)
					}
				}
			}
			synctest.Wait()
			if after := store.keys(); !slices.Equal(before, after) {
				t.Fatalf("%d: %q, was %q", n, after, before)
			}
		}
	})
}

func TestUpdates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		l := newLibrary(t, Config{Storage: store})
		s := newSession(t, l, store, "one")
		s.segments(6)
		title, yes := "while it is live", true
		if r, err := l.Update(t.Context(), "one", Update{Title: &title, Pinned: &yes}); err != nil || r.Title != title || !r.Pinned {
			t.Fatalf("%+v %v", r, err)
		}
		s.segments(6)
		s.end()
		s.release()
		if r := only(t, l); r.Title != title || !r.Pinned || r.Segments != 12 {
			t.Errorf("%+v", r)
		}
		for _, bad := range []string{"a\nb", "a\x00", "\xff", strings.Repeat("ü", maxTitle+1)} {
			if _, err := l.Update(t.Context(), "one", Update{Title: &bad}); !errors.Is(err, ErrTitle) {
				t.Errorf("title %.10q: %v", bad, err)
			}
		}
		if _, err := l.Update(t.Context(), "two", Update{}); !errors.Is(err, ErrNotFound) {
			t.Errorf("unknown: %v", err)
		}
		var doc Recording
		if err := json.Unmarshal(store.objects["recordings/one.json"], &doc); err != nil || doc != only(t, l) {
			t.Errorf("stored %+v: %v", doc, err)
		}
	})
}

func TestAHookMayUseTheLibrary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		var l *Library
		var errs []error
		l = newLibrary(t, Config{Storage: store, Events: Events{Ready: func(ctx context.Context, e Ready) {
			title := "by the hook"
			_, err := l.Update(ctx, e.Recording.ID, Update{Title: &title})
			errs = append(errs, err)
			if !e.Recording.Clip() {
				_, err = l.Clip(ctx, ClipRequest{Recording: e.Recording.ID, End: 4 * time.Second})
				errs = append(errs, err, l.Delete(ctx, e.Recording.ID))
			}
		}}})
		s := newSession(t, l, store, "one")
		s.segments(6)
		s.end()
		s.release()
		if err := errors.Join(errs...); err != nil || len(errs) != 4 {
			t.Errorf("%d calls: %v", len(errs), err)
		}
		if r := only(t, l); !r.Clip() || r.Title != "by the hook" {
			t.Errorf("%+v", r)
		}
		store.tidy(t, l)
	})
}

func TestShutdownCompletesWhatHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		l := newLibrary(t, Config{Storage: store})
		s := newSession(t, l, store, "one")
		s.segments(6)
		s.l.End("one", 0)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := l.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if _, _, err := l.List(t.Context(), 0, 0); !errors.Is(err, ErrClosed) {
			t.Errorf("List = %v", err)
		}
		if _, err := l.Begin(t.Context(), "two"); !errors.Is(err, ErrClosed) {
			t.Errorf("Begin = %v", err)
		}
		if _, err := l.Clip(t.Context(), ClipRequest{Recording: "one", End: 1}); !errors.Is(err, ErrClosed) {
			t.Errorf("Clip = %v", err)
		}
		l.Start()
		if r := only(t, newLibrary(t, Config{Storage: store})); r.State != Complete {
			t.Errorf("%+v", r)
		}
	})
}

func TestMetadataThatMakeNoSenseAreLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		s := newSession(t, newLibrary(t, Config{Storage: store}), store, "one")
		s.segments(6)
		s.end()
		s.release()
		store.objects["recordings/two.json"] = []byte("{")
		store.objects["recordings/two.media"] = []byte("two")
		store.objects["recordings/three.json"] = []byte(`{"id":"../one"}`)
		store.objects["recorded/two/0/two-1.m4s"] = []byte("media")
		store.objects["recordings/../x.json"] = []byte(`{}`)
		before := store.keys()
		l := newLibrary(t, Config{Storage: store})
		synctest.Wait()
		only(t, l)
		if after := store.keys(); !slices.Equal(before, after) {
			t.Errorf("%q, was %q", after, before)
		}
	})
}

func TestNewRefusesWhatMakesNoSense(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("no storage")
	}
	for _, p := range []Policy{{MaxAge: -1}, {MaxCount: -1}, {MaxBytes: -1}, {MaxClip: -1}} {
		if _, err := New(Config{Storage: newShelf(), Policy: p}); err == nil {
			t.Errorf("%+v is accepted", p)
		}
	}
}

// slow is a shelf that is listed when the key is there, and answers for the key
// when the Library has read what is listed.
type slow struct {
	*shelf
	key   string
	once  *sync.Once
	there chan struct{}
	read  func() <-chan struct{}
}

func (s slow) Put(ctx context.Context, key string, r io.Reader, o storage.PutOptions) error {
	err := s.shelf.Put(ctx, key, r, o)
	if key == s.key {
		s.once.Do(func() { close(s.there) })
		<-s.read()
	}
	return err
}

func (s slow) List(ctx context.Context, prefix string) iter.Seq2[storage.Info, error] {
	<-s.there
	return s.shelf.List(ctx, prefix)
}

func TestARecordingMayBeginWhileWhatThereIsIsRead(t *testing.T) {
	for name, key := range map[string]string{"its mark is there": markKey("one"), "its metadata are there": metadataKey("one")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var l *Library
				store := slow{newShelf(), key, new(sync.Once), make(chan struct{}), func() <-chan struct{} { return l.loaded }}
				l = newLibrary(t, Config{Storage: store})
				s := newSession(t, l, store.shelf, "one")
				s.segments(8)
				s.end()
				s.release()
				time.Sleep(2 * interval) // what is taken for garbage is gone
				r := only(t, l)
				if r.State != Complete || r.Segments != 8 || store.objects[markKey("one")] == nil {
					t.Errorf("%+v, mark %q", r, store.objects[markKey("one")])
				}
				playable(t, l, r)
			})
		})
	}
}
