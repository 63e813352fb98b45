package recording

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// hours is the index of a recording in segments of two seconds.
func hours(n int) (x index) {
	x.headers = []header{{Name: "one-i1.mp4", Size: 1000, Codecs: []string{"avc1.64001f", "mp4a.40.2"}, Width: 1920, Height: 1080}}
	x.frameRate, x.target = 30, 2
	for i := range n * 1800 {
		x.records = append(x.records, record{
			Name: fmt.Sprintf("abcdefghijklmnop-%d.m4s", i), Start: dawn.Add(time.Duration(i) * 2 * time.Second),
			Duration: 2 * time.Second, Size: 1_500_000, Independent: true,
		})
	}
	return x
}

func TestWhatARecordingCostsInMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	x := hours(8)
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (after.HeapAlloc - before.HeapAlloc) / uint64(len(x.records))
	list, err := x.media(false)
	if err != nil {
		t.Fatal(err)
	}
	d := document{text: list}
	t.Logf("%d bytes of memory a segment; the playlist of %d segments has %d bytes, %d in gzip", each, len(x.records), len(list), len(d.gzip()))
	if each > 250 {
		t.Errorf("a segment of the live recording costs %d bytes", each)
	}
}

func BenchmarkMediaPlaylistOfFourHours(b *testing.B) {
	x := hours(4)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := x.media(false); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSegment is what a segment of a recording of four hours costs: it
// is taken in, and noted in the index.
func BenchmarkSegment(b *testing.B) {
	store := newShelf()
	l, err := New(Config{Storage: store})
	if err != nil {
		b.Fatal(err)
	}
	x := hours(4)
	b.ReportAllocs()
	for b.Loop() {
		var r Recording
		x.measure(&r)
		if err := l.writePages(b.Context(), "one", x, len(x.records)-1); err != nil {
			b.Fatal(err)
		}
	}
}
