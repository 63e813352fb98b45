package ffmpeg

import (
	"fmt"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
)

// BenchmarkTranscode makes renditions of 20 seconds of 1280x720 as fast as it
// can. own-ms and ffmpeg-ms are the processor time, of system and user, that
// this process and ffmpeg's take for them.
func BenchmarkTranscode(b *testing.B) {
	file := makeFLV(b, "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30", "-f", "lavfi", "-i", "sine=f=440:r=48000", "-t", "20",
		"-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "60", "-b:v", "3M", "-c:a", "aac")
	src := packets(b, file, 0)
	tr := newTranscoder(b, Config{})
	all := []video.Rendition{
		{Height: 480, VideoBitrate: 1_200_000, AudioBitrate: 128_000},
		{Height: 360, VideoBitrate: 800_000, AudioBitrate: 96_000},
		{Height: 240, VideoBitrate: 400_000, AudioBitrate: 64_000},
	}
	for n := 1; n <= len(all); n++ {
		b.Run(fmt.Sprintf("%d renditions", n), func(b *testing.B) {
			b.ReportAllocs()
			own, theirs := cpuTimes()
			for b.Loop() {
				if err := tr.Transcode(b.Context(), &source{packets: src}, all[:n], discard{}); err != nil {
					b.Fatal(err)
				}
			}
			ownEnd, theirsEnd := cpuTimes()
			ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N) }
			b.ReportMetric(ms(ownEnd-own), "own-ms/op")
			b.ReportMetric(ms(theirsEnd-theirs), "ffmpeg-ms/op")
		})
	}
}

type discard struct{}

func (discard) WriteRendition(int, video.Packet) error { return nil }

// BenchmarkDelay reports how long it takes from the first packet in to the
// first one out, and how far what comes out is behind what went in, at a
// publisher's pace.
func BenchmarkDelay(b *testing.B) {
	tr := newTranscoder(b, Config{})
	ladder := []video.Rendition{{Height: 180, VideoBitrate: 400_000, AudioBitrate: 64_000}}
	for name, src := range map[string][]video.Packet{
		"without B-frames": clip(b, 4*time.Second, 0),
		"with B-frames":    packets(b, obs(b, "4"), 0),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				for kind, d := range measureDelay(b, tr, src, ladder) {
					b.ReportMetric(float64(d.first.Milliseconds()), kind.String()+"-first-ms")
					b.ReportMetric(float64(d.steady.Milliseconds()), kind.String()+"-steady-ms")
				}
			}
		})
	}
}

// delay is what a viewer waits for, of packets that are decoded in the order
// they are shown.
type delay struct{ first, steady time.Duration }

func measureDelay(b *testing.B, tr *Transcoder, src []video.Packet, ladder []video.Rendition) map[video.Kind]delay {
	type key struct {
		kind video.Kind
		pts  time.Duration
	}
	in := map[key]time.Time{} // when a packet of that time was there
	delays := map[video.Kind]delay{}
	var sink collector // its lock is for in, too
	paced := &source{packets: src, pace: true}
	start := time.Now()
	paced.taken = func(p video.Packet) {
		sink.mu.Lock()
		defer sink.mu.Unlock()
		in[key{p.Track.Kind, p.DTS + p.CTS}] = time.Now()
	}
	lags := map[video.Kind][]time.Duration{}
	sink.onPacket = func(_ int, p video.Packet) error {
		d := delays[p.Track.Kind]
		if d.first == 0 {
			d.first = time.Since(start)
		}
		delays[p.Track.Kind] = d
		if at, ok := in[key{p.Track.Kind, p.DTS + p.CTS}]; ok && p.DTS > 2*time.Second {
			lags[p.Track.Kind] = append(lags[p.Track.Kind], time.Since(at))
		}
		return nil
	}
	if err := tr.Transcode(b.Context(), paced, ladder, &sink); err != nil {
		b.Fatal(err)
	}
	for kind, l := range lags {
		d := delays[kind]
		l = middle(l)
		d.steady = l[len(l)/2]
		delays[kind] = d
	}
	return delays
}
