package recording

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/owncast-go/owncast/storage"
)

// ClipRequest is a clip to be made.
type ClipRequest struct {
	// Recording is the id of the recording it is cut from; that of a session
	// that is being recorded is fine. "live" is the one being recorded now.
	Recording string
	// From and To are when it begins and ends. They count if To is not zero,
	// in place of Start and End.
	From, To time.Time
	// Start and End are the same from the start of the recording, by its
	// media: what was lost does not count.
	Start, End time.Duration
	Title      string
}

// LiveRecording stands in a [ClipRequest] for what is being recorded.
const LiveRecording = "live"

// Clip makes a recording of its own of a part of another one: of the segments
// that have some of the range. Their media are copied, so that the clip stays
// when the recording goes; the policy does not apply to it.
//
// The errors are [ErrNotFound], [ErrRange], [ErrTooLong] and [ErrTitle], or
// the storage's. Clip returns when the clip can be watched; if ctx is done
// earlier, nothing is left of it. One clip is made at a time.
func (l *Library) Clip(ctx context.Context, req ClipRequest) (Recording, error) {
	if err := l.ready(ctx); err != nil {
		return Recording{}, err
	}
	title, err := cleanTitle(req.Title)
	if err != nil {
		return Recording{}, err
	}
	done, err := l.enter()
	if err != nil {
		return Recording{}, err
	}
	defer done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	select {
	case l.cutting <- struct{}{}:
		defer func() { <-l.cutting }()
	case <-ctx.Done():
		return Recording{}, ctx.Err()
	}
	of, x, err := l.source(ctx, req.Recording)
	if err != nil {
		return Recording{}, err
	}
	defer l.release(of.ID)
	if x, err = x.cut(req, l.policy.MaxClip); err != nil {
		return Recording{}, err
	}
	r := Recording{ID: newID(), Session: of.Session, Of: of.ID, Title: title, State: Complete, Thumbnail: of.Thumbnail}
	x.measure(&r)
	if err := l.copy(ctx, r, x); err != nil {
		l.litter(r.ID)
		return Recording{}, fmt.Errorf("recording: make a clip: %w", err)
	}
	tell(l, l.cfg.Events.Ready, Ready{Recording: r})
	return r, nil
}

// newID returns 80 random bits in base 32.
func newID() string { return strings.ToLower(rand.Text()[:16]) }

// enter keeps Shutdown waiting until done is called.
func (l *Library) enter() (done func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, ErrClosed
	}
	l.wg.Add(1)
	return l.wg.Done, nil
}

// source returns a recording and its index, and holds its media.
func (l *Library) source(ctx context.Context, id string) (Recording, index, error) {
	l.mu.Lock()
	e := l.known[id]
	if id == LiveRecording {
		e = nil
		for _, k := range l.known {
			if k.take != nil && (e == nil || older(e.rec, k.rec) < 0) {
				e = k
			}
		}
	}
	if e == nil || e.waiting {
		l.mu.Unlock()
		return Recording{}, index{}, ErrNotFound
	}
	r, t := e.rec, e.take
	l.held[r.ID]++
	l.mu.Unlock()
	if t != nil {
		x, _ := t.state()
		return r, x, nil
	}
	x, err := l.readIndex(ctx, r.ID)
	if err != nil {
		l.release(r.ID)
	}
	return r, x, err
}

// cut returns the part of the index that is asked for.
func (x index) cut(req ClipRequest, longest time.Duration) (index, error) {
	byDate := !req.To.IsZero()
	length := req.End - req.Start
	if byDate {
		length = req.To.Sub(req.From)
	}
	switch {
	case length <= 0, !byDate && req.Start < 0:
		return index{}, ErrRange
	case length > longest:
		return index{}, ErrTooLong
	}
	out := index{frameRate: x.frameRate, target: x.target}
	headers := map[int]int{}
	var at time.Duration
	for _, r := range x.records {
		inside := at < req.End && at+r.Duration > req.Start
		if byDate {
			inside = r.Start.Before(req.To) && r.Start.Add(r.Duration).After(req.From)
		}
		at += r.Duration
		if !inside {
			continue
		}
		n, ok := headers[r.Header]
		if !ok {
			n = len(out.headers)
			headers[r.Header] = n
			out.headers = append(out.headers, x.headers[r.Header])
		}
		r.Header = n
		if len(out.records) == 0 {
			r.Discontinuity, r.Lost = false, 0
		}
		out.records = append(out.records, r)
	}
	if len(out.records) == 0 {
		return index{}, ErrRange
	}
	return out, nil
}

// copy makes the objects of a clip, its metadata last.
func (l *Library) copy(ctx context.Context, r Recording, x index) error {
	if err := l.put(ctx, markKey(r.ID), []byte(r.ID)); err != nil {
		return err
	}
	var names []string
	for _, h := range x.headers {
		names = append(names, rendition+h.Name)
	}
	for _, s := range x.records {
		names = append(names, rendition+s.Name)
	}
	if r.Thumbnail {
		names = append(names, thumbnailFile)
	}
	for _, name := range names {
		if err := l.copyObject(ctx, root(r.Of)+name, root(r.ID)+name); err != nil {
			return err
		}
	}
	if err := l.writePages(ctx, r.ID, x, 0); err != nil {
		return err
	}
	if err := l.writePlaylists(ctx, r.ID, x); err != nil {
		return err
	}
	if err := l.lockTurn(ctx); err != nil {
		return err
	}
	defer l.unlockTurn()
	if err := l.writeJSON(ctx, metadataKey(r.ID), r); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known[r.ID] = &entry{rec: r}
	return nil
}

func (l *Library) copyObject(ctx context.Context, from, to string) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	rc, _, err := l.cfg.Storage.Open(ctx, from)
	if err != nil {
		return err
	}
	defer rc.Close() //nolint:errcheck // only read from
	return l.cfg.Storage.Put(ctx, to, rc, storage.PutOptions{ContentType: storage.ContentType(to), MaxAge: mediaMaxAge})
}
