package httpapi

import (
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/stats"
)

// ping is for players whose playlists come from somewhere else.
func (a *api) ping(w http.ResponseWriter, r *http.Request) error {
	a.Audience.Ping(r)
	httpx.NoCache(w.Header())
	w.WriteHeader(http.StatusOK)
	return nil
}

// viewerBody is one of the answer of /api/admin/viewers. LastSeen and
// BytesSent are ours.
type viewerBody struct {
	FirstSeen time.Time `json:"firstSeen"`
	LastSeen  time.Time `json:"lastSeen"`
	Geo       *geoBody  `json:"geo"`
	UserAgent string    `json:"userAgent"`
	IPAddress string    `json:"ipAddress"`
	ClientID  string    `json:"clientID"`
	BytesSent int64     `json:"bytesSent"`
}

type geoBody struct {
	CountryCode string `json:"countryCode"`
	RegionName  string `json:"regionName"`
	TimeZone    string `json:"timeZone"`
}

func geo(g *stats.Geo) *geoBody {
	if g == nil {
		return nil
	}
	return &geoBody{g.CountryCode, g.RegionName, g.TimeZone}
}

// address is addr as the API has addresses; "" if there is none.
func address(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}

func (a *api) adminViewers(w http.ResponseWriter, _ *http.Request) error {
	viewers := a.Audience.Viewers()
	body := make([]viewerBody, 0, len(viewers))
	for _, v := range viewers {
		body = append(body, viewerBody{
			FirstSeen: v.FirstSeen, LastSeen: v.LastSeen, Geo: geo(v.Geo), UserAgent: v.UserAgent,
			IPAddress: address(v.Addr), ClientID: v.ID, BytesSent: v.Bytes,
		})
	}
	return httpx.JSON(w, http.StatusOK, body)
}

// clientBody is one of the answer of /api/admin/viewers/playback.
type clientBody struct {
	ClientID  string            `json:"clientID"`
	ViewerID  string            `json:"viewerID"`
	FirstSeen time.Time         `json:"firstSeen"`
	Geo       *geoBody          `json:"geo"`
	UserAgent string            `json:"userAgent"`
	IPAddress string            `json:"ipAddress"`
	Playback  *clientHealthBody `json:"playback"`
}

type clientHealthBody struct {
	Source            string    `json:"source"`
	LastUpdate        time.Time `json:"lastUpdate"`
	PlayerState       string    `json:"playerState,omitempty"`
	MeasurementStatus string    `json:"measurementStatus,omitempty"`

	BandwidthKbps         *float64 `json:"bandwidthKbps"`
	LatencySeconds        *float64 `json:"latencySeconds"`
	DownloadSeconds       *float64 `json:"downloadSeconds"`
	BitrateKbps           *float64 `json:"bitrateKbps"`
	ErrorCount            *float64 `json:"errorCount"`
	QualityVariantChanges *float64 `json:"qualityVariantChanges"`
}

func clientHealth(h *stats.ClientHealth) *clientHealthBody {
	if h == nil {
		return nil
	}
	body := &clientHealthBody{
		Source: h.Source, LastUpdate: h.LastUpdate, PlayerState: h.State,
		BandwidthKbps: h.Bandwidth, LatencySeconds: h.Latency, DownloadSeconds: h.Download,
		BitrateKbps: h.Bitrate, ErrorCount: h.Errors, QualityVariantChanges: h.Changes,
	}
	if h.Unmeasurable {
		body.MeasurementStatus = "unmeasurable"
	}
	return body
}

func (a *api) adminClients(w http.ResponseWriter, _ *http.Request) error {
	clients := a.Audience.Clients()
	body := make([]clientBody, 0, len(clients))
	for _, c := range clients {
		body = append(body, clientBody{
			ClientID: c.ID, ViewerID: c.ViewerID, FirstSeen: c.FirstSeen, Geo: geo(c.Geo),
			UserAgent: c.UserAgent, IPAddress: address(c.Addr), Playback: clientHealth(c.Health),
		})
	}
	return httpx.JSON(w, http.StatusOK, body)
}

// pointBody is a value at a time.
type pointBody struct {
	Time  time.Time `json:"time"`
	Value float64   `json:"value"`
}

// points never is null.
func points(list []stats.Point) []pointBody {
	body := make([]pointBody, 0, len(list))
	for _, p := range list {
		body = append(body, pointBody{p.Time.UTC().Truncate(time.Second), p.Value})
	}
	return body
}

func (a *api) adminViewersOverTime(w http.ResponseWriter, r *http.Request) error {
	start, err := strconv.ParseInt(r.URL.Query().Get("windowStart"), 10, 64)
	if err != nil {
		return &httpx.BadRequestError{Message: `query parameter "windowStart" must be a number of seconds since 1970`, Err: err}
	}
	history, err := a.Audience.History(r.Context(), time.Unix(max(start, 0), 0))
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, points(history))
}
