package video

import (
	"context"
	"testing"
	"time"
)

// nullPackager takes everything.
type nullPackager struct{}

func (nullPackager) Begin(s Session) error    { s.Playable(); return nil }
func (nullPackager) WritePacket(Packet) error { return nil }
func (nullPackager) Interrupt()               {}
func (nullPackager) End()                     {}

func newBenchPublication(tb testing.TB) (*Server, Publication) {
	tb.Helper()
	s, err := NewServer(Config{
		State:    &State{},
		Packager: nullPackager{},
		Auth:     PublishAuthorizerFunc(func(context.Context, PublishRequest) error { return nil }),
	})
	if err != nil {
		tb.Fatal(err)
	}
	p, err := s.Publish(context.Background(), PublishRequest{})
	if err != nil {
		tb.Fatal(err)
	}
	return s, p
}

// clip is a broadcast of 30 pictures and 47 audio frames a second.
type clip struct {
	v, a  time.Duration
	n     int
	vdata []byte
	adata []byte
}

func newClip() *clip { return &clip{vdata: make([]byte, 25_000), adata: make([]byte, 400)} }

func (c *clip) next() Packet {
	if c.a < c.v {
		c.a += 21333 * time.Microsecond
		return Packet{Track: testAudio, DTS: c.a, Key: true, Data: c.adata}
	}
	c.v += 33333 * time.Microsecond
	c.n++
	return Packet{Track: testVideo, DTS: c.v, CTS: 66 * ms, Key: c.n%60 == 1, Data: c.vdata}
}

func BenchmarkWritePacket(b *testing.B) {
	s, p := newBenchPublication(b)
	c := newClip()
	b.ReportAllocs()
	for b.Loop() {
		if err := p.WritePacket(c.next()); err != nil {
			b.Fatal(err)
		}
	}
	p.Close(nil)
	s.Disconnect()
}

func BenchmarkTimeline(b *testing.B) {
	var line timeline
	var counts timelineCounts
	c := newClip()
	b.ReportAllocs()
	for b.Loop() {
		pkt := c.next()
		line.place(&pkt, &counts)
	}
}

func BenchmarkIngestReport(b *testing.B) {
	var m meter
	broadcast{fps: 30, gop: 2 * time.Second, videoSize: 1000, audio: true}.play(&m, 0, 10*time.Second)
	now := time.Unix(1_700_000_010, 0)
	b.ReportAllocs()
	for b.Loop() {
		m.report(now, &timelineCounts{})
	}
}

func TestWritePacketAllocatesNothingBetweenReports(t *testing.T) {
	s, p := newBenchPublication(t)
	c := newClip()
	for range 300 {
		if err := p.WritePacket(c.next()); err != nil {
			t.Fatal(err)
		}
	}
	report := s.cfg.State.Status().Ingest
	for s.cfg.State.Status().Ingest == report {
		_ = p.WritePacket(c.next())
	}
	// The least of several short runs: a report is due only in one of two.
	least := 1000.0
	for range 4 {
		least = min(least, testing.AllocsPerRun(30, func() { _ = p.WritePacket(c.next()) }))
	}
	if least != 0 {
		t.Errorf("%v allocations per packet", least)
	}
	p.Close(nil)
	s.Disconnect()
}
