package hls

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"

	"github.com/owncast-go/owncast/video"
)

func newTrack(t testing.TB, codec video.Codec, config string) *video.Track {
	t.Helper()
	b, err := hex.DecodeString(config)
	if err != nil {
		t.Fatal(err)
	}
	track, err := video.NewTrack(codec, b)
	if err != nil {
		t.Fatal(err)
	}
	return track
}

// Configurations as encoders write them, the pictures 64x64.
const (
	avcConfig  = "0164000affe100186764000aacd94426c044000003000400000300503c48965801000668ebe3cb22c0fdf8f800"
	hevcConfig = "0101600000009000000000001ef000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003001e959809" +
		"a10001002842010101600000030090000003000003001ea020810596566924caf016808000000300800000050" +
		"4a2000100074401c172b42240"
	av1Config   = "81050c000a0b0000002d4cfdb34daf9004"
	aacConfig   = "1190"
	opusConfig  = "4f707573486561640102380180bb0000000000" // two channels, pre-skip 312
	mp3Config   = "fffb90c4"
	mpeg2Config = "fff38464" // MP3 of MPEG-2, 22.05 kHz
)

// media is everything of one rendition that can be fetched: the header and
// the segments that are listed.
type media struct {
	init *initSegment
	segs [][]byte
}

func fetchAll(t testing.TB, r *rendition) media {
	t.Helper()
	s := r.cur.Load()
	var m media
	for _, g := range s.segs {
		b, ok := g.body()
		if !ok || m.init != nil && g.init != m.init {
			t.Fatalf("segment %d is not in memory or has another header", g.msn)
		}
		m.init = g.init
		m.segs = append(m.segs, bytes.Join(b, nil))
	}
	if m.init == nil {
		t.Fatal("no segments")
	}
	return m
}

func (m media) bytes() []byte { return append(slices.Clone(m.init.data), bytes.Join(m.segs, nil)...) }

// decode reads the media with a reader that is not ours. The samples of each
// track are in the order of the fragments.
func (m media) decode(t testing.TB) (file *mp4.File, samples map[uint32][]mp4.FullSample) {
	t.Helper()
	file, err := mp4.DecodeFile(bytes.NewReader(m.bytes()))
	if err != nil {
		t.Fatal(err)
	}
	samples = map[uint32][]mp4.FullSample{}
	sequence := uint32(0)
	for _, seg := range file.Segments {
		for _, f := range seg.Fragments {
			if n := f.Moof.Mfhd.SequenceNumber; n <= sequence {
				t.Errorf("fragment %d follows %d", n, sequence)
			} else {
				sequence = n
			}
			for _, trex := range file.Init.Moov.Mvex.Trexs {
				got, err := f.GetFullSamples(trex)
				if err != nil {
					t.Fatal(err)
				}
				samples[trex.TrackID] = append(samples[trex.TrackID], got...)
			}
		}
	}
	return file, samples
}

// broadcast is packets of tracks whose payload is random.
func broadcast(picture, sound *video.Track, bframes bool, length time.Duration) []video.Packet {
	ps := source{picture: picture, sound: sound, fps: 30, gop: time.Second}.packets(0, length)
	rng := rand.New(rand.NewPCG(3, 4))
	n := 0
	for i := range ps {
		p := &ps[i]
		p.Data = make([]byte, 100+rng.IntN(3000))
		for k := range p.Data {
			p.Data[k] = byte(rng.Uint32())
		}
		switch {
		case p.Track.Kind == video.Audio:
			copy(p.Data, audioFrame(p.Track))
		case bframes:
			p.CTS = []time.Duration{67, 133, 33, 0, -33}[n%5] * time.Millisecond
			n++
		}
	}
	return ps
}

func TestFragmentsHoldWhatCameIn(t *testing.T) {
	for _, tt := range []struct {
		name           string
		picture, sound *video.Track
		bframes        bool
		config         string // box
		soundConfig    string
	}{
		{"H.264 and AAC", newTrack(t, video.H264, avcConfig), newTrack(t, video.AAC, aacConfig), false, "avcC", "esds"},
		{"H.264 with B-frames", newTrack(t, video.H264, avcConfig), newTrack(t, video.AAC, aacConfig), true, "avcC", "esds"},
		{"HEVC", newTrack(t, video.HEVC, hevcConfig), newTrack(t, video.AAC, aacConfig), true, "hvcC", "esds"},
		{"AV1 and Opus", newTrack(t, video.AV1, av1Config), newTrack(t, video.Opus, opusConfig), false, "av1C", "dOps"},
		{"H.264 and MP3", newTrack(t, video.H264, avcConfig), newTrack(t, video.MP3, mp3Config), false, "avcC", "esds"},
		{"H.264 alone", newTrack(t, video.H264, avcConfig), nil, true, "avcC", ""},
		{"AAC alone", nil, newTrack(t, video.AAC, aacConfig), false, "", "esds"},
		{"MP3 of MPEG-2 alone", nil, newTrack(t, video.MP3, mpeg2Config), false, "", "esds"},
		{"Opus alone", nil, newTrack(t, video.Opus, opusConfig), false, "", "dOps"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFeeder(t, Config{}, 0)
			ps := broadcast(tt.picture, tt.sound, tt.bframes, 8*time.Second)
			f.write(ps...)
			s := f.p.stream
			f.p.End()
			file, samples := fetchAll(t, s.main.r).decode(t)
			checkEntry(t, file, videoTrackID, tt.picture, tt.config)
			checkEntry(t, file, audioTrackID, tt.sound, tt.soundConfig)
			checkSamples(t, samples[videoTrackID], of(ps, tt.picture), videoTimescale)
			if tt.sound != nil {
				checkSamples(t, samples[audioTrackID], of(ps, tt.sound), int64(tt.sound.SampleRate))
			}
			if cmaf := slices.Contains(file.Ftyp.CompatibleBrands(), "cmfc"); cmaf != (tt.picture == nil || tt.sound == nil) {
				t.Errorf("a file of %d tracks says it is a CMAF track: %v", len(file.Init.Moov.Traks), cmaf)
			}
			if tt.picture != nil && tt.sound != nil {
				file, samples := fetchAll(t, s.sound.m.r).decode(t)
				checkEntry(t, file, videoTrackID, nil, "")
				checkEntry(t, file, audioTrackID, tt.sound, tt.soundConfig)
				checkSamples(t, samples[audioTrackID], of(ps, tt.sound), int64(tt.sound.SampleRate))
			}
		})
	}
}

func of(ps []video.Packet, track *video.Track) []video.Packet {
	return slices.DeleteFunc(slices.Clone(ps), func(p video.Packet) bool { return p.Track != track })
}

// checkEntry checks what the header says of a track.
func checkEntry(t *testing.T, file *mp4.File, id uint32, track *video.Track, config string) {
	t.Helper()
	var trak *mp4.TrakBox
	for _, tr := range file.Init.Moov.Traks {
		if tr.Tkhd.TrackID == id {
			trak = tr
		}
	}
	if (trak != nil) != (track != nil) {
		t.Fatalf("track %d: there is one: %v, want %v", id, trak != nil, track != nil)
	}
	if track == nil {
		return
	}
	wantHandler := map[video.Kind]string{video.Video: "vide", video.Audio: "soun"}[track.Kind]
	if got := trak.Mdia.Hdlr.HandlerType; got != wantHandler {
		t.Errorf("handler %q, want %q", got, wantHandler)
	}
	if got := trak.Mdia.Mdhd.Timescale; got != timescale(track) {
		t.Errorf("timescale %d, want %d", got, timescale(track))
	}
	entries := trak.Mdia.Minf.Stbl.Stsd.Children
	if len(entries) != 1 {
		t.Fatalf("%d sample entries", len(entries))
	}
	var box mp4.Box
	switch e := entries[0].(type) {
	case *mp4.VisualSampleEntryBox:
		if int(e.Width) != track.Width || int(e.Height) != track.Height {
			t.Errorf("picture of %dx%d, want %dx%d", e.Width, e.Height, track.Width, track.Height)
		}
		box = child(e.Children, config)
	case *mp4.AudioSampleEntryBox:
		if int(e.SampleRate) != track.SampleRate || int(e.ChannelCount) != track.Channels {
			t.Errorf("%d Hz, %d channels", e.SampleRate, e.ChannelCount)
		}
		box = child(e.Children, config)
	}
	if box == nil {
		t.Fatalf("no %s in %T", config, entries[0])
	}
	var b bytes.Buffer
	if err := box.Encode(&b); err != nil {
		t.Fatal(err)
	}
	if want := configBytes(t, track); !bytes.Equal(b.Bytes()[8:], want) {
		t.Errorf("%s is %x, want %x", config, b.Bytes()[8:], want)
	}
}

func child(boxes []mp4.Box, typ string) mp4.Box {
	for _, b := range boxes {
		if b.Type() == typ {
			return b
		}
	}
	return nil
}

// configBytes is what the standards make of a track's configuration, written
// down by hand.
func configBytes(t *testing.T, track *video.Track) []byte {
	t.Helper()
	hexes := map[string]string{
		aacConfig: "00000000" + "0380808022" + "000000" + // ES_Descriptor
			"0480808014" + "40" + "15" + "000000" + "00000000" + "00000000" + // of MPEG-4 audio
			"0580808002" + "1190" + "0680808001" + "02",
		mp3Config: "00000000" + "038080801b" + "000000" +
			"048080800d" + "6b" + "15" + "000000" + "00000000" + "00000000" + // of MPEG-1 audio
			"0680808001" + "02",
		mpeg2Config: "00000000" + "038080801b" + "000000" +
			"048080800d" + "69" + "15" + "000000" + "00000000" + "00000000" + // of MPEG-2 audio
			"0680808001" + "02",
		opusConfig: "00" + "02" + "0138" + "0000bb80" + "0000" + "00",
	}
	s, ok := hexes[hex.EncodeToString(track.Config)]
	if !ok {
		return track.Config
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkSamples checks that samples are the packets, with their times and in
// their order. The packets' times are in milliseconds, as wires have them.
func checkSamples(t *testing.T, got []mp4.FullSample, want []video.Packet, scale int64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d samples of %d packets", len(got), len(want))
	}
	millisecond := float64(scale) / 1000
	for i, s := range got {
		p := want[i]
		if !bytes.Equal(s.Data, p.Data) {
			t.Fatalf("sample %d has other data", i)
		}
		flags := uint32(flagsNonSync)
		if p.Key {
			flags = flagsSync
		}
		if s.Flags != flags {
			t.Fatalf("sample %d has flags %08x, want %08x", i, s.Flags, flags)
		}
		if d := float64(s.CompositionTimeOffset) - p.CTS.Seconds()*float64(scale); d > 0.01 || d < -0.01 {
			t.Fatalf("sample %d has a composition offset of %d, want %v", i, s.CompositionTimeOffset, p.CTS)
		}
		off := float64(s.DecodeTime) - p.DTS.Seconds()*float64(scale)
		if p.Track.Kind == video.Video && (off > 0.01 || off < -0.01) || off > millisecond || off < -millisecond {
			t.Fatalf("sample %d is decoded at %d, want %v", i, s.DecodeTime, p.DTS)
		}
		if i+1 < len(got) {
			// The last picture of a part has the length that is expected of it.
			gap := float64(got[i+1].DecodeTime) - float64(s.DecodeTime) - float64(s.Dur)
			if gap > millisecond || gap < -millisecond {
				t.Fatalf("between samples %d and %d are %v ms", i, i+1, gap/millisecond)
			}
		}
	}
}

// Chromium on its own stops at a hole in the sound of more than a frame.
func TestSoundBeforeABreakLastsAsLongAsThePicture(t *testing.T) {
	picture, sound := newTrack(t, video.H264, avcConfig), newTrack(t, video.AAC, aacConfig)
	for _, lag := range []time.Duration{0, 40 * time.Millisecond, 70 * time.Millisecond} {
		for n := range 45 {
			length := 3*time.Second + time.Duration(n)*23*time.Millisecond
			f := newFeeder(t, Config{}, 0)
			f.apart = true
			for _, p := range broadcast(picture, sound, false, length) {
				if p.Track.Kind == video.Video || p.DTS < length-lag {
					f.write(p)
				}
			}
			f.p.Interrupt()
			_, samples := fetchAll(t, f.p.stream.main.r).decode(t)
			end := func(id uint32, scale int64) time.Duration {
				last := samples[id][len(samples[id])-1]
				return fromScale(int64(last.DecodeTime)+int64(last.Dur), scale)
			}
			seen, heard := end(videoTrackID, videoTimescale), end(audioTrackID, int64(sound.SampleRate))
			if seen < length-time.Second || heard < seen-time.Millisecond {
				t.Errorf("cut at %s, the sound %s behind: the picture ends at %s, the sound at %s", length, lag, seen, heard)
			}
		}
	}
}
