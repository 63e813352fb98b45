package rtmp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video/flv"
)

// rawChunks is how rawMessage writes.
type rawChunks struct {
	format   byte
	csid     int
	size     int  // of chunks; 0: 4096
	noRepeat bool // no extended timestamp in chunks of type 3, as old librtmp
}

// rawMessage writes any message in any way. Its time is a delta if the format
// asks for one.
func rawMessage(c rawChunks, m message) []byte {
	var b []byte
	basic := func(format byte) {
		switch {
		case c.csid < 64:
			b = append(b, format<<6|byte(c.csid))
		case c.csid < 320:
			b = append(b, format<<6, byte(c.csid-64))
		default:
			b = append(b, format<<6|1, byte(c.csid-64), byte((c.csid-64)>>8))
		}
	}
	basic(c.format)
	if c.format < 3 {
		b = appendUint24(b, min(m.time, extendedTime))
	}
	if c.format < 2 {
		b = appendUint24(b, uint32(len(m.body)))
		b = append(b, m.typ)
	}
	if c.format == 0 {
		b = binary.LittleEndian.AppendUint32(b, m.stream)
	}
	size := c.size
	if size == 0 {
		size = 4096
	}
	for first, body := true, m.body; ; first = false {
		if !first {
			basic(3)
		}
		if m.time >= extendedTime && (first && c.format < 3 || !first && !c.noRepeat) {
			b = binary.BigEndian.AppendUint32(b, m.time)
		}
		n := min(size, len(body))
		b = append(b, body[:n]...)
		if body = body[n:]; len(body) == 0 {
			return b
		}
	}
}

// Messages as most encoders write them.
func rawVideo(time uint32, body []byte) []byte {
	return rawMessage(rawChunks{csid: 6}, message{typ: typeVideo, stream: 1, time: time, body: body})
}

func rawAudio(time uint32, body []byte) []byte {
	return rawMessage(rawChunks{csid: 4}, message{typ: typeAudio, stream: 1, time: time, body: body})
}

func rawControl(typ byte, body ...byte) []byte {
	return rawMessage(rawChunks{csid: 2}, message{typ: typ, body: body})
}

func rawCommand(stream uint32, values ...any) []byte {
	return rawMessage(rawChunks{csid: 3}, message{typ: typeCommand, stream: stream, body: flv.AppendAMF0(nil, values...)})
}

func rawData(values ...any) []byte {
	return rawMessage(rawChunks{csid: 4}, message{typ: typeData, stream: 1, body: flv.AppendAMF0(nil, values...)})
}

func rawConnect(app any, more ...flv.Property) []byte {
	object := append(flv.Object{
		{Name: "app", Value: app},
		{Name: "type", Value: "nonprivate"},
		{Name: "flashVer", Value: "FMLE/3.0 (compatible; test)"},
		{Name: "tcUrl", Value: "rtmp://127.0.0.1/live"},
	}, more...)
	return rawMessage(rawChunks{csid: 3, size: 128}, message{typ: typeCommand, body: flv.AppendAMF0(nil, "connect", 1, object)})
}

var setChunkSize4096 = rawControl(typeSetChunkSize, 0, 0, 16, 0)

// rawPublish is what comes from connect to publish.
func rawPublish(app, name string) []byte {
	return bytes.Join([][]byte{
		rawConnect(app),
		setChunkSize4096,
		rawCommand(0, "releaseStream", 2, nil, name),
		rawCommand(0, "FCPublish", 3, nil, name),
		rawCommand(0, "createStream", 4, nil),
		rawCommand(1, "publish", 5, nil, name, "live"),
	}, nil)
}

// rawConn is a client that sends whatever a test wants.
type rawConn struct {
	net.Conn
	chunks *chunkReader
}

// dialRaw connects and does the handshake.
func dialRaw(t testing.TB, addr string) *rawConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return handshakeRaw(t, c)
}

func handshakeRaw(t testing.TB, c net.Conn) *rawConn {
	t.Helper()
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	in := newReader(c)
	if err := offerHandshake(in, c); err != nil {
		t.Fatalf("handshake: %v", err)
	}
	limits, _ := Limits{}.withDefaults()
	return &rawConn{Conn: c, chunks: newChunkReader(in, limits)}
}

// publishRaw publishes as far as the server's consent.
func publishRaw(t testing.TB, addr string) *rawConn {
	t.Helper()
	c := dialRaw(t, addr)
	c.send(t, rawPublish("live", testKey))
	if code := c.status(t); code != publishStart {
		t.Fatalf("status %q, want %q", code, publishStart)
	}
	return c
}

func (c *rawConn) send(t testing.TB, b []byte) {
	t.Helper()
	if _, err := c.Write(b); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// answer returns the next message of a type, and false if the connection ends
// before it comes.
func (c *rawConn) answer(t testing.TB, typ byte) (message, bool) {
	t.Helper()
	for {
		m, err := c.chunks.next()
		if errors.Is(err, ErrTimeout) {
			t.Fatal("the server neither answers nor hangs up")
		}
		if err != nil {
			return message{}, false
		}
		if m.typ == typ {
			return m, true
		}
	}
}

// result returns the next command of a name.
func (c *rawConn) result(t testing.TB, name string) (command, bool) {
	t.Helper()
	for {
		m, ok := c.answer(t, typeCommand)
		if !ok {
			return command{}, false
		}
		answer, err := parseCommand(m.body)
		if err != nil {
			t.Fatalf("answer: %v", err)
		}
		if answer.name == name {
			return answer, true
		}
	}
}

// status returns the code of the next onStatus, "" if the connection ends.
func (c *rawConn) status(t testing.TB) string {
	t.Helper()
	answer, _ := c.result(t, "onStatus")
	return answer.status("code")
}

// waitClosed waits until the server hangs up.
func (c *rawConn) waitClosed(t testing.TB) {
	t.Helper()
	_, err := io.Copy(io.Discard, c.Conn)
	if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
		t.Fatal("the server does not hang up")
	}
}
