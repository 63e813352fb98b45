package hls

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/video"
)

// clerk is a Recorder that notes what it is told.
type clerk struct {
	mu    sync.Mutex
	lines []string
	begin func() error
}

func (c *clerk) note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, fmt.Sprintf(format, args...))
}

func (c *clerk) Begin(_ context.Context, session string) (string, error) {
	if c.begin != nil {
		if err := c.begin(); err != nil {
			return "", err
		}
	}
	c.note("begin %s", session)
	return "kept/" + session + "/", nil
}

func (c *clerk) Stored(_ string, s video.RecordedSegment) {
	line := s.Name
	if s.Discontinuity {
		line += " discontinuous"
	}
	if s.Lost > 0 {
		line += fmt.Sprintf(" lost %v", s.Lost)
	}
	c.note("%s", line)
}

func (c *clerk) End(session string, lost time.Duration) { c.note("end %s %v", session, lost) }
func (c *clerk) Release(session string)                 { c.note("release %s", session) }

// real is the pace of a broadcast, which a storage's retries go by.
func real() {
	time.Sleep(time.Second)
	synctest.Wait()
}

func TestARecorderHearsOfEverySegmentInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := newShelf(), &clerk{}
		var full atomic.Bool
		store.put = func(_ context.Context, key string) error {
			if full.Load() && strings.HasPrefix(key, "kept/") {
				return syscall.ENOSPC
			}
			return nil
		}
		s := newSite(t, Config{Storage: store, DVR: time.Minute, Recorder: c})
		s.paced(time.Second, 6*time.Second, real)
		full.Store(true)
		s.paced(7*time.Second, 40*time.Second, real)
		full.Store(false)
		s.paced(41*time.Second, 80*time.Second, real)
		s.checkServed(mainRendition)
		s.checkServed(audioRendition)
		s.again()
		s.until(5 * time.Second)
		synctest.Wait()
		got := strings.Join(c.lines, "\n")
		for _, want := range []string{
			`begin s1\ns1-0.m4s\ns1-1.m4s\n`, `s1-[45].m4s\ns1-\d+.m4s discontinuous lost [\d.]+s\ns1-`,
			`s1-79.m4s\nend s1 0s\n`, `(?m)^release s1$`, `(?m)^begin s2$`, `(?m)^s2-0.m4s$`,
		} {
			if !regexp.MustCompile(want).MatchString(got) {
				t.Errorf("no %q in\n%s", want, got)
			}
		}
		keys := store.keys()
		if !slices.Contains(keys, "kept/s1/s1-2.m4s") || slices.ContainsFunc(keys, hasPrefix("hls/0/")) || slices.ContainsFunc(keys, hasPrefix("hls/audio/s1")) {
			t.Errorf("stored %q", keys)
		}
	})
}

func TestOrderIsKeptWhateverTheOrderOfTheStorage(t *testing.T) {
	c := &clerk{}
	l := newLedger(&Config{Storage: newShelf(), Recorder: c}, "s")
	r := &rendition{name: mainRendition, target: 1}
	var segs []*segment
	for i := range 5 {
		g := &segment{name: fmt.Sprint(i), dur: time.Second, init: &initSegment{}}
		l.add(r, g)
		segs = append(segs, g)
	}
	for i, state := range map[int]int32{4: storeDone, 1: storeDone, 2: storeFailed, 0: storeDone, 3: storeDone} {
		segs[i].dir = l.dir(t.Context(), mainRendition)
		segs[i].stored.Store(state)
		l.settle()
	}
	l.release()
	l.end()
	if got := strings.Join(c.lines, ", "); got != "begin s, 0, 1, 3 discontinuous lost 1s, 4, end s 0s, release s" {
		t.Errorf("heard %s", got)
	}
}

func TestASessionThatIsNotRecordedIsStoredAsUsual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := newShelf(), &clerk{}
		var refuse atomic.Bool
		refuse.Store(true)
		c.begin = func() error {
			if refuse.Load() {
				return errors.New("not now")
			}
			return nil
		}
		s := newSite(t, Config{Storage: store, DVR: time.Minute, Recorder: c})
		s.paced(time.Second, 10*time.Second, synctest.Wait)
		refuse.Store(false)
		s.paced(11*time.Second, 40*time.Second, synctest.Wait)
		s.checkServed(mainRendition)
		keys := store.keys()
		if !slices.Contains(keys, "hls/0/s1-2.m4s") || !slices.Contains(keys, "kept/s1/s1-20.m4s") || c.lines[0] != "begin s1" || !slices.Contains(c.lines[:3], "s1-10.m4s") {
			t.Errorf("stored %q, heard %q", keys, c.lines)
		}
		s.paced(41*time.Second, 200*time.Second, synctest.Wait)
		if keys := store.keys(); slices.ContainsFunc(keys, hasPrefix("hls/0/")) || !slices.Contains(keys, "kept/s1/s1-10.m4s") {
			t.Errorf("%.200q after the window has moved", keys)
		}
	})
}

func TestWhatIsRecordedIsStoredEvenIfItCannotBeWatchedAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := newShelf(), &clerk{}
		store.put = func(ctx context.Context, key string) error {
			if strings.HasPrefix(key, "kept/s1") {
				return pause(ctx, 5*time.Second)
			}
			return nil
		}
		s := newSite(t, Config{Storage: store, Recorder: c})
		s.until(5 * time.Second)
		s.again()
		s.until(5 * time.Second)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		var kept []string
		for _, k := range store.keys() {
			if strings.Contains(k, "s1-") {
				kept = append(kept, k)
			}
		}
		if len(kept) != 5 || !strings.HasPrefix(kept[0], "kept/s1/") {
			t.Errorf("%q of the first session", kept)
		}
		if i, k := slices.Index(c.lines, "end s1 0s"), slices.Index(c.lines, "release s1"); i < 0 || k != i+1 {
			t.Errorf("heard %q", c.lines)
		}
	})
}

func TestFailuresOfTheStorageAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		var full atomic.Bool
		store.put = func(context.Context, string) error {
			if full.Load() {
				return fmt.Errorf("write: %w", syscall.ENOSPC)
			}
			return nil
		}
		var told []string
		s := newSite(t, Config{Storage: store, Events: Events{
			StorageFailed: func(_ context.Context, e StorageFailed) {
				told = append(told, fmt.Sprint("failed ", e.Session, " ", errors.Is(e.Err, syscall.ENOSPC)))
				panic("host")
			},
			StorageRecovered: func(_ context.Context, e StorageRecovered) { told = append(told, "recovered "+e.Session) },
		}})
		s.paced(time.Second, 10*time.Second, real)
		full.Store(true)
		s.paced(11*time.Second, 20*time.Second, real)
		s.again()
		s.paced(time.Second, 5*time.Second, real)
		full.Store(false)
		s.paced(6*time.Second, 20*time.Second, real)
		if got := strings.Join(told, ", "); got != "failed s1 true, recovered s2" {
			t.Errorf("told %s", got)
		}
	})
}
