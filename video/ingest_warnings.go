package video

import (
	"fmt"
	"strings"
	"time"
)

const (
	longKeyframes = 4 * time.Second
	// keyframeSlack lets "every 4 s" be a whole number of frames at any rate.
	keyframeSlack = 100 * time.Millisecond
	wideDrift     = 500 * time.Millisecond
	missingAfter  = 5 * time.Second
	// slowPace is the media per real time below which a broadcast is slow.
	slowPace = 0.9
)

// warnings returns what the publisher should mend, as things are now, but for
// timestamps: they are remembered for as long as the publisher stays.
func (m *meter) warnings(now time.Time, r *Ingest, counts *timelineCounts) []Warning {
	var list []Warning
	warn := func(code WarningCode, detail string) {
		list = append(list, Warning{Code: code, Detail: detail})
	}
	if d := max(r.KeyframeInterval, m.keys.open); d > longKeyframes+keyframeSlack {
		warn(WarnKeyframeInterval, fmt.Sprintf("%.1f s between key frames; 2 s would be good", d.Seconds()))
	}
	switch {
	case r.Drift > wideDrift:
		warn(WarnDrift, fmt.Sprintf("audio is %.1f s ahead of video", r.Drift.Seconds()))
	case r.Drift < -wideDrift:
		warn(WarnDrift, fmt.Sprintf("audio is %.1f s behind video", -r.Drift.Seconds()))
	}
	if detail := counts.String(); detail != "" {
		warn(WarnTimestamps, detail)
	}
	if !m.first.IsZero() {
		if m.audio.missing(now, m.first) {
			warn(WarnNoAudio, "no audio comes")
		}
		if m.video.missing(now, m.first) {
			warn(WarnNoVideo, "no video comes")
		}
	}
	if detail := codecWarning(r.Video, r.Audio); detail != "" {
		warn(WarnCodec, detail)
	}
	if pace, slow := m.pace(); slow {
		warn(WarnSlow, fmt.Sprintf("media comes at %.2f of real time", pace))
	}
	return list
}

// codecWarning says what of the broadcast, which is packaged as it comes, many
// viewers will not see or hear.
func codecWarning(picture, sound *Track) string {
	var parts []string
	if picture != nil && picture.Codec == HEVC {
		parts = append(parts, "HEVC plays in Safari and in few other browsers; H.264 plays in all")
	}
	if sound != nil && sound.Codec == MP3 {
		parts = append(parts, "MP3 in HLS does not play in browsers based on Chromium; AAC plays in all")
	}
	return strings.Join(parts, ". ")
}

// missing tells whether a track has not been heard of for long. first is when
// the publisher's first packet came.
func (t *trackMeter) missing(now, first time.Time) bool {
	since := first
	if t.track != nil {
		since = t.came
	}
	return now.Sub(since) >= missingAfter
}

// pace compares media with real time. One late stretch is the network's; it
// is the publisher's if most of them are.
func (m *meter) pace() (float64, bool) {
	if m.count < reportBuckets {
		return 0, false
	}
	late := 0
	for _, b := range m.finished {
		if b.media.Seconds() < slowPace*b.wall.Seconds() {
			late++
		}
	}
	sum := m.recent()
	pace := sum.media.Seconds() / max(sum.wall.Seconds(), 1e-9)
	return pace, pace < slowPace && late > reportBuckets/2
}

// String says what was wrong, and nothing if all was well.
func (c *timelineCounts) String() string {
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(c.jumps, "jumps of the clock")
	add(c.backs, "steps back")
	add(c.cts, "impossible presentation times")
	return strings.Join(parts, ", ")
}
