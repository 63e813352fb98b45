package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/owncast-go/owncast/internal/assets"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/images"
)

// assetStore keeps the pictures of the channel.
type assetStore interface {
	Logo(context.Context) (assets.Picture, error)
	LogoFile(context.Context) (assets.File, error)
	SetLogo(context.Context, []byte) error
	ResetLogo(context.Context) error
	Favicon(context.Context) (assets.Picture, error)
	SetFavicon(context.Context, []byte) error
	ResetFavicon(context.Context) error
	Emoji(context.Context) ([]assets.Emoji, error)
	EmojiPicture(ctx context.Context, fileName string) (assets.Picture, error)
	AddEmoji(ctx context.Context, name string, data []byte) error
	RemoveEmoji(ctx context.Context, name string) error
}

func contentRoutes() []Route {
	return []Route{
		{"GET", "/logo", Anyone, 0, mediaAny, (*api).logo},
		{"GET", "/logo/external", Anyone, 0, mediaAny, (*api).logoExternal},
		{"GET", "/favicon.ico", Anyone, 0, mediaAny, (*api).favicon},
		{"GET", "/customjavascript", Anyone, 0, "text/javascript", (*api).customJavaScript},
		{"GET", "/public/{path...}", Anyone, 0, mediaAny, (*api).public},
		{"GET", "/img/emoji/{file}", Anyone, 0, mediaAny, (*api).emojiPicture},
		{"GET", "/img/platformlogos/{file}", Anyone, 0, "image/svg+xml", (*api).platformLogo},
		{"GET", "/api/emoji", Anyone, 0, mediaJSON, (*api).emojiList},
		{"GET", "/api/socialplatforms", Anyone, 0, mediaJSON, (*api).socialPlatforms},
	}
}

func adminContentRoutes() []Route {
	return []Route{
		{"POST", "/api/admin/emoji/upload", Admin, encoded(assets.MaxEmojiBytes), mediaJSON, (*api).adminUploadEmoji},
		{"POST", "/api/admin/emoji/delete", Admin, maxNameBody, mediaJSON, (*api).adminDeleteEmoji},
		{"POST", "/api/admin/config/logo", Admin, encoded(assets.MaxLogoBytes), mediaJSON, (*api).adminSetLogo},
		{"DELETE", "/api/admin/config/logo", Admin, 0, mediaJSON, (*api).adminResetLogo},
		{"POST", "/api/admin/config/favicon", Admin, encoded(assets.MaxFaviconBytes), mediaJSON, (*api).adminSetFavicon},
		{"DELETE", "/api/admin/config/favicon", Admin, 0, mediaJSON, (*api).adminResetFavicon},
	}
}

// builtin has the pictures of channels that have none of their own: logo.png
// and favicon.ico.
//
//go:embed static
var builtin embed.FS

// picturePolicy is for pictures that somebody opens as a page: SVG is a
// document then, and may do nothing but show itself.
const picturePolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

// How long pictures are kept by caches: for good under a URL that names the
// upload ("?v="), and otherwise only for as long as an administrator who has
// changed one will wait for the others to see it.
const (
	cacheForGood = "public, max-age=31536000, immutable"
	cacheBriefly = "public, max-age=300"
)

func servePicture(w http.ResponseWriter, r *http.Request, p assets.Picture) error {
	h := w.Header()
	h.Set("Content-Type", p.Format.ContentType())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", picturePolicy)
	h.Set("ETag", `"`+p.ID+`"`)
	h.Set("Cache-Control", cacheBriefly)
	if r.URL.Query().Get("v") == p.ID {
		h.Set("Cache-Control", cacheForGood)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.Data))
	return nil
}

// builtinPicture returns a file of static.
func (a *api) builtinPicture(name string) (assets.Picture, error) {
	data, err := builtin.ReadFile("static/" + name)
	id := "builtin-" + a.Version
	return assets.Picture{File: assets.File{ID: id, Format: images.Format(strings.TrimPrefix(path.Ext(name), "."))}, Data: data}, err
}

func (a *api) logo(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Assets.Logo(r.Context())
	if errors.Is(err, fs.ErrNotExist) {
		p, err = a.builtinPicture("logo.png")
	}
	if err != nil {
		return err
	}
	return servePicture(w, r, p)
}

// logoExternal is the logo for those who cannot show SVG, such as the clients
// of other servers. Nothing here can draw one.
func (a *api) logoExternal(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Assets.Logo(r.Context())
	if errors.Is(err, fs.ErrNotExist) || err == nil && p.Format == images.SVG {
		p, err = a.builtinPicture("logo.png")
	}
	if err != nil {
		return err
	}
	return servePicture(w, r, p)
}

func (a *api) favicon(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Assets.Favicon(r.Context())
	if errors.Is(err, fs.ErrNotExist) {
		p, err = a.builtinPicture("favicon.ico")
	}
	if err != nil {
		return err
	}
	return servePicture(w, r, p)
}

// customJavaScript is the administrator's own script, which the page loads.
func (a *api) customJavaScript(w http.ResponseWriter, r *http.Request) error {
	var script string
	if a.CustomJavaScript != nil {
		var err error
		if script, err = a.CustomJavaScript(r.Context()); err != nil {
			return err
		}
	}
	sum := sha256.Sum256([]byte(script))
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(script))
	return nil
}

// mountPath returns the path that the App is mounted on, as the client sees it:
// what the host says, or else what somebody has stripped from the request.
func (a *api) mountPath(r *http.Request) string {
	if a.BasePath != "" {
		return a.BasePath
	}
	requested, _, _ := strings.Cut(r.RequestURI, "?")
	prefix, ok := strings.CutSuffix(requested, r.URL.EscapedPath())
	if !ok || prefix != path.Clean(prefix) || !strings.HasPrefix(prefix, "/") {
		return ""
	}
	return prefix
}

// refusePicture answers that a picture is not accepted, or returns err if
// that is not why.
func refusePicture(w http.ResponseWriter, err error) error {
	var large *images.TooLargeError
	status := http.StatusBadRequest
	switch {
	case errors.As(err, &large) && large.What == "bytes":
		status = http.StatusRequestEntityTooLarge
	case errors.As(err, &large):
	case errors.Is(err, images.ErrFormat):
		err = images.ErrFormat
	case errors.Is(err, images.ErrDamaged):
		err = images.ErrDamaged
	case errors.Is(err, images.ErrUnsafe):
		err = images.ErrUnsafe
	default:
		return err
	}
	return refuse(w, status, strings.TrimPrefix(err.Error(), "images: "))
}

func refuse(w http.ResponseWriter, status int, message string) error {
	return httpx.JSON(w, status, resultBody{Message: message})
}

func accept(w http.ResponseWriter, message string) error {
	return httpx.JSON(w, http.StatusOK, resultBody{Success: true, Message: message})
}
