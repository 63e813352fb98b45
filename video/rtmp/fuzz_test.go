package rtmp

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

var (
	fuzzHandshake = append([]byte{protocolVersion}, make([]byte, 2*handshakeSize)...)
	fuzzPublish   = rawPublish("live", testKey)
)

// fuzzSeeds are inputs after the handshake: what crashed, hung or confused
// somebody once, and what is usual.
func fuzzSeeds() [][]byte {
	var seeds [][]byte
	for _, c := range protocolCases() {
		if len(c.send) < 16<<10 {
			seeds = append(seeds, bytes.Join([][]byte{fuzzPublish, rawVideo(0, avcHeader), rawAudio(0, aacHeader), c.send}, nil))
		}
	}
	for _, name := range []string{"connect", "createStream", "deleteStream", "play", "releaseStream", "FCPublish", "FCUnpublish", "getStreamLength", "ping", "closeStream", "publish", "_result", "_error", "foo"} {
		seeds = append(seeds,
			append(fuzzPublish[:len(fuzzPublish):len(fuzzPublish)], rawCommand(1, name, 3, flv.Object{{Name: "a", Value: 1.0}}, 1, true)...),
			rawMessage(rawChunks{csid: 3, size: 128}, message{typ: typeCommand, body: flv.AppendAMF0(nil, name, 3, nil, "k", 1)}))
	}
	huge := func(body ...byte) []byte {
		return rawMessage(rawChunks{csid: 3, size: 128}, message{typ: typeCommand, body: append(flv.AppendAMF0(nil, "connect", 1), body...)})
	}
	return append(seeds,
		nil,
		fuzzPublish,
		huge(3, 0, 1, 'x', 10, 0x7f, 0xff, 0xff, 0xff),
		huge(8, 0xff, 0xff, 0xff, 0xff, 0, 1, 'a', 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9),
		huge(bytes.Repeat([]byte{3, 0, 1, 'x'}, 200)...),
		huge(12, 0xff, 0xff, 0xff, 0xff),
		bytes.Repeat(rawCommand(0, "createStream", 2, nil), 70),
	)
}

// fuzzListener counts what the guard tells, and keeps the media of the last
// message.
type fuzzListener struct {
	pings, acks, refusals, ends int
	heard                       []message
}

func (l *fuzzListener) ping(uint32) error          { l.pings++; return nil }
func (l *fuzzListener) acknowledge(uint32) error   { l.acks++; return nil }
func (l *fuzzListener) refusePublish(uint32) error { l.refusals++; return nil }
func (l *fuzzListener) metadata([]byte)            {}
func (l *fuzzListener) media(m message) error      { l.heard = append(l.heard, m); return nil }
func (l *fuzzListener) unpublish()                 { l.ends++ }
func (l *fuzzListener) interrupted()               {}
func (l *fuzzListener) writeFailed(error)          {}

// FuzzGuard feeds the guard alone and checks that all that comes out is what
// it is meant to say to go-rtmp.
func FuzzGuard(f *testing.F) {
	for _, seed := range fuzzSeeds() {
		f.Add(seed)
	}
	limits, err := Limits{MaxMedia: 1 << 20, MaxBuffered: 2 << 20}.withDefaults()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var heard fuzzListener
		in := append(fuzzHandshake[:len(fuzzHandshake):len(fuzzHandshake)], data...)
		g := newGuard(&fakeConn{in: in, piece: 1 + len(data)%5000}, limits, &heard)
		if g.open(time.Now().Add(time.Hour)) != nil {
			return
		}
		hello := make([]byte, 1+2*handshakeSize)
		if n, err := g.Read(hello); n != len(hello) || err != nil || hello[0] != protocolVersion {
			t.Fatalf("handshake: %d bytes, %v", n, err)
		}
		for {
			p := make([]byte, 128)
			n, err := g.Read(p)
			if g.chunks.buffered > limits.MaxBuffered || g.chunks.buffered < 0 || len(g.chunks.streams) > limits.MaxChunkStreams {
				t.Fatalf("%d bytes buffered in %d chunk streams", g.chunks.buffered, len(g.chunks.streams))
			}
			if err != nil {
				break
			}
			name := checkStandIn(t, p[:n])
			if g.published && name == "publish" {
				t.Fatal("publish after the publisher was accepted")
			}
			if name == "publish" {
				g.accept()
			}
		}
		if heard.ends > 1 || !g.published && heard.ends+heard.refusals+len(heard.heard) > 0 {
			t.Fatalf("told of %+v", heard)
		}
	})
}

// checkStandIn checks one chunk for go-rtmp and returns its command's name.
func checkStandIn(t *testing.T, p []byte) string {
	t.Helper()
	if len(p) < 13 || p[0] != commandChunks || p[7] != typeCommand {
		t.Fatalf("chunk %x", p)
	}
	body := p[12:]
	if int(uint24(p[4:])) != len(body) || uint24(p[1:]) != 0 {
		t.Fatalf("chunk %x of %d bytes", p, len(body))
	}
	c, err := parseCommand(body)
	if err != nil {
		t.Fatal(err)
	}
	switch c.name {
	case "connect", "createStream", "publish", "play":
	default:
		t.Fatalf("command %q", c.name)
	}
	return c.name
}

// FuzzConn feeds a whole connection, with go-rtmp behind the guard, and
// checks that it ends for a reason of ours and that every publication is
// closed once.
func FuzzConn(f *testing.F) {
	for _, seed := range fuzzSeeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p := newPublisher()
		p.decide = func(_ context.Context, req video.PublishRequest) error {
			if req.StreamKey == "" {
				return video.ErrStreamKey
			}
			return nil
		}
		s, err := NewServer(Config{Publisher: p, Limits: Limits{WrongKeyDelay: 1}})
		if err != nil {
			t.Fatal(err)
		}
		in := append(fuzzHandshake[:len(fuzzHandshake):len(fuzzHandshake)], data...)
		err = s.ServeConn(&fakeConn{in: in, piece: 1 + len(data)%5000})
		if errors.Is(err, errGaveUp) || errors.Is(err, errHandlerPanic) {
			t.Fatal(err)
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		for {
			select {
			case b := <-p.publications:
				_ = b.reason(t)
				for _, k := range b.received() {
					if k.Track == nil || len(k.Data) == 0 {
						t.Fatalf("packet %+v", k)
					}
				}
				continue
			default:
			}
			break
		}
	})
}
