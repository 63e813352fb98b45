package indieauth

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/owncast-go/owncast/internal/httpx"
)

// Relations of links (sections 4.1 and 4.2).
const (
	relMetadata = "indieauth-metadata"
	relEndpoint = "authorization_endpoint"
	relRedirect = "redirect_uri"
)

// maxLinks is how many links of a document are looked at.
const maxLinks = 200

// link is one that a document has of itself.
type link struct {
	rels []string // lower-case
	href string
}

// has tells whether a link is of a relation.
func (l link) has(rel string) bool { return slices.Contains(l.rels, rel) }

// headerLinks reads the Link headers of an answer (RFC 8288, section 3). Links
// of other documents are left out.
func headerLinks(h http.Header) []link {
	var links []link
	for _, value := range h.Values("Link") {
		for value != "" && len(links) < maxLinks {
			var l link
			var own bool
			l, own, value = headerLink(value)
			if own && len(l.rels) > 0 {
				links = append(links, l)
			}
		}
	}
	return links
}

// headerLink reads the first link of a value, and returns the rest. own tells
// whether it is a link of the document itself.
func headerLink(s string) (l link, own bool, rest string) {
	s = strings.TrimLeft(s, " \t,")
	if !strings.HasPrefix(s, "<") {
		_, rest = cutOutside(s, ",")
		return l, false, rest
	}
	href, s, ok := strings.Cut(s[1:], ">")
	if !ok {
		return l, false, ""
	}
	l.href, own = href, true
	params, rest := cutOutside(s, ",")
	seen := false
	for params != "" {
		var param string
		param, params = cutOutside(params, ";")
		name, value, _ := strings.Cut(param, "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "rel":
			if !seen { // others after it are ignored
				l.rels = strings.Fields(strings.ToLower(unquote(strings.TrimSpace(value))))
			}
			seen = true
		case "anchor":
			own = false
		}
	}
	return l, own, rest
}

// cutOutside cuts s at the first of a separator that is not in quotes.
func cutOutside(s, sep string) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case !quoted && s[i] == sep[0]:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// unquote reads a quoted-string (RFC 9110, section 5.6.4), or returns s.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	var b strings.Builder
	for i := 1; i < len(s)-1; i++ {
		if s[i] == '\\' && i+1 < len(s)-1 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// documentLinks reads the <link> elements of HTML, and the base of its relative
// URLs: "" if it has none of its own. It stops where until returns true, and
// has what it has found where the document is too large.
func documentLinks(r io.Reader, until func(link) bool) (links []link, base string, err error) {
	z := html.NewTokenizer(r)
	z.SetMaxBuf(MaxDocument)
	for {
		switch z.Next() {
		case html.ErrorToken:
			err := z.Err()
			large := errors.Is(err, html.ErrBufferExceeded) || errors.Is(err, httpx.ErrTooLarge)
			if errors.Is(err, io.EOF) || large && len(links) > 0 {
				err = nil
			}
			return links, base, err
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			switch tag := string(name); tag {
			case "base", "link":
				l := attributes(z, more)
				if tag == "base" {
					if base == "" {
						base = l.href
					}
					continue
				}
				if l.href == "" && len(l.rels) == 0 {
					continue
				}
				links = append(links, l)
				if len(links) >= maxLinks || until(l) {
					return links, base, nil
				}
			}
		}
	}
}

// attributes reads those of a tag. The first of a name counts.
func attributes(z *html.Tokenizer, more bool) (l link) {
	var rel, href bool
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch {
		case string(key) == "rel" && !rel:
			l.rels, rel = strings.Fields(strings.ToLower(string(value))), true
		case string(key) == "href" && !href:
			l.href, href = string(value), true
		}
	}
	return l
}

// rebase returns what relative URLs of a document at u are relative to.
func rebase(u *url.URL, base string) *url.URL {
	if base == "" {
		return u
	}
	ref, err := url.Parse(strings.TrimSpace(base))
	if err != nil {
		return u
	}
	if b := u.ResolveReference(ref); b.Host != "" {
		return b
	}
	return u
}
