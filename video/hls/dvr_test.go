package hls

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"path"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/video"
)

// ledgerStore is a Storage that remembers what it has, but not the bytes.
type ledgerStore struct {
	mu  sync.Mutex
	has []bool // by number
	n   int
}

func (*ledgerStore) number(key string) int {
	_, s, _ := strings.Cut(strings.TrimSuffix(path.Base(key), ".m4s"), "-")
	n, _ := strconv.Atoi(s)
	return n
}

func (s *ledgerStore) set(key string, has bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.number(key)
	for len(s.has) <= n {
		s.has = append(s.has, false)
	}
	s.has[n] = has
	s.n++
}

func (s *ledgerStore) Put(_ context.Context, key string, r io.Reader, _ storage.PutOptions) error {
	_, err := io.Copy(io.Discard, r)
	s.set(key, true)
	return err
}

func (s *ledgerStore) Open(_ context.Context, key string) (io.ReadCloser, storage.Info, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.number(key); n >= len(s.has) || !s.has[n] {
		return nil, storage.Info{}, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader([]byte(key))), storage.Info{Size: int64(len(key))}, nil
}

func (s *ledgerStore) Delete(_ context.Context, key string) error { s.set(key, false); return nil }

func (s *ledgerStore) List(context.Context, string) iter.Seq2[storage.Info, error] {
	return func(func(storage.Info, error) bool) {}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestAWindowOfHoursCostsAFewBytesASegment(t *testing.T) {
	if testing.Short() {
		t.Skip("nine hours of broadcast take some seconds")
	}
	const window = 4 * time.Hour
	store := &ledgerStore{has: make([]bool, 0, 20000)}
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := New(Config{Storage: store, DVR: window})
	p.now = func() time.Time { return clock }
	if err := p.Begin(video.Session{ID: "s1", Latency: video.LatencyLevel(1)}); err != nil {
		t.Fatal(err)
	}
	s := &site{feeder: &feeder{t: t, p: p}}
	track := pictureTrack(640)
	before, stored := heap(), int64(0)
	var at time.Duration
	until := func(end time.Duration) {
		for ; at < end; at += 500 * time.Millisecond {
			if err := p.WritePacket(video.Packet{Track: track, DTS: at, Key: at%(2*time.Second) == 0, Data: make([]byte, 500)}); err != nil {
				t.Fatal(err)
			}
			if n := int64(at / (2 * time.Second)); n > stored {
				stored = n
				for end := time.Now().Add(10 * time.Second); p.Stats().SegmentsStored < n && time.Now().Before(end); {
					runtime.Gosched()
				}
			}
		}
	}
	for _, tt := range []struct {
		at     time.Duration
		listed int
	}{{window, 7199}, {2 * window, 7200}, {9 * time.Hour, 7200}} {
		until(tt.at)
		main := p.shown.Load().main.r
		segs, kept := len(main.cur.Load().segs), len(main.cur.Load().kept)
		if segs < tt.listed-2 || segs > tt.listed+2 || kept > segs+2 {
			t.Errorf("after %v %d segments are listed and %d kept, want %d", tt.at, segs, kept, tt.listed)
		}
		each := (heap() - before) / int64(segs+kept)
		full := readAll(t, s.get("/0/stream.m3u8"))
		zipped := readAll(t, s.get("/0/stream.m3u8", "Accept-Encoding", "gzip"))
		delta := readAll(t, s.get("/0/stream.m3u8?_HLS_skip=YES"))
		t.Logf("%v: %d listed, %d kept, %d bytes of memory each; playlist %d bytes, %d in gzip, delta %d",
			tt.at, segs, kept, each, len(full), len(zipped), len(delta))
		if tt.at >= window && each > 400 {
			t.Errorf("a segment costs %d bytes", each)
		}
		if len(delta) > 8000 || len(zipped) > len(full)/6 {
			t.Errorf("a delta update of %d bytes, %d of %d bytes in gzip", len(delta), len(zipped), len(full))
		}
		for i, g := range s.playlist("/0/stream.m3u8").segs {
			if resp := s.do(t.Context(), http.MethodHead, "/0/"+g.uri); resp.StatusCode != http.StatusOK {
				t.Fatalf("after %v %s, listed as number %d, is not there: %d", tt.at, g.uri, i, resp.StatusCode)
			}
		}
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}
