package hls

import (
	"fmt"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
)

// Players that change the rendition go by the reports, without loading its
// playlist first (RFC 8216bis §4.4.5.4).
func TestReportsTellWhereEveryOtherRenditionIs(t *testing.T) {
	p, e := benchPackager(t, 0)
	err := p.Begin(video.Session{ID: "reports", Latency: video.LatencyLevel(0), Ladder: video.Ladder{Renditions: make([]video.Rendition, 2)}})
	if err != nil {
		t.Fatal(err)
	}
	tracks := []*video.Track{pictureTrack(1280), pictureTrack(640)}
	// The first look is at the end of a segment, the second one in its midst.
	seen := map[string]bool{}
	for _, until := range []time.Duration{10 * time.Second, 11400 * time.Millisecond, 13 * time.Second} {
		for time.Duration(e.pictures)*time.Second/30 < until {
			q := e.next()
			if err := p.WritePacket(q); err != nil {
				t.Fatal(err)
			}
			for i, track := range tracks {
				r := q
				if r.Track.Kind == video.Video {
					r.Track = track
				}
				if err := p.WriteRendition("reports", i, r); err != nil {
					t.Fatal(err)
				}
			}
		}
		// Each playlist is rendered when it is first asked for, which is now.
		all := p.stream.all()
		lists := map[string]*list{}
		for _, r := range all {
			l, err := parseList(string(r.cur.Load().playlist(false).text))
			if err != nil {
				t.Fatal(err)
			}
			lists[r.name] = l
		}
		if len(lists) != 4 {
			t.Fatalf("at %v: %d renditions, want the broadcast, two of the ladder, and the sound", until, len(lists))
		}
		for name, l := range lists {
			if len(l.reports) != len(lists)-1 {
				t.Errorf("at %v: %s reports of %q", until, name, l.reports)
			}
			for other, o := range lists {
				uri, want := "../"+other+"/stream.m3u8", o.newest()
				switch got, reported := l.last[uri]; {
				case reported != (other != name):
					t.Errorf("at %v: %s reports of %q", until, name, l.reports)
				case reported && got != want:
					t.Errorf("at %v: %s reports that %s is at %s, it is at %s", until, name, other, got, want)
				}
				seen[want] = true
			}
		}
	}
	if len(seen) < 4 {
		t.Errorf("the renditions were at %v alone", seen)
	}
}

// newest is the last part of a playlist, as a report names it.
func (l *list) newest() string {
	if n := len(l.open.parts); n > 0 {
		return fmt.Sprintf("%d.%d", l.msn+uint64(len(l.segs)), n-1)
	}
	return fmt.Sprintf("%d.%d", l.msn+uint64(len(l.segs))-1, len(l.segs[len(l.segs)-1].parts)-1)
}

// A player may begin with an independent part, so one without a key frame must
// not be called that. Of sound every part is.
func TestOnlyPartsWithAKeyFrameAreIndependent(t *testing.T) {
	p, e := benchPackager(t, 1) // segments of two seconds, as key frames are apart
	e.feed(t, p, 11*time.Second)
	for _, r := range p.stream.all() {
		l, err := parseList(string(r.cur.Load().playlist(false).text))
		if err != nil {
			t.Fatal(err)
		}
		parts := 0
		for _, g := range append(l.segs, l.open) {
			for i, part := range g.parts {
				parts++
				if want := i == 0 || r.name == audioRendition; part.independent != want {
					t.Errorf("rendition %s, segment %d, part %d: independent is %v", r.name, g.msn, i, part.independent)
				}
			}
		}
		if parts < 12 {
			t.Errorf("rendition %s: %d parts", r.name, parts)
		}
	}
}
