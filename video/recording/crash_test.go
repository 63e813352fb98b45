package recording

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// life is what happens to a Library between its start and its end.
func life(t testing.TB, l *Library, store *shelf) {
	a := newSession(t, l, store, "aaaa")
	a.segments(8)
	a.end()
	short := newSession(t, l, store, "short")
	short.segments(2)
	a.release()
	short.end()
	short.release()
	_, _ = l.Clip(t.Context(), ClipRequest{Recording: "aaaa", Start: 3 * time.Second, End: 8 * time.Second})
	b := newSession(t, l, store, "bbbb")
	b.n = 1000
	b.segments(7)
	title := "changed"
	_, _ = l.Update(t.Context(), "bbbb", Update{Title: &title})
	_ = l.Delete(t.Context(), "aaaa")
	synctest.Wait()
	b.segments(2)
	b.end()
	c := newSession(t, l, store, "cccc")
	c.n = 2000
	c.segments(9)
	b.release()
	c.segments(1)
}

// TestNoCrashLeavesHalfARecording ends the world at every change that a life
// makes to its storage, done or not done.
func TestNoCrashLeavesHalfARecording(t *testing.T) {
	points := 0
	for n := 0; ; n++ {
		more := false
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("change %d, done %v", n, done), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { more = crash(t, n, done) || more })
			})
			points++
		}
		if !more || t.Failed() {
			break
		}
	}
	if points < 100 {
		t.Errorf("only %d points", points)
	}
}

// crash tells whether there was a change n.
func crash(t *testing.T, n int, done bool) bool {
	store := newShelf()
	store.breaks(func(op, _ string) (error, bool) {
		switch {
		case store.changes <= n:
			return nil, true
		case store.changes == n+1 && (op == "put" || op == "delete"):
			return errBroken, done
		default:
			return errBroken, false
		}
	})
	first := newLibrary(t, Config{Storage: store, Policy: Policy{MaxCount: 1}})
	synctest.Wait()
	life(t, first, store)
	crashed := store.changes > n
	_ = first.Shutdown(t.Context())

	store.breaks(nil)
	second := newLibrary(t, Config{Storage: store, Policy: Policy{MaxCount: 1}})
	if _, _, err := second.List(t.Context(), 0, 0); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	store.tidy(t, second)
	all, _, _ := second.List(t.Context(), 0, 0)
	for _, r := range all {
		if err := second.Delete(t.Context(), r.ID); err != nil {
			t.Error(err)
		}
	}
	synctest.Wait()
	if keys := store.keys(); len(keys) > 0 {
		t.Errorf("left when all is deleted: %q", keys)
	}
	return crashed
}
