package chat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/internal/markup"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long tests wait for what must come.
const patience = 60 * time.Second

// room is a Server with an HTTP server around it.
type room struct {
	*chat.Server
	t         testing.TB
	repo      repository.Repository
	web       *httptest.Server
	url       string
	transport *http.Transport // nil is the default
	set       atomic.Pointer[chat.Settings]
	stream    atomic.Pointer[chat.Stream]
}

// admin is who may do everything.
var admin = chat.Actor{ID: "admin", Name: "admin", Role: repository.RoleAdmin}

// open returns a room in which nobody has to wait, unless change says so. It
// ends with the test.
func open(t testing.TB, change ...func(*chat.Config)) *room {
	t.Helper()
	r := prepare(t, change...)
	must(t, r.Start(t.Context()))
	r.web = httptest.NewServer(http.HandlerFunc(r.serve))
	r.url = r.web.URL
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := r.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown = %v", err)
		}
		r.web.Close()
	})
	return r
}

// prepare returns a room that is not open yet.
func prepare(t testing.TB, change ...func(*chat.Config)) *room {
	t.Helper()
	r := &room{t: t, repo: memory.New()}
	settings := chat.Setting().Default()
	settings.SpamProtection = false
	r.set.Store(&settings)
	r.stream.Store(&chat.Stream{Online: true})
	m := markup.New()
	emoji := func(mount string) markup.EmojiFunc {
		return func(name string) (string, bool) { return mount + "/img/emoji/" + name + ".png", name == "wave" }
	}
	c := chat.Config{
		Stores:   chat.Stores{Messages: r.repo.Chat, Users: r.repo.Users, Credentials: r.repo.Credentials, Bans: r.repo.Bans, Series: r.repo.Series},
		Settings: func(context.Context) (chat.Settings, error) { return *r.set.Load(), nil },
		Channel: chat.Channel{
			Name:   func(context.Context) string { return "The server" },
			Stream: func() chat.Stream { return *r.stream.Load() },
		},
		Text: chat.Text{
			HTML:  func(_ context.Context, text, mount string) string { return m.Chat(text, emoji(mount)) },
			Clean: m.CleanChat, Plain: m.Plain,
		},
	}
	for _, f := range change {
		f(&c)
	}
	s, err := chat.New(c)
	if err != nil {
		t.Fatal(err)
	}
	r.Server = s
	return r
}

// serve connects as the API does. The header X-From says where from.
func (r *room) serve(w http.ResponseWriter, req *http.Request) {
	addr, _ := netip.ParseAddr(req.Header.Get("X-From"))
	if err := r.Admit(req.Context(), addr); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	token := req.URL.Query().Get("accessToken")
	u, err := r.Authenticate(req.Context(), token)
	v := chat.Visitor{User: u, Token: repository.HashSecret(token), Address: addr}
	if errors.Is(err, chat.ErrUnknownUser) {
		v.Refusal = chat.ErrUnknownUser
	} else if err != nil {
		r.t.Error(err)
	}
	if err := r.Connect(w, req, v); err != nil {
		status := http.StatusForbidden
		if h := new(chat.HandshakeError); errors.As(err, &h) {
			status = h.Status
		}
		http.Error(w, err.Error(), status)
	}
}

// change changes the settings.
func (r *room) change(f func(*chat.Settings)) {
	set := *r.set.Load()
	f(&set)
	r.set.Store(&set)
}

// peer is a user with a connection.
type peer struct {
	t     testing.TB
	room  *room
	user  repository.User
	token string
	ws    *websocket.Conn
	docs  chan doc
	over  chan error
}

// doc is what a client gets.
type doc struct {
	Type, ID, Body, OldName, Title, Link string
	Timestamp                            time.Time
	IDs                                  []string
	Visible                              *bool
	Count                                int
	Image                                *string
	User                                 *struct {
		ID, DisplayName          string
		DisplayColor             int
		Scopes, PreviousNames    []string
		AuthProviders            []string
		IsBot, Authenticated     bool
		CreatedAt, NameChangedAt time.Time
	}
	Data json.RawMessage
	raw  string
}

// register makes a user.
func (r *room) register(name string) (repository.User, string) {
	r.t.Helper()
	u, token, err := r.Register(r.t.Context(), chat.Registration{Name: name})
	if err != nil {
		r.t.Fatal(err)
	}
	return u, token
}

// join makes a user and connects, and waits until the user is in.
func (r *room) join(name string, header ...string) *peer {
	r.t.Helper()
	u, token := r.register(name)
	p := r.connect(token, header...)
	p.user = u
	p.want("CONNECTED_USER_INFO")
	return p
}

// dial tries to connect.
func (r *room) dial(token string, header ...string) (*websocket.Conn, *http.Response, error) {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	o := &websocket.DialOptions{HTTPHeader: h}
	if r.transport != nil {
		o.HTTPClient = &http.Client{Transport: r.transport}
	}
	return websocket.Dial(ctx, r.url+"/ws?accessToken="+token, o)
}

// connect connects and reads.
func (r *room) connect(token string, header ...string) *peer {
	r.t.Helper()
	ws, _, err := r.dial(token, header...)
	if err != nil {
		r.t.Fatal(err)
	}
	ws.SetReadLimit(1 << 20)
	p := &peer{t: r.t, room: r, token: token, ws: ws, docs: make(chan doc, 10_000), over: make(chan error, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.read()
	}()
	r.t.Cleanup(func() {
		_ = ws.CloseNow()
		<-done
	})
	return p
}

func (p *peer) read() {
	defer close(p.docs)
	for {
		_, data, err := p.ws.Read(context.Background())
		if err != nil {
			p.over <- err
			return
		}
		for line := range bytes.SplitSeq(data, []byte{'\n'}) {
			d := doc{raw: string(line)}
			if err := json.Unmarshal(line, &d); err != nil {
				p.t.Errorf("%v in %q", err, line)
			}
			p.docs <- d
		}
	}
}

// send sends something as JSON.
func (p *peer) send(v any) {
	p.t.Helper()
	data, ok := v.(string)
	if !ok {
		b, err := json.Marshal(v)
		if err != nil {
			p.t.Fatal(err)
		}
		data = string(b)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	if err := p.ws.Write(ctx, websocket.MessageText, []byte(data)); err != nil {
		p.t.Fatalf("send: %v", err)
	}
}

// say sends a message.
func (p *peer) say(body string) { p.send(map[string]string{"type": "CHAT", "body": body}) }

// next returns the next document.
func (p *peer) next() doc {
	p.t.Helper()
	select {
	case d, ok := <-p.docs:
		if !ok {
			p.t.Fatal("the connection is over")
		}
		return d
	case <-time.After(patience):
		p.t.Fatal("nothing came")
	}
	return doc{}
}

// want returns the next document, which must be of the type.
func (p *peer) want(kind string) doc {
	p.t.Helper()
	d := p.next()
	if d.Type != kind {
		p.t.Fatalf("got %s, want a %s", d.raw, kind)
	}
	return d
}

// until returns the next document of the type.
func (p *peer) until(kind string) doc {
	p.t.Helper()
	for {
		if d := p.next(); d.Type == kind {
			return d
		}
	}
}

// told waits for a notice with a text.
func (p *peer) told(text string) {
	p.t.Helper()
	if d := p.want("CHAT_ACTION"); !strings.Contains(d.Body, text) {
		p.t.Fatalf("got %q, want %q", d.Body, text)
	}
}

// quiet makes sure that nothing came before a marker that everybody gets.
func (p *peer) quiet() {
	p.t.Helper()
	if err := p.room.Announce(p.t.Context(), "marker"); err != nil {
		p.t.Fatal(err)
	}
	if d := p.next(); d.Type != "CHAT_ACTION" || d.Body != "<p>marker</p>" {
		p.t.Fatalf("got %s, want nothing", d.raw)
	}
}

// ended waits for the end of the connection.
func (p *peer) ended() error {
	p.t.Helper()
	select {
	case err := <-p.over:
		return err
	case <-time.After(patience):
		p.t.Fatal("the connection goes on")
	}
	return nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func fails(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s = %v, want %v", what, err, want)
	}
}

// marked makes sure that nothing came before the marker of another one's
// quiet.
func (p *peer) marked() {
	p.t.Helper()
	if d := p.next(); d.Type != "CHAT_ACTION" || d.Body != "<p>marker</p>" {
		p.t.Fatalf("got %s, want nothing", d.raw)
	}
}

// wait waits until something is so.
func wait(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited for %s in vain", what)
		}
	}
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// told makes a hook that notes what events say, and then that there was one.
func told[E any](events *[]string, done chan<- struct{}, say func(E) string) func(context.Context, E) {
	return func(_ context.Context, e E) {
		*events = append(*events, say(e))
		done <- struct{}{}
	}
}
