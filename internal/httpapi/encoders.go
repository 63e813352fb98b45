package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/video"
)

// encoders is who makes renditions.
type encoders interface {
	Encoder() string
	ListEncoders(ctx context.Context) ([]string, error)
	TestEncoders(ctx context.Context) []video.EncoderTest
}

// listTime is how long the list of encoders may take to come.
const listTime = 5 * time.Second

// defaultEncoder is what clients of such servers expect where nobody has
// chosen one.
const defaultEncoder = "libx264"

// encoder is the one in use, and which there are. It is no reason not to show
// the other settings that they cannot be listed.
func (a *api) encoder(ctx context.Context, chosen string) (used string, all []string) {
	all = []string{}
	if a.Encoders == nil {
		if chosen == "" {
			chosen = defaultEncoder
		}
		return chosen, all
	}
	if chosen == "" {
		chosen = a.Encoders.Encoder()
	}
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	list, err := a.Encoders.ListEncoders(ctx)
	if err != nil {
		a.Logger.WarnContext(ctx, "encoders not listed", "err", err)
	}
	return chosen, append(all, list...)
}

// setCodec takes the name of an encoder that there is, or that the Transcoder
// uses by itself.
func setCodec(a *api, w http.ResponseWriter, r *http.Request) error {
	name, err := value[string](w, r, "")
	if err != nil {
		return err
	}
	if used, all := a.encoder(r.Context(), ""); a.Encoders != nil && name != used && !slices.Contains(all, name) {
		return httpx.BadRequest(fmt.Sprintf(`field "value" is none of the encoders %v`, all))
	}
	_, err = a.Settings.Video.Set(r.Context(), "videoCodec", func(v *VideoSettings) error {
		v.Codec = name
		return nil
	})
	return err
}

// encoderBody is what came of trying an encoder.
type encoderBody struct {
	Name  string `json:"name"`
	Works bool   `json:"works"`
	Error string `json:"error"` // why it does not
}

func (a *api) adminEncoders(w http.ResponseWriter, r *http.Request) error {
	if a.Encoders == nil {
		return httpx.ErrNotFound
	}
	tests := a.Encoders.TestEncoders(r.Context())
	if err := r.Context().Err(); err != nil {
		return err // nobody waits for it any more
	}
	body := make([]encoderBody, 0, len(tests))
	for _, t := range tests {
		b := encoderBody{Name: t.Name, Works: t.Err == nil}
		if t.Err != nil {
			b.Error = t.Err.Error()
		}
		body = append(body, b)
	}
	return httpx.JSON(w, http.StatusOK, body)
}
