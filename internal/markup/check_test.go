package markup

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// allowed is what may come out, by element: written out again, apart from
// the policies, so that a mistake in one is seen.
func allowed(chat bool) map[string][]string {
	if chat {
		return map[string][]string{
			"p": {}, "br": {}, "em": {}, "strong": {}, "del": {}, "code": {}, "pre": {}, "blockquote": {}, "ul": {}, "ol": {}, "li": {},
			"a": {"href", "rel", "target"}, "img": {"src", "class", "alt", "title"},
		}
	}
	m := map[string][]string{}
	for name := range strings.FieldsSeq(`br hr span center strong b em i u s del ins sub sup small mark abbr q cite kbd samp var code pre
		blockquote ul li dl dt dd table caption thead tbody tfoot tr summary figure figcaption`) {
		m[name] = []string{}
	}
	for name := range strings.FieldsSeq("p div h1 h2 h3 h4 h5 h6") {
		m[name] = []string{"align"}
	}
	m["a"] = []string{"href", "rel", "target"}
	m["img"] = []string{"src", "alt", "width", "height", "align"}
	m["video"] = strings.Fields("src poster width height controls loop muted playsinline preload")
	m["audio"] = strings.Fields("src controls loop muted playsinline preload")
	m["source"] = []string{"src", "type"}
	m["th"], m["td"] = []string{"align", "colspan", "rowspan"}, []string{"align", "colspan", "rowspan"}
	m["ol"], m["details"] = []string{"start"}, []string{"open"}
	return m
}

// check says what is wrong with HTML that should be harmless, read as a
// browser reads it, and read again after it was written anew.
func check(out string, chat bool) error {
	for range 3 {
		body := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
		nodes, err := html.ParseFragment(strings.NewReader(out), body)
		if err != nil {
			return fmt.Errorf("it does not parse: %w", err)
		}
		var again strings.Builder
		for _, n := range nodes {
			if err := checkNode(n, chat); err != nil {
				return err
			}
			if err := html.Render(&again, n); err != nil {
				return err
			}
		}
		out = again.String()
	}
	return nil
}

func checkNode(n *html.Node, chat bool) error {
	switch n.Type {
	case html.TextNode:
		return nil
	case html.ElementNode:
	default:
		return fmt.Errorf("a node of type %d: %q", n.Type, n.Data)
	}
	if n.Namespace != "" {
		return fmt.Errorf("element %q of %q", n.Data, n.Namespace)
	}
	attrs, ok := allowed(chat)[n.Data]
	if !ok {
		return fmt.Errorf("element %q", n.Data)
	}
	for _, a := range n.Attr {
		if a.Key == "title" && !chat {
			continue
		}
		if !slices.Contains(attrs, a.Key) {
			return fmt.Errorf("attribute %q of %q", a.Key, n.Data)
		}
		if err := checkAttr(n.Data, a, chat); err != nil {
			return err
		}
	}
	for c := range n.ChildNodes() {
		if err := checkNode(c, chat); err != nil {
			return err
		}
	}
	return nil
}

func checkAttr(element string, a html.Attribute, chat bool) error {
	bad := func() error { return fmt.Errorf("%s=%q of %q", a.Key, a.Val, element) }
	switch a.Key {
	case "href", "src", "poster":
		// As a browser does (URL standard, 4.4): leading controls and
		// spaces, and all tabs and line feeds, do not count.
		v := strings.Map(func(r rune) rune {
			if r == '\t' || r == '\n' || r == '\r' {
				return -1
			}
			return r
		}, strings.TrimLeftFunc(a.Val, func(r rune) bool { return r <= ' ' }))
		scheme, _, found := strings.Cut(v, ":")
		if i := strings.IndexAny(v, "/?#"); i >= 0 && i < len(scheme) {
			found = false
		}
		if found && !slices.Contains([]string{"http", "https", "mailto"}, strings.ToLower(scheme)) {
			return bad()
		}
		if found && a.Key != "href" && strings.EqualFold(scheme, "mailto") {
			return bad()
		}
		if chat && a.Key == "href" && !strings.HasPrefix(strings.ToLower(v), "http://") && !strings.HasPrefix(strings.ToLower(v), "https://") {
			return bad()
		}
		if chat && a.Key == "src" && (strings.HasPrefix(v, "//") || strings.Contains(v, ":") || !strings.Contains(v, "img/emoji/")) {
			return bad()
		}
	case "target":
		if a.Val != "_blank" {
			return bad()
		}
	case "class":
		if a.Val != "emoji" {
			return bad()
		}
	}
	return nil
}
