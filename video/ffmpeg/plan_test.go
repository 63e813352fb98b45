package ffmpeg

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The command lines are pinned: a change of one shows in a diff.
func TestCommandLines(t *testing.T) {
	src := &video.Track{Kind: video.Video, Codec: video.H264, Width: 1920, Height: 1080, FrameRate: 60}
	sound := &video.Track{Kind: video.Audio, Codec: video.AAC, SampleRate: 48000, Channels: 6}
	ladder := []video.Rendition{
		{Height: 720, FrameRate: 30, VideoBitrate: 2_500_000, AudioBitrate: 128_000, CPULevel: 3},
		{Width: 640, VideoBitrate: 800_000, AudioBitrate: 64_000},
		{VideoBitrate: 5_000_000, AudioBitrate: 128_000, CPULevel: 4},
		{AudioBitrate: 96_000},
	}
	lines := map[string][]string{}
	for _, e := range Encoders() {
		tr := &Transcoder{cfg: Config{Threads: 4, ExtraArgs: map[Encoder][]string{VAAPI: {"-rc_mode", "VBR"}}}}
		out := tr.videoOutputs(e, ladder, src, src.FrameRate)
		lines[string(e)] = tr.argv(e, video.Video, out, pipeNames(len(out)))
	}
	tr := &Transcoder{cfg: Config{Threads: 4, Device: "1"}}
	out := tr.videoOutputs(NVENC, ladder[:1], src, 29.97)
	lines["h264_nvenc-device"] = tr.argv(NVENC, video.Video, out, pipeNames(1))
	out = audioOutputs(ladder, sound)
	lines["audio"] = tr.argv(X264, video.Audio, out, pipeNames(len(out)))
	lines["test-h264_vaapi"] = tr.testArgs(VAAPI)
	for name, args := range lines {
		t.Run(name, func(t *testing.T) { golden(t, name, strings.Join(args, "\n")+"\n") })
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s has changed; -update accepts it:\n%s", file, got)
	}
}

func TestSizes(t *testing.T) {
	tests := map[string]struct{ srcW, srcH, w, h, wantW, wantH int }{
		"as it came":              {1920, 1080, 0, 0, 1920, 1080},
		"a height":                {1920, 1080, 0, 720, 1280, 720},
		"a width":                 {1920, 1080, 640, 0, 640, 360},
		"an odd result":           {1920, 1080, 0, 480, 854, 480},
		"both":                    {1920, 1080, 640, 480, 640, 480},
		"above the source":        {1280, 720, 0, 1080, 1280, 720},
		"too wide":                {1280, 720, 1920, 0, 1280, 720},
		"another shape, too wide": {1280, 720, 2560, 720, 1280, 360},
		"portrait":                {1080, 1920, 0, 720, 406, 720},
		"an odd source":           {641, 361, 0, 0, 640, 360},
		"an odd source, above":    {641, 361, 0, 720, 640, 360},
		"a line":                  {2, 1080, 0, 16, 2, 16},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w, h := size(video.Rendition{Width: tt.w, Height: tt.h}, &video.Track{Width: tt.srcW, Height: tt.srcH})
			if w != tt.wantW || h != tt.wantH {
				t.Errorf("%dx%d, want %dx%d", w, h, tt.wantW, tt.wantH)
			}
		})
	}
}

func TestMeasuredRates(t *testing.T) {
	at := func(ms ...int) []video.Packet {
		var all []video.Packet
		for _, m := range ms {
			all = append(all, video.Packet{DTS: time.Duration(m) * time.Millisecond})
		}
		return all
	}
	for name, tt := range map[string]struct {
		packets        []video.Packet
		least, highest float64
	}{
		"30":             {at(0, 33, 67, 100, 133, 167, 200, 233), 29.5, 30.5},
		"60":             {at(0, 17, 33, 50, 67, 83, 100, 117), 58, 62},
		"with a stall":   {at(0, 40, 80, 120, 1120, 1160, 1200, 1240), 24.9, 25.1},
		"one":            {at(0), 30, 30},
		"none":           {nil, 30, 30},
		"the same times": {at(5, 5, 5), 30, 30},
		"very fast":      {at(0, 1, 2, 3), 240, 240},
		"very slow":      {at(0, 5000), 1, 1},
	} {
		if got := measureRate(tt.packets); got < tt.least || got > tt.highest {
			t.Errorf("%s: %v, want %v to %v", name, got, tt.least, tt.highest)
		}
	}
}
