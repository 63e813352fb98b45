package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

const (
	// previewTime is how long a preview is, and previewSpan what is needed
	// for it: pictures are sent in another order than they are shown in.
	previewTime = time.Second
	previewSpan = 1200 * time.Millisecond
	// maxRecent bounds the packets that are kept, in bytes.
	maxRecent = 16 << 20
	// maxPicture bounds what ffmpeg may answer, in bytes.
	maxPicture = 8 << 20
	// pictureTime bounds how long it may take for one.
	pictureTime = 15 * time.Second
)

// recent keeps the pictures since a key frame that is a preview ago. The zero
// value is ready.
type recent struct {
	packets []video.Packet
	bytes   int
	lost    bool // until the next key frame
}

func (r *recent) add(p video.Packet) {
	if p.Track.Kind != video.Video {
		return
	}
	n := len(r.packets)
	if n > 0 && (p.Discontinuity || !p.Track.Equal(r.packets[0].Track) || p.DTS < r.packets[n-1].DTS) {
		r.reset()
	}
	if p.Key {
		r.trim(p.DTS)
	}
	switch {
	case p.Key && r.bytes+len(p.Data) > maxRecent:
		r.reset()
	case r.bytes+len(p.Data) > maxRecent:
		r.lost = true
	}
	if p.Key {
		r.lost = false
	}
	if r.lost || len(r.packets) == 0 && !p.Key {
		return
	}
	r.packets = append(r.packets, p)
	r.bytes += len(p.Data)
}

// trim drops what is before the last key frame that is a preview before now.
func (r *recent) trim(now time.Duration) {
	for i, p := range slices.Backward(r.packets) {
		if !p.Key || now-p.DTS < previewSpan {
			continue
		}
		for _, old := range r.packets[:i] {
			r.bytes -= len(old.Data)
		}
		r.packets = slices.Delete(r.packets, 0, i)
		return
	}
}

func (r *recent) reset() { *r = recent{packets: slices.Delete(r.packets, 0, len(r.packets))} }

// span is how much there is.
func (r *recent) span() time.Duration {
	if len(r.packets) == 0 {
		return 0
	}
	return r.packets[len(r.packets)-1].DTS - r.packets[0].DTS
}

func (r *recent) snapshot() []video.Packet { return slices.Clone(r.packets) }

// pictures makes a picture of the last key frame and a preview that begins
// with the first.
func (p *program) pictures(ctx context.Context, packets []video.Packet) (jpeg, gif []byte, err error) {
	if err := p.reads(ctx, packets[0].Track.Codec); err != nil {
		return nil, nil, err
	}
	last := len(packets) - 1
	for !packets[last].Key { // the first one is
		last--
	}
	end := packets[0].DTS + previewTime + previewSpan
	long := slices.IndexFunc(packets, func(q video.Packet) bool { return q.DTS > end })
	if long < 0 {
		long = len(packets)
	}
	if jpeg, err = p.picture(ctx, jpegArgs(), packets[last:last+1]); err != nil {
		return nil, nil, err
	}
	if gif, err = p.picture(ctx, gifArgs(), packets[:long]); err != nil {
		return nil, nil, err
	}
	if !bytes.HasPrefix(jpeg, []byte("\xff\xd8\xff")) || !bytes.HasPrefix(gif, []byte("GIF89a")) {
		return nil, nil, errors.New("ffmpeg: what it made is no picture")
	}
	return jpeg, gif, nil
}

// picture runs ffmpeg on packets, which begin with a key frame.
func (p *program) picture(ctx context.Context, args []string, packets []video.Packet) ([]byte, error) {
	var in bytes.Buffer
	w := flv.NewWriter(&in, video.Video)
	base := packets[0].DTS - headStart
	for _, q := range packets {
		q.DTS -= base
		if err := w.WritePacket(q); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, pictureTime)
	defer cancel()
	return p.once(ctx, job{args: args, in: &in, limit: maxPicture, low: true})
}

func jpegArgs() []string {
	args := append(quiet(), "-threads", "1")
	args = append(args, inputArgs()...)
	return append(
		args, "-map", "0:v:0", "-frames:v", "1", "-filter:v", "scale=w='min(1280,iw)':h=-2",
		"-threads", "1", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "4", "-f", "image2pipe", "pipe:1",
	)
}

func gifArgs() []string {
	args := append(quiet(), "-filter_complex_threads", "1", "-threads", "1", "-t", "1")
	args = append(args, inputArgs()...)
	return append(
		args, "-filter_complex",
		"[0:v:0]setpts=PTS-STARTPTS,fps=8,scale=w='min(480,iw)':h=-2:flags=lanczos,split[a][b];[a]palettegen[p];[b][p]paletteuse",
		"-threads", "1", "-f", "gif", "pipe:1",
	)
}
