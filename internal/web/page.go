package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
)

// headPlace is where a page has what it says of itself to crawlers.
const headPlace = "<!--head-->"

// pageAt returns the file of the page that is shown at a path other than "/".
func pageAt(p string) (name string, ok bool) {
	switch {
	case strings.HasPrefix(p, "/admin/"):
		return "admin.html", true
	case p == "/embed/video":
		return "video.html", true
	case p == "/embed/chat/readonly", p == "/embed/chat/readwrite":
		return "chat.html", true
	case strings.HasPrefix(p, "/schedule/"), strings.HasPrefix(p, "/recordings/"):
		rest := p[strings.LastIndexByte(p, '/')+1:]
		return "index.html", strings.Count(p, "/") == 2 && rest != ""
	}
	return "", false
}

// page serves a page of the application. Whatever the path is, its relative
// URLs are those of the root.
func (a *app) page(w http.ResponseWriter, r *http.Request, name string) error {
	if a.files == nil {
		return notFound(w, r)
	}
	html, err := a.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return notFound(w, r)
	}
	if err != nil {
		return fmt.Errorf("web application: %w", err)
	}
	html, found := a.introduce(w, r, name, html)
	if up := strings.Count(r.URL.Path, "/") - 1; up > 0 {
		html = insertBase(html, strings.Repeat("../", up))
	}
	sum := sha256.Sum256(html)
	tag := base64.RawURLEncoding.EncodeToString(sum[:12])
	h := w.Header()
	h.Set("Content-Type", httpx.ContentType(name))
	h.Set("Cache-Control", revalidate)
	h.Add("Vary", "Accept-Encoding")
	if r.Header.Get("Range") == "" && httpx.AcceptsEncoding(r.Header.Get("Accept-Encoding"), "gzip") {
		if html, err = pack(html); err != nil {
			return fmt.Errorf("web application: %w", err)
		}
		h.Set("Content-Encoding", "gzip")
		tag += "-gzip"
	}
	h.Set("ETag", `"`+tag+`"`)
	if !found {
		w.WriteHeader(http.StatusNotFound)
		if r.Method != http.MethodHead {
			_, err = w.Write(html)
		}
		return err
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(html))
	return nil
}

// introduce lets a page say what it is about, and sets its policy. It returns
// whether there is what the page is about.
func (a *app) introduce(w http.ResponseWriter, r *http.Request, name string, html []byte) (page []byte, found bool) {
	c := a.channel(r.Context())
	var item Item
	var tags []byte
	found = true
	mayAdd := bytes.Contains(html, []byte(headPlace)) // a host's own page need not want it
	switch name {
	case "admin.html":
		a.guard(w.Header(), Channel{}, "'self'")
	case "index.html":
		a.guard(w.Header(), c, "'self'")
		if c.IndieAuth && r.URL.Path == "/" {
			for _, l := range indieAuthLinks() { // pages of hosts have no place for them
				w.Header().Add("Link", "<"+l.href+`>; rel="`+l.rel+`"`)
			}
		}
		if p := r.URL.Path; p != "/" && a.config.Item != nil {
			item, found = a.config.Item(r.Context(), p)
		}
		if mayAdd {
			var title string
			title, tags = a.describe(r, c, item)
			html = retitle(html, title)
		}
	default:
		a.guard(w.Header(), c, a.config.FrameAncestors...)
		tags = []byte(`<meta name="robots" content="noindex" />`)
	}
	return bytes.Replace(html, []byte(headPlace), bytes.TrimSpace(tags), 1), found
}

// has tells whether there is a file.
func (a *app) has(name string) bool {
	v, err := a.open(name, "")
	if err != nil {
		return false
	}
	return v.file.Close() == nil
}

// read returns a file as it is, unpacked if need be.
func (a *app) read(name string) ([]byte, error) {
	v, err := a.open(name, "")
	if err != nil {
		return nil, err
	}
	defer func() { _ = v.file.Close() }()
	return io.ReadAll(v.content)
}

// insertBase makes the relative URLs of a page those of another path. The base
// must stand before all URLs, so it is the first in the head.
func insertBase(html []byte, href string) []byte {
	head := []byte("<head>")
	before, after, ok := bytes.Cut(html, head)
	if !ok {
		return html
	}
	base := fmt.Appendf(nil, "\n    <base href=\"%s\" />", href)
	return bytes.Join([][]byte{before, head, base, after}, nil)
}

func pack(data []byte) ([]byte, error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(data)
	err = errors.Join(err, z.Close())
	return packed.Bytes(), err
}
