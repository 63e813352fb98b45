package vocab

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/url"
	"testing"
)

// check holds what was read of a document to what is promised.
func check(t *testing.T, data []byte) {
	t.Helper()
	ctx := t.Context()
	a, err := ParseActivity(ctx, data)
	bounded(t, err)
	if err == nil {
		if a.Actor == "" || a.Type == "" {
			t.Fatalf("an activity without an actor or a type: %+v", a)
		}
		for _, iri := range append([]string{a.ID, a.Actor, a.Object.ID, a.Target, a.Result, a.Instrument.ID}, append(a.To, a.Cc...)...) {
			if len(iri) > MaxIRI {
				t.Fatalf("an IRI of %d bytes", len(iri))
			}
		}
		checkObject(t, a.Object)
		checkObject(t, a.Instrument)
		if g, err := Glance(data); err != nil || g.Type != a.Type {
			t.Fatalf("at a glance it is %+v, %v", g, err)
		}
	}
	actor, err := ParseActor(ctx, data)
	bounded(t, err)
	if err == nil {
		if actor.ID == "" || len(actor.Keys) > 2*maxNames || len(actor.AlsoKnownAs) > maxNames || len([]rune(actor.Name)) > maxName {
			t.Fatalf("%+v", actor)
		}
		for _, u := range []string{actor.Icon, actor.URL, actor.Stream.Logo, actor.Stream.Thumbnail} {
			checkURL(t, u)
		}
	}
	_, err = ParseKey(data)
	bounded(t, err)
	o, err := ParseObject(ctx, data)
	bounded(t, err)
	checkObject(t, o)
	d, err := Decode(data)
	bounded(t, err)
	if err == nil {
		if _, err := d.Encode(); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
	}
}

func bounded(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, ErrDocument) {
		t.Fatalf("an error of another kind: %v", err)
	}
}

func checkObject(t *testing.T, o Object) {
	t.Helper()
	if len(o.Attachments) > maxAttachments || len(o.To) > maxAddressees || len(o.Cc) > maxAddressees || len(o.Content) > maxContent || len([]rune(o.Name)) > maxName {
		t.Fatalf("%+v", o)
	}
	checkURL(t, o.URL)
	for _, a := range o.Attachments {
		checkURL(t, a.URL)
	}
}

func checkURL(t *testing.T, s string) {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil || s != "" && u.Scheme != "https" && u.Scheme != "http" {
		t.Fatalf("%q is not of the web", s)
	}
}

func FuzzParse(f *testing.F) {
	for _, data := range samples(f) {
		f.Add(data)
	}
	for _, doc := range hostile() {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 256<<10 {
			return
		}
		check(t, data)
	})
}

// FuzzStructure changes samples as trees, so that it gets further than bytes
// do.
func FuzzStructure(f *testing.F) {
	var docs []map[string]any
	all := samples(f)
	for _, name := range sortedKeys(all) {
		var doc map[string]any
		if err := json.Unmarshal(all[name], &doc); err != nil {
			f.Fatal(err)
		}
		docs = append(docs, doc)
	}
	for i := range docs {
		f.Add(uint64(i), uint64(i), byte(i%7))
	}
	f.Fuzz(func(t *testing.T, which, seed uint64, n byte) {
		r := rand.New(rand.NewPCG(which, seed))
		doc := clone(docs[which%uint64(len(docs))])
		for range int(n%16) + 1 {
			doc, _ = mutate(r, doc, clone(docs[r.IntN(len(docs))]), 0).(map[string]any)
			if doc == nil {
				doc = map[string]any{"type": "Create", "actor": "https://a/u"}
			}
		}
		data, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > 1<<20 {
			return
		}
		check(t, data)
	})
}

func clone(doc map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range doc {
		out[k] = cloneValue(v)
	}
	return out
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return clone(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = cloneValue(e)
		}
		return out
	}
	return v
}

// odd are values that are seldom where they should be.
func odd(r *rand.Rand, other map[string]any) any {
	types := []string{"Person", "Note", "Create", "Follow", "Video", "Question", "OrderedCollection", "Link", "Tombstone", "PublicKey", "Emoji", "Ticket", "IntransitiveActivity", "Relationship", "Profile", "Place"}
	switch r.IntN(18) {
	case 0:
		return nil
	case 1:
		return ""
	case 2:
		return []any{}
	case 3:
		return map[string]any{}
	case 4:
		return -1.5
	case 5:
		return true
	case 6:
		return "P"
	case 7:
		return "https://a.example/x"
	case 8:
		return []any{nil, "", 3.0, map[string]any{"type": []any{}}, []any{[]any{}}}
	case 9:
		return []any{types[r.IntN(len(types))], types[r.IntN(len(types))], "x:y"}
	case 10:
		return types[r.IntN(len(types))]
	case 11:
		return map[string]any{"type": types[r.IntN(len(types))], "id": "https://a.example/1", "duration": "", "actor": map[string]any{"type": "Person", "id": "x"}}
	case 12:
		return "://%zz"
	case 13:
		return "2026-99-99T99:99:99Z"
	case 14:
		return 1e300
	case 15:
		return map[string]any{"en": "x", "de": 3.0}
	case 16:
		return "\u0000\ufffd𐀀"
	}
	return other
}

// mutate changes something in v.
func mutate(r *rand.Rand, v any, other map[string]any, depth int) any {
	if r.IntN(6) == 0 && depth > 0 {
		return odd(r, other)
	}
	switch v := v.(type) {
	case map[string]any:
		return mutateObject(r, v, other, depth)
	case []any:
		if len(v) == 0 {
			return []any{odd(r, other)}
		}
		i := r.IntN(len(v))
		switch r.IntN(4) {
		case 0:
			return v[i]
		case 1:
			return append(v, odd(r, other))
		}
		v[i] = mutate(r, v[i], other, depth+1)
		return v
	}
	if r.IntN(3) == 0 {
		return []any{v}
	}
	return odd(r, other)
}

func mutateObject(r *rand.Rand, v, other map[string]any, depth int) any {
	keys := sortedKeys(v)
	if len(keys) == 0 {
		v["type"] = "Note"
		return v
	}
	k := keys[r.IntN(len(keys))]
	switch r.IntN(8) {
	case 0:
		delete(v, k)
	case 1:
		names := []string{"duration", "as:" + k, "@" + k, k + "Map", "published", "attachment", "tag", "object", "url", "endpoints", "publicKey", "owcast:x", StreamNamespace + "streamTags", "@context", "altitude", "width", "totalItems", "first", "closed", "deleted", "units", "hreflang"}
		v[names[r.IntN(len(names))]] = v[k]
	case 2:
		v[k] = []any{v[k], odd(r, other)}
	case 3:
		from := sortedKeys(other)
		o := from[r.IntN(len(from))]
		v[o] = other[o]
	default:
		v[k] = mutate(r, v[k], other, depth+1)
	}
	return v
}
