package hls

import (
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/owncast-go/owncast/video"
)

// TestWhatNobodyCanAskForLeavesTheMemory looks for the bytes of segments that
// are neither listed, nor kept, nor open.
func TestWhatNobodyCanAskForLeavesTheMemory(t *testing.T) {
	p := New(Config{})
	if err := p.Begin(video.Session{ID: "long", Latency: video.LatencyLevel(1)}); err != nil {
		t.Fatal(err)
	}
	seen := map[weak.Pointer[memory]]bool{}
	p.published = func(s *snapshot) {
		for _, part := range s.open {
			seen[weak.Make(part.memory)] = true
		}
	}
	newEndless(t).feed(t, p, 90*time.Second)
	needed := map[weak.Pointer[memory]]bool{}
	for _, r := range p.shown.Load().all() {
		s := r.cur.Load()
		parts := [][]*part{s.open}
		for _, g := range append(s.kept[:len(s.kept):len(s.kept)], s.segs...) {
			parts = append(parts, *g.parts.Load())
		}
		for _, list := range parts {
			for _, part := range list {
				needed[weak.Make(part.memory)] = true
			}
		}
	}
	runtime.GC()
	held := 0
	for at := range seen {
		if at.Value() != nil && !needed[at] {
			held++
		}
	}
	if held > 0 || len(seen) < 2*len(needed) {
		t.Errorf("%d pieces are in memory that nobody can ask for, beside %d; there were %d", held, len(needed), len(seen))
	}
	p.End()
}
