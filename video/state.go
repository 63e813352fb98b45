package video

import (
	"sync/atomic"
	"time"
)

// Phase is where a stream is in its life.
type Phase uint8

// The phases. A stream is live from the moment it can be watched.
const (
	Offline Phase = iota
	Live
	Reconnecting // the publisher is gone and has until the end of the grace to come back
)

// String returns "offline", "live" or "reconnecting".
func (p Phase) String() string {
	switch p {
	case Live:
		return "live"
	case Reconnecting:
		return "reconnecting"
	default:
		return "offline"
	}
}

// Status is what a stream is doing. It is a value: keep it, compare its
// fields, and leave what it points to as it is.
type Status struct {
	Phase     Phase
	SessionID string    // of the running or the last session; "" before the first
	StartedAt time.Time // when the session could first be watched
	EndedAt   time.Time // of the last session; zero while one runs and before the first
	Ingest    *Ingest   // nil while no publisher is connected
	// Renditions are those of the running session's ladder, in its order; nil
	// without one. A report is never changed; the next one is another slice.
	Renditions []RenditionStatus
}

// Online tells whether there is something to watch.
func (s Status) Online() bool { return s.Phase != Offline }

// Ingest reports on the publisher that is connected. A report is never
// changed; the next one is another value.
type Ingest struct {
	RemoteAddr  string
	Encoder     string
	ConnectedAt time.Time

	Video *Track // nil if there is none
	Audio *Track // nil if there is none

	FrameRate        float64       // measured, frames per second
	VideoBitrate     int           // measured, bits per second
	AudioBitrate     int           // measured, bits per second
	KeyframeInterval time.Duration // the longest of the last few; 0 until two were seen
	Drift            time.Duration // by how much the audio's clock is ahead of the video's

	Warnings []Warning
}

// Warning is something about a broadcast that its publisher should mend.
type Warning struct {
	Code   WarningCode
	Detail string // for people
}

// WarningCode names a kind of Warning.
type WarningCode string

// The warnings.
const (
	WarnKeyframeInterval WarningCode = "keyframe-interval" // longer than 4 s: high delay, slow start
	WarnDrift            WarningCode = "av-drift"          // audio and video over 500 ms apart
	WarnTimestamps       WarningCode = "timestamps"        // the clock jumped or went back
	WarnNoAudio          WarningCode = "no-audio"
	WarnNoVideo          WarningCode = "no-video"
	WarnSlow             WarningCode = "slow"  // media arrives slower than real time
	WarnCodec            WarningCode = "codec" // does not play in every browser
)

// State holds the current Status. It depends on nothing, so it can be made
// first and handed to everything that wants to know whether the stream is on.
// The zero State is offline. It is safe for concurrent use, and reading it
// takes no lock.
type State struct {
	own    atomic.Pointer[Status]
	remote atomic.Pointer[Status]
}

// Status returns the current status: that of the Server, or the one that was
// given to [State.SetRemote] if that is online and the Server's is not, or if
// it ended later.
func (s *State) Status() Status {
	own := s.Own()
	if r := s.remote.Load(); r != nil && !own.Online() && own.Ingest == nil && (r.Online() || r.EndedAt.After(own.EndedAt)) {
		return *r
	}
	return own
}

// Own returns the status of the Server alone.
func (s *State) Own() Status {
	if p := s.own.Load(); p != nil {
		return *p
	}
	return Status{}
}

// SetRemote says what the stream does on the node of a cluster that has the
// publisher. The State keeps what st points to.
func (s *State) SetRemote(st Status) { s.remote.Store(&st) }

func (s *State) set(st Status) { s.own.Store(&st) }
