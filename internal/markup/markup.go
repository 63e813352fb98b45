// Package markup makes HTML of what people write, such that nothing in it can
// run, send a form, load a document or look like a part of the page: Markdown
// of the channel's pages, and chat messages.
//
// What it returns is meant to be the content of an element of a page, not of
// an attribute, a script or a style.
package markup

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	rendererhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// Limits of what is rendered, in bytes. What is longer is cut; whoever takes
// text from people should refuse it before.
const (
	MaxPage = 64 << 10
	MaxChat = 4 << 10
)

// Renderer renders. It is safe for concurrent use and holds nothing of what
// it has rendered. Make one with [New].
type Renderer struct {
	page, chat             goldmark.Markdown
	pagePolicy, chatPolicy *bluemonday.Policy
	notePolicy             *bluemonday.Policy
	plainPolicy            *bluemonday.Policy
}

// indentedParagraphParser takes what would be code if there was any.
type indentedParagraphParser struct{ parser.BlockParser }

func (indentedParagraphParser) CanAcceptIndentedLine() bool { return true }

// EmojiFunc returns the URL of an emoji's picture, or false if there is no
// such emoji. The name is what stands between two colons: letters, digits, -
// and _, in any case. The URL must be relative or a path, end in one of
// .png, .gif, .jpg, .webp and .svg, and have "img/emoji/" before its file
// name; others are not shown.
type EmojiFunc func(name string) (url string, ok bool)

// New returns a Renderer.
func New() *Renderer {
	page := goldmark.New(
		// Task lists are left out: their boxes would be form fields.
		goldmark.WithExtensions(
			linkify(), extension.Strikethrough,
			extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
		),
		goldmark.WithRendererOptions(rendererhtml.WithUnsafe()), // the policy decides
	)
	return &Renderer{
		page: page, pagePolicy: newPagePolicy(),
		chat: newChatMarkdown(), chatPolicy: newChatPolicy(), notePolicy: newNotePolicy(),
		plainPolicy: bluemonday.StrictPolicy().AddSpaceWhenStrippingTag(true),
	}
}

func linkify() goldmark.Extender {
	return extension.NewLinkify(extension.WithLinkifyAllowedProtocols([]string{"http:", "https:"}))
}

// newChatMarkdown has no HTML, and nothing of Markdown that somebody might
// type without meaning it: headings, indented code, reference definitions.
func newChatMarkdown() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithParser(parser.NewParser(
			parser.WithBlockParsers(
				util.Prioritized(parser.NewListParser(), 300),
				util.Prioritized(parser.NewListItemParser(), 400),
				util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
				util.Prioritized(parser.NewBlockquoteParser(), 800),
				util.Prioritized(indentedParagraphParser{parser.NewParagraphParser()}, 1000),
			),
			parser.WithInlineParsers(
				util.Prioritized(parser.NewCodeSpanParser(), 100),
				util.Prioritized(parser.NewLinkParser(), 200),
				util.Prioritized(emojiParser{}, 250),
				util.Prioritized(parser.NewAutoLinkParser(), 300),
				util.Prioritized(parser.NewEmphasisParser(), 500),
			),
		)),
		goldmark.WithExtensions(linkify(), extension.Strikethrough),
	)
}

// Page renders GitHub Flavored Markdown without task lists: what a channel
// says of itself. HTML within it may format text, and show pictures, sound
// and video, from anywhere by http and https; of everything else the text is
// left. Relative links stay relative. At most [MaxPage] bytes are rendered,
// and what is nested deeper than people write is shown as plain text.
func (r *Renderer) Page(markdown string) string {
	return r.render(r.page, r.pagePolicy, cut(markdown, MaxPage), parser.NewContext())
}

// Chat renders a chat message: emphasis, code, quotes, lists, links, which are
// not followed by search engines, and emoji, none if the function is nil.
// HTML is shown as it was typed, pictures are left out. At most [MaxChat]
// bytes are rendered. The result may be empty.
func (r *Renderer) Chat(message string, emoji EmojiFunc) string {
	return r.render(r.chat, r.chatPolicy, cut(message, MaxChat), chatContext{parser.NewContext(), emoji})
}

// CleanChat returns what Chat has made as it is, and of any other HTML what
// Chat could have made.
func (r *Renderer) CleanChat(html string) string {
	return strings.TrimSpace(r.chatPolicy.Sanitize(html))
}

// Note cleans the HTML of a post from elsewhere: paragraphs, emphasis, code,
// quotes, lists, and links, which are not followed by search engines and carry
// no marks of their own. Of everything else the text is left, but of scripts
// and styles nothing. At most [MaxPage] bytes are read.
func (r *Renderer) Note(html string) string {
	clean := strings.TrimSpace(r.notePolicy.Sanitize(cut(html, MaxPage)))
	if tooDeep(clean) {
		return asText(r.Plain(html))
	}
	return clean
}

func (r *Renderer) render(md goldmark.Markdown, policy *bluemonday.Policy, source string, ctx parser.Context) string {
	var out bytes.Buffer
	if overwrought(source) || md.Convert([]byte(source), &out, parser.WithContext(ctx)) != nil {
		return asText(source)
	}
	clean := strings.TrimSpace(policy.SanitizeReader(&out).String())
	if tooDeep(clean) {
		return asText(source)
	}
	return clean
}

func asText(source string) string {
	return "<p>" + html.EscapeString(strings.TrimSpace(source)) + "</p>"
}

// Plain returns the text of HTML on one line, without tags, scripts, styles
// and comments. The result is text and not HTML: "&lt;b&gt;" becomes "<b>".
func (r *Renderer) Plain(s string) string {
	return strings.Join(strings.Fields(html.UnescapeString(r.plainPolicy.Sanitize(cut(s, MaxPage)))), " ")
}

// cut returns the first n bytes of s at the most, in whole characters.
func cut(s string, n int) string {
	if len(s) > n {
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

var (
	webURL      = regexp.MustCompile(`^(?i)(?:https?://[^\s"'<>\\]+|[^\s"'<>\\:]+)$`)
	absoluteURL = regexp.MustCompile(`^(?i)https?://[^/?#@:\s"'<>\\]`)
	emojiURL    = regexp.MustCompile(`^(?:/?[A-Za-z0-9._~-]+)*/?img/emoji/[A-Za-z0-9_-]+\.(?:png|gif|jpg|webp|svg)(?:\?[a-z0-9=]+)?$`)
	emojiClass  = regexp.MustCompile(`^emoji$`)
	emojiCode   = regexp.MustCompile(`^:[A-Za-z0-9_-]+:$`)
	size        = regexp.MustCompile(`^[0-9]{1,4}%?$`)
	flag        = regexp.MustCompile(`^(?i)(?:|true|[a-z]{1,20})$`)
	align       = regexp.MustCompile(`^(?i)(?:left|right|center)$`)
	preload     = regexp.MustCompile(`^(?:none|metadata|auto)$`)
	mediaType   = regexp.MustCompile(`^(?:audio|video|application)/[A-Za-z0-9.+-]+$`)
)

func newPagePolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(
		"p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "div", "span", "center",
		"strong", "b", "em", "i", "u", "s", "del", "ins", "sub", "sup", "small", "mark", "abbr", "q", "cite", "kbd", "samp", "var",
		"code", "pre", "blockquote", "ul", "ol", "li", "dl", "dt", "dd",
		"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "details", "summary", "figure", "figcaption",
		"img", "video", "audio", "source",
	)
	p.AllowAttrs("title").Matching(bluemonday.Paragraph).Globally()
	p.AllowAttrs("align").Matching(align).OnElements("p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "th", "td", "img")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("colspan", "rowspan").Matching(bluemonday.Integer).OnElements("th", "td")
	p.AllowAttrs("alt").Matching(bluemonday.Paragraph).OnElements("img")
	p.AllowAttrs("src").Matching(webURL).OnElements("img", "video", "audio", "source")
	p.AllowAttrs("poster").Matching(webURL).OnElements("video")
	p.AllowAttrs("width", "height").Matching(size).OnElements("img", "video")
	p.AllowAttrs("controls", "loop", "muted", "playsinline").Matching(flag).OnElements("video", "audio")
	p.AllowAttrs("preload").Matching(preload).OnElements("video", "audio")
	p.AllowAttrs("type").Matching(mediaType).OnElements("source")
	p.AllowAttrs("open").Matching(flag).OnElements("details")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	return p
}

func newNotePolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "em", "strong", "b", "i", "u", "s", "del", "code", "pre", "blockquote", "ul", "ol", "li")
	p.AllowAttrs("href").Matching(absoluteURL).OnElements("a")
	p.AllowURLSchemes("http", "https")
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	return p
}

func newChatPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol", "li")
	p.AllowAttrs("href").Matching(absoluteURL).OnElements("a")
	p.AllowURLSchemes("http", "https")
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	p.AllowRelativeURLs(true) // for emoji
	p.AllowAttrs("src").Matching(emojiURL).OnElements("img")
	p.AllowAttrs("class").Matching(emojiClass).OnElements("img")
	p.AllowAttrs("alt", "title").Matching(emojiCode).OnElements("img")
	return p
}
