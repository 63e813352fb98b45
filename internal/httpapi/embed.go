package httpapi

import (
	"cmp"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/owncast-go/owncast/internal/httpx"
)

func embedRoutes() []Route {
	return []Route{
		{"GET", "/api/oembed", Anyone, 0, mediaJSON, (*api).oembed},
		{"GET", "/externalactions/{index}", Anyone, 0, "text/html", (*api).externalAction},
	}
}

// rootURL is where the world sees the root of the App, with a slash at the
// end.
func (a *api) rootURL(r *http.Request) string {
	if a.Root == nil {
		return "/"
	}
	return a.Root(r)
}

// oembedBody is the answer of /api/oembed: https://oembed.com, section 2.3.4.
type oembedBody struct {
	Version         string `json:"version"`
	Type            string `json:"type"`
	Title           string `json:"title"`
	AuthorName      string `json:"author_name"`
	AuthorURL       string `json:"author_url"`
	ProviderName    string `json:"provider_name"`
	ProviderURL     string `json:"provider_url"`
	CacheAge        int    `json:"cache_age"` // seconds
	HTML            string `json:"html"`
	Width           int    `json:"width"`
	Height          int    `json:"height"`
	ThumbnailURL    string `json:"thumbnail_url"`
	ThumbnailWidth  int    `json:"thumbnail_width"`
	ThumbnailHeight int    `json:"thumbnail_height"`
}

// oembed tells how a page of the channel is shown in another.
func (a *api) oembed(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if f := q.Get("format"); f != "" && f != "json" {
		return httpx.JSON(w, http.StatusNotImplemented, map[string]string{"error": "only JSON is spoken here"})
	}
	root := a.rootURL(r)
	page := cmp.Or(q.Get("url"), root)
	path, ok := strings.CutPrefix(page, root)
	if !ok && page+"/" != root {
		return httpx.ErrNotFound
	} else if !ok {
		path = ""
	}
	i, err := a.Settings.Instance.Peek(r.Context())
	if err != nil {
		return err
	}
	body := oembedBody{
		Version: "1.0", Type: "video", Title: i.Name, AuthorName: i.Name, AuthorURL: root, ProviderName: i.Name, ProviderURL: root,
		CacheAge: 300, ThumbnailURL: root + "thumbnail.jpg", ThumbnailWidth: 1280, ThumbnailHeight: 720,
	}
	if i.StreamTitle != "" {
		body.Title = i.StreamTitle
	}
	player, err := a.embedded(r, path, root, &body)
	if err != nil {
		return err
	}
	body.Width, body.Height = fit(q.Get("maxwidth"), q.Get("maxheight"))
	body.HTML = fmt.Sprintf(`<iframe src="%s" width="%d" height="%d" title="%s" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen style="border:0"></iframe>`,
		html.EscapeString(player), body.Width, body.Height, html.EscapeString(body.Title))
	w.Header().Set("Access-Control-Allow-Origin", "*")
	return httpx.JSON(w, http.StatusOK, body)
}

// embedded is the URL of the player of what is at a path of the page.
func (a *api) embedded(r *http.Request, path, root string, body *oembedBody) (string, error) {
	path, _, _ = strings.Cut(path, "?")
	id, isRecording := strings.CutPrefix(path, "recordings/")
	switch {
	case path == "" || path == "embed/video":
		return root + "embed/video", nil
	case !isRecording || a.Recordings == nil:
		return "", httpx.ErrNotFound
	}
	one, err := a.Recordings.Lookup(r.Context(), id)
	if err != nil {
		return "", err
	}
	body.Title = one.Title
	if one.Thumbnail {
		body.ThumbnailURL = root + "recordings/" + one.ID + "/thumbnail.jpg"
	}
	return root + "embed/video?recording=" + url.QueryEscape(one.ID), nil
}

// fit makes the largest player that a page has room for.
func fit(maxWidth, maxHeight string) (width, height int) {
	width, height = 1280, 720
	if most, err := strconv.Atoi(maxWidth); err == nil && most > 0 && most < width {
		width = most
		height = width * 9 / 16
	}
	if most, err := strconv.Atoi(maxHeight); err == nil && most > 0 && most < height {
		height = most
		width = height * 16 / 9
	}
	return width, height
}

// actionPolicy lets an administrator's HTML do what it likes, but not as the
// page: it has no origin, so neither cookies nor what is kept in the browser.
const actionPolicy = "sandbox allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads; frame-ancestors 'self'"

// externalAction is the HTML of an external action, which the page shows in a
// frame.
func (a *api) externalAction(w http.ResponseWriter, r *http.Request) error {
	i, err := a.Settings.Instance.Peek(r.Context())
	if err != nil {
		return err
	}
	index, err := strconv.ParseUint(r.PathValue("index"), 10, 16)
	if err != nil || int(index) >= len(i.ExternalActions) || i.ExternalActions[index].HTML == "" {
		return errors.Join(httpx.ErrNotFound, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", actionPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	_, err = w.Write([]byte(i.ExternalActions[index].HTML))
	return err
}
