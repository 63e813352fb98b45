package web

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
)

// Channel is what pages say of the channel to who does not run their scripts,
// such as search engines and what shows previews of links.
type Channel struct {
	Name    string
	Summary string
	Title   string // of the stream; may be empty
	Tags    []string
	Live    bool
	// Frames are URLs of pages that the page shows within itself.
	Frames []string
	// Socket is a host that the page opens WebSockets to, or a ws or wss URL,
	// if it is not its own.
	Socket string
	// IndieAuth tells whether the channel proves to other sites who it is.
	IndieAuth bool
}

// Item is what a page below recordings/ or schedule/ is about.
type Item struct {
	Title string
	Image string // relative to the root; "" for the channel's
}

// size of the player in the pages of others, in pixels.
const embedWidth, embedHeight = 1280, 720

func (a *app) channel(ctx context.Context) Channel {
	if a.config.Channel == nil {
		return Channel{}
	}
	return a.config.Channel(ctx)
}

// head is what a page says of itself.
type head struct {
	b bytes.Buffer
}

// add never fails.
func (h *head) add(format string, args ...any) { _, _ = fmt.Fprintf(&h.b, format, args...) }

func (h *head) meta(key, name, content string) {
	if content != "" {
		h.add("\n    <meta %s=\"%s\" content=\"%s\" />", key, name, html.EscapeString(content))
	}
}

func (h *head) link(rel, href, attributes string) {
	h.add("\n    <link rel=\"%s\" href=\"%s\"%s />", rel, html.EscapeString(href), attributes)
}

// describe fills in the head of a viewer's page: Open Graph, what Twitter has
// made of it, and where oEmbed is (https://oembed.com, section 4).
func (a *app) describe(r *http.Request, c Channel, item Item) (title string, tags []byte) {
	var h head
	root, here := a.root(r), a.root(r)+strings.TrimPrefix(r.URL.Path, "/")
	subject := firstOf(item.Title, c.Title)
	title = firstOf(c.Name, "Live stream")
	if subject != "" && subject != title {
		title = subject + " – " + title
	}
	image := root + "thumbnail.jpg"
	switch {
	case item.Image != "":
		image = root + item.Image
	case !c.Live:
		image = root + "logo/external"
	}
	h.meta("name", "description", c.Summary)
	h.meta("name", "keywords", strings.Join(c.Tags, ", "))
	if a.config.NoIndex != nil && a.config.NoIndex(r.Context()) {
		h.meta("name", "robots", "noindex")
	}
	h.meta("property", "og:type", "video.other")
	h.meta("property", "og:site_name", c.Name)
	h.meta("property", "og:title", title)
	h.meta("property", "og:description", c.Summary)
	h.meta("property", "og:url", here)
	h.meta("property", "og:image", image)
	player := embedURL(root, r.URL.Path)
	if player != "" {
		h.meta("property", "og:video", player)
		h.meta("property", "og:video:type", "text/html")
		h.meta("property", "og:video:width", fmt.Sprint(embedWidth))
		h.meta("property", "og:video:height", fmt.Sprint(embedHeight))
	}
	if !strings.HasPrefix(player, "https:") {
		h.meta("name", "twitter:card", "summary_large_image")
	} else {
		h.meta("name", "twitter:card", "player")
		h.meta("name", "twitter:player", player)
		h.meta("name", "twitter:player:width", fmt.Sprint(embedWidth))
		h.meta("name", "twitter:player:height", fmt.Sprint(embedHeight))
	}
	h.meta("name", "twitter:title", title)
	h.meta("name", "twitter:description", c.Summary)
	h.meta("name", "twitter:image", image)
	h.link("alternate", "api/oembed?format=json&url="+url.QueryEscape(here), ` type="application/json+oembed"`)
	h.link("alternate", "hls/stream.m3u8", ` type="application/vnd.apple.mpegurl"`)
	h.link("manifest", "manifest.json", "")
	if c.IndieAuth && r.URL.Path == "/" {
		for _, l := range indieAuthLinks() {
			h.link(l.rel, l.href, "")
		}
	}
	return title, h.b.Bytes()
}

// indieAuthLinks are where other sites learn how to ask who the channel is
// (IndieAuth, section 4.1), from the root.
func indieAuthLinks() []struct{ rel, href string } {
	return []struct{ rel, href string }{
		{"indieauth-metadata", "api/auth/provider/indieauth/metadata"},
		{"authorization_endpoint", "api/auth/provider/indieauth"},
	}
}

// embedURL is the player for the pages of others of what is at a path; "" if
// there is none.
func embedURL(root, path string) string {
	id, isRecording := strings.CutPrefix(path, "/recordings/")
	switch {
	case isRecording:
		return root + "embed/video?recording=" + url.QueryEscape(id)
	case strings.HasPrefix(path, "/schedule/"):
		return ""
	default:
		return root + "embed/video"
	}
}

// root is where the world sees the root of the application, with a slash at
// the end.
func (a *app) root(r *http.Request) string {
	if a.config.Root == nil {
		return "./"
	}
	return a.config.Root(r)
}

func firstOf(texts ...string) string {
	for _, s := range texts {
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return ""
}

// retitle sets the title of a page.
func retitle(page []byte, title string) []byte {
	const begin, end = "<title>", "</title>"
	before, rest, ok := bytes.Cut(page, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed || title == "" {
		return page
	}
	return fmt.Appendf(nil, "%s%s%s%s%s", before, begin, html.EscapeString(title), end, after)
}
