package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/hls"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wire is a Link on which a test is the other node.
type wire struct {
	in chan []byte

	mu   sync.Mutex
	down error
	out  [][]byte
}

func (w *wire) Send(_ context.Context, m []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out = append(w.out, m)
	return w.down
}

func (w *wire) Receive(ctx context.Context, fn func([]byte, bool)) error {
	for {
		select {
		case m := <-w.in:
			fn(m, false)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (w *wire) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.down
}

func (w *wire) set(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = err
}

func (w *wire) say(t *testing.T, s status) {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	w.in <- append([]byte{kindStatus}, b...)
	synctest.Wait()
}

func follow(t *testing.T) (*Node, *wire, *video.State) {
	t.Helper()
	w, state, p := &wire{in: make(chan []byte)}, new(video.State), hls.New(hls.Config{})
	n := Start(t.Context(), w, state, p, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		n.Stop()
		if err := p.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return n, w, state
}

func TestANodeOfWhichNothingComesIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, w, state := follow(t)
		live := status{Phase: video.Live, SessionID: "a", StartedAt: time.Now(), Ingest: &video.Ingest{Encoder: "obs", VideoBitrate: 7}}
		for range 20 {
			w.say(t, live)
			time.Sleep(heartbeat)
		}
		if s := state.Status(); s.Phase != video.Live || s.SessionID != "a" || s.Ingest == nil || s.Ingest.VideoBitrate != 7 || !n.Busy() {
			t.Fatalf("%+v, busy %v", s, n.Busy())
		}
		time.Sleep(silent)
		if !state.Status().Online() || n.Busy() {
			t.Errorf("after a short silence: %+v, busy %v", state.Status(), n.Busy())
		}
		time.Sleep(gone)
		if s := state.Status(); s.Online() || s.EndedAt.IsZero() || s.Ingest != nil {
			t.Errorf("after a long one: %+v", s)
		}
		w.say(t, live)
		if state.Status().Online() {
			t.Error("a session is back that was over")
		}
		w.say(t, status{Phase: video.Live, SessionID: "b", StartedAt: live.StartedAt.Add(-time.Hour)}) // by a clock that is slow
		if s := state.Status(); s.SessionID != "b" || !s.Online() {
			t.Errorf("the next session: %+v", s)
		}
	})
}

func TestNobodyIsGivenUpWhileTheLinkIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, w, state := follow(t)
		w.say(t, status{Phase: video.Live, SessionID: "a", StartedAt: time.Now()})
		away := errors.New("away")
		w.set(away)
		time.Sleep(10 * gone)
		if !state.Status().Online() || !errors.Is(n.Err(), away) {
			t.Errorf("%+v, %v", state.Status(), n.Err())
		}
		w.set(nil)
		time.Sleep(gone - 2*pause)
		if !state.Status().Online() {
			t.Error("given up at once when the link came back")
		}
		time.Sleep(4 * pause)
		if state.Status().Online() {
			t.Error("not given up")
		}
	})
}

func TestOfTwoSessionsTheLaterOneCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, w, state := follow(t)
		now := time.Now()
		w.say(t, status{Phase: video.Live, SessionID: "later", StartedAt: now})
		w.say(t, status{Phase: video.Live, SessionID: "earlier", StartedAt: now.Add(-time.Minute)})
		if s := state.Status(); s.SessionID != "later" {
			t.Errorf("%+v", s)
		}
		w.say(t, status{SessionID: "later", StartedAt: now, EndedAt: now.Add(time.Minute)})
		if s := state.Status(); s.Online() || s.EndedAt.IsZero() {
			t.Errorf("%+v", s)
		}
	})
}

func TestMessagesThatAreNotUnderstood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, w, state := follow(t)
		for _, m := range []string{"", "s", "s{", `s{"Phase":9}`, "v", "vx", "?"} {
			w.in <- []byte(m)
		}
		synctest.Wait()
		if s := state.Status(); s.Online() || s.SessionID != "" {
			t.Errorf("%+v", s)
		}
	})
}
