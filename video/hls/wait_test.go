package hls

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// later asks for the target and returns the answer when it has come.
func (s *site) later(ctx context.Context, target string) <-chan *http.Response {
	answer := make(chan *http.Response, 1)
	go func() { answer <- s.do(ctx, http.MethodGet, target) }()
	return answer
}

func TestABlockingReloadWaitsForExactlyWhatItAsksFor(t *testing.T) {
	// At 5.5 s segment 5 is open and has one part of three.
	for _, tt := range []struct {
		query string
		at    time.Duration // when it is answered; 0 for at once
	}{
		{"_HLS_msn=0", 0},
		{"_HLS_msn=4", 0},
		{"_HLS_msn=4&_HLS_part=2", 0},
		{"_HLS_msn=4&_HLS_part=7", 0}, // that is the first part of segment 5
		{"_HLS_msn=5&_HLS_part=0", 0},
		{"_HLS_msn=5&_HLS_part=1", 5633 * time.Millisecond},
		{"_HLS_msn=5&_HLS_part=2", 5967 * time.Millisecond},
		{"_HLS_msn=5&_HLS_part=3", 6300 * time.Millisecond}, // the first one of segment 6
		{"_HLS_msn=5", 6000 * time.Millisecond},
		{"_HLS_msn=5&_HLS_skip=YES", 6000 * time.Millisecond},
		{"_HLS_msn=6&_HLS_part=0", 6300 * time.Millisecond},
		{"_HLS_msn=6", 7000 * time.Millisecond},
	} {
		t.Run(tt.query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, Config{})
				s.until(5500 * time.Millisecond)
				before := s.written
				answer := s.later(t.Context(), "/0/stream.m3u8?"+tt.query)
				for synctest.Wait(); len(answer) == 0 && len(s.ps) > 0; synctest.Wait() {
					s.until(s.ps[0].DTS + 1)
				}
				if resp := <-answer; resp.StatusCode != http.StatusOK {
					t.Fatalf("status %d", resp.StatusCode)
				}
				want := tt.at
				if want == 0 {
					want = before
				}
				if (s.written - want).Abs() > 40*time.Millisecond {
					t.Errorf("answered at %v, want %v", s.written, want)
				}
			})
		})
	}
}

func TestReloadsThatMakeNoSenseAreRefusedAtOnce(t *testing.T) {
	s := newSite(t, Config{})
	s.until(5500 * time.Millisecond)
	for _, query := range []string{
		"_HLS_part=0", "_HLS_msn=", "_HLS_msn=x", "_HLS_msn=-1", "_HLS_msn=1.5", "_HLS_msn=99999999999999999999",
		"_HLS_msn=5&_HLS_part=", "_HLS_msn=5&_HLS_part=x", "_HLS_msn=5&_HLS_part=-1", "_HLS_msn=5&_HLS_part=4294967296",
		"_HLS_msn=7", "_HLS_msn=1000", "_HLS_msn=7&_HLS_part=0", "_HLS_msn=5&_HLS_part=11", "_HLS_msn=6&_HLS_part=9",
	} {
		refused(t, s.get("/0/stream.m3u8?"+query), http.StatusBadRequest)
	}
}

func TestAnEndedPlaylistAnswersEveryReloadAtOnce(t *testing.T) {
	s := newSite(t, Config{})
	s.until(5500 * time.Millisecond)
	s.p.End()
	for _, query := range []string{"_HLS_msn=5", "_HLS_msn=6&_HLS_part=0", "_HLS_msn=1000", "_HLS_msn=5&_HLS_part=100"} {
		if l := s.playlist("/0/stream.m3u8?" + query); !l.ended {
			t.Errorf("%s: not the end", query)
		}
	}
	refused(t, s.get("/0/stream.m3u8?_HLS_msn=x"), http.StatusBadRequest)
	refused(t, s.get(fmt.Sprintf("/0/s1-p%d.m4s", s.p.shown.Load().main.r.nextPart)), http.StatusNotFound)
}

func TestTheEndWakesWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, Config{})
		s.until(5500 * time.Millisecond)
		list := s.later(t.Context(), "/0/stream.m3u8?_HLS_msn=6")
		hint := s.later(t.Context(), "/0/"+s.playlist("/0/stream.m3u8").hint)
		synctest.Wait()
		start := time.Now()
		s.p.End()
		if resp := <-list; resp.StatusCode != http.StatusOK || !bytes.Contains(readAll(t, resp), []byte("#EXT-X-ENDLIST")) {
			t.Errorf("the playlist: %d", resp.StatusCode)
		}
		if resp := <-hint; resp.StatusCode != http.StatusOK { // what had gathered is the last part
			t.Errorf("the part that was hinted at: %d", resp.StatusCode)
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("woken after %v", d)
		}
	})
}

func TestWaitingEndsAfterThreeTargetDurations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, Config{})
		s.until(5500 * time.Millisecond)
		for _, target := range []string{"/0/stream.m3u8?_HLS_msn=6", "/0/" + s.playlist("/0/stream.m3u8").hint} {
			start := time.Now()
			resp := s.get(target)
			if d := time.Since(start); d != 3*time.Second {
				t.Errorf("%s: answered after %v", target, d)
			}
			if resp.Header.Get("Retry-After") == "" {
				t.Errorf("%s: no Retry-After", target)
			}
			refused(t, resp, http.StatusServiceUnavailable)
		}
	})
}

func TestAHintIsThePartThatComesNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, Config{})
		s.until(4 * time.Second)
		for range 20 {
			before := s.playlist("/0/stream.m3u8")
			answer := s.later(t.Context(), "/0/"+before.hint)
			synctest.Wait()
			if len(answer) > 0 {
				t.Fatal("answered before there was anything")
			}
			for len(answer) == 0 {
				s.until(s.ps[0].DTS + 1)
				synctest.Wait()
			}
			resp := <-answer
			body := readAll(t, resp)
			names := s.playlist("/0/stream.m3u8").names()
			if last := names[len(names)-1]; last != before.hint {
				t.Fatalf("%s was hinted at, %s has come", before.hint, last)
			}
			if !bytes.Equal(body, readAll(t, s.get("/0/"+before.hint))) {
				t.Fatalf("%s: another part than the one that has come", before.hint)
			}
		}
		after := s.p.shown.Load().main.r.nextPart + 1
		refused(t, s.get(fmt.Sprintf("/0/s1-p%d.m4s", after)), http.StatusNotFound)
	})
}

func TestAViewerThatGoesWhileItWaitsLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, Config{})
		s.until(5500 * time.Millisecond)
		ctx, cancel := context.WithCancel(t.Context())
		answers := []<-chan *http.Response{
			s.later(ctx, "/0/stream.m3u8?_HLS_msn=6"),
			s.later(ctx, "/0/"+s.playlist("/0/stream.m3u8").hint),
		}
		synctest.Wait()
		start := time.Now()
		cancel()
		for _, a := range answers {
			<-a
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("the handler returned %v after the viewer had gone", d)
		}
	})
}

func TestAThousandViewersAreWokenByOnePart(t *testing.T) {
	s := newSite(t, Config{})
	s.until(5500 * time.Millisecond)
	answers := make([]<-chan *http.Response, 1000)
	for i := range answers {
		answers[i] = s.later(t.Context(), "/0/stream.m3u8?_HLS_msn=5&_HLS_part=1")
	}
	s.until(5700 * time.Millisecond)
	var first []byte
	for _, a := range answers {
		body := readAll(t, <-a)
		if first == nil {
			first = body
		}
		if !bytes.Equal(body, first) {
			t.Fatal("viewers got different playlists")
		}
	}
}
