package images

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

const (
	svgSpace   = "http://www.w3.org/2000/svg"
	xlinkSpace = "http://www.w3.org/1999/xlink"

	maxSVGElements = 10_000 // in the file
	maxSVGDepth    = 64     // of elements in each other
	maxSVGDrawn    = 50_000 // elements, counting those again that are drawn again
)

// svgElement is an element of a document that is kept.
type svgElement struct {
	name     string
	attrs    []svgAttr
	text     []byte // before the children
	children []*svgElement
	tail     []byte   // of text, after the element
	refs     []string // ids that it refers to

	cost    int64 // elements drawn for it; 0 while that is not known
	pending bool  // while the cost is being found
}

type svgAttr struct{ name, value string }

// svg keeps of a document the elements and attributes that are known to draw
// and to do nothing else. All others are left out with what is in them;
// links are left out and what is in them is kept.
func (r Rules) svg(data []byte) (Image, error) {
	p := svgParser{ids: map[string]*svgElement{}}
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if p.root == nil && len(p.stack) == 0 {
				return Image{}, ErrFormat
			}
			return Image{}, damaged(err)
		}
		if err := p.token(token); err != nil {
			return Image{}, err
		}
	}
	if p.root == nil {
		return Image{}, ErrFormat
	}
	if err := p.check(); err != nil {
		return Image{}, err
	}
	var out bytes.Buffer
	p.root.attrs = append([]svgAttr{{"xmlns", svgSpace}}, p.root.attrs...)
	p.root.write(&out)
	return Image{Format: SVG, Data: out.Bytes()}, nil
}

// svgParser makes a tree of what is kept.
type svgParser struct {
	root      *svgElement
	stack     []*svgElement // open elements; nil for one whose children belong to the one before
	skipping  int           // open elements within one that is left out
	elements  int64
	ids       map[string]*svgElement
	styleRefs []string
}

func (p *svgParser) token(t xml.Token) error {
	switch t := t.(type) {
	case xml.Directive:
		if bytes.ContainsAny(t, "[%") { // with declarations in it
			return ErrUnsafe
		}
	case xml.StartElement:
		return p.start(t)
	case xml.EndElement:
		return p.end()
	case xml.CharData:
		p.characters(t)
	}
	return nil // comments and instructions are left out
}

func (p *svgParser) start(t xml.StartElement) error {
	p.elements++
	if err := within("elements", p.elements, maxSVGElements); err != nil {
		return err
	}
	if err := within("elements", int64(len(p.stack)+p.skipping), maxSVGDepth); err != nil {
		return err
	}
	drawn := t.Name.Space == svgSpace || t.Name.Space == "" || t.Name.Space == "svg"
	if p.root == nil && (!drawn || t.Name.Local != "svg") {
		return ErrFormat
	}
	switch {
	case p.skipping > 0 || !drawn, p.root != nil && len(p.stack) == 0: // the last is behind the end
		p.skipping++
	case t.Name.Local == "a" || t.Name.Local == "switch":
		p.stack = append(p.stack, nil)
	case !svgElementKept(t.Name.Local):
		p.skipping++
	default:
		p.open(t)
	}
	return nil
}

func (p *svgParser) open(t xml.StartElement) {
	e := &svgElement{name: t.Name.Local}
	seen := map[string]bool{}
	for _, a := range t.Attr {
		name := a.Name.Local
		if a.Name.Space != "" && (a.Name.Space != xlinkSpace && a.Name.Space != "xlink" || name != "href") {
			continue
		}
		refs, ok := svgValue(name, a.Value)
		if !ok || seen[name] {
			continue
		}
		seen[name] = true
		e.refs = append(e.refs, refs...)
		e.attrs = append(e.attrs, svgAttr{name, a.Value})
		if name == "id" && p.ids[a.Value] == nil {
			p.ids[a.Value] = e
		}
	}
	if parent := p.parent(); parent != nil {
		parent.children = append(parent.children, e)
	} else {
		p.root = e
	}
	p.stack = append(p.stack, e)
}

// parent returns the innermost open element that is kept.
func (p *svgParser) parent() *svgElement {
	for i := len(p.stack) - 1; i >= 0; i-- {
		if p.stack[i] != nil {
			return p.stack[i]
		}
	}
	return nil
}

func (p *svgParser) end() error {
	if p.skipping > 0 {
		p.skipping--
		return nil
	}
	e := p.stack[len(p.stack)-1] // the decoder matches starts and ends
	p.stack = p.stack[:len(p.stack)-1]
	if e != nil && e.name == "style" {
		refs, ok := safeStyle(&e.text)
		if !ok {
			return ErrUnsafe
		}
		p.styleRefs = append(p.styleRefs, refs...)
	}
	return nil
}

func (p *svgParser) characters(text []byte) {
	e := p.parent()
	if e == nil || p.skipping > 0 {
		return
	}
	switch e.name {
	case "text", "tspan", "textPath", "title", "desc", "style":
	default:
		return
	}
	if n := len(e.children); n > 0 {
		e.children[n-1].tail = append(e.children[n-1].tail, text...)
		return
	}
	e.text = append(e.text, text...)
}

// check finds what a document draws again and again: a few uses within each
// other's targets make a picture that no browser ever finishes.
func (p *svgParser) check() error {
	for _, id := range p.styleRefs {
		// A rule may hold for every element, but gradients have nothing in
		// them to be drawn.
		if e := p.ids[id]; e != nil && e.name != "linearGradient" && e.name != "radialGradient" {
			return fmt.Errorf("%w: %q", ErrUnsafe, id)
		}
	}
	return p.weigh(p.root)
}

var errCircle = errors.New("it draws itself")

func (p *svgParser) weigh(e *svgElement) error {
	if e.pending {
		return fmt.Errorf("%w: %w", ErrUnsafe, errCircle)
	}
	if e.cost > 0 {
		return nil
	}
	e.pending = true
	cost := int64(1)
	parts := e.children
	for _, id := range e.refs {
		if target := p.ids[id]; target != nil {
			parts = append(parts[:len(parts):len(parts)], target)
		}
	}
	for _, part := range parts {
		if err := p.weigh(part); err != nil {
			return err
		}
		cost += part.cost
		if err := within("elements", cost, maxSVGDrawn); err != nil {
			return err
		}
	}
	e.pending, e.cost = false, cost
	return nil
}

func (e *svgElement) write(out *bytes.Buffer) {
	out.WriteString("<" + e.name)
	for _, a := range e.attrs {
		out.WriteString(" " + a.name + `="`)
		escape(out, []byte(a.value))
		out.WriteString(`"`)
	}
	if len(e.text)+len(e.children) == 0 {
		out.WriteString("/>")
	} else {
		out.WriteString(">")
		escape(out, e.text)
		for _, c := range e.children {
			c.write(out)
			escape(out, c.tail)
		}
		out.WriteString("</" + e.name + ">")
	}
}

func escape(out *bytes.Buffer, text []byte) {
	_ = xml.EscapeText(out, text) // a Buffer takes everything
}

var (
	svgID       = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_.:-]*$`)
	cssFunction = regexp.MustCompile(`([\p{L}\p{N}_-]*)\s*\(`)
	cssURL      = regexp.MustCompile(`(?i)url\(\s*['"]?#([\p{L}_][\p{L}\p{N}_.:-]*)['"]?\s*\)`)
	cssComment  = regexp.MustCompile(`(?s)/\*.*?\*/`)
)

// svgValue tells whether an attribute is kept, and which ids it refers to.
func svgValue(name, value string) (refs []string, ok bool) {
	switch {
	case name == "href":
		id, found := strings.CutPrefix(strings.TrimSpace(value), "#")
		return []string{id}, found && svgID.MatchString(id)
	case name == "id":
		return nil, svgID.MatchString(value)
	case !svgAttrKept(name):
		return nil, false
	}
	return safeCSS(value)
}

// safeCSS tells whether a value loads nothing: its functions are known, and
// url() refers to the document itself.
func safeCSS(s string) (refs []string, ok bool) {
	if strings.ContainsAny(s, "\\@<{}") || strings.Contains(s, "/*") {
		return nil, false
	}
	for _, m := range cssURL.FindAllStringSubmatch(s, -1) {
		refs = append(refs, m[1])
	}
	for _, m := range cssFunction.FindAllStringSubmatch(cssURL.ReplaceAllString(s, ""), -1) {
		switch strings.ToLower(m[1]) {
		case "rgb", "rgba", "hsl", "hsla", "matrix", "translate", "translatex", "translatey", "scale", "scalex", "scaley", "rotate", "skewx", "skewy", "calc", "var":
		default:
			return nil, false
		}
	}
	return refs, true
}

// safeStyle looks at a style sheet in the same way, and takes its comments
// out.
func safeStyle(text *[]byte) (refs []string, ok bool) {
	*text = cssComment.ReplaceAll(*text, nil)
	return safeCSS(strings.NewReplacer("{", " ", "}", " ").Replace(string(*text)))
}
