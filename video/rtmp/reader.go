package rtmp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

const (
	smallBuffer = 4 << 10  // of peers who may turn out to be anybody
	largeBuffer = 64 << 10 // of publishers
)

// errInterrupted is what reads return after interrupt.
var errInterrupted = errors.New("rtmp: interrupted")

// reader is a buffered reader of a connection that watches its deadlines and
// counts its bytes. Only interrupt may be called from another goroutine.
type reader struct {
	conn net.Conn
	buf  []byte
	r, w int // buf[r:w] is unread

	total  uint64 // bytes read from conn
	budget uint64 // the most total may become; 0: no bound

	idle        time.Duration // for the next bytes; 0: the deadline is fixed
	extendAfter time.Time     // when the deadline has to be moved on

	interrupted atomic.Bool
}

func newReader(conn net.Conn) *reader {
	return &reader{conn: conn, buf: make([]byte, smallBuffer)}
}

// expireAt sets the time by which everything must have been read.
func (r *reader) expireAt(t time.Time) error {
	r.idle = 0
	return r.setDeadline(t)
}

// expireAfter lets every read wait for d.
func (r *reader) expireAfter(d time.Duration) {
	r.idle, r.extendAfter = d, time.Time{}
}

// grow enlarges the buffer.
func (r *reader) grow(size int) {
	if size <= len(r.buf) {
		return
	}
	buf := make([]byte, size)
	r.w = copy(buf, r.buf[r.r:r.w])
	r.buf, r.r = buf, 0
}

// interrupt makes the read that is going on, and all that follow, fail.
func (r *reader) interrupt() {
	r.interrupted.Store(true)
	_ = r.conn.SetReadDeadline(time.Unix(1, 0)) // on a closed connection reads fail anyway
}

func (r *reader) setDeadline(t time.Time) error {
	if err := r.conn.SetReadDeadline(t); err != nil {
		return fmt.Errorf("%w: %w", ErrConnectionLost, err)
	}
	// interrupt stores before it sets its deadline: whichever of the two
	// deadlines comes last, one of the sides sees the other.
	if r.interrupted.Load() {
		return errInterrupted
	}
	return nil
}

// readConn reads once from the connection.
func (r *reader) readConn(p []byte) (int, error) {
	if r.budget != 0 {
		if r.total >= r.budget {
			return 0, fmt.Errorf("%w: %d bytes before publishing", ErrLimit, r.total)
		}
		p = p[:min(uint64(len(p)), r.budget-r.total)]
	}
	if r.idle != 0 {
		// Moving a deadline costs more than reading the clock, so it is done
		// when a tenth of it has passed.
		if now := time.Now(); now.After(r.extendAfter) {
			if err := r.setDeadline(now.Add(r.idle)); err != nil {
				return 0, err
			}
			r.extendAfter = now.Add(r.idle / 10)
		}
	}
	n, err := r.conn.Read(p)
	r.total += uint64(n)
	if n > 0 || err == nil {
		return n, nil
	}
	return 0, r.explain(err)
}

func (r *reader) explain(err error) error {
	switch {
	case r.interrupted.Load():
		return errInterrupted
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %w", ErrConnectionLost, io.ErrUnexpectedEOF)
	default:
		return fmt.Errorf("%w: %w", ErrConnectionLost, err)
	}
}

// peek returns the next n bytes without consuming them. n must fit the
// buffer.
func (r *reader) peek(n int) ([]byte, error) {
	for empty := 0; r.w-r.r < n; {
		if r.r > 0 {
			r.w = copy(r.buf, r.buf[r.r:r.w])
			r.r = 0
		}
		k, err := r.readConn(r.buf[r.w:])
		if err != nil {
			return nil, err
		}
		r.w += k
		if k == 0 {
			if empty++; empty > 100 {
				return nil, io.ErrNoProgress
			}
		}
	}
	return r.buf[r.r : r.r+n], nil
}

// discard consumes n bytes that were peeked at.
func (r *reader) discard(n int) { r.r += n }

// next consumes n bytes, which are valid until the next read.
func (r *reader) next(n int) ([]byte, error) {
	p, err := r.peek(n)
	r.r += len(p)
	return p, err
}

// readFull fills p.
func (r *reader) readFull(p []byte) error {
	for {
		n := copy(p, r.buf[r.r:r.w])
		r.r += n
		if p = p[n:]; len(p) == 0 {
			return nil
		}
		// What is longer than the buffer goes straight to its place.
		if len(p) < len(r.buf) {
			if _, err := r.peek(1); err != nil {
				return err
			}
			continue
		}
		n, err := r.readConn(p)
		if err != nil {
			return err
		}
		p = p[n:]
	}
}

// watch returns a context that ends with parent and when the peer goes away,
// for the time in which nobody reads. stop must be called before the next
// read.
func (r *reader) watch(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	if r.r > 0 {
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r = 0
	}
	if r.w == len(r.buf) {
		return ctx, cancel
	}
	done := make(chan struct{})
	go func() { // ended by stop
		defer close(done)
		n, err := r.conn.Read(r.buf[r.w:])
		r.w += n
		r.total += uint64(n)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			cancel()
		}
	}()
	return ctx, func() {
		_ = r.conn.SetReadDeadline(time.Unix(1, 0))
		<-done
		cancel()
	}
}
