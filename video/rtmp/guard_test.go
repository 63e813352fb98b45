package rtmp

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

// openGuard returns a guard that has read the handshake and connect.
func openGuard(t *testing.T, l Limits, data []byte) *guard {
	t.Helper()
	l, err := l.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	in := bytes.Join([][]byte{fuzzHandshake, rawConnect("live"), setChunkSize4096, data}, nil)
	g := newGuard(&fakeConn{in: in}, l, &fuzzListener{})
	if err := g.open(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	g.out = nil
	return g
}

// announce is the beginning of a message that has n bytes.
func announce(csid byte, n int) []byte {
	b := appendUint24([]byte{csid, 0, 0, 0}, uint32(n))
	return append(b, typeVideo, 0, 0, 0, 0)
}

func TestStrangersGetLittle(t *testing.T) {
	for _, tt := range []struct {
		name string
		data []byte
		want error
	}{
		{"a message announced", announce(6, 60000), ErrConnectionLost},
		{"more than one message announced", append(append(announce(6, 60000), make([]byte, 4096)...), announce(7, 60000)...), ErrLimit},
		{"a message of a publisher's size announced", announce(6, 70000), ErrLimit},
		{"many messages that mean nothing", bytes.Repeat(rawMessage(rawChunks{csid: 6}, message{typ: 7, body: pattern(500)}), 200), ErrLimit},
		{"many commands that mean nothing", bytes.Repeat(rawCommand(0, "foo", 0), 70), ErrLimit},
		{"as many as there may be", bytes.Repeat(rawCommand(0, "foo", 0), 63), ErrConnectionLost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := openGuard(t, Limits{}, tt.data)
			_, err := g.Read(make([]byte, 100))
			if !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			held := 0
			for _, s := range g.chunks.streams {
				held += cap(s.body)
			}
			if held > 2*smallBuffer {
				t.Errorf("%d bytes are held", held)
			}
		})
	}
}

func TestPublishersGetWhatTheyNeed(t *testing.T) {
	video := rawMessage(rawChunks{csid: 6}, message{typ: typeVideo, stream: 1, body: pattern(1 << 20)})
	g := openGuard(t, Limits{MaxMedia: 1 << 20}, append(rawCommand(1, "publish", 1, nil, "k"), bytes.Repeat(video, 3)...))
	p := make([]byte, 100)
	if _, err := g.Read(p); err != nil {
		t.Fatal(err)
	}
	g.accept()
	if _, err := g.Read(p); !errors.Is(err, ErrConnectionLost) {
		t.Fatal(err)
	}
	heard := g.events.(*fuzzListener).heard
	if len(heard) != 3 {
		t.Fatalf("%d messages", len(heard))
	}
	for _, m := range heard {
		if !bytes.Equal(m.body, pattern(1<<20)) {
			t.Fatalf("a message of %d bytes", len(m.body))
		}
		if cap(m.body) != len(m.body) {
			t.Errorf("%d bytes for a message of %d", cap(m.body), len(m.body))
		}
	}
}
