package chat_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/chat"
)

// FuzzFrame has somebody send any frame, and then a message. What comes of
// them is JSON of a known type, holds no script, and the message arrives.
func FuzzFrame(f *testing.F) {
	for _, s := range []string{
		`{"type":"CHAT","body":"hello **all** :wave: https://example.org"}`, `{"type":"NAME_CHANGE","newName":"some one"}`,
		`{"type":"COLOR_CHANGE","newColor":3}`, `{"type":"CHAT","body":"<script>alert(1)</script>[x](javascript:alert(1))"}`,
		`{"type":"CHAT","body":1}`, `{"type":"NAME_CHANGE"}`, `{"type":"PING"}`, `[`, "", "\n", `{"type":"CHAT","body":"a"}` + "\n" + `{"type":"CHAT","body":"b"}`,
		`{"type":"COLOR_CHANGE","newColor":-1e9}`, `{"type":"CHAT","body":"\u0000\ud800 \u202e"}`, strings.Repeat("[", 3000),
	} {
		f.Add(s)
	}
	kinds := []string{"CHAT", "CHAT_ACTION", "NAME_CHANGE", "COLOR_CHANGE", "CONNECTED_USER_INFO", "USER_JOINED", "SYSTEM", "ERROR_NEEDS_REGISTRATION"}
	r := open(f)
	r.DeliverAtOnce()
	r.change(func(s *chat.Settings) { s.JoinMessages, s.Limits = false, chat.Limits{} })
	p := r.join("fuzz")
	n := 0
	f.Fuzz(func(t *testing.T, frame string) {
		if len(frame) > chat.MaxFrame {
			t.Skip("a longer frame ends the connection, as it should")
		}
		p.t = t
		p.send(frame)
		n++
		last := fmt.Sprintf("the %d. one", n)
		p.say(last)
		for {
			d := p.next()
			if !slices.Contains(kinds, d.Type) {
				t.Fatalf("%q: got %s", frame, d.raw)
			}
			text := strings.ToLower(d.Body)
			if strings.Contains(text, "<script") || strings.Contains(text, `"javascript:`) || strings.Contains(text, " onerror=") && strings.Contains(text, "<img src=x") {
				t.Fatalf("%q: got %s", frame, d.raw)
			}
			if d.Type == "CHAT" && strings.Contains(d.Body, last) {
				return
			}
		}
	})
}
