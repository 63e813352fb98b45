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
// stream key, unless the server says it.
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
		return answer.statusError()
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

// WritePacket sends a packet, and its track's configuration before it if the
// server does not know it. It blocks as WriteTag does. A packet that cannot
// be sent by RTMP, such as one of an unknown codec, is an error after which
// the Client goes on.
func (c *Client) WritePacket(p video.Packet) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	typ, known := flv.TagVideo, &c.video
	if p.Track.Kind == video.Audio {
		typ, known = flv.TagAudio, &c.audio
	}
	body, err := flv.AppendPacket(c.scratch[:0], p)
	if err != nil {
		return err
	}
	c.scratch = body
	if !p.Track.Equal(*known) {
		header, err := flv.AppendSequenceHeader(nil, p.Track)
		if err != nil {
			return err
		}
		if len(header) > 0 {
			if err := c.writeTag(typ, p.DTS, header); err != nil {
				return err
			}
		}
		*known = p.Track
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
	err := c.conn.SetWriteDeadline(time.Now().Add(c.timeout))
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

// Close tells the server that the broadcast is over and closes the
// connection. It waits up to half a second for the server to take note. It
// returns nil, or why the Client was of no use before. Closing again returns
// the same.
func (c *Client) Close() error {
	c.closing.Do(c.close)
	<-c.listening
	if err := c.Err(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func (c *Client) close() {
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
