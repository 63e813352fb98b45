package httpapi

import (
	"fmt"
	"net/http"

	"github.com/owncast-go/owncast/internal/httpx"
)

// adminTestS3 tries what is sent, with the secret that is stored if there is none.
// Nothing is saved.
func (a *api) adminTestS3(w http.ResponseWriter, r *http.Request) error {
	s3, err := value[S3Settings](w, r, "")
	if err != nil {
		return err
	}
	if a.TestS3 == nil {
		return fmt.Errorf("storage at an S3 service is not part of this server: %w", httpx.ErrNotFound)
	}
	stored, err := a.Settings.S3.Get(r.Context())
	if err != nil {
		return err
	}
	keepS3Secret(&s3, &stored)
	s3.Enabled = true
	if err := s3.validate(); err != nil {
		return &httpx.BadRequestError{Message: err.Error()}
	}
	if err := a.TestS3(r.Context(), s3); err != nil {
		return &httpx.BadRequestError{Message: err.Error()}
	}
	return httpx.JSON(w, http.StatusOK, resultBody{Success: true, Message: "it works"})
}
