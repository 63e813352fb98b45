package httpapi

import (
	"net/http"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
)

const maxTitleBody = 4 << 10

// integrationStatusBody is the status as programs know it.
type integrationStatusBody struct {
	LastConnectTime    *time.Time `json:"lastConnectTime"`
	LastDisconnectTime *time.Time `json:"lastDisconnectTime"`
	VersionNumber      string     `json:"versionNumber"`
	StreamTitle        string     `json:"streamTitle"`
	ViewerCount        int        `json:"viewerCount"`
	OverallMax         int        `json:"overallMaxViewerCount"`
	SessionMax         int        `json:"sessionMaxViewerCount"`
	Online             bool       `json:"online"`
}

func (a *api) integrationStatus(w http.ResponseWriter, r *http.Request) error {
	instance, err := a.Settings.Instance.Peek(r.Context())
	if err != nil {
		return err
	}
	s, count := a.Status.Status(), a.Audience.Count()
	return httpx.JSON(w, http.StatusOK, integrationStatusBody{
		LastConnectTime:    seconds(s.StartedAt, s.Online()),
		LastDisconnectTime: seconds(s.EndedAt, !s.Online()),
		VersionNumber:      a.Version,
		StreamTitle:        instance.StreamTitle,
		ViewerCount:        count.Now,
		OverallMax:         count.Peak,
		SessionMax:         count.SessionPeak,
		Online:             s.Online(),
	})
}

func (a *api) integrationTitle(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Value *string `json:"value"`
	}
	if err := httpx.DecodeJSON(w, r, maxTitleBody, &body); err != nil {
		return err
	}
	if body.Value == nil {
		return httpx.BadRequest(`field "value" is missing`)
	}
	_, err := a.Settings.Instance.Update(r.Context(), func(i *Instance) error {
		i.StreamTitle = *body.Value
		return nil
	})
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, resultBody{Success: true, Message: "changed"})
}
