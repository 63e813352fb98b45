package rtmp

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/video"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testKey = "correct-horse-battery"

// Sequence headers and frames that flv.Decoder takes.
var (
	avcHeader = fromHex("1700000000014d401fffe1001d674d401fa6110280bfe5c05a808080a0000003002000000781e306423001000668e843044b20")
	aacHeader = fromHex("af001190")
)

func fromHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// videoBody returns the body of a key frame of n bytes.
func videoBody(n int) []byte {
	return append([]byte{0x17, 1, 0, 0, 0}, pattern(n)...)
}

func audioBody(n int) []byte {
	return append([]byte{0xaf, 1}, pattern(n)...)
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7)
	}
	return b
}

// publisher is a video.Publisher that admits testKey and records.
type publisher struct {
	decide func(context.Context, video.PublishRequest) error // instead of comparing keys
	write  func(video.Packet) error                          // called for each packet

	mu           sync.Mutex
	requests     []video.PublishRequest
	publications chan *publication
}

func newPublisher() *publisher {
	return &publisher{publications: make(chan *publication, 1000)}
}

func (p *publisher) Publish(ctx context.Context, req video.PublishRequest) (video.Publication, error) {
	p.mu.Lock()
	p.requests = append(p.requests, req)
	p.mu.Unlock()
	switch {
	case p.decide != nil:
		if err := p.decide(ctx, req); err != nil {
			return nil, err
		}
	case req.StreamKey != testKey:
		return nil, video.ErrStreamKey
	}
	b := &publication{
		write:   p.write,
		done:    make(chan struct{}),
		closed:  make(chan struct{}),
		arrived: make(chan struct{}, 1),
	}
	p.publications <- b
	return b, nil
}

func (p *publisher) asked() []video.PublishRequest {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]video.PublishRequest(nil), p.requests...)
}

// next returns the next publication.
func (p *publisher) next(t testing.TB) *publication {
	t.Helper()
	select {
	case b := <-p.publications:
		return b
	case <-time.After(10 * time.Second):
		t.Fatal("nobody published")
		return nil
	}
}

// publication records what a publisher sends.
type publication struct {
	write func(video.Packet) error
	done  chan struct{}

	arrived chan struct{} // a token after every packet

	mu       sync.Mutex
	packets  []video.Packet
	metadata []video.Metadata
	closes   []error
	closed   chan struct{}
	err      error
}

func (p *publication) SetMetadata(m video.Metadata) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.metadata = append(p.metadata, m)
}

func (p *publication) WritePacket(k video.Packet) error {
	if p.write != nil {
		if err := p.write(k); err != nil {
			return err
		}
	}
	p.mu.Lock()
	p.packets = append(p.packets, k)
	p.mu.Unlock()
	select {
	case p.arrived <- struct{}{}:
	default:
	}
	return nil
}

func (p *publication) Close(reason error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closes = append(p.closes, reason); len(p.closes) == 1 {
		close(p.closed)
	}
}

func (p *publication) Done() <-chan struct{} { return p.done }

func (p *publication) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *publication) end(err error) {
	p.mu.Lock()
	p.err = err
	p.mu.Unlock()
	close(p.done)
}

func (p *publication) received() []video.Packet {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]video.Packet(nil), p.packets...)
}

func (p *publication) told() []video.Metadata {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]video.Metadata(nil), p.metadata...)
}

// waitFor waits until a condition on what was received holds.
func (p *publication) waitFor(t testing.TB, what string, ok func([]video.Packet) bool) {
	t.Helper()
	timeout := time.After(10 * time.Second)
	for !ok(p.received()) {
		select {
		case <-p.arrived:
		case <-timeout:
			t.Fatalf("%s did not come; %d packets did", what, len(p.received()))
		}
	}
}

// reason waits for Close and returns what it was told.
func (p *publication) reason(t testing.TB) error {
	t.Helper()
	select {
	case <-p.closed:
	case <-time.After(10 * time.Second):
		t.Fatal("the publication was not closed")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.closes) != 1 {
		t.Errorf("Close was called %d times", len(p.closes))
	}
	return p.closes[0]
}

// testServer is a Server on a port of its own.
type testServer struct {
	*Server
	addr string
	pub  *publisher
	logs *logBuffer
}

func startServer(t testing.TB, p *publisher, l Limits) *testServer {
	t.Helper()
	logs := &logBuffer{}
	s, err := NewServer(Config{
		Publisher: p,
		Limits:    l,
		Logger:    slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug - 10})),
	})
	if err != nil {
		t.Fatal(err)
	}
	ts := &testServer{Server: s, pub: p, logs: logs}
	ts.addr = ts.listen(t, func(l net.Listener) net.Listener { return l })
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if strings.Contains(logs.String(), testKey) {
			t.Errorf("the stream key is in the log:\n%s", logs)
		}
	})
	return ts
}

// listen serves one more listener.
func (s *testServer) listen(t testing.TB, wrap func(net.Listener) net.Listener) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(wrap(l)) }()
	t.Cleanup(func() {
		_ = s.Shutdown(context.Background())
		if err := <-served; !errors.Is(err, video.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return l.Addr().String()
}

// logBuffer is a log that may be read while it is written.
type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
