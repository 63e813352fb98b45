package owncast

import (
	"context"
	"errors"
	"net/http"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/hls"
	"github.com/owncast-go/owncast/video/recording"
)

// ErrNoRecordings is returned by [Recordings] of an App without
// [WithRecording].
var ErrNoRecordings = errors.New("owncast: sessions are not recorded")

// WithRecording records every session, as it came, into the [Storage], and
// deletes what p does not keep. See [App.Recordings]. The default records
// nothing. With [WithCluster] it is an error.
func WithRecording(p recording.Policy) Option {
	return func(c *config) error {
		c.recording = &p
		c.newLibrary = newLibrary
		return option("WithRecording", p.Validate())
	}
}

// thumbnailOf is what a recording asks for its thumbnail: that of the stream,
// once it is of the session.
func thumbnailOf(t Thumbnails, state *video.State) func(context.Context, string) ([]byte, error) {
	if t == nil {
		return nil
	}
	return func(_ context.Context, session string) ([]byte, error) {
		s := state.Status()
		picture, made := t.JPEG()
		if s.SessionID != session || made.Before(s.StartedAt) {
			return nil, nil
		}
		return picture, nil
	}
}

// library is a [recording.Library]. Only [WithRecording] names how one is made,
// for programs that record nothing to be linked without it.
type library interface {
	http.Handler
	hls.Recorder
	Start()
	Shutdown(ctx context.Context) error
	List(ctx context.Context, offset, limit int) ([]recording.Recording, int, error)
	Lookup(ctx context.Context, id string) (recording.Recording, error)
	Update(ctx context.Context, id string, u recording.Update) (recording.Recording, error)
	Delete(ctx context.Context, id string) error
	Clip(ctx context.Context, req recording.ClipRequest) (recording.Recording, error)
}

func newLibrary(c recording.Config) (library, error) {
	l, err := recording.New(c)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Recordings are the recordings of an [App] and the clips cut from them. The
// errors of its methods are those of [recording.Library], [ErrNoRecordings],
// [ErrNotStarted] and [ErrClosed].
type Recordings struct{ app *App }

// Recordings are what [WithRecording] keeps.
func (a *App) Recordings() *Recordings { return &Recordings{app: a} }

func (r *Recordings) library() (library, error) {
	p, err := r.app.live()
	switch {
	case r.app.cfg.recording == nil:
		return nil, ErrNoRecordings
	case err != nil:
		return nil, err
	}
	return p.library, nil
}

// List returns recordings and clips, the newest first, and how many there
// are: limit of them from offset on. A limit of 0 returns all.
func (r *Recordings) List(ctx context.Context, offset, limit int) ([]recording.Recording, int, error) {
	l, err := r.library()
	if err != nil {
		return nil, 0, err
	}
	return l.List(ctx, offset, limit)
}

// Lookup returns one recording.
func (r *Recordings) Lookup(ctx context.Context, id string) (recording.Recording, error) {
	l, err := r.library()
	if err != nil {
		return recording.Recording{}, err
	}
	return l.Lookup(ctx, id)
}

// Update changes a recording's title, or pins it.
func (r *Recordings) Update(ctx context.Context, id string, u recording.Update) (recording.Recording, error) {
	l, err := r.library()
	if err != nil {
		return recording.Recording{}, err
	}
	return l.Update(ctx, id, u)
}

// Delete deletes a recording that is not live.
func (r *Recordings) Delete(ctx context.Context, id string) error {
	l, err := r.library()
	if err != nil {
		return err
	}
	return l.Delete(ctx, id)
}

// Clip cuts a clip from a recording, which may be live.
func (r *Recordings) Clip(ctx context.Context, req recording.ClipRequest) (recording.Recording, error) {
	l, err := r.library()
	if err != nil {
		return recording.Recording{}, err
	}
	return l.Clip(ctx, req)
}
