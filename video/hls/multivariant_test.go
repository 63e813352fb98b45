package hls

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/grafov/m3u8"
)

func master(t *testing.T, s *stream) *m3u8.MasterPlaylist {
	t.Helper()
	got, kind, err := m3u8.DecodeFrom(bytes.NewReader(s.master.Load().text), true)
	if err != nil || kind != m3u8.MASTER {
		t.Fatalf("%v: %s", err, s.master.Load().text)
	}
	m, ok := got.(*m3u8.MasterPlaylist)
	if !ok {
		t.Fatalf("%T", got)
	}
	return m
}

func TestTheMultivariantPlaylistIsTrue(t *testing.T) {
	f := newFeeder(t, Config{}, 0)
	s := source{picture: pictureTrack(1280), sound: soundTrack(t, 3), fps: 25, gop: time.Second}
	ps := s.packets(0, 10*time.Second)
	for i := range ps {
		if ps[i].Key && ps[i].Track == s.picture {
			ps[i].Data = make([]byte, 100_000)
			if at := ps[i].DTS; at >= 5*time.Second && at < 6*time.Second {
				ps[i].Data = make([]byte, 300_000)
			}
		}
	}
	f.write(ps...)
	st := f.p.stream
	m := master(t, st)
	if len(m.Variants) != 2 || m.Version() != 9 {
		t.Fatalf("%d variants, version %d", len(m.Variants), m.Version())
	}
	peak, bits, seconds := 0.0, 0.0, 0.0
	for _, g := range st.main.r.segs {
		b := float64(g.size * 8)
		peak, bits, seconds = max(peak, b/g.dur.Seconds()), bits+b, seconds+g.dur.Seconds()
	}
	v := m.Variants[0]
	if v.URI != "0/stream.m3u8" || v.Codecs != "avc1.64001f,mp4a.40.2" || v.Resolution != "1280x720" || v.FrameRate != 25 {
		t.Errorf("%+v", v.VariantParams)
	}
	if b := float64(v.Bandwidth); b < peak || b > 1.2*peak {
		t.Errorf("BANDWIDTH %v, the largest segment has %v", b, peak)
	}
	if a := float64(v.AverageBandwidth); math.Abs(a-bits/seconds) > 1 {
		t.Errorf("AVERAGE-BANDWIDTH %v, the segments have %v", a, bits/seconds)
	}
	v = m.Variants[1]
	if v.URI != "audio/stream.m3u8" || v.Codecs != "mp4a.40.2" || v.Resolution != "" || v.FrameRate != 0 || v.Bandwidth == 0 {
		t.Errorf("%+v", v.VariantParams)
	}
	if bytes.Contains(st.master.Load().text, []byte("PROGRAM-ID")) {
		t.Error("PROGRAM-ID is in the playlist")
	}
}

func TestABreakDoesNotRaiseTheBandwidth(t *testing.T) {
	f := newFeeder(t, Config{}, 0)
	s := source{picture: pictureTrack(640), fps: 30, gop: time.Second}
	ps := s.packets(0, 5100*time.Millisecond)
	for i := range ps {
		if ps[i].Key {
			ps[i].Data = make([]byte, 100_000)
		}
	}
	f.write(ps...)
	before := master(t, f.p.stream).Variants[0].Bandwidth
	f.p.Interrupt() // leaves a segment of a key frame and two more
	if after := master(t, f.p.stream).Variants[0].Bandwidth; float64(after) > 1.25*float64(before) {
		t.Errorf("BANDWIDTH %d, before the break %d", after, before)
	}
}

func TestTheMultivariantPlaylistOffersWhatThereIs(t *testing.T) {
	picture, sound := pictureTrack(640), soundTrack(t, 3)
	both := source{picture: picture, sound: sound, fps: 30, gop: time.Second}
	f := newFeeder(t, Config{}, 0)
	f.keyless = true
	st := f.p.stream
	for i, tt := range []struct {
		source
		codecs []string
	}{
		{source{picture: picture, fps: 30, gop: time.Second}, []string{"avc1.64001f"}},
		{both, []string{"avc1.64001f,mp4a.40.2", "mp4a.40.2"}},
		{source{sound: sound}, []string{"mp4a.40.2"}},
		{both, []string{"avc1.64001f,mp4a.40.2", "mp4a.40.2"}},
		{source{picture: picture, fps: 30, gop: time.Second}, []string{"avc1.64001f"}},
	} {
		from := time.Duration(i) * 12 * time.Second
		f.write(tt.packets(from, from+12*time.Second)...)
		m := master(t, st)
		if len(m.Variants) != len(tt.codecs) {
			t.Fatalf("stretch %d: %s", i, st.master.Load().text)
		}
		for k, v := range m.Variants {
			if v.Codecs != tt.codecs[k] {
				t.Errorf("stretch %d: CODECS %q, want %q", i, v.Codecs, tt.codecs[k])
			}
		}
	}
}

func TestTheBitRateIsThatOfTheDensestStretch(t *testing.T) {
	var b bitRate
	if b.peak() != 0 {
		t.Error("a rate of nothing")
	}
	b.add(1000, 100*time.Millisecond, time.Second) // 80 kbit/s, but too short to count alone
	if p := b.peak(); p != 80_000 {
		t.Errorf("peak %v of the only segment", p)
	}
	b.add(9000, 1900*time.Millisecond, time.Second)
	if p := b.peak(); p != 40_000 {
		t.Errorf("peak %v, want that of both segments", p)
	}
	b.add(10000, time.Second, time.Second)
	b.add(100, time.Second, time.Second)
	if p, a := b.peak(), b.average(); p != 80_000 || a != 40_200 {
		t.Errorf("peak %v, average %v", p, a)
	}
	if bandwidth(1e300) != math.MaxUint32 {
		t.Error("a rate that does not fit")
	}
}
