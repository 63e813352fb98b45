package httpapi

import (
	_ "embed" // of the document
	"net/http"

	"github.com/owncast-go/owncast/internal/httpx"
)

//go:embed openapi.yaml
var document string

// Document is the description of the API in OpenAPI 3.1.
func Document() string { return document }

func (a *api) openAPI(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", mediaYAML)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Access-Control-Allow-Origin", "*")
	httpx.NoCache(h)
	_, err := w.Write([]byte(document))
	return err
}
