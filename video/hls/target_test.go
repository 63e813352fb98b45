package hls

import (
	"strings"
	"testing"
	"time"
)

func TestTheTargetDurationIsThatOfThePlaylist(t *testing.T) {
	s := newSite(t, Config{})
	if d := s.p.TargetDuration(); d != 0 {
		t.Errorf("before the first session: %v", d)
	}
	s.until(5500 * time.Millisecond)
	d := s.p.TargetDuration()
	if l := s.playlist("/0/stream.m3u8"); d != time.Duration(l.target)*time.Second || !strings.Contains(l.text, "TARGETDURATION") {
		t.Errorf("%v, but the playlist has:\n%s", d, l.text)
	}
	s.p.End()
	if s.p.TargetDuration() != d {
		t.Error("it changed with the end")
	}
}
