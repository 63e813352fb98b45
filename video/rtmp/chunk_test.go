package rtmp

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// readerOf returns a chunkReader of bytes that come in whatever pieces.
func readerOf(data []byte, piece int) *chunkReader {
	limits, _ := Limits{}.withDefaults()
	return newChunkReader(newReader(&fakeConn{in: data, piece: piece}), limits)
}

// fakeConn gives in, then io.EOF, and takes everything.
type fakeConn struct {
	net.Conn
	in    []byte
	piece int // the most to give at once; 0: no bound
}

func (c *fakeConn) Read(p []byte) (int, error) {
	if len(c.in) == 0 {
		return 0, io.EOF
	}
	n := min(len(p), len(c.in))
	if c.piece > 0 {
		n = min(n, c.piece)
	}
	copy(p, c.in[:n])
	c.in = c.in[n:]
	return n, nil
}

func (c *fakeConn) Write(p []byte) (int, error)      { return len(p), nil }
func (c *fakeConn) Close() error                     { return nil }
func (c *fakeConn) LocalAddr() net.Addr              { return nil }
func (c *fakeConn) RemoteAddr() net.Addr             { return nil }
func (c *fakeConn) SetDeadline(time.Time) error      { return nil }
func (c *fakeConn) SetReadDeadline(time.Time) error  { return nil }
func (c *fakeConn) SetWriteDeadline(time.Time) error { return nil }

func TestWhatAChunkWriterWritesAChunkReaderReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SampledFrom([]int{1, 2, 127, 128, 129, 4096, 65536, maxChunkSize})
		size := sizes.Draw(t, "chunk size")
		w := chunkWriter{size: size}
		data := rawMessage(rawChunks{csid: 2, size: 128}, message{typ: typeSetChunkSize, body: []byte{0, byte(size >> 16), byte(size >> 8), byte(size)}})
		var sent []message
		for range rapid.IntRange(1, 10).Draw(t, "messages") {
			m := message{
				typ:    rapid.SampledFrom([]byte{typeAudio, typeVideo, typeData}).Draw(t, "type"),
				stream: rapid.Uint32Range(0, 2).Draw(t, "stream"),
				time: rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(0xfffff0, 0x100000f),
					rapid.Uint32Range(0xfffffff0, 0xffffffff), rapid.Uint32Range(0, 9)).Draw(t, "time"),
				body: pattern(rapid.SampledFrom([]int{0, 1, 3, 4, 5, 128, 300, 5000, 60000}).Draw(t, "length")),
			}
			sent = append(sent, m)
			data = w.append(data, byte(rapid.IntRange(3, 7).Draw(t, "chunk stream")), m)
		}
		r := readerOf(data, rapid.SampledFrom([]int{0, 1, 7, 1000}).Draw(t, "piece"))
		for i, want := range sent {
			got, err := r.next()
			if err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
			if got.typ != want.typ || got.stream != want.stream || got.time != want.time || !bytes.Equal(got.body, want.body) {
				t.Fatalf("message %d: got %d %d %d and %d bytes, want %d %d %d and %d bytes", i,
					got.typ, got.stream, got.time, len(got.body), want.typ, want.stream, want.time, len(want.body))
			}
		}
		if _, err := r.next(); !errors.Is(err, ErrConnectionLost) {
			t.Fatalf("at the end: %v", err)
		}
		if r.buffered != 0 {
			t.Fatalf("%d bytes are counted as unfinished", r.buffered)
		}
	})
}

func TestMessagesOfInterleavedChunksAreBounded(t *testing.T) {
	limits, err := Limits{MaxBuffered: 10000}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	part := func(csid byte, length int) []byte {
		return rawMessage(rawChunks{csid: int(csid), size: 128}, message{typ: typeVideo, body: make([]byte, length)})[:12+128]
	}
	for _, tt := range []struct {
		name string
		data []byte
		want error
	}{
		{"two that fit", append(part(4, 5000), part(5, 5000)...), ErrConnectionLost},
		{"two that do not", append(part(4, 5000), part(5, 5001)...), ErrLimit},
		{"one that begins anew", append(part(4, 6000), part(4, 6000)...), ErrConnectionLost},
	} {
		r := newChunkReader(newReader(&fakeConn{in: tt.data}), limits)
		if _, err := r.next(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestTheClockGoesOnOverWraps(t *testing.T) {
	for _, tt := range []struct {
		times []uint32
		want  []int64
	}{
		{[]uint32{0, 10, 5, 20}, []int64{0, 10, 5, 20}},
		{[]uint32{0xfffffff0, 0xffffffff, 3, 0xfffffff8, 20}, []int64{0xfffffff0, 0xffffffff, 1<<32 + 3, 0xfffffff8, 1<<32 + 20}},
		{[]uint32{0xffffff, 0x1000000}, []int64{0xffffff, 0x1000000}},
		{[]uint32{0x7fffffff, 0xfffffffe, 0x7ffffffd, 0xfffffffc}, []int64{0x7fffffff, 0xfffffffe, 1<<32 + 0x7ffffffd, 1<<32 + 0xfffffffc}},
		{[]uint32{5, 0xffffffff}, []int64{5, -1}},
	} {
		var c clock
		for i, at := range tt.times {
			if got := c.at(at); got != time.Duration(tt.want[i])*time.Millisecond {
				t.Errorf("%x: time %d is %v, want %d ms", tt.times, i, got, tt.want[i])
			}
		}
	}
}
