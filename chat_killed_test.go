package owncast_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/bolt"
)

// chatDir makes a process of the tests one that TestAKilledChat kills.
const chatDir = "OWNCAST_TEST_CHAT_DIR"

// loud says what was stored.
type loud struct{ repository.Chat }

func (s loud) AppendMessages(ctx context.Context, ms ...repository.Message) error {
	err := s.Chat.AppendMessages(ctx, ms...)
	if err == nil {
		for _, m := range ms {
			fmt.Println("\nstored", m.ID)
		}
	}
	return err
}

// keep runs a channel that keeps what it has in a file in dir.
func keep(t *testing.T, dir string, store func(repository.Chat) repository.Chat) (*channel, repository.Repository) {
	t.Helper()
	db, err := bolt.Open(filepath.Join(dir, "x.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	repo := db.Repository()
	return run(t, calm(), someUsers(), owncast.WithDataDir(dir), owncast.WithRepository(repo), owncast.WithChatStore(store(repo.Chat))), repo
}

// TestAKilledChat kills a process in which people talk. What it has told
// somebody to be so is so afterwards, but for the last messages, which the
// store had not taken yet.
func TestAKilledChat(t *testing.T) {
	if dir := os.Getenv(chatDir); dir != "" {
		c, _ := keep(t, dir, func(s repository.Chat) repository.Chat { return loud{s} })
		fmt.Println("\nlistening", c.web.URL)
		<-t.Context().Done() // never: it is killed
		return
	}
	dir := t.TempDir()
	p := startChild(t, dir)
	bad, good := p.c.register("bad"), p.c.register("good")
	by := []string{"X-User", "admin"}
	if code, body := p.c.ask("POST", "/api/admin/chat/users/setenabled", "", jsonText(map[string]any{"userId": bad.ID, "enabled": false}), by...); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	if code, body := p.c.ask("POST", "/api/admin/chat/users/ipbans/create", "", `{"value":"203.0.113.9"}`, by...); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	good.connect()
	good.want("CONNECTED_USER_INFO")
	good.send(map[string]string{"type": "NAME_CHANGE", "newName": "better"})
	good.want("NAME_CHANGE")
	good.want("CONNECTED_USER_INFO")
	shown, stored := p.talk(t, good, 5000)

	c, repo := keep(t, dir, func(s repository.Chat) repository.Chat { return s })
	ms, err := repo.Chat.Messages(t.Context(), repository.MessageQuery{})
	must(t, err)
	var kept []string
	for _, m := range slices.Backward(ms) {
		kept = append(kept, m.ID)
	}
	for _, id := range stored {
		if !slices.Contains(kept, id) {
			t.Errorf("%s was stored, and is lost", id)
		}
	}
	n := min(len(kept), len(shown))
	if n == 0 || !slices.EqualFunc(kept[:n], shown[:n], func(id string, m showing) bool { return id == m.id }) {
		t.Errorf("%d were shown and %d are kept, which are not the first of them", len(shown), len(kept))
	}
	if n < len(shown) {
		t.Logf("%d shown, %d kept; the first that is not was shown %v before the end", len(shown), n, shown[len(shown)-1].at.Sub(shown[n].at))
	}

	good.c, bad.c = c, c
	good.connect()
	if d := good.want("CONNECTED_USER_INFO"); d.User.DisplayName != "better" || d.User.ID != good.ID {
		t.Errorf("%+v", d)
	}
	bad.connect()
	bad.want("ERROR_USER_DISABLED")
	if _, body := c.ask("GET", "/api/admin/chat/users/ipbans", "", "", by...); !strings.Contains(body, "203.0.113.9") {
		t.Errorf("bans: %s", body)
	}
	if d := good.say("hello again"); d.Body != "<p>hello again</p>" {
		t.Errorf("%+v", d)
	}
}

// child is a process with a channel.
type child struct {
	c     *channel
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

func startChild(t *testing.T, dir string) *child {
	t.Helper()
	p := &child{cmd: exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAKilledChat$", "-test.v")}
	p.cmd.Env = append(os.Environ(), chatDir+"="+dir)
	p.cmd.WaitDelay = time.Second
	out, err := p.cmd.StdoutPipe()
	must(t, err)
	must(t, p.cmd.Start())
	p.lines = bufio.NewScanner(out)
	for p.lines.Scan() {
		if url, ok := strings.CutPrefix(p.lines.Text(), "listening "); ok {
			web := httptest.NewServer(http.NotFoundHandler()) // for its client
			t.Cleanup(web.Close)
			web.URL = url
			p.c = &channel{t: t, web: web}
			return p
		}
	}
	t.Fatal("the process did not listen")
	return nil
}

// showing is when a message was seen.
type showing struct {
	id string
	at time.Time
}

// talk sends messages until n have come back, and kills the process while more
// are under way. It returns those that were shown and those that were stored.
func (p *child) talk(t *testing.T, who *chatter, n int) (shown []showing, stored []string) {
	t.Helper()
	gone := make(chan struct{})
	sent, under := make(chan struct{}), make(chan struct{}, 100) // way, for who is behind is cut off
	go func() {
		defer close(sent)
		for i := 0; ; i++ {
			select {
			case under <- struct{}{}:
			case <-gone:
				return
			}
			if who.ws.Write(t.Context(), websocket.MessageText, fmt.Appendf(nil, `{"type":"CHAT","body":"%d"}`, i)) != nil {
				return
			}
		}
	}()
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		for p.lines.Scan() {
			if id, ok := strings.CutPrefix(p.lines.Text(), "stored "); ok {
				stored = append(stored, id)
			}
		}
	}()
	for len(shown) < n {
		shown = append(shown, showing{who.want("CHAT").ID, time.Now()})
		<-under
	}
	must(t, p.cmd.Process.Kill())
	for _, e := range who.pending {
		shown = append(shown, showing{e.ID, time.Now()})
	}
	who.pending = nil
	close(gone)
	_ = who.ws.CloseNow()
	<-sent
	<-heard
	_ = p.cmd.Wait() // it was killed
	return shown, stored
}
