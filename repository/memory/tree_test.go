package memory

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestATreeIsLikeAMapAndNeverChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var root *node
		model := map[string]string{}
		var roots []*node
		var models []map[string]string
		key := rapid.StringMatching(`[ab]{0,4}`)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				k, v := key.Draw(t, "key"), key.Draw(t, "value")
				root = root.put(k, []byte(v))
				model[k] = v
			},
			"remove": func(t *rapid.T) {
				k := key.Draw(t, "key")
				root = root.remove(k)
				delete(model, k)
			},
			"keep": func(*rapid.T) {
				roots, models = append(roots, root), append(models, maps.Clone(model))
			},
			"": func(t *rapid.T) {
				bound := key.Draw(t, "bound")
				same(t, root, model, bound)
				for i := range roots {
					same(t, roots[i], models[i], bound)
				}
			},
		})
	})
}

// same fails the test unless a tree has what the model has, also from a key on
// and before it.
func same(t *rapid.T, root *node, model map[string]string, bound string) {
	t.Helper()
	keys := slices.Sorted(maps.Keys(model))
	at, _ := slices.BinarySearch(keys, bound)
	var up, down []string
	root.ascend(bound, func(k, v []byte) bool {
		up = append(up, string(k))
		if model[string(k)] != string(v) {
			t.Fatalf("%q is %q, want %q", k, v, model[string(k)])
		}
		return true
	})
	root.descend(bound, true, func(k, _ []byte) bool { down = append(down, string(k)); return true })
	slices.Reverse(down)
	if !slices.Equal(up, keys[at:]) || !slices.Equal(down, keys[:at]) {
		t.Fatalf("from %q on %q, before %q; want %q", bound, up, down, keys)
	}
	if n := root.find(bound); (n != nil) != (at < len(keys) && keys[at] == bound) {
		t.Fatalf("find(%q) = %v", bound, n)
	}
}
