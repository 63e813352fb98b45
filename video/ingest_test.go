package video

import (
	"math"
	"strings"
	"testing"
	"time"
)

// broadcast is what an encoder sends, by the second.
type broadcast struct {
	fps       float64       // of video; 0: none
	gop       time.Duration // 0: no key frame but the first
	videoSize int
	audio     bool
	pace      float64       // media per real time; 0: 1
	ahead     time.Duration // what audio's clock is ahead of video's
	stretch   float64       // of audio's clock; 0: 1
}

// play measures a broadcast of d on its clock, sent from the given media time
// on, and returns the codes that were ever warned of.
func (b broadcast) play(m *meter, start, d time.Duration) map[WarningCode]bool {
	seen := map[WarningCode]bool{}
	epoch := time.Unix(1_700_000_000, 0)
	pace := max(b.pace, 0)
	if pace == 0 {
		pace = 1
	}
	stretch := b.stretch
	if stretch == 0 {
		stretch = 1
	}
	send := func(pkt Packet, at time.Duration) {
		now := epoch.Add(time.Duration(float64(at) / pace))
		if m.add(&pkt, now) {
			for _, w := range m.report(now, &timelineCounts{}).Warnings {
				seen[w.Code] = true
			}
		}
	}
	frame := time.Duration(0)
	if b.fps > 0 {
		frame = time.Duration(float64(time.Second) / b.fps)
	}
	video, audio := make([]byte, b.videoSize), make([]byte, 400)
	var v, a, key time.Duration
	for v < d && a < d {
		if b.audio && (frame == 0 || a < v) {
			dts := start + time.Duration(float64(a)*stretch) + b.ahead
			send(Packet{Track: testAudio, DTS: dts, Key: true, Data: audio}, start+a)
			a += 20 * ms
			continue
		}
		isKey := v == 0 || b.gop > 0 && v-key >= b.gop-ms
		if isKey {
			key = v
		}
		send(Packet{Track: testVideo, DTS: start + v, Key: isKey, Data: video}, start+v)
		v += frame
	}
	return seen
}

func (m *meter) at(end time.Duration) *Ingest {
	return m.report(time.Unix(1_700_000_000, 0).Add(end), &timelineCounts{})
}

func TestIngestReport(t *testing.T) {
	tests := []struct {
		name     string
		b        broadcast
		fps      float64
		video    int
		audio    int
		keyframe time.Duration
		drift    time.Duration
	}{
		{"at 30 pictures a second", broadcast{fps: 30, gop: 2 * time.Second, videoSize: 25_000, audio: true}, 30, 6_000_000, 160_000, 2 * time.Second, 0},
		{"at 29.97 pictures a second", broadcast{fps: 30000.0 / 1001, gop: time.Second, videoSize: 10_000, audio: true}, 29.97, 2_397_602, 160_000, 1001 * ms, 0},
		{"at one picture a second", broadcast{fps: 1, gop: time.Second, videoSize: 1000, audio: true}, 1, 8000, 160_000, time.Second, 0},
		{"of video only", broadcast{fps: 50, gop: 500 * ms, videoSize: 10_000}, 50, 4_000_000, 0, 500 * ms, 0},
		{"of audio only", broadcast{audio: true}, 0, 0, 160_000, 0, 0},
		{"without a second key frame", broadcast{fps: 30, videoSize: 25_000, audio: true}, 30, 6_000_000, 160_000, 0, 0},
		{"with audio ahead", broadcast{fps: 30, gop: time.Second, videoSize: 25_000, audio: true, ahead: 300 * ms}, 30, 6_000_000, 160_000, time.Second, 300 * ms},
		{"with audio behind", broadcast{fps: 30, gop: time.Second, videoSize: 25_000, audio: true, ahead: -300 * ms}, 30, 6_000_000, 160_000, time.Second, -300 * ms},
		{"at half the pace", broadcast{fps: 30, gop: time.Second, videoSize: 25_000, audio: true, pace: 0.5}, 30, 6_000_000, 160_000, time.Second, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m meter
			tt.b.play(&m, 0, 20*time.Second)
			r := m.at(20 * time.Second)
			if math.Abs(r.FrameRate-tt.fps) > 0.01 {
				t.Errorf("%v frames per second, want %v", r.FrameRate, tt.fps)
			}
			if math.Abs(float64(r.VideoBitrate-tt.video)) > 0.001*float64(tt.video) {
				t.Errorf("video %d bit/s, want %d", r.VideoBitrate, tt.video)
			}
			if math.Abs(float64(r.AudioBitrate-tt.audio)) > 0.001*float64(tt.audio) {
				t.Errorf("audio %d bit/s, want %d", r.AudioBitrate, tt.audio)
			}
			if d := r.KeyframeInterval - tt.keyframe; d < -2*ms || d > 2*ms {
				t.Errorf("key frames every %v, want %v", r.KeyframeInterval, tt.keyframe)
			}
			if d := r.Drift - tt.drift; d < -25*ms || d > 25*ms {
				t.Errorf("drift %v, want %v", r.Drift, tt.drift)
			}
		})
	}
}

func TestIngestReportForgets(t *testing.T) {
	var m meter
	broadcast{fps: 60, gop: 10 * time.Second, videoSize: 10_000, audio: true}.play(&m, 0, time.Minute)
	broadcast{fps: 25, gop: time.Second, videoSize: 1000, audio: true}.play(&m, time.Minute, 10*time.Second)
	r := m.at(70 * time.Second)
	if math.Abs(r.FrameRate-25) > 0.01 || r.VideoBitrate != 200_000 || r.KeyframeInterval != time.Second {
		t.Errorf("%+v", r)
	}
	if len(r.Warnings) != 0 {
		t.Errorf("warnings %v", r.Warnings)
	}
}

func TestIngestWarnings(t *testing.T) {
	good := broadcast{fps: 30, gop: 2 * time.Second, videoSize: 1000, audio: true}
	with := func(change func(*broadcast)) broadcast {
		b := good
		change(&b)
		return b
	}
	tests := []struct {
		name string
		b    broadcast
		want WarningCode // "" for none
	}{
		{"none for a good broadcast", good, ""},
		{"none for key frames every 4 s of 29.97", with(func(b *broadcast) { b.fps = 30000.0 / 1001; b.gop = 4 * time.Second }), ""},
		{"key frames every 5 s", with(func(b *broadcast) { b.gop = 5 * time.Second }), WarnKeyframeInterval},
		{"no second key frame", with(func(b *broadcast) { b.gop = 0 }), WarnKeyframeInterval},
		{"none for audio 400 ms ahead", with(func(b *broadcast) { b.ahead = 400 * ms }), ""},
		{"audio 600 ms ahead", with(func(b *broadcast) { b.ahead = 600 * ms }), WarnDrift},
		{"audio 600 ms behind", with(func(b *broadcast) { b.ahead = -600 * ms }), WarnDrift},
		{"audio's clock 5 % fast", with(func(b *broadcast) { b.stretch = 1.05 }), WarnDrift},
		{"no audio", with(func(b *broadcast) { b.audio = false }), WarnNoAudio},
		{"no video", with(func(b *broadcast) { b.fps = 0 }), WarnNoVideo},
		{"at 0.8 of real time", with(func(b *broadcast) { b.pace = 0.8 }), WarnSlow},
		{"at a tenth of real time", with(func(b *broadcast) { b.pace = 0.1 }), WarnSlow},
		{"none at 0.95 of real time", with(func(b *broadcast) { b.pace = 0.95 }), ""},
		{"none at twice real time", with(func(b *broadcast) { b.pace = 2 }), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m meter
			seen := tt.b.play(&m, 0, 20*time.Second)
			for _, w := range m.at(20 * time.Second).Warnings {
				if w.Detail == "" {
					t.Errorf("%s has no detail", w.Code)
				}
			}
			if tt.want == "" && len(seen) > 0 || tt.want != "" && (len(seen) != 1 || !seen[tt.want]) {
				t.Errorf("warned of %v, want %q", seen, tt.want)
			}
		})
	}
}

func TestIngestWarningsOfCodecs(t *testing.T) {
	for _, tt := range []struct {
		picture, sound Codec
		want           []string // parts of the detail; none for no warning
	}{
		{H264, AAC, nil},
		{AV1, Opus, nil},
		{"", "", nil},
		{HEVC, AAC, []string{"HEVC"}},
		{H264, MP3, []string{"MP3"}},
		{"", MP3, []string{"MP3"}},
		{HEVC, MP3, []string{"HEVC", "MP3"}},
	} {
		t.Run(string(tt.picture)+" and "+string(tt.sound), func(t *testing.T) {
			var m meter
			now := time.Unix(1_700_000_000, 0)
			for kind, codec := range map[Kind]Codec{Video: tt.picture, Audio: tt.sound} {
				if codec != "" {
					m.add(&Packet{Track: &Track{Kind: kind, Codec: codec}, Key: true, Data: make([]byte, 9)}, now)
				}
			}
			warnings := m.report(now, &timelineCounts{}).Warnings
			if len(tt.want) == 0 && len(warnings) == 0 {
				return
			}
			if len(warnings) != 1 || warnings[0].Code != WarnCodec || len(tt.want) == 0 {
				t.Fatalf("warned of %v, want %q", warnings, tt.want)
			}
			for _, part := range tt.want {
				if !strings.Contains(warnings[0].Detail, part) {
					t.Errorf("the warning is %q, want %q in it", warnings[0].Detail, part)
				}
			}
		})
	}
}

func TestIngestWarningsOfWhatStopped(t *testing.T) {
	var m meter
	good := broadcast{fps: 30, gop: 2 * time.Second, videoSize: 1000, audio: true}
	good.play(&m, 0, 10*time.Second)
	mute := good
	mute.audio = false
	if seen := mute.play(&m, 10*time.Second, 10*time.Second); len(seen) != 1 || !seen[WarnNoAudio] {
		t.Errorf("without audio, warned of %v", seen)
	}
	if r := m.at(20 * time.Second); r.Audio != testAudio {
		t.Errorf("audio that stopped is reported as %v", r.Audio)
	}
	good.play(&m, 20*time.Second, 10*time.Second)
	if r := m.at(30 * time.Second); len(r.Warnings) != 0 {
		t.Errorf("with audio again, warned of %v", r.Warnings)
	}
}

func TestOneLateStretchIsNotSlow(t *testing.T) {
	var m meter
	pkt := Packet{Track: testVideo, Key: true, Data: make([]byte, 100)}
	epoch := time.Unix(1_700_000_000, 0)
	for i := range 600 {
		pkt.DTS = time.Duration(i) * 33 * ms
		now := epoch.Add(pkt.DTS)
		if i >= 200 && i < 290 { // three seconds late, then all at once
			now = epoch.Add(290 * 33 * ms)
		}
		if !m.add(&pkt, now) {
			continue
		}
		for _, w := range m.report(now, &timelineCounts{}).Warnings {
			if w.Code == WarnSlow {
				t.Fatalf("picture %d: %+v", i, w)
			}
		}
	}
}

func TestUnevenStretchesAreNotSlow(t *testing.T) {
	var m meter
	now := time.Unix(1_700_000_000, 0)
	pkt := Packet{Track: testVideo, Key: true}
	for i := range 50 {
		if m.add(&pkt, now) {
			if pace, slow := m.pace(); slow {
				t.Fatalf("second %d: slow, at %v", i, pace)
			}
		}
		pkt.DTS += time.Second
		now = now.Add([]time.Duration{1200, 600, 1200, 600, 1200}[i%5] * ms)
	}
}

func TestSlowIsSaidAfterFiveSeconds(t *testing.T) {
	var m meter
	epoch := time.Unix(1_700_000_000, 0)
	pkt := Packet{Track: testVideo, Key: true}
	for now := epoch; ; now = now.Add(40 * ms) {
		if m.add(&pkt, now) {
			if _, slow := m.pace(); slow {
				if d := now.Sub(epoch); d < 5*time.Second || d > 8*time.Second {
					t.Errorf("said after %v", d)
				}
				return
			}
		}
		if now.Sub(epoch) > time.Minute {
			t.Fatal("never said")
		}
		pkt.DTS += 32 * ms
	}
}

func TestReportsComeThoughMediaHardlyAdvances(t *testing.T) {
	var m meter
	epoch := time.Unix(1_700_000_000, 0)
	pkt := Packet{Track: testVideo, Key: true}
	due := 0
	for i := range 1000 {
		pkt.DTS += ms
		if m.add(&pkt, epoch.Add(time.Duration(i)*40*ms)) {
			due++
		}
	}
	if due < 19 || due > 21 {
		t.Errorf("%d reports in 40 s", due)
	}
}

func TestKeyframeIntervalNeedsTwoKeyframes(t *testing.T) {
	var k keyframeMeter
	steps := []struct {
		at   time.Duration
		key  bool
		want time.Duration
	}{
		{0, false, 0},
		{3 * time.Second, true, 0},
		{3500 * ms, false, 0},
		{4 * time.Second, true, time.Second},
		{6 * time.Second, true, 2 * time.Second},
		{7 * time.Second, true, 2 * time.Second},
		{8 * time.Second, true, 2 * time.Second},
		{9 * time.Second, true, 2 * time.Second},
		{10 * time.Second, true, time.Second},
	}
	for _, s := range steps {
		k.add(&Packet{DTS: s.at, Key: s.key})
		if got := k.longest(); got != s.want {
			t.Errorf("at %v: %v, want %v", s.at, got, s.want)
		}
	}
}

func TestTimelineCountsAreAWarning(t *testing.T) {
	tests := []struct {
		counts timelineCounts
		want   string
	}{
		{timelineCounts{}, ""},
		{timelineCounts{jumps: 2}, "2 jumps of the clock"},
		{timelineCounts{backs: 1, cts: 3}, "1 steps back, 3 impossible presentation times"},
	}
	for _, tt := range tests {
		var m meter
		got := m.report(time.Unix(0, 0), &tt.counts).Warnings
		switch {
		case tt.want == "" && len(got) == 0:
		case len(got) == 1 && got[0] == (Warning{Code: WarnTimestamps, Detail: tt.want}):
		default:
			t.Errorf("%+v: got %v, want %q", tt.counts, got, tt.want)
		}
	}
}

func TestPlainName(t *testing.T) {
	for name, want := range map[string]string{
		"":                              "",
		" OBS 30 ":                      "OBS 30",
		"a\r\nb\x1b[31m\x7f":            "ab[31m",
		"\xff\xfe":                      "",
		strings.Repeat("x", 1000):       strings.Repeat("x", maxName),
		strings.Repeat("é", 1000):       strings.Repeat("é", maxName/2),
		"x" + strings.Repeat("é", 1000): "x" + strings.Repeat("é", maxName/2-1),
	} {
		if got := plainName(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}
