package markup

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPagesAreMarkdownWithPicturesAndVideo(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"emphasis", "*a* **b** ~~c~~ `d`", "<p><em>a</em> <strong>b</strong> <del>c</del> <code>d</code></p>"},
		{"a heading", "# Hello", "<h1>Hello</h1>"},
		{"a relative link stays relative", "[a](b/c?d=e&f#g)", `<p><a href="b/c?d=e&amp;f#g">a</a></p>`},
		{"a foreign link opens a tab", "[a](https://x.example/)", `<p><a href="https://x.example/" target="_blank" rel="noopener">a</a></p>`},
		{"an address", "https://x.example/a_b", `<p><a href="https://x.example/a_b" target="_blank" rel="noopener">https://x.example/a_b</a></p>`},
		{"mail", "[m](mailto:a@x.example)", `<p><a href="mailto:a@x.example">m</a></p>`},
		{"a picture", "![alt](public/a.png \"t\")", `<p><img src="public/a.png" alt="alt" title="t"></p>`},
		{"a table", "|a|b|\n|-|:-:|\n|1|2|", "<table>\n<thead>\n<tr>\n<th>a</th>\n<th align=\"center\">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td align=\"center\">2</td>\n</tr>\n</tbody>\n</table>"},
		{"a task list is a list", "- [x] done", "<ul>\n<li>[x] done</li>\n</ul>"},
		{
			"a video", `<video controls preload="metadata" width="40%" poster="https://x.example/p.png"><source src="https://x.example/v.mp4" type="video/mp4"></video>`,
			`<p><video controls="" preload="metadata" width="40%" poster="https://x.example/p.png"><source src="https://x.example/v.mp4" type="video/mp4"></video></p>`,
		},
		{"a video of the channel", `<video src="public/v.mp4" controls></video>`, `<p><video src="public/v.mp4" controls=""></video></p>`},
		{"of what is dropped the text is left", "<form>a <button>b</button></form>", "a b"},
		{"but not of scripts and styles", "<div>a<script>b</script><style>c</style>d</div>", "<div>ad</div>"},
		{"nothing", " \n", ""},
	}
	r := New()
	for _, tt := range tests {
		if got := r.Page(tt.in); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestChatIsTextWithAFewMarks(t *testing.T) {
	const rel = ` rel="nofollow noreferrer noopener" target="_blank"`
	tests := []struct{ name, in, want string }{
		{"text", "hello", "<p>hello</p>"},
		{"emphasis", "*a* **b** `c`", "<p><em>a</em> <strong>b</strong> <code>c</code></p>"},
		{"HTML is text", "<b>x</b> <!-- y -->", "<p>&lt;b&gt;x&lt;/b&gt; &lt;!-- y --&gt;</p>"},
		{"HTML on a line of its own", "<script>\nx\n</script>", "<p>&lt;script&gt;\nx\n&lt;/script&gt;</p>"},
		{"a heading is text", "# 1", "<p># 1</p>"},
		{"so are spaces", "     x", "<p>x</p>"},
		{"and references", "[a]: https://x.example", `<p>[a]: <a href="https://x.example"` + rel + `>https://x.example</a></p>`},
		{"an address", "see https://x.example/a?b=c&d.", `<p>see <a href="https://x.example/a?b=c&amp;d"` + rel + `>https://x.example/a?b=c&amp;d</a>.</p>`},
		{"a link", "[x](https://x.example)", `<p><a href="https://x.example"` + rel + `>x</a></p>`},
		{"a link to here is text", "[x](/admin)", "<p>x</p>"},
		{"mail is text", "a@x.example", "<p>a@x.example</p>"},
		{"a picture is nothing", "![x](https://x.example/y.png)", "<p></p>"},
		{"an emoji", "hi :ok:", `<p>hi <img src="/live/img/emoji/ok.png" class="emoji" alt=":ok:" title=":ok:"></p>`},
		{"two", ":ok::ok:", `<p>` + strings.Repeat(`<img src="/live/img/emoji/ok.png" class="emoji" alt=":ok:" title=":ok:">`, 2) + `</p>`},
		{"one that is not there", "10:30:15 :no:", "<p>10:30:15 :no:</p>"},
		{"none within code", "`:ok:`", "<p><code>:ok:</code></p>"},
		{"one whose URL cannot be", ":evil:", "<p>:evil:</p>"},
		{"two lines", "a\nb", "<p>a\nb</p>"},
		{"nothing", " ", ""},
	}
	r := New()
	for _, tt := range tests {
		if got := r.Chat(tt.in, evilEmoji); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
	if got := r.Chat(":ok:", nil); got != "<p>:ok:</p>" {
		t.Errorf("without a function: %s", got)
	}
}

func TestPlainIsTheTextOnOneLine(t *testing.T) {
	tests := []struct{ in, want string }{
		{"<p>a</p><p>b\n c</p>", "a b c"},
		{"<p>a &lt;b&gt; &amp;amp; &#39;c&#39;</p>", "a <b> &amp; 'c'"},
		{"a<script>b</script><style>c</style><!-- d -->e", "ae"},
		{"<img src=x onerror=alert(1)>", ""},
	}
	r := New()
	for _, tt := range tests {
		if got := r.Plain(tt.in); strings.ReplaceAll(got, "a e", "ae") != tt.want {
			t.Errorf("Plain(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// What makes a parser work for minutes, or write 250 MB, is shown as it is.
func TestOverwroughtTextIsShownAsText(t *testing.T) {
	rows := strings.Repeat("|\n", 5000)
	bombs := map[string]string{
		"elements":     strings.Repeat("<b><p>", 300),
		"quotes":       strings.Repeat(">", 30000),
		"lists":        strings.Repeat("- ", 15000),
		"numbers":      strings.Repeat("1. ", 10000),
		"mixed":        strings.Repeat("> - ", 8000),
		"emphasis":     strings.Repeat("*a* _b_ ", 2000),
		"links":        strings.Repeat("[a](b) ", 1500),
		"tables":       "|" + strings.Repeat("a|", 5000) + "\n|" + strings.Repeat("-|", 5000) + "\n" + rows,
		"quoted table": "> |" + strings.Repeat("a|", 5000) + "\n> |" + strings.Repeat("-|", 5000) + "\n" + strings.ReplaceAll(rows, "|\n", "> |\n"),
	}
	r := New()
	for name, in := range bombs {
		out := r.Page(in)
		if !strings.HasPrefix(out, "<p>") || strings.Count(out, "<") != 2 {
			t.Errorf("%s: it was rendered: %.100s", name, out)
		}
		if out := r.Chat(in, nil); len(out) > 40*MaxChat {
			t.Errorf("%s: in chat it made %d bytes", name, len(out))
		}
	}
	for name, in := range map[string]string{
		"a rule":       strings.Repeat("-", 200),
		"twenty lists": strings.Repeat("- ", 20) + "a",
		"a big table":  "|" + strings.Repeat("a|", 20) + "\n|" + strings.Repeat("-|", 20) + "\n" + strings.Repeat("|"+strings.Repeat("b|", 20)+"\n", 500),
	} {
		if out := r.Page(in); strings.HasPrefix(out, "<p>") {
			t.Errorf("%s was not rendered: %.100s", name, out)
		}
	}
}

func TestQuotesAndListsOfALineAreCounted(t *testing.T) {
	for line, want := range map[string]int{
		"": 0, "x": 0, "> x": 1, ">>x": 2, "> - 1. x": 3, "  10) * + x": 3, "-----": 0, "- - -": 3, "1.5": 0, "-x": 0, "*x*": 0, ">\t- \n": 2, "> > x > y": 2,
	} {
		if got := nesting(line); got != want {
			t.Errorf("%q: %d, want %d", line, got, want)
		}
	}
	if overwrought(strings.Repeat("> ", maxNesting)) || !overwrought(strings.Repeat("> ", maxNesting+1)) {
		t.Error("the limit is another one")
	}
}

func TestLongTextIsCutBetweenCharacters(t *testing.T) {
	r := New()
	for n := range 4 {
		in := strings.Repeat("x", n) + strings.Repeat("€", MaxPage)
		out := r.Page(in)
		if !utf8.ValidString(out) || strings.Contains(out, "\uFFFD") || len(out) > MaxPage+7 || len(out) < MaxPage {
			t.Errorf("%d bytes, valid %t", len(out), utf8.ValidString(out))
		}
	}
	if got := r.Chat("a\xffb", nil); got != "<p>a\uFFFDb</p>" {
		t.Errorf("what is not UTF-8 became %q", got)
	}
}

func BenchmarkChat(b *testing.B) {
	r := New()
	b.ReportAllocs()
	for b.Loop() {
		r.Chat("hello **everybody** :ok: see https://x.example/a", evilEmoji)
	}
}

func BenchmarkPage(b *testing.B) {
	r := New()
	in := strings.Repeat("# Hello\n\nSome *text* with a [link](https://x.example), and ![a picture](public/x.png).\n\n- a\n- b\n\n", 20)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		r.Page(in)
	}
}
