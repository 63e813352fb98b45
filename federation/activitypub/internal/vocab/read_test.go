package vocab

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/understood.txt")

// describe says in a line or more what is understood of a document.
func describe(t *testing.T, data []byte) string {
	t.Helper()
	s, err := shape(data)
	if err != nil {
		return err.Error() + "\n"
	}
	var b strings.Builder
	line := func(name string, v any) {
		if text := strings.ReplaceAll(strings.TrimSpace(fmt.Sprint(v)), "\n", "\\n"); text != "" && text != "[]" && text != "false" {
			fmt.Fprintf(&b, "  %s: %s\n", name, text)
		}
	}
	object := func(name string, o Object) {
		if !o.Embedded {
			line(name, o.ID)
			return
		}
		line(name, o.Type+" "+o.ID)
		name += "."
		line(name+"actor", o.Actor)
		line(name+"object", o.Object)
		line(name+"attributedTo", o.AttributedTo)
		line(name+"inReplyTo", o.InReplyTo)
		line(name+"quote", o.Quote)
		line(name+"url", o.URL)
		line(name+"name", o.Name)
		line(name+"content", o.Content)
		line(name+"language", o.Language)
		line(name+"to", o.To)
		line(name+"cc", o.Cc)
		line(name+"attachments", o.Attachments)
		if !o.Published.IsZero() {
			line(name+"published", o.Published.Format("2006-01-02T15:04:05.999Z07:00"))
		}
	}
	stream := func(v Stream) {
		if v.Present {
			line("stream", fmt.Sprintf("%q %q %q %q %s %s %q directory=%v", v.Status, v.Title, v.Description, v.ServerName, v.Logo, v.Thumbnail, v.Tags, v.Directory))
		}
	}
	if IsActor(s.name) {
		a, err := ParseActor(t.Context(), data)
		if err != nil {
			return err.Error() + "\n"
		}
		line("type", a.Type)
		line("id", a.ID)
		line("username", a.Username)
		line("name", a.Name)
		line("url", a.URL)
		line("icon", a.Icon)
		line("inbox", a.Inbox)
		line("sharedInbox", a.SharedInbox)
		line("followers", a.Followers)
		line("alsoKnownAs", a.AlsoKnownAs)
		line("movedTo", a.MovedTo)
		for _, k := range a.Keys {
			line("key", k.ID+" of "+k.Owner)
		}
		stream(a.Stream)
		return b.String()
	}
	a, err := ParseActivity(t.Context(), data)
	if err != nil {
		return err.Error() + "\n"
	}
	line("type", a.Type)
	line("id", a.ID)
	line("actor", a.Actor)
	object("object", a.Object)
	if a.Objects != 1 {
		line("objects", a.Objects)
	}
	object("instrument", a.Instrument)
	line("target", a.Target)
	line("result", a.Result)
	line("to", a.To)
	line("cc", a.Cc)
	stream(a.Stream)
	return b.String()
}

func samples(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no samples", err)
	}
	all := map[string][]byte{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(f), ".json")] = data
	}
	return all
}

// What servers of each kind send is understood as testdata/understood.txt has
// it.
func TestDocumentsOfOtherServersAreUnderstood(t *testing.T) {
	all := samples(t)
	const golden = "testdata/understood.txt"
	if *update {
		var b strings.Builder
		for _, name := range sortedKeys(all) {
			b.WriteString(name + "\n" + describe(t, all[name]))
		}
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	name := ""
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, " ") {
			name = strings.TrimSpace(line)
			continue
		}
		want[name] += line
	}
	for name, data := range all {
		if got := describe(t, data); got != want[name] || got == "" {
			t.Errorf("%s is understood as\n%swant\n%s", name, got, want[name])
		}
		// As servers write it, and as others pass it on.
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			t.Fatal(err)
		}
		compact, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if got := describe(t, compact); got != want[name] {
			t.Errorf("%s without white space is understood as\n%s", name, got)
		}
	}
	if len(want) != len(all) {
		t.Errorf("%d samples, and %d in %s", len(all), len(want), golden)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func TestKeysAreReadOfDocumentsOfTheirOwn(t *testing.T) {
	k, err := ParseKey([]byte(`{"@context":"https://w3id.org/security/v1","id":"https://a/k","type":"CryptographicKey","owner":"https://a/u","publicKeyPem":"PEM"}`))
	if err != nil || k != (Key{ID: "https://a/k", Owner: "https://a/u", PEM: "PEM"}) {
		t.Errorf("%+v, %v", k, err)
	}
	if k, err = ParseKey(samples(t)["gotosocial_key"]); err != nil || k.ID != "https://gts.example/users/bob/main-key" {
		t.Errorf("%+v, %v", k, err)
	}
	for _, doc := range []string{``, `[]`, `{}`, `{"publicKey":3}`, `{"publicKeyPem":7}`} {
		if k, err := ParseKey([]byte(doc)); !errors.Is(err, ErrDocument) {
			t.Errorf("%s: %+v, %v", doc, k, err)
		}
	}
}

// hostile are documents that must not be understood, whatever they do.
func hostile() map[string]string {
	deep := func(open, shut string, n int) string { return strings.Repeat(open, n) + "1" + strings.Repeat(shut, n) }
	tags := strings.TrimSuffix(strings.Repeat(`{"a":[`+strings.TrimSuffix(strings.Repeat("1,", 30), ",")+`]},`, 900), ",")
	return map[string]string{
		"nothing":               ``,
		"no JSON":               `<html>`,
		"half":                  `{"type":"Follow","actor":"https://a/u"`,
		"two":                   `{"type":"Follow","actor":"https://a/u"}{}`,
		"an array":              `[{"type":"Follow","actor":"https://a/u"}]`,
		"a string":              `"Follow"`,
		"null":                  `null`,
		"no type":               `{"actor":"https://a/u"}`,
		"a type that is none":   `{"type":{"a":1},"actor":"https://a/u"}`,
		"types that are none":   `{"type":[1,null,{}],"actor":"https://a/u"}`,
		"no actor":              `{"type":"Follow","object":"https://a/u"}`,
		"an actor that is none": `{"type":"Follow","actor":3,"object":"https://a/u"}`,
		"an actor without id":   `{"type":"Follow","actor":{"type":"Person"},"object":"https://a/u"}`,
		"no activity":           `{"type":"Note","actor":"https://a/u","content":"x"}`,
		"a collection":          `{"type":"OrderedCollection","orderedItems":[{"type":"Follow"}]}`,
		"deep objects":          `{"type":"Create","actor":"https://a/u","object":` + deep(`{"type":"Note","inReplyTo":`, `}`, 500) + `}`,
		"deep arrays":           `{"type":"Create","actor":"https://a/u","object":` + deep(`[`, `]`, 20_000) + `}`,
		"many values":           `{"type":"Create","actor":"https://a/u","object":{"type":"Note","tag":[` + tags + `]}}`,
	}
}

func TestHostileDocumentsAreErrors(t *testing.T) {
	for name, doc := range hostile() {
		if a, err := ParseActivity(t.Context(), []byte(doc)); !errors.Is(err, ErrDocument) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
		if a, err := ParseActor(t.Context(), []byte(doc)); !errors.Is(err, ErrDocument) {
			t.Errorf("%s as an actor: %+v, %v", name, a, err)
		}
	}
}

func TestWhatTheVocabularyFailsOnIsNoHarm(t *testing.T) {
	for _, duration := range []string{`""`, `"P"`, `"PT"`, `"-"`, `"-P"`, `7`, `null`, `[""]`, `{"a":""}`, `"P1YT"`, `"PT99999999999999999999S"`, `"PT1.5S"`, `"PT3600S"`} {
		doc := `{"@context":"https://www.w3.org/ns/activitystreams","type":"Create","actor":"https://a/u","object":{"type":"Video","id":"https://a/v","duration":` + duration + `,"content":"x"}}`
		a, err := ParseActivity(t.Context(), []byte(doc))
		if err != nil || a.Object.Content != "x" {
			t.Errorf("duration %s: %+v, %v", duration, a.Object, err)
		}
	}
}

func TestTheContextIsOfNoMeaning(t *testing.T) {
	for _, context := range []string{``, `"@context":null,`, `"@context":{"as":"https://evil.example/","Follow":"https://evil.example/Block"},`, `"@context":["https://evil.example/context"],`, `"@context":7,`} {
		a, err := ParseActivity(t.Context(), []byte(`{`+context+`"type":"Follow","id":"https://a/1","actor":"https://a/u","object":"https://b/u"}`))
		if err != nil || a.Type != "Follow" || a.Actor != "https://a/u" || a.Object.ID != "https://b/u" {
			t.Errorf("%s: %+v, %v", context, a, err)
		}
	}
}

func TestTextIsBounded(t *testing.T) {
	long := strings.Repeat("ä", 100_000)
	doc := fmt.Sprintf(`{"type":"Person","id":"https://a/u","preferredUsername":%q,"name":%q,"inbox":"https://a/i","icon":{"type":"Image","url":"javascript:alert(1)"},"url":"ftp://a/","alsoKnownAs":[%s"x"]}`,
		long, long[:20_000], strings.Repeat(`"https://a/x",`, 200))
	a, err := ParseActor(t.Context(), []byte(doc))
	if err != nil || len([]rune(a.Name)) != maxName || len([]rune(a.Username)) != maxName || a.Icon != "" || a.URL != "" || len(a.AlsoKnownAs) > maxNames {
		t.Errorf("name of %d, %d, %q %q, %d, %v", len([]rune(a.Name)), len([]rune(a.Username)), a.Icon, a.URL, len(a.AlsoKnownAs), err)
	}
	iri := "https://a/" + strings.Repeat("x", MaxIRI)
	act, err := ParseActivity(t.Context(), []byte(fmt.Sprintf(`{"type":"Create","id":%q,"actor":"https://a/u","object":{"type":"Note","id":%q,"content":%q,"attachment":[%s{}],"to":[%s"https://a/x"]}}`,
		iri, iri, long, strings.Repeat(`{"type":"Image","url":"https://a/i.png"},`, 100), strings.Repeat(`"https://a/x",`, 900))))
	if err != nil || act.ID != "" || act.Object.ID != "" || act.Object.Content != "" || len(act.Object.Attachments) != maxAttachments || len(act.Object.To) != maxAddressees {
		t.Errorf("%q %q, content of %d, %d attachments, to %d, %v", act.ID, act.Object.ID, len(act.Object.Content), len(act.Object.Attachments), len(act.Object.To), err)
	}
}

func TestAGlanceIsAsWhatIsRead(t *testing.T) {
	for name, data := range samples(t) {
		g, err := Glance(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		a, err := ParseActivity(t.Context(), data)
		if err != nil {
			continue // an actor
		}
		if g != (Peek{ID: a.ID, Type: a.Type, Actor: a.Actor, Object: a.Object.ID}) {
			t.Errorf("%s: at a glance %+v, read %+v", name, g, a)
		}
	}
}

func BenchmarkParseActivity(b *testing.B) {
	data := samples(b)["mastodon_create_reply"]
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := ParseActivity(b.Context(), data); err != nil {
			b.Fatal(err)
		}
	}
}
