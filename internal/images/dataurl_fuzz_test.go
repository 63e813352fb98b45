package images

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

func FuzzParseDataURL(f *testing.F) {
	for _, s := range []string{
		"data:image/png;base64,iVBORw0KGgo=", "DATA:image/svg+xml;charset=utf-8;BASE64,PHN2Zy8+", "data:image/jpg;base64,",
		"data:text/html;base64,AAAA", "data:image/png,AAAA", "data:image/png;base64,AA\nAA", "image/png;base64,AAAA", ":,", ",",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := ParseDataURL(s)
		switch {
		case err == nil:
			_, data, _ := strings.Cut(s, ",")
			if data = strings.NewReplacer("\r", "", "\n", "").Replace(data); base64.StdEncoding.EncodeToString(b) != data {
				t.Errorf("%q: other bytes than it has", s)
			}
		case b != nil:
			t.Errorf("%q: %d bytes with %v", s, len(b), err)
		case !errors.Is(err, ErrDataURLData) && !errors.Is(err, ErrDataURLHeader) && !errors.Is(err, ErrDataURLType) && !errors.Is(err, ErrDataURLBase64):
			t.Errorf("%q: an error of another kind: %v", s, err)
		}
	})
}
