package owncast_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository"
)

// until returns the next event of a kind.
func (p *chatter) until(kind string) chatEvent {
	p.t.Helper()
	for {
		if e := p.next(); e.Type == kind {
			return e
		}
	}
}

// hears returns the next n messages of users, as text.
func (p *chatter) hears(n int) []string {
	p.t.Helper()
	bodies := make([]string, n)
	for i := range bodies {
		bodies[i] = strings.TrimSuffix(strings.TrimPrefix(p.until("CHAT").Body, "<p>"), "</p>")
	}
	return bodies
}

// says writes and waits until it is shown.
func (p *chatter) says(body string) {
	p.t.Helper()
	p.send(map[string]any{"type": "CHAT", "body": body})
	if got := p.hears(1); got[0] != body {
		p.t.Errorf("got %q, want %q", got[0], body)
	}
}

// all waits until the clients of a node, those of all nodes, are as many.
func (c *channel) all(want int) {
	c.t.Helper()
	eventually(c.t, "clients of all nodes", func() string {
		if n := len(c.app.Chat().Clients()); n != want {
			return fmt.Sprint(n, ", want ", want)
		}
		return ""
	})
}

func TestTheChatIsOneRoomOnAllNodes(t *testing.T) {
	n := serveNATS(t)
	a, b := n.node(), n.node()
	ann, bob, eve := a.register("ann"), b.register("bob"), b.register("eve")
	for _, p := range []*chatter{ann, bob, eve} {
		p.connect()
	}
	a.all(3)
	b.all(3)

	// All see one order, and the history has it, too.
	const each = 20
	for i := range each {
		ann.send(map[string]any{"type": "CHAT", "body": fmt.Sprint("a", i)})
		bob.send(map[string]any{"type": "CHAT", "body": fmt.Sprint("b", i)})
	}
	want := ann.hears(2 * each)
	for _, p := range []*chatter{bob, eve} {
		if got := p.hears(2 * each); !slices.Equal(got, want) {
			t.Errorf("one sees %q, another one %q", got, want)
		}
	}
	for _, c := range []*channel{a, b} {
		c.await("/api/chat?accessToken="+ann.AccessToken, fmt.Sprintf("a%d", each-1))
		c.await("/api/chat?accessToken="+bob.AccessToken, fmt.Sprintf("b%d", each-1))
	}

	// A new name is everybody's to see, and the history has it.
	bob.send(map[string]any{"type": "NAME_CHANGE", "newName": "robert"})
	if e := ann.until("NAME_CHANGE"); e.User.DisplayName != "robert" {
		t.Errorf("%+v", e)
	}
	a.await("/api/chat?accessToken="+ann.AccessToken, "robert")

	// A message that is hidden on one node is hidden on all.
	ms, err := b.app.Chat().Messages(t.Context(), ann.ID)
	if err != nil || len(ms) != each {
		t.Fatalf("%d messages, %v", len(ms), err)
	}
	by := owncast.ChatActor{Name: "admin", Role: repository.RoleAdmin}
	if err := b.app.Chat().SetVisible(t.Context(), by, false, ms[0].ID); err != nil {
		t.Fatal(err)
	}
	ann.until("VISIBILITY-UPDATE")
	eve.until("VISIBILITY-UPDATE")
	eventually(t, "hidden in the history", func() string {
		_, body := a.get("/api/chat?accessToken=" + ann.AccessToken)
		if strings.Contains(body, ms[0].ID) {
			return body
		}
		return ""
	})

	// What is for one is for one, wherever that is.
	if err := a.app.Chat().Tell(t.Context(), b.app.Chat().Clients()[2].ID, "for you"); err != nil {
		t.Fatal(err)
	}

	// Who is disabled on one node is so on all.
	if err := a.app.Chat().TimeOut(t.Context(), by, bob.ID, time.Hour, ""); err != nil {
		t.Fatal(err)
	}
	bob.until("CHAT_ACTION")
	bob.send(map[string]any{"type": "CHAT", "body": "too soon"})
	if e := bob.until("CHAT_ACTION"); !strings.Contains(e.Body, "timed out") {
		t.Errorf("%+v", e)
	}
	if err := a.app.Chat().Disable(t.Context(), by, eve.ID, ""); err != nil {
		t.Fatal(err)
	}
	eve.until("ERROR_USER_DISABLED")
	b.all(2)
	if code, _ := b.get("/api/chat?accessToken=" + eve.AccessToken); code == http.StatusOK {
		t.Error("who is disabled reads on")
	}
	ann.says("still here")
	if got := bob.hears(1); got[0] != "still here" {
		t.Errorf("%q", got)
	}
}

func TestWhatWasSaidIsKeptWhileNATSComesAndGoes(t *testing.T) {
	onlyAtLength(t, "NATS is away for twenty seconds")
	n := serveNATS(t)
	a, b := n.node(), n.node()
	ann, bob := a.register("ann"), b.register("bob")
	ann.connect()
	bob.connect()
	ann.says("before")
	bob.hears(1)
	n.stop()
	eventually(t, "writing is refused", func() string {
		if a.app.Health().Status != "ok" {
			return ""
		}
		return "all is well"
	})
	ann.send(map[string]any{"type": "CHAT", "body": "meanwhile"})
	if e := ann.until("CHAT_ACTION"); !strings.Contains(e.Body, "cannot be sent") {
		t.Errorf("%+v", e)
	}
	n.start()
	eventually(t, "nodes meet again", func() string {
		if p := append(a.app.Health().Problems, b.app.Health().Problems...); len(p) > 0 {
			return fmt.Sprint(p)
		}
		return ""
	})
	ann.says("after")
	if got := bob.hears(1); got[0] != "after" {
		t.Errorf("%q", got)
	}
	b.await("/api/chat?accessToken="+bob.AccessToken, "after")
}

func TestViewersAndDisconnectOfAllNodes(t *testing.T) {
	n := serveNATS(t)
	origin, viewer := n.node(), n.node()
	stop := publish(t, origin.rtmp, "live", "k")
	defer stop()
	viewer.await("/hls/0/stream.m3u8", "#EXTINF")
	for _, c := range []*channel{origin, viewer} {
		eventually(t, "viewers of all nodes", func() string {
			for i := range 5 {
				origin.get(fmt.Sprint("/hls/0/stream.m3u8?sid=o", i))
				viewer.get(fmt.Sprint("/hls/0/stream.m3u8?sid=v", i))
				viewer.get(fmt.Sprint("/hls/0/stream.m3u8?sid=w", i))
			}
			// One without an id waited for the playlist.
			if now := c.app.ViewerCount().Now; now < 15 || now > 16 {
				return fmt.Sprint(now, " viewers")
			}
			return ""
		})
	}
	if !viewer.app.Disconnect() {
		t.Error("there is nothing to disconnect")
	}
	eventually(t, "the publisher is gone", func() string {
		if s := origin.app.Status(); s.Online() {
			return fmt.Sprintf("%+v", s)
		}
		return ""
	})
}
