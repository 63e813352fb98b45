package stats

import (
	"context"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// Past is what is remembered of earlier sessions, across restarts.
type Past struct {
	SessionPeak int       `json:"sessionPeak"`      // most viewers at a time in the last session
	Peak        int       `json:"peak"`             // most viewers at a time in any session
	EndedAt     time.Time `json:"endedAt,omitzero"` // when the last session ended; zero if there was none
	Since       time.Time `json:"since,omitzero"`   // when the channel was first started
}

// PastSetting is the section that the Past is kept in.
func PastSetting() repository.Setting[Past] {
	return repository.Setting[Past]{Section: "past"}
}

// rememberEnd notes that a session has ended. The caller holds mu.
func (a *Audience) rememberEnd() {
	if a.cfg.Ended == nil {
		return
	}
	if at := a.cfg.Ended(); !at.IsZero() { // it is while the next session runs
		a.past.EndedAt = at.UTC()
	}
}

// load reads what an Audience before this one has saved.
func (a *Audience) load(ctx context.Context) error {
	if a.cfg.Settings == nil {
		return nil
	}
	p, _, err := PastSetting().Get(ctx, a.cfg.Settings)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if p.Since.IsZero() {
		p.Since, a.dirty = a.now().UTC(), true
	}
	a.past = p
	a.count.SessionPeak, a.count.Peak = p.SessionPeak, p.Peak
	return nil
}

// save keeps what is to be remembered.
func (a *Audience) save(ctx context.Context) {
	a.saving.Lock()
	defer a.saving.Unlock()
	a.mu.Lock()
	p, dirty := a.past, a.dirty
	a.dirty, a.ended, a.saved = false, false, a.now()
	a.mu.Unlock()
	if a.cfg.Settings == nil || !dirty || !a.cfg.Lead() {
		return
	}
	_, err := PastSetting().Update(ctx, a.cfg.Settings, func(v *Past) error {
		p.Peak = max(p.Peak, v.Peak)
		*v = p
		return nil
	})
	if err == nil {
		return
	}
	a.log.WarnContext(ctx, "viewer counts not saved", "err", err)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dirty = true // and tried again
}
