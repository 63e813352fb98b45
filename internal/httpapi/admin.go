package httpapi

import (
	"cmp"
	"net/http"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/video"
)

// adminStatusBody is the answer of /api/admin/status. Phase, SessionID, Ingest
// and Renditions are ours.
type adminStatusBody struct {
	Broadcaster      *broadcasterBody `json:"broadcaster"`
	CurrentBroadcast *broadcastBody   `json:"currentBroadcast"`
	Health           *healthBody      `json:"health"`
	StreamTitle      string           `json:"streamTitle"`
	VersionNumber    string           `json:"versionNumber"`
	ViewerCount      int              `json:"viewerCount"`
	OverallPeak      int              `json:"overallPeakViewerCount"`
	SessionPeak      int              `json:"sessionPeakViewerCount"`
	Online           bool             `json:"online"`
	Phase            string           `json:"phase"`
	SessionID        string           `json:"sessionId,omitempty"`
	Ingest           *ingestBody      `json:"ingest"`
	Renditions       []renditionBody  `json:"renditions"`
}

type broadcasterBody struct {
	Time          time.Time         `json:"time"`
	RemoteAddr    string            `json:"remoteAddr"`
	StreamDetails streamDetailsBody `json:"streamDetails"`
}

type streamDetailsBody struct {
	Width        int     `json:"width"`
	Height       int     `json:"height"`
	FrameRate    float64 `json:"framerate"`
	VideoBitrate int     `json:"videoBitrate"` // kbit/s
	AudioBitrate int     `json:"audioBitrate"` // kbit/s
	VideoCodec   string  `json:"videoCodec"`
	AudioCodec   string  `json:"audioCodec"`
	Encoder      string  `json:"encoder"`
}

type ingestBody struct {
	VideoProfile     string        `json:"videoProfile,omitempty"`
	AudioProfile     string        `json:"audioProfile,omitempty"`
	SampleRate       int           `json:"sampleRate,omitempty"`
	Channels         int           `json:"channels,omitempty"`
	KeyframeInterval float64       `json:"keyframeInterval"` // seconds
	Drift            float64       `json:"drift"`            // seconds that the sound is ahead
	Warnings         []warningBody `json:"warnings"`
}

type warningBody struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// renditionBody is how a step of the running session's ladder does.
type renditionBody struct {
	Name      string  `json:"name"`
	Running   bool    `json:"running"`
	Speed     float64 `json:"speed"` // 1 keeps up
	Lag       float64 `json:"lag"`   // seconds
	FrameRate float64 `json:"framerate"`
	Bitrate   int     `json:"bitrate"` // kbit/s
	Restarts  int     `json:"restarts"`
	Error     string  `json:"error"`
}

func renditions(list []video.RenditionStatus) []renditionBody {
	body := make([]renditionBody, 0, len(list))
	for _, r := range list {
		b := renditionBody{
			Name: r.Name, Running: r.Running, Speed: r.Speed, Lag: r.Lag.Seconds(),
			FrameRate: r.FrameRate, Bitrate: r.Bitrate / 1000, Restarts: r.Restarts,
		}
		if r.Err != nil {
			b.Error = r.Err.Error()
		}
		body = append(body, b)
	}
	return body
}

func (a *api) adminStatus(w http.ResponseWriter, r *http.Request) error {
	instance, err := a.Settings.Instance.Peek(r.Context())
	if err != nil {
		return err
	}
	s, count := a.Status.Status(), a.Audience.Count()
	body := adminStatusBody{
		StreamTitle: instance.StreamTitle, VersionNumber: a.Version,
		ViewerCount: count.Now, SessionPeak: count.SessionPeak, OverallPeak: count.Peak,
		Online: s.Online(), Phase: s.Phase.String(), SessionID: s.SessionID, Renditions: renditions(s.Renditions),
	}
	if s.Online() {
		body.Health = playbackHealth(a.Audience.Health())
		if body.CurrentBroadcast, err = a.currentBroadcast(r.Context()); err != nil {
			return err
		}
	}
	if s.Ingest != nil {
		body.Broadcaster, body.Ingest = broadcaster(s.Ingest), ingest(s.Ingest)
	}
	return httpx.JSON(w, http.StatusOK, body)
}

func broadcaster(in *video.Ingest) *broadcasterBody {
	b := &broadcasterBody{Time: in.ConnectedAt.UTC(), RemoteAddr: in.RemoteAddr}
	b.StreamDetails = streamDetailsBody{
		FrameRate: in.FrameRate, VideoBitrate: in.VideoBitrate / 1000, AudioBitrate: in.AudioBitrate / 1000,
		VideoCodec: codecName(in.Video, "No video"), AudioCodec: codecName(in.Audio, "No audio"), Encoder: in.Encoder,
	}
	if in.Video != nil {
		b.StreamDetails.Width, b.StreamDetails.Height = in.Video.Width, in.Video.Height
	}
	return b
}

// codecName is how clients of such servers know the codec.
func codecName(t *video.Track, none string) string {
	if t == nil {
		return none
	}
	names := map[video.Codec]string{
		video.H264: "H.264", video.HEVC: "H.265", video.AV1: "AV1",
		video.AAC: "AAC", video.Opus: "Opus", video.MP3: "MP3",
	}
	return cmp.Or(names[t.Codec], "Unknown")
}

func ingest(in *video.Ingest) *ingestBody {
	b := &ingestBody{
		KeyframeInterval: in.KeyframeInterval.Seconds(), Drift: in.Drift.Seconds(),
		Warnings: make([]warningBody, 0, len(in.Warnings)),
	}
	if in.Video != nil {
		b.VideoProfile = in.Video.Profile
	}
	if in.Audio != nil {
		b.AudioProfile, b.SampleRate, b.Channels = in.Audio.Profile, in.Audio.SampleRate, in.Audio.Channels
	}
	for _, w := range in.Warnings {
		b.Warnings = append(b.Warnings, warningBody{Code: string(w.Code), Detail: w.Detail})
	}
	return b
}

// resultBody is the answer to an act.
type resultBody struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

func (a *api) adminDisconnect(w http.ResponseWriter, _ *http.Request) error {
	if !a.Broadcast.Disconnect() {
		return httpx.JSON(w, http.StatusBadRequest, resultBody{Message: "no inbound stream connected"})
	}
	return httpx.JSON(w, http.StatusOK, resultBody{Success: true, Message: "inbound stream disconnected"})
}
