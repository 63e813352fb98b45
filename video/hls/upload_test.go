package hls

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/storage"
)

func TestWhatFailsOnceIsStoredWithTheNextTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		var tried sync.Map
		store.put = func(_ context.Context, key string) error {
			if _, again := tried.LoadOrStore(key, true); !again {
				return errors.New("try again")
			}
			return nil
		}
		s := newSite(t, Config{Storage: store, DVR: time.Minute})
		s.paced(time.Second, 40*time.Second, aSecond)
		time.Sleep(longPause)
		synctest.Wait()
		st := s.p.Stats()
		if st.StorageDropped != 0 || st.SegmentsStored < 76 || st.StorageQueued != 0 {
			t.Errorf("stats %+v, want everything stored", st)
		}
		if st.StorageRetries != st.StorageErrors || st.StorageRetries != st.SegmentsStored {
			t.Errorf("stats %+v, want a try after each failure", st)
		}
		if d := s.checkServed(mainRendition); d < 38 {
			t.Errorf("%v s can be watched, want all that has come", d)
		}
	})
}

func TestAnOutageShorterThanTheMemoryLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		var down atomic.Bool
		store.put = func(context.Context, string) error {
			if down.Load() {
				return errors.New("down")
			}
			return nil
		}
		s := newSite(t, Config{Storage: store, DVR: 2 * time.Minute})
		s.paced(time.Second, 30*time.Second, aSecond)
		down.Store(true)
		s.paced(31*time.Second, 45*time.Second, func() {
			aSecond()
			s.checkServed(mainRendition)
		})
		down.Store(false)
		s.paced(46*time.Second, 80*time.Second, aSecond)
		if st := s.p.Stats(); st.StorageDropped != 0 || st.StorageErrors == 0 {
			t.Errorf("stats %+v, want nothing dropped", st)
		}
		if d := s.checkServed(mainRendition); d < 78 {
			t.Errorf("%v s can be watched, want all that has come", d)
		}
	})
}

func TestASlowStorageIsWrittenToInParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		var now, most atomic.Int64
		store.put = func(ctx context.Context, _ string) error {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			return pause(ctx, 1900*time.Millisecond)
		}
		s := newSite(t, Config{Storage: store, DVR: 2 * time.Minute})
		s.paced(time.Second, 60*time.Second, aSecond) // two segments a second
		if st := s.p.Stats(); st.StorageDropped != 0 || st.StorageQueued > 8 {
			t.Errorf("stats %+v, want nothing dropped", st)
		}
		if n := most.Load(); n != parallelUploads {
			t.Errorf("%d writes at a time, want %d", n, parallelUploads)
		}
	})
}

func TestAWriteThatHangsLeavesTimeForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		var hung atomic.Bool
		store.put = func(ctx context.Context, _ string) error {
			if hung.CompareAndSwap(false, true) {
				<-ctx.Done()
			}
			return ctx.Err()
		}
		s := newSite(t, Config{Storage: store, DVR: 2 * time.Minute})
		s.paced(time.Second, 40*time.Second, aSecond)
		if st := s.p.Stats(); st.StorageErrors != 1 || st.StorageRetries != 1 || st.StorageDropped != 0 {
			t.Errorf("stats %+v, want one failure that was made good", st)
		}
	})
}

// A storage may finish a write that was given up, and must not keep it.
func TestASegmentStoredAfterItHasLeftIsDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		var late atomic.Pointer[string]
		store.put = func(_ context.Context, key string) error {
			if late.CompareAndSwap(nil, &key) {
				<-time.After(60 * time.Second)
			}
			return nil
		}
		s := newSite(t, Config{Storage: stubborn{store}})
		stored := func() bool { return slices.Contains(store.keys(), *late.Load()) }
		s.paced(time.Second, 50*time.Second, aSecond)
		if st := s.p.Stats(); st.StorageDropped != 1 || stored() {
			t.Fatalf("stats %+v, want the one that is late dropped", st)
		}
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if !stored() {
			t.Fatal("the storage has not stored what was late")
		}
		s.paced(51*time.Second, 60*time.Second, aSecond)
		if stored() {
			t.Errorf("%q is left", *late.Load())
		}
	})
}

// stubborn is a shelf that finishes what it has begun.
type stubborn struct{ *shelf }

func (s stubborn) Put(ctx context.Context, key string, r io.Reader, o storage.PutOptions) error {
	return s.shelf.Put(context.WithoutCancel(ctx), key, r, o)
}

func TestShutdownTriesNothingAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		store.put = func(context.Context, string) error { return errors.New("down") }
		s := newSite(t, Config{Storage: store})
		s.until(10 * time.Second)
		start := time.Now()
		if err := s.p.Shutdown(t.Context()); err != nil || time.Since(start) != 0 {
			t.Errorf("Shutdown: %v, after %v", err, time.Since(start))
		}
		if st := s.p.Stats(); st.SegmentsStored != 0 || st.StorageDropped != 20 || st.StorageQueued != 0 {
			t.Errorf("stats %+v, want each segment dropped", st)
		}
	})
}

func TestViewersAreSentToTheStorageForWhatItHasConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		var mode atomic.Int32 // 0 works, 1 fails, 2 hangs
		store.put = func(ctx context.Context, _ string) error {
			switch mode.Load() {
			case 1:
				return errors.New("down")
			case 2:
				<-ctx.Done()
			}
			return ctx.Err()
		}
		s := newSite(t, Config{Storage: cdn{store}, DVR: time.Minute})
		s.paced(time.Second, 20*time.Second, aSecond)
		status := func(back int) int {
			segs := s.playlist("/0/stream.m3u8").segs
			return s.get("/0/" + segs[len(segs)-1-back].uri).StatusCode
		}
		if c := status(0); c != http.StatusFound {
			t.Errorf("the newest segment, which is stored: %d", c)
		}
		mode.Store(2)
		s.paced(21*time.Second, 22*time.Second, aSecond)
		if c := status(0); c != http.StatusOK {
			t.Errorf("a segment that is being stored: %d", c)
		}
		if c := status(3); c != http.StatusFound {
			t.Errorf("one that is stored: %d", c)
		}
		s.paced(23*time.Second, 28*time.Second, aSecond)
		if c := status(9); c != http.StatusFound {
			t.Errorf("one that the storage alone has: %d", c)
		}
		mode.Store(1)
		s.paced(29*time.Second, 50*time.Second, aSecond)
		for back := range 20 {
			if c := status(back); c != http.StatusOK {
				t.Errorf("segment %d from the end, of a storage that fails: %d", back, c)
			}
		}
		mode.Store(0)
		s.paced(51*time.Second, 60*time.Second, aSecond)
		if c := status(0); c != http.StatusFound {
			t.Errorf("the storage works again, but: %d", c)
		}
		mode.Store(1)
		s.paced(61*time.Second, 62*time.Second, aSecond)
		if c := status(3); c != http.StatusOK {
			t.Errorf("one that is stored and in memory, of a storage that fails: %d", c)
		}
		if c := status(12); c != http.StatusFound {
			t.Errorf("one that the storage alone has, of a storage that fails: %d", c)
		}
	})
}

func TestAStorageThatRedirectsNobodyIsReadFrom(t *testing.T) {
	for name, err := range map[string]error{
		"it is not configured to": fmt.Errorf("no public URL: %w", errors.ErrUnsupported),
		"it cannot say where":     errors.New("no credentials"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, Config{Storage: shy{newShelf(), err}, DVR: time.Minute})
				s.paced(time.Second, 40*time.Second, aSecond)
				if d := s.checkServed(mainRendition); d < 38 {
					t.Errorf("%v s can be watched, want all that has come", d)
				}
			})
		})
	}
}

// shy is a shelf that could redirect, but does not.
type shy struct {
	*shelf
	err error
}

func (s shy) RedirectURL(context.Context, string) (*url.URL, time.Time, error) {
	return nil, time.Time{}, s.err
}

func TestSegmentsOfAnotherSessionAreNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		store.put = func(ctx context.Context, key string) error {
			if strings.Contains(key, "s1-") {
				<-ctx.Done()
			}
			return ctx.Err()
		}
		s := newSite(t, Config{Storage: store})
		s.until(10 * time.Second)
		if n := s.p.Stats().StorageQueued; n != 18 {
			t.Errorf("%d segments wait, want 18", n)
		}
		s.again()
		if n := s.p.Stats().StorageQueued; n != 0 {
			t.Errorf("%d segments of the session before wait", n)
		}
	})
}
