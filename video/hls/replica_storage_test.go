package hls

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"testing"
	"time"
)

// TestAReplicaGoesBackAsFarAsThereIsMedia: with the storage as far as the other
// one, and else the live window.
func TestAReplicaGoesBackAsFarAsThereIsMedia(t *testing.T) {
	for _, shared := range []bool{false, true} {
		t.Run(fmt.Sprint("shared ", shared), func(t *testing.T) {
			store := newShelf()
			s := newSite(t, Config{Storage: store, DVR: 5 * time.Minute})
			w := newTwin(t, s.feeder, shelfOf(store, shared))
			for at := time.Second; at < 80*time.Second; at += time.Second / 3 {
				s.until(at)
				s.stored()
				w.pump()
			}
			if w.prove() != shared {
				t.Errorf("the storage is proven: %v", !shared)
			}
			if shared {
				w.same(s.feeder)
			}
			theirs, ours := s.playlist("/0/stream.m3u8"), w.site().playlist("/0/stream.m3u8")
			if shared && len(theirs.segs) != len(ours.segs) {
				t.Errorf("%d segments, want %d", len(ours.segs), len(theirs.segs))
			}
			if n := len(ours.segs); !shared && (n < 25 || n > 27) {
				t.Errorf("%d segments, want the live window", n)
			}
			if last, want := ours.segs[len(ours.segs)-1], theirs.segs[len(theirs.segs)-1]; last.uri != want.uri {
				t.Errorf("the last segment is %s, want %s", last.uri, want.uri)
			}
			w.serves(s, ours)
		})
	}
}

// shelfOf is the storage of a twin: that of the other one, or another one.
func shelfOf(theirs *shelf, shared bool) *shelf {
	if shared {
		return theirs
	}
	return newShelf()
}

// site is where viewers of the twin go.
func (w *twin) site() *site { return &site{feeder: &feeder{t: w.t, p: w.p}} }

// serves fails the test unless the twin has every segment of a list as s has it.
func (w *twin) serves(s *site, l *list) {
	w.t.Helper()
	for _, g := range l.segs {
		if resp := w.site().get("/0/" + g.uri); resp.StatusCode != http.StatusOK || !bytes.Equal(readAll(w.t, resp), readAll(w.t, s.get("/0/"+g.uri))) {
			w.t.Errorf("%s: status %d", g.uri, resp.StatusCode)
		}
	}
}

// TestAReplicaThatComesLateGoesBackAsFar knows only what the other one tells now
// and then, and has looked at the storage before it shows anything.
func TestAReplicaThatComesLateGoesBackAsFar(t *testing.T) {
	store := newShelf()
	s := newSite(t, Config{Storage: store, DVR: 5 * time.Minute})
	for at := time.Second; at < 80*time.Second; at += time.Second {
		s.until(at)
		s.stored()
	}
	w := newTwin(t, s.feeder, store)
	w.replica.Hold(true)
	w.pump()
	if w.p.shown.Load() != nil || !w.prove() {
		t.Fatal("shown too early, or not proven")
	}
	w.replica.Hold(false)
	w.same(s.feeder)
	if n := len(w.site().playlist("/0/stream.m3u8").segs); n < 70 {
		t.Errorf("%d segments", n)
	}
	w.serves(s, w.site().playlist("/0/stream.m3u8"))
	// The next session may be of another Packager.
	s.p.End()
	s.again()
	s.until(2 * time.Second)
	for _, m := range w.feed.take() {
		if _, err := w.replica.Apply(m); err != nil {
			t.Fatal(err)
		}
	}
	if w.replica.s.shared.Load() {
		t.Error("the next session counts as proven")
	}
}

// TestAStorageThatDoesNotAnswerProvesNothing, and is asked again.
func TestAStorageThatDoesNotAnswerProvesNothing(t *testing.T) {
	store := newShelf()
	s := newSite(t, Config{Storage: store})
	broken, asked := errors.New("it hangs"), 0
	answer := broken
	p := New(Config{Storage: store})
	p.now = func() time.Time { return s.clock }
	r := p.NewReplica()
	if proven, err := r.ProveStorage(t.Context()); proven || err != nil {
		t.Error("of nothing:", proven, err)
	}
	feed := s.p.NewFeed()
	defer feed.Close()
	s.until(5 * time.Second)
	s.stored()
	for _, m := range feed.take() {
		if _, err := r.Apply(m); err != nil {
			t.Fatal(err)
		}
	}
	store.open = func(context.Context, string) error {
		asked++
		return answer
	}
	if proven, err := r.ProveStorage(t.Context()); proven || !errors.Is(err, broken) {
		t.Error("of one that is broken:", proven, err)
	}
	answer = fs.ErrNotExist
	for range 3 {
		if proven, err := r.ProveStorage(t.Context()); proven || err != nil {
			t.Error("of another one:", proven, err)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times, want 2: not again at once after a no", asked)
	}
	answer = nil
	s.clock = s.clock.Add(proofPause)
	if proven, err := r.ProveStorage(t.Context()); !proven || err != nil {
		t.Error("of one that is there at last:", proven, err)
	}
	if proven, _ := r.ProveStorage(t.Context()); !proven || asked != 3 {
		t.Errorf("proven %v, asked %d times", proven, asked)
	}
}

// TestViewersOfAReplicaGoToItsStorageOnlyIfThatIsShared has a storage that
// serves by itself, which viewers of another one's segments would find empty.
func TestViewersOfAReplicaGoToItsStorageOnlyIfThatIsShared(t *testing.T) {
	for _, shared := range []bool{false, true} {
		store := newShelf()
		s := newSite(t, Config{Storage: store})
		w := newTwin(t, s.feeder, cdn{shelfOf(store, shared)})
		s.until(8 * time.Second)
		s.stored()
		w.pump()
		first := w.site().playlist("/0/stream.m3u8").segs[0].uri
		want := http.StatusOK
		if shared {
			want = http.StatusFound
		}
		if resp := w.site().get("/0/" + first); resp.StatusCode != want {
			t.Errorf("shared %v: status %d", shared, resp.StatusCode)
		}
	}
}

// TestTheMemoryOfAReplicaIsThatOfItsWindow follows for long, with and without
// a storage.
func TestTheMemoryOfAReplicaIsThatOfItsWindow(t *testing.T) {
	for _, shared := range []bool{false, true} {
		store := newShelf()
		s := newSite(t, Config{Storage: store, DVR: 10 * time.Minute})
		w := newTwin(t, s.feeder, shelfOf(store, shared))
		for at := time.Second; at < 100*time.Second; at += time.Second {
			s.until(at)
			s.stored()
			w.pump()
			w.log = nil
		}
		for _, m := range w.replica.s.mirrors {
			inMemory := 0
			for _, g := range m.segs {
				if g.parts.Load() != nil {
					inMemory++
				}
			}
			if inMemory > 30 || len(m.parts) > 110 {
				t.Errorf("shared %v: %d segments in memory, %d parts", shared, inMemory, len(m.parts))
			}
			if want := 0; m.held < want || m.held > 1<<20 {
				t.Errorf("%d bytes are held", m.held)
			}
		}
	}
}
