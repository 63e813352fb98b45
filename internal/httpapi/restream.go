package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/video/restream"
)

// maxRestreamBody is more than the longest outputs that are valid have.
const maxRestreamBody = 512 << 10

// restreamer sends the broadcast on to other servers.
type restreamer interface {
	Status() []restream.Status
	Set(ctx context.Context, outputs []restream.Output) error
}

// restreamBody is the answer of /api/admin/restream. Stream keys are never
// part of it.
type restreamBody struct {
	Outputs []outputBody `json:"outputs"`
}

type outputBody struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	URL      string     `json:"url"` // without its query
	Enabled  bool       `json:"enabled"`
	State    string     `json:"state"` // disabled, idle, connecting, live or waiting
	Since    time.Time  `json:"since"`
	RetryAt  *time.Time `json:"retryAt"` // null unless waiting
	Error    string     `json:"error"`   // the last; empty if there was none since it was live
	Bytes    int64      `json:"bytes"`
	Packets  int64      `json:"packets"`
	Dropped  int64      `json:"dropped"`
	Connects int64      `json:"connects"`
	Failures int64      `json:"failures"`
}

func output(s restream.Status) outputBody {
	b := outputBody{
		ID: s.ID, Name: s.Name, URL: s.URL, Enabled: s.State != restream.Disabled,
		State: s.State.String(), Since: s.Since,
		Bytes: s.Bytes, Packets: s.Packets, Dropped: s.Dropped, Connects: s.Connects, Failures: s.Failures,
	}
	if !s.RetryAt.IsZero() {
		b.RetryAt = &s.RetryAt
	}
	if s.Err != nil {
		b.Error = s.Err.Error()
	}
	return b
}

func (a *api) adminRestream(w http.ResponseWriter, _ *http.Request) error {
	body := restreamBody{Outputs: []outputBody{}}
	for _, s := range a.Restream.Status() {
		body.Outputs = append(body.Outputs, output(s))
	}
	return httpx.JSON(w, http.StatusOK, body)
}

// adminSetRestream replaces the outputs. One without a stream key keeps the
// one that it had at the same URL.
func (a *api) adminSetRestream(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Outputs []restream.Output `json:"outputs"`
	}
	if err := httpx.DecodeJSON(w, r, maxRestreamBody, &body); err != nil {
		return err
	}
	if body.Outputs == nil {
		return httpx.BadRequest(`field "outputs" is missing`)
	}
	err := a.Restream.Set(r.Context(), body.Outputs)
	if err != nil {
		return err
	}
	return a.adminRestream(w, r)
}
