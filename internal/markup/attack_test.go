package markup

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// attacks are texts that run a script, load something, send something or break
// the page where HTML is not looked at well enough. The browser tests send
// those in the file to a page.
func attacks() []string {
	data, err := os.ReadFile("testdata/attacks.json")
	if err != nil {
		panic(err)
	}
	var list []string
	if err := json.Unmarshal(data, &list); err != nil {
		panic(err)
	}
	return append(list, // what JSON cannot have, or is longer than a message may be
		"\xff<script>alert(1)</script>", "<\xc0\xbcscript>",
		strings.Repeat("<div>", 600)+"<svg><style><img src=x onerror=alert(1)>", strings.Repeat("<b>", 2000)+"<script>alert(1)</script>",
	)
}

// evilEmoji answers with what a store would never have.
func evilEmoji(name string) (string, bool) {
	switch name {
	case "ok":
		return "/live/img/emoji/ok.png", true
	case "evil":
		return `javascript:alert(1)"/img/emoji/ok.png`, true
	}
	return "", false
}

func TestNoAttackGetsThrough(t *testing.T) {
	r := New()
	list := attacks()
	if len(list) < 400 {
		t.Fatalf("there are only %d", len(list))
	}
	for _, in := range list {
		if out := r.Page(in); check(out, false) != nil {
			t.Errorf("Page(%.200q) has %v: %.200s", in, check(out, false), out)
		}
		if out := r.Chat(in, evilEmoji); check(out, true) != nil {
			t.Errorf("Chat(%.200q) has %v: %.200s", in, check(out, true), out)
		}
	}
}

// The checker is only worth something if it finds the attacks themselves.
func TestTheCheckFindsAttacks(t *testing.T) {
	missed := 0
	for _, in := range attacks() {
		if !strings.HasPrefix(in, "<") {
			continue
		}
		if check(in, true) == nil {
			t.Logf("nothing wrong with %q", in)
			missed++
		}
	}
	if missed > 20 {
		t.Errorf("it found nothing wrong with %d", missed)
	}
}

func FuzzPage(f *testing.F) {
	for _, in := range attacks() {
		f.Add(in)
	}
	r := New()
	f.Fuzz(func(t *testing.T, in string) {
		out := r.Page(in)
		if err := check(out, false); err != nil {
			t.Fatalf("%v in %.300s", err, out)
		}
		if len(out) > 100*min(len(in), MaxPage)+maxCells*20 {
			t.Fatalf("%d bytes made %d", len(in), len(out))
		}
	})
}

func FuzzChat(f *testing.F) {
	for _, in := range attacks() {
		f.Add(in)
	}
	r := New()
	f.Fuzz(func(t *testing.T, in string) {
		if out := r.Chat(in, evilEmoji); check(out, true) != nil {
			t.Fatalf("%v in %.300s", check(out, true), out)
		}
		if out := r.Plain(in); strings.ContainsAny(out, "\n\t") {
			t.Fatalf("Plain made more than a line: %q", out)
		}
	})
}
