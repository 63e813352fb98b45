// Package chattest checks implementations of [chat.Store].
//
// Call [Run] from a test of the implementation:
//
//	func TestConformance(t *testing.T) {
//		chattest.Run(t, func(t *testing.T) chat.Store {
//			return openMine(t) // empty; closed by t.Cleanup if it needs closing
//		})
//	}
package chattest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/repository/repositorytest"
)

// Run runs the suite, each subtest on a store of its own, which open returns.
// It must be empty and of no use to anybody else. The suite is that of the
// store of messages in package repositorytest, and that a room works with the
// store.
func Run(t *testing.T, open func(*testing.T) chat.Store) {
	t.Helper()
	repositorytest.RunChat(t, func(t *testing.T) repository.Chat { return open(t) })
	t.Run("Room", func(t *testing.T) { testRoom(t, open(t)) })
}

// room opens a room with the store.
func room(t *testing.T, s chat.Store, repo repository.Repository) *chat.Server {
	t.Helper()
	r, err := chat.New(chat.Config{
		Stores:   chat.Stores{Messages: s, Users: repo.Users, Credentials: repo.Credentials, Bans: repo.Bans},
		Settings: func(context.Context) (chat.Settings, error) { return chat.Setting().Default(), nil },
	})
	if err == nil {
		err = r.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// testRoom says more than a page of history, moderates it, and opens the room
// again.
func testRoom(t *testing.T, s chat.Store) {
	repo := memory.New()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	r := room(t, s, repo)
	var ids []string
	for _, name := range []string{"a", "b"} {
		_, err := r.SaveBot(ctx, chat.Bot{ID: name, Name: name})
		must(err)
	}
	for i := range 120 {
		m, err := r.SendAs(ctx, string(rune('a'+i%2)), fmt.Sprint(i))
		must(err)
		ids = append(ids, m.ID)
		must(r.System(ctx, "between"))
	}
	admin := chat.Actor{Role: repository.RoleAdmin}
	must(r.SetVisible(ctx, admin, false, ids[119], ids[117]))
	must(r.Disable(ctx, admin, "a", "")) // the even ones
	shutdown := func(r *chat.Server) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		must(r.Shutdown(ctx))
	}
	shutdown(r)
	r = room(t, s, repo)
	defer shutdown(r)
	raw, err := r.Recent(ctx)
	must(err)
	var docs []struct{ ID, Body string }
	must(json.Unmarshal(raw, &docs))
	if len(docs) != 50 {
		t.Fatalf("the history has %d messages, want 50", len(docs))
	}
	for i, d := range docs {
		if want := fmt.Sprint(17 + 2*i); d.Body != want {
			t.Fatalf("message %d of the history is %q, want %q", i, d.Body, want)
		}
	}
	all, err := r.Messages(ctx, "")
	must(err)
	if len(all) != 120 || all[0].ID != ids[119] || all[0].HiddenAt.IsZero() || all[4].ID != ids[115] || !all[4].HiddenAt.IsZero() {
		t.Errorf("there are %d messages, the last is %+v", len(all), all[0])
	}
}
