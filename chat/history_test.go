package chat_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/bolt"
)

func TestTheHistoryHasTheLastMessages(t *testing.T) {
	r := silent(t)
	if raw, err := r.Recent(t.Context()); err != nil || string(raw) != "[]" {
		t.Errorf("Recent = %s, %v", raw, err)
	}
	p := r.join("Ann")
	for i := range 60 {
		p.say(fmt.Sprint(i))
		p.want("CHAT")
	}
	must(t, r.System(t.Context(), "of the server"))
	must(t, r.Action(t.Context(), "something"))
	docs := r.recent()
	if len(docs) != 50 || docs[0].Body != "<p>10</p>" || docs[49].Body != "<p>59</p>" {
		t.Errorf("%d messages, from %q to %q", len(docs), docs[0].Body, docs[len(docs)-1].Body)
	}
	r.change(func(s *chat.Settings) { s.HistorySize = 3 })
	if h := r.history(); !slices.Equal(h, []string{"<p>57</p>", "<p>58</p>", "<p>59</p>"}) {
		t.Errorf("%q", h)
	}
	p.send(map[string]string{"type": "NAME_CHANGE", "newName": "Anna"})
	p.until("NAME_CHANGE")
	if d := r.recent(); d[0].User.DisplayName != "Anna" {
		t.Errorf("%+v", d)
	}
	_, err := r.SaveBot(t.Context(), chat.Bot{ID: "b", Name: "Bot"})
	must(t, err)
	_, err = r.SendAs(t.Context(), "b", "beep")
	must(t, err)
	if d := r.recent(); d[2].Body != "<p>beep</p>" || !d[2].User.IsBot {
		t.Errorf("%+v", d)
	}
	must(t, r.RetireBot(t.Context(), "b"))
	if h := r.history(); !slices.Equal(h, []string{"<p>57</p>", "<p>58</p>", "<p>59</p>"}) {
		t.Errorf("%q", h)
	}
	_, err = r.SendAs(t.Context(), "b", "beep")
	fails(t, "SendAs of a retired one", err, chat.ErrUserDisabled)
	// What somebody else has put into the store is not believed.
	must(t, r.repo.Chat.AppendMessages(t.Context(), repository.Message{
		ID: "evil", Kind: "CHAT", UserID: p.user.ID, Body: `<p onclick="x()">a<script>x()</script></p>`, SentAt: time.Now(),
	}))
	p.say("last")
	p.until("CHAT")
	if h := r.history(); !slices.Contains(h, "<p>a</p>") {
		t.Errorf("%q", h)
	}
}

// slowStore is a store whose appends wait for a permission.
type slowStore struct {
	chat.Store
	mu     sync.Mutex
	groups [][]string
	fail   error
	permit chan struct{}
}

func (s *slowStore) AppendMessages(ctx context.Context, ms ...repository.Message) error {
	select {
	case <-s.permit:
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	var group []string
	for _, m := range ms {
		group = append(group, m.Body)
	}
	s.groups = append(s.groups, group)
	return s.Store.AppendMessages(ctx, ms...)
}

func TestMessagesAreStoredInGroups(t *testing.T) {
	slow := &slowStore{permit: make(chan struct{})}
	r := silent(t, func(c *chat.Config) {
		slow.Store = c.Stores.Messages
		c.Stores.Messages = slow
	})
	p := r.join("Ann")
	var want []string
	for i := range 20 {
		p.say(fmt.Sprint(i))
		p.want("CHAT")
		want = append(want, fmt.Sprintf("<p>%d</p>", i))
	}
	if h := r.history(); !slices.Equal(h, want) { // none is stored
		t.Errorf("%q", h)
	}
	hidden := make(chan error, 1)
	id := r.recent()[3].ID
	go func() { hidden <- r.SetVisible(t.Context(), admin, false, id) }()
	close(slow.permit)
	must(t, <-hidden)
	wait(t, "all to be stored", func() bool {
		n, err := r.repo.Chat.CountMessages(t.Context())
		return err == nil && n == 20
	})
	slow.mu.Lock()
	defer slow.mu.Unlock()
	if !slices.Equal(slices.Concat(slow.groups...), want) || len(slow.groups) > 3 {
		t.Errorf("stored as %q", slow.groups)
	}
	if h := r.history(); !slices.Equal(h, slices.Delete(slices.Clone(want), 3, 4)) {
		t.Errorf("%q", h)
	}
}

func TestTheRoomGoesOnWithoutItsStore(t *testing.T) {
	slow := &slowStore{permit: make(chan struct{}), fail: errors.New("no space left")}
	close(slow.permit)
	timeless(t, func(t *testing.T, r *room) {
		p := r.join("Ann")
		p.want("USER_JOINED")
		p.say("1")
		p.want("CHAT")
		time.Sleep(2 * time.Second)
		if st := r.Stats(); st.StoreErr == nil || st.Lost != 0 {
			t.Errorf("%+v", st)
		}
		slow.mu.Lock()
		slow.fail = nil
		slow.mu.Unlock()
		time.Sleep(2 * time.Second)
		if st := r.Stats(); st.StoreErr != nil || st.Lost != 0 {
			t.Errorf("%+v", st)
		}
		if n, err := r.repo.Chat.CountMessages(t.Context()); n != 1 || err != nil {
			t.Errorf("%d stored, %v", n, err)
		}
		slow.mu.Lock()
		slow.fail = errors.New("no space left")
		slow.mu.Unlock()
		p.say("2")
		p.want("CHAT")
		time.Sleep(time.Minute)
		if st := r.Stats(); st.StoreErr == nil || st.Lost != 1 {
			t.Errorf("%+v", st)
		}
	}, func(c *chat.Config) {
		slow.Store = c.Stores.Messages
		c.Stores.Messages = slow
	})
}

func TestOldMessagesGo(t *testing.T) {
	timeless(t, func(t *testing.T, r *room) {
		p := r.join("Ann")
		p.want("USER_JOINED")
		p.say("1")
		p.want("CHAT")
		time.Sleep(time.Hour + time.Minute)
		p.say("2")
		p.want("CHAT")
		time.Sleep(time.Hour + 5*time.Minute)
		if h := r.history(); !slices.Equal(h, []string{"<p>2</p>"}) {
			t.Errorf("%q", h)
		}
		r.change(func(s *chat.Settings) { s.RetentionHours = 0 })
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if h := r.history(); !slices.Equal(h, []string{"<p>2</p>"}) {
			t.Errorf("%q", h)
		}
		samples, err := r.ClientsOverTime(t.Context(), time.Time{})
		if err != nil || len(samples) < 700 || samples[0].Value != 1 {
			t.Errorf("%d samples, %v", len(samples), err)
		}
	})
}

func TestARestartKeepsWhatThereIs(t *testing.T) {
	db, err := bolt.Open(filepath.Join(t.TempDir(), "x.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	use := func(c *chat.Config) {
		repo := db.Repository()
		c.Stores = chat.Stores{Messages: repo.Chat, Users: repo.Users, Credentials: repo.Credentials, Bans: repo.Bans}
	}
	r := silent(t, use)
	p, bad := r.join("Ann"), r.join("Bad", "X-From", "203.0.113.5")
	must(t, r.SetModerator(t.Context(), admin, p.user.ID, true))
	p.want("CONNECTED_USER_INFO")
	for i := range 5 {
		p.say(fmt.Sprint(i))
		p.want("CHAT")
	}
	r.change(func(s *chat.Settings) { s.HoldFirst = true })
	q := r.join("New")
	q.say("wait for me")
	q.want("CHAT_ACTION")
	must(t, r.Disable(t.Context(), admin, bad.user.ID, "spam"))
	before := r.recent()
	must(t, r.Shutdown(t.Context()))
	if err := p.ended(); err == nil {
		t.Error("the connection goes on")
	}
	fails(t, "System", r.System(t.Context(), "x"), chat.ErrClosed)
	fails(t, "Admit", r.Admit(t.Context(), addr("192.0.2.1")), chat.ErrClosed)

	again := silent(t, use)
	after := again.recent()
	if len(before) != 5 || len(after) != 5 || before[4].raw != after[4].raw || after[4].ID != before[4].ID {
		t.Errorf("history: %d before, %d after", len(before), len(after))
	}
	back := again.connect(p.token)
	if d := back.want("CONNECTED_USER_INFO"); d.User.ID != p.user.ID || !slices.Equal(d.User.Scopes, []string{"MODERATOR"}) {
		t.Errorf("%s", d.raw)
	}
	again.connect(bad.token).want("ERROR_USER_DISABLED")
	fails(t, "CheckAddress", again.CheckAddress(t.Context(), addr("203.0.113.5")), chat.ErrBanned)
	held, err := again.Held(t.Context())
	if err != nil || len(held) != 1 || held[0].Body != "wait for me" || held[0].User.DisplayName != "New" {
		t.Errorf("Held = %+v, %v", held, err)
	}
}
