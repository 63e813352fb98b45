// Package web is the web application: its built files (dist, made from ui by
// "npm run build") and the handler that serves them, or a host's own, below
// any path.
package web

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strings"

	"github.com/owncast-go/owncast/internal/httpx"
)

// playlist is where media players find the stream, as seen from the page.
const playlist = "hls/stream.m3u8"

// Config is what [New] needs. The zero Config serves robots.txt and sends
// media players to the stream.
type Config struct {
	// FS holds the files of the application. Its index.html is the page of the
	// channel, also below schedule/ and recordings/, admin.html that of
	// administrators, video.html and chat.html are shown in the pages of
	// others. They must refer to everything by URLs relative to the root of the
	// application: pages that are deeper get a <base>. Files below assets must
	// have names that change with their content; they are cached for good. A
	// file may have compressed copies beside it, named with .br and .gz, or be
	// there as these alone. The FS must be safe for concurrent use. Nil means
	// that there is no application.
	FS fs.FS
	// BasePath is where the handler is mounted, such as "/live", without a
	// slash at the end. It is only needed for robots.txt; the handler expects
	// requests with the path below it.
	BasePath string
	// NoIndex tells whether search engines should stay away. Nil means no.
	NoIndex func(context.Context) bool
	// Channel returns what pages say of the channel. Nil says nothing.
	Channel func(context.Context) Channel
	// Item returns what a page below recordings/ or schedule/ is about, and
	// whether there is such a thing. Nil means that nobody knows.
	Item func(ctx context.Context, path string) (Item, bool)
	// Root returns where the world sees the root of the application, with a
	// slash at the end. Nil means that links are relative.
	Root func(*http.Request) string
	// FrameAncestors are who may show the embedded player and chat in frames,
	// as sources of a Content-Security-Policy; anybody, if it is nil.
	FrameAncestors []string
	// MediaOrigins are from where else players get media, such as
	// "https://cdn.example.org".
	MediaOrigins []string
	// Logger gets what goes wrong. Nil discards it.
	Logger *slog.Logger
}

// New returns the handler of the web application: its pages, the other files
// under their names, robots.txt, and a small page that says so for everything
// that does not exist. It answers GET and HEAD.
func New(c Config) http.Handler {
	if c.FrameAncestors == nil {
		c.FrameAncestors = []string{"*"}
	}
	a := &app{config: c, files: c.FS}
	return httpx.Handler(c.Logger, a.serve)
}

type app struct {
	config Config
	files  fs.FS
}

// guard says what an answer may do in a browser.
func (a *app) guard(h http.Header, c Channel, ancestors ...string) {
	h.Set("Content-Security-Policy", policy{a.config.MediaOrigins, ancestors, c}.String())
}

func (a *app) serve(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	a.guard(h, Channel{}, "'self'")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		return errorPage(w, r, http.StatusMethodNotAllowed, "Method not allowed")
	}
	switch p := r.URL.Path; p {
	case "":
		return addSlash(w, r)
	case "/admin":
		if a.has("admin.html") {
			return addSlash(w, r)
		}
		return notFound(w, r)
	case "/":
		return a.index(w, r)
	case "/robots.txt":
		return a.robots(w, r)
	case "/manifest.json":
		return a.manifest(w, r)
	case "/embed/chat", "/embed/chat/":
		return a.toEmbeddedChat(w, r)
	default:
		if name, ok := pageAt(p); ok {
			return a.page(w, r, name)
		}
		name := strings.TrimPrefix(p, "/")
		if hidden(name) || strings.HasSuffix(name, ".html") {
			return notFound(w, r)
		}
		return a.file(w, r, name)
	}
}

// addSlash sends a browser from /live to /live/, where relative URLs are
// right. The prefix is known to whoever stripped it, and to the request line.
func addSlash(w http.ResponseWriter, r *http.Request) error {
	requested, _, _ := strings.Cut(r.RequestURI, "?")
	location := "./" + path.Base(requested) + "/"
	if r.URL.RawQuery != "" {
		location += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusTemporaryRedirect)
	return nil
}

func (a *app) index(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Add("Vary", "User-Agent")
	if isPlayer(r.UserAgent()) {
		// Not http.Redirect, which would resolve it against the path as it is
		// after the host has stripped its prefix.
		h.Set("Location", playlist)
		h.Set("Cache-Control", "no-cache")
		w.WriteHeader(http.StatusTemporaryRedirect)
		return nil
	}
	return a.page(w, r, "index.html")
}

// toEmbeddedChat leads to the chat that can be read alone.
func (a *app) toEmbeddedChat(w http.ResponseWriter, r *http.Request) error {
	location := "./chat/readonly"
	if strings.HasSuffix(r.URL.Path, "/") {
		location = "./readonly"
	}
	if r.URL.RawQuery != "" {
		location += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusTemporaryRedirect)
	return nil
}

// manifest lets the page be installed on a device (https://www.w3.org/TR/appmanifest/).
func (a *app) manifest(w http.ResponseWriter, r *http.Request) error {
	if a.files == nil {
		return notFound(w, r)
	}
	type icon struct {
		Src   string `json:"src"`
		Sizes string `json:"sizes"`
	}
	c := a.channel(r.Context())
	name := firstOf(c.Name, "Live stream")
	body := struct {
		Name        string `json:"name"`
		ShortName   string `json:"short_name"`
		Description string `json:"description,omitempty"`
		ID          string `json:"id"`
		StartURL    string `json:"start_url"`
		Scope       string `json:"scope"`
		Display     string `json:"display"`
		Background  string `json:"background_color"`
		Theme       string `json:"theme_color"`
		Icons       []icon `json:"icons"`
	}{name, name, c.Summary, "./", "./", "./", "standalone", "#0e0f13", "#0e0f13", []icon{{"logo", "any"}}}
	w.Header().Set("Cache-Control", revalidate)
	return httpx.JSON(w, http.StatusOK, body)
}

// isPlayer tells whether a media player was given the address of the page.
func isPlayer(userAgent string) bool {
	userAgent = strings.ToLower(userAgent)
	for _, name := range []string{"mpv", "player", "vlc", "applecoremedia"} {
		if strings.Contains(userAgent, name) {
			return true
		}
	}
	return false
}

func (a *app) robots(w http.ResponseWriter, r *http.Request) error {
	lines := []string{"User-agent: *", "Disallow: " + a.config.BasePath + "/admin", "Disallow: " + a.config.BasePath + "/api"}
	if a.config.NoIndex != nil && a.config.NoIndex(r.Context()) {
		lines = append(lines, "Disallow: "+a.config.BasePath+"/")
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	_, err := w.Write([]byte(strings.Join(lines, "\n")))
	return err
}

// hidden tells whether a file is none of a visitor's business.
func hidden(name string) bool {
	return name == "." || strings.HasPrefix(name, ".") || strings.Contains(name, "/.")
}
