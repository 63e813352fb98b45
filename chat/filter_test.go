package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/repository"
)

// filters makes a room with filters.
func filters(fs ...chat.FilterFunc) func(*chat.Config) {
	return func(c *chat.Config) {
		for _, f := range fs {
			c.Filters = append(c.Filters, f)
		}
	}
}

func TestFiltersDecideInTheirOrder(t *testing.T) {
	var seen atomic.Pointer[chat.Draft]
	r := silent(t, filters(
		func(_ context.Context, d chat.Draft) (chat.Verdict, error) {
			seen.Store(&d)
			switch d.Body {
			case "drop":
				return chat.Drop("not *here*"), nil
			case "silence":
				return chat.Drop(""), nil
			case "hold":
				return chat.Hold("looks odd"), nil
			case "error":
				return chat.Drop("x"), errors.New("broken")
			case "panic":
				panic("broken")
			}
			return chat.Verdict{}, nil
		},
		func(_ context.Context, d chat.Draft) (chat.Verdict, error) {
			return chat.Replace(strings.ReplaceAll(d.Body, "hello", "**goodbye**")), nil
		},
		func(_ context.Context, d chat.Draft) (chat.Verdict, error) {
			if strings.Contains(d.Body, "hello") || d.Body == "drop" {
				t.Errorf("the filter is asked about %q", d.Body)
			}
			return chat.Verdict{}, nil
		},
	))
	p, q := r.join("Ann", "X-From", "203.0.113.1"), r.join("Ben")
	p.say("hello")
	if d := q.want("CHAT"); d.Body != "<p><strong>goodbye</strong></p>" {
		t.Errorf("%s", d.raw)
	}
	p.want("CHAT")
	if d := seen.Load(); d.User.ID != p.user.ID || d.ClientID == 0 || d.Address != addr("203.0.113.1") || d.ID == "" || d.SentAt.IsZero() {
		t.Errorf("%+v", d)
	}
	p.say("drop")
	p.told("<p>not *here*</p>")
	p.say("silence")
	p.quiet()
	q.marked()
	p.say("hold")
	p.told("Your message will be shown when a moderator has approved it.")
	for _, fault := range []string{"error", "panic"} {
		p.say(fault)
		p.want("CHAT") // without the filter
	}
	held, err := r.Held(t.Context())
	if err != nil || len(held) != 1 || held[0].Reason != "looks odd" {
		t.Errorf("%+v, %v", held, err)
	}
	if st := r.Filters(); st[0].Failures != 2 || st[0].Err == nil || st[1].Failures != 0 || st[1].Calls == 0 {
		t.Errorf("%+v", st)
	}
	if st := r.Stats(); st.Dropped != 2 || st.Held != 1 || st.Sent != 3 {
		t.Errorf("%+v", st)
	}
}

func TestAFilterThatHangsStopsNobody(t *testing.T) {
	var release chan struct{} // of the bubble
	var ended atomic.Int32
	timeless(t, func(t *testing.T, r *room) {
		p := r.join("Ann")
		p.want("USER_JOINED")
		q := r.join("Ben")
		p.want("USER_JOINED")
		q.want("USER_JOINED")
		start := time.Now()
		for i := range 20 {
			p.say(fmt.Sprint(i))
			q.say(fmt.Sprint(i))
			p.want("CHAT")
			p.want("CHAT")
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("it took %v", d)
		}
		st := r.Filters()[0]
		if st.Failures < 5 || st.Failures > 6 || !st.Resting {
			t.Errorf("%+v", st)
		}
		time.Sleep(2 * time.Minute)
		if r.Filters()[0].Resting {
			t.Error("it rests for ever")
		}
		p.say("again")
		p.want("CHAT")
		if again := r.Filters()[0]; again.Failures != st.Failures+1 {
			t.Errorf("%+v", again)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		fails(t, "Shutdown with a filter that hangs", r.Shutdown(ctx), context.DeadlineExceeded)
		close(release)
	}, func(*chat.Config) { release = make(chan struct{}) }, filters(func(context.Context, chat.Draft) (chat.Verdict, error) {
		<-release // whatever the context says
		ended.Add(1)
		return chat.Drop("late"), nil
	}))
	if ended.Load() == 0 {
		t.Error("the filter was not asked")
	}
}

func TestHeldMessages(t *testing.T) {
	var events []string
	done := make(chan struct{}, 10)
	r := silent(t, func(c *chat.Config) {
		c.Events.MessageHeld = told(&events, done, func(e chat.MessageHeld) string { return e.Held.User.DisplayName + ": " + e.Held.Body })
	})
	r.change(func(s *chat.Settings) { s.HoldWords, s.HoldLinks, s.HoldFirst = []string{"buy*"}, true, true })
	p, mod := r.join("Ann"), r.join("Mod")
	must(t, r.SetModerator(t.Context(), admin, mod.user.ID, true))
	mod.want("CONNECTED_USER_INFO")
	mod.say("first of a moderator, https://x.example, buying")
	mod.want("CHAT")
	p.want("CHAT")
	by := chat.Actor{ID: mod.user.ID, Name: "Mod", Role: repository.RoleModerator}
	const notice = "Your message will be shown when a moderator has approved it."
	p.say("my first :wave:")
	p.told(notice)
	mod.quiet()
	p.marked()
	if h := r.history(); len(h) != 1 {
		t.Errorf("%q", h)
	}
	held, err := r.Held(t.Context())
	if err != nil || len(held) != 1 {
		t.Fatalf("%+v, %v", held, err)
	}
	must(t, r.Approve(t.Context(), by, held[0].ID))
	d := mod.want("CHAT")
	if d.ID != held[0].ID || !strings.Contains(d.Body, "<img") || d.User.DisplayName != "Ann" {
		t.Errorf("%s", d.raw)
	}
	p.want("CHAT")
	fails(t, "Approve again", r.Approve(t.Context(), by, held[0].ID), repository.ErrNotFound)
	p.say("my second")
	p.want("CHAT")
	for _, body := range []string{"Buy now", "see https://x.example/", "see www.x.example", "x.example.com"} {
		p.say(body)
		p.told(notice)
	}
	held, err = r.Held(t.Context())
	if err != nil || len(held) != 4 || held[0].Body != "Buy now" || held[0].SentAt.After(held[3].SentAt) {
		t.Fatalf("%+v, %v", held, err)
	}
	must(t, r.Reject(t.Context(), by, held[0].ID))
	fails(t, "Reject again", r.Reject(t.Context(), by, held[0].ID), repository.ErrNotFound)
	must(t, r.Disable(t.Context(), by, p.user.ID, ""))
	if held, err := r.Held(t.Context()); err != nil || len(held) != 0 {
		t.Errorf("%+v, %v", held, err)
	}
	if n, err := r.repo.Chat.CountMessages(t.Context()); n != 3 || err != nil {
		t.Errorf("%d messages, %v", n, err)
	}
	for range 5 {
		<-done
	}
	if !slices.Contains(events, "Ann: Buy now") {
		t.Errorf("%q", events)
	}
}

func TestSlowMode(t *testing.T) {
	timeless(t, func(t *testing.T, r *room) {
		r.change(func(s *chat.Settings) { s.SlowMode, s.JoinMessages = 30, false })
		p := r.join("Ann")
		p.say("1")
		p.want("CHAT")
		time.Sleep(10 * time.Second)
		p.say("2")
		p.told("Slow mode is on. You can write again in 20 seconds.")
		_ = p.ws.CloseNow()
		time.Sleep(15 * time.Second) // the user has left
		again := r.connect(p.token)
		again.want("CONNECTED_USER_INFO")
		again.say("3")
		again.told("Slow mode is on.")
		time.Sleep(10 * time.Second)
		again.say("4")
		again.want("CHAT")
		must(t, r.SetModerator(t.Context(), admin, p.user.ID, true))
		again.want("CONNECTED_USER_INFO")
		again.say("5")
		again.want("CHAT")
		time.Sleep(10 * time.Minute)
	})
}

func TestWords(t *testing.T) {
	l := chat.NewWordList("damn", "shoot*", "*ish", "*mid*", "two  words", "Größe", "死ね", "", "*", "crap")
	for text, want := range map[string]bool{
		"":                     false,
		"Damn!":                true,
		"d.a.m.n you":          true,
		"a d a m n x":          false,
		"daaaamn":              true,
		"crap":                 true,
		"craap":                false,
		"DÄMN it":              true,
		"damned":               false,
		"d4mn":                 true,
		"cr@p":                 true,
		"shooting":             true,
		"overshoot":            false,
		"reddish":              true,
		"dishes":               false,
		"a pyramid.":           true,
		"two\nwords":           true,
		"two other words":      false,
		"twowords":             false,
		"die groesse":          false,
		"die GRÖSSE":           true,
		"die grosse":           true,
		"お前死ねよ":                true,
		"ｄａｍｎ":                 true,
		"da\u200bmn":           true,
		"hello everybody":      false,
		"Scunthorpe and Essex": false,
	} {
		if got := l.Find(text); got != want {
			t.Errorf("Find(%q) = %t", text, got)
		}
	}
	if chat.NewWordList().Find("anything") {
		t.Error("an empty list has found something")
	}
	for _, language := range chat.Languages() {
		if len(language) != 2 {
			t.Errorf("language %q", language)
		}
	}
}

func TestBlockedWordsAreRefused(t *testing.T) {
	r := silent(t)
	p := r.join("Ann")
	const notice = "Sorry, that message contained language that is not allowed in this chat."
	refused := func(body string, yes bool) {
		t.Helper()
		p.say(body)
		if yes {
			p.told(notice)
		} else {
			p.want("CHAT")
		}
	}
	refused("what a banana", false)
	r.change(func(s *chat.Settings) { s.BlockedWords = []string{"banana"} })
	refused("what a b4nana", true)
	refused("Arschloch", false)
	r.change(func(s *chat.Settings) { s.BlockedLanguages = []string{"de", "fr"} })
	refused("Arschloch", true)
	refused("quel connard", true)
	refused("what the fuck", false)
	r.change(func(s *chat.Settings) { s.SlurFilter = true })
	refused("what the fuck", true)
	refused("Scunthorpe, push it, as is this hit", false)
	p.send(map[string]string{"type": "NAME_CHANGE", "newName": "banana"})
	p.told(notice)
	must(t, r.SetModerator(t.Context(), admin, p.user.ID, true))
	p.want("CONNECTED_USER_INFO")
	refused("a moderator may say banana", false)
}
