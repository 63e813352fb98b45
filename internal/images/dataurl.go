package images

import (
	"encoding/base64"
	"errors"
	"strings"
)

// Errors of [ParseDataURL], in the words that clients of such servers know.
var (
	ErrDataURLData   = errors.New("error splitting base64 image data")
	ErrDataURLHeader = errors.New("error splitting base64 image header")
	ErrDataURLType   = errors.New("missing or invalid contentType in base64 image")
	ErrDataURLBase64 = errors.New("the image data is not base64")
)

// ParseDataURL returns the bytes of a data URL in base64 (RFC 2397) that says
// it is a picture. What it says is not to be believed; [Clean] looks.
func ParseDataURL(s string) ([]byte, error) {
	head, data, ok := strings.Cut(s, ",")
	if !ok {
		return nil, ErrDataURLData
	}
	scheme, mediaType, ok := strings.Cut(head, ":")
	if !ok || !strings.EqualFold(scheme, "data") {
		return nil, ErrDataURLHeader
	}
	mediaType, params, _ := strings.Cut(mediaType, ";")
	switch strings.ToLower(mediaType) {
	case "image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp", "image/svg+xml", "image/x-icon", "image/vnd.microsoft.icon":
	default:
		return nil, ErrDataURLType
	}
	if !strings.EqualFold(params, "base64") && !strings.HasSuffix(strings.ToLower(params), ";base64") {
		return nil, ErrDataURLHeader
	}
	b, err := base64.StdEncoding.Strict().DecodeString(data)
	if err != nil {
		return nil, ErrDataURLBase64
	}
	return b, nil
}
