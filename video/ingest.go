package video

import (
	"math"
	"strings"
	"time"
	"unicode"
)

const (
	// A report is made of the last reportBuckets stretches of about
	// reportEvery of media each.
	reportBuckets = 5
	reportEvery   = time.Second
	// reportAtLeast is how long a publisher's reports may be apart when its
	// media hardly advances.
	reportAtLeast = 2 * time.Second
	// keyframesKept is how many intervals "the last few" are.
	keyframesKept = 4
	// audioFresh is how old the last audio packet may be to be compared with.
	audioFresh = 250 * time.Millisecond
	// maxName bounds what a publisher can call itself, in bytes.
	maxName = 128
)

// meter measures what one publisher sends. Adding a packet costs the same
// whatever has come before, and allocates nothing.
type meter struct {
	remoteAddr string
	encoder    string
	connected  time.Time

	video, audio trackMeter
	keys         keyframeMeter
	first        time.Time // when the first packet came; zero before
	clock        time.Duration

	// The stretch that is being measured, and what it began with.
	now      bucket
	began    time.Time
	beganAt  time.Duration
	finished [reportBuckets]bucket
	count    int // of finished ones, ever
}

// bucket is what was measured in one stretch.
type bucket struct {
	video, audio usage
	media, wall  time.Duration
	ahead        time.Duration // sum of what audio was ahead of video
	aheads       int           // how often that was looked at
}

// usage is bytes and packets, and the time they are for.
type usage struct {
	bytes, packets int
	time           time.Duration
}

type trackMeter struct {
	track *Track
	came  time.Time // when the last packet came
	dts   time.Duration
	size  int // of the last packet, to be counted when its length is known
}

// add measures a packet that is on the session's clock. It tells whether a
// report is due.
func (m *meter) add(pkt *Packet, now time.Time) bool {
	fresh := m.first.IsZero()
	if fresh {
		m.first, m.began = now, now
		m.clock, m.beganAt = pkt.DTS, pkt.DTS
	}
	m.clock = max(m.clock, pkt.DTS)

	t, u := &m.video, &m.now.video
	if pkt.Track.Kind == Audio {
		t, u = &m.audio, &m.now.audio
	} else {
		m.keys.add(pkt)
		m.compare(pkt.DTS, now)
	}
	if t.track != nil {
		u.bytes += t.size
		u.packets++
		u.time += pkt.DTS - t.dts
	}
	changed := !t.track.Equal(pkt.Track)
	if changed {
		t.track = pkt.Track
	}
	t.came, t.dts, t.size = now, pkt.DTS, len(pkt.Data)

	media, wall := m.clock-m.beganAt, now.Sub(m.began)
	if media < reportEvery && wall < reportAtLeast {
		return changed
	}
	m.now.media, m.now.wall = media, wall
	m.finished[m.count%reportBuckets] = m.now
	m.count++
	m.now, m.began, m.beganAt = bucket{}, now, m.clock
	return true
}

// compare looks at how far audio has come when a video packet does: a sender
// interleaves by DTS, so that this is less than one frame if both clocks
// agree, however long the pictures are.
func (m *meter) compare(dts time.Duration, now time.Time) {
	if m.audio.track == nil || now.Sub(m.audio.came) > audioFresh {
		return
	}
	m.now.ahead += m.audio.dts - dts
	m.now.aheads++
}

// report returns a new report.
func (m *meter) report(now time.Time, counts *timelineCounts) *Ingest {
	b := m.recent()
	r := &Ingest{
		RemoteAddr:       m.remoteAddr,
		Encoder:          m.encoder,
		ConnectedAt:      m.connected,
		Video:            m.video.track,
		Audio:            m.audio.track,
		VideoBitrate:     b.video.bitrate(),
		AudioBitrate:     b.audio.bitrate(),
		KeyframeInterval: m.keys.longest(),
	}
	if b.video.time > 0 {
		r.FrameRate = math.Round(float64(b.video.packets)/b.video.time.Seconds()*1000) / 1000
	}
	if b.aheads > 0 {
		r.Drift = b.ahead / time.Duration(b.aheads)
	}
	r.Warnings = m.warnings(now, r, counts)
	return r
}

// recent returns the sum of the last stretches; the one being measured is
// added while it is the only one.
func (m *meter) recent() bucket {
	if m.count == 0 {
		return m.now
	}
	var sum bucket
	for _, b := range m.finished[:min(m.count, reportBuckets)] {
		sum.video.add(b.video)
		sum.audio.add(b.audio)
		sum.media += b.media
		sum.wall += b.wall
		sum.ahead += b.ahead
		sum.aheads += b.aheads
	}
	return sum
}

func (u *usage) add(v usage) {
	u.bytes += v.bytes
	u.packets += v.packets
	u.time += v.time
}

func (u usage) bitrate() int {
	if u.time <= 0 {
		return 0
	}
	return int(math.Round(float64(u.bytes) * 8 / u.time.Seconds()))
}

// keyframeMeter measures from one key frame to the next.
type keyframeMeter struct {
	intervals [keyframesKept]time.Duration
	count     int
	last      time.Duration // the DTS of the last key frame, or of the first frame
	open      time.Duration // what has come since
	started   bool
	keyed     bool // last is a key frame's
}

func (k *keyframeMeter) add(pkt *Packet) {
	if !k.started {
		k.started, k.last = true, pkt.DTS
	}
	k.open = pkt.DTS - k.last
	if !pkt.Key {
		return
	}
	if k.keyed {
		k.intervals[k.count%keyframesKept] = k.open
		k.count++
	}
	k.keyed, k.last, k.open = true, pkt.DTS, 0
}

func (k *keyframeMeter) longest() time.Duration {
	var longest time.Duration
	for _, d := range k.intervals[:min(k.count, keyframesKept)] {
		longest = max(longest, d)
	}
	return longest
}

// plainName makes a name that a publisher gave itself fit to be shown.
func plainName(name string) string {
	name = name[:min(len(name), maxName)]
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name))
}
