package httpapi

import (
	"compress/gzip"
	_ "embed" // of the document
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/owncast-go/owncast/internal/httpx"
)

// document is openapi.yaml, compressed: programs carry a tenth of it.
//
//go:generate sh -c "gzip -9nc openapi.yaml >openapi.yaml.gz"
//go:embed openapi.yaml.gz
var document string

// Document returns the description of the API in OpenAPI 3.1.
func Document() ([]byte, error) {
	z, err := gzip.NewReader(strings.NewReader(document))
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml.gz: %w", err)
	}
	return io.ReadAll(z)
}

func (a *api) openAPI(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", mediaYAML)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Add("Vary", "Accept-Encoding")
	httpx.NoCache(h)
	body := []byte(document)
	if httpx.AcceptsEncoding(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
	} else {
		var err error
		if body, err = Document(); err != nil {
			return err
		}
	}
	_, err := w.Write(body)
	return err
}
