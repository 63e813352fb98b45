package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/owncast-go/owncast/internal/assets"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/images"
)

type emojiBody struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// emojiList is all emoji of the chat. There are none until somebody uploads
// some.
func (a *api) emojiList(w http.ResponseWriter, r *http.Request) error {
	list, err := a.Assets.Emoji(r.Context())
	if err != nil {
		return err
	}
	at := a.mountPath(r) + "/img/emoji/"
	body := make([]emojiBody, len(list))
	for i, e := range list {
		body[i] = emojiBody{Name: e.Name, URL: at + e.FileName()}
	}
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	sum := sha256.Sum256(data)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=0")
	h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	return nil
}

func (a *api) emojiPicture(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Assets.EmojiPicture(r.Context(), r.PathValue("file"))
	if err != nil {
		return err
	}
	return servePicture(w, r, p)
}

func (a *api) adminUploadEmoji(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Name string `json:"name"`
		Data string `json:"data"`
	}
	if err := httpx.DecodeJSON(w, r, encoded(assets.MaxEmojiBytes), &body); err != nil {
		return err
	}
	switch {
	case body.Data == "":
		return refuse(w, http.StatusBadRequest, "data field is required")
	case body.Name == "":
		return refuse(w, http.StatusBadRequest, "name field is required")
	}
	data, err := images.ParseDataURL(body.Data)
	if err != nil {
		return refuse(w, http.StatusBadRequest, err.Error())
	}
	err = a.Assets.AddEmoji(r.Context(), body.Name, data)
	switch {
	case err == nil:
		return accept(w, fmt.Sprintf("Emoji %q has been uploaded", body.Name))
	case errors.Is(err, assets.ErrName):
		return refuse(w, http.StatusBadRequest, fmt.Sprintf("Emoji name is not valid: use up to %d letters, digits, - and _", assets.MaxEmojiName))
	case errors.Is(err, assets.ErrExists):
		return refuse(w, http.StatusBadRequest, fmt.Sprintf("An emoji with the name %q already exists", body.Name))
	case errors.Is(err, assets.ErrTooMany):
		return refuse(w, http.StatusBadRequest, fmt.Sprintf("there are %d emoji already", assets.MaxEmoji))
	}
	return refusePicture(w, err)
}

func (a *api) adminDeleteEmoji(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Name string `json:"name"`
	}
	if err := httpx.DecodeJSON(w, r, maxNameBody, &body); err != nil {
		return err
	}
	if body.Name == "" {
		return refuse(w, http.StatusBadRequest, "name field is required")
	}
	err := a.Assets.RemoveEmoji(r.Context(), body.Name)
	switch {
	case errors.Is(err, assets.ErrName):
		return refuse(w, http.StatusBadRequest, "Emoji path is not valid")
	case errors.Is(err, fs.ErrNotExist):
		return refuse(w, http.StatusBadRequest, fmt.Sprintf("Emoji %q doesn't exist", body.Name))
	case err != nil:
		return err
	}
	return accept(w, fmt.Sprintf("Emoji %q has been deleted", body.Name))
}
