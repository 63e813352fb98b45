package hls

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/storage/local"
	"github.com/owncast-go/owncast/video"
)

// paced writes the broadcast a second at a time and lets the storage work.
func (s *site) paced(from, to time.Duration, pause func()) {
	for at := from; at <= to; at += time.Second {
		s.until(at)
		pause()
	}
}

// checkServed checks that every segment of the playlist can be fetched, and
// returns how long the playlist is.
func (s *site) checkServed(dir string) (length float64) {
	s.t.Helper()
	for _, g := range s.playlist("/" + dir + "/stream.m3u8").segs {
		length += g.dur
		resp := s.get("/" + dir + "/" + g.uri)
		if body := readAll(s.t, resp); resp.StatusCode != http.StatusOK || int64(len(body)) != resp.ContentLength {
			s.t.Errorf("%s is listed, but: %d %s", g.uri, resp.StatusCode, body)
		}
	}
	return length
}

func TestWhatHasLeftTheMemoryIsServedFromTheStorage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		s := newSite(t, Config{Storage: store, DVR: time.Minute})
		first := map[string][]byte{}
		s.paced(time.Second, 40*time.Second, func() {
			synctest.Wait()
			if s.p.shown.Load() == nil {
				return
			}
			l := s.playlist("/0/stream.m3u8")
			name := l.segs[len(l.segs)-1].uri
			first[name] = readAll(t, s.get("/0/"+name))
		})
		if d := s.checkServed(mainRendition); d < 38 {
			t.Errorf("%v s can be watched, want all that has come", d)
		}
		s.checkServed(audioRendition)
		memory := 0
		for _, g := range s.p.shown.Load().main.r.cur.Load().segs {
			if g.parts.Load() != nil {
				memory++
				continue
			}
			whole := first[g.name]
			if !bytes.Equal(readAll(t, s.get("/0/"+g.name)), whole) {
				t.Errorf("%s is another one than before", g.name)
			}
			ranged := s.get("/0/"+g.name, "Range", "bytes=5-9")
			if body := readAll(t, ranged); ranged.StatusCode != http.StatusPartialContent || !bytes.Equal(body, whole[5:10]) {
				t.Errorf("a range of %s: %d %d bytes", g.name, ranged.StatusCode, len(body))
			}
			if h := s.get("/0/" + g.name).Header; h.Get("Content-Type") != mediaType || !strings.Contains(h.Get("Cache-Control"), "immutable") {
				t.Errorf("%s: header %v", g.name, h)
			}
		}
		if memory > memoryTargets+1 {
			t.Errorf("%d segments are in memory", memory)
		}
		if st := s.p.Stats(); st.SegmentsStored < 76 || st.StorageErrors != 0 || st.StorageDropped != 0 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestSegmentsThatLeaveTheWindowAreDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		s := newSite(t, Config{Storage: store, DVR: 30 * time.Second})
		var gone string
		s.paced(time.Second, 40*time.Second, synctest.Wait)
		gone = s.playlist("/0/stream.m3u8").segs[0].uri
		s.paced(41*time.Second, 60*time.Second, synctest.Wait)
		if l := s.playlist("/0/stream.m3u8"); slices.Contains(l.names(), gone) {
			t.Fatal("the window does not move")
		}
		if resp := s.get("/0/" + gone); resp.StatusCode != http.StatusOK {
			t.Errorf("%s was listed 20 s ago: %d", gone, resp.StatusCode)
		}
		s.paced(61*time.Second, 80*time.Second, synctest.Wait)
		refused(t, s.get("/0/"+gone), http.StatusNotFound)
		if keys := store.keys(); slices.Contains(keys, "hls/0/"+gone) || len(keys) > 2*64 {
			t.Errorf("%d objects after 80 s with a window of 30 s, %s among them: %v", len(keys), gone, slices.Contains(keys, "hls/0/"+gone))
		}
		s.checkServed(mainRendition)
	})
}

func TestDeletionsThatFailAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		broken := true
		store.del = func(string) error {
			if broken {
				return errors.New("no")
			}
			return nil
		}
		s := newSite(t, Config{Storage: store})
		s.paced(time.Second, 70*time.Second, synctest.Wait)
		all := len(store.keys())
		broken = false
		s.paced(71*time.Second, 72*time.Second, synctest.Wait)
		if n := len(store.keys()); n > all-20 {
			t.Errorf("%d objects of %d are left", n, all)
		}
	})
}

// aSecond lets time pass, in a bubble.
func aSecond() {
	time.Sleep(time.Second)
	synctest.Wait()
}

func TestAFullDiskLeavesTheLiveWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		var full atomic.Bool
		store.put = func(context.Context, string) error {
			if full.Load() {
				return fmt.Errorf("write: %w", syscall.ENOSPC)
			}
			return nil
		}
		var log bytes.Buffer
		s := newSite(t, Config{Storage: store, DVR: time.Minute, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		s.paced(time.Second, 40*time.Second, synctest.Wait)
		full.Store(true)
		s.paced(41*time.Second, 80*time.Second, func() {
			aSecond()
			s.checkServed(mainRendition)
			s.checkServed(audioRendition)
		})
		if d := s.checkServed(mainRendition); d < 25 || d > 27 {
			t.Errorf("%v s can be watched, want the live window of 25 s", d)
		}
		if st := s.p.Stats(); st.StorageErrors < 30 || st.StorageRetries < 20 || st.StorageDropped < 2*12 || st.StorageDropped > 2*16 {
			t.Errorf("stats %+v, want what left the window to be dropped", st)
		}
		full.Store(false)
		s.paced(81*time.Second, 130*time.Second, aSecond)
		if d := s.checkServed(mainRendition); d < 49 {
			t.Errorf("%v s can be watched, want the window to grow again", d)
		}
		if n := strings.Count(log.String(), "cannot be stored"); n != 1 {
			t.Errorf("the failure was logged %d times", n)
		}
		if !strings.Contains(log.String(), "can be stored again") {
			t.Error("the recovery was not logged")
		}
	})
}

func TestAStorageThatHangsHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		store.put = func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
		s := newSite(t, Config{Storage: store, DVR: time.Minute})
		start := time.Now()
		s.paced(time.Second, 60*time.Second, synctest.Wait)
		if d := time.Since(start); d != 0 {
			t.Fatalf("the broadcast was held up for %v", d)
		}
		if d := s.checkServed(mainRendition); d < 25 || d > 27 {
			t.Errorf("%v s can be watched, want the live window of 25 s", d)
		}
		if st := s.p.Stats(); st.StorageDropped < 60 || st.SegmentsStored != 0 || st.StorageQueued > 60 {
			t.Errorf("stats %+v", st)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		if err := s.p.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("Shutdown took %v", d)
		}
	})
}

func TestShutdownDoesNotWaitForAStorageThatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		stuck := make(chan struct{})
		store.put = func(context.Context, string) error { <-stuck; return nil }
		s := newSite(t, Config{Storage: store})
		s.until(5 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := s.p.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		if d := time.Since(start); d != 2*time.Second {
			t.Errorf("Shutdown took %v", d)
		}
		close(stuck)
	})
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestASlowStorageGetsWhatItCanTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		store.put = func(ctx context.Context, _ string) error { return pause(ctx, 3*time.Second) }
		s := newSite(t, Config{Storage: store, DVR: 2 * time.Minute})
		s.paced(time.Second, 100*time.Second, func() {
			time.Sleep(time.Second) // two segments a second
			synctest.Wait()
			if s.p.shown.Load() != nil {
				s.checkServed(mainRendition)
				s.checkServed(audioRendition)
			}
		})
		if st := s.p.Stats(); st.StorageDropped == 0 || st.SegmentsStored < 100 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestShutdownWaitsForTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		store.put = func(ctx context.Context, _ string) error { return pause(ctx, time.Second) }
		s := newSite(t, Config{Storage: store})
		s.until(5500 * time.Millisecond)
		if err := s.p.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(store.keys()); n != 12 {
			t.Errorf("%d objects, want six segments of two renditions", n)
		}
		if err := s.p.Shutdown(t.Context()); err != nil {
			t.Errorf("again: %v", err)
		}
		if err := s.p.Begin(video.Session{ID: "x"}); !errors.Is(err, video.ErrServerClosed) {
			t.Errorf("Begin after Shutdown: %v", err)
		}
		if err := s.p.WritePacket(s.ps[0]); !errors.Is(err, video.ErrServerClosed) {
			t.Errorf("WritePacket after Shutdown: %v", err)
		}
		s.p.Interrupt()
		s.p.End()
		s.checkServed(mainRendition)
	})
}

func TestOldSessionsAreDeletedWhenANewOneIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		others := []string{"hls2/0/x-1.m4s", "pictures/hls/0/x-1.m4s"}
		store := newShelf(append(others, "hls/0/killed-1.m4s", "hls/audio/killed-7.m4s", "hls/gone/x")...)
		s := newSite(t, Config{Storage: store, DVR: time.Minute})
		s.paced(time.Second, 40*time.Second, synctest.Wait)
		if keys := store.keys(); slices.ContainsFunc(keys, func(k string) bool { return strings.Contains(k, "killed") || k == "hls/gone/x" }) {
			t.Errorf("what a killed process left is still there: %q", keys)
		}
		s.again()
		s.until(500 * time.Millisecond)
		synctest.Wait()
		if d := s.checkServed(mainRendition); d < 38 {
			t.Errorf("%v s of the old session can be watched before the new one can", d)
		}
		s.until(5 * time.Second)
		synctest.Wait()
		keys := store.keys()
		if slices.ContainsFunc(keys, func(k string) bool { return strings.Contains(k, "s1-") }) {
			t.Errorf("the old session is still there: %q", keys)
		}
		for _, k := range others {
			if !slices.Contains(keys, k) {
				t.Errorf("%q is not ours, and is gone", k)
			}
		}
		s.checkServed(mainRendition)
	})
}

// TestOldSessionsAreLeftWhereTheyMayBeAnothers has a storage that others may use
// when a session begins, and nobody else when the next one does.
func TestOldSessionsAreLeftWhereTheyMayBeAnothers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, alone := newShelf("hls/0/another-1.m4s"), false
		s := newSite(t, Config{Storage: store, Sweep: func() bool { return alone }})
		s.paced(time.Second, 5*time.Second, synctest.Wait)
		if keys := store.keys(); !slices.Contains(keys, "hls/0/another-1.m4s") || len(keys) < 3 {
			t.Errorf("what another one may need is gone: %q", keys)
		}
		alone = true
		s.again()
		s.paced(time.Second, 5*time.Second, synctest.Wait)
		if keys := store.keys(); slices.ContainsFunc(keys, func(k string) bool { return strings.Contains(k, "another") || strings.Contains(k, "s1-") }) {
			t.Errorf("old sessions are still there: %q", keys)
		}
	})
}

func TestWhatIsStoredTooLateIsDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		var writes atomic.Int32
		store.put = func(ctx context.Context, key string) error {
			if strings.Contains(key, "s1-") {
				writes.Add(1)
				return pause(ctx, 10*time.Second)
			}
			return nil
		}
		s := newSite(t, Config{Storage: store})
		s.until(5 * time.Second)
		synctest.Wait()
		s.again()
		s.until(5 * time.Second)
		time.Sleep(time.Minute)
		synctest.Wait()
		for _, k := range store.keys() {
			if !strings.Contains(k, "s2-") {
				t.Errorf("%q was stored when its session was not shown any more", k)
			}
		}
		if n := writes.Load(); n != parallelUploads {
			t.Errorf("%d segments of it were written, want those that were under way", n)
		}
	})
}

func TestTheDirectoryStorageServesTheWindow(t *testing.T) {
	s := newSite(t, Config{Storage: local.New(t.TempDir()), DVR: time.Minute})
	for at := time.Second; at <= 40*time.Second; at += time.Second {
		s.until(at)
		for st := s.p.Stats(); s.p.shown.Load() != nil && st.SegmentsStored+st.StorageErrors < 2*int64(at/time.Second)-4; st = s.p.Stats() {
			time.Sleep(time.Millisecond)
		}
	}
	if d := s.checkServed(mainRendition); d < 38 {
		t.Errorf("%v s can be watched, want all that has come", d)
	}
	if st := s.p.Stats(); st.StorageErrors != 0 || st.StorageDropped != 0 {
		t.Errorf("stats %+v", st)
	}
}
