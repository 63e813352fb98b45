package video

import "time"

// RecordedSegment is a segment of a session's broadcast that a storage has
// confirmed, as whoever keeps recordings is told of it.
type RecordedSegment struct {
	Name        string // of its object, below the recording's prefix
	Start       time.Time
	Duration    time.Duration
	Size        int64 // bytes
	Independent bool  // it begins with a key frame
	// Discontinuity tells that the segment need not fit to the one before:
	// there was a break in the broadcast, or something between them is lost.
	Discontinuity bool
	// Lost is how much of the broadcast, right before the segment, the
	// storage did not take.
	Lost      time.Duration
	Header    *SegmentHeader
	FrameRate float64       // measured, pictures a second; 0 without a picture
	Target    time.Duration // no segment of the session is longer, rounded to a second
}

// SegmentHeader is what a player needs before the segments that have it: the
// initialization section of RFC 8216 §3.3. It is shared by them and never
// changes.
type SegmentHeader struct {
	Name   string // unique in the session
	Data   []byte
	Tracks []*Track
}
