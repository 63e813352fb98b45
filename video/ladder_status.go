package video

import (
	"errors"
	"math"
	"time"
)

// Errors of a [Transcoder] that does not return one itself.
var (
	// ErrTooSlow is a rendition that falls behind the broadcast.
	ErrTooSlow = errors.New("video: transcoder slower than real time")
	// ErrStalled is a rendition of which nothing comes.
	ErrStalled = errors.New("video: transcoder stalled")
)

// RenditionStatus reports on a rendition of the running session's ladder.
type RenditionStatus struct {
	Name      string        // as the ladder has it; may be empty
	Running   bool          // it is being made, and can be watched
	Speed     float64       // seconds of media that a second makes, over the last ten; 1 keeps up
	Lag       time.Duration // by how much it is behind the broadcast
	FrameRate float64       // measured, frames per second
	Bitrate   int           // measured, bits per second of picture and sound
	Restarts  int           // how often it was started again after it had failed
	Err       error         // why it failed; nil if it has not since it could last be watched
}

// RenditionStarted is the event of a rendition that can be watched, for the
// first time or again.
type RenditionStarted struct {
	Status    Status
	Rendition Rendition
	Index     int // in the ladder
}

// RenditionFailed is the event of a rendition that can be watched no longer,
// or could not be made at all.
type RenditionFailed struct {
	Status    Status
	Rendition Rendition
	Index     int           // in the ladder
	Err       error         // may match ErrTooSlow or ErrStalled
	Retry     time.Duration // when it is tried again, at the latest
}

// meterWindow is over how many looks a rendition is measured.
const meterWindow = 20

// outputMeter measures what comes of one rendition in one run.
type outputMeter struct {
	began   bool
	picture time.Duration // DTS of the last picture
	came    time.Time     // when the last packet came; when the run began before
	frames  int
	bytes   int

	looks [meterWindow]outputLook
	count int
}

// outputLook is what a meter had counted at a time.
type outputLook struct {
	at            time.Time
	picture       time.Duration
	frames, bytes int
}

func (m *outputMeter) add(p *Packet, now time.Time) {
	if p.Track.Kind == Video {
		m.picture, m.began = p.DTS, true
		m.frames++
	}
	m.bytes += len(p.Data)
	m.came = now
}

// look notes where things are and reports what has changed since the oldest
// look that is remembered.
func (m *outputMeter) look(now time.Time) (speed, frameRate float64, bitrate int) {
	if !m.began {
		return 0, 0, 0
	}
	oldest := m.looks[0]
	if m.count >= meterWindow {
		oldest = m.looks[m.count%meterWindow]
	}
	l := outputLook{at: now, picture: m.picture, frames: m.frames, bytes: m.bytes}
	m.looks[m.count%meterWindow] = l
	m.count++
	media, wall := (l.picture - oldest.picture).Seconds(), l.at.Sub(oldest.at).Seconds()
	if m.count == 1 || media <= 0 || wall <= 0 {
		return 0, 0, 0
	}
	frameRate = math.Round(float64(l.frames-oldest.frames)/media*1000) / 1000
	bitrate = int(float64(l.bytes-oldest.bytes) * 8 / media)
	return media / wall, frameRate, bitrate
}
