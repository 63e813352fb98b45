package recording

import (
	"cmp"
	"errors"
	"sort"
	"time"
)

const (
	shortest    = 10 * time.Second
	longestClip = 10 * time.Minute
)

// Policy is what is kept, and for how long. The zero Policy keeps every
// session of ten seconds and more for ever.
//
// It is applied at the start, at the end of each session, and every ten
// minutes. What has to go goes oldest first, but never what is live, what is
// pinned, or a clip; those do not count either. The newest recording is kept
// whatever its size is.
type Policy struct {
	// MinDuration is how much media a session must have to be kept. Zero
	// means ten seconds; negative keeps every session.
	MinDuration time.Duration
	// MaxAge deletes what ended that long ago. Zero means never.
	MaxAge time.Duration
	// MaxCount is how many recordings are kept. Zero means any number.
	MaxCount int
	// MaxBytes is how large all of them may be together, the live one
	// included. Zero means any size.
	MaxBytes int64
	// MaxClip is how long a clip may be. Zero means ten minutes.
	MaxClip time.Duration
}

// Validate returns an error for limits below zero.
func (p Policy) Validate() error {
	if p.MaxAge < 0 || p.MaxCount < 0 || p.MaxBytes < 0 || p.MaxClip < 0 {
		return errors.New("recording: a limit is negative")
	}
	return nil
}

func (p Policy) withDefaults() Policy {
	p.MinDuration = cmp.Or(p.MinDuration, shortest)
	p.MaxClip = cmp.Or(p.MaxClip, longestClip)
	return p
}

// surplus returns the ids of what has to go, the oldest first.
func (p Policy) surplus(all []Recording, now time.Time) (ids []string) {
	var kept []Recording
	var bytes int64
	for _, r := range all {
		switch {
		case r.Pinned, r.Clip():
		case r.State == Live:
			bytes += r.Bytes
		default:
			bytes += r.Bytes
			kept = append(kept, r)
		}
	}
	sort.Slice(kept, func(i, j int) bool { return older(kept[i], kept[j]) < 0 })
	for i, r := range kept {
		expired := p.MaxAge > 0 && now.Sub(r.StartedAt.Add(r.Duration+r.Lost)) > p.MaxAge
		crowded := p.MaxCount > 0 && len(kept)-i > p.MaxCount
		large := p.MaxBytes > 0 && bytes > p.MaxBytes && i < len(kept)-1
		if expired || crowded || large {
			ids = append(ids, r.ID)
			bytes -= r.Bytes
		}
	}
	return ids
}

func older(a, b Recording) int {
	return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.ID, b.ID))
}
