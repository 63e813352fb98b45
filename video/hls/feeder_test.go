package hls

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
)

func pictureTrack(width int) *video.Track {
	return &video.Track{
		Kind: video.Video, Codec: video.H264, CodecString: "avc1.64001f", Width: width, Height: width * 9 / 16,
		Config: []byte{1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 2, 0x67, byte(width), 1, 0, 1, 0x68},
	}
}

func soundTrack(t testing.TB, rateIndex byte) *video.Track {
	t.Helper()
	track, err := video.NewTrack(video.AAC, []byte{0x10 | rateIndex>>1, rateIndex<<7 | 0x10})
	if err != nil {
		t.Fatal(err)
	}
	return track
}

// feeder drives a Packager and holds every playlist it emits to the rules.
type feeder struct {
	t        testing.TB
	p        *Packager
	checks   map[string]*checker
	keyless  bool
	apart    bool // sound and picture end far apart
	playable int
	ladder   video.Ladder
	slack    float64          // of the dates of the ladder
	encoded  [2]time.Duration // when the last packet of a rendition comes; see encode
	back     []int            // renditions that could be watched, as they came
	clock    time.Time
	sessions int
}

func newFeeder(t testing.TB, cfg Config, level int) *feeder {
	t.Helper()
	f := &feeder{t: t, p: New(cfg), clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	f.p.now = func() time.Time { return f.clock }
	f.p.published = func(s *snapshot) {
		c := f.checks[s.r.name]
		if c == nil {
			c = newChecker(t, s.r.name)
			if c.encoded() {
				c.slack += f.slack
			}
			f.checks[s.r.name] = c
		}
		c.keyless = f.keyless
		c.snapshot(s)
		if main := f.checks[mainRendition]; c != main && main != nil && !f.apart && !t.Failed() {
			if !c.encoded() {
				c.inStep(main.prev)
			} else if !s.dropped {
				c.aligned(main)
			}
		}
	}
	f.begin(level)
	t.Cleanup(func() {
		if err := f.p.Shutdown(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return f
}

func (f *feeder) begin(level int) {
	f.t.Helper()
	f.sessions++
	f.checks, f.playable, f.back, f.encoded = map[string]*checker{}, 0, nil, [2]time.Duration{}
	err := f.p.Begin(video.Session{
		ID: f.session(), Latency: video.LatencyLevel(level), Ladder: f.ladder, Playable: func() { f.playable++ },
		RenditionPlayable: func(i int) { f.back = append(f.back, i) },
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *feeder) session() string { return fmt.Sprintf("s%d", f.sessions) }

// beginLadder starts a session with a ladder of so many renditions.
func (f *feeder) beginLadder(level, renditions int, source video.Listing) {
	f.t.Helper()
	f.ladder = video.Ladder{Source: source, Renditions: make([]video.Rendition, renditions)}
	f.begin(level)
}

func (f *feeder) write(ps ...video.Packet) {
	f.t.Helper()
	for _, p := range ps {
		if err := f.p.WritePacket(p); err != nil {
			f.t.Fatal(err)
		}
	}
}

// last is the newest playlist of the rendition.
func (f *feeder) last(name string) *list {
	f.t.Helper()
	c := f.checks[name]
	if c == nil || c.prev == nil {
		f.t.Fatalf("rendition %q has no playlist", name)
	}
	return c.prev
}

func (f *feeder) discontinuities(name string) int {
	if c := f.checks[name]; c != nil {
		return len(c.discs)
	}
	return 0
}

// audioFrame is a frame as far as it tells its length.
func audioFrame(t *video.Track) []byte {
	frame := make([]byte, 8)
	switch t.Codec {
	case video.MP3:
		copy(frame, t.Config)
	case video.Opus:
		frame[0] = 0xfc // one of 20 ms
	}
	return frame
}

// source makes packets as an encoder would, timed in milliseconds.
type source struct {
	picture, sound *video.Track
	fps            float64
	gop            time.Duration
	jitter         time.Duration // of pictures
	reorder        time.Duration // composition offset
}

func (s source) packets(from, to time.Duration) []video.Packet {
	var ps []video.Packet
	rng := rand.New(rand.NewPCG(1, 2))
	if s.picture != nil {
		nextKey := from
		last := -time.Millisecond
		for i := 0; ; i++ {
			at := from + time.Duration(float64(i)/s.fps*float64(time.Second))
			if at >= to {
				break
			}
			key := at >= nextKey
			if key {
				nextKey += s.gop
			}
			if s.jitter > 0 {
				at += time.Duration(rng.Int64N(int64(s.jitter)))
			}
			at = max(at.Truncate(time.Millisecond), last+time.Millisecond)
			last = at
			ps = append(ps, video.Packet{Track: s.picture, DTS: at, CTS: s.reorder, Key: key, Data: make([]byte, 40)})
		}
	}
	if s.sound != nil {
		frame := audioFrame(s.sound)
		for i := 0; ; i++ {
			at := from + fromScale(int64(i*s.sound.FrameSamples(frame)), int64(s.sound.SampleRate))
			if at >= to {
				break
			}
			ps = append(ps, video.Packet{Track: s.sound, DTS: at.Truncate(time.Millisecond), Key: true, Data: frame})
		}
	}
	slices.SortStableFunc(ps, func(a, b video.Packet) int { return int(a.DTS - b.DTS) })
	return ps
}
