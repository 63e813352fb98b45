package video

import (
	"fmt"
	"math"
	"testing"
	"time"
)

const ms = time.Millisecond

var (
	testVideo = &Track{Kind: Video, Codec: H264, Config: []byte{1, 0x64, 0, 0x1f}, Width: 1280, Height: 720}
	testAudio = &Track{Kind: Audio, Codec: AAC, Config: []byte{0x11, 0x90}, SampleRate: 48000, Channels: 2}
)

func trackOf(k Kind) *Track {
	if k == Audio {
		return testAudio
	}
	return testVideo
}

// placed is a packet before and after a timeline placed it.
type placed struct {
	kind  Kind
	wire  time.Duration
	dts   time.Duration
	brk   bool
	clock time.Duration // the timeline's, before
}

// recorder places packets and keeps what came of them.
type recorder struct {
	line   timeline
	counts timelineCounts
	all    []placed
}

func (r *recorder) place(k Kind, wire time.Duration) placed {
	p := placed{kind: k, wire: wire, clock: r.line.clock}
	pkt := Packet{Track: trackOf(k), DTS: wire}
	r.line.place(&pkt, &r.counts)
	p.dts, p.brk = pkt.DTS, pkt.Discontinuity
	r.all = append(r.all, p)
	return p
}

func (r *recorder) breaks() int {
	n := 0
	for _, p := range r.all {
		if p.brk {
			n++
		}
	}
	return n
}

func (r *recorder) lastOf(k Kind) placed {
	for i := len(r.all) - 1; i >= 0; i-- {
		if r.all[i].kind == k {
			return r.all[i]
		}
	}
	return placed{}
}

// sync is by how much the timeline moved audio against video.
func (r *recorder) sync() time.Duration {
	a, v := r.lastOf(Audio), r.lastOf(Video)
	return (a.dts - a.wire) - (v.dts - v.wire)
}

// check verifies what holds whatever the wire does.
func (r *recorder) check(t interface{ Fatalf(string, ...any) }) {
	last := map[Kind]time.Duration{}
	for i, p := range r.all {
		if before, ok := last[p.kind]; ok && p.dts < before+minStep {
			t.Fatalf("packet %d: %v DTS %v after %v", i, p.kind, p.dts, before)
		}
		if p.dts < 0 {
			t.Fatalf("packet %d: negative DTS %v", i, p.dts)
		}
		if p.dts > p.clock+maxJump {
			t.Fatalf("packet %d: DTS %v is more than %v after the clock, %v", i, p.dts, maxJump, p.clock)
		}
		last[p.kind] = p.dts
	}
}

// source is an encoder: 30 pictures a second and audio frames of 21 ms,
// interleaved by time, audio sent late by delay.
type source struct {
	r            *recorder
	baseV, baseA time.Duration
	delay        time.Duration
	v, a         time.Duration // how far it has come
}

func (s *source) run(d time.Duration) {
	for end := s.v + d; s.v < end; {
		if s.a+s.delay < s.v {
			s.r.place(Audio, s.baseA+s.a)
			s.a += 21 * ms
			continue
		}
		s.r.place(Video, s.baseV+s.v)
		s.v += 33 * ms
	}
}

func TestTimelineJumps(t *testing.T) {
	tests := []struct {
		jump   time.Duration
		breaks int
	}{
		{-100 * time.Second, 1},
		{-40 * ms, 0},
		{3 * time.Second, 1},
		{100 * time.Second, 1},
		{-1900 * ms, 0},
		{1900 * ms, 0},
	}
	for _, tt := range tests {
		for _, who := range []string{"video", "audio", "both"} {
			t.Run(fmt.Sprintf("%s jumps by %v", who, tt.jump), func(t *testing.T) {
				r := &recorder{}
				s := &source{r: r, baseV: time.Hour, baseA: time.Hour}
				s.run(10 * time.Second)
				if r.breaks() != 0 || r.sync() != 0 {
					t.Fatalf("before the jump: %d breaks, sync %v", r.breaks(), r.sync())
				}
				if who != "audio" {
					s.baseV += tt.jump
				}
				if who != "video" {
					s.baseA += tt.jump
				}
				s.run(10 * time.Second)
				r.check(t)
				if r.breaks() != tt.breaks {
					t.Errorf("%d breaks, want %d", r.breaks(), tt.breaks)
				}
				large := tt.jump < -maxJump || tt.jump > maxJump
				if who == "both" || !large {
					if r.sync() != 0 {
						t.Errorf("audio moved against video by %v", r.sync())
					}
				}
				if large && r.line.clock > 20*time.Second+200*ms {
					t.Errorf("after 20 s the clock shows %v", r.line.clock)
				}
				if tt.jump < 0 && r.counts.jumps+r.counts.backs == 0 {
					t.Errorf("nothing counted: %+v", r.counts)
				}
			})
		}
	}
}

func TestTimelineJumpOfOneTrackKeepsItBesideTheOther(t *testing.T) {
	r := &recorder{}
	s := &source{r: r}
	s.run(5 * time.Second)
	s.baseV += 100 * time.Second
	s.run(5 * time.Second)
	if d := r.lastOf(Audio).dts - r.lastOf(Video).dts; d < -100*ms || d > 100*ms {
		t.Errorf("audio is %v ahead of video", d)
	}
	s.baseV -= 100 * time.Second
	s.run(5 * time.Second)
	if r.sync() != 0 {
		t.Errorf("after video came back to its clock, audio is moved by %v", r.sync())
	}
	if r.breaks() != 1 {
		t.Errorf("%d breaks, want 1", r.breaks())
	}
	if r.counts.jumps != 2 {
		t.Errorf("counted %+v, want 2 jumps", r.counts)
	}
}

func TestTimelineStart(t *testing.T) {
	tests := []struct {
		name         string
		baseV, baseA time.Duration
		delay        time.Duration
		sync         time.Duration // what audio may be moved by, within a frame
	}{
		{"both at 0", 0, 0, 0, 0},
		{"both at the 32-bit wrap", math.MaxUint32 * ms, math.MaxUint32 * ms, 0, 0},
		{"audio sent 80 ms late", time.Hour, time.Hour, 80 * ms, 0},
		{"audio sent early", time.Hour, time.Hour, -500 * ms, 0},
		{"audio's clock 1.5 s ahead", 0, 1500 * ms, 0, 0},
		{"audio's clock an hour ahead", 0, time.Hour, 0, -time.Hour},
		{"audio's clock an hour behind", time.Hour, 0, 0, time.Hour},
		{"audio's clock 2.1 s ahead", 0, 2100 * ms, 0, -2100 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{}
			s := &source{r: r, baseV: tt.baseV, baseA: tt.baseA, delay: tt.delay}
			s.run(10 * time.Second)
			r.check(t)
			if r.breaks() != 0 || r.counts != (timelineCounts{}) {
				t.Errorf("%d breaks, counted %+v", r.breaks(), r.counts)
			}
			if first := r.all[0].dts; first != lead {
				t.Errorf("starts at %v", first)
			}
			d := r.sync() - tt.sync
			if tt.sync == 0 && d != 0 || d < -34*ms || d > 34*ms {
				t.Errorf("audio moved by %v, want %v", r.sync(), tt.sync)
			}
		})
	}
}

func TestTimelinePauses(t *testing.T) {
	t.Run("audio that comes late is no break", func(t *testing.T) {
		r := &recorder{}
		s := &source{r: r, delay: time.Hour}
		s.run(5 * time.Second)
		s.delay, s.a = 0, s.v
		s.run(5 * time.Second)
		r.check(t)
		if r.breaks() != 0 || r.sync() != 0 || r.counts != (timelineCounts{}) {
			t.Errorf("%d breaks, sync %v, counted %+v", r.breaks(), r.sync(), r.counts)
		}
	})
	t.Run("audio that starts at 0 after 5 s is put beside the video", func(t *testing.T) {
		r := &recorder{}
		s := &source{r: r, delay: time.Hour}
		s.run(5 * time.Second)
		s.delay, s.a, s.baseA = 0, s.v, -s.v
		s.run(5 * time.Second)
		r.check(t)
		if d := r.lastOf(Audio).dts - r.lastOf(Video).dts; r.breaks() != 0 || d < -100*ms || d > 100*ms {
			t.Errorf("%d breaks, audio %v ahead", r.breaks(), d)
		}
	})
	t.Run("audio that pauses a minute is no break", func(t *testing.T) {
		r := &recorder{}
		s := &source{r: r}
		s.run(5 * time.Second)
		s.delay = time.Hour
		s.run(time.Minute)
		s.delay, s.a = 0, s.v
		s.run(5 * time.Second)
		r.check(t)
		if r.breaks() != 0 || r.sync() != 0 || r.counts != (timelineCounts{}) {
			t.Errorf("%d breaks, sync %v, counted %+v", r.breaks(), r.sync(), r.counts)
		}
	})
	t.Run("both pausing for a minute of their clock is one break", func(t *testing.T) {
		r := &recorder{}
		s := &source{r: r}
		s.run(5 * time.Second)
		s.a += time.Minute
		s.v += time.Minute
		s.run(5 * time.Second)
		r.check(t)
		if r.breaks() != 1 || r.sync() != 0 {
			t.Errorf("%d breaks, sync %v", r.breaks(), r.sync())
		}
	})
}

func TestTimelineResume(t *testing.T) {
	for _, base := range []time.Duration{0, 3 * time.Second, -time.Hour, time.Hour} {
		t.Run(fmt.Sprintf("a publisher whose clock differs by %v makes one break", base), func(t *testing.T) {
			r := &recorder{}
			s := &source{r: r, delay: 60 * ms}
			s.run(5 * time.Second)
			before := r.line.clock
			r.line.resume()
			s = &source{r: r, delay: 60 * ms, baseV: base, baseA: base}
			n := len(r.all)
			s.run(5 * time.Second)
			r.check(t)
			if r.breaks() != 1 || !r.all[n].brk {
				t.Errorf("%d breaks, first packet marked: %v", r.breaks(), r.all[n].brk)
			}
			if gap := r.all[n].dts - before; gap != lead {
				t.Errorf("continues %v after the clock", gap)
			}
			if r.sync() != 0 || r.counts != (timelineCounts{}) {
				t.Errorf("audio moved by %v, counted %+v", r.sync(), r.counts)
			}
			for i := n + 1; i < len(r.all); i++ {
				if r.all[i].dts-r.all[i].wire != r.all[n].dts-r.all[n].wire {
					t.Fatalf("packet %d is moved by %v, the first by %v", i-n,
						r.all[i].dts-r.all[i].wire, r.all[n].dts-r.all[n].wire)
				}
			}
		})
	}
}

func TestTimelinePresentationTimes(t *testing.T) {
	tests := []struct {
		name      string
		cts, want time.Duration
		counted   int
	}{
		{"none", 0, 0, 0},
		{"of two B-frames", 67 * ms, 67 * ms, 0},
		{"of ten seconds", 10 * time.Second, 10 * time.Second, 0},
		{"of more than ten seconds", 10*time.Second + ms, 0, 1},
		{"a little negative", -ms, -ms, 0},
		{"absurdly negative", math.MinInt64, 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var line timeline
			var counts timelineCounts
			pkt := Packet{Track: testVideo, CTS: tt.cts}
			line.place(&pkt, &counts)
			if pkt.CTS != tt.want || counts.cts != tt.counted {
				t.Errorf("got %v, counted %d; want %v, %d", pkt.CTS, counts.cts, tt.want, tt.counted)
			}
		})
	}
}

func TestTimelineContinuesAFrameAfterAJump(t *testing.T) {
	tests := []struct {
		name string
		kind Kind
		step time.Duration // between packets before the jump; 0: there is one only
		want time.Duration // from the last packet to the one that jumped
	}{
		{"of 60 pictures a second", Video, 17 * ms, 17 * ms},
		{"of a picture a second", Video, time.Second, time.Second},
		{"of pictures with long pauses", Video, 1900 * ms, time.Second / 30},
		{"of 20 ms of audio", Audio, 20 * ms, 20 * ms},
		{"of video of unknown rate", Video, 0, time.Second / 30},
		{"of audio of unknown rate", Audio, 0, time.Second * 1024 / 48000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{}
			var wire time.Duration
			r.place(tt.kind, wire)
			for range 5 {
				if tt.step > 0 {
					wire += tt.step
					r.place(tt.kind, wire)
				}
			}
			last := r.lastOf(tt.kind).dts
			p := r.place(tt.kind, wire+time.Hour)
			if !p.brk || p.dts-last != tt.want {
				t.Errorf("break %v, %v after the last packet; want %v", p.brk, p.dts-last, tt.want)
			}
		})
	}
}

func TestTimelineDoesNotTrustTheClockOfAnotherPublisher(t *testing.T) {
	r := &recorder{}
	(&source{r: r}).run(time.Second)
	r.line.resume()
	r.place(Video, time.Hour)
	if p := r.place(Video, 1500*ms); !p.brk {
		t.Error("a jump to where the last publisher's audio was is no break")
	}
}

func TestTimelineClockIsThatOfTheTrackAhead(t *testing.T) {
	r := &recorder{}
	r.place(Video, 0)
	for i := range 100 {
		wire := time.Duration(i) * 700 * ms
		if p := r.place(Video, wire+1800*ms); p.brk {
			t.Fatalf("video %d: a break at %v, with the clock at %v", i, p.dts, p.clock)
		}
		if p := r.place(Audio, wire); p.brk {
			t.Fatalf("audio %d: a break at %v, with the clock at %v", i, p.dts, p.clock)
		}
	}
	r.check(t)
}
