package chat_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/repository"
)

func TestWhatTheServerSays(t *testing.T) {
	r := silent(t)
	p, q := r.join("Ann"), r.join("Ben")
	ctx := t.Context()
	must(t, r.System(ctx, "hello **all** <script>x()</script>"))
	if d := p.want("SYSTEM"); d.Body != "<p>hello <strong>all</strong> &lt;script&gt;x()&lt;/script&gt;</p>" || d.User.DisplayName != "The server" || d.keys(t) != "body id timestamp type user" {
		t.Errorf("%s", d.raw)
	}
	q.want("SYSTEM")
	must(t, r.Action(ctx, "*something*"))
	if d := p.want("CHAT_ACTION"); d.Body != "<p><em>something</em></p>" || d.keys(t) != "body id timestamp type" {
		t.Errorf("%s", d.raw)
	}
	q.want("CHAT_ACTION")
	must(t, r.Tell(ctx, r.ClientsOf(q.user.ID)[0].ID, "for you"))
	must(t, r.Tell(ctx, 12345, "for nobody"))
	if d := q.want("SYSTEM"); d.Body != "<p>for you</p>" {
		t.Errorf("%s", d.raw)
	}
	p.quiet()
	q.marked()
	for name, f := range map[string]func(string) error{
		"System": func(s string) error { return r.System(ctx, s) },
		"Action": func(s string) error { return r.Action(ctx, s) },
		"Tell":   func(s string) error { return r.Tell(ctx, 1, s) },
		"SendAs": func(s string) error { _, err := r.SendAs(ctx, p.user.ID, s); return err },
	} {
		fails(t, name+" of nothing", f(" \n"), chat.ErrEmpty)
		fails(t, name+" of much", f(strings.Repeat("x", chat.MaxBodyBytes+1)), chat.ErrTooLong)
	}
	p.quiet()
	q.marked()
	ms, err := r.repo.Chat.Messages(ctx, repository.MessageQuery{})
	if err != nil || len(ms) != 2 || ms[0].Kind != "CHAT_ACTION" || ms[1].Kind != "SYSTEM" || ms[1].UserID != "" {
		t.Errorf("kept: %+v, %v", ms, err)
	}
}

func TestProgramsSpeak(t *testing.T) {
	r := silent(t)
	p := r.join("Ann")
	bot := chat.Bot{ID: "t1", Name: "Robot", Color: 5, Scopes: []string{"CAN_SEND_MESSAGES"}}
	u, err := r.SaveBot(t.Context(), bot)
	if err != nil || !u.Bot || u.ID != "t1" {
		t.Fatalf("%+v, %v", u, err)
	}
	m, err := r.SendAs(t.Context(), "t1", "beep `boop`")
	must(t, err)
	d := p.want("CHAT")
	if d.ID != m.ID || d.Body != "<p>beep <code>boop</code></p>" || !d.User.IsBot || d.User.DisplayColor != 5 || !slices.Equal(d.User.Scopes, bot.Scopes) {
		t.Errorf("%s", d.raw)
	}
	bot.Name = "Roboto"
	u, err = r.SaveBot(t.Context(), bot)
	if err != nil || u.DisplayName != "Roboto" || !slices.Equal(u.PreviousNames, []string{"Robot", "Roboto"}) {
		t.Errorf("%+v, %v", u, err)
	}
	_, err = r.SaveBot(t.Context(), chat.Bot{ID: p.user.ID, Name: "x"})
	fails(t, "SaveBot with the id of a person", err, repository.ErrConflict)
	_, err = r.SendAs(t.Context(), "nobody", "x")
	fails(t, "SendAs", err, repository.ErrNotFound)
	must(t, r.RetireBot(t.Context(), "nothing"))
}

func TestEventsOfTheHost(t *testing.T) {
	r := silent(t)
	p, q := r.join("Ann"), r.join("Ben")
	must(t, r.Custom(t.Context(), 0, "example.poll", map[string]any{"question": "a\nb <b>", "n": 2}))
	d := p.want("example.poll")
	if d.keys(t) != "data id timestamp type" || !strings.Contains(string(d.Data), `"n":2`) {
		t.Errorf("%s", d.raw)
	}
	q.want("example.poll")
	must(t, r.Custom(t.Context(), r.ClientsOf(q.user.ID)[0].ID, "example.poll/vote", nil))
	if d := q.want("example.poll/vote"); string(d.Data) != "null" {
		t.Errorf("%s", d.raw)
	}
	p.quiet()
	for _, kind := range []string{"", "CHAT", "poll", "Example.poll", "x.", ".x", "a.b\n", "a b.c", strings.Repeat("x", 40) + ".y"} {
		fails(t, kind, r.Custom(t.Context(), 0, kind, 1), repository.ErrInvalid)
	}
	fails(t, "a channel", r.Custom(t.Context(), 0, "a.b", make(chan int)), repository.ErrInvalid)
	fails(t, "much", r.Custom(t.Context(), 0, "a.b", strings.Repeat("x", chat.MaxCustomBytes)), chat.ErrTooLong)
}

func TestEngagement(t *testing.T) {
	r := silent(t)
	p := r.join("Ann")
	must(t, r.Engage(t.Context(), chat.Engagement{
		Kind: chat.KindFollow, Text: "<b>Eve</b> *just* followed.\n", Account: "eve@x.example", Image: "https://x.example/a.png", Link: "https://x.example/@eve",
	}))
	d := p.want("FEDIVERSE_ENGAGEMENT_FOLLOW")
	if d.Body != "&lt;b&gt;Eve&lt;/b&gt; *just* followed." || d.Title != "eve@x.example" || d.Link != "https://x.example/@eve" || *d.Image != "https://x.example/a.png" ||
		d.User.DisplayName != "The server" || d.keys(t) != "body id image link timestamp title type user" {
		t.Errorf("%s", d.raw)
	}
	must(t, r.Engage(t.Context(), chat.Engagement{Kind: chat.KindLike, Text: "x", Link: "javascript:alert(1)", Image: "data:image/png,x"}))
	if d := p.want("FEDIVERSE_ENGAGEMENT_LIKE"); d.Link != "" || !strings.Contains(d.raw, `"image":null`) {
		t.Errorf("%s", d.raw)
	}
	must(t, r.Engage(t.Context(), chat.Engagement{Kind: chat.KindRepost, Text: "x"}))
	p.want("FEDIVERSE_ENGAGEMENT_REPOST")
	fails(t, "another kind", r.Engage(t.Context(), chat.Engagement{Kind: chat.KindMessage, Text: "x"}), repository.ErrInvalid)
	fails(t, "nothing", r.Engage(t.Context(), chat.Engagement{Kind: chat.KindLike}), chat.ErrEmpty)
	r.change(func(s *chat.Settings) { s.Disabled = true })
	must(t, r.Engage(t.Context(), chat.Engagement{Kind: chat.KindLike, Text: "x"}))
	p.quiet()
	ms, err := r.repo.Chat.Messages(t.Context(), repository.MessageQuery{})
	if err != nil || len(ms) != 3 || ms[2].Subtitle != "eve@x.example" || ms[2].Image == "" || ms[2].Link == "" {
		t.Errorf("%+v, %v", ms, err)
	}
}
