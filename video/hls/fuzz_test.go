package hls

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"

	"github.com/owncast-go/owncast/video"
)

// FuzzServe asks for anything. Whatever it is, the answer is a good one, or
// an error of the viewer's that a program can read; the 503 is that of a
// wait, which the request's context cuts short here.
func FuzzServe(f *testing.F) {
	live := newSite(f, Config{Storage: newShelf(), DVR: time.Hour})
	ended := newSite(f, Config{})
	for _, s := range []*site{live, ended} {
		for at := time.Second; at <= 31500*time.Millisecond; at += 500 * time.Millisecond {
			s.until(at)
			for st := live.p.Stats(); s == live && st.SegmentsStored < 2*int64(at/time.Second)-4; st = live.p.Stats() {
				time.Sleep(time.Millisecond)
			}
		}
	}
	ended.p.End()
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	f.Fuzz(func(t *testing.T, path, query, ranges, known, encoding string, running bool) {
		s := ended
		if running {
			s = live
		}
		r := (&http.Request{
			Method: http.MethodGet, URL: &url.URL{Path: path, RawQuery: query},
			Header: http.Header{"Range": {ranges}, "If-None-Match": {known}, "Accept-Encoding": {encoding}},
		}).WithContext(gone)
		w := httptest.NewRecorder()
		s.p.ServeHTTP(w, r)
		switch {
		case w.Code >= 500 && w.Code != http.StatusServiceUnavailable, w.Code >= 300 && w.Code < 400 && w.Code != http.StatusNotModified:
			t.Errorf("status %d", w.Code)
		case w.Code == http.StatusOK && w.Body.Len() == 0:
			t.Errorf("status %d without a body", w.Code)
		case w.Code >= 400 && w.Code != http.StatusRequestedRangeNotSatisfiable && !json.Valid(w.Body.Bytes()):
			t.Errorf("status %d: %q", w.Code, w.Body)
		}
	})
}

// script plays what a fuzzer makes up as the packets of a Server: DTS grows
// within a kind, and is within two seconds of the newest but after a break.
type script struct {
	*feeder
	pictures, sounds []*video.Track
	picture, sound   *video.Track
	last             [2]time.Duration // of video and audio
	clock            time.Duration
	broken           bool

	encoding [2][]video.Packet // what the renditions have not got yet
	stretch  [2]bool           // of each: the next packet is the first of a Transcoder
}

var steps = [...]time.Duration{1, 7, 16, 21, 33, 40, 90, 200, 333, 500, 1000, 1999, 2000, 0, 0, 0} // milliseconds; 0 is the nominal one

func (s *script) packet(kind int, step, bits byte) {
	track, nominal := s.picture, 33*time.Millisecond
	if kind == 1 {
		track, nominal = s.sound, 21*time.Millisecond
	}
	d := steps[step%16] * time.Millisecond
	if d == 0 {
		d = nominal
	}
	dts := max(s.last[kind]+d, s.clock-2*time.Second)
	if s.clock > 0 && dts > s.clock+2*time.Second {
		dts = s.clock + 2*time.Second
	}
	s.last[kind] = dts
	s.clock = max(s.clock, dts)
	p := video.Packet{
		Track: track, DTS: dts, Key: kind == 1 || bits&1 != 0, Discontinuity: s.broken,
		CTS: time.Duration(int8(step)/16) * 33 * time.Millisecond, Data: make([]byte, int(bits)*int(step>>4)),
	}
	s.broken = false
	s.write(p)
	for i := range s.encoding {
		s.encoding[i] = append(s.encoding[i], p)
	}
}

// encode hands on n packets of rendition i as a Transcoder might make them. It
// starts anew after an error.
func (s *script) encode(i, n int, how byte) {
	for ; n > 0 && len(s.encoding[i]) > 0; n-- {
		p := s.encoding[i][0]
		s.encoding[i] = s.encoding[i][1:]
		if p.Track.Kind == video.Video {
			p.Track = s.pictures[(i+int(how>>6))%len(s.pictures)]
			p.DTS, p.CTS = max(p.DTS+p.CTS, 0), 0
			switch {
			case how&1 != 0 && n%2 == 0 && !p.Key, how&2 != 0 && n%5 == 0:
				continue // fewer pictures, and lost ones
			case how&4 != 0:
				p.Key = n%7 == 0
			case how&8 != 0:
				p.DTS += time.Duration(how) * time.Millisecond
			}
		}
		p.Discontinuity, s.stretch[i] = s.stretch[i], false
		if err := s.p.WriteRendition(s.session(), i, p); err != nil {
			s.p.DropRendition(s.session(), i)
			s.stretch[i] = true
		}
	}
}

// step takes three bytes.
func (s *script) step(op, a, b byte) {
	switch op % 32 {
	default: // a stretch of an even broadcast
		for i := range int(a) + 1 {
			for s.last[1] < s.last[0] && op&1 == 0 {
				s.packet(1, 15, b)
			}
			key := byte(0)
			if i%(int(b)+1) == 0 {
				key = 1
			}
			s.packet(0, 15, b&^1|key)
		}
	case 16, 17:
		s.encode(int(op%32)&1, int(a)+1, b)
	case 18:
		s.encode(int(a)&1, len(s.encoding[0]), b)
		s.p.EndRendition(s.session(), int(a)&1)
		s.stretch[int(a)&1] = true
	case 19:
		s.p.DropRendition(s.session(), int(a)&1)
		s.encoding[int(a)&1], s.stretch[int(a)&1] = nil, true
	case 20, 21, 22, 23:
		s.packet(0, a, b)
	case 24, 25, 26:
		s.packet(1, a, b)
	case 27:
		s.picture = s.pictures[int(a)%len(s.pictures)]
	case 28:
		s.sound = s.sounds[int(a)%len(s.sounds)]
	case 29:
		s.p.Interrupt()
		s.broken = true
		s.feeder.clock = s.feeder.clock.Add(time.Duration(a)*time.Second - time.Minute)
	case 30:
		s.broken = true // without an interruption: a clock that jumped
	case 31:
		s.p.End()
		s.readable()
		s.ladder.Source = video.Listing(int(a) % 3)
		s.begin(int(a) % 5)
		s.encoding, s.stretch = [2][]video.Packet{}, [2]bool{true, true}
		s.last, s.clock, s.broken = [2]time.Duration{}, 0, false
	}
}

// readable checks that another reader understands what is listed.
func (s *script) readable() {
	s.t.Helper()
	shown := s.p.shown.Load()
	if shown == nil {
		return
	}
	for _, r := range shown.all() {
		snap := r.cur.Load()
		if snap == nil {
			continue
		}
		for _, g := range snap.segs {
			b, ok := g.body()
			if !ok {
				s.t.Fatalf("segment %d is not in memory", g.msn)
			}
			file, err := mp4.DecodeFile(bytes.NewReader(append(bytes.Clone(g.init.data), bytes.Join(b, nil)...)))
			if err != nil {
				s.t.Fatalf("segment %d: %v", g.msn, err)
			}
			for _, seg := range file.Segments {
				for _, f := range seg.Fragments {
					for _, trex := range file.Init.Moov.Mvex.Trexs {
						if _, err := f.GetFullSamples(trex); err != nil {
							s.t.Fatalf("segment %d: %v", g.msn, err)
						}
					}
				}
			}
		}
	}
}

func FuzzPackager(f *testing.F) {
	f.Fuzz(func(t *testing.T, ops []byte) {
		if len(ops) > 150 {
			return // more says no more
		}
		s := &script{
			feeder:   newFeeder(t, Config{}, len(ops)%5),
			pictures: []*video.Track{pictureTrack(640), pictureTrack(1280)},
			sounds:   []*video.Track{soundTrack(t, 3), soundTrack(t, 8), newTrack(t, video.AAC, "2b920800")},
		}
		s.picture, s.sound, s.keyless = s.pictures[0], s.sounds[0], true
		s.slack, s.stretch = 10, [2]bool{true, true} // dates are the broadcast's, whatever is lost
		s.beginLadder(len(ops)%5, 2, video.Always)
		for ; len(ops) >= 3; ops = ops[3:] {
			s.step(ops[0], ops[1], ops[2])
		}
		s.p.End()
		s.readable()
	})
}
