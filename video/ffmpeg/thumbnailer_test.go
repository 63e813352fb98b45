package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"image/gif"
	"image/jpeg"
	"io"
	"io/fs"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/local"
	"github.com/owncast-go/owncast/video"
)

// feed is a source of what a test sends.
type feed struct {
	items chan any // video.Packet or error
}

func newFeed() *feed { return &feed{items: make(chan any)} }

func (f *feed) Read(ctx context.Context) (video.Packet, error) {
	select {
	case <-ctx.Done():
		return video.Packet{}, ctx.Err()
	case item := <-f.items:
		if err, ok := item.(error); ok {
			return video.Packet{}, err
		}
		return item.(video.Packet), nil
	}
}

func (f *feed) send(t *testing.T, items ...any) {
	t.Helper()
	for _, item := range items {
		select {
		case f.items <- item:
		case <-t.Context().Done():
			return
		case <-time.After(20 * time.Second):
			t.Fatal("nobody reads")
		}
	}
}

func (f *feed) packets(t *testing.T, all []video.Packet) {
	t.Helper()
	for _, p := range all {
		f.send(t, p)
	}
}

// until sends packets over and over, each time ten seconds later, until there
// is a picture that will do: one may come while others are being made.
func (f *feed) until(t *testing.T, th *Thumbnailer, all []video.Packet, ok func([]byte) bool) {
	t.Helper()
	later := slices.Clone(all)
	until(t, "a picture", func() bool {
		f.packets(t, later)
		for i := range later {
			later[i].DTS += 10 * time.Second
		}
		b, _ := th.JPEG()
		return ok(b)
	})
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("%s: not in 20 seconds", what)
}

func runThumbnailer(t *testing.T, c ThumbnailConfig, src video.PacketReader) (*Thumbnailer, func() error) {
	t.Helper()
	needProgram(t)
	th, err := NewThumbnailer(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- th.Run(ctx, src) }()
	stop := sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	return th, stop
}

func stored(t *testing.T, s storage.Storage, key string) []byte {
	t.Helper()
	r, _, err := s.Open(t.Context(), key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPicturesOfWhatIsLive(t *testing.T) {
	files := local.New(t.TempDir())
	src := newFeed()
	th, stop := runThumbnailer(t, ThumbnailConfig{Storage: files, Interval: 200 * time.Millisecond}, src)
	if b, at := th.JPEG(); b != nil || !at.IsZero() {
		t.Error("there is a picture before there is a broadcast")
	}
	wide := packets(t, makeFLV(t, "-f", "lavfi", "-i", "testsrc2=s=1600x900:r=30", "-t", "3", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "30"), time.Hour)
	src.packets(t, wide[:60])
	until(t, "pictures", func() bool { return th.Status().Made > 0 })

	picture, at := th.JPEG()
	img, err := jpeg.DecodeConfig(bytes.NewReader(picture))
	if err != nil || img.Width != 1280 || img.Height != 720 {
		t.Errorf("a picture of %dx%d, %v, want 1280x720", img.Width, img.Height, err)
	}
	if time.Since(at) > time.Minute {
		t.Errorf("made at %v", at)
	}
	preview, _ := th.GIF()
	film, err := gif.DecodeAll(bytes.NewReader(preview))
	if err != nil || len(film.Image) != 8 || film.Config.Width != 480 || film.Config.Height != 270 {
		t.Fatalf("a preview of %d pictures of %dx%d, %v, want 8 of 480x270", len(film.Image), film.Config.Width, film.Config.Height, err)
	}
	if !bytes.Equal(stored(t, files, thumbnailKey), picture) || !bytes.Equal(stored(t, files, previewKey), preview) {
		t.Error("the storage has others")
	}

	src.send(t, video.ErrInterrupted)
	src.until(t, th, wide[60:], func(b []byte) bool { return b != nil && !bytes.Equal(b, picture) })
	src.send(t, io.EOF)
	until(t, "the end", func() bool { b, _ := th.JPEG(); return b == nil && stored(t, files, previewKey) == nil })
	if b, at := th.GIF(); b != nil || !at.IsZero() || stored(t, files, thumbnailKey) != nil {
		t.Error("a picture is left of a broadcast that has ended")
	}

	narrow := clip(t, 2*time.Second, 0) // than a picture may be
	src.until(t, th, narrow, func(b []byte) bool { return b != nil })
	if img, err := jpeg.DecodeConfig(bytes.NewReader(first(th.JPEG()))); err != nil || img.Width != 640 {
		t.Errorf("a picture %d wide, %v, want 640", img.Width, err)
	}
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("Run = %v, want %v", err, context.Canceled)
	}
	if stored(t, files, thumbnailKey) != nil {
		t.Error("a picture is left in the storage")
	}
}

func first(b []byte, _ time.Time) []byte { return b }

func TestPicturesThatCannotBeMade(t *testing.T) {
	src := newFeed()
	th, stop := runThumbnailer(t, ThumbnailConfig{Interval: time.Millisecond}, src)
	bad := clip(t, 3*time.Second, 0)
	for i := range bad {
		bad[i].Data = []byte{0, 0, 0, 1, 0x1f}
	}
	src.until(t, th, bad, func([]byte) bool { return th.Status().Failed > 0 })
	if s := th.Status(); s.Err == nil || s.Made > 0 {
		t.Errorf("status = %+v", s)
	}
	if err := th.Run(t.Context(), src); err == nil {
		t.Error("it runs twice")
	}
	src.until(t, th, clip(t, 3*time.Second, 10*time.Second), func(b []byte) bool { return b != nil })
	src.send(t, video.ErrServerClosed)
	if err := stop(); !errors.Is(err, video.ErrServerClosed) {
		t.Errorf("Run = %v, want %v", err, video.ErrServerClosed)
	}
}

func TestRecentPacketsAreBounded(t *testing.T) {
	track := &video.Track{Kind: video.Video, Codec: video.H264, Config: []byte{1}}
	packet := func(ms int, key bool, size int) video.Packet {
		return video.Packet{Track: track, DTS: time.Duration(ms) * time.Millisecond, Key: key, Data: make([]byte, size)}
	}
	begin := func(r *recent) int { return int(r.packets[0].DTS.Milliseconds()) }

	t.Run("short distances of key frames", func(t *testing.T) {
		var r recent
		for ms := 0; ms <= 10_000; ms += 100 {
			r.add(packet(ms, ms%500 == 0, 10))
		}
		if begin(&r) != 8500 || len(r.packets) != 16 || r.bytes != 160 {
			t.Errorf("%d packets of %d bytes from %d ms", len(r.packets), r.bytes, begin(&r))
		}
	})
	t.Run("long distances", func(t *testing.T) {
		var r recent
		for ms := 0; ms <= 25_000; ms += 100 {
			r.add(packet(ms, ms%10_000 == 0, 10))
		}
		if begin(&r) != 10_000 {
			t.Errorf("from %d ms, want 10000", begin(&r))
		}
	})
	t.Run("too much", func(t *testing.T) {
		var r recent
		for ms := 0; ms < 5000; ms += 100 {
			r.add(packet(ms, ms == 0, 1<<20))
		}
		if len(r.packets) != 16 || r.bytes != maxRecent {
			t.Errorf("%d packets of %d bytes", len(r.packets), r.bytes)
		}
		r.add(packet(5000, true, 1<<20))
		if len(r.packets) != 1 || begin(&r) != 5000 || r.bytes != 1<<20 {
			t.Errorf("%d packets of %d bytes after a key frame", len(r.packets), r.bytes)
		}
	})
	t.Run("breaks", func(t *testing.T) {
		other := packet(300, true, 10)
		other.Track = &video.Track{Kind: video.Video, Codec: video.H264, Config: []byte{2}}
		broken := packet(300, true, 10)
		broken.Discontinuity = true
		for _, p := range []video.Packet{other, broken, packet(50, true, 10)} {
			var r recent
			r.add(packet(0, false, 10))
			r.add(packet(100, true, 10))
			r.add(packet(200, false, 10))
			r.add(p)
			if len(r.packets) != 1 || r.bytes != 10 {
				t.Errorf("%d packets of %d bytes after %v", len(r.packets), r.bytes, p)
			}
		}
	})
}
