package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/video"
)

// nodes is how many nodes there are, with this one.
func (n *Node) nodes() int {
	n.peers.mu.Lock()
	defer n.peers.mu.Unlock()
	return 1 + len(n.peers.known)
}

// diary is what a Node has called.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) add(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

func (d *diary) take() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	lines := d.lines
	d.lines = nil
	return lines
}

func (d *diary) config() Config {
	return Config{
		Told:       func(_ context.Context, from string, m []byte) { d.add("%s told %s", from, m) },
		Arrived:    func(id string) { d.add("%s arrived", id) },
		Lost:       func(id string) { d.add("%s lost", id) },
		Disconnect: func() bool { d.add("disconnect"); return true },
		Viewers:    func() int { return 3 },
	}
}

func TestWhatNodesTellIsHeardOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(diary)
		n, w, _ := followWith(t, d.config())
		w.hears("a", 1, kindTold, "x")
		w.hears("a", 1, kindTold, "x") // tried twice
		w.hears("own", 1, kindTold, "o")
		w.hears("a", 2, kindTold, "y")
		w.hears("a", 3, kindFarewell, "")
		if got, want := d.take(), []string{"a arrived", "a told x", "own told o", "a told y", "a lost"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		for _, m := range [][]byte{nil, []byte("short"), []byte("12345678"), []byte("12345678?"), []byte("12345679g{")} {
			w.events <- event{"b", m}
		}
		synctest.Wait()
		if n.nodes() != 2 || n.Viewers() != 0 {
			t.Errorf("%d nodes, %d viewers", n.nodes(), n.Viewers())
		}
	})
}

func TestANodeHasJoinedWhenItHearsItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, w, _ := follow(t)
		joined := make(chan struct{})
		go func() {
			defer close(joined)
			n.Join(t.Context())
		}()
		w.hears("a", 1, kindGreeting, "{}") // another one
		time.Sleep(joinTime / 2)
		select {
		case <-joined:
			t.Fatal("joined before anything has come back")
		default:
		}
		if said, _ := w.said(kindGreeting); said < int(joinTime/2/look) {
			t.Errorf("greeted %d times", said)
		}
		w.hears("own", 7, kindGreeting, "{}")
		<-joined
		n.Join(t.Context()) // at once
		before, _ := w.said(kindGreeting)
		time.Sleep(2*greetEvery + look)
		if said, _ := w.said(kindGreeting); said > before+3 {
			t.Errorf("greets on in haste: %d times", said-before)
		}
	})
}

func TestANodeThatHearsNothingStartsAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _, _ := follow(t)
		begin := time.Now()
		n.Join(t.Context())
		if d := time.Since(begin); d != joinTime {
			t.Errorf("after %v", d)
		}
	})
}

func TestViewersOfOtherNodesAreAddedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(diary)
		n, w, _ := followWith(t, d.config())
		w.hears("a", 1, kindGreeting, `{"viewers":7}`)
		w.hears("b", 1, kindGreeting, `{"viewers":5}`)
		w.hears("b", 2, kindGreeting, `{"viewers":-5}`)
		w.hears("b", 3, kindGreeting, `{"viewers":4}`)
		if n.Viewers() != 11 || n.nodes() != 3 {
			t.Errorf("%d viewers of %d nodes", n.Viewers(), n.nodes())
		}
		time.Sleep(lostAfter / 2)
		w.hears("a", 2, kindGreeting, `{"viewers":8}`)
		time.Sleep(lostAfter/2 + 2*pause)
		if n.Viewers() != 8 || n.nodes() != 2 {
			t.Errorf("%d viewers of %d nodes when one is gone", n.Viewers(), n.nodes())
		}
		if got := d.take(); !slices.Equal(got, []string{"a arrived", "b arrived", "b lost"}) {
			t.Errorf("%q", got)
		}
		// While nobody can be reached, nobody is gone but who was before.
		w.hears("c", 1, kindGreeting, `{"viewers":100}`)
		w.hears("a", 3, kindGreeting, `{"viewers":8}`)
		time.Sleep(3 * greetEvery)
		w.hears("a", 4, kindGreeting, `{"viewers":8}`)
		w.set(errors.New("away"))
		time.Sleep(10 * lostAfter)
		if n.Viewers() != 8 {
			t.Errorf("%d viewers while nodes cannot be reached", n.Viewers())
		}
		w.set(nil)
		time.Sleep(2 * pause)
		if got := d.take(); !slices.Equal(got, []string{"c arrived", "c lost", "own arrived"}) {
			t.Errorf("%q when they can again", got)
		}
		if n.Viewers() != 8 {
			t.Errorf("%d viewers when nodes can be reached again", n.Viewers())
		}
		time.Sleep(lostAfter + 2*pause)
		if n.Viewers() != 0 {
			t.Errorf("%d viewers of nodes that did not come back", n.Viewers())
		}
		if greetings, last := w.said(kindGreeting); greetings < 5 || last != `{"viewers":3}` {
			t.Errorf("%d greetings, the last one %s", greetings, last)
		}
	})
}

func TestOneNodeLeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, w, _ := follow(t)
		synctest.Wait()
		if !n.Leader() {
			t.Fatal("the only node does not lead")
		}
		time.Sleep(time.Minute)
		if !n.Leader() {
			t.Error("it does not for long")
		}
		w.set(errors.New("away"))
		time.Sleep(leaseTime)
		if n.Leader() {
			t.Error("a node leads whose lease is over")
		}
		w.give("leader", "other")
		w.set(nil)
		time.Sleep(2 * renewEvery)
		if n.Leader() {
			t.Error("two lead")
		}
		w.give("leader", "")
		time.Sleep(2 * renewEvery)
		if !n.Leader() {
			t.Error("none leads")
		}
	})
}

func TestOneNodeHasThePublisher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(diary)
		n, w, _ := followWith(t, d.config())
		w.give("publisher", "other")
		w.say(t, status{Phase: video.Live, SessionID: "s", StartedAt: time.Now()})
		if err := n.Claim(t.Context(), false); !errors.Is(err, video.ErrAlreadyLive) {
			t.Errorf("a second publisher: %v", err)
		}
		if asked, _ := w.said(kindDisconnect); asked != 0 {
			t.Error("the first one was sent away")
		}
		// Its connection is lost: whoever comes has the place.
		w.say(t, status{Phase: video.Reconnecting, SessionID: "s", StartedAt: time.Now()})
		claimed := make(chan error, 1)
		go func() { claimed <- n.Claim(t.Context(), false) }()
		time.Sleep(look)
		w.give("publisher", "")
		if err := <-claimed; err != nil {
			t.Errorf("instead of one who is away: %v", err)
		}
		if asked, session := w.said(kindDisconnect); asked != 1 || session != "s" {
			t.Errorf("asked %d times, for %q", asked, session)
		}
		w.give("publisher", "other")
		w.say(t, status{Phase: video.Live, SessionID: "t", StartedAt: time.Now()})
		if err := n.Claim(t.Context(), true); !errors.Is(err, video.ErrAlreadyLive) {
			t.Errorf("one that does not go: %v", err)
		}
		if asked, session := w.said(kindDisconnect); asked != 2 || session != "t" {
			t.Errorf("asked %d times, for %q", asked, session)
		}
		if !n.Disconnect() {
			t.Error("no other session to end")
		}
		// While nodes cannot be reached, what was known last counts.
		w.set(errors.New("away"))
		if err := n.Claim(t.Context(), true); !errors.Is(err, video.ErrAlreadyLive) {
			t.Errorf("while nodes cannot be reached: %v", err)
		}
		if n.Disconnect() {
			t.Error("a session was ended that cannot be reached")
		}
		w.say(t, status{SessionID: "t", StartedAt: time.Now(), EndedAt: time.Now()})
		if err := n.Claim(t.Context(), false); err != nil {
			t.Errorf("alone: %v", err)
		}
	})
}

func TestANodeEndsItsSessionWhenItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(diary)
		_, w, _ := followWith(t, d.config())
		w.hears("a", 1, kindDisconnect, "another")
		if got := d.take(); !slices.Equal(got, []string{"a arrived"}) {
			t.Errorf("%q for a session of somebody else", got)
		}
		w.hears("a", 2, kindDisconnect, "") // the session that this one has is none
		if got := d.take(); len(got) != 1 {
			t.Errorf("%q", got)
		}
	})
}
