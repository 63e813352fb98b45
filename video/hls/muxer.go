package hls

import (
	"math"
	"time"

	"github.com/owncast-go/owncast/video"
)

const (
	// granularity is to what durations are rounded, so that the decimals of
	// a playlist are exact and parts add up to their segment.
	granularity = 10 * time.Microsecond
	// pictureStopped is how much sound must come after the end of a picture
	// before it moves the clock in its place.
	pictureStopped = 600 * time.Millisecond
	// audioJitter is how far an audio timestamp may be from where the last
	// frame ended and still be taken for it: wires count in milliseconds and
	// some encoders round badly, but a gap of a hundredth of a second clicks.
	audioJitter = 25 * time.Millisecond
	// audioBunch is how early audio frames may be that come several at a time.
	audioBunch = 100 * time.Millisecond
	// audioEarly is how many frames on end may be early before one is left
	// out, for then it is the clock that is slow.
	audioEarly = 64
	// frameMemory is how many pictures the expected length of the next one is
	// the mean of.
	frameMemory = 16
)

// muxer cuts the samples of one rendition into parts.
//
// Parts are sent as soon as the next frame would not fit, so the length of
// the last frame is expected, not known. What a playlist says of time
// therefore is a clock of its own, which is kept as near to the media's as
// the limits of a part's duration allow and never drifts from it.
type muxer struct {
	r       *rendition
	init    *initSegment
	frame   time.Duration               // expected length of a picture
	limit   time.Duration               // of a segment
	split   func(at time.Duration) bool // ends the segment that would get longer; false: what comes has no place
	squeeze bool                        // the last part of a segment is made to fit
	frag    fragment
	count   uint32

	pictures int           // of the whole run since the last discontinuity
	deltas   int           // that frame is the mean of
	firstPic time.Duration // when the first of the pictures was decoded

	partStart time.Duration // by the playlist's clock
	segStart  time.Duration // by the media's clock
	segDur    time.Duration // of the parts that are out
	videoEnd  time.Duration
	audioEnd  time.Duration
	audioStep time.Duration
	audioOnly time.Duration // sound since the last picture
	audioNext int64         // where the next audio frame is expected, in its timescale
	early     int           // audio frames on end that came before that
	lastVideo time.Duration
}

// begin opens a segment whose first sample is decoded at.
func (m *muxer) begin(init *initSegment, at time.Duration, wall time.Time, discontinuity bool) {
	if discontinuity || m.init == nil {
		m.partStart = at.Round(granularity)
		m.videoEnd, m.audioEnd, m.lastVideo = at, at, 0
		m.audioNext, m.audioOnly, m.early, m.pictures = 0, 0, 0, 0
	}
	if m.init != nil && !init.video().Equal(m.init.video()) {
		m.deltas = 0
	}
	if m.frame == 0 {
		m.frame = usualFrame
	}
	m.init = init
	m.segStart, m.segDur = at, 0
	m.r.begin(init, wall, discontinuity)
}

// restart forgets what has come: the next segment follows nothing.
func (m *muxer) restart() {
	m.init = nil
	m.frag.reset()
}

// add takes a packet of one of the tracks of init.
func (m *muxer) add(p video.Packet) {
	if p.Track.Kind == video.Video {
		m.addVideo(p)
	} else {
		m.addAudio(p)
	}
	if m.clock()+m.step() > m.partStart+m.r.partTarget {
		m.cutPart(m.clock(), false)
		m.r.publish()
	}
}

func (m *muxer) addVideo(p video.Packet) {
	if d := p.DTS - m.lastVideo; m.pictures > 0 && d < time.Second {
		m.deltas = min(m.deltas+1, frameMemory)
		m.frame += (d - m.frame) / time.Duration(m.deltas)
	}
	if m.pictures == 0 {
		m.firstPic = p.DTS
	}
	m.pictures++
	m.lastVideo, m.audioOnly = p.DTS, 0
	m.videoEnd = p.DTS + m.frame
	m.frag.video = append(m.frag.video, sample{
		dts: toScale(p.DTS, videoTimescale), cts: int32(toScale(p.CTS, videoTimescale)),
		key: p.Key, data: p.Data,
	})
}

func (m *muxer) addAudio(p video.Packet) {
	rate := int64(p.Track.SampleRate)
	at := toScale(p.DTS, rate)
	n := int64(p.Track.FrameSamples(p.Data))
	jitter := toScale(audioJitter, rate)
	d := at - m.audioNext
	switch {
	case m.audioNext == 0 || d >= jitter:
		m.early = 0
	case d > -jitter:
		m.early = 0
		at = m.audioNext
	case d > -toScale(audioBunch, rate) && m.early < audioEarly:
		m.early++
		at = m.audioNext
	default:
		m.early = 0
		return // the clock is slow or went back: this was heard already
	}
	m.audioNext = at + n
	m.audioStep = fromScale(n, rate)
	m.audioEnd = fromScale(m.audioNext, rate)
	m.audioOnly += m.audioStep
	m.frag.audio = append(m.frag.audio, sample{dts: at, dur: uint32(n), data: p.Data})
}

// clock is how far the media has come.
func (m *muxer) clock() time.Duration {
	if m.init.video() == nil {
		return m.audioEnd
	}
	return m.videoEnd + max(0, m.audioOnly-m.frame-pictureStopped)
}

func (m *muxer) step() time.Duration {
	if m.init.video() == nil {
		return m.audioStep
	}
	return m.frame
}

// late is by how much the playlist's clock is behind. It falls behind where
// a single picture takes longer than a part may, and catches up after.
func (m *muxer) late() time.Duration { return m.clock() - m.partStart }

// cutPart sends the samples that have gathered as a part that ends at end, or
// as near to it as the limits allow.
// The last part of a segment may be of any length.
func (m *muxer) cutPart(end time.Duration, last bool) {
	if m.frag.empty() {
		return
	}
	least := m.r.partTarget*85/100 + granularity
	if last {
		least = time.Millisecond
	}
	dur := (end - m.partStart).Round(granularity)
	dur = min(max(dur, least), m.r.partTarget)
	if m.segDur > 0 && m.segDur+dur > m.limit {
		if rest := m.limit - m.segDur; m.squeeze && last && rest >= least {
			dur = rest
		} else if !m.split(m.firstDTS()) {
			m.frag.reset()
			return
		}
	}
	independent := m.init.video() == nil || len(m.frag.video) > 0 && m.frag.video[0].key
	if n := len(m.frag.video); n > 0 {
		m.frag.video[n-1].dur = uint32(toScale(m.videoEnd, videoTimescale) - m.frag.video[n-1].dts)
	}
	var held sample
	hold := !last && len(m.frag.video) > 0 && len(m.frag.audio) > 1
	if hold { // the last one, so that close has one to make longer
		n := len(m.frag.audio) - 1
		held, m.frag.audio = m.frag.audio[n], m.frag.audio[:n]
	}
	m.count++
	memory := m.r.room(m.frag.size())
	m.frag.write(memory, m.count)
	m.frag.reset()
	if hold {
		m.frag.audio = append(m.frag.audio, held)
	}
	m.partStart += dur
	m.segDur += dur
	m.r.add(memory, dur, independent)
}

// next ends the segment where the next one of the same tracks begins. What
// came after the last part goes along if it is no picture, or a single frame
// of sound: that would make a part of next to no length.
func (m *muxer) next(at time.Duration) {
	rest := m.r.partTarget / 2
	if m.init.video() == nil {
		rest = 2 * m.audioStep
	}
	if len(m.frag.video) == 0 && m.segDur > 0 && at-m.partStart < rest {
		m.end()
		return
	}
	m.cutSegment(at)
}

// close ends the segment with everything that has come, before a break. What
// comes after it begins where the pictures end; the last frame of sound lasts
// until then, for not all players get over a hole of more than a frame.
func (m *muxer) close(at time.Duration) {
	if n, d := len(m.frag.audio), at-m.audioEnd; n > 0 && d > 0 && d < time.Second {
		last := &m.frag.audio[n-1]
		last.dur = uint32(toScale(at, int64(m.init.audio().SampleRate)) - last.dts)
	}
	m.cutSegment(at)
}

// cutSegment ends the segment with everything that has come.
func (m *muxer) cutSegment(at time.Duration) {
	if d := at - m.lastVideo; m.pictures > 0 && d > 0 && d < time.Second {
		m.videoEnd = at
	}
	m.cutPart(at, true)
	m.end()
}

// end ends the segment with what was sent of it.
func (m *muxer) end() {
	m.r.frameRate = m.frameRate()
	m.r.close()
}

// frameRate is the measured number of pictures a second; near a whole number
// it is that.
func (m *muxer) frameRate() float64 {
	if m.pictures < 2 {
		return m.r.frameRate
	}
	rate := float64(m.pictures-1) / (m.lastVideo - m.firstPic).Seconds()
	if whole := math.Round(rate); math.Abs(rate-whole) < 0.02 {
		return whole
	}
	return rate
}

// firstDTS is when the first of the gathered samples is decoded.
func (m *muxer) firstDTS() time.Duration {
	if len(m.frag.video) > 0 {
		return fromScale(m.frag.video[0].dts, videoTimescale)
	}
	return fromScale(m.frag.audio[0].dts, int64(m.init.audio().SampleRate))
}

func toScale(d time.Duration, scale int64) int64 {
	s := int64(d / time.Second)
	return s*scale + int64(d%time.Second)*scale/int64(time.Second)
}

func fromScale(n, scale int64) time.Duration {
	return time.Duration(n/scale)*time.Second + time.Duration(n%scale)*time.Second/time.Duration(scale)
}
