package bolt

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"github.com/owncast-go/owncast/repository"
)

// writes is what a group has written: how many times, and the times.
type writes struct {
	mu    sync.Mutex
	times []time.Time
	err   error
}

func (w *writes) write(func(*bbolt.Tx) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times = append(w.times, time.Now())
	return w.err
}

func (w *writes) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.times)
}

func messages(n int) []repository.Message { return make([]repository.Message, n) }

func TestMessagesAreWrittenInGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(writes)
		g := newGroup(w.write)
		start := time.Now()
		var wg sync.WaitGroup
		call := func(n int) {
			wg.Go(func() {
				if err := g.append(t.Context(), messages(n)); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		call(1)
		if n := w.count(); n != 1 {
			t.Fatalf("the first message was written %d times before anything else came", n)
		}
		for range 20 {
			call(1)
		}
		if n := w.count(); n != 1 {
			t.Fatalf("%d groups were written at once", n)
		}
		wg.Wait()
		if n, took := w.count(), time.Since(start); n != 2 || took != groupInterval {
			t.Errorf("20 messages after the first: %d groups in %v", n-1, took)
		}
		call(groupSize) // in the interval, but full
		call(1)
		if n, took := w.count(), time.Since(start); n != 3 || took != groupInterval {
			t.Errorf("a full group is not written at once: %d groups in %v", n, took)
		}
		wg.Wait()
		g.close()
	})
}

func TestWhatWaitsIsWrittenWhenTheGroupIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(writes)
		g := newGroup(w.write)
		start := time.Now()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := g.append(t.Context(), messages(1)); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		g.close()
		wg.Wait()
		if n, took := w.count(), time.Since(start); n != 2 || took != 0 {
			t.Errorf("%d groups were written in %v", n, took)
		}
		if err := g.append(t.Context(), messages(1)); !errors.Is(err, repository.ErrClosed) {
			t.Errorf("append after close = %v, want ErrClosed", err)
		}
		g.close()
	})
}

func TestACallThatDoesNotWaitAnyMoreIsNotWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(writes)
		g := newGroup(w.write)
		if err := g.append(t.Context(), messages(1)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), groupInterval/2)
		defer cancel()
		if err := g.append(ctx, messages(1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("append = %v, want context.DeadlineExceeded", err)
		}
		g.close()
		if n := w.count(); n != 1 {
			t.Errorf("%d groups were written, want one", n)
		}
	})
}

func TestAnErrorOfTheDatabaseIsEverybodys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		w := &writes{err: boom}
		g := newGroup(w.write)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := g.append(t.Context(), messages(1)); !errors.Is(err, boom) {
					t.Errorf("append = %v, want boom", err)
				}
			})
		}
		wg.Wait()
		w.err = nil
		if err := g.append(t.Context(), messages(1)); err != nil {
			t.Errorf("append afterwards = %v", err)
		}
		g.close()
	})
}

func TestMessagesThatWaitAreThereAfterClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	chat := db.Repository().Chat
	var wg sync.WaitGroup
	var mu sync.Mutex
	acknowledged := 0
	for i := range 50 {
		wg.Go(func() {
			if err := chat.AppendMessages(t.Context(), repository.Message{ID: fmt.Sprint(i)}); err == nil {
				mu.Lock()
				acknowledged++
				mu.Unlock()
			} else if !errors.Is(err, repository.ErrClosed) {
				t.Errorf("AppendMessages = %v", err)
			}
		})
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if db, err = Open(path); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if n, err := db.Repository().Chat.CountMessages(t.Context()); err != nil || n != acknowledged {
		t.Errorf("%d messages are there, %v; %d were acknowledged", n, err, acknowledged)
	}
}

func TestAGroupThatIsFullWhenTheLastOneIsWrittenDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(writes)
		start := time.Now()
		var g *group
		var wg sync.WaitGroup
		g = newGroup(func(fn func(*bbolt.Tx) error) error {
			if w.count() == 0 { // the next come while the disk is busy
				wg.Go(func() { _ = g.append(t.Context(), messages(groupSize)) })
				time.Sleep(time.Millisecond)
			}
			return w.write(fn)
		})
		if err := g.append(t.Context(), messages(1)); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		if n, took := w.count(), time.Since(start); n != 2 || took != time.Millisecond {
			t.Errorf("%d groups in %v", n, took)
		}
		g.close()
	})
}
