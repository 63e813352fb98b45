package rtmp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

const (
	clientChunkSize = 65536
	controlChunks   = 2
)

// Client publishes to a server. Make one with [Dial], and Close it. All its
// methods may be called from several goroutines.
type Client struct {
	conn    net.Conn
	in      *reader
	chunks  *chunkReader
	timeout time.Duration
	target  target

	listening chan struct{} // closed when the goroutine that reads has ended
	closing   sync.Once

	limit   sync.Mutex // guards hurried, and moving the deadline of writes
	hurried bool       // by Close

	mu      sync.Mutex // guards what follows, and writing
	out     chunkWriter
	buf     []byte
	stream  uint32
	video   *video.Track // that the server knows
	audio   *video.Track
	closed  bool
	err     error // why the connection is of no use any more
	done    chan struct{}
	scratch []byte
}

// Dial connects to an RTMP or RTMPS server and starts to publish there. It
// returns when the server has agreed. The last part of the URL's path is the
// stream key, unless the configuration has one. ctx bounds Dial, not the
// Client.
//
// The error is a [*StatusError] if the server refused. No error holds the
// stream key.
func Dial(ctx context.Context, rawURL string, config ClientConfig) (*Client, error) {
	t, err := parseTarget(rawURL, config.StreamKey)
	if err != nil {
		return nil, err
	}
	if config.Timeout <= 0 {
		config.Timeout = 10 * time.Second
	}
	if config.Encoder == "" {
		config.Encoder = "owncast"
	}
	ctx, cancel := context.WithTimeout(ctx, config.Timeout)
	defer cancel()
	conn, err := config.dial(ctx, t)
	if err != nil {
		return nil, err
	}
	limits, _ := Limits{MaxMedia: 64 << 10}.withDefaults()
	in := newReader(conn)
	c := &Client{
		conn:      conn,
		in:        in,
		chunks:    newChunkReader(in, limits),
		timeout:   config.Timeout,
		target:    t,
		listening: make(chan struct{}),
		done:      make(chan struct{}),
	}
	if err := c.open(ctx, config.Encoder); err != nil {
		_ = conn.Close()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("rtmp: dial: %w", context.Cause(ctx))
		}
		return nil, err
	}
	go c.listen() // ended by Close
	return c, nil
}

// open comes to an agreement with the server.
func (c *Client) open(ctx context.Context, encoder string) error {
	deadline, _ := ctx.Deadline()
	if err := c.conn.SetWriteDeadline(deadline); err != nil {
		return fmt.Errorf("%w: %w", ErrConnectionLost, err)
	}
	stop := context.AfterFunc(ctx, c.in.interrupt)
	defer stop()
	if err := offerHandshake(c.in, c.conn); err != nil {
		return err
	}
	if err := c.negotiate(encoder); err != nil {
		return err
	}
	if !stop() {
		return errInterrupted
	}
	return nil
}

// listen reads what the server says until it hangs up.
func (c *Client) listen() {
	defer close(c.listening)
	for {
		m, err := c.chunks.next()
		if err == nil {
			err = c.hear(m)
		}
		if err != nil {
			c.fail(err)
			return
		}
	}
}

// hear deals with a message while publishing. The error is why that has
// ended.
func (c *Client) hear(m message) error {
	answer, ok, err := c.understand(m)
	if err != nil || !ok {
		return err
	}
	if answer.name == "onStatus" && answer.status("level") == "error" {
		return c.refusal(answer)
	}
	return nil
}

// fail ends the connection because of err.
func (c *Client) fail(err error) {
	_ = c.conn.Close() // first: who writes holds mu
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failLocked(err)
}

func (c *Client) failLocked(err error) {
	if c.err != nil {
		return
	}
	if c.closed {
		err = net.ErrClosed
	}
	c.err = err
	close(c.done)
}

// Done is closed when the Client is of no use any more: the server hung up or
// stopped taking the broadcast, or Close was called.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns nil before Done is closed, and why it was after that: a
// [*StatusError] if the server said so, [net.ErrClosed] after Close.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// WriteTag sends the body of an FLV tag as it is. ts is sent in milliseconds,
// modulo 2^32. Script data is sent as metadata that is to be kept. WriteTag
// blocks while the server does not read, up to the timeout; after an error
// the Client is of no more use.
func (c *Client) WriteTag(typ flv.TagType, ts time.Duration, body []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writeTag(typ, ts, body)
}

func (c *Client) writeTag(typ flv.TagType, ts time.Duration, body []byte) error {
	m := message{typ: byte(typ), stream: c.stream, time: uint32(ts.Milliseconds()), body: body}
	switch typ {
	case flv.TagVideo:
		return c.write(videoChunks, m)
	case flv.TagAudio:
		return c.write(audioChunks, m)
	case flv.TagScript:
		m.body = append(flv.AppendAMF0(nil, "@setDataFrame"), body...)
		return c.write(audioChunks, m)
	default:
		return fmt.Errorf("rtmp: tag of type %d", typ)
	}
}

// WriteMetadata tells the server about the broadcast.
func (c *Client) WriteMetadata(m video.Metadata) error {
	return c.WriteTag(flv.TagScript, 0, flv.AppendMetadata(nil, m))
}

// WriteTrack tells the server how a track is configured, unless it knows.
// [Client.WritePacket] does that too: it is for telling of all tracks before
// the first packet of any. It blocks as WriteTag does.
func (c *Client) WriteTrack(t *video.Track, ts time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.announce(t, ts)
}

// announce is called with mu held.
func (c *Client) announce(t *video.Track, ts time.Duration) error {
	typ, known := flv.TagVideo, &c.video
	if t.Kind == video.Audio {
		typ, known = flv.TagAudio, &c.audio
	}
	if t.Equal(*known) {
		return nil
	}
	header, err := flv.AppendSequenceHeader(nil, t)
	if err == nil && len(header) > 0 {
		err = c.writeTag(typ, ts, header)
	}
	if err == nil {
		*known = t
	}
	return err
}

// WritePacket sends a packet, and its track's configuration before it if the
// server does not know it. With a packet marked Discontinuity the
// configurations of all tracks are told again. It blocks as WriteTag does. A
// packet that cannot be sent by RTMP, such as one of an unknown codec, is an
// error after which the Client goes on: Err returns nil.
func (c *Client) WritePacket(p video.Packet) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.Discontinuity {
		c.video, c.audio = nil, nil
	}
	body, err := flv.AppendPacket(c.scratch[:0], p)
	if err != nil {
		return err
	}
	c.scratch = body
	if err := c.announce(p.Track, p.DTS); err != nil {
		return err
	}
	typ := flv.TagVideo
	if p.Track.Kind == video.Audio {
		typ = flv.TagAudio
	}
	return c.writeTag(typ, p.DTS, body)
}

// write sends a message. It is called with mu held.
func (c *Client) write(csid byte, m message) error {
	if c.err != nil {
		return c.err
	}
	if c.closed {
		return net.ErrClosed
	}
	if len(m.body) > maxChunkSize {
		return fmt.Errorf("rtmp: message of %d bytes", len(m.body))
	}
	c.buf = c.out.append(c.buf[:0], csid, m)
	err := c.allow(c.timeout, false)
	if err == nil {
		_, err = c.conn.Write(c.buf)
	}
	if err != nil {
		err = c.in.explain(err)
		c.failLocked(err)
		_ = c.conn.Close() // what was written in part cannot be taken up again
	}
	return err
}

// allow lets what is being written, or is written next, take d; after a
// hurried call, no longer than that call said.
func (c *Client) allow(d time.Duration, hurried bool) error {
	c.limit.Lock()
	defer c.limit.Unlock()
	if c.hurried {
		return nil
	}
	c.hurried = hurried
	return c.conn.SetWriteDeadline(time.Now().Add(d))
}

// Close tells the server that the broadcast is over and closes the
// connection. What is being written has half a second to arrive, and the
// server as long again to take note. Close returns nil, or why the Client was
// of no use before. Closing again returns the same.
func (c *Client) Close() error {
	c.closing.Do(c.close)
	<-c.listening
	if err := c.Err(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func (c *Client) close() {
	_ = c.allow(lingerTime, true) // who writes holds mu; on a closed connection it fails anyway
	c.mu.Lock()
	if c.err == nil {
		c.unpublish()
	}
	c.closed = true
	c.mu.Unlock()
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_ = c.conn.SetReadDeadline(time.Now().Add(lingerTime))
		<-c.listening
	}
	c.fail(net.ErrClosed)
}

// pong answers a ping.
func (c *Client) pong(echo uint32) error {
	body := binary.BigEndian.AppendUint16(nil, eventPingResponse)
	body = binary.BigEndian.AppendUint32(body, echo)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(controlChunks, message{typ: typeUserControl, body: body})
}
