package video

import (
	"context"
	"time"
)

// Session is one stream from going live to the end of its last reconnect
// grace.
type Session struct {
	ID      string // lower-case letters and digits, unique, fit for file names
	Latency Latency
	// Playable is called once, from within WritePacket or Interrupt, when the
	// session can first be watched.
	Playable func()
}

// Packager makes what viewers fetch. A Server calls Begin, then WritePacket
// any number of times, then End, for one session after another, never two of
// them at once.
type Packager interface {
	// Begin starts a session in place of the last one.
	Begin(s Session) error
	// WritePacket adds a packet. Packets of one kind of track come in order
	// of DTS. An error means that this track cannot be packaged at all.
	WritePacket(p Packet) error
	// Interrupt tells that the publisher is gone: what has come is flushed.
	// The next packet will carry Discontinuity.
	Interrupt()
	// End ends the session: viewers are told that nothing more will come.
	End()
}

// StreamStarted is the event of a session that can be watched.
type StreamStarted struct{ Status Status }

// StreamStopped is the event of the end of a session.
type StreamStopped struct {
	Status Status
	Err    error // why its last publisher ended; nil if it was the publisher's wish
}

// StreamInterrupted is the event of a publisher that has gone while its
// session waits for it.
type StreamInterrupted struct {
	Status Status
	Err    error         // nil if it was the publisher's wish
	Grace  time.Duration // how long the session waits
}

// StreamResumed is the event of a publisher that came back in time.
type StreamResumed struct{ Status Status }

// StreamWarned is the event of a warning that was not there before.
type StreamWarned struct {
	Status  Status
	Warning Warning
}

// Events are what a Server tells its owner. The functions are called one at
// a time and in the order of what happened; they must not block and must not
// call the Server. Nil functions are skipped.
type Events struct {
	StreamStarted     func(context.Context, StreamStarted)
	StreamStopped     func(context.Context, StreamStopped)
	StreamInterrupted func(context.Context, StreamInterrupted)
	StreamResumed     func(context.Context, StreamResumed)
	StreamWarned      func(context.Context, StreamWarned)
}
