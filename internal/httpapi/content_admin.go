package httpapi

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/owncast-go/owncast/internal/assets"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/images"
)

// encoded is how long a body is that has n bytes in base64.
func encoded(n int64) int64 { return n/3*4 + 4<<10 }

// maxNameBody is how long a body is that has a name in it.
const maxNameBody = 4 << 10

// dataURL reads a body {"value": "data:…"}.
func dataURL(w http.ResponseWriter, r *http.Request, limit int64) (string, error) {
	var body struct {
		Value any `json:"value"`
	}
	if err := httpx.DecodeJSON(w, r, encoded(limit), &body); err != nil {
		return "", err
	}
	s, _ := body.Value.(string)
	return s, nil
}

func (a *api) adminSetLogo(w http.ResponseWriter, r *http.Request) error {
	s, err := dataURL(w, r, assets.MaxLogoBytes)
	if err != nil {
		return err
	}
	if s == "" {
		return refuse(w, http.StatusBadRequest, "unable to find image data")
	}
	data, err := images.ParseDataURL(s)
	if err != nil {
		return refuse(w, http.StatusBadRequest, err.Error())
	}
	if err := a.Assets.SetLogo(r.Context(), data); err != nil {
		return refusePicture(w, err)
	}
	return accept(w, "changed")
}

func (a *api) adminResetLogo(w http.ResponseWriter, r *http.Request) error {
	if err := a.Assets.ResetLogo(r.Context()); err != nil {
		return err
	}
	return accept(w, "changed")
}

const faviconTooLarge = "file too large, max 200KB"

// adminSetFavicon takes the icon in a form, as clients of such servers send
// it, or as a data URL like the logo, as their documentation has it.
func (a *api) adminSetFavicon(w http.ResponseWriter, r *http.Request) error {
	data, err := faviconBytes(w, r)
	switch {
	case errors.Is(err, images.ErrDataURLData), errors.Is(err, images.ErrDataURLHeader), errors.Is(err, images.ErrDataURLType), errors.Is(err, images.ErrDataURLBase64):
		return refuse(w, http.StatusBadRequest, err.Error())
	case err != nil:
		return err
	case len(data) == 0:
		return refuse(w, http.StatusBadRequest, "no file provided")
	}
	err = a.Assets.SetFavicon(r.Context(), data)
	tooLarge := new(images.TooLargeError)
	switch {
	case err == nil:
		return accept(w, "favicon updated")
	case errors.Is(err, images.ErrFormat):
		return refuse(w, http.StatusBadRequest, "favicon must be PNG or ICO format")
	case errors.As(err, &tooLarge) && tooLarge.What == "bytes":
		return refuse(w, http.StatusRequestEntityTooLarge, faviconTooLarge)
	}
	return refusePicture(w, err)
}

// faviconBytes returns nothing if there is none in the body.
func faviconBytes(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "multipart/form-data" {
		s, err := dataURL(w, r, assets.MaxFaviconBytes)
		if err != nil || s == "" {
			return nil, err
		}
		return images.ParseDataURL(s)
	}
	form, err := r.MultipartReader()
	if err != nil {
		return nil, &httpx.BadRequestError{Message: "the form cannot be read", Err: err}
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		var data []byte
		if err == nil && part.FormName() == "favicon" {
			data, err = io.ReadAll(part)
		}
		var large *http.MaxBytesError
		if err != nil && !errors.As(err, &large) {
			err = &httpx.BadRequestError{Message: "the form cannot be read", Err: err}
		}
		if err != nil || data != nil {
			return data, err
		}
	}
}

func (a *api) adminResetFavicon(w http.ResponseWriter, r *http.Request) error {
	if err := a.Assets.ResetFavicon(r.Context()); err != nil {
		return err
	}
	return accept(w, "favicon reset to default")
}
