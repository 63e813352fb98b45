package chat_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/owncast-go/owncast/chat"
)

// pipes is a listener without a network, for tests in which time is not the
// clock's.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// timeless runs a test in which waiting takes no time.
func timeless(t *testing.T, f func(t *testing.T, r *room), change ...func(*chat.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, change...)
		must(t, r.Start(t.Context()))
		p := newPipes()
		srv := &http.Server{Handler: http.HandlerFunc(r.serve)}
		served := make(chan error, 1)
		go func() { served <- srv.Serve(p) }()
		r.transport = &http.Transport{DialContext: p.dial}
		r.url = "http://pipe"
		t.Cleanup(func() {
			must(t, r.Shutdown(context.Background()))
			r.transport.CloseIdleConnections()
			_ = srv.Close()
			<-served
		})
		f(t, r)
	})
}

func TestWhoComesAndGoesIsTold(t *testing.T) {
	var events []string
	done := make(chan struct{}, 100)
	hook := func(c *chat.Config) {
		c.Events.UserJoined = told(&events, done, func(e chat.UserJoined) string {
			return fmt.Sprintf("%s joined, online %t, shown %t", e.User.DisplayName, e.Online, e.Shown)
		})
		c.Events.UserParted = told(&events, done, func(e chat.UserParted) string {
			return fmt.Sprintf("%s parted, shown %t", e.User.DisplayName, e.Shown)
		})
	}
	timeless(t, func(t *testing.T, r *room) {
		p := r.join("Ann")
		if d := p.want("USER_JOINED"); d.User.DisplayName != "Ann" {
			t.Errorf("%s", d.raw)
		}
		q := r.join("Ben")
		p.want("USER_JOINED")
		q.want("USER_JOINED")
		second := r.connect(q.token) // of the same user
		second.want("CONNECTED_USER_INFO")
		p.quiet()
		q.marked()
		second.marked()
		_ = q.ws.CloseNow()
		time.Sleep(time.Minute)
		p.quiet()
		second.marked()
		_ = second.ws.CloseNow() // and is back in time
		time.Sleep(9 * time.Second)
		third := r.connect(q.token)
		third.want("CONNECTED_USER_INFO")
		time.Sleep(time.Minute)
		p.quiet()
		third.marked()
		_ = third.ws.CloseNow()
		start := time.Now()
		if d := p.want("USER_PARTED"); d.User.DisplayName != "Ben" || d.keys(t) != "id timestamp type user" {
			t.Errorf("%s", d.raw)
		}
		if d := time.Since(start); d < 10*time.Second || d > 11*time.Second {
			t.Errorf("told after %v", d)
		}
		r.change(func(s *chat.Settings) { s.JoinMessages = false })
		fourth := r.connect(q.token)
		fourth.want("CONNECTED_USER_INFO")
		fourth.quiet()
		p.marked()
		_ = fourth.ws.CloseNow()
		time.Sleep(time.Minute)
		r.change(func(s *chat.Settings) { s.JoinMessages = true })
		r.stream.Store(&chat.Stream{EndedAt: time.Now()})
		fifth := r.connect(q.token)
		fifth.want("CONNECTED_USER_INFO")
		fifth.quiet() // there is no broadcast
		p.marked()
		for range 6 {
			<-done
		}
		want := "Ann joined, online true, shown true|Ben joined, online true, shown true|Ben parted, shown true|" +
			"Ben joined, online true, shown false|Ben parted, shown false|Ben joined, online false, shown false"
		if got := strings.Join(events, "|"); got != want {
			t.Errorf("events:\n%s, want\n%s", got, want)
		}
	}, hook)
}

func TestWhoJoinsIsWelcomed(t *testing.T) {
	timeless(t, func(t *testing.T, r *room) {
		r.change(func(s *chat.Settings) { s.JoinMessages, s.WelcomeMessage = false, "Hello **you**" })
		p := r.join("Ann")
		start := time.Now()
		if d := p.want("SYSTEM"); d.Body != "<p>Hello <strong>you</strong></p>" || d.User.DisplayName != "The server" || d.keys(t) != "body id timestamp type user" {
			t.Errorf("%s", d.raw)
		}
		if d := time.Since(start); d < 7*time.Second || d > 8*time.Second {
			t.Errorf("welcomed after %v", d)
		}
		q := r.join("Ben")
		time.Sleep(6 * time.Second)
		_ = q.ws.CloseNow() // too early
		time.Sleep(time.Minute)
		p.quiet()
		r.stream.Store(&chat.Stream{EndedAt: time.Now()})
		s := r.join("Carl")
		time.Sleep(time.Minute)
		s.quiet()
		p.marked()
	})
}

func TestOneThatIsNotHeardOfIsGone(t *testing.T) {
	timeless(t, func(t *testing.T, r *room) {
		alive := r.join("alive")
		alive.want("USER_JOINED")
		_, token := r.register("dead")
		ctx, cancel := context.WithCancel(t.Context())
		ws, _, err := websocket.Dial(ctx, "http://pipe/ws?accessToken="+token, &websocket.DialOptions{
			HTTPClient: &http.Client{Transport: r.transport},
			// As if the network was cut behind the last frame.
			OnPingReceived: func(context.Context, []byte) bool { return false },
		})
		must(t, err)
		got := make(chan error, 1)
		go func() {
			for {
				if _, _, err := ws.Read(ctx); err != nil {
					got <- err
					return
				}
			}
		}()
		start := time.Now()
		<-got
		if d := time.Since(start); d < 59*time.Second || d > 61*time.Second {
			t.Errorf("it was let go after %v", d)
		}
		cancel()
		time.Sleep(10 * time.Minute)
		alive.until("USER_PARTED")
		alive.quiet()
	})
}

func TestACrowdIsCountedAndNotListed(t *testing.T) {
	timeless(t, func(t *testing.T, r *room) {
		first := r.join("first")
		first.want("USER_JOINED")
		var rest []*peer
		for range 199 {
			rest = append(rest, r.join(""))
			first.want("USER_JOINED")
		}
		for range 50 {
			rest = append(rest, r.join(""))
		}
		for count := 0; count < 250; { // none of them is listed
			d := first.want("PRESENCE")
			if d.Count <= count || d.keys(t) != "count id timestamp type" {
				t.Errorf("%s after %d", d.raw, count)
			}
			count = d.Count
		}
		for _, p := range rest[200:] {
			p.until("PRESENCE")
		}
		time.Sleep(time.Minute)
		first.quiet() // it has not changed
		for _, p := range rest[:100] {
			_ = p.ws.CloseNow()
		}
		kinds := map[string]int{}
		for range 101 {
			kinds[first.next().Type]++
		}
		if kinds["USER_PARTED"] != 100 || kinds["PRESENCE"] != 1 {
			t.Errorf("told of %v", kinds)
		}
		first.quiet()
	})
}

func TestTheBroadcastIsTold(t *testing.T) {
	r := silent(t)
	r.change(func(s *chat.Settings) { s.WelcomeMessage = "Hello" })
	p := r.join("Ann")
	r.StreamStarted(t.Context())
	p.told("<p>Stay tuned, the stream is <strong>starting</strong>!</p>")
	if d := p.want("SYSTEM"); d.Body != "<p>Hello</p>" {
		t.Errorf("%s", d.raw)
	}
	r.TitleChanged(t.Context(), "A *new* <b> title :wave:")
	p.told("<p>Stream title changed to <strong>A *new* &lt;b&gt; title :wave:</strong></p>")
	r.TitleChanged(t.Context(), " ")
	r.StreamStopped(t.Context())
	p.told("<p>The stream is ending.</p>")
	p.quiet()
	r.change(func(s *chat.Settings) { s.Disabled = true })
	r.StreamStarted(t.Context())
	p.quiet()
	if n, err := r.repo.Chat.CountMessages(t.Context()); n != 0 || err != nil {
		t.Errorf("%d kept, %v", n, err)
	}
}
