package images

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// drawing is one as programs write them.
const drawing = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<!-- a comment -->
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" viewBox="0 0 9 9" width="9" sodipodi:docname="secret.svg">
<sodipodi:namedview><x/></sodipodi:namedview>
<metadata>who made it</metadata>
<title>A &amp; B</title>
<style>/* colors */ .a{fill:url(#g);stroke:#123} .b > .c{opacity:.5}</style>
<defs><linearGradient id="g"><stop offset="0" stop-color="rgb(1,2,3)"/></linearGradient><path id="p" d="M0 0L9 9z"/></defs>
<g class="a" transform="translate(1 2) scale(.5)" style="fill:url('#g')"><use xlink:href="#p" x="1"/></g>
<a xlink:href="https://x.example"><circle r="3" onclick="alert(1)"/></a>
<text x="1">one <tspan dy="1">two</tspan> three</text>
</svg>`

func TestDrawingsKeepWhatIsDrawn(t *testing.T) {
	got, err := Clean([]byte(drawing), rules())
	if err != nil {
		t.Fatal(err)
	}
	want := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" width="9">` +
		`<title>A &amp; B</title>` +
		`<style> .a{fill:url(#g);stroke:#123} .b &gt; .c{opacity:.5}</style>` +
		`<defs><linearGradient id="g"><stop offset="0" stop-color="rgb(1,2,3)"/></linearGradient><path id="p" d="M0 0L9 9z"/></defs>` +
		`<g class="a" transform="translate(1 2) scale(.5)" style="fill:url(&#39;#g&#39;)"><use href="#p" x="1"/></g>` +
		`<circle r="3"/>` +
		`<text x="1">one <tspan dy="1">two</tspan> three</text>` +
		`</svg>`
	if string(got.Data) != want {
		t.Errorf("got  %s\nwant %s", got.Data, want)
	}
	if err := checkSVG(got.Data); err != nil {
		t.Error(err)
	}
}

// billionUses draws 10^9 circles.
func billionUses() string {
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg"><circle id="u0" r="1"/>`)
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, `<g id="u%d">%s</g>`, i, strings.Repeat(fmt.Sprintf(`<use href="#u%d"/>`, i-1), 10))
	}
	b.WriteString(`</svg>`)
	return b.String()
}

func svgAttacks() []string {
	list := strings.Split(strings.TrimSpace(`
<script>alert(1)</script>
<script href="data:,alert(1)"/>
<x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script>
<h:script xmlns:h="http://www.w3.org/1999/xhtml">alert(1)</h:script>
<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="javascript:alert(1)"/></foreignObject>
<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></body></foreignObject>
<g onload="alert(1)"/>
<g ONCLICK="alert(1)"/>
<g onload="x" cursor="x" src="x"/>
<circle onmouseover="alert(1)" r="9"/>
<a href="javascript:alert(1)"><text>x</text></a>
<a xlink:href="javascript:alert(1)"><text>x</text></a>
<a xmlns:y="http://www.w3.org/1999/xlink" y:href="javascript:alert(1)"><text>x</text></a>
<image href="https://evil.example/track.png"/>
<image xlink:href="data:image/svg+xml,x"/>
<use href="https://evil.example/x.svg#y"/>
<use xlink:href="data:image/svg+xml;base64,PHN2Zy8+#x"/>
<use href="javascript:alert(1)"/>
<use href="x"/>
<use href=" #x" xlink:href="javascript:alert(1)"/>
<feImage href="https://evil.example/x"/>
<animate attributeName="href" values="javascript:alert(1)"/>
<set attributeName="onmouseover" to="alert(1)"/>
<animateTransform onbegin="alert(1)"/>
<handler type="text/ecmascript">alert(1)</handler>
<listener event="click" handler="#x"/>
<iframe src="javascript:alert(1)"/>
<embed src="javascript:alert(1)"/>
<object data="javascript:alert(1)"/>
<video src="x" onerror="alert(1)"/>
<audio src="x" onerror="alert(1)"/>
<link xmlns="http://www.w3.org/1999/xhtml" rel="stylesheet" href="https://evil.example/x.css"/>
<meta xmlns="http://www.w3.org/1999/xhtml" http-equiv="refresh" content="0;url=javascript:alert(1)"/>
<g style="background:url(https://evil.example/x)"/>
<g style="background:u\72l(https://evil.example/x)"/>
<g style="background:image-set('https://evil.example/x' 1x)"/>
<g style="background:-webkit-image-set(url(https://evil.example/x) 1x)"/>
<g style="background:cross-fade('x','y')"/>
<g style="width:expression(alert(1))"/>
<g style="behavior:url(x.htc)"/>
<g style="-moz-binding:url(https://evil.example/x.xml#x)"/>
<g style="fill:url(#x)/*"/>
<g style="fill:url( &quot;https://evil.example/#x&quot;)"/>
<g style="fill:url(#x);background:url(//evil.example)"/>
<g fill="url(https://evil.example/x.svg#y)"/>
<g fill="URL(data:x)"/>
<g filter="url(https://evil.example/x.svg#y)"/>
<g mask="url(//evil.example)"/>
<g clip-path="url(&#x68;ttps://evil.example)"/>
<g cursor="url(https://evil.example/x.cur)"/>
<g id="x&quot; onload=&quot;alert(1)"/>
<title>&lt;script&gt;alert(1)&lt;/script&gt;</title>
<title><![CDATA[<script>alert(1)</script>]]></title>
<desc><script>alert(1)</script></desc>
<text><script>alert(1)</script>x</text>
<text>]]&gt;&lt;script&gt;</text>
<svg><script>alert(1)</script></svg>
<g xml:base="https://evil.example/"><use href="#x"/></g>
<g xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></g>
<?xml-stylesheet href="https://evil.example/x.css"?>
<!--><script>alert(1)</script>-->
<unknown><script>alert(1)</script></unknown>
<discard begin="0"/>
<solidcolor/>
<g requiredExtensions="x" systemLanguage="y" externalResourcesRequired="true"/>
`), "\n")
	for i := range list {
		list[i] = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="alert(1)">` + list[i] + `</svg>`
	}
	return append(
		list,
		`<svg onload="alert(1)"/>`, `<svg:svg xmlns:svg="http://www.w3.org/2000/svg"><svg:script>alert(1)</svg:script></svg:svg>`,
		`<?xml-stylesheet type="text/xsl" href="data:text/xml;base64,PHg+"?><svg/>`, "\xef\xbb\xbf <svg/>",
		`<svg/><script>alert(1)</script>`, `<svg/><svg onload="alert(1)"/>`, `<svg><g/></svg>trailing`,
	)
}

func TestNoAttackIsLeftInADrawing(t *testing.T) {
	for _, in := range svgAttacks() {
		got, err := Clean([]byte(in), rules())
		if err != nil {
			if !errors.Is(err, ErrUnsafe) && !errors.Is(err, ErrDamaged) {
				t.Errorf("%s: %v", in, err)
			}
			continue
		}
		if err := checkSVG(got.Data); err != nil {
			t.Errorf("%s: %v in %s", in, err, got.Data)
		}
	}
}

func TestWhatCannotBeLeftOutRefusesTheDrawing(t *testing.T) {
	tests := map[string]string{
		"an entity":                   `<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>`,
		"entities in entities":        `<!DOCTYPE svg [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>`,
		"a parameter entity":          `<!DOCTYPE svg [<!ENTITY % x SYSTEM "https://evil.example/x.dtd">%x;]><svg/>`,
		"a style that imports":        `<svg><style>@import "https://evil.example/x.css"</style></svg>`,
		"a style that loads":          `<svg><style>g{background:url(https://evil.example)}</style></svg>`,
		"a style with a font":         `<svg><style>@font-face{src:url(data:font/woff2,x)}</style></svg>`,
		"a style with escapes":        `<svg><style>g{background:u\72l(x)}</style></svg>`,
		"a style behind comments":     `<svg><style>g{background:ur/**/l(https://evil.example)}</style></svg>`,
		"a style that ends itself":    `<svg><style>&lt;/style&gt;&lt;script&gt;</style></svg>`,
		"a style that draws patterns": `<svg><style>g{fill:url(#p)}</style><pattern id="p"><g/></pattern></svg>`,
		"itself":                      `<svg><g id="x"><use href="#x"/></g></svg>`,
		"itself by a pattern":         `<svg><pattern id="p"><g fill="url(#p)"/></pattern></svg>`,
		"itself by another":           `<svg><g id="x"><use href="#y"/></g><g id="y"><use href="#x"/></g></svg>`,
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := Clean([]byte(in), rules()); !errors.Is(err, ErrUnsafe) {
				t.Errorf("%v, %s", err, got.Data)
			}
		})
	}
	if _, err := Clean([]byte(`<svg><text>&unknown;</text></svg>`), rules()); !errors.Is(err, ErrDamaged) {
		t.Errorf("an entity that is not declared: %v", err)
	}
	if _, err := Clean([]byte(`<?xml version="1.0" encoding="UTF-16"?><svg/>`), rules()); err == nil {
		t.Error("another encoding is accepted")
	}
}

// checkSVG looks at a document in its own way.
func checkSVG(data []byte) error {
	d := xml.NewDecoder(strings.NewReader(strings.Replace(string(data), `xmlns="http://www.w3.org/2000/svg"`, "", 1)))
	style := false
	for {
		token, err := d.RawToken()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			style = token.Name.Local == "style"
			if token.Name.Space != "" || strings.Contains(" script foreignObject image feImage animate set a iframe handler metadata ", " "+token.Name.Local+" ") {
				return fmt.Errorf("element %q", token.Name)
			}
			for _, a := range token.Attr {
				name := strings.ToLower(a.Name.Local)
				if a.Name.Space != "" || strings.HasPrefix(name, "on") || name == "xmlns" || name == "src" || name == "cursor" || name == "base" {
					return fmt.Errorf("attribute %q", a.Name)
				}
				if name == "href" && !strings.HasPrefix(strings.TrimSpace(a.Value), "#") {
					return fmt.Errorf("href %q", a.Value)
				}
				if err := checkURLs(a.Value); err != nil {
					return err
				}
			}
		case xml.CharData:
			if style {
				if bytes.ContainsAny(token, "@\\<") {
					return fmt.Errorf("style %q", token)
				}
				if err := checkURLs(string(token)); err != nil {
					return err
				}
			}
		case xml.EndElement:
			style = false
		default:
			return fmt.Errorf("a token of type %T", token)
		}
	}
}

// checkURLs looks at what stands before each parenthesis.
func checkURLs(s string) error {
	for i, c := range s {
		if c != '(' {
			continue
		}
		before := strings.ToLower(strings.TrimSpace(s[:i]))
		name := before[len(strings.TrimRight(before, "abcdefghijklmnopqrstuvwxyz0123456789-_")):]
		switch name {
		case "url":
			if !strings.HasPrefix(strings.TrimLeft(s[i+1:], " \t\r\n'\""), "#") {
				return fmt.Errorf("a URL in %q", s)
			}
		case "rgb", "rgba", "hsl", "hsla", "matrix", "translate", "translatex", "translatey", "scale", "scalex", "scaley", "rotate", "skewx", "skewy", "calc", "var":
		default:
			return fmt.Errorf("%s() in %q", name, s)
		}
	}
	return nil
}

func BenchmarkCleanSVG(b *testing.B) {
	b.ReportAllocs()
	r := rules()
	for b.Loop() {
		if _, err := Clean([]byte(drawing), r); err != nil {
			b.Fatal(err)
		}
	}
}
