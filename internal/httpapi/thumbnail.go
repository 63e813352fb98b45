package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/images"
)

// Thumbnails have a picture and a preview of what is live: bytes that nobody
// changes and when they were made, or nil.
type Thumbnails interface {
	JPEG() ([]byte, time.Time)
	GIF() ([]byte, time.Time)
}

func (a *api) thumbnail(w http.ResponseWriter, r *http.Request) error {
	return a.picture(w, r, "image/jpeg", Thumbnails.JPEG)
}

func (a *api) preview(w http.ResponseWriter, r *http.Request) error {
	return a.picture(w, r, "image/gif", Thumbnails.GIF)
}

// picture serves one that changes every few seconds. While there is none it is
// the channel's own logo, if it can be drawn as a picture, or the placeholder.
func (a *api) picture(w http.ResponseWriter, r *http.Request, mediaType string, get func(Thumbnails) ([]byte, time.Time)) error {
	var data []byte
	var made time.Time
	if a.Thumbnails != nil {
		data, made = get(a.Thumbnails)
	}
	if data == nil {
		if logo, err := a.Assets.Logo(r.Context()); err == nil && logo.Format != images.SVG {
			data, made, mediaType = logo.Data, time.Time{}, logo.Format.ContentType()
		}
	}
	if data == nil {
		data, made, mediaType = a.Placeholder, time.Time{}, "image/jpeg"
	}
	if data == nil {
		return httpx.ErrNotFound
	}
	sum := sha256.Sum256(data)
	h := w.Header()
	h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", made, bytes.NewReader(data))
	return nil
}
