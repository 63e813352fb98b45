package hls

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/owncast-go/owncast/video"
)

// Recorder keeps sessions for longer than they can be watched live. What it
// keeps is the broadcast as it came. Each segment is written once, at the
// recorder's place in the Packager's Storage, where the live window is served
// from too; the Packager never deletes there.
//
// Stored, End and Release are called one at a time for a session. They must
// neither block nor call the Packager.
type Recorder interface {
	// Begin is asked before a segment of a session is stored, until it has
	// answered without an error, for the prefix of the keys that the session's
	// segments get. It ends with a slash and is not below "hls/". Begin may
	// take its time, but not long: the storage's queue waits. Segments that
	// it was asked for in vain are not part of the recording.
	Begin(ctx context.Context, session string) (prefix string, err error)
	// Stored tells of a segment that the storage has confirmed. Segments come
	// in the order of the broadcast, whatever the order they were stored in.
	Stored(session string, s video.RecordedSegment)
	// End tells that no more will come, and how much of the broadcast after
	// the last segment was lost.
	End(session string, lost time.Duration)
	// Release tells, after End, that no playlist names the session's segments
	// any more: they may be deleted. It is not called for the last session
	// before Shutdown, which is served as long as the Packager is.
	Release(session string)
}

// ledger tells a Recorder of one session. A nil ledger does nothing.
type ledger struct {
	recorder Recorder
	session  string
	asking   sync.Mutex // held while Begin is asked

	mu        sync.Mutex // guards the rest and orders the calls of the recorder; taken after asking
	prefix    string     // "" until Begin has answered
	open      []*segment // those to be told of, the oldest first
	lost      time.Duration
	told      bool // of any
	frameRate float64
	target    time.Duration
	ended     bool
	unused    bool // nothing names its segments; released once ended
}

func newLedger(cfg *Config, session string) *ledger {
	if cfg.Recorder == nil || cfg.Storage == nil {
		return nil
	}
	return &ledger{recorder: cfg.Recorder, session: session}
}

// add notes a segment that was closed.
func (l *ledger) add(r *rendition, s *segment) {
	if l == nil || r.name != mainRendition {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = append(l.open, s)
	l.frameRate, l.target = r.frameRate, time.Duration(r.target)*time.Second
}

// dir returns the prefix for a segment of the rendition that is about to be
// stored, or "" for the usual place.
func (l *ledger) dir(ctx context.Context, rendition string) string {
	if l == nil || rendition != mainRendition {
		return ""
	}
	l.asking.Lock()
	defer l.asking.Unlock()
	if prefix := l.place(); prefix != "" {
		return prefix
	}
	prefix, err := l.recorder.Begin(ctx, l.session)
	if err != nil {
		return "" // the recorder has its own way to tell of it
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.prefix = prefix
	return prefix
}

// place is where the session is recorded, or "".
func (l *ledger) place() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.prefix
}

// settle tells of what has been decided, up to the first segment that is
// still waiting for the storage.
func (l *ledger) settle() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.open) > 0 {
		s := l.open[0]
		state := s.stored.Load()
		if state == storePending {
			return
		}
		l.open = slices.Delete(l.open, 0, 1)
		switch {
		case state == storeDone && s.dir != "":
			l.recorder.Stored(l.session, l.recorded(s))
			l.told, l.lost = true, 0
		case l.told:
			l.lost += s.dur
		}
	}
}

func (l *ledger) recorded(s *segment) video.RecordedSegment {
	return video.RecordedSegment{
		Name: s.name, Start: s.start, Duration: s.dur, Size: s.size,
		Independent: s.independent, Discontinuity: s.discontinuity || l.lost > 0, Lost: l.lost,
		Header: s.init.header(), FrameRate: l.frameRate, Target: l.target,
	}
}

// end tells that everything is decided.
func (l *ledger) end() {
	l.settle()
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if l.prefix == "" {
		return
	}
	l.recorder.End(l.session, l.lost)
	if l.unused {
		l.recorder.Release(l.session)
	}
}

// release tells that nothing names the segments any more.
func (l *ledger) release() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unused {
		return
	}
	l.unused = true
	if l.ended && l.prefix != "" {
		l.recorder.Release(l.session)
	}
}
