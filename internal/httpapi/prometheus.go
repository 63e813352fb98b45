package httpapi

import (
	"net/http"

	"github.com/owncast-go/owncast/internal/httpx"
)

func (a *api) adminPrometheus(w http.ResponseWriter, r *http.Request) error {
	if a.Prometheus == nil {
		return httpx.ErrNotFound
	}
	httpx.NoCache(w.Header())
	a.Prometheus.ServeHTTP(w, r)
	return nil
}
