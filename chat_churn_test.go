package owncast_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/video/rtmp"
	"github.com/owncast-go/owncast/video/videotest"
)

// churn is a room full of people who come, flood, rename and go, while
// administrators look and ban, and the publisher comes and goes.
type churn struct {
	t   *testing.T
	c   *channel
	ctx context.Context

	told, seen, banned, published atomic.Int64
}

// last returns after d, and not before something of everything has happened: a
// busy machine may need longer.
func (x *churn) last(d time.Duration) {
	time.Sleep(d)
	for end := time.Now().Add(2 * patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if x.told.Load() > 0 && x.seen.Load() > 0 && x.banned.Load() > 0 && x.published.Load() > 0 {
			return
		}
	}
	x.t.Errorf("%d hooks, %d messages, %d bans, %d broadcasts", x.told.Load(), x.seen.Load(), x.banned.Load(), x.published.Load())
}

// watcher is always there, and remembers the order of what it saw.
type watcher struct {
	seen   []string        // ids of messages
	banned map[string]bool // users, from when it was told that they are
}

// watch reads until the end of the connection. It has to see nothing of a user
// behind the notice that the user is banned.
func (x *churn) watch(ws *websocket.Conn, w *watcher) {
	for {
		_, data, err := ws.Read(context.Background())
		if err != nil {
			return
		}
		for line := range bytes.SplitSeq(data, []byte{'\n'}) {
			var e chatEvent
			if err := json.Unmarshal(line, &e); err != nil {
				x.t.Errorf("%v in %s", err, line)
				return
			}
			switch e.Type {
			case "CHAT":
				if w.banned[e.User.ID] {
					x.t.Errorf("a message of %s, who is banned", e.User.ID)
				}
				w.seen = append(w.seen, e.ID)
				x.seen.Add(1)
			case "churn.banned":
				var id string
				_ = json.Unmarshal(e.Data, &id)
				w.banned[id] = true
				x.banned.Add(1)
			}
		}
	}
}

// person comes and goes until ctx is done.
func (x *churn) person(n int) {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	for x.ctx.Err() == nil {
		u, token, err := x.c.app.Chat().Register(x.ctx, fmt.Sprint("p", n))
		if err != nil {
			return
		}
		for range 1 + rng.IntN(3) { // connections
			if !x.visit(u.ID, token, rng) {
				break
			}
		}
	}
}

// visit is one connection. It reports false for a user who was banned.
func (x *churn) visit(id, token string, rng *rand.Rand) bool {
	ws, _, err := websocket.Dial(x.ctx, x.c.web.URL+"/ws?accessToken="+token, nil)
	if err != nil {
		return x.ctx.Err() == nil
	}
	defer ws.CloseNow()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			if _, _, err := ws.Read(context.Background()); err != nil {
				return
			}
		}
	}()
	defer func() {
		_ = ws.CloseNow()
		<-gone
	}()
	for range 1 + rng.IntN(20) {
		what := `{"type":"CHAT","body":"hello **all** :wave:"}`
		switch rng.IntN(10) {
		case 0:
			what = fmt.Sprintf(`{"type":"NAME_CHANGE","newName":"n%d"}`, rng.IntN(1000))
		case 1:
			what = fmt.Sprintf(`{"type":"COLOR_CHANGE","newColor":%d}`, rng.IntN(8))
		}
		if err := ws.Write(x.ctx, websocket.MessageText, []byte(what)); err != nil {
			return false
		}
		if rng.IntN(3) > 0 { // and sometimes as fast as it goes
			select {
			case <-time.After(time.Duration(rng.IntN(200)) * time.Millisecond):
			case <-gone:
				return false
			case <-x.ctx.Done():
				return false
			}
		}
	}
	return true
}

// moderate bans somebody who is there, and tells the watchers.
func (x *churn) moderate() {
	by := owncast.ChatActor{ID: "churn", Name: "churn", Role: repository.RoleAdmin}
	for x.ctx.Err() == nil {
		clients := x.c.app.Chat().Clients()
		if len(clients) > 5 {
			u := clients[rand.IntN(len(clients))].User
			if !u.Bot && u.Role == repository.RoleViewer {
				if err := x.c.app.Chat().Disable(x.ctx, by, u.ID, "churn"); err == nil {
					_ = x.c.app.Chat().Custom(x.ctx, 0, "churn.banned", u.ID)
				} else if x.ctx.Err() == nil {
					x.t.Error(err)
				}
			}
		}
		x.pause(20 * time.Millisecond)
	}
}

// look reads what administrators and viewers read.
func (x *churn) look() {
	for x.ctx.Err() == nil {
		for _, path := range []string{"/api/admin/chat/clients", "/api/admin/chat/messages", "/api/admin/users?limit=20", "/api/admin/status", "/api/admin/chat/users/disabled"} {
			if code, body := x.c.ask("GET", path, "", "", "X-User", "admin"); code != 200 {
				x.t.Errorf("%s: %d %.200s", path, code, body)
			}
			x.pause(10 * time.Millisecond)
		}
	}
}

// flap publishes a moment at a time. A busy server may refuse one because it has
// not seen yet that the one before has gone.
func (x *churn) flap() {
	for x.ctx.Err() == nil {
		c, err := rtmp.Dial(x.ctx, "rtmp://"+x.c.rtmp+"/live", rtmp.ClientConfig{StreamKey: "k"})
		if err == nil {
			if videotest.Send(c, 3*time.Second) == nil {
				x.published.Add(1)
			}
			x.pause(100 * time.Millisecond)
			_ = c.Close()
		}
		x.pause(100 * time.Millisecond)
	}
}

func (x *churn) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-x.ctx.Done():
	}
}

func TestChurn(t *testing.T) {
	people, lasting := 60, 3*time.Second
	if os.Getenv("OWNCAST_TEST_LONG") != "" {
		people, lasting = 500, time.Minute
	}
	repo := memory.New()
	x := &churn{t: t}
	hear := owncast.Hooks{
		MessageSent: func(context.Context, chat.MessageSent) { x.told.Add(1) },
		UserParted:  func(context.Context, chat.UserParted) { x.told.Add(1) },
	}
	x.c = run(t, calm(), someUsers(), owncast.WithRepository(repo), owncast.WithHooks(hear), owncast.WithReconnectGrace(0))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	x.ctx = ctx

	watchers := []*watcher{{banned: map[string]bool{}}, {banned: map[string]bool{}}}
	var watching, all sync.WaitGroup
	var sockets []*websocket.Conn
	for _, w := range watchers {
		p := x.c.register("watcher")
		must(t, x.c.app.Chat().SetModerator(t.Context(), owncast.ChatActor{Role: repository.RoleAdmin}, p.ID, true)) // whom nobody bans
		p.connect()
		p.want("CONNECTED_USER_INFO")
		p.ws.SetReadLimit(1 << 20)
		sockets = append(sockets, p.ws)
		watching.Go(func() { x.watch(p.ws, w) })
	}
	for n := range people {
		all.Go(func() { x.person(n) })
	}
	for range 4 {
		all.Go(x.moderate)
	}
	all.Go(x.look)
	all.Go(x.flap)
	x.last(lasting)
	cancel()
	all.Wait()

	// What is under way arrives before this, which both watchers get.
	must(t, x.c.app.Chat().Announce(t.Context(), "the end"))
	shutdown(t, x.c.app)
	watching.Wait()
	for _, ws := range sockets {
		_ = ws.CloseNow()
	}
	if !slices.Equal(watchers[0].seen, watchers[1].seen) {
		t.Errorf("one has seen %d messages, the other %d, or they were in another order", len(watchers[0].seen), len(watchers[1].seen))
	}
	kept := map[string]bool{}
	ms, err := repo.Chat.Messages(t.Context(), repository.MessageQuery{Hidden: true})
	must(t, err)
	for _, m := range ms {
		kept[m.ID] = true
	}
	for _, id := range slices.Concat(watchers[0].seen, watchers[1].seen) {
		if !kept[id] {
			t.Errorf("message %s was shown and is not kept", id)
		}
	}
	t.Logf("%d messages seen, %d kept, %d bans, %d hooks, %d broadcasts",
		len(watchers[0].seen), len(ms), len(watchers[0].banned), x.told.Load(), x.published.Load())
}
