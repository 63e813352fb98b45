package restream

import (
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/rtmp"
)

const (
	// noPicture is after how much sound without a picture a connection that
	// waits for a key frame begins with the sound.
	noPicture = 3 * time.Second
	// tracksWait is how much of a broadcast is gathered for the other kind of
	// track to come, so that the server is told of both before the first
	// packet of either.
	tracksWait = 500 * time.Millisecond
)

// gate lets packets through from one on that can be decoded.
type gate struct {
	sound, picture bool          // what is let through
	video          time.Duration // when the last picture came
	seen           bool          // video is set: the session has a picture
}

func (g *gate) close() { g.sound, g.picture = false, false }

// look notes a packet that passes by.
func (g *gate) look(p *video.Packet) {
	if p.Track.Kind == video.Video {
		g.video, g.seen = p.DTS, true
	}
}

// passes tells whether p is let through.
func (g *gate) passes(p *video.Packet) bool {
	g.look(p)
	if p.Track.Kind == video.Video {
		g.picture = g.picture || p.Key
		g.sound = g.sound || g.picture
		return g.picture
	}
	g.sound = g.sound || !g.seen || p.DTS-g.video > noPicture
	return g.sound
}

// feed is what one connection is sent, on a clock that starts at 0.
type feed struct {
	client *rtmp.Client
	sent   func(*video.Packet, error)

	held  []video.Packet // the beginning, as long as it is gathered
	begun bool
	base  time.Duration
	told  video.Metadata
}

// write sends a packet. The error is why the connection has ended.
func (f *feed) write(p video.Packet) error {
	if f.begun {
		return f.send(p)
	}
	f.held = append(f.held, p)
	first := f.held[0]
	if p.Track.Kind == first.Track.Kind && p.DTS-first.DTS < tracksWait {
		return nil
	}
	return f.flush()
}

// flush sends what was gathered.
func (f *feed) flush() error {
	if len(f.held) == 0 {
		return nil
	}
	held := f.held
	f.held, f.begun = nil, true
	f.base = held[0].DTS
	held[0].Discontinuity = false // to the server this is the beginning
	for _, p := range []video.Packet{held[0], held[len(held)-1]} {
		f.describe(p.Track)
	}
	if err := f.client.WriteMetadata(f.told); err != nil {
		return err
	}
	for _, p := range []video.Packet{held[0], held[len(held)-1]} {
		// What cannot be sent is told by its first packet.
		_ = f.client.WriteTrack(p.Track, 0)
	}
	for _, p := range held {
		if err := f.send(p); err != nil {
			return err
		}
	}
	return nil
}

// describe notes what t is like, and tells whether it was otherwise before.
func (f *feed) describe(t *video.Track) bool {
	was := f.told
	f.told.Encoder = "owncast"
	if t.Kind == video.Video {
		f.told.Width, f.told.Height, f.told.FrameRate = t.Width, t.Height, t.FrameRate
	}
	return f.told != was
}

func (f *feed) send(p video.Packet) error {
	if f.describe(p.Track) {
		if err := f.client.WriteMetadata(f.told); err != nil {
			return err
		}
	}
	p.DTS = max(p.DTS-f.base, 0) // sound may be a little before its picture
	err := f.client.WritePacket(p)
	f.sent(&p, err)
	if err != nil {
		return f.client.Err() // nil if it is the packet that cannot be sent
	}
	return nil
}
