package rtmp

import (
	"bytes"
	"encoding/binary"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

// attack is what a hostile client does with a connection. It may use n more.
type attack struct {
	name     string
	run      func(t *testing.T, dial func() net.Conn)
	patience bool // it ends by a timeout
}

func attacks() []attack {
	handshake := func(t *testing.T, dial func() net.Conn) *rawConn {
		c := handshakeRaw(t, dial())
		return c
	}
	// write sends until the server has had enough.
	write := func(c net.Conn, b []byte) bool {
		_, err := c.Write(b)
		return err == nil
	}
	hugeChunks := rawControl(typeSetChunkSize, 0, 0xff, 0xff, 0xff)
	return []attack{
		{"a strict array of two thousand million", func(t *testing.T, dial func() net.Conn) {
			c := handshake(t, dial)
			body := append(flv.AppendAMF0(nil, "connect", 1), 3, 0, 1, 'x', 10, 0x7f, 0xff, 0xff, 0xff)
			c.send(t, rawMessage(rawChunks{csid: 3, size: 128}, message{typ: typeCommand, body: body}))
			c.waitClosed(t)
		}, false},
		{"a million nested objects", func(t *testing.T, dial func() net.Conn) {
			c := handshake(t, dial)
			body := append(flv.AppendAMF0(nil, "connect", 1), bytes.Repeat([]byte{3, 0, 1, 'x'}, 1_000_000)...)
			_ = write(c, hugeChunks) && write(c, rawMessage(rawChunks{csid: 3, size: maxChunkSize}, message{typ: typeCommand, body: body}))
			c.waitClosed(t)
		}, false},
		{"ten thousand nested objects within the limit", func(t *testing.T, dial func() net.Conn) {
			c := handshake(t, dial)
			body := append(flv.AppendAMF0(nil, "connect", 1), bytes.Repeat([]byte{3, 0, 1, 'x'}, 10_000)...)
			_ = write(c, rawMessage(rawChunks{csid: 3, size: 128}, message{typ: typeCommand, body: body}))
			c.waitClosed(t)
		}, false},
		{"messages of 16 MiB", func(t *testing.T, dial func() net.Conn) {
			for i := range 8 {
				c := handshake(t, dial)
				_ = write(c, hugeChunks) && write(c, rawMessage(rawChunks{csid: 3 + i, size: maxChunkSize}, message{typ: typeVideo, body: make([]byte, maxChunkSize)}))
				c.waitClosed(t)
			}
		}, false},
		{"unfinished messages on all chunk streams", func(t *testing.T, dial func() net.Conn) {
			c := handshake(t, dial)
			for i := range 65536 {
				if !write(c, rawMessage(rawChunks{csid: 3 + i, size: maxChunkSize}, message{typ: typeVideo, body: make([]byte, 60000)})[:2000]) {
					break
				}
			}
			c.waitClosed(t)
		}, false},
		{"announcements of messages that never come", func(t *testing.T, dial func() net.Conn) {
			for range 40 {
				c := handshake(t, dial)
				for i := range 16 {
					_ = write(c, []byte{byte(3 + i), 0, 0, 0, 0, 0xff, 0xff, 9, 0, 0, 0, 0})
				}
			}
		}, true},
		{"a flood of createStream", func(t *testing.T, dial func() net.Conn) {
			c := handshake(t, dial)
			_ = write(c, rawConnect("live"))
			for range 20_000 {
				if !write(c, rawCommand(0, "createStream", 2, nil)) {
					break
				}
			}
			c.waitClosed(t)
		}, false},
		{"a flood of pings without reading", func(t *testing.T, dial func() net.Conn) {
			c := handshake(t, dial)
			_ = c.Conn.(*net.TCPConn).SetReadBuffer(4096)
			_ = write(c, rawConnect("live"))
			for range 20_000 {
				if !write(c, rawControl(typeUserControl, 0, eventPingRequest, 0, 0, 0, 1)) {
					break
				}
			}
			c.waitClosed(t)
		}, false},
		{"connections that say nothing", func(t *testing.T, dial func() net.Conn) {
			for range 50 {
				dial()
			}
		}, true},
		{"connections that send a byte now and then", func(t *testing.T, dial func() net.Conn) {
			for _, b := range []byte{3, 0, 0, 0} {
				c := dial()
				go func() {
					for write(c, []byte{b}) {
						time.Sleep(20 * time.Millisecond)
					}
				}()
			}
		}, true},
		{"connections that stop after the handshake", func(t *testing.T, dial func() net.Conn) {
			for range 20 {
				handshake(t, dial)
			}
		}, true},
		{"connections that stop after connect", func(t *testing.T, dial func() net.Conn) {
			for range 20 {
				_ = write(handshake(t, dial), rawConnect("live"))
			}
		}, true},
		{"connections that never publish", func(t *testing.T, dial func() net.Conn) {
			for range 20 {
				c := handshake(t, dial)
				_ = write(c, rawConnect("live")) && write(c, setChunkSize4096) && write(c, rawCommand(0, "createStream", 4, nil))
			}
		}, true},
		{"garbage", func(t *testing.T, dial func() net.Conn) {
			for range 20 {
				c := dial()
				_ = write(c, pattern(4000))
				(&rawConn{Conn: c}).waitClosed(t)
			}
		}, false},
		{"garbage after the handshake", func(t *testing.T, dial func() net.Conn) {
			for i := range 20 {
				c := handshake(t, dial)
				_ = write(c, bytes.Repeat(binary.BigEndian.AppendUint32(nil, uint32(i)*0x9e3779b9), 20_000))
				c.waitClosed(t)
			}
		}, false},
		{"HTTP", func(t *testing.T, dial func() net.Conn) {
			c := dial()
			_ = write(c, []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
			(&rawConn{Conn: c}).waitClosed(t)
		}, false},
	}
}

func TestHostileClientsDisturbNobody(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{PublishTimeout: 300 * time.Millisecond, MaxWaiting: 1000})
	running := publishRaw(t, s.addr)
	b := s.pub.next(t)
	running.send(t, rawVideo(0, avcHeader))
	sent := 0
	publish := func() {
		t.Helper()
		for range 10 {
			running.send(t, rawVideo(uint32(sent), videoBody(1000)))
			sent++
		}
		b.waitFor(t, "video", func(ps []video.Packet) bool { return len(ps) == sent })
	}
	var conns []net.Conn
	dial := func() net.Conn {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		conns = append(conns, c)
		return c
	}
	for _, a := range attacks() {
		t.Run(a.name, func(t *testing.T) {
			publish()
			before := heap()
			a.run(t, dial)
			publish()
			// 128 kB for each connection is what the attackers' own side and
			// go-rtmp take together.
			if grown, most := int(heap())-int(before), 1<<20+len(conns)*(128<<10); grown > most {
				t.Errorf("the heap grew by %d kB with %d connections", grown>>10, len(conns))
			}
			if a.patience {
				for _, c := range conns {
					(&rawConn{Conn: c}).waitClosed(t)
				}
			}
			for _, c := range conns {
				_ = c.Close()
			}
			conns = nil
			publish()
		})
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// heap returns what is in use after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestConnectionsAreCounted(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{MaxWaiting: 3, MaxConnections: 5})
	refused := func() bool {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(100 * time.Millisecond))
		_, err = c.Read(make([]byte, 1))
		ne, ok := err.(net.Error)
		return !ok || !ne.Timeout()
	}
	for range 3 { // publishers do not count as waiting
		publishRaw(t, s.addr)
		s.pub.next(t)
	}
	if refused() || refused() {
		t.Error("refused before there were five")
	}
	if !refused() {
		t.Error("a sixth connection was taken")
	}
}

func TestOneAddressCannotWaitForAll(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{MaxWaiting: 2})
	var waiting []net.Conn
	for range 2 {
		waiting = append(waiting, dialRaw(t, s.addr))
	}
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	(&rawConn{Conn: c}).waitClosed(t)
	_ = waiting[0].Close()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		n := len(s.conns)
		s.mu.Unlock()
		if n == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d connections", n)
		}
	}
	publishRaw(t, s.addr)
	s.pub.next(t)
}

func TestThousandsOfIdleConnectionsTakeLittle(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{})
	running := publishRaw(t, s.addr)
	b := s.pub.next(t)
	running.send(t, rawVideo(0, avcHeader))
	before := heap()
	for range 5000 {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Skipf("this system does not let a client open so many: %v", err)
		}
		defer c.Close()
	}
	for i := range 100 {
		running.send(t, rawVideo(uint32(i), videoBody(1000)))
	}
	b.waitFor(t, "video", func(ps []video.Packet) bool { return len(ps) == 100 })
	s.mu.Lock()
	n := len(s.conns)
	s.mu.Unlock()
	if n > 1+s.limits.MaxWaiting {
		t.Errorf("%d connections were taken", n)
	}
	if grown := int(heap()) - int(before); grown > 16<<20 { // the client's 5000 are in it
		t.Errorf("the heap grew by %d kB", grown>>10)
	}
}
