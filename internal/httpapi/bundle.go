package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/settings"
)

// maxBundle is more than all sections can have.
const maxBundle = 8 << 20

func (a *api) adminExport(w http.ResponseWriter, r *http.Request) error {
	b, err := settings.Export(r.Context(), false, a.Settings.Portable()...)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Disposition", `attachment; filename="owncast-settings.json"`)
	return httpx.JSON(w, http.StatusOK, b)
}

func (a *api) adminImport(w http.ResponseWriter, r *http.Request) error {
	var b settings.Bundle
	if err := httpx.DecodeJSON(w, r, maxBundle, &b); err != nil {
		return err
	}
	err := settings.Import(r.Context(), b, a.Settings.Portable()...)
	if errors.Is(err, settings.ErrBundle) {
		return &httpx.BadRequestError{Message: strings.ReplaceAll(err.Error(), "\n", "; "), Err: err}
	}
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, resultBody{Success: true, Message: "imported"})
}
