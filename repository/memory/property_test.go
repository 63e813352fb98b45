package memory_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

func TestPagesOfUsersAreThoseOfASortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := memory.New().Users
		model := map[string]repository.User{}
		id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g"})
		t.Repeat(map[string]func(*rapid.T){
			"save": func(t *rapid.T) {
				u := model[id.Draw(t, "id")]
				u.ID = id.Draw(t, "id")
				u.Revision = model[u.ID].Revision
				u.CreatedAt = time.Unix(rapid.Int64Range(-3, 3).Draw(t, "time"), 0).UTC()
				u.Role = repository.Role(rapid.IntRange(0, 2).Draw(t, "role"))
				u.DisplayName = rapid.SampledFrom([]string{"x", "X", "xy"}).Draw(t, "name")
				saved, err := s.SaveUser(t.Context(), u)
				if err != nil {
					t.Fatal(err)
				}
				model[u.ID] = saved
			},
			"delete": func(t *rapid.T) {
				id := id.Draw(t, "id")
				_, there := model[id]
				if err := s.DeleteUser(t.Context(), id); (err == nil) != there {
					t.Fatalf("DeleteUser = %v", err)
				}
				delete(model, id)
			},
			"": func(t *rapid.T) {
				q := repository.UserQuery{
					MinRole: repository.Role(rapid.IntRange(0, 1).Draw(t, "min")), OldestFirst: rapid.Bool().Draw(t, "oldest first"),
					Name: rapid.SampledFrom([]string{"", "", "x"}).Draw(t, "name"),
					Page: repository.Page{Offset: rapid.IntRange(0, 4).Draw(t, "offset"), Limit: rapid.IntRange(0, 4).Draw(t, "limit")},
				}
				var want []repository.User
				for _, u := range model {
					if u.Role >= q.MinRole && (q.Name == "" || u.DisplayName == "x" || u.DisplayName == "X") {
						want = append(want, u)
					}
				}
				slices.SortFunc(want, func(a, b repository.User) int {
					c := cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
					if q.OldestFirst {
						return c
					}
					return -c
				})
				total := len(want)
				want = want[min(q.Page.Offset, total):]
				if q.Page.Limit > 0 {
					want = want[:min(q.Page.Limit, len(want))]
				}
				page, n, err := s.Users(t.Context(), q)
				if err != nil || n != total || fmt.Sprint(page) != fmt.Sprint(want) {
					t.Fatalf("Users(%+v) = %v, %d, %v; want %v, %d", q, page, n, err, want, total)
				}
			},
		})
	})
}

func TestAHistoryIsLikeAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := memory.New().Chat
		var model []repository.Message // the oldest first, with a Seq
		n := 0
		user := rapid.SampledFrom([]string{"", "a", "aa", "b"})
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				var ms []repository.Message
				for range rapid.SampledFrom([]int{1, 3, 200}).Draw(t, "messages") {
					ms = append(ms, repository.Message{ID: fmt.Sprint(n), UserID: user.Draw(t, "user"), SentAt: time.Unix(int64(n), 0).UTC()})
					n++
				}
				if err := s.AppendMessages(t.Context(), ms...); err != nil {
					t.Fatal(err)
				}
				for i := range ms {
					ms[i].Seq = uint64(n - len(ms) + i + 1)
				}
				model = append(model, ms...)
			},
			"hide": func(t *rapid.T) {
				if n == 0 {
					t.Skip()
				}
				id := fmt.Sprint(rapid.IntRange(0, n).Draw(t, "id"))
				if _, err := s.HideMessages(t.Context(), time.Unix(5, 0), id); err != nil {
					t.Fatal(err)
				}
				for i := range model {
					if model[i].ID == id && !model[i].Hidden() {
						model[i].HiddenAt = time.Unix(5, 0).UTC()
					}
				}
			},
			"remove": func(t *rapid.T) {
				ids := []string{fmt.Sprint(rapid.IntRange(0, n).Draw(t, "first")), fmt.Sprint(rapid.IntRange(0, n).Draw(t, "second"))}
				left := slices.DeleteFunc(slices.Clone(model), func(m repository.Message) bool { return slices.Contains(ids, m.ID) })
				if gone, err := s.DeleteMessages(t.Context(), ids...); err != nil || gone != len(model)-len(left) {
					t.Fatalf("DeleteMessages = %d, %v; want %d", gone, err, len(model)-len(left))
				}
				model = left
			},
			"delete": func(t *rapid.T) {
				user := user.Draw(t, "user")
				left := slices.DeleteFunc(slices.Clone(model), func(m repository.Message) bool { return user != "" && m.UserID == user })
				if gone, err := s.DeleteUserMessages(t.Context(), user); err != nil || gone != len(model)-len(left) {
					t.Fatalf("DeleteUserMessages = %d, %v; want %d", gone, err, len(model)-len(left))
				}
				model = left
			},
			"prune": func(t *rapid.T) {
				r := repository.Retention{Keep: rapid.IntRange(0, 500).Draw(t, "keep")}
				want := 0
				if r.Keep > 0 {
					want = min(max(len(model)-r.Keep, 0), repository.MaxPrune)
				}
				if gone, err := s.PruneMessages(t.Context(), r); err != nil || gone != want {
					t.Fatalf("PruneMessages = %d, %v; want %d", gone, err, want)
				}
				model = model[want:]
			},
			"": func(t *rapid.T) {
				q := repository.MessageQuery{
					UserID: user.Draw(t, "of"), Hidden: rapid.Bool().Draw(t, "hidden"), Limit: rapid.IntRange(0, 30).Draw(t, "limit"),
					Before: rapid.Uint64Range(0, uint64(n+2)).Draw(t, "before"),
				}
				var want []repository.Message
				for _, m := range slices.Backward(model) {
					if (q.UserID == "" || m.UserID == q.UserID) && (q.Hidden || !m.Hidden()) && (q.Before == 0 || m.Seq < q.Before) {
						want = append(want, m)
					}
					if q.Limit > 0 && len(want) == q.Limit {
						break
					}
				}
				got, err := s.Messages(t.Context(), q)
				if err != nil || !slices.Equal(got, want) {
					t.Fatalf("Messages(%+v) = %v, %v; want %v", q, got, err, want)
				}
				if count, err := s.CountMessages(t.Context()); err != nil || count != len(model) {
					t.Fatalf("CountMessages = %d, %v; want %d", count, err, len(model))
				}
			},
		})
	})
}
