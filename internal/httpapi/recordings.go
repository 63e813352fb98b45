package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/video/recording"
)

const (
	pageLimit    = 50  // of a list if nothing else is asked for
	maxPageLimit = 500 // whatever is asked for

	maxRecordingBody = 16 << 10
)

// recordings is what the routes of recordings ask.
type recordings interface {
	http.Handler
	List(ctx context.Context, offset, limit int) ([]recording.Recording, int, error)
	Lookup(ctx context.Context, id string) (recording.Recording, error)
	Update(ctx context.Context, id string, u recording.Update) (recording.Recording, error)
	Delete(ctx context.Context, id string) error
	Clip(ctx context.Context, req recording.ClipRequest) (recording.Recording, error)
}

// recordingBody is a recording as the API tells of it. URLs are relative to
// the path that the App is mounted on.
type recordingBody struct {
	ID              string    `json:"id"`
	Session         string    `json:"session"`
	ClipOf          string    `json:"clipOf,omitempty"`
	Title           string    `json:"title"`
	StartedAt       time.Time `json:"startedAt"`
	Duration        float64   `json:"duration"` // seconds
	Lost            float64   `json:"lost"`     // seconds
	Bytes           int64     `json:"bytes"`
	State           string    `json:"state"` // live, complete or interrupted
	Segments        int       `json:"segments"`
	Discontinuities int       `json:"discontinuities"`
	Pinned          bool      `json:"pinned"`
	URL             string    `json:"url"`
	Thumbnail       *string   `json:"thumbnail"` // null if there is none
}

func newRecordingBody(r recording.Recording) recordingBody {
	b := recordingBody{
		ID: r.ID, Session: r.Session, ClipOf: r.Of, Title: r.Title, StartedAt: r.StartedAt.UTC(),
		Duration: r.Duration.Seconds(), Lost: r.Lost.Seconds(), Bytes: r.Bytes, State: string(r.State),
		Segments: r.Segments, Discontinuities: r.Discontinuity, Pinned: r.Pinned, URL: "recordings/" + r.Playlist(),
	}
	if r.Thumbnail {
		u := "recordings/" + r.ID + "/thumbnail.jpg"
		b.Thumbnail = &u
	}
	return b
}

// pageBody is a part of a list.
type pageBody[T any] struct {
	Total   int `json:"total"`
	Results []T `json:"results"`
}

// recordingRoutes are refused as unknown if nothing is recorded.
func recordingRoutes() []Route {
	return []Route{
		{"GET", "/api/recordings", Anyone, 0, mediaJSON, recorded((*api).listRecordings)},
		{"GET", "/api/recordings/{id}", Anyone, 0, mediaJSON, recorded((*api).oneRecording)},
		{"PATCH", "/api/admin/recordings/{id}", Admin, maxRecordingBody, mediaJSON, recorded((*api).updateRecording)},
		{"DELETE", "/api/admin/recordings/{id}", Admin, 0, mediaJSON, recorded((*api).deleteRecording)},
		{"POST", "/api/admin/clips", Admin, maxRecordingBody, mediaJSON, recorded((*api).makeClip)},
	}
}

func recorded(fn func(*api, http.ResponseWriter, *http.Request) error) func(*api, http.ResponseWriter, *http.Request) error {
	return func(a *api, w http.ResponseWriter, r *http.Request) error {
		if a.Recordings == nil {
			return httpx.ErrNotFound
		}
		return fn(a, w, r)
	}
}

func (a *api) listRecordings(w http.ResponseWriter, r *http.Request) error {
	limit, err := queryInt(r, "limit", pageLimit)
	if err != nil {
		return err
	}
	offset, err := queryInt(r, "offset", 0)
	if err != nil {
		return err
	}
	list, total, err := a.Recordings.List(r.Context(), offset, min(max(limit, 1), maxPageLimit))
	if err != nil {
		return err
	}
	body := pageBody[recordingBody]{Total: total, Results: make([]recordingBody, 0, len(list))}
	for _, one := range list {
		body.Results = append(body.Results, newRecordingBody(one))
	}
	return httpx.JSON(w, http.StatusOK, body)
}

// queryInt reads a number of the query that is not negative.
func queryInt(r *http.Request, name string, missing int) (int, error) {
	s := r.URL.Query().Get(name)
	if s == "" {
		return missing, nil
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 0 {
		return 0, &httpx.BadRequestError{Message: name + " must be a number from 0 on", Err: err}
	}
	return int(n), nil
}

func (a *api) oneRecording(w http.ResponseWriter, r *http.Request) error {
	one, err := a.Recordings.Lookup(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, newRecordingBody(one))
}

func (a *api) updateRecording(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Title  *string `json:"title"`
		Pinned *bool   `json:"pinned"`
	}
	if err := httpx.DecodeJSON(w, r, maxRecordingBody, &body); err != nil {
		return err
	}
	one, err := a.Recordings.Update(r.Context(), r.PathValue("id"), recording.Update{Title: body.Title, Pinned: body.Pinned})
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, newRecordingBody(one))
}

func (a *api) deleteRecording(w http.ResponseWriter, r *http.Request) error {
	if err := a.Recordings.Delete(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, resultBody{Success: true, Message: "recording deleted"})
}

func (a *api) makeClip(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Recording string          `json:"recording"`
		Start     json.RawMessage `json:"start"`
		End       json.RawMessage `json:"end"`
		Title     string          `json:"title"`
	}
	if err := httpx.DecodeJSON(w, r, maxRecordingBody, &body); err != nil {
		return err
	}
	req := recording.ClipRequest{Recording: body.Recording, Title: body.Title}
	if err := clipRange(&req, body.Start, body.End); err != nil {
		return err
	}
	one, err := a.Recordings.Clip(r.Context(), req)
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusCreated, newRecordingBody(one))
}

// clipRange reads two offsets in seconds, or two times.
func clipRange(req *recording.ClipRequest, start, end json.RawMessage) error {
	var from, to float64
	if json.Unmarshal(start, &from) == nil && json.Unmarshal(end, &to) == nil {
		const most = 1e9 // seconds, which fit into a Duration
		if from < 0 || to < 0 || from > most || to > most {
			return recording.ErrRange
		}
		req.Start, req.End = time.Duration(from*float64(time.Second)), time.Duration(to*float64(time.Second))
		return nil
	}
	if json.Unmarshal(start, &req.From) == nil && json.Unmarshal(end, &req.To) == nil && !req.To.IsZero() {
		return nil
	}
	return httpx.BadRequest(`fields "start" and "end" must be two numbers of seconds or two RFC 3339 times`)
}
