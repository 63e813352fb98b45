package rtmp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Chunk streams of what is written.
const (
	commandChunks = 3
	audioChunks   = 4
	videoChunks   = 6
)

// listener hears of what go-rtmp has no part in. It is called from the
// goroutine that reads, but for writeFailed.
type listener interface {
	ping(echo uint32) error         // to be answered
	acknowledge(total uint32) error // to be sent
	refusePublish(stream uint32) error
	metadata(script []byte)
	media(message) error
	unpublish()
	interrupted() // reading was, while the client published
	writeFailed(error)
}

// guard stands between a connection and go-rtmp, which would crash, hang or
// hang up on much of what can come in. It does the handshake, reads chunks
// and messages under the Limits, and lets go-rtmp see a stand-in for each of
// those that it has to act upon: connect, createStream, publish and play
// without what the client wrote into them. What a stand-in stands for is in
// current while go-rtmp's callback runs. Media goes straight to the listener:
// go-rtmp would copy every byte of it twice.
//
// Read is for one goroutine and Write for one other.
type guard struct {
	conn   net.Conn
	in     *reader
	chunks *chunkReader
	limits Limits
	events listener

	out     []byte // what go-rtmp is to read next
	current message
	request command // the publish or connect that current is
	err     error   // the first of Read

	commands   int
	connected  bool // the connect command came
	published  bool // go-rtmp and the Publisher accepted
	ended      bool // and the client has unpublished
	stream     uint32
	ackWindow  uint64 // 0: the client wants none
	ackedBytes uint64

	toSkip  int  // of what go-rtmp writes: its side of the handshake
	unheard bool // writing failed
	scratch [64]byte
}

func newGuard(conn net.Conn, l Limits, events listener) *guard {
	in := newReader(conn)
	chunks := newChunkReader(in, l)
	chunks.maxMedia = min(l.MaxMedia, l.MaxCommand)
	chunks.maxTotal = min(l.MaxBuffered, l.UnpublishedBytes)
	chunks.prealloc = smallBuffer
	return &guard{conn: conn, in: in, chunks: chunks, limits: l, events: events}
}

// open does the handshake and reads as far as the connect command. Clients
// that do not come that far cost no more than the guard.
func (g *guard) open(deadline time.Time) error {
	if err := g.conn.SetWriteDeadline(deadline); err != nil { // TLS writes while it reads
		return fmt.Errorf("%w: %w", ErrConnectionLost, err)
	}
	if err := g.in.expireAt(deadline); err != nil {
		return err
	}
	if err := acceptHandshake(g.in, g.conn); err != nil {
		return err
	}
	g.in.total, g.in.budget = 0, uint64(g.limits.UnpublishedBytes)
	for !g.connected {
		if err := g.step(); err != nil {
			return err
		}
	}
	// go-rtmp is told that its handshake went well, and then of the connect.
	connect := g.out
	g.toSkip = 1 + 2*handshakeSize
	g.out = make([]byte, 1+2*handshakeSize, 1+2*handshakeSize+len(connect))
	g.out[0] = protocolVersion
	g.out = append(g.out, connect...)
	return nil
}

// accept lifts the limits of those who do not publish yet.
func (g *guard) accept() {
	g.published, g.stream = true, g.current.stream
	g.in.budget = 0
	g.in.grow(largeBuffer)
	g.in.expireAfter(g.limits.IdleTimeout)
	g.chunks.maxMedia = g.limits.MaxMedia
	g.chunks.maxTotal = g.limits.MaxBuffered
	g.chunks.prealloc = g.limits.MaxMedia
}

// Read gives go-rtmp the next stand-in.
func (g *guard) Read(p []byte) (int, error) {
	for len(g.out) == 0 {
		if g.err != nil {
			return 0, g.err
		}
		g.err = g.step()
		if g.published && errors.Is(g.err, errInterrupted) {
			g.events.interrupted()
		}
	}
	n := copy(p, g.out)
	g.out = g.out[n:]
	return n, nil
}

// step deals with one message.
func (g *guard) step() error {
	m, err := g.chunks.next()
	if err != nil {
		return err
	}
	if err := g.acknowledge(); err != nil {
		return err
	}
	if len(m.body) == 0 {
		return nil
	}
	return g.handle(m)
}

func (g *guard) acknowledge() error {
	if g.ackWindow == 0 || g.in.total-g.ackedBytes < g.ackWindow {
		return nil
	}
	g.ackedBytes = g.in.total
	return g.events.acknowledge(uint32(g.in.total)) // it wraps, section 5.4.3
}

// media hands on an audio or video message of the stream that is published.
func (g *guard) media(m message) error {
	if !g.published || g.ended || m.stream != g.stream {
		return nil
	}
	return g.events.media(m)
}

// emit lets go-rtmp read a message of m's type and stream with another body.
// All of them are of chunk type 0 and fit a chunk of the default size.
func (g *guard) emit(m message, body []byte) {
	out := append(g.scratch[:0], commandChunks, 0, 0, 0, 0, 0, byte(len(body)), m.typ)
	out = binary.LittleEndian.AppendUint32(out, m.stream)
	g.out = append(out, body...)
}

// Write passes on what go-rtmp says, but for the handshake that was done
// before. It never fails: go-rtmp would wait for seconds for what it could not
// write. The listener hears of it instead.
func (g *guard) Write(p []byte) (int, error) {
	skip := min(g.toSkip, len(p))
	g.toSkip -= skip
	if skip == len(p) || g.unheard {
		return len(p), nil
	}
	err := g.conn.SetWriteDeadline(time.Now().Add(g.limits.WriteTimeout))
	if err == nil {
		_, err = g.conn.Write(p[skip:])
	}
	if err != nil {
		g.unheard = true
		g.events.writeFailed(g.in.explain(err))
	}
	return len(p), nil
}

var _ io.ReadWriter = (*guard)(nil)
