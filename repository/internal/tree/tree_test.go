package tree

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/owncast-go/owncast/repository/internal/kvstore"
)

// model is what a state should have in one bucket.
type model map[string]string

func TestAStateIsLikeAMapAndNeverChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tx := new(State).Begin()
		wrote := model{} // as Wrote tells it
		tx.Wrote = func(b kvstore.Bucket, key string, value []byte) {
			if b != kvstore.Users {
				t.Fatalf("wrote to bucket %v", b)
			}
			if wrote[key] = string(value); value == nil {
				delete(wrote, key)
			}
		}
		now := model{}
		var states []*State
		var models []model
		key := rapid.StringMatching(`[ab]{0,4}`)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				k, v := key.Draw(t, "key"), key.Draw(t, "value")
				value := []byte(v)
				tx.Put(kvstore.Users, []byte(k), value)
				clear(value) // it was copied
				now[k] = v
			},
			"delete": func(t *rapid.T) {
				k := key.Draw(t, "key")
				tx.Delete(kvstore.Users, []byte(k))
				delete(now, k)
			},
			"keep": func(*rapid.T) {
				states, models = append(states, tx.State()), append(models, maps.Clone(now))
			},
			"go back": func(t *rapid.T) {
				if len(states) == 0 {
					t.Skip()
				}
				i := rapid.IntRange(0, len(states)-1).Draw(t, "state")
				tx.Reset(states[i])
				now = maps.Clone(models[i])
				wrote = maps.Clone(now)
			},
			"": func(t *rapid.T) {
				bound := key.Draw(t, "bound")
				same(t, tx.State(), now, bound)
				for i := range states {
					same(t, states[i], models[i], bound)
				}
				if !maps.Equal(wrote, now) {
					t.Fatalf("wrote %v, want %v", wrote, now)
				}
			},
		})
	})
}

// same fails the test unless a state has what the model has, also from a key
// on and before it.
func same(t *rapid.T, s *State, want model, bound string) {
	t.Helper()
	tx := s.Begin()
	tx.ReadOnly = true
	tx.Put(kvstore.Users, []byte("c"), nil)
	tx.Delete(kvstore.Users, []byte(bound))
	keys := slices.Sorted(maps.Keys(want))
	at, _ := slices.BinarySearch(keys, bound)
	var up, down []string
	for k, v := range tx.Ascend(kvstore.Users, []byte(bound)) {
		up = append(up, string(k))
		if want[string(k)] != string(v) {
			t.Fatalf("%q is %q, want %q", k, v, want[string(k)])
		}
	}
	for k := range tx.Descend(kvstore.Users, []byte(bound)) {
		down = append(down, string(k))
	}
	slices.Reverse(down)
	if !slices.Equal(up, keys[at:]) || !slices.Equal(down, keys[:at]) {
		t.Fatalf("from %q on %q, before %q; want %q", bound, up, down, keys)
	}
	for k := range tx.Descend(kvstore.Users, nil) {
		if string(k) != keys[len(keys)-1] {
			t.Fatalf("the last is %q, want %q", k, keys)
		}
		break
	}
	v, there := want[bound]
	if got := tx.Get(kvstore.Users, []byte(bound)); (got != nil) != there || string(got) != v {
		t.Fatalf("Get(%q) = %q, want %q, %v", bound, got, v, there)
	}
	size := 0
	for k, v := range want {
		size += len(k) + len(v)
	}
	if s.Size() != int64(size) {
		t.Fatalf("size is %d, want %d", s.Size(), size)
	}
}

func TestABuilderMakesWhatTransactionsMake(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := model(rapid.MapOf(rapid.StringMatching(`[a-d]{0,6}`), rapid.String()).Draw(t, "records"))
		var b Builder
		keys := slices.Sorted(maps.Keys(want))
		for _, k := range keys {
			if err := b.Add(kvstore.Users, k, []byte(want[k])); err != nil {
				t.Fatal(err)
			}
		}
		s := b.State()
		bound := rapid.StringMatching(`[a-d]{0,6}`).Draw(t, "bound")
		same(t, s, want, bound)
		heaped(t, s.trees[kvstore.Users])
		tx := s.Begin()
		tx.Put(kvstore.Users, []byte(bound), []byte("new"))
		same(t, s, want, bound)
		want[bound] = "new"
		same(t, tx.State(), want, bound)
	})
}

// heaped fails the test unless each weighs less than what it is below of.
func heaped(t *rapid.T, n *node) {
	t.Helper()
	if n == nil {
		return
	}
	for _, below := range []*node{n.left, n.right} {
		if below != nil && below.weight > n.weight {
			t.Fatalf("%q is below %q, and heavier", below.key, n.key)
		}
		heaped(t, below)
	}
}

func TestABuilderRefusesDisorder(t *testing.T) {
	for _, keys := range [][]string{{"b", "a"}, {"a", "a"}} {
		var b Builder
		if err := b.Add(kvstore.Users, keys[0], []byte{}); err != nil {
			t.Fatal(err)
		}
		if err := b.Add(kvstore.Users, keys[1], []byte{}); !errors.Is(err, ErrOrder) {
			t.Errorf("%q: %v", keys, err)
		}
	}
	var b Builder
	if err := b.Add(kvstore.Users, "a", []byte{}); err != nil {
		t.Fatal(err)
	}
	if err := b.Add(kvstore.Settings, "b", []byte{}); !errors.Is(err, ErrOrder) {
		t.Error("buckets out of order:", err)
	}
}
