package httpapi

import (
	"net/http"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
)

// statusBody is the answer of /api/status. Name and Phase are ours; the rest
// is what clients of such servers know.
type statusBody struct {
	ServerTime         time.Time  `json:"serverTime"`
	LastConnectTime    *time.Time `json:"lastConnectTime"`
	LastDisconnectTime *time.Time `json:"lastDisconnectTime"`
	VersionNumber      string     `json:"versionNumber"`
	StreamTitle        string     `json:"streamTitle"`
	ViewerCount        int        `json:"viewerCount,omitempty"`
	Online             bool       `json:"online"`
	Name               string     `json:"name"`
	Phase              string     `json:"phase"` // offline, live or reconnecting

	ScheduledEvent *upcomingBody `json:"scheduledEvent,omitempty"` // while there is no stream
}

func (a *api) status(w http.ResponseWriter, r *http.Request) error {
	instance, err := a.Settings.Instance.Peek(r.Context())
	if err != nil {
		return err
	}
	s := a.Status.Status()
	viewers := 0
	if !instance.HideViewerCount {
		viewers = a.Audience.Count().Now
	}
	body := statusBody{
		ServerTime:         time.Now().UTC(),
		LastConnectTime:    seconds(s.StartedAt, s.Online()),
		LastDisconnectTime: seconds(s.EndedAt, !s.Online()),
		VersionNumber:      a.Version,
		StreamTitle:        instance.StreamTitle,
		ViewerCount:        viewers,
		Online:             s.Online(),
		Name:               instance.Name,
		Phase:              s.Phase.String(),
	}
	if !s.Online() {
		if body.ScheduledEvent, err = a.upcoming(r.Context()); err != nil {
			return err
		}
	}
	return httpx.JSON(w, http.StatusOK, body)
}

// seconds is t as the API has times, or null.
func seconds(t time.Time, shown bool) *time.Time {
	if t.IsZero() || !shown {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}
