package cluster

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
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
	in     chan []byte
	events chan event

	mu     sync.Mutex
	down   error
	out    [][]byte
	told   [][]byte          // published by this node
	leases map[string]string // by their names, who has them
}

type event struct {
	from string
	m    []byte
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

func (w *wire) ID() string { return "own" }

// Publish gives the node back what it publishes, as a test lets it.
func (w *wire) Publish(_ context.Context, m []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down == nil {
		w.told = append(w.told, m)
	}
	return w.down
}

func (w *wire) Subscribe(ctx context.Context, fn func(string, []byte)) error {
	for {
		select {
		case e := <-w.events:
			fn(e.from, e.m)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (w *wire) Acquire(_ context.Context, name string) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down == nil && w.leases[name] == "" {
		w.leases[name] = "own"
	}
	return w.down == nil && w.leases[name] == "own", w.down
}

func (w *wire) Release(_ context.Context, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.leases[name] == "own" {
		delete(w.leases, name)
	}
	return w.down
}

// give gives a lease to somebody; to nobody with "".
func (w *wire) give(name, owner string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.leases[name] = owner
}

// hears has a node tell something with a number.
func (w *wire) hears(from string, number uint64, kind byte, m string) {
	b := append(binary.BigEndian.AppendUint64(nil, number), kind)
	w.events <- event{from, append(b, m...)}
	synctest.Wait()
}

// said counts what the node has published of a kind.
func (w *wire) said(kind byte) (n int, last string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.told {
		if m[numberLength] == kind {
			n, last = n+1, string(m[numberLength+1:])
		}
	}
	return n, last
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
	return followWith(t, Config{})
}

func followWith(t *testing.T, c Config) (*Node, *wire, *video.State) {
	t.Helper()
	w := &wire{in: make(chan []byte), events: make(chan event), leases: map[string]string{}}
	state, p := new(video.State), hls.New(hls.Config{})
	c.Link, c.State = w, state
	n := New(c)
	n.Start(t.Context(), p)
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
