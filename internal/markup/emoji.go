package markup

import (
	"html"
	"regexp"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// shortcode is an emoji at the beginning of a text.
var shortcode = regexp.MustCompile(`^:([A-Za-z0-9_-]{1,64}):`)

// chatContext is the parser's context of a message. It carries the function,
// since the keys that the parser has for such things are made by counting in
// a variable of its package.
type chatContext struct {
	parser.Context
	emoji EmojiFunc
}

// emojiParser finds ":name:".
type emojiParser struct{}

func (emojiParser) Trigger() []byte { return []byte{':'} }

func (emojiParser) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	ctx, ok := pc.(chatContext)
	if !ok || ctx.emoji == nil {
		return nil
	}
	line, _ := block.PeekLine()
	m := shortcode.FindSubmatch(line)
	if m == nil {
		return nil
	}
	url, ok := ctx.emoji(string(m[1]))
	if !ok || !emojiURL.MatchString(url) {
		return nil
	}
	block.Advance(len(m[0]))
	code := string(m[0]) // of characters that need no escape
	node := ast.NewString([]byte(`<img src="` + html.EscapeString(url) + `" class="emoji" alt="` + code + `" title="` + code + `">`))
	node.SetCode(true) // which is written as it is
	return node
}
