package restream

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
	"github.com/owncast-go/owncast/video/rtmp"
	"github.com/owncast-go/owncast/video/videotest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	patience = 20 * time.Second
	secret   = "correct-horse-battery"
)

// eventually waits for a condition.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come to this: %s", what)
		}
	}
}

// plain is a packager that is content with anything.
type plain struct{ playable func() }

func (p *plain) Begin(s video.Session) error    { p.playable = s.Playable; return nil }
func (p *plain) WritePacket(video.Packet) error { p.playable(); p.playable = func() {}; return nil }
func (p *plain) Interrupt()                     {}
func (p *plain) End()                           {}

// rig is a broadcast and a Service that sends it on.
type rig struct {
	t       testing.TB
	server  *video.Server
	service *Service
	log     *lockedBuffer

	mu     sync.Mutex
	events []string
}

func newRig(t testing.TB, cfg Config) *rig {
	t.Helper()
	r := &rig{t: t, log: &lockedBuffer{}}
	var err error
	r.server, err = video.NewServer(video.Config{
		State: new(video.State), Packager: &plain{playable: func() {}}, Grace: time.Minute,
		Auth: video.PublishAuthorizerFunc(func(context.Context, video.PublishRequest) error { return nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Source = r.server
	if cfg.RetryMin == 0 {
		cfg.RetryMin, cfg.RetryMax = 5*time.Millisecond, 20*time.Millisecond
	}
	cfg.Logger = slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg.Events = Events{
		OutputStarted: func(_ context.Context, e OutputStarted) { r.note("started " + e.Output.ID) },
		OutputStopped: func(_ context.Context, e OutputStopped) { r.note("stopped " + e.Output.ID) },
		OutputFailed:  func(_ context.Context, e OutputFailed) { r.note("failed " + e.Output.ID) },
	}
	if r.service, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := errors.Join(r.server.Shutdown(ctx), r.service.Shutdown(ctx)); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("the stream key is in the log:\n%s", r.log)
		}
	})
	return r
}

func (r *rig) note(e string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *rig) count(e string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, have := range r.events {
		if have == e {
			n++
		}
	}
	return n
}

func (r *rig) set(outputs ...Output) {
	r.t.Helper()
	if err := r.service.Set(outputs); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) status(id string) Status {
	r.t.Helper()
	for _, s := range r.service.Status() {
		if s.ID == id {
			return s
		}
	}
	r.t.Fatalf("there is no output %q", id)
	return Status{}
}

func (r *rig) wantState(id string, want State) {
	r.t.Helper()
	eventually(r.t, id+" is "+want.String(), func() bool { return r.status(id).State == want })
}

// to is an output of a receiver.
func to(id, addr string) Output {
	return Output{ID: id, URL: "rtmp://" + addr + "/live", StreamKey: secret, Enabled: true}
}

// broadcaster publishes the clip, as fast as it is asked to.
type broadcaster struct {
	video.Publication
	t       testing.TB
	packets []video.Packet // of the clip
	next    int
	from    time.Duration
}

func clip(t testing.TB) []video.Packet {
	t.Helper()
	var ps []video.Packet
	var d flv.Decoder
	file := flv.NewReader(strings.NewReader(string(videotest.Clip())), 0)
	for {
		tag, err := file.Next()
		if errors.Is(err, io.EOF) {
			return ps
		}
		if err != nil {
			t.Fatal(err)
		}
		decode := d.Video
		if tag.Type == flv.TagAudio {
			decode = d.Audio
		} else if tag.Type != flv.TagVideo {
			continue
		}
		p, ok, err := decode(tag.Timestamp, tag.Body)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			ps = append(ps, p)
		}
	}
}

func (r *rig) publish() *broadcaster {
	r.t.Helper()
	p, err := r.server.Publish(r.t.Context(), video.PublishRequest{})
	if err != nil {
		r.t.Fatal(err)
	}
	b := &broadcaster{Publication: p, t: r.t, packets: clip(r.t)}
	r.t.Cleanup(func() { b.Close(nil) })
	return b
}

// send publishes n packets.
func (b *broadcaster) send(n int) {
	b.t.Helper()
	for range n {
		p := b.packets[b.next]
		p.DTS += b.from
		if b.next++; b.next == len(b.packets) {
			b.next, b.from = 0, b.from+videotest.ClipDuration
		}
		if err := b.WritePacket(p); err != nil {
			b.t.Fatal(err)
		}
	}
}

// sendUntil publishes until a condition holds, a little at a time.
func (b *broadcaster) sendUntil(what string, ok func() bool) {
	b.t.Helper()
	eventually(b.t, what, func() bool { b.send(3); return ok() })
}

// receiver is another server: an RTMP server of its own.
type receiver struct {
	t      testing.TB
	server *rtmp.Server
	addr   string
	stop   func()

	mu       sync.Mutex
	key      string // that is let in
	block    chan struct{}
	received []*reception
}

// reception is one publisher at a receiver.
type reception struct {
	r        *receiver
	mu       sync.Mutex
	packets  []video.Packet
	metadata []video.Metadata
	closed   bool
	reason   error
	done     chan struct{}
	err      error
}

func newReceiver(t testing.TB) *receiver { return newReceiverAt(t, "127.0.0.1:0", nil) }

func newReceiverAt(t testing.TB, addr string, wrap func(net.Listener) net.Listener) *receiver {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{t: t, key: secret, addr: l.Addr().String()}
	if wrap != nil {
		l = wrap(l)
	}
	if r.server, err = rtmp.NewServer(rtmp.Config{
		Publisher: r, Limits: rtmp.Limits{WrongKeyDelay: time.Millisecond, WrongKeys: 1000},
	}); err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { defer close(served); _ = r.server.Serve(l) }()
	r.stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := r.server.Shutdown(ctx); err != nil {
			t.Errorf("receiver: %v", err)
		}
		<-served
	})
	t.Cleanup(r.stop)
	return r
}

func (r *receiver) Publish(_ context.Context, req video.PublishRequest) (video.Publication, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if req.StreamKey != r.key {
		return nil, video.ErrStreamKey
	}
	if n := len(r.received); n > 0 && !r.received[n-1].isClosed() {
		return nil, video.ErrAlreadyLive
	}
	p := &reception{r: r, done: make(chan struct{})}
	r.received = append(r.received, p)
	return p, nil
}

func (r *receiver) letIn(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.key = key
}

// reception returns the n-th publisher, once it is there.
func (r *receiver) reception(n int) (p *reception) {
	r.t.Helper()
	eventually(r.t, "a publisher at the receiver", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		if n < len(r.received) {
			p = r.received[n]
		}
		return p != nil
	})
	return p
}

func (p *reception) SetMetadata(m video.Metadata) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.metadata = append(p.metadata, m)
}

func (p *reception) WritePacket(k video.Packet) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.packets = append(p.packets, k)
	return nil
}

func (p *reception) Close(reason error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed, p.reason = true, reason
}

func (p *reception) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

func (p *reception) Done() <-chan struct{} { return p.done }
func (p *reception) Err() error            { return p.err }

func (p *reception) get() []video.Packet {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]video.Packet(nil), p.packets...)
}

// wait waits until n packets are there.
func (p *reception) wait(n int) []video.Packet {
	p.r.t.Helper()
	eventually(p.r.t, "packets at the receiver", func() bool { return len(p.get()) >= n })
	return p.get()
}

// end waits for the publisher's end and returns the reason.
func (p *reception) end() (reason error) {
	p.r.t.Helper()
	eventually(p.r.t, "the publisher's end", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		reason = p.reason
		return p.closed
	})
	return reason
}

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
