package owncast_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/repository"
)

// chatter is a user of the chat with a connection.
type chatter struct {
	t                            testing.TB
	c                            *channel
	ID, AccessToken, DisplayName string
	ws                           *websocket.Conn
	pending                      []chatEvent
}

// chatEvent is what a client of the chat gets.
type chatEvent struct {
	Type, ID, Body, OldName string
	IDs                     []string
	Visible                 *bool
	User                    struct {
		ID, DisplayName      string
		Scopes               []string
		IsBot, Authenticated bool
	}
	Data json.RawMessage
}

// register makes a user of the chat.
func (c *channel) register(name string, header ...string) *chatter {
	c.t.Helper()
	p := &chatter{t: c.t, c: c}
	code, body := c.ask("POST", "/api/chat/register", "", jsonText(map[string]string{"displayName": name}), header...)
	if err := json.Unmarshal([]byte(body), p); err != nil || code != 200 {
		c.t.Fatalf("register: %d %s", code, body)
	}
	return p
}

// enter registers and connects.
func (c *channel) enter(name string, header ...string) *chatter {
	c.t.Helper()
	p := c.register(name, header...)
	p.connect(header...)
	p.want("CONNECTED_USER_INFO")
	return p
}

// socket opens a WebSocket.
func (c *channel) socket(query string, header ...string) (*websocket.Conn, *http.Response, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return websocket.Dial(ctx, c.web.URL+"/ws?"+query, &websocket.DialOptions{HTTPHeader: h})
}

func (p *chatter) connect(header ...string) {
	p.t.Helper()
	ws, _, err := p.c.socket("accessToken="+p.AccessToken, header...)
	if err != nil {
		p.t.Fatal(err)
	}
	p.ws = ws
	p.t.Cleanup(func() { _ = ws.CloseNow() })
}

// next returns the next event.
func (p *chatter) next() chatEvent {
	p.t.Helper()
	for len(p.pending) == 0 {
		ctx, cancel := context.WithTimeout(p.t.Context(), patience)
		_, data, err := p.ws.Read(ctx)
		cancel()
		if err != nil {
			p.t.Fatalf("nothing more: %v", err)
		}
		for line := range bytes.SplitSeq(data, []byte{'\n'}) {
			var e chatEvent
			if err := json.Unmarshal(line, &e); err != nil {
				p.t.Fatal(err)
			}
			p.pending = append(p.pending, e)
		}
	}
	e := p.pending[0]
	p.pending = p.pending[1:]
	return e
}

// want returns the next event, which must be of the kind.
func (p *chatter) want(kind string) chatEvent {
	p.t.Helper()
	e := p.next()
	if e.Type != kind {
		p.t.Fatalf("got %+v, want a %s", e, kind)
	}
	return e
}

func (p *chatter) send(v any) {
	p.t.Helper()
	if err := p.ws.Write(p.t.Context(), websocket.MessageText, []byte(jsonText(v))); err != nil {
		p.t.Fatal(err)
	}
}

// say sends a message and returns it as it came back.
func (p *chatter) say(body string) chatEvent {
	p.t.Helper()
	p.send(map[string]string{"type": "CHAT", "body": body})
	return p.want("CHAT")
}

// as is the header of a user.
func (p *chatter) as() []string { return []string{"Authorization", "Bearer " + p.AccessToken} }

// calm lets users write as fast as they like.
func calm() owncast.Option {
	return owncast.WithChatLimits(chat.Limits{})
}

func TestAChatThroughTheAPI(t *testing.T) {
	c := run(t, calm(), someUsers())
	if _, body := c.get("/api/config"); !strings.Contains(body, `"chatDisabled":false`) || !strings.Contains(body, `"maxSocketPayloadSize":2048`) {
		t.Errorf("config: %s", body)
	}
	a, b := c.enter("Ann"), c.enter("Ben")
	if len(a.AccessToken) != 44 || a.ID == "" || a.DisplayName != "Ann" {
		t.Errorf("%+v", a)
	}
	m := a.say("hello **Ben**")
	if m.Body != "<p>hello <strong>Ben</strong></p>" || m.User.ID != a.ID {
		t.Errorf("%+v", m)
	}
	b.want("CHAT")
	for _, header := range [][]string{a.as(), nil} {
		query := ""
		if header == nil {
			query = "?accessToken=" + b.AccessToken
		}
		code, h, body := c.exchange("GET", "/api/chat"+query, "", "", header...)
		if code != 200 || !strings.Contains(body, m.ID) || h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(h.Get("Cache-Control"), "no-store") {
			t.Errorf("history: %d %v %s", code, h, body)
		}
	}
	for body, want := range map[string]int{"": 200, `{}`: 200, `{"displayName":3}`: 400, `x`: 400} {
		code, h, answer := c.exchange("POST", "/api/chat/register", "", body)
		if code != want || h.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("register with %q: %d %s", body, code, answer)
		}
	}
	if d := c.register("x", "X-Forwarded-User", "Eve"); d.DisplayName != "x" {
		t.Errorf("a stranger is believed: %+v", d)
	}
	code, h, _ := c.exchange("OPTIONS", "/api/chat/register", "", "")
	if code != 204 || h.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("OPTIONS: %d %v", code, h)
	}
	if code, h, body := c.exchange("GET", "/ws", "", ""); code != 426 || h.Get("Upgrade") != "websocket" || !isError(body) {
		t.Errorf("no handshake: %d %v %s", code, h, body)
	}
	must(t, c.app.Chat().System(t.Context(), "from the *program*"))
	if e := b.want("SYSTEM"); e.Body != "<p>from the <em>program</em></p>" || e.User.DisplayName != "New Owncast Server" {
		t.Errorf("%+v", e)
	}
	_, err := c.app.Settings().UpdateInstance(t.Context(), func(i *owncast.Instance) error {
		i.StreamTitle = "T"
		return nil
	})
	must(t, err)
	if e := b.want("CHAT_ACTION"); e.Body != "<p>Stream title changed to <strong>T</strong></p>" {
		t.Errorf("%+v", e)
	}
}

func TestModerationThroughTheAPI(t *testing.T) {
	c := run(t, calm(), someUsers(), owncast.WithTrustedProxies(netip.MustParsePrefix("127.0.0.0/8")))
	mod, bad := c.enter("Mod"), c.enter("Bad", "X-Forwarded-For", "203.0.113.4", "User-Agent", "test")
	staff := []string{"X-User", "admin"}
	do := func(header []string, path string, body any, want int, text string) string {
		t.Helper()
		method := "POST"
		if body == nil {
			method = "GET"
		}
		sent := ""
		if body != nil {
			sent = jsonText(body)
		}
		code, answer := c.ask(method, path, "", sent, header...)
		if code != want || !strings.Contains(answer, text) {
			t.Errorf("%s %s: %d %s, want %d with %q", method, path, code, answer, want, text)
		}
		return answer
	}
	type m = map[string]any
	do(staff, "/api/admin/chat/users/setmoderator", m{"userId": mod.ID, "isModerator": true}, 200, mod.ID+" is moderator: true")
	if e := mod.want("CONNECTED_USER_INFO"); !slices.Equal(e.User.Scopes, []string{"MODERATOR"}) {
		t.Errorf("%+v", e)
	}
	do(staff, "/api/admin/chat/users/moderators", nil, 200, mod.ID)
	spam := bad.say("spam")
	mod.want("CHAT")
	do(mod.as(), "/api/chat/messagevisibility", m{"idArray": []string{spam.ID}, "visible": false}, 200, "changed")
	if e := mod.want("VISIBILITY-UPDATE"); !slices.Equal(e.IDs, []string{spam.ID}) || *e.Visible {
		t.Errorf("%+v", e)
	}
	do(mod.as(), "/api/chat/messagevisibility", m{"idArray": []string{spam.ID}}, 400, "missing required fields: idArray and visible are required")
	do(staff, "/api/admin/chat/messages", nil, 200, `"hiddenAt":"`)
	if body := do(bad.as(), "/api/chat", nil, 200, "[]"); strings.Contains(body, spam.ID) {
		t.Errorf("history: %s", body)
	}
	do(mod.as(), "/api/moderation/chat/user/"+bad.ID, nil, 200, `"userAgent":"test"`)
	do(staff, "/api/admin/chat/clients", nil, 200, `"ipAddress":"203.0.113.4"`)
	do(mod.as(), "/api/chat/users/timeout", m{"userId": bad.ID, "seconds": 60}, 200, "timed out")
	do(mod.as(), "/api/chat/users/timeout", m{"userId": bad.ID, "seconds": -1}, 400, "seconds")
	do(mod.as(), "/api/chat/users/setenabled", m{"userId": bad.ID}, 400, "must provide userId and enabled state")
	do(mod.as(), "/api/chat/users/setenabled", m{"userId": mod.ID, "enabled": false}, 403, "forbidden") // not below herself
	do(mod.as(), "/api/chat/users/setenabled", m{"userId": "nobody", "enabled": false}, 404, "not found")
	do(mod.as(), "/api/chat/users/setenabled", m{"userId": bad.ID, "enabled": false, "reason": "spam"}, 200, bad.ID+" enabled: false")
	do(bad.as(), "/api/chat", nil, 401, "unauthorized")
	do(staff, "/api/admin/chat/users/disabled", nil, 200, `"disabledReason":"spam"`)
	do(staff, "/api/admin/chat/users/ipbans", nil, 200, `"ipAddress":"203.0.113.4","notes":"Banning of Bad"`)
	if _, res, err := c.socket("accessToken="+mod.AccessToken, "X-Forwarded-For", "203.0.113.4"); err == nil || res.StatusCode != 403 {
		t.Errorf("a banned address: %v", err)
	}
	do(mod.as(), "/api/chat", nil, 200, "")
	do(append(mod.as(), "X-Forwarded-For", "203.0.113.4"), "/api/chat", nil, 401, "unauthorized")
	do(staff, "/api/admin/chat/users/ipbans/remove", m{"value": "203.0.113.4"}, 200, "IP address unbanned")
	do(staff, "/api/admin/chat/users/ipbans/remove", m{"value": "203.0.113.4"}, 400, "error removing IP address ban")
	do(staff, "/api/admin/chat/users/ipbans/create", m{"value": "2001:db8::5"}, 200, "IP address banned")
	do(staff, "/api/admin/chat/users/ipbans/create", m{"value": "2001:db8::5"}, 400, "error saving IP address ban")
	do(staff, "/api/admin/chat/users/ipbans/create", m{"value": "0.0.0.0/0"}, 400, "prefix of at least 8 bits")
	do(staff, "/api/admin/chat/users/ipbans/create", m{"value": "x"}, 400, "must be an IP address")
	do(staff, "/api/admin/chat/users/ipbans", nil, 200, `"2001:db8::/64"`)
	do(staff, "/api/admin/chat/users/identitybans/create", m{"kind": "indieauth", "subject": "https://evil.example/"}, 200, `"disabledAt"`)
	do(staff, "/api/admin/users?status=banned&sort=asc", nil, 200, `"total":2`)
	do(staff, "/api/admin/users?search=mo&limit=1", nil, 200, mod.ID)
	do(staff, "/api/admin/users?status=moderators", nil, 200, `"total":1`)
	for _, query := range []string{"status=x", "sort=up", "limit=0", "offset=-1"} {
		do(staff, "/api/admin/users?"+query, nil, 400, "query parameter")
	}
	do(staff, "/api/admin/users/delete", m{"userId": bad.ID}, 200, "deleted user")
	do(staff, "/api/admin/users/delete", m{"userId": bad.ID}, 400, `"success":false`)
	do(staff, "/api/admin/chat/clientsOverTime?windowStart=0", nil, 200, "[")
	do(staff, "/api/admin/chat/clientsOverTime", nil, 400, "windowStart")

	_, err := c.app.Settings().UpdateChat(t.Context(), func(s *owncast.ChatSettings) error {
		s.HoldFirst = true
		return nil
	})
	must(t, err)
	fresh := c.enter("New")
	fresh.send(map[string]string{"type": "CHAT", "body": "<b>first</b>"})
	fresh.want("CHAT_ACTION")
	var held []struct{ ID, Body string }
	must(t, json.Unmarshal([]byte(do(mod.as(), "/api/moderation/chat/held", nil, 200, "first one")), &held))
	if len(held) != 1 || held[0].Body != "<b>first</b>" {
		t.Fatalf("%+v", held)
	}
	do(mod.as(), "/api/moderation/chat/held/approve", m{"id": held[0].ID}, 200, "approved")
	if e := fresh.want("CHAT"); e.ID != held[0].ID || e.Body != "<p>&lt;b&gt;first&lt;/b&gt;</p>" {
		t.Errorf("%+v", e)
	}
	do(staff, "/api/admin/chat/held/reject", m{"id": held[0].ID}, 404, "not found")
	audit := do(staff, "/api/admin/audit?limit=500", nil, 200, "user "+bad.ID)
	for _, want := range []string{`"action":"POST /api/chat/users/setenabled"`, `"actor":"Mod"`, `"target":"message ` + held[0].ID, "address 2001:db8::/64"} {
		if !strings.Contains(audit, want) {
			t.Errorf("the audit has no %s", want)
		}
	}
	if strings.Contains(audit, mod.AccessToken) {
		t.Error("the audit has a token")
	}
}

func TestProgramsInTheChat(t *testing.T) {
	c := run(t, calm(), someUsers())
	p := c.enter("Ann")
	say, system, all := c.bearer(auth.ScopeSendMessages), c.bearer(auth.ScopeSendSystemMessages), c.bearer(auth.ScopeAdmin)
	do := func(token, method, path, body string, want int, text string) {
		t.Helper()
		code, h, answer := c.exchange(method, "/api/integrations/"+path, "", body, "Authorization", token)
		if code != want || !strings.Contains(answer, text) || h.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %s: %d %s", method, path, code, answer)
		}
	}
	do(say, "POST", "chat/send", `{"body":"I am a *bot*"}`, 200, `"message":"sent"`)
	e := p.want("CHAT")
	if !e.User.IsBot || e.User.DisplayName != "n" || e.Body != "<p>I am a <em>bot</em></p>" {
		t.Errorf("%+v", e)
	}
	do(say, "POST", "chat/send", `{"body":" "}`, 400, "invalid message")
	do(say, "POST", "chat/send", `{}`, 400, "invalid message")
	do(say, "POST", "chat/user", `{}`, 400, "no longer supported. see /api/integrations/chat/send")
	do(system, "POST", "chat/system", `{"body":"<i>x</i>"}`, 200, "sent")
	if e := p.want("SYSTEM"); e.Body != "<p>&lt;i&gt;x&lt;/i&gt;</p>" {
		t.Errorf("%+v", e)
	}
	do(system, "POST", "chat/action", `{"body":"it is *done*"}`, 200, "sent")
	p.want("CHAT_ACTION")
	id := c.app.Chat().Clients()[0].ID
	do(system, "POST", fmt.Sprintf("chat/system/client/%d", id), `{"body":"for you"}`, 200, "sent")
	p.want("SYSTEM")
	do(system, "POST", "chat/system/client/99999", `{"body":"for nobody"}`, 200, "sent")
	do(system, "POST", "chat/system/client/x", `{"body":"x"}`, 400, "must be a number")
	do(system, "POST", "chat/system/client/1", `{}`, 400, "no message body provided")
	do(all, "GET", "chat", "", 200, e.ID)
	do(all, "GET", "clients", "", 200, p.ID)
	do(all, "GET", "moderation/chat/user/"+p.ID, "", 200, `"connectedClients":[{`)
	do(all, "POST", "chat/messagevisibility", `{"idArray":["`+e.ID+`"],"visible":false}`, 200, "changed")
	p.want("VISIBILITY-UPDATE")
	if q := c.register("N"); q.DisplayName == "N" {
		t.Error("the name of a program is given away")
	}
	_, list := c.ask("GET", "/api/admin/accesstokens", "", "", "X-User", "admin")
	var tokens []struct{ ID string }
	must(t, json.Unmarshal([]byte(list), &tokens))
	for _, tok := range tokens {
		c.ask("POST", "/api/admin/accesstokens/delete", "", jsonText(map[string]string{"token": tok.ID}), "X-User", "admin")
	}
	do(say, "POST", "chat/send", `{"body":"x"}`, 401, "unauthorized")
}

func TestSwitchedOffAndFull(t *testing.T) {
	c := run(t, owncast.WithTrustedProxies(netip.MustParsePrefix("127.0.0.0/8")), owncast.WithChatLimits(chat.Limits{Clients: 2, ClientsPerAddress: 1, Registrations: 2}))
	refused := func(p *chatter, want int, text string, header ...string) {
		t.Helper()
		_, res, err := c.socket("accessToken="+p.AccessToken, header...)
		if err == nil || res.StatusCode != want {
			t.Errorf("%v, want %d", err, want)
		}
		code, _, body := c.exchange("GET", "/ws?accessToken="+p.AccessToken, "", "", header...)
		if code != want || !strings.Contains(body, text) {
			t.Errorf("%d %s, want %d with %s", code, body, want, text)
		}
	}
	far := []string{"X-Forwarded-For", "203.0.113.4"}
	p := c.enter("Ann", far...)
	refused(p, 429, "ERROR_MAX_CONNECTIONS_EXCEEDED", far...)
	c.enter("Ben")
	refused(p, 503, "ERROR_MAX_CONNECTIONS_EXCEEDED")
	c.register("Carl", far...)
	code, h, _ := c.exchange("POST", "/api/chat/register", "", "", far...)
	if code != 429 || h.Get("Retry-After") == "" {
		t.Errorf("the third of an address: %d %v", code, h)
	}
	_, err := c.app.Settings().UpdateChat(t.Context(), func(s *owncast.ChatSettings) error {
		s.Limits.Clients = 5
		return nil
	})
	if !errors.Is(err, owncast.ErrReadOnly) {
		t.Errorf("UpdateChat = %v", err)
	}
	_, err = c.app.Settings().UpdateChat(t.Context(), func(s *owncast.ChatSettings) error {
		s.Disabled = true
		return nil
	})
	must(t, err)
	refused(p, 403, "CHAT_DISABLED")
	if code, body := c.ask("POST", "/api/chat/register", "", ""); code != 403 || !strings.Contains(body, "CHAT_DISABLED") {
		t.Errorf("register: %d %s", code, body)
	}
	if _, body := c.get("/api/config"); !strings.Contains(body, `"chatDisabled":true`) {
		t.Errorf("config: %s", body)
	}
}

// site knows users by a header, as a site knows them by a cookie.
type site struct{}

func (site) Authenticate(*http.Request) (owncast.User, error) {
	return owncast.User{}, owncast.ErrUnauthorized
}

func (site) AuthenticateChat(r *http.Request) (owncast.User, error) {
	name := r.Header.Get("X-Site-User")
	if name == "" {
		return owncast.User{}, owncast.ErrUnauthorized
	}
	u := owncast.User{ID: "site:" + name, DisplayName: name}
	if name == "boss" {
		u.Role = repository.RoleModerator
	}
	return u, nil
}

func TestUsersOfTheSiteNeedNoToken(t *testing.T) {
	c := run(t, calm(), owncast.WithAuthenticator(site{}))
	dial := func(name string, header ...string) *chatter {
		t.Helper()
		ws, _, err := c.socket("", append(header, "X-Site-User", name)...)
		must(t, err)
		t.Cleanup(func() { _ = ws.CloseNow() })
		return &chatter{t: t, c: c, ws: ws}
	}
	p := dial("boss", "Origin", c.web.URL)
	e := p.want("CONNECTED_USER_INFO")
	if e.User.DisplayName != "boss" || !e.User.Authenticated || !slices.Equal(e.User.Scopes, []string{"MODERATOR"}) {
		t.Errorf("%+v", e)
	}
	p.say("x")
	p.send(map[string]string{"type": "NAME_CHANGE", "newName": "other"})
	if e := p.want("CHAT_ACTION"); !strings.Contains(e.Body, "account on this site") {
		t.Errorf("%+v", e)
	}
	p.want("CONNECTED_USER_INFO")
	again := dial("boss")
	if e2 := again.want("CONNECTED_USER_INFO"); e2.User.ID != e.User.ID {
		t.Errorf("%+v", e2)
	}
	for _, origin := range []string{"https://evil.example", "null"} {
		if _, res, err := c.socket("", "X-Site-User", "boss", "Origin", origin); err == nil || res.StatusCode != 403 {
			t.Errorf("from %s: %v", origin, err)
		}
		code, body := c.ask("GET", "/api/chat", "", "", "X-Site-User", "boss", "Origin", origin)
		if code != 403 {
			t.Errorf("from %s: %d %s", origin, code, body)
		}
	}
	guest := c.register("Guest")
	set := func(header ...string) int {
		code, _ := c.ask("POST", "/api/chat/users/timeout", "", jsonText(map[string]any{"userId": guest.ID, "seconds": 1}), append(header, "X-Site-User", "boss", "Cookie", "a=b")...)
		return code
	}
	if code := set("Content-Type", asJSON); code != 200 {
		t.Errorf("a moderator of the site: %d", code)
	}
	if code := set("Content-Type", asJSON, "Sec-Fetch-Site", "cross-site"); code != 403 {
		t.Errorf("from another site: %d", code)
	}
	if code := set("Content-Type", "text/plain"); code != 415 {
		t.Errorf("from a form: %d", code)
	}
	guest.connect("Origin", "https://elsewhere.example") // with a token from anywhere, as embeds do
	guest.want("CONNECTED_USER_INFO")
	ws, _, err := c.socket("")
	must(t, err)
	nobody := &chatter{t: t, c: c, ws: ws}
	nobody.want("ERROR_NEEDS_REGISTRATION")
	_ = ws.CloseNow()
}

func TestTheChatOfAGatedChannel(t *testing.T) {
	c := run(t, owncast.WithViewerPassphrase("open"))
	if _, res, err := c.socket("accessToken=x"); err == nil || res.StatusCode != 401 {
		t.Errorf("a stranger: %v", err)
	}
	for _, path := range []string{"/api/chat", "/api/chat/register", "/api/moderation/chat/held"} {
		if code, _ := c.get(path); code != 401 {
			t.Errorf("%s: %d", path, code)
		}
	}
}

func TestHooksOfTheChat(t *testing.T) {
	told, release := make(chan string, 100), make(chan struct{})
	defer close(release)
	c := run(t, calm(), owncast.WithHooks(owncast.Hooks{
		BeforeMessage: func(_ context.Context, d *chat.Draft) error {
			switch d.Body {
			case "link":
				return &chat.RejectError{Reason: "links are for moderators"}
			case "secret":
				return errors.New("not told")
			case "slow":
				<-release // whatever the context says
			}
			d.Body = strings.ReplaceAll(d.Body, "cat", "dog")
			return nil
		},
		BeforeJoin: func(_ context.Context, j chat.Join) error {
			if j.User.DisplayName == "Evil" {
				return &chat.RejectError{Reason: "not you"}
			}
			return nil
		},
		MessageSent: func(_ context.Context, e chat.MessageSent) {
			told <- fmt.Sprint("message ", e.Message.User.DisplayName, " ", e.Raw, " ", e.Message.Body, " ", e.Message.ClientID > 0)
		},
		UserJoined:  func(_ context.Context, e chat.UserJoined) { told <- "joined " + e.User.DisplayName },
		NameChanged: func(_ context.Context, e chat.NameChanged) { told <- "name " + e.OldName + " " + e.User.DisplayName },
	}))
	if _, res, err := c.socket("accessToken=" + c.register("Evil").AccessToken); err == nil || res.StatusCode != 403 {
		t.Errorf("BeforeJoin: %v", err)
	}
	p := c.enter("Ann")
	if e := p.say("a cat"); e.Body != "<p>a dog</p>" {
		t.Errorf("%+v", e)
	}
	p.send(map[string]string{"type": "CHAT", "body": "link"})
	if e := p.want("CHAT_ACTION"); e.Body != "<p>links are for moderators</p>" {
		t.Errorf("%+v", e)
	}
	p.send(map[string]string{"type": "CHAT", "body": "secret"})
	if e := p.say("slow"); e.Body != "<p>slow</p>" { // the hook has had its time
		t.Errorf("%+v", e)
	}
	p.send(map[string]string{"type": "NAME_CHANGE", "newName": "Anna"})
	p.want("NAME_CHANGE")
	for _, want := range []string{"joined Ann", "message Ann a dog <p>a dog</p> true", "message Ann slow <p>slow</p> true", "name Ann Anna"} {
		select {
		case got := <-told:
			if got != want {
				t.Errorf("told %q, want %q", got, want)
			}
		case <-time.After(patience):
			t.Fatalf("not told %q", want)
		}
	}
}

func TestTheChatOfTheHost(t *testing.T) {
	c := run(t, calm())
	ctx, by := t.Context(), owncast.ChatActor{ID: "host", Name: "The host", Role: repository.RoleAdmin}
	room := c.app.Chat()
	u, token, err := room.Register(ctx, "Ann")
	must(t, err)
	p := &chatter{t: t, c: c, ID: u.ID, AccessToken: token}
	p.connect()
	p.want("CONNECTED_USER_INFO")
	m, err := room.SendAs(ctx, chat.Bot{ID: "poll", Name: "Poll"}, "*vote*")
	must(t, err)
	if e := p.want("CHAT"); e.ID != m.ID || !e.User.IsBot {
		t.Errorf("%+v", e)
	}
	must(t, room.Action(ctx, "a"))
	p.want("CHAT_ACTION")
	must(t, room.Announce(ctx, "b"))
	p.want("CHAT_ACTION")
	must(t, room.Tell(ctx, room.Clients()[0].ID, "c"))
	p.want("SYSTEM")
	must(t, room.Custom(ctx, 0, "poll.open", map[string]int{"n": 1}))
	if e := p.want("poll.open"); string(e.Data) != `{"n":1}` {
		t.Errorf("%+v", e)
	}
	_, err = room.LinkIdentity(ctx, token, "indieauth", "https://ann.example/")
	must(t, err)
	p.want("CONNECTED_USER_INFO")
	must(t, room.SetModerator(ctx, by, u.ID, true))
	p.want("CONNECTED_USER_INFO")
	must(t, room.SetModerator(ctx, by, u.ID, false))
	p.want("CONNECTED_USER_INFO")
	must(t, room.SetVisible(ctx, by, false, m.ID))
	p.want("VISIBILITY-UPDATE")
	ms, err := room.Messages(ctx, "")
	if err != nil || len(ms) != 1 || ms[0].HiddenAt.IsZero() {
		t.Errorf("%+v, %v", ms, err)
	}
	must(t, room.TimeOut(ctx, by, u.ID, time.Minute, ""))
	p.want("CHAT_ACTION")
	must(t, room.Disable(ctx, by, u.ID, ""))
	p.want("ERROR_USER_DISABLED")
	must(t, room.Enable(ctx, by, u.ID))
	if err := room.Disable(ctx, owncast.ChatActor{ID: "x"}, u.ID, ""); !errors.Is(err, chat.ErrHierarchy) {
		t.Errorf("Disable = %v", err)
	}
	app, err := owncast.New(discard())
	must(t, err)
	if err := app.Chat().System(ctx, "x"); !errors.Is(err, owncast.ErrNotStarted) {
		t.Errorf("System = %v", err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
