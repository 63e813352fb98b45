package owncast_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/rtmp"
)

// encode makes packets of four seconds of one track with ffmpeg.
func encode(t *testing.T, source string, args ...string) []video.Packet {
	t.Helper()
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed")
	}
	name := filepath.Join(t.TempDir(), "in.mp4")
	cmd := exec.CommandContext(t.Context(), ffmpeg, append(append([]string{
		"-v", "error", "-f", "lavfi", "-i", source,
	}, args...), "-movflags", "frag_keyframe+empty_moov+default_base_moof", name)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("this ffmpeg cannot: %v\n%s", err, out)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := mp4.DecodeFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	trak := f.Init.Moov.Trak
	tr, scale := track(t, trak.Mdia.Minf.Stbl.Stsd.Children[0]), int64(trak.Mdia.Mdhd.Timescale)
	var ps []video.Packet
	for _, s := range f.Segments {
		for _, frag := range s.Fragments {
			samples, err := frag.GetFullSamples(f.Init.Moov.Mvex.Trex)
			if err != nil {
				t.Fatal(err)
			}
			for _, sm := range samples {
				ps = append(ps, video.Packet{
					Track: tr, Key: sm.IsSync(), Data: sm.Data,
					DTS: time.Duration(int64(sm.DecodeTime) * int64(time.Second) / scale),
					CTS: time.Duration(int64(sm.CompositionTimeOffset) * int64(time.Second) / scale),
				})
			}
		}
	}
	return ps
}

// track is the track as the codec's own box configures it.
func track(t *testing.T, entry mp4.Box) *video.Track {
	t.Helper()
	codec, config := video.Codec(""), []byte(nil)
	switch e := entry.(type) {
	case *mp4.VisualSampleEntryBox:
		if e.HvcC != nil {
			codec, config = video.HEVC, content(t, e.HvcC)
		} else {
			codec, config = video.AV1, content(t, e.Av1C)
		}
	case *mp4.AudioSampleEntryBox:
		if e.Esds != nil {
			codec, config = video.AAC, e.Esds.DecConfigDescriptor.DecSpecificInfo.DecConfig
			break
		}
		codec = video.Opus
		d := e.Dops
		config = append([]byte("OpusHead\x01"), d.OutputChannelCount)
		config = binary.LittleEndian.AppendUint16(config, d.PreSkip)
		config = binary.LittleEndian.AppendUint32(config, d.InputSampleRate)
		config = binary.LittleEndian.AppendUint16(config, uint16(d.OutputGain))
		config = append(config, 0)
	}
	tr, err := video.NewTrack(codec, config)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// content is a box without its header.
func content(t *testing.T, b mp4.Box) []byte {
	t.Helper()
	var w bytes.Buffer
	if err := b.Encode(&w); err != nil {
		t.Fatal(err)
	}
	return w.Bytes()[8:]
}

func TestEnhancedRTMPIsPackaged(t *testing.T) {
	for _, tt := range []struct {
		name   string
		video  []string
		audio  []string
		codecs string // regular expression of the CODECS attribute
		names  string // what ffprobe finds
	}{
		{
			"HEVC and AAC",
			[]string{"-c:v", "libx265", "-x265-params", "log-level=none:keyint=25:min-keyint=25:bframes=3", "-tag:v", "hvc1"},
			[]string{"-c:a", "aac"},
			`hvc1\.1\.6\.L\d+(\.[0-9A-F]+)+,mp4a\.40\.2`, "hevc,aac",
		},
		{
			"AV1 and Opus",
			[]string{"-c:v", "libsvtav1", "-preset", "12", "-g", "25"},
			[]string{"-c:a", "libopus"},
			`av01\.0\.\d\d[MH]\.08,opus`, "av1,opus",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			packets := append(encode(t, "testsrc2=s=320x180:r=25:d=4", tt.video...), encode(t, "sine=f=440:r=48000:d=4", tt.audio...)...)
			slices.SortStableFunc(packets, func(a, b video.Packet) int { return cmp.Compare(a.DTS, b.DTS) })
			c := run(t, owncast.WithLatencyLevel(0))
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			client, err := rtmp.Dial(ctx, "rtmp://"+c.rtmp+"/live/k", rtmp.ClientConfig{})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			for _, p := range packets {
				if err := client.WritePacket(p); err != nil {
					t.Fatal(err)
				}
			}
			master := c.await("/hls/stream.m3u8", "0/stream.m3u8")
			if !regexp.MustCompile(`CODECS="` + tt.codecs + `"`).MatchString(master) {
				t.Errorf("CODECS are not %s:\n%s", tt.codecs, master)
			}
			if !strings.Contains(master, "RESOLUTION=320x180") || !strings.Contains(master, "FRAME-RATE=25.000") {
				t.Errorf("multivariant playlist:\n%s", master)
			}
			probe(t, c, tt.names)
		})
	}
}

// probe checks what ffprobe makes of the header and the first segment.
func probe(t *testing.T, c *channel, want string) {
	t.Helper()
	list := c.await("/hls/0/stream.m3u8", "#EXTINF")
	var media strings.Builder
	for _, re := range []string{`URI="([^"]+\.mp4)"`, `(?m)^([^#\s]+-0\.m4s)$`} {
		m := regexp.MustCompile(re).FindStringSubmatch(list)
		if m == nil {
			t.Fatalf("no %s in\n%s", re, list)
		}
		code, body := c.get("/hls/0/" + m[1])
		if code != 200 {
			t.Fatalf("%s: %d", m[1], code)
		}
		media.WriteString(body)
	}
	name := filepath.Join(t.TempDir(), "out.mp4")
	if err := os.WriteFile(name, []byte(media.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-of", "json", "-count_packets",
		"-show_entries", "stream=codec_name,width,height,sample_rate,nb_read_packets", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	var found struct {
		Streams []struct {
			Name    string `json:"codec_name"`
			Width   int    `json:"width"`
			Packets string `json:"nb_read_packets"`
		} `json:"streams"`
	}
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range found.Streams {
		names = append(names, s.Name)
		if s.Packets == "" || s.Packets == "0" {
			t.Errorf("%s has no packets", s.Name)
		}
	}
	if got := strings.Join(names, ","); got != want {
		t.Errorf("ffprobe finds %s, want %s\n%s", got, want, out)
	}
	if out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-xerror", "-i", name, "-f", "null", "-").CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("ffmpeg cannot decode it: %v\n%s", err, fmt.Sprintf("%.2000s", out))
	}
}
