package chat_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/repository"
)

// silent is a room that does not tell who comes and goes.
func silent(t testing.TB, change ...func(*chat.Config)) *room {
	t.Helper()
	r := open(t, change...)
	r.change(func(s *chat.Settings) { s.JoinMessages = false })
	return r
}

// history returns the bodies of the history.
func (r *room) history() []string {
	r.t.Helper()
	var bodies []string
	for _, d := range r.recent() {
		bodies = append(bodies, d.Body)
	}
	return bodies
}

func (r *room) recent() []doc {
	r.t.Helper()
	raw, err := r.Recent(r.t.Context())
	must(r.t, err)
	var docs []doc
	must(r.t, json.Unmarshal(raw, &docs))
	return docs
}

func TestMessagesAreHiddenAndShown(t *testing.T) {
	r := silent(t)
	p, q := r.join("Ann"), r.join("Ben")
	p.say("one")
	id := p.want("CHAT").ID
	q.want("CHAT")
	must(t, r.SetVisible(t.Context(), admin, false, id, "unknown"))
	for _, x := range []*peer{p, q} {
		d := x.want("VISIBILITY-UPDATE")
		if d.keys(t) != "id ids timestamp type visible" || !slices.Equal(d.IDs, []string{id, "unknown"}) || *d.Visible {
			t.Errorf("%s", d.raw)
		}
	}
	if h := r.history(); len(h) != 0 {
		t.Errorf("history: %q", h)
	}
	ms, err := r.Messages(t.Context(), "")
	if err != nil || len(ms) != 1 || ms[0].HiddenAt.IsZero() || ms[0].ID != id {
		t.Errorf("Messages = %+v, %v", ms, err)
	}
	must(t, r.SetVisible(t.Context(), admin, true, id))
	if d := p.want("VISIBILITY-UPDATE"); !*d.Visible {
		t.Errorf("%s", d.raw)
	}
	if h := r.history(); !slices.Equal(h, []string{"<p>one</p>"}) {
		t.Errorf("history: %q", h)
	}
	fails(t, "SetVisible of none", r.SetVisible(t.Context(), admin, false), chat.ErrTooLong)
	fails(t, "SetVisible of many", r.SetVisible(t.Context(), admin, false, make([]string, 1001)...), chat.ErrTooLong)
}

func TestWhoIsDisabledIsGone(t *testing.T) {
	var events []string
	done := make(chan struct{}, 10)
	r := silent(t, func(c *chat.Config) {
		c.Events.UserDisabled = told(&events, done, func(e chat.UserDisabled) string { return "disabled " + e.User.DisplayName + " by " + e.By.Name })
		c.Events.VisibilityChanged = told(&events, done, func(e chat.VisibilityChanged) string { return "hidden by " + e.By.Name })
		c.Events.UserEnabled = told(&events, done, func(e chat.UserEnabled) string { return "enabled " + e.User.DisplayName })
	})
	bad, good := r.join("**Bad**", "X-From", "203.0.113.5"), r.join("Good", "X-From", "10.0.0.1")
	local := r.join("Local", "X-From", "127.0.0.1")
	bad.say("spam")
	id := good.want("CHAT").ID
	local.want("CHAT")
	bad.want("CHAT")
	must(t, r.Disable(t.Context(), admin, bad.user.ID, "spam"))
	for _, p := range []*peer{good, bad, local} {
		if d := p.want("VISIBILITY-UPDATE"); !slices.Equal(d.IDs, []string{id}) || *d.Visible {
			t.Errorf("%s", d.raw)
		}
		if p == bad {
			if d := p.want("ERROR_USER_DISABLED"); d.keys(t) != "id timestamp type user" || !strings.Contains(d.raw, `"user":null`) {
				t.Errorf("%s", d.raw)
			}
		}
		p.told("<strong>**Bad**</strong> has been removed from chat.")
	}
	bad.say("more spam")
	bad.send(map[string]string{"type": "NAME_CHANGE", "newName": "Worse"})
	good.quiet()
	if err := bad.ended(); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("the connection ended with %v", err)
	}
	if h := r.history(); len(h) != 0 {
		t.Errorf("history: %q", h)
	}
	bans, err := r.Bans(t.Context())
	if err != nil || len(bans) != 1 || bans[0].Prefix.String() != "203.0.113.5/32" || bans[0].Note != "Banning of **Bad**" || bans[0].By != "admin" {
		t.Errorf("bans: %+v, %v", bans, err)
	}
	u, err := r.Authenticate(t.Context(), bad.token)
	if err != nil || !u.Disabled() || u.DisabledReason != "spam" {
		t.Errorf("%+v, %v", u, err)
	}
	must(t, r.Disable(t.Context(), admin, good.user.ID, "")) // of a private network
	must(t, r.Disable(t.Context(), admin, local.user.ID, ""))
	if bans, _ := r.Bans(t.Context()); len(bans) != 1 {
		t.Errorf("bans: %+v", bans)
	}
	fails(t, "Disable of nobody", r.Disable(t.Context(), admin, "nobody", ""), repository.ErrNotFound)

	must(t, r.Enable(t.Context(), admin, bad.user.ID))
	must(t, r.Unban(t.Context(), bans[0].Prefix))
	again := r.connect(bad.token)
	again.want("CONNECTED_USER_INFO")
	if h := r.history(); len(h) != 0 {
		t.Errorf("enabling shows what was hidden: %q", h)
	}
	for range 5 {
		<-done
	}
	if want := []string{"hidden by admin", "disabled **Bad** by admin", "disabled Good by admin", "disabled Local by admin", "enabled **Bad**"}; !slices.Equal(events, want) {
		t.Errorf("events: %q", events)
	}
}

func TestAnAddressIsBannedWithItsNetwork(t *testing.T) {
	r := silent(t)
	p := r.join("six", "X-From", "2001:db8:1:2::1")
	must(t, r.Disable(t.Context(), admin, p.user.ID, ""))
	for from, banned := range map[string]bool{"2001:db8:1:2::1": true, "2001:db8:1:2:3::4": true, "2001:db8:1:3::1": false} {
		if err := r.CheckAddress(t.Context(), addr(from)); (err != nil) != banned {
			t.Errorf("%s: %v", from, err)
		}
	}
	q, far := r.join("four", "X-From", "198.51.100.9"), r.join("far", "X-From", "198.51.101.9")
	must(t, r.Ban(t.Context(), admin, prefix("198.51.100.0/24"), "a network"))
	q.want("ERROR_USER_DISABLED")
	q.ended()
	far.quiet()
	fails(t, "Ban again", r.Ban(t.Context(), admin, prefix("198.51.100.0/24"), ""), repository.ErrConflict)
	fails(t, "Unban", r.Unban(t.Context(), prefix("192.0.2.0/24")), repository.ErrNotFound)
	_, _, err := r.Register(t.Context(), chat.Registration{Address: addr("198.51.100.77")})
	fails(t, "Register", err, chat.ErrBanned)
}

func TestAnIdentityIsBanned(t *testing.T) {
	r := silent(t)
	p := r.join("Ann")
	u, err := r.BanIdentity(t.Context(), admin, repository.IdentityIndieAuth, "https://evil.example/", "known")
	if err != nil || !u.Disabled() {
		t.Fatalf("%+v, %v", u, err)
	}
	_, err = r.LinkIdentity(t.Context(), p.token, repository.IdentityIndieAuth, "https://evil.example/")
	fails(t, "LinkIdentity", err, chat.ErrUserDisabled)
	_, err = r.LinkIdentity(t.Context(), p.token, repository.IdentityIndieAuth, "https://ann.example/")
	must(t, err)
	p.want("CONNECTED_USER_INFO")
	_, err = r.BanIdentity(t.Context(), admin, repository.IdentityIndieAuth, "https://ann.example/", "")
	must(t, err)
	p.want("ERROR_USER_DISABLED")
}

func TestModeratorsActOnWhoIsBelowThem(t *testing.T) {
	r := silent(t)
	boss, mod, mod2, user := r.join("boss"), r.join("mod"), r.join("mod2"), r.join("user")
	_, err := repository.UpdateUser(t.Context(), r.repo.Users, boss.user.ID, func(u *repository.User) error {
		u.Role = repository.RoleAdmin
		return nil
	})
	must(t, err)
	for _, m := range []*peer{mod, mod2} {
		must(t, r.SetModerator(t.Context(), admin, m.user.ID, true))
		if d := m.want("CONNECTED_USER_INFO"); !slices.Equal(d.User.Scopes, []string{"MODERATOR"}) {
			t.Errorf("%s", d.raw)
		}
	}
	ids := map[*peer]string{}
	for _, p := range []*peer{boss, mod, mod2, user} {
		p.say("x")
		ids[p] = user.until("CHAT").ID
	}
	by := chat.Actor{ID: mod.user.ID, Name: "mod", Role: repository.RoleModerator}
	ctx := t.Context()
	for _, above := range []*peer{boss, mod2} {
		id := above.user.ID
		fails(t, "Disable", r.Disable(ctx, by, id, ""), chat.ErrHierarchy)
		fails(t, "Enable", r.Enable(ctx, by, id), chat.ErrHierarchy)
		fails(t, "TimeOut", r.TimeOut(ctx, by, id, time.Minute, ""), chat.ErrHierarchy)
		fails(t, "Delete", r.Delete(ctx, by, id), chat.ErrHierarchy)
		fails(t, "SetVisible", r.SetVisible(ctx, by, false, ids[above]), chat.ErrHierarchy)
		fails(t, "SetVisible with another", r.SetVisible(ctx, by, false, ids[user], ids[above]), chat.ErrHierarchy)
	}
	fails(t, "SetModerator", r.SetModerator(ctx, by, user.user.ID, true), chat.ErrHierarchy)
	fails(t, "SetModerator of an administrator", r.SetModerator(ctx, admin, boss.user.ID, false), chat.ErrHierarchy)
	must(t, r.SetVisible(ctx, by, false, ids[user], ids[mod]))
	must(t, r.TimeOut(ctx, by, user.user.ID, time.Minute, ""))
	must(t, r.Disable(ctx, by, user.user.ID, ""))
	must(t, r.Disable(ctx, admin, boss.user.ID, "")) // by who has the password
	must(t, r.SetModerator(ctx, admin, mod2.user.ID, false))
	if d := mod2.until("CONNECTED_USER_INFO"); d.User.Scopes != nil {
		t.Errorf("%s", d.raw)
	}
}

func TestATimeOutEnds(t *testing.T) {
	r := silent(t)
	p, q := r.join("Ann"), r.join("Ben")
	fails(t, "TimeOut for ever", r.TimeOut(t.Context(), admin, p.user.ID, chat.MaxTimeOut+1, ""), chat.ErrTooLong)
	fails(t, "TimeOut of nobody", r.TimeOut(t.Context(), admin, "nobody", 1, ""), repository.ErrNotFound)
	must(t, r.TimeOut(t.Context(), admin, p.user.ID, time.Hour, "no *links*"))
	p.told("You have been timed out and can write again in 3600 seconds. no *links*")
	p.say("x")
	p.told("You have been timed out")
	second := r.connect(p.token) // it is the user's
	second.want("CONNECTED_USER_INFO")
	second.say("x")
	second.told("You have been timed out")
	q.quiet()
	p.marked()
	second.marked()
	must(t, r.TimeOut(t.Context(), admin, p.user.ID, 0, ""))
	p.told("You can write again.")
	p.say("x")
	p.want("CHAT")
	q.want("CHAT")
}

func TestADeletedUserLeavesNothing(t *testing.T) {
	r := silent(t)
	p, q := r.join("Ann"), r.join("Ben")
	p.say("one")
	id := q.want("CHAT").ID
	p.want("CHAT")
	must(t, r.Delete(t.Context(), admin, p.user.ID))
	for _, x := range []*peer{q, p} {
		if d := x.want("VISIBILITY-UPDATE"); !slices.Equal(d.IDs, []string{id}) {
			t.Errorf("%s", d.raw)
		}
	}
	p.want("ERROR_USER_DISABLED")
	p.say("two")
	q.quiet()
	p.ended()
	if _, err := r.Authenticate(t.Context(), p.token); err == nil {
		t.Error("the token is good")
	}
	if n, err := r.repo.Chat.CountMessages(t.Context()); n != 0 || err != nil {
		t.Errorf("%d messages, %v", n, err)
	}
	fails(t, "Delete again", r.Delete(t.Context(), admin, p.user.ID), repository.ErrNotFound)
}

func TestWhoProvesToBeAnotherIsThatOne(t *testing.T) {
	r := silent(t)
	owner, anonymous, other := r.join("Ann"), r.join("Guest"), r.join("Other")
	link := func(p *peer) repository.User {
		t.Helper()
		u, err := r.LinkIdentity(t.Context(), p.token, repository.IdentityFediverse, "ann@x.example")
		must(t, err)
		return u
	}
	if u := link(owner); u.ID != owner.user.ID || !u.Authenticated() {
		t.Errorf("%+v", u)
	}
	if d := owner.want("CONNECTED_USER_INFO"); !d.User.Authenticated {
		t.Errorf("%s", d.raw)
	}
	link(owner) // again
	anonymous.say("before")
	anonymous.want("CHAT")
	if u := link(anonymous); u.ID != owner.user.ID {
		t.Errorf("%+v", u)
	}
	if d := anonymous.want("CONNECTED_USER_INFO"); d.User.ID != owner.user.ID {
		t.Errorf("%s", d.raw)
	}
	anonymous.told("<strong>Guest</strong> is now authenticated as <strong>Ann</strong>")
	anonymous.say("after")
	if d := anonymous.want("CHAT"); d.User.ID != owner.user.ID {
		t.Errorf("%s", d.raw)
	}
	if d := r.recent(); len(d) != 2 || d[0].User.ID == owner.user.ID || d[1].User.ID != owner.user.ID {
		t.Errorf("history: %+v", d)
	}
	u, err := r.Authenticate(t.Context(), anonymous.token)
	if err != nil || u.ID != owner.user.ID {
		t.Errorf("%+v, %v", u, err)
	}
	if got := len(r.ClientsOf(owner.user.ID)); got != 2 {
		t.Errorf("%d clients", got)
	}
	if got := r.ClientsOf(anonymous.user.ID); got != nil {
		t.Errorf("left behind: %+v", got)
	}
	_, err = r.LinkIdentity(t.Context(), "wrong", "x", "y")
	fails(t, "LinkIdentity", err, chat.ErrUnknownUser)
	must(t, r.Disable(t.Context(), admin, other.user.ID, ""))
	_, err = r.LinkIdentity(t.Context(), other.token, "x", "y")
	fails(t, "LinkIdentity of a disabled user", err, chat.ErrUserDisabled)
}
