package chat

import (
	"encoding/binary"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of what waits for a client, beyond what the kernel holds.
const (
	MaxQueued      = 256       // documents
	maxQueuedBytes = 512 << 10 // of them
	socketBuffer   = 64 << 10  // that is asked of the kernel
	writeTime      = 10 * time.Second
)

// Numbers of RFC 6455, sections 5.2 and 7.4.1.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9

	statusGoingAway       = 1001
	statusPolicyViolation = 1008
)

// frame is a frame as it goes over the wire. It is never changed.
type frame struct {
	b    []byte
	docs int
}

// newFrame makes the frame of a message with documents.
func newFrame(docs ...[]byte) *frame {
	n := len(docs) - 1
	for _, d := range docs {
		n += len(d)
	}
	b := header(make([]byte, 0, 10+n), opText, n)
	for i, d := range docs {
		if i > 0 {
			b = append(b, '\n')
		}
		b = append(b, d...)
	}
	return &frame{b: b, docs: len(docs)}
}

// header appends the header of a frame with n bytes of content.
func header(b []byte, op byte, n int) []byte {
	b = append(b, 0x80|op)
	switch {
	case n < 126:
		return append(b, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
}

// conn is the connection of a client: it is what the WebSocket library has for
// one, and lets others write whole frames between those of the library. No
// method waits for the client but Read.
type conn struct {
	net.Conn
	raw   *rawConn // nil where a write cannot be kept from waiting
	first []byte   // that came with the request
	slow  func()   // is told when the client is cut off for not reading

	writers *sync.WaitGroup
	over    atomic.Bool // it was cut

	mu      sync.Mutex // guards the rest
	queue   []*frame   // that wait
	offset  int        // of the first one, written already
	docs    int        // in queue
	bytes   int        // in queue
	busy    bool       // a goroutine writes the queue
	leaving bool       // the last frame was sent
}

// newConn takes over a connection.
func newConn(nc net.Conn, first []byte, writers *sync.WaitGroup) *conn {
	c := &conn{Conn: nc, first: first, writers: writers, raw: newRawConn(nc)}
	if b, ok := nc.(interface{ SetWriteBuffer(int) error }); ok {
		_ = b.SetWriteBuffer(socketBuffer) // a kernel that will not has its own limit
	}
	return c
}

// Read reads what came with the request first.
func (c *conn) Read(p []byte) (int, error) {
	if len(c.first) > 0 {
		n := copy(p, c.first)
		if c.first = c.first[n:]; len(c.first) == 0 {
			c.first = nil
		}
		return n, nil
	}
	return c.Conn.Read(p)
}

// Write writes a frame of the library, which writes each at once.
func (c *conn) Write(p []byte) (int, error) {
	if !c.send(&frame{b: append([]byte(nil), p...)}) {
		return 0, net.ErrClosed
	}
	return len(p), nil
}

// send writes f, or as much of it as goes at once, and queues the rest. It
// reports false if the connection is over, which it is for a client that is
// too slow.
func (c *conn) send(f *frame) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leaving || c.over.Load() {
		return false
	}
	return c.put(f)
}

// put is send for who holds mu.
func (c *conn) put(f *frame) bool {
	done := 0
	if !c.busy && c.raw != nil {
		n, err := c.raw.write(f.b)
		if err != nil {
			c.cut()
			return false
		}
		if n == len(f.b) {
			return true
		}
		done = n
	}
	if c.docs+f.docs > MaxQueued || c.bytes+len(f.b) > maxQueuedBytes {
		if !c.over.Load() && c.slow != nil {
			c.slow()
		}
		c.cut()
		return false
	}
	c.queue = append(c.queue, f)
	c.docs += f.docs
	c.bytes += len(f.b)
	if !c.busy {
		c.busy, c.offset = true, done
		c.writers.Go(c.drain) // ends when the queue is empty or a write has failed
	}
	return true
}

// drain writes what is queued.
func (c *conn) drain() {
	for {
		f, offset := c.next()
		if f == nil {
			return
		}
		_ = c.SetWriteDeadline(time.Now().Add(writeTime)) // it fails with the write
		if _, err := c.Conn.Write(f.b[offset:]); err != nil {
			if !c.over.Load() && c.slow != nil {
				c.slow()
			}
			c.cut()
			return
		}
	}
}

// next takes the first frame of the queue; nil if there is none, and nobody
// drains any more then.
func (c *conn) next() (f *frame, offset int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 {
		c.queue, c.busy = nil, false
		_ = c.SetWriteDeadline(time.Time{})
		return nil, 0
	}
	f, offset = c.queue[0], c.offset
	c.queue[0] = nil
	c.queue, c.offset = c.queue[1:], 0
	c.docs -= f.docs
	c.bytes -= len(f.b)
	return f, offset
}

// leave sends a close frame, after which nothing is sent, and gives the client
// some time to answer it.
func (c *conn) leave(status uint16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leaving || c.over.Load() {
		return
	}
	c.put(&frame{b: binary.BigEndian.AppendUint16(header(nil, opClose, 2), status)})
	c.leaving = true
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
}

// renew gives the client another while to be heard of.
func (c *conn) renew() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.leaving {
		_ = c.SetReadDeadline(time.Now().Add(silence))
	}
}

// end is cut for who reads, after whom nobody will have started to write.
func (c *conn) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut()
}

// cut ends the connection at once.
func (c *conn) cut() {
	if !c.over.Swap(true) {
		_ = c.Close()
	}
}
