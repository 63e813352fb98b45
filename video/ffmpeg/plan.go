package ffmpeg

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/owncast-go/owncast/video"
)

// output is one stream that a process writes, and for whom.
type output struct {
	renditions []int // of the ladder
	args       []string
}

// videoOutputs are one for each rendition whose video is encoded.
func (t *Transcoder) videoOutputs(e Encoder, ladder []video.Rendition, src *video.Track, rate float64) []output {
	var outputs []output
	for i, r := range ladder {
		if r.VideoBitrate == 0 {
			continue
		}
		args := t.videoArgs(e, r, src, rate)
		outputs = append(outputs, output{renditions: []int{i}, args: args})
	}
	return outputs
}

func (t *Transcoder) videoArgs(e Encoder, r video.Rendition, src *video.Track, rate float64) []string {
	w, h := size(r, src)
	var filters []string
	if lower := float64(r.FrameRate); lower > 0 && rate > lower*rateSlack {
		filters = append(filters, thin(r.FrameRate))
		rate = lower
	}
	filters = append(filters, e.filters(w, h, w != src.Width || h != src.Height)...)
	args := []string{"-map", "0:v:0"}
	if len(filters) > 0 {
		args = append(args, "-filter:v", strings.Join(filters, ","))
	}
	if f := e.pixelFormat(); f != "" {
		args = append(args, "-pix_fmt", f)
	}
	args = append(args, e.encoderArgs(r.VideoBitrate, r.CPULevel, t.cfg.Threads, t.cfg.Device)...)
	// The rate is for the encoder's budget. It neither drops nor repeats
	// pictures as long as there is a finer time base.
	args = append(
		args, "-r", strconv.FormatFloat(math.Round(rate*1000)/1000, 'f', -1, 64),
		"-enc_time_base", "1:1000", "-force_key_frames", "source",
	)
	return append(args, t.cfg.ExtraArgs[e]...)
}

// rateSlack is by how much a broadcast may exceed a frame rate without that
// pictures are left out, since rates are measured and rounded.
const rateSlack = 1.02

// thin leaves out pictures so that at most rate of them a second are left.
// Key frames stay and all keep their time, which "-r" alone would not do. The
// quarter keeps the rounding of times to milliseconds away from the edges.
func thin(rate int) string {
	slot := func(t string) string { return fmt.Sprintf("floor(%s*%d+0.25)", t, rate) }
	return "select='key+isnan(prev_selected_t)+gt(" + slot("t") + "," + slot("prev_selected_t") + ")'"
}

// size is that of a rendition's pictures: even, and not larger than the
// source. A rendition that is too large in one direction is reduced in both.
func size(r video.Rendition, src *video.Track) (w, h int) {
	sw, sh := float64(src.Width), float64(src.Height)
	fw, fh := float64(r.Width), float64(r.Height)
	switch {
	case fw == 0 && fh == 0:
		fw, fh = sw, sh
	case fw == 0:
		fw = sw * fh / sh
	case fh == 0:
		fh = sh * fw / sw
	}
	shrink := min(1, sw/fw, sh/fh)
	even := func(v, limit float64) int {
		n := 2 * int(math.Round(v*shrink/2))
		return max(2, min(n, int(limit)/2*2))
	}
	return even(fw, sw), even(fh, sh)
}

// audioOutputs are one for each bitrate, however many renditions have it.
func audioOutputs(ladder []video.Rendition, src *video.Track) []output {
	var outputs []output
	index := map[int]int{}
	for i, r := range ladder {
		if r.AudioBitrate == 0 {
			continue
		}
		if n, ok := index[r.AudioBitrate]; ok {
			outputs[n].renditions = append(outputs[n].renditions, i)
			continue
		}
		index[r.AudioBitrate] = len(outputs)
		args := []string{"-map", "0:a:0", "-c:a", "aac", "-b:a", strconv.Itoa(r.AudioBitrate)}
		if src.Channels > 2 {
			args = append(args, "-ac", "2")
		}
		outputs = append(outputs, output{renditions: []int{i}, args: args})
	}
	return outputs
}

// inputArgs make ffmpeg begin with the first packet: there is one stream, and
// its configuration comes first. Times stay the source's.
func inputArgs() []string {
	return []string{
		"-copyts", "-probesize", "32", "-analyzeduration", "0",
		"-protocol_whitelist", "pipe", "-f", "flv", "-i", "pipe:0",
	}
}

func quiet() []string {
	return []string{"-hide_banner", "-loglevel", "level+warning", "-nostdin", "-nostats"}
}

// argv is the command line of a process that reads FLV and writes outputs.
func (t *Transcoder) argv(e Encoder, kind video.Kind, outputs []output, names []string) []string {
	args := quiet()
	if kind == video.Video {
		args = append(args, "-filter_threads", strconv.Itoa(t.cfg.Threads))
		args = append(args, e.deviceArgs(t.cfg.Device)...)
		// Each further thread that decodes holds one picture back.
		args = append(args, "-threads", strconv.Itoa(min(t.cfg.Threads, 2)))
	}
	args = append(args, inputArgs()...)
	for i, o := range outputs {
		args = append(args, o.args...)
		args = append(
			args, "-map_metadata", "-1", "-flush_packets", "1",
			"-flvflags", "no_duration_filesize", "-f", "flv", names[i],
		)
	}
	return args
}

// measureRate tells the frame rate of packets in decoding order, by the
// median of their distances, or 30 if there are too few.
func measureRate(packets []video.Packet) float64 {
	var steps []time.Duration
	for i := 1; i < len(packets); i++ {
		if d := packets[i].DTS - packets[i-1].DTS; d > 0 {
			steps = append(steps, d)
		}
	}
	if len(steps) == 0 {
		return 30
	}
	var sum time.Duration
	steps = middle(steps)
	for _, d := range steps {
		sum += d
	}
	return min(max(float64(len(steps))*float64(time.Second)/float64(sum), 1), 240)
}

// middle is steps without the shortest and the longest quarter of them.
func middle(steps []time.Duration) []time.Duration {
	slices.Sort(steps)
	cut := len(steps) / 4
	return steps[cut : len(steps)-cut]
}
