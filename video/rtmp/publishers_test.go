package rtmp

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
	"github.com/owncast-go/owncast/video/videotest"
)

// requireTool skips the test if a program is not there.
func requireTool(t *testing.T, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short")
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

// run runs a program that publishes to the end.
func run(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
	}
}

// source is two seconds of video and audio for ffmpeg.
func source(args ...string) []string {
	return append([]string{
		"-hide_banner", "-loglevel", "error",
		"-f", "lavfi", "-i", "testsrc=size=320x180:rate=25",
		"-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
		"-t", "2", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac",
	}, args...)
}

// checkBroadcast checks that everything came, in order, from first on.
func checkBroadcast(t *testing.T, b *publication, first time.Duration) {
	t.Helper()
	var pictures, sounds, reordered int
	var last [3]time.Duration
	for i, p := range b.received() {
		if i == 0 && (p.DTS < first-time.Second || p.DTS > first+time.Second) {
			t.Errorf("the first packet is at %v, want about %v", p.DTS, first)
		}
		if k := p.Track.Kind; i > 0 && last[k] != 0 && p.DTS <= last[k] {
			t.Errorf("packet %d (%v) at %v after %v", i, k, p.DTS, last[k])
		}
		last[p.Track.Kind] = p.DTS
		if p.Track.Kind == video.Audio {
			sounds++
			continue
		}
		if pictures == 0 && !p.Key {
			t.Error("the first picture is no key frame")
		}
		if pictures++; p.CTS > 0 {
			reordered++
		}
	}
	if pictures < 45 || sounds < 85 {
		t.Errorf("%d pictures and %d audio frames of 50 and 93", pictures, sounds)
	}
	if end := last[video.Video] - first; end < 1800*time.Millisecond || end > 2200*time.Millisecond {
		t.Errorf("the last picture is at %v", end)
	}
	t.Logf("%d pictures, %d of them reordered, %d audio frames, metadata %+v", pictures, reordered, sounds, b.told())
}

func TestFFmpegPublishes(t *testing.T) {
	ffmpeg := requireTool(t, "ffmpeg")
	s := startServer(t, newPublisher(), Limits{})
	server, _ := testTLS(t)
	secure := s.listen(t, func(l net.Listener) net.Listener { return tls.NewListener(l, server) })
	for _, tt := range []struct {
		name  string
		args  []string
		first time.Duration
		cts   bool
	}{
		{"without B-frames", source("-bf", "0", "-f", "flv"), 0, false},
		{"with B-frames", source("-bf", "2", "-f", "flv"), 0, true},
		{"over 2^24 milliseconds", source("-bf", "2", "-output_ts_offset", "16776.2", "-f", "flv"), 16776200 * time.Millisecond, true},
		{"beyond 2^24 milliseconds", source("-bf", "0", "-output_ts_offset", "17000", "-copyts", "-f", "flv"), 17000 * time.Second, false},
		{"without a chunk size", source("-bf", "0", "-rtmp_flush_interval", "1", "-f", "flv"), 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, ffmpeg, append(tt.args, "rtmp://"+s.addr+"/live/"+testKey)...)
			b := s.pub.next(t)
			if err := b.reason(t); err != nil {
				t.Errorf("reason %v", err)
			}
			checkBroadcast(t, b, tt.first)
			reordered := false
			for _, p := range b.received() {
				reordered = reordered || p.CTS > 0
			}
			if reordered != tt.cts {
				t.Errorf("composition times: %v, want %v", reordered, tt.cts)
			}
			if m := b.told(); len(m) == 0 || m[0].Width != 320 || !strings.HasPrefix(m[0].Encoder, "Lavf") {
				t.Errorf("metadata %+v", m)
			}
		})
	}

	t.Run("by RTMPS", func(t *testing.T) {
		run(t, ffmpeg, source("-f", "flv", "rtmps://"+secure+"/live/"+testKey)...)
		b := s.pub.next(t)
		if err := b.reason(t); err != nil {
			t.Errorf("reason %v", err)
		}
		checkBroadcast(t, b, 0)
	})

	t.Run("with a wrong key", func(t *testing.T) {
		cmd := exec.CommandContext(t.Context(), ffmpeg, source("-f", "flv", "rtmp://"+s.addr+"/live/wrong")...)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "Server error") {
			t.Errorf("%v\n%s", err, out)
		}
	})

	t.Run("and is killed", func(t *testing.T) {
		args := append([]string{"-re"}, source("-f", "flv", "rtmp://"+s.addr+"/live/"+testKey)...)
		cmd := exec.CommandContext(t.Context(), ffmpeg, args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		b := s.pub.next(t)
		b.waitFor(t, "a packet", func(ps []video.Packet) bool { return len(ps) > 0 })
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if err := b.reason(t); err == nil {
			t.Error("no reason")
		}
	})
}

func TestGStreamerPublishes(t *testing.T) {
	launch := requireTool(t, "gst-launch-1.0")
	inspect := requireTool(t, "gst-inspect-1.0")
	s := startServer(t, newPublisher(), Limits{})
	for _, tt := range []struct{ sink, location string }{
		{"rtmp2sink", "rtmp://" + s.addr + "/live/" + testKey},
		{"rtmpsink", "rtmp://" + s.addr + "/live/" + testKey + " live=1"}, // librtmp
	} {
		t.Run(tt.sink, func(t *testing.T) {
			for _, element := range []string{tt.sink, "x264enc", "avenc_aac"} {
				if exec.CommandContext(t.Context(), inspect, "--exists", element).Run() != nil {
					t.Skipf("GStreamer has no %s", element)
				}
			}
			pipeline := "flvmux name=m streamable=true ! " + tt.sink + " location=\"" + tt.location + "\"" +
				" videotestsrc num-buffers=50 ! video/x-raw,width=320,height=180,framerate=25/1 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! h264parse ! queue ! m." +
				" audiotestsrc num-buffers=94 ! audio/x-raw,rate=48000,channels=2 ! audioconvert ! avenc_aac ! aacparse ! queue ! m."
			run(t, "/bin/sh", "-c", launch+" -q "+pipeline)
			b := s.pub.next(t)
			if err := b.reason(t); err != nil {
				t.Errorf("reason %v", err)
			}
			checkBroadcast(t, b, 0)
		})
	}
}

func TestFFmpegTakesWhatAClientSends(t *testing.T) {
	ffmpeg := requireTool(t, "ffmpeg")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	file := filepath.Join(t.TempDir(), "out.flv")
	cmd := exec.CommandContext(t.Context(), ffmpeg, "-hide_banner", "-loglevel", "error", "-listen", "1", "-i", "rtmp://"+addr+"/live/"+testKey, "-c", "copy", "-f", "flv", file)
	var out strings.Builder
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var c *Client
	for deadline := time.Now().Add(10 * time.Second); ; {
		if c, err = Dial(t.Context(), "rtmp://"+addr+"/live/"+testKey, ClientConfig{}); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	sent := sendClip(t, c)
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	_ = cmd.Wait()
	probe, err := exec.CommandContext(t.Context(), ffmpeg, "-hide_banner", "-i", file, "-map", "0", "-c", "copy", "-f", "framecrc", "-").Output()
	n := 0
	for line := range strings.Lines(string(probe)) {
		if !strings.HasPrefix(line, "#") {
			n++
		}
	}
	if err != nil || n != sent {
		t.Errorf("%d packets of %d arrived: %v\n%s", n, sent, err, out.String())
	}
}

// sendClip sends a recording and returns its number of packets.
func sendClip(t *testing.T, c *Client) int {
	t.Helper()
	r := flv.NewReader(bytes.NewReader(videotest.Clip()), 0)
	var decoder flv.Decoder
	sent := 0
	for {
		tag, err := r.Next()
		if errors.Is(err, io.EOF) {
			return sent
		}
		if err != nil {
			t.Fatal(err)
		}
		var ok bool
		var p video.Packet
		switch tag.Type {
		case flv.TagVideo:
			p, ok, err = decoder.Video(tag.Timestamp, tag.Body)
		case flv.TagAudio:
			p, ok, err = decoder.Audio(tag.Timestamp, tag.Body)
		}
		if err == nil && ok {
			sent++
			err = c.WritePacket(p)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
