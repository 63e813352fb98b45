package recording

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/video"
)

const (
	firstRetry   = time.Second
	lastRetry    = 30 * time.Second
	maxThumbnail = 2 << 20
	mediaMaxAge  = 365 * 24 * time.Hour
)

// take is a recording in the making. Segments arrive, and are part of it once
// the storage has their header too; then they are noted in the index.
type take struct {
	lib  *Library
	id   string
	wake chan struct{}

	mu      sync.Mutex // guards the fields up to the blank line
	arrived []video.RecordedSegment
	ended   bool
	tail    time.Duration // lost after the last segment
	x       index         // what is in its slices never changes
	shown   *rendered     // of x; nil if it was not asked for yet

	noted    int // records in the stored index
	pictured bool
	failing  bool
}

// Begin says where the segments of a session are to be stored. The session's
// id becomes the recording's.
func (l *Library) Begin(ctx context.Context, session string) (prefix string, err error) {
	if !validID(session) {
		return "", fmt.Errorf("recording: session %q is no id", session)
	}
	l.mu.Lock()
	e, closed := l.known[session], l.closed
	l.mu.Unlock()
	switch {
	case closed:
		return "", ErrClosed
	case e != nil && e.take != nil:
		return root(session) + rendition, nil
	case e != nil:
		return "", fmt.Errorf("recording: session %q was recorded before", session)
	}
	r := Recording{ID: session, Session: session, StartedAt: l.now().UTC(), State: Live, Title: l.title(ctx)}
	if err := l.begin(ctx, r); err != nil {
		l.mu.Lock()
		again := l.refused == session
		l.refused = session
		l.mu.Unlock()
		if !again {
			l.failed(r, err)
		}
		return "", err
	}
	return root(session) + rendition, nil
}

// begin marks the recording before it has media, so that none are forgotten.
func (l *Library) begin(ctx context.Context, r Recording) error {
	if err := l.lockTurn(ctx); err != nil {
		return err
	}
	defer l.unlockTurn()
	l.beginning(r.ID) // until it is known: what load finds of it is not garbage
	defer l.beginning("")
	if err := l.put(ctx, markKey(r.ID), []byte(r.ID)); err != nil {
		return err
	}
	if err := l.writeJSON(ctx, metadataKey(r.ID), r); err != nil {
		return err
	}
	t := &take{lib: l, id: r.ID, wake: make(chan struct{}, 1)}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	l.known[r.ID] = &entry{rec: r, take: t}
	l.held[r.ID]++
	l.wg.Add(1)
	go t.run() // ends after End, and with closing
	return nil
}

func (l *Library) beginning(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begins = id
}

func (l *Library) take(id string) *take {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.known[id]; e != nil {
		return e.take
	}
	return nil
}

// Stored adds a segment to the recording of a session.
func (l *Library) Stored(session string, s video.RecordedSegment) {
	if t := l.take(session); t != nil {
		t.mu.Lock()
		t.arrived = append(t.arrived, s)
		t.mu.Unlock()
		t.wakeUp()
	}
}

// End has the recording of a session completed.
func (l *Library) End(session string, lost time.Duration) {
	if t := l.take(session); t != nil {
		t.mu.Lock()
		t.ended, t.tail, t.shown = true, lost, nil
		t.mu.Unlock()
		t.wakeUp()
	}
}

// Release lets the media of a session be deleted.
func (l *Library) Release(session string) { l.release(session) }

func (t *take) wakeUp() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// run works whenever something has come, and again where it failed. While
// the Library closes it tries once more.
func (t *take) run() {
	defer t.lib.wg.Done()
	retry, wait := time.NewTimer(time.Hour), firstRetry
	defer retry.Stop()
	for last := false; !last; {
		retry.Stop()
		select {
		case <-t.lib.closing:
			last = true
		default:
		}
		done, err := t.work(t.lib.ctx)
		if err != nil {
			t.fault(err)
			retry.Reset(wait)
			wait = min(2*wait, lastRetry)
		} else {
			t.failing, wait = false, firstRetry
		}
		if done || last {
			return
		}
		select {
		case <-t.wake:
		case <-retry.C:
		case <-t.lib.closing:
		}
	}
}

func (t *take) fault(err error) {
	if t.failing {
		return
	}
	t.failing = true
	if r, ok := t.lib.recording(t.id); ok {
		t.lib.failed(r, err)
	}
}

func (l *Library) recording(id string) (Recording, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.known[id]
	if e == nil {
		return Recording{}, false
	}
	return e.rec, true
}

// work does what there is to do, and tells when that was the last of it.
func (t *take) work(ctx context.Context) (done bool, err error) {
	for {
		admitted, err := t.admit(ctx)
		if err != nil {
			return false, err
		}
		if !admitted {
			break
		}
	}
	x, over := t.state()
	if err := t.note(ctx, x); err != nil {
		return false, err
	}
	t.picture(ctx)
	if !over {
		return false, nil
	}
	return true, t.finish(ctx, x)
}

// state returns the index as it is, and whether nothing more will come.
func (t *take) state() (x index, over bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.x, t.ended && len(t.arrived) == 0
}

// admit stores the header of the first segment that has arrived, if it is not
// there yet, and makes the segments with this header part of the recording.
func (t *take) admit(ctx context.Context) (bool, error) {
	t.mu.Lock()
	var h *video.SegmentHeader
	if len(t.arrived) > 0 {
		h = t.arrived[0].Header
	}
	x := t.x
	t.mu.Unlock()
	if h == nil {
		return false, nil
	}
	n := slices.IndexFunc(x.headers, func(k header) bool { return k.Name == h.Name })
	if n < 0 {
		if err := t.lib.putMedia(ctx, root(t.id)+rendition+h.Name, h.Data); err != nil {
			return false, err
		}
		n = len(x.headers)
	}
	t.mu.Lock()
	if n == len(t.x.headers) {
		t.x.headers = append(t.x.headers[:n:n], newHeader(h))
	}
	for len(t.arrived) > 0 && t.arrived[0].Header.Name == h.Name {
		s := t.arrived[0]
		t.arrived = t.arrived[1:]
		t.x.frameRate = s.FrameRate
		t.x.target = max(t.x.target, int(s.Target/time.Second))
		t.x.records = append(t.x.records, record{
			Name: s.Name, Start: s.Start.UTC(), Duration: s.Duration, Lost: s.Lost, Size: s.Size,
			Header: n, Discontinuity: s.Discontinuity, Independent: s.Independent,
		})
	}
	t.shown = nil
	x = t.x
	t.mu.Unlock()
	t.lib.mu.Lock()
	defer t.lib.mu.Unlock()
	x.measure(&t.lib.known[t.id].rec)
	return true, nil
}

func (l *Library) putMedia(ctx context.Context, key string, b []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	o := storage.PutOptions{ContentType: storage.ContentType(key), MaxAge: mediaMaxAge}
	return l.cfg.Storage.Put(ctx, key, bytes.NewReader(b), o)
}

// note stores the index as far as it has grown.
func (t *take) note(ctx context.Context, x index) error {
	if len(x.records) == t.noted {
		return nil
	}
	if err := t.lib.writePages(ctx, t.id, x, t.noted); err != nil {
		return err
	}
	t.noted = len(x.records)
	return nil
}

// picture asks for the thumbnail, until there is one.
func (t *take) picture(ctx context.Context) {
	l := t.lib
	r, _ := l.recording(t.id)
	if l.cfg.Thumbnail == nil || t.pictured || r.Segments == 0 || r.Duration < l.policy.MinDuration {
		return
	}
	t.pictured = true
	var b []byte
	err := l.guard("thumbnail", func() (err error) {
		ctx, cancel := context.WithTimeout(ctx, writeTimeout)
		defer cancel()
		b, err = l.cfg.Thumbnail(ctx, r.Session)
		return err
	})
	if err == nil && len(b) > maxThumbnail {
		err = errors.New("recording: the thumbnail is too large")
	}
	if err == nil && len(b) == 0 {
		t.pictured = false
		return
	}
	if err == nil {
		err = l.putMedia(ctx, root(t.id)+thumbnailFile, b)
	}
	if err != nil {
		l.log.Warn("a recording has no thumbnail", "session", r.Session, "err", err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known[t.id].rec.Thumbnail = true
}

// finish completes the recording, or drops it if it is too short.
func (t *take) finish(ctx context.Context, x index) error {
	t.mu.Lock()
	tail := t.tail
	t.mu.Unlock()
	return t.lib.complete(ctx, t.id, x, tail, Complete)
}

// complete stores the playlists of a recording that has ended, and its
// metadata last.
func (l *Library) complete(ctx context.Context, id string, x index, tail time.Duration, s State) error {
	r, ok := l.recording(id)
	if !ok {
		return ErrNotFound
	}
	x.measure(&r)
	keep := r.Segments > 0 && r.Duration >= l.policy.MinDuration
	if keep {
		if err := l.writePlaylists(ctx, id, x); err != nil {
			return err
		}
	}
	r.State = s
	r.Lost += tail
	if err := l.settle(ctx, &r, keep); err != nil || !keep {
		return err
	}
	l.wakeUp()
	l.log.Info("recording complete", "id", id, "duration", r.Duration, "state", r.State)
	tell(l, l.cfg.Events.Ready, Ready{Recording: r})
	return nil
}

// settle stores the metadata of a recording that has ended, with what was
// changed of them meanwhile; or deletes them.
func (l *Library) settle(ctx context.Context, r *Recording, keep bool) error {
	if err := l.lockTurn(ctx); err != nil {
		return err
	}
	defer l.unlockTurn()
	if !keep {
		return l.discard(ctx, r.ID)
	}
	latest, _ := l.recording(r.ID)
	r.Title, r.Pinned = latest.Title, latest.Pinned
	if err := l.writeJSON(ctx, metadataKey(r.ID), *r); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known[r.ID] = &entry{rec: *r}
	return nil
}

func (l *Library) writePlaylists(ctx context.Context, id string, x index) error {
	text, err := x.media(true)
	if err != nil {
		return err
	}
	if err := l.put(ctx, root(id)+rendition+playlistFile, text); err != nil {
		return err
	}
	return l.put(ctx, root(id)+playlistFile, x.multivariant())
}
