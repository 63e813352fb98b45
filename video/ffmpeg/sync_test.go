package ffmpeg

import (
	"bytes"
	"encoding/binary"
	"os/exec"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

// beep tells when the loud tone of a full second of the clip begins, as a
// decoder hears it.
func beep(t *testing.T, sound []video.Packet, second time.Duration) time.Duration {
	t.Helper()
	const rate = 48000
	var file bytes.Buffer
	w := flv.NewWriter(&file, video.Audio)
	for _, p := range sound {
		if err := w.WritePacket(p); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "flv", "-i", "-", "-ac", "1", "-ar", "48000", "-f", "s16le", "-")
	cmd.Stdin = &file
	pcm, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	from := int((second - sound[0].DTS - 200*time.Millisecond).Seconds() * rate)
	for i := from; 2*i+2 <= len(pcm); i++ {
		if v := int16(binary.LittleEndian.Uint16(pcm[2*i:])); v > 6000 || v < -6000 {
			return sound[0].DTS + time.Duration(i)*time.Second/rate
		}
	}
	t.Fatal("no tone")
	return 0
}

// What an encoder puts in front of the sound is no delay.
func TestTheToneIsHeardWhenItWas(t *testing.T) {
	tr := newTranscoder(t, Config{})
	src := clip(t, 6*time.Second, 0)
	var sink collector
	err := tr.Transcode(t.Context(), &source{packets: src}, []video.Rendition{{AudioBitrate: 96_000}}, &sink)
	if err != nil {
		t.Fatal(err)
	}
	for _, second := range []time.Duration{2 * time.Second, 5 * time.Second} {
		want, got := beep(t, ofKind(src, video.Audio), second), beep(t, sink.of(0, video.Audio), second)
		if !near(want, got, 5*time.Millisecond) {
			t.Errorf("heard at %v, in the source at %v", got, want)
		}
		t.Logf("heard at %v, in the source at %v", got, want)
	}
}
