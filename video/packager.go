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
	// Ladder is what a [LadderPackager] gets beside the broadcast. Without a
	// Transcoder it has no renditions.
	Ladder Ladder
	// Playable is called once, from within any method of the Packager, when
	// the session can first be watched. It does not block, and must not be
	// answered with a call of the Packager.
	Playable func()
	// RenditionPlayable is called by a [LadderPackager], in the same manner,
	// when the i-th rendition of the ladder can be watched: for the first time,
	// or again after it was dropped. Nil is not called.
	RenditionPlayable func(i int)
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

// LadderPackager is a Packager that takes renditions beside the broadcast as
// it came. Its methods WriteRendition and DropRendition are safe for
// concurrent use with all others, and do nothing for a session that is not
// the current one.
type LadderPackager interface {
	Packager
	// WriteRendition adds a packet of the i-th rendition of the session's
	// ladder. It comes after packets of the broadcast of the same time, on
	// the same clock, and may come after Interrupt. Discontinuity marks the
	// first packet of a Transcoder that was started anew. An error means that
	// the rendition cannot be packaged as it is.
	WriteRendition(session string, i int, p Packet) error
	// EndRendition tells that the rendition's packets up to a break of the
	// broadcast have all come.
	EndRendition(session string, i int)
	// DropRendition tells that the rendition has failed: it is not to be
	// listed until packets come again.
	DropRendition(session string, i int)
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
// a time and in the order of what happened, in a goroutine of their own. One
// that blocks keeps the next events and Shutdown waiting. Nil functions are
// skipped.
type Events struct {
	StreamStarted     func(context.Context, StreamStarted)
	StreamStopped     func(context.Context, StreamStopped)
	StreamInterrupted func(context.Context, StreamInterrupted)
	StreamResumed     func(context.Context, StreamResumed)
	StreamWarned      func(context.Context, StreamWarned)

	RenditionStarted func(context.Context, RenditionStarted)
	RenditionFailed  func(context.Context, RenditionFailed)
}
