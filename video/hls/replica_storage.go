package hls

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

const (
	// proofTime is how long the storage has to answer.
	proofTime = 5 * time.Second
	// proofPause is for how long it is not asked again after a no.
	proofPause = 10 * time.Second
)

// ProveStorage finds out whether the Packager's Storage has what the other
// Packager's has, and tells whether that is proven. It looks for a segment of
// the session that the other one has stored: its name has the id of the session,
// which must be unique. Each session is proven anew, for the next one may come
// from elsewhere; call it again and again. As long as there is nothing to look
// for, and for ten seconds after a segment was not there, it returns at once.
//
// The error is that of a Storage that does not answer, for which it waits five
// seconds at the most.
func (r *Replica) ProveStorage(ctx context.Context) (bool, error) {
	if r.p.cfg.Storage == nil {
		return false, nil
	}
	s, key := r.evidence()
	if key == "" {
		return s != nil && s.shared.Load(), nil
	}
	ctx, cancel := context.WithTimeout(ctx, proofTime)
	defer cancel()
	rc, _, err := r.p.cfg.Storage.Open(ctx, key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.mu.Lock()
		defer r.mu.Unlock()
		s.refuted = r.p.now()
		return false, nil
	case err != nil:
		return false, err
	}
	_ = rc.Close() // nothing was written
	s.shared.Store(true)
	return true, nil
}

// evidence returns the session that is followed, and a key that the Storage has
// if it is the other Packager's; "" if there is none that is worth a look.
func (r *Replica) evidence() (s *replicated, key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s = r.s
	if s == nil || s.shared.Load() || !s.refuted.IsZero() && r.p.now().Sub(s.refuted) < proofPause {
		return s, ""
	}
	for _, m := range s.mirrors {
		if key = m.storedKey(s.stream.session.ID); key != "" {
			break
		}
	}
	return s, key
}

// storedKey is where the other Packager's storage has the newest segment that it
// has; "" if it has none.
func (m *mirror) storedKey(session string) string {
	var newest *segment
	for _, g := range m.segs {
		if g.stored.Load() == storeDone && (newest == nil || g.msn > newest.msn) {
			newest = g
		}
	}
	switch {
	case newest == nil:
		return ""
	case newest.dir != "":
		return newest.dir + segmentName(session, newest.msn)
	}
	return segmentKey(m.name, segmentName(session, newest.msn))
}
