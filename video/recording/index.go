package recording

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"time"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/video"
)

// pageSize is how many segments are in one object of the index. The last one
// is written again with each segment, the others never.
const pageSize = 128

// maxDocument bounds what is read of metadata and of the index.
const maxDocument = 4 << 20

// errFormat is for documents that no Library has written.
var errFormat = errors.New("recording: not as it was written")

// record is a segment of a recording.
type record struct {
	Name          string        `json:"name"`
	Start         time.Time     `json:"start"`
	Duration      time.Duration `json:"duration"` // nanoseconds
	Lost          time.Duration `json:"lost,omitempty"`
	Size          int64         `json:"size"`
	Header        int           `json:"header"` // in the headers
	Discontinuity bool          `json:"discontinuity,omitempty"`
	Independent   bool          `json:"independent"`
}

// header is the initialization section of segments, without its bytes.
type header struct {
	Name   string   `json:"name"`
	Size   int64    `json:"size"`
	Codecs []string `json:"codecs"`
	Width  int      `json:"width,omitempty"`
	Height int      `json:"height,omitempty"`
}

// index is all that playlists are made of.
type index struct {
	headers   []header
	records   []record
	frameRate float64
	target    int // seconds
}

// page is a part of an index, as it is stored.
type page struct {
	Headers   []header `json:"headers"` // all until here
	Records   []record `json:"segments"`
	FrameRate float64  `json:"frameRate,omitempty"`
	Target    int      `json:"target"`
}

func pageKey(id string, n int) string { return root(id) + "index-" + strconv.Itoa(n) + ".json" }

func newHeader(h *video.SegmentHeader) header {
	out := header{Name: h.Name, Size: int64(len(h.Data))}
	for _, t := range h.Tracks {
		out.Codecs = append(out.Codecs, t.CodecString)
		if t.Kind == video.Video {
			out.Width, out.Height = t.Width, t.Height
		}
	}
	return out
}

// measure sets what a Recording tells of its segments.
func (x index) measure(r *Recording) {
	r.Duration, r.Lost, r.Bytes, r.Discontinuity, r.Segments = 0, 0, 0, 0, len(x.records)
	for _, h := range x.headers {
		r.Bytes += h.Size
	}
	for i, s := range x.records {
		if i == 0 {
			r.StartedAt = s.Start
		} else if s.Discontinuity {
			r.Discontinuity++
		}
		r.Duration += s.Duration
		r.Lost += s.Lost
		r.Bytes += s.Size
	}
}

// writePages stores the index from the n-th record on.
func (l *Library) writePages(ctx context.Context, id string, x index, n int) error {
	for n /= pageSize; n*pageSize < len(x.records); n++ {
		p := page{Headers: x.headers, FrameRate: x.frameRate, Target: x.target}
		p.Records = x.records[n*pageSize : min((n+1)*pageSize, len(x.records))]
		if err := l.writeJSON(ctx, pageKey(id, n), p); err != nil {
			return err
		}
	}
	return nil
}

// readIndex returns what was noted of a recording.
func (l *Library) readIndex(ctx context.Context, id string) (x index, err error) {
	for n := 0; ; n++ {
		var p page
		err := l.readJSON(ctx, pageKey(id, n), &p)
		if errors.Is(err, fs.ErrNotExist) {
			return x, nil
		}
		if err != nil {
			return x, err
		}
		for _, s := range p.Records {
			if s.Header < 0 || s.Header >= len(p.Headers) || s.Duration <= 0 || !validFile(s.Name) || !validFile(p.Headers[s.Header].Name) {
				return x, fmt.Errorf("%w: %q", errFormat, pageKey(id, n))
			}
		}
		x.headers, x.frameRate, x.target = p.Headers, p.FrameRate, p.Target
		x.records = append(x.records, p.Records...)
	}
}

func (l *Library) writeJSON(ctx context.Context, key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return l.put(ctx, key, b)
}

func (l *Library) readJSON(ctx context.Context, key string, v any) error {
	b, err := l.read(ctx, key)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %q: %w", errFormat, key, err)
	}
	return nil
}

// put stores what may change later, which is everything but media.
func (l *Library) put(ctx context.Context, key string, b []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return l.cfg.Storage.Put(ctx, key, bytes.NewReader(b), storage.PutOptions{})
}

func (l *Library) read(ctx context.Context, key string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	rc, _, err := l.cfg.Storage.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer rc.Close() //nolint:errcheck // only read from
	b, err := io.ReadAll(io.LimitReader(rc, maxDocument+1))
	if err == nil && len(b) > maxDocument {
		err = fmt.Errorf("%w: %q is too large", errFormat, key)
	}
	return b, err
}
