package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/repository"
)

// keys are the names of the fields of a document, in order.
func (d doc) keys(t *testing.T) string {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(d.raw), &fields); err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestWhatOneSaysEverybodyReads(t *testing.T) {
	r := open(t)
	a := r.join("Ann")
	if d := a.want("USER_JOINED"); d.User == nil || d.User.ID != a.user.ID || d.keys(t) != "id timestamp type user" {
		t.Fatalf("joined: %s", d.raw)
	}
	b := r.join("Ben")
	b.want("USER_JOINED")
	a.want("USER_JOINED")
	before := time.Now()
	a.say("hello **all** :wave: <b>x</b>")
	for _, p := range []*peer{a, b} {
		d := p.want("CHAT")
		want := `<p>hello <strong>all</strong> <img src="/img/emoji/wave.png" class="emoji" alt=":wave:" title=":wave:"> &lt;b&gt;x&lt;/b&gt;</p>`
		if d.Body != want || d.User.DisplayName != "Ann" || !*d.Visible || len(d.ID) != 12 ||
			d.Timestamp.Before(before.Add(-time.Second)) || d.keys(t) != "body id timestamp type user visible" {
			t.Errorf("%s", d.raw)
		}
	}
	// Fields that are the server's, raw newlines, and types of other times.
	a.send(`{"type":"CHAT","body":"one` + "\n" + `two","id":"mine","timestamp":"2001-01-01T00:00:00Z","user":{"displayName":"Eve"}}`)
	if d := b.want("CHAT"); d.Body != "<p>one two</p>" || d.ID == "mine" || d.User.DisplayName != "Ann" || d.Timestamp.Year() < 2020 {
		t.Errorf("%s", d.raw)
	}
	a.want("CHAT")
	for _, nothing := range []string{`{"type":"PING"}`, `{"type":"SYSTEM","body":"x"}`, `{"type":"CHAT"}`, `{"type":"CHAT","body":" "}`, `{"body":"x"}`, `nonsense`, `{"type":"CHAT","body":7}`, `[]`, ``} {
		a.send(nothing)
	}
	a.say("![](https://x.example/x.png)") // nothing is left of it
	a.say("last")
	for _, p := range []*peer{a, b} {
		if d := p.want("CHAT"); d.Body != "<p></p>" && d.Body != "<p>last</p>" {
			t.Errorf("%s", d.raw)
		}
	}
}

func TestWhoConnectsIsToldWhoItIs(t *testing.T) {
	r := open(t)
	r.change(func(s *chat.Settings) { s.JoinMessages = false })
	u, token := r.register("Ann <b>B.</b>")
	p := r.connect(token)
	d := p.want("CONNECTED_USER_INFO")
	if d.keys(t) != "id timestamp type user" || d.User.ID != u.ID || d.User.DisplayName != "Ann B." || d.User.DisplayColor != u.Color ||
		d.User.Authenticated || d.User.IsBot || d.User.CreatedAt.IsZero() || !slices.Equal(d.User.PreviousNames, []string{"Ann B."}) || d.User.Scopes != nil {
		t.Errorf("%s", d.raw)
	}
	if len(token) != 44 {
		t.Errorf("a token of %d characters", len(token))
	}
	p.quiet()
}

func TestWhoIsNotLetIn(t *testing.T) {
	r := open(t)
	refused := func(name string, status int, header ...string) {
		t.Helper()
		_, token := r.register("x")
		_, res, err := r.dial(token, header...)
		if err == nil || res == nil || res.StatusCode != status {
			t.Errorf("%s: %v, %v; want %d", name, res, err, status)
		}
	}
	for _, token := range []string{"", "wrong"} {
		p := r.connect(token)
		if d := p.want("ERROR_NEEDS_REGISTRATION"); d.keys(t) != "type" {
			t.Errorf("%s", d.raw)
		}
		if err := p.ended(); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
			t.Errorf("the connection ended with %v", err)
		}
	}
	u, token := r.register("disabled")
	must(t, r.Disable(t.Context(), admin, u.ID, "spam"))
	p := r.connect(token)
	if d := p.want("ERROR_USER_DISABLED"); d.keys(t) != "type" {
		t.Errorf("%s", d.raw)
	}
	p.ended()

	must(t, r.Ban(t.Context(), admin, chat.AddressPrefix(addr("203.0.113.7")), ""))
	refused("a banned address", 403, "X-From", "203.0.113.7")
	must(t, r.Unban(t.Context(), chat.AddressPrefix(addr("203.0.113.7"))))
	ok := r.join("unbanned", "X-From", "203.0.113.7")
	r.change(func(s *chat.Settings) { s.Limits.ClientsPerAddress = 1 })
	refused("one too many of an address", 403, "X-From", "203.0.113.7")
	r.join("another address", "X-From", "203.0.113.8")
	r.change(func(s *chat.Settings) { s.Limits.Clients = 2 })
	refused("one too many", 403)
	_ = ok.ws.CloseNow()
	wait(t, "the place to be free", func() bool { return r.Stats().Clients == 1 })
	r.join("again", "X-From", "203.0.113.7")
	r.change(func(s *chat.Settings) { s.Limits.Clients, s.Disabled = 0, true })
	if _, res, err := r.dial(token); err == nil || res.StatusCode != 403 {
		t.Errorf("the chat is switched off: %v", err)
	}
	if n := r.Stats().Refused; n < 2 {
		t.Errorf("%d refused", n)
	}
}

func TestARequestThatIsNoHandshake(t *testing.T) {
	r := open(t)
	_, token := r.register("x")
	for name, header := range map[string][]string{
		"plain":       {},
		"old version": {"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "8", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
		"no key":      {"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", r.web.URL+"/ws?accessToken="+token, nil)
		must(t, err)
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := r.web.Client().Do(req)
		must(t, err)
		_ = res.Body.Close()
		if want := map[string]int{"plain": 426}[name]; res.StatusCode != want && (want != 0 || res.StatusCode != 400) {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	if n := r.Stats().Clients; n != 0 {
		t.Errorf("%d clients", n)
	}
}

func TestHooksMayRefuse(t *testing.T) {
	var told []string
	r := open(t, func(c *chat.Config) {
		c.Events.BeforeRegister = func(_ context.Context, reg *chat.Registration) error {
			if reg.Name == "evil" {
				return &chat.RejectError{Reason: "not you"}
			}
			reg.Name = strings.ToUpper(reg.Name)
			return nil
		}
		c.Events.BeforeJoin = func(_ context.Context, j chat.Join) error {
			told = append(told, j.User.DisplayName+" "+j.Address.String()+" "+j.UserAgent)
			if j.User.DisplayName == "BAD" {
				return &chat.RejectError{Reason: "not here"}
			}
			return nil
		}
	})
	_, _, err := r.Register(t.Context(), chat.Registration{Name: "evil"})
	if rejected := new(chat.RejectError); !errors.As(err, &rejected) || rejected.Reason != "not you" {
		t.Errorf("Register = %v", err)
	}
	_, token := r.register("bad")
	if _, res, err := r.dial(token, "X-From", "203.0.113.9", "User-Agent", "test"); err == nil || res.StatusCode != 403 {
		t.Errorf("dial = %v", err)
	}
	p := r.join("good")
	if p.user.DisplayName != "GOOD" || !slices.Contains(told, "BAD 203.0.113.9 test") {
		t.Errorf("%q, %q", p.user.DisplayName, told)
	}
}

func TestFramesThatAreTooLong(t *testing.T) {
	r := open(t)
	r.change(func(s *chat.Settings) { s.JoinMessages = false })
	p := r.join("Ann")
	long := func(n int) string { // a frame of n bytes
		const frame = `{"type":"CHAT","body":"%s"}`
		return fmt.Sprintf(frame, strings.Repeat("x", n-len(frame)+2))
	}
	p.send(long(chat.MaxMessage))
	p.want("CHAT")
	p.send(long(chat.MaxMessage + 1))
	p.told("Sorry, that message exceeded the maximum size and can&#39;t be delivered.")
	p.send(long(4096))
	p.told("exceeded the maximum size")
	p.send(long(4097))
	if err := p.ended(); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("the connection ended with %v", err)
	}
}

func TestWhoWritesTooFastHasToWait(t *testing.T) {
	r := open(t)
	r.change(func(s *chat.Settings) { s.SpamProtection, s.JoinMessages = true, false })
	p, other := r.join("Ann"), r.join("Ben")
	p.say("1")
	p.want("CHAT")
	for range 5 {
		p.say("2")
	}
	p.told("You are temporarily blocked from sending chat messages due to perceived flooding.")
	p.send(map[string]any{"type": "COLOR_CHANGE", "newColor": 1})
	p.quiet()
	other.want("CHAT")
	other.until("CHAT_ACTION")
	other.say("3") // for whom nothing has changed
	other.want("CHAT")

	must(t, r.SetModerator(t.Context(), admin, other.user.ID, true))
	if d := other.want("CONNECTED_USER_INFO"); !slices.Equal(d.User.Scopes, []string{"MODERATOR"}) {
		t.Errorf("%s", d.raw)
	}
	for range 5 {
		other.say("4") // who may
		other.want("CHAT")
	}
}

func TestWhoSendsFarTooMuchIsCutOff(t *testing.T) {
	r := open(t)
	r.change(func(s *chat.Settings) { s.SpamProtection, s.Limits.Frames = true, 20 })
	p := r.join("Ann")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for range 10_000 {
		if err := p.ws.Write(ctx, websocket.MessageText, []byte(`{"type":"CHAT","body":"x"}`)); err != nil {
			break
		}
	}
	if err := p.ended(); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("the connection ended with %v", err)
	}
	wait(t, "it to be counted", func() bool { return r.Stats().Floods == 1 })
}

func TestWhoMayNotWriteYet(t *testing.T) {
	r := open(t)
	r.change(func(s *chat.Settings) { s.EstablishedOnly, s.JoinMessages = true, false })
	p := r.join("Ann")
	const wait = "You have not been an established chat participant long enough to take part in chat. Please enjoy the stream and try again later."
	p.say("x")
	p.told(wait)
	p.send(map[string]any{"type": "NAME_CHANGE", "newName": "y"})
	p.told(wait)
	p.send(map[string]any{"type": "COLOR_CHANGE", "newColor": 1})
	p.told(wait)
	_, err := repository.UpdateUser(t.Context(), r.repo.Users, p.user.ID, func(u *repository.User) error {
		u.CreatedAt = time.Now().Add(-16 * time.Minute)
		return nil
	})
	must(t, err)
	p.say("x")
	p.want("CHAT")

	r.change(func(s *chat.Settings) { s.EstablishedOnly, s.RequireAuthentication = false, true })
	p.say("x")
	p.told("Authentication is required to participate in chat.")
	p.send(map[string]any{"type": "COLOR_CHANGE", "newColor": 1})
	p.told("Authentication is required")
	_, err = r.LinkIdentity(t.Context(), p.token, repository.IdentityIndieAuth, "https://ann.example/")
	must(t, err)
	if d := p.want("CONNECTED_USER_INFO"); !d.User.Authenticated || !slices.Equal(d.User.AuthProviders, []string{"indieauth"}) {
		t.Errorf("%s", d.raw)
	}
	p.say("x")
	if d := p.want("CHAT"); !d.User.Authenticated {
		t.Errorf("%s", d.raw)
	}

	r.change(func(s *chat.Settings) { s.EstablishedOnly = true })
	q := r.join("moderator")
	must(t, r.SetModerator(t.Context(), admin, q.user.ID, true))
	q.want("CONNECTED_USER_INFO")
	q.say("x")
	q.want("CHAT")
}

func TestTheRoomClosesAWhileAfterTheBroadcast(t *testing.T) {
	opened := false
	r := open(t, func(c *chat.Config) { c.Channel.Open = func(time.Time) bool { return opened } })
	r.stream.Store(&chat.Stream{})
	p := r.join("Ann") // nobody is told, and nobody is welcomed
	p.say("before the first broadcast")
	p.want("CHAT")
	r.stream.Store(&chat.Stream{EndedAt: time.Now().Add(-4 * time.Minute)})
	p.say("soon after one")
	p.want("CHAT")
	r.stream.Store(&chat.Stream{EndedAt: time.Now().Add(-6 * time.Minute)})
	p.say("too late")
	p.quiet()
	opened = true
	p.say("before the next one")
	p.want("CHAT")
}

func TestNames(t *testing.T) {
	r := open(t)
	r.change(func(s *chat.Settings) { s.JoinMessages = false })
	p, q := r.join("Ann"), r.join("Ben")
	rename := func(name string) { p.send(map[string]string{"type": "NAME_CHANGE", "newName": name}) }
	rename(" <i>Anna</i>\r\n\u202e ")
	for _, x := range []*peer{p, q} {
		d := x.want("NAME_CHANGE")
		if d.OldName != "Ann" || d.User.DisplayName != "Anna" || d.keys(t) != "id oldName timestamp type user" || d.User.NameChangedAt.IsZero() {
			t.Errorf("%s", d.raw)
		}
	}
	if d := p.want("CONNECTED_USER_INFO"); d.User.DisplayName != "Anna" || !slices.Equal(d.User.PreviousNames, []string{"Ann", "Anna"}) {
		t.Errorf("%s", d.raw)
	}
	info := func(name string) {
		t.Helper()
		if d := p.want("CONNECTED_USER_INFO"); d.User.DisplayName != name {
			t.Errorf("%s", d.raw)
		}
	}
	rename("Anna")
	info("Anna")
	for _, empty := range []string{"", "  ", "<b></b>", "\u200b\u202e", "\r\n"} {
		rename(empty)
		p.told("Display name cannot be empty or contain only whitespace.")
		info("Anna")
	}
	for _, name := range []string{"admin", "The ADMIN!", "xSystemx"} {
		rename(name)
		p.told("You cannot change your name to <strong>" + name + "</strong>.")
		info("Anna")
	}
	rename("**admin** [x](https://x.y)")
	p.told(`<strong>**admin** [x](https://x.y)</strong>`)
	info("Anna")

	_, err := r.LinkIdentity(t.Context(), q.token, repository.IdentityFediverse, "ben@x.example")
	must(t, err)
	q.want("CONNECTED_USER_INFO")
	rename("ben")
	p.told("The name <strong>ben</strong> has already been registered. If this is your name, please authenticate.")
	info("Anna")
	_, err = r.SaveBot(t.Context(), chat.Bot{ID: "bot", Name: "Robot"})
	must(t, err)
	rename("Robot")
	p.told("has already been registered")
	info("Anna")
	r.register("Carl")
	rename("Carl") // who is nobody in particular
	p.want("NAME_CHANGE")
	info("Carl")
	rename(strings.Repeat("é", 40))
	p.want("NAME_CHANGE")
	info(strings.Repeat("é", 30))
	r.change(func(s *chat.Settings) { s.BlockedWords = []string{"damn*"} })
	rename("damned")
	p.told("language that is not allowed")
	p.quiet()
	u, _ := r.register("Ben") // is somebody's
	if u.DisplayName == "Ben" || !strings.HasPrefix(u.DisplayName, "Ben") || len(u.DisplayName) != 7 {
		t.Errorf("registered as %q", u.DisplayName)
	}
	for _, wish := range []string{"", "admin", "damn", "<i></i>"} {
		u, _ := r.register(wish)
		if a, b, ok := strings.Cut(u.DisplayName, "-"); !ok || a == "" || b == "" {
			t.Errorf("%q is registered as %q", wish, u.DisplayName)
		}
	}
	var names []string
	for i := range 10 {
		names = append(names, fmt.Sprint("Guest ", i))
	}
	r.change(func(s *chat.Settings) { s.SuggestedNames = names })
	if u, _ := r.register(""); !slices.Contains(names, u.DisplayName) {
		t.Errorf("a suggested name is %q", u.DisplayName)
	}
	r.change(func(s *chat.Settings) { s.SuggestedNames = names[1:] })
	if u, _ := r.register(""); slices.Contains(names, u.DisplayName) {
		t.Errorf("of too few names it is %q", u.DisplayName)
	}
}

func TestColors(t *testing.T) {
	r := open(t)
	r.change(func(s *chat.Settings) { s.JoinMessages = false })
	p, q := r.join("Ann"), r.join("Ben")
	color := func(n any) { p.send(map[string]any{"type": "COLOR_CHANGE", "newColor": n}) }
	for _, n := range []int{0, 7, 3} {
		color(n)
		if d := p.want("CONNECTED_USER_INFO"); d.User.DisplayColor != n {
			t.Errorf("%s", d.raw)
		}
	}
	for _, n := range []any{8, -1} {
		color(n)
		if d := p.want("CONNECTED_USER_INFO"); d.User.DisplayColor != 3 {
			t.Errorf("%s", d.raw)
		}
	}
	color("1")
	p.send(`{"type":"COLOR_CHANGE"}`)
	p.quiet()
	q.marked()
}

func TestAMessageDoesNotFillTheRoom(t *testing.T) {
	r := open(t)
	r.change(func(s *chat.Settings) { s.JoinMessages = false })
	p := r.join("Ann")
	p.say("a\n\nb" + strings.Repeat("\n\nx", 380))
	if d := p.want("CHAT"); strings.Count(d.Body, "<p>") != 25 || strings.Count(d.Body, "x") != 380 {
		t.Errorf("%d paragraphs: %.300s", strings.Count(d.Body, "<p>"), d.Body)
	}
	p.say("```\n" + strings.Repeat("x\r\n", 380))
	if d := p.want("CHAT"); strings.Count(d.Body, "\n") > 50 {
		t.Errorf("%d lines: %.300s", strings.Count(d.Body, "\n"), d.Body)
	}
	p.say(strings.Repeat("x\n", 49) + "last")
	if d := p.want("CHAT"); strings.Count(d.Body, "\n")+strings.Count(d.Body, "<br") < 49 {
		t.Errorf("%.300s", d.Body)
	}
}
