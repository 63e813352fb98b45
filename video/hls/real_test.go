package hls

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

// run runs a program of ffmpeg's, and skips the test if it is not there.
func run(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	bin, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	var out, problems bytes.Buffer
	cmd := exec.CommandContext(t.Context(), bin, append([]string{"-v", "error"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil || problems.Len() > 0 {
		if strings.Contains(problems.String(), "Unknown encoder") {
			t.Skipf("%s: %s", name, problems.String())
		}
		t.Fatalf("%s %q: %v\n%s", name, args, err, problems.String())
	}
	return out.Bytes()
}

// inputs makes a picture and a sound for ffmpeg's encoders.
func inputs(size, length string) []string {
	return []string{
		"-f", "lavfi", "-i", "testsrc2=size=" + size + ":rate=30:duration=" + length,
		"-f", "lavfi", "-i", "sine=sample_rate=48000:duration=" + length,
	}
}

// flvPackets reads FLV as an ingest does.
func flvPackets(t testing.TB, file []byte) (ps []video.Packet) {
	t.Helper()
	r := flv.NewReader(bytes.NewReader(file), 0)
	var d flv.Decoder
	for {
		tag, err := r.Next()
		if errors.Is(err, io.EOF) {
			return ps
		}
		var p video.Packet
		var ok bool
		switch {
		case err != nil:
		case tag.Type == flv.TagVideo:
			p, ok, err = d.Video(tag.Timestamp, tag.Body)
		case tag.Type == flv.TagAudio:
			p, ok, err = d.Audio(tag.Timestamp, tag.Body)
		}
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			ps = append(ps, p)
		}
	}
}

// mp4Packets reads fragmented MP4, for what ffmpeg does not put into FLV.
// Times are in milliseconds, as the wire's are.
func mp4Packets(t testing.TB, data []byte) (ps []video.Packet) {
	t.Helper()
	file, err := mp4.DecodeFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for _, trak := range file.Init.Moov.Traks {
		track := mp4Track(t, trak)
		scale := float64(trak.Mdia.Mdhd.Timescale)
		ms := func(v float64) time.Duration { return time.Duration(math.Round(v/scale*1000)) * time.Millisecond }
		trex, _ := file.Init.Moov.Mvex.GetTrex(trak.Tkhd.TrackID)
		for _, seg := range file.Segments {
			for _, f := range seg.Fragments {
				samples, err := f.GetFullSamples(trex)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range samples {
					ps = append(ps, video.Packet{
						Track: track, DTS: ms(float64(s.DecodeTime)), CTS: ms(float64(s.CompositionTimeOffset)),
						Key: s.IsSync(), Data: s.Data,
					})
				}
			}
		}
	}
	slices.SortStableFunc(ps, func(a, b video.Packet) int { return int(a.DTS - b.DTS) })
	return ps
}

func mp4Track(t testing.TB, trak *mp4.TrakBox) *video.Track {
	t.Helper()
	stsd := trak.Mdia.Minf.Stbl.Stsd
	var config bytes.Buffer
	var err error
	var codec video.Codec
	switch {
	case stsd.HvcX != nil:
		codec, err = video.HEVC, stsd.HvcX.HvcC.Encode(&config)
	case stsd.Av01 != nil:
		codec, err = video.AV1, stsd.Av01.Av1C.Encode(&config)
	case stsd.Opus != nil:
		d := stsd.Opus.Dops
		config.WriteString("12345678OpusHead")
		config.Write([]byte{
			1, d.OutputChannelCount, byte(d.PreSkip), byte(d.PreSkip >> 8),
			byte(d.InputSampleRate), byte(d.InputSampleRate >> 8), byte(d.InputSampleRate >> 16), 0, 0, 0, 0,
		})
		codec = video.Opus
	case stsd.Mp4a != nil:
		config.WriteString("12345678")
		config.Write(stsd.Mp4a.Esds.DecConfigDescriptor.DecSpecificInfo.DecConfig)
		codec = video.AAC
	}
	if err != nil {
		t.Fatal(err)
	}
	track, err := video.NewTrack(codec, config.Bytes()[8:])
	if err != nil {
		t.Fatal(err)
	}
	return track
}

func TestPlayersReadRealBroadcasts(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes video")
	}
	x264 := []string{"-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-pix_fmt", "yuv420p"}
	aac := []string{"-c:a", "aac", "-b:a", "128k"}
	fragmented := []string{"-f", "mp4", "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-"}
	for _, tt := range []struct {
		name string
		args []string
		read func(testing.TB, []byte) []video.Packet
	}{
		{"1080p30 without B-frames", slices.Concat(inputs("1920x1080", "3"), x264, aac, []string{"-f", "flv", "-"}), flvPackets},
		{"1080p30 with B-frames", slices.Concat(inputs("1920x1080", "3"), x264, []string{"-bf", "3", "-b_strategy", "1"}, aac, []string{"-f", "flv", "-"}), flvPackets},
		{"video alone", slices.Concat(inputs("320x180", "3"), x264, []string{"-an", "-f", "flv", "-"}), flvPackets},
		{"sound alone", slices.Concat(inputs("320x180", "3"), aac, []string{"-vn", "-f", "flv", "-"}), flvPackets},
		{"MP3", slices.Concat(inputs("320x180", "3"), x264, []string{"-c:a", "libmp3lame", "-ar", "44100", "-f", "flv", "-"}), flvPackets},
		{"HEVC", slices.Concat(inputs("320x180", "3"), []string{"-c:v", "libx265", "-preset", "ultrafast", "-bf", "3", "-g", "60", "-tag:v", "hvc1", "-x265-params", "log-level=none"}, aac, fragmented), mp4Packets},
		{"AV1 and Opus", slices.Concat(inputs("320x180", "3"), []string{"-c:v", "libsvtav1", "-preset", "10", "-g", "60", "-c:a", "libopus"}, fragmented), mp4Packets},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("SVT_LOG", "1")
			ps := tt.read(t, run(t, "ffmpeg", tt.args...))
			f := newFeeder(t, Config{}, 0)
			f.write(ps...)
			s := f.p.stream
			f.p.End()
			if f.playable != 1 || f.discontinuities(mainRendition) != 0 {
				t.Errorf("playable %d times, %d discontinuities", f.playable, f.discontinuities(mainRendition))
			}
			for _, r := range s.all() {
				probe(t, r, ps)
			}
		})
	}
}

// probe lets ffmpeg decode a rendition and checks that its packets have the
// times that they came with.
func probe(t *testing.T, r *rendition, ps []video.Packet) {
	t.Helper()
	m := fetchAll(t, r)
	name := filepath.Join(t.TempDir(), "out.mp4")
	if err := os.WriteFile(name, m.bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "ffmpeg", "-xerror", "-i", name, "-map", "0", "-f", "null", "-")
	out := run(t, "ffprobe", "-show_entries", "packet=codec_type,pts_time,dts_time", "-of", "csv=p=0", name)
	times := map[string][][2]float64{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSpace(line), ",")
		pts, err := strconv.ParseFloat(fields[1], 64)
		dts, err2 := strconv.ParseFloat(fields[2], 64)
		if err != nil || err2 != nil {
			t.Fatalf("ffprobe: %q", line)
		}
		times[fields[0]] = append(times[fields[0]], [2]float64{pts, dts})
	}
	for _, track := range m.init.tracks {
		want := of(ps, track)
		got := times[track.Kind.String()]
		// Sound before the first picture is left out.
		if n := len(want) - len(got); n < 0 || n > 3 || track.Kind == video.Video && n != 0 {
			t.Fatalf("%s %v: %d packets of %d", r.name, track.Kind, len(got), len(want))
		} else {
			want = want[n:]
		}
		for i, p := range want {
			if d := math.Abs(got[i][0] - (p.DTS + p.CTS).Seconds()); d > 0.00101 {
				t.Fatalf("%s %v packet %d is presented at %v s, %v off", r.name, track.Kind, i, got[i][0], d)
			}
			if d := math.Abs(got[i][1] - p.DTS.Seconds()); d > 0.00101 {
				t.Fatalf("%s %v packet %d is decoded at %v s, %v off", r.name, track.Kind, i, got[i][1], d)
			}
		}
	}
}
