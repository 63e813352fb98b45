package owncast_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
)

// wire is the way of one node to NATS, which can be cut.
type wire struct {
	t  testing.TB
	l  net.Listener
	to string
	wg sync.WaitGroup

	mu    sync.Mutex // guards the rest
	cut   bool
	conns []net.Conn
}

func newWire(t testing.TB, to string) *wire {
	t.Helper()
	w := &wire{t: t, l: listen(t), to: to}
	w.wg.Go(w.serve)
	t.Cleanup(func() {
		_ = w.l.Close()
		w.sever(true)
		w.wg.Wait()
	})
	return w
}

func (w *wire) serve() {
	for {
		near, err := w.l.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", w.to)
		if err != nil {
			_ = near.Close()
			continue
		}
		w.mu.Lock()
		w.conns = append(w.conns, near, far)
		if w.cut {
			w.hangUp()
		}
		w.mu.Unlock()
		for _, c := range [][2]net.Conn{{near, far}, {far, near}} {
			w.wg.Go(func() {
				_, _ = io.Copy(c[0], c[1])
				_ = c[0].Close()
				_ = c[1].Close()
			})
		}
	}
}

// sever cuts the way, or mends it.
func (w *wire) sever(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	w.hangUp()
}

// hangUp is called under mu.
func (w *wire) hangUp() {
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.conns = nil
}

// heard is what the bot has got, in its order, and forgets it.
func (b *bot) heard() (list []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.got {
		text, _ := e.EventData["rawBody"].(string)
		list = append(list, strings.TrimSpace(e.Type+" "+text))
	}
	b.got = nil
	return list
}

// hears waits for events, in any order, and returns all that has come until then.
func (b *bot) hears(events ...string) (list []string) {
	b.t.Helper()
	eventually(b.t, "what the webhook hears of", func() string {
		list = append(list, b.heard()...)
		for _, e := range events {
			if !slices.Contains(list, e) {
				return fmt.Sprintf("no %s in %q", e, list)
			}
		}
		return ""
	})
	slices.Sort(list)
	return list
}

// TestAWebhookHearsOfAllNodesOnce, and misses nothing when the node that leads
// is cut off.
func TestAWebhookHearsOfAllNodesOnce(t *testing.T) {
	onlyAtLength(t, "a lease has to run out")
	t.Parallel()
	n := serveNATS(t)
	way := newWire(t, fmt.Sprintf("127.0.0.1:%d", n.opts.Port))
	leader := owner{n.nodeVia(way.l.Addr().String(), someUsers())}
	leader.awaitFigure("owncast_cluster_leader", 1)
	other := owner{n.node(someUsers())}
	ann, bob := leader.register("ann"), other.register("bob")
	ann.connect()
	bob.connect()
	b := newBot(t)
	leader.hook(b, "STREAM_STARTED", "STREAM_STOPPED", "CHAT")
	eventually(t, "the stores of the other node have it", func() string {
		if _, body := other.send("GET", "/api/admin/webhooks", ""); !strings.Contains(body, b.srv.URL) {
			return body
		}
		return ""
	})
	bob.says("one") // though nobody has told its webhooks
	ann.hears(1)
	client := burst(t, other.rtmp, "live", "k", 6)
	leader.await("/api/status", `"online":true`)
	ann.says("two")
	bob.hears(1)
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	want := []string{"CHAT one", "CHAT two", "STREAM_STARTED", "STREAM_STOPPED"}
	got := b.hears(want...)
	bob.says("three") // behind which nothing is left
	got = append(got, b.hears("CHAT three")...)
	if want = append(want, "CHAT three"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}

	leader.await("/api/status", `"online":false`) // or it would take the place for occupied
	way.sever(true)
	other.awaitFigure("owncast_cluster_leader", 1)
	bob.says("four")
	b.hears("CHAT four")
	client = burst(t, leader.rtmp, "live", "k", 6)
	defer client.Close()
	leader.await("/api/status", `"online":true`)
	way.sever(false)
	b.hears("STREAM_STARTED")
	eventually(t, "the room is one again", func() string {
		if p := leader.app.Health().Problems; len(p) > 0 {
			return fmt.Sprint(p)
		}
		return ""
	})
	ann.send(map[string]any{"type": "CHAT", "body": "five"})
	for ann.hears(1)[0] != "five" { // after what came before
	}
	b.hears("CHAT five")
}
