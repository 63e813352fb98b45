package repositorytest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast/repository"
)

func chatChecks() []check[repository.Chat] {
	return []check[repository.Chat]{
		{"AppendThenRead", testChatAppend},
		{"AllOrNone", testChatAllOrNone},
		{"Pages", testChatPages},
		{"Users", testChatUsers},
		{"Hide", testChatHide},
		{"HideUser", testChatHideUser},
		{"Delete", testChatDelete},
		{"DeleteUser", testChatDeleteUser},
		{"PruneByAge", testChatPruneByAge},
		{"PruneByNumber", testChatPruneByNumber},
		{"SeqsAreNotUsedAgain", testChatSeqs},
		{"Concurrency", testChatConcurrency},
		{"CanceledContext", testChatContext},
	}
}

// message is the n-th message, of one of three users.
func message(n int) repository.Message {
	return repository.Message{
		ID: fmt.Sprint("m", n), Kind: "CHAT", UserID: string(rune('a' + n%3)), Body: fmt.Sprint("body ", n), SentAt: at(n),
	}
}

// say appends the messages from one number to before another.
func say(t *testing.T, s repository.Chat, from, to int) {
	t.Helper()
	var ms []repository.Message
	for n := from; n < to; n++ {
		ms = append(ms, message(n))
	}
	ok(t, "AppendMessages", s.AppendMessages(t.Context(), ms...))
}

// read returns the ids of the messages that q selects.
func read(t *testing.T, s repository.Chat, q repository.MessageQuery) []string {
	t.Helper()
	ms, err := s.Messages(t.Context(), q)
	ok(t, "Messages", err)
	for i, m := range ms {
		if i > 0 && m.Seq >= ms[i-1].Seq {
			t.Errorf("Messages returns Seq %d after %d", m.Seq, ms[i-1].Seq)
		}
	}
	return mapped(ms, func(m repository.Message) string { return m.ID })
}

func wantMessages(t *testing.T, s repository.Chat, q repository.MessageQuery, ids ...string) {
	t.Helper()
	equal(t, fmt.Sprintf("history of %+v", q), read(t, s, q), ids)
}

func wantCount(t *testing.T, s repository.Chat, want int) {
	t.Helper()
	n, err := s.CountMessages(t.Context())
	if err != nil || n != want {
		t.Errorf("CountMessages = %d, %v; want %d", n, err, want)
	}
}

func testChatAppend(t *testing.T, s repository.Chat) {
	wantMessages(t, s, repository.MessageQuery{})
	full := repository.Message{
		Seq: 99, ID: "ü\x00", Kind: "FEDIVERSE_ENGAGEMENT_LIKE", UserID: "u", Body: "<b>\n🎥", SentAt: at(1).In(elsewhere()),
		HiddenAt: at(2), Title: "t", Subtitle: "s", Image: "i", Link: "l",
	}
	ok(t, "AppendMessages", s.AppendMessages(t.Context(), full, repository.Message{ID: "bare"}))
	ms, err := s.Messages(t.Context(), repository.MessageQuery{Hidden: true})
	ok(t, "Messages", err)
	if len(ms) != 2 || ms[0].Seq <= ms[1].Seq || ms[1].Seq == 0 {
		t.Fatalf("Messages = %+v", ms)
	}
	full.Seq, full.SentAt = ms[1].Seq, at(1)
	equal(t, "message", ms[1], full)
	equal(t, "message with nothing but an id", ms[0], repository.Message{Seq: ms[0].Seq, ID: "bare"})
	wantMessages(t, s, repository.MessageQuery{}, "bare")
	ok(t, "AppendMessages of none", s.AppendMessages(t.Context()))
	wantCount(t, s, 2)
}

func testChatAllOrNone(t *testing.T, s repository.Chat) {
	say(t, s, 0, 1)
	for name, bad := range map[string]repository.Message{
		"no id": {}, "an id that is long": {ID: long()}, "a user's that is long": {ID: "x", UserID: long()},
	} {
		fails(t, "AppendMessages with "+name, s.AppendMessages(t.Context(), message(1), bad), repository.ErrInvalid)
	}
	wantMessages(t, s, repository.MessageQuery{}, "m0")
	wantMessages(t, s, repository.MessageQuery{UserID: "b"})
	wantCount(t, s, 1)
	say(t, s, 1, 2)
}

func testChatPages(t *testing.T, s repository.Chat) {
	say(t, s, 0, 10)
	ok(t, "AppendMessages", s.AppendMessages(t.Context(), repository.Message{ID: "sys", Kind: "SYSTEM"}))
	wantMessages(t, s, repository.MessageQuery{Limit: 3}, "sys", "m9", "m8")
	wantMessages(t, s, repository.MessageQuery{Limit: 2, Kinds: []string{"CHAT"}}, "m9", "m8")
	wantMessages(t, s, repository.MessageQuery{Kinds: []string{"SYSTEM", "OTHER"}}, "sys")
	wantMessages(t, s, repository.MessageQuery{Kinds: []string{"OTHER"}})
	var all []string
	q := repository.MessageQuery{Limit: 4}
	for {
		ms, err := s.Messages(t.Context(), q)
		ok(t, "Messages", err)
		if len(ms) == 0 {
			break
		}
		all = append(all, mapped(ms, func(m repository.Message) string { return m.ID })...)
		q.Before = ms[len(ms)-1].Seq
	}
	equal(t, "all pages", all, read(t, s, repository.MessageQuery{}))
	if len(all) != 11 {
		t.Errorf("there are %d messages on all pages, want 11", len(all))
	}
	wantMessages(t, s, repository.MessageQuery{Before: 1})
	wantMessages(t, s, repository.MessageQuery{Before: 1 << 63, Limit: 1}, "sys")
}

func testChatUsers(t *testing.T, s repository.Chat) {
	say(t, s, 0, 7)
	for i, user := range []string{"a\x00", "", "aa"} {
		ok(t, "AppendMessages", s.AppendMessages(t.Context(), repository.Message{ID: fmt.Sprint("x", i), UserID: user}))
	}
	wantMessages(t, s, repository.MessageQuery{UserID: "a"}, "m6", "m3", "m0")
	wantMessages(t, s, repository.MessageQuery{UserID: "a", Limit: 2}, "m6", "m3")
	wantMessages(t, s, repository.MessageQuery{UserID: "nobody"})
	wantMessages(t, s, repository.MessageQuery{UserID: long()})
	ms, err := s.Messages(t.Context(), repository.MessageQuery{UserID: "a", Limit: 1})
	ok(t, "Messages", err)
	wantMessages(t, s, repository.MessageQuery{UserID: "a", Before: ms[0].Seq}, "m3", "m0")

	// So many that a store cannot look through all.
	var many []repository.Message
	for n := range 10_000 {
		many = append(many, repository.Message{ID: fmt.Sprint("many", n), UserID: "b"})
	}
	many[9000].UserID = "a"
	ok(t, "AppendMessages", s.AppendMessages(t.Context(), many...))
	wantMessages(t, s, repository.MessageQuery{UserID: "a"}, "many9000", "m6", "m3", "m0")
	n, err := s.DeleteUserMessages(t.Context(), "b")
	if err != nil || n != 9999+2 {
		t.Errorf("DeleteUserMessages = %d, %v", n, err)
	}
	wantMessages(t, s, repository.MessageQuery{Limit: 2}, "many9000", "x2")
}

func testChatHide(t *testing.T, s repository.Chat) {
	say(t, s, 0, 4)
	hide := func(at time.Time, ids, want []string) {
		t.Helper()
		changed, err := s.HideMessages(t.Context(), at, ids...)
		ok(t, "HideMessages", err)
		equal(t, "what HideMessages changed", changed, want)
	}
	hide(at(10), []string{"m1", "m2", "m1", "nothing"}, []string{"m1", "m2"})
	hide(at(11), []string{"m1", "m3"}, []string{"m3"})
	hide(at(11), nil, nil)
	wantMessages(t, s, repository.MessageQuery{}, "m0")
	ms, err := s.Messages(t.Context(), repository.MessageQuery{Hidden: true})
	ok(t, "Messages", err)
	equal(t, "times of hiding", mapped(ms, func(m repository.Message) time.Time { return m.HiddenAt }),
		[]time.Time{at(11), at(10), at(10), {}})
	hide(time.Time{}, []string{"m0", "m1", "m3"}, []string{"m1", "m3"})
	wantMessages(t, s, repository.MessageQuery{}, "m3", "m1", "m0")
	wantMessages(t, s, repository.MessageQuery{Limit: 2}, "m3", "m1")
	wantCount(t, s, 4)
}

func testChatHideUser(t *testing.T, s repository.Chat) {
	say(t, s, 0, 7)
	_, err := s.HideMessages(t.Context(), at(1), "m3")
	ok(t, "HideMessages", err)
	changed, err := s.HideUserMessages(t.Context(), at(10), "a")
	ok(t, "HideUserMessages", err)
	equal(t, "what HideUserMessages changed", len(changed), 2)
	wantMessages(t, s, repository.MessageQuery{UserID: "a"})
	wantMessages(t, s, repository.MessageQuery{UserID: "a", Hidden: true}, "m6", "m3", "m0")
	wantMessages(t, s, repository.MessageQuery{}, "m5", "m4", "m2", "m1")
	changed, err = s.HideUserMessages(t.Context(), time.Time{}, "a")
	ok(t, "HideUserMessages", err)
	equal(t, "what HideUserMessages changed", len(changed), 3)
	wantMessages(t, s, repository.MessageQuery{UserID: "a"}, "m6", "m3", "m0")
}

func testChatDelete(t *testing.T, s repository.Chat) {
	say(t, s, 0, 5)
	ok(t, "AppendMessages", s.AppendMessages(t.Context(), repository.Message{ID: "nobody's"}))
	_, err := s.HideMessages(t.Context(), at(9), "m3")
	ok(t, "HideMessages", err)
	for _, want := range []int{3, 0} {
		n, err := s.DeleteMessages(t.Context(), "m0", "m3", "nobody's", "nothing", "m0")
		if err != nil || n != want {
			t.Errorf("DeleteMessages = %d, %v; want %d", n, err, want)
		}
	}
	n, err := s.DeleteMessages(t.Context())
	if err != nil || n != 0 {
		t.Errorf("DeleteMessages of none = %d, %v", n, err)
	}
	wantMessages(t, s, repository.MessageQuery{Hidden: true}, "m4", "m2", "m1")
	wantMessages(t, s, repository.MessageQuery{UserID: "a", Hidden: true})
	wantCount(t, s, 3)
	say(t, s, 0, 1)
	wantMessages(t, s, repository.MessageQuery{UserID: "a"}, "m0")
}

func testChatDeleteUser(t *testing.T, s repository.Chat) {
	say(t, s, 0, 7)
	ok(t, "AppendMessages", s.AppendMessages(t.Context(), repository.Message{ID: "nobody's"}))
	for _, want := range []int{3, 0} {
		n, err := s.DeleteUserMessages(t.Context(), "a")
		if err != nil || n != want {
			t.Errorf("DeleteUserMessages = %d, %v; want %d", n, err, want)
		}
	}
	n, err := s.DeleteUserMessages(t.Context(), "")
	if err != nil || n != 0 {
		t.Errorf("DeleteUserMessages of nobody = %d, %v", n, err)
	}
	wantMessages(t, s, repository.MessageQuery{}, "nobody's", "m5", "m4", "m2", "m1")
	wantMessages(t, s, repository.MessageQuery{UserID: "a", Hidden: true})
	wantCount(t, s, 5)
	changed, err := s.HideMessages(t.Context(), at(1), "m0")
	ok(t, "HideMessages", err)
	equal(t, "hidden of what is deleted", changed, nil)
}

// prune prunes until nothing goes, and returns how many went.
func prune(t *testing.T, once func() (int, error)) int {
	t.Helper()
	total := 0
	for {
		n, err := once()
		ok(t, "prune", err)
		if n > repository.MaxPrune {
			t.Errorf("one call removed %d", n)
		}
		if total += n; n == 0 {
			return total
		}
	}
}

func testChatPruneByAge(t *testing.T, s repository.Chat) {
	say(t, s, 0, 6)
	_, err := s.HideMessages(t.Context(), at(9), "m0", "m5")
	ok(t, "HideMessages", err)
	once := func(r repository.Retention) func() (int, error) {
		return func() (int, error) { return s.PruneMessages(t.Context(), r) }
	}
	equal(t, "pruned of nothing", prune(t, once(repository.Retention{})), 0)
	equal(t, "pruned before the first", prune(t, once(repository.Retention{Before: at(0)})), 0)
	equal(t, "pruned", prune(t, once(repository.Retention{Before: at(4)})), 4)
	wantMessages(t, s, repository.MessageQuery{Hidden: true}, "m5", "m4")
	wantMessages(t, s, repository.MessageQuery{UserID: "a", Hidden: true})
	wantCount(t, s, 2)
	ok(t, "AppendMessages", s.AppendMessages(t.Context(), repository.Message{ID: "old", SentAt: at(-100)}))
	equal(t, "pruned behind one that is kept", prune(t, once(repository.Retention{Before: at(0)})), 0)
	equal(t, "pruned of all", prune(t, once(repository.Retention{Before: at(100)})), 3)
	wantMessages(t, s, repository.MessageQuery{Hidden: true})
	wantCount(t, s, 0)
}

func testChatPruneByNumber(t *testing.T, s repository.Chat) {
	var ms []repository.Message
	for n := range repository.MaxPrune + 20 {
		ms = append(ms, message(n))
	}
	ok(t, "AppendMessages", s.AppendMessages(t.Context(), ms...))
	n := prune(t, func() (int, error) { return s.PruneMessages(t.Context(), repository.Retention{Keep: 10}) })
	equal(t, "pruned", n, repository.MaxPrune+10)
	wantCount(t, s, 10)
	equal(t, "what is left", len(read(t, s, repository.MessageQuery{})), 10)
	n = prune(t, func() (int, error) {
		return s.PruneMessages(t.Context(), repository.Retention{Keep: 5, Before: at(repository.MaxPrune + 18)})
	})
	equal(t, "pruned by age and number", n, 8)
}

func testChatSeqs(t *testing.T, s repository.Chat) {
	say(t, s, 0, 3)
	ms, err := s.Messages(t.Context(), repository.MessageQuery{Limit: 1})
	ok(t, "Messages", err)
	_, err = s.PruneMessages(t.Context(), repository.Retention{Before: at(100)})
	ok(t, "PruneMessages", err)
	say(t, s, 3, 4)
	after, err := s.Messages(t.Context(), repository.MessageQuery{})
	ok(t, "Messages", err)
	if len(after) != 1 || after[0].Seq <= ms[0].Seq {
		t.Errorf("after all is gone a message is %+v, and before the last had Seq %d", after, ms[0].Seq)
	}
}

func testChatConcurrency(t *testing.T, s repository.Chat) {
	const writers, each = 8, 8
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				ms := []repository.Message{{ID: fmt.Sprint(w, "/", i), UserID: fmt.Sprint(w)}, {ID: fmt.Sprint(w, "/", i, "b"), UserID: fmt.Sprint(w)}}
				if err := s.AppendMessages(t.Context(), ms...); err != nil {
					t.Errorf("AppendMessages = %v", err)
				}
				got, err := s.Messages(t.Context(), repository.MessageQuery{UserID: fmt.Sprint(w), Limit: 1})
				if err != nil || len(got) != 1 || got[0].ID != ms[1].ID {
					t.Errorf("Messages returns %+v, %v; want %q, just appended", got, err, ms[1].ID)
				}
			}
		})
	}
	wg.Wait()
	wantCount(t, s, 2*writers*each)
	ms, err := s.Messages(t.Context(), repository.MessageQuery{})
	ok(t, "Messages", err)
	place := map[string]int{}
	for i, m := range ms {
		place[m.ID] = i
	}
	for w := range writers {
		for i := range each {
			if place[fmt.Sprint(w, "/", i, "b")]+1 != place[fmt.Sprint(w, "/", i)] {
				t.Errorf("what call %d of %d appended is not together", i, w)
			}
		}
	}
}

func testChatContext(t *testing.T, s repository.Chat) {
	say(t, s, 0, 1)
	refusesDoneContexts(t, map[string]func(context.Context) error{
		"AppendMessages":     func(ctx context.Context) error { return s.AppendMessages(ctx, message(1)) },
		"Messages":           func(ctx context.Context) error { _, err := s.Messages(ctx, repository.MessageQuery{}); return err },
		"CountMessages":      func(ctx context.Context) error { _, err := s.CountMessages(ctx); return err },
		"HideMessages":       func(ctx context.Context) error { _, err := s.HideMessages(ctx, at(1), "m0"); return err },
		"HideUserMessages":   func(ctx context.Context) error { _, err := s.HideUserMessages(ctx, at(1), "a"); return err },
		"DeleteMessages":     func(ctx context.Context) error { _, err := s.DeleteMessages(ctx, "m0"); return err },
		"DeleteUserMessages": func(ctx context.Context) error { _, err := s.DeleteUserMessages(ctx, "a"); return err },
		"PruneMessages": func(ctx context.Context) error {
			_, err := s.PruneMessages(ctx, repository.Retention{Before: at(100)})
			return err
		},
	})
	wantMessages(t, s, repository.MessageQuery{}, "m0")
}
