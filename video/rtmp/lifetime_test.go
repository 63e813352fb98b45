package rtmp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
)

func TestNewServerRefusesWhatCannotWork(t *testing.T) {
	for name, c := range map[string]Config{
		"no publisher":       {},
		"a negative limit":   {Publisher: newPublisher(), Limits: Limits{MaxMedia: -1}},
		"a negative timeout": {Publisher: newPublisher(), Limits: Limits{IdleTimeout: -1}},
	} {
		if s, err := NewServer(c); err == nil || s != nil {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

func TestAnOrderlyEndHasNoReason(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{})
	for name, last := range map[string][]byte{
		"FCUnpublish":                rawCommand(0, "FCUnpublish", 6, nil, testKey),
		"deleteStream":               rawCommand(0, "deleteStream", 6, nil, 1),
		"deleteStream on the stream": rawCommand(1, "deleteStream", 6, nil, 1),
		"deleteStream without an id": rawCommand(0, "deleteStream", 6, nil),
		"closeStream":                rawCommand(1, "closeStream", 6, nil),
		"all that OBS sends":         append(rawCommand(0, "FCUnpublish", 6, nil, testKey), append(rawCommand(0, "deleteStream", 7, nil, 1), rawCommand(0, "deleteStream", 8, nil, 1)...)...),
	} {
		t.Run(name, func(t *testing.T) {
			c := publishRaw(t, s.addr)
			b := s.pub.next(t)
			c.send(t, last)
			if err := b.reason(t); err != nil {
				t.Errorf("reason %v", err)
			}
			_ = c.Close()
		})
	}
}

func TestDoneEndsTheConnectionWithAWord(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{})
	c := publishRaw(t, s.addr)
	b := s.pub.next(t)
	b.end(video.ErrTakenOver)
	if code := c.status(t); code != publishRejected {
		t.Errorf("status %q", code)
	}
	c.waitClosed(t)
	if err := b.reason(t); !errors.Is(err, video.ErrTakenOver) {
		t.Errorf("reason %v", err)
	}
}

func TestShutdown(t *testing.T) {
	t.Run("publishers, those who are not yet, and Serve end", func(t *testing.T) {
		s := startServer(t, newPublisher(), Limits{})
		idle, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer idle.Close()
		half := dialRaw(t, s.addr)
		c := publishRaw(t, s.addr)
		b := s.pub.next(t)
		for range 2 {
			if err := s.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.reason(t); !errors.Is(err, video.ErrServerClosed) {
			t.Errorf("reason %v", err)
		}
		for _, c := range []net.Conn{idle, half, c} {
			(&rawConn{Conn: c}).waitClosed(t)
		}
		here, there := net.Pipe()
		defer here.Close()
		if err := s.ServeConn(there); !errors.Is(err, video.ErrServerClosed) {
			t.Errorf("ServeConn after Shutdown: %v", err)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Serve(l); !errors.Is(err, video.ErrServerClosed) {
			t.Errorf("Serve after Shutdown: %v", err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Serve after Shutdown left its listener open: %v", err)
		}
	})

	t.Run("a decision that takes long is cut short", func(t *testing.T) {
		p := newPublisher()
		deciding := make(chan struct{})
		p.decide = func(ctx context.Context, _ video.PublishRequest) error {
			close(deciding)
			<-ctx.Done()
			return ctx.Err()
		}
		s := startServer(t, p, Limits{})
		c := dialRaw(t, s.addr)
		c.send(t, rawPublish("live", testKey))
		<-deciding
		if err := s.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("a publication that hangs lets ctx end it", func(t *testing.T) {
		p := newPublisher()
		release := make(chan struct{})
		p.write = func(video.Packet) error { <-release; return nil }
		s := startServer(t, p, Limits{})
		c := publishRaw(t, s.addr)
		b := p.next(t)
		c.send(t, rawAudio(0, aacHeader))
		c.send(t, rawAudio(0, audioBody(3)))
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		close(release)
		if err := b.reason(t); err == nil {
			t.Error("closed without a reason")
		}
	})
}

func TestADecisionEndsWhenThePublisherHasGone(t *testing.T) {
	p := newPublisher()
	decided := make(chan error, 1)
	p.decide = func(ctx context.Context, _ video.PublishRequest) error {
		<-ctx.Done()
		decided <- ctx.Err()
		return ctx.Err()
	}
	s := startServer(t, p, Limits{})
	c := dialRaw(t, s.addr)
	c.send(t, rawPublish("live", testKey))
	if _, ok := c.result(t, "_result"); !ok {
		t.Fatal("no answer")
	}
	_ = c.Close()
	select {
	case err := <-decided:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the decision ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the decision goes on")
	}
}

func TestWhatIsSentWhileTheDecisionIsMadeIsNotLost(t *testing.T) {
	p := newPublisher()
	p.decide = func(context.Context, video.PublishRequest) error {
		time.Sleep(50 * time.Millisecond)
		return nil
	}
	s := startServer(t, p, Limits{})
	c := dialRaw(t, s.addr)
	c.send(t, rawPublish("live", testKey))
	c.send(t, rawAudio(0, aacHeader))
	for i := range 10 {
		c.send(t, rawAudio(uint32(i), audioBody(1000+i)))
	}
	p.next(t).waitFor(t, "audio", func(ps []video.Packet) bool {
		return len(ps) == 10 && len(ps[9].Data) == 1009
	})
}

func TestPanicsStayInTheirConnection(t *testing.T) {
	p := newPublisher()
	s := startServer(t, p, Limits{})
	other := publishRaw(t, s.addr)
	b := p.next(t)

	p.decide = func(_ context.Context, req video.PublishRequest) error {
		if req.App == "panic" {
			panic("deciding about " + req.StreamKey)
		}
		return nil
	}
	c := dialRaw(t, s.addr)
	c.send(t, rawPublish("panic", testKey))
	if code := c.status(t); code != "NetStream.Publish.Failed" {
		t.Errorf("status %q", code)
	}
	c.waitClosed(t)

	p.write = func(video.Packet) error { panic("writing") }
	c = publishRaw(t, s.addr)
	broken := p.next(t)
	c.send(t, rawAudio(0, aacHeader))
	c.send(t, rawAudio(0, audioBody(3)))
	if err := broken.reason(t); err == nil || !strings.Contains(err.Error(), "writing") {
		t.Errorf("reason %v", err)
	}

	other.send(t, rawAudio(0, aacHeader))
	other.send(t, rawAudio(0, audioBody(3)))
	b.waitFor(t, "audio", func(ps []video.Packet) bool { return len(ps) == 1 })
	if logs := s.logs.String(); strings.Count(logs, "panic") < 2 {
		t.Errorf("panics are not logged:\n%s", logs)
	}
}

// flakyListener fails a few times before it accepts.
type flakyListener struct {
	net.Listener
	left int
}

func (l *flakyListener) Accept() (net.Conn, error) {
	if l.left > 0 {
		l.left--
		return nil, errors.New("too many open files")
	}
	return l.Listener.Accept()
}

func TestServeWaitsOutErrorsOfAccept(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{})
	addr := s.listen(t, func(l net.Listener) net.Listener { return &flakyListener{l, 3} })
	publishRaw(t, addr)
	if n := strings.Count(s.logs.String(), "cannot accept"); n != 1 {
		t.Errorf("logged %d times", n)
	}
}

func TestServeReturnsIfItsListenerIsClosed(t *testing.T) {
	s, err := NewServer(Config{Publisher: newPublisher()})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if err := s.Serve(l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve: %v", err)
	}
}

func TestRTMPS(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{IdleTimeout: 300 * time.Millisecond})
	server, client := testTLS(t)
	addr := s.listen(t, func(l net.Listener) net.Listener { return tls.NewListener(l, server) })
	nc, err := tls.Dial("tcp", addr, client)
	if err != nil {
		t.Fatal(err)
	}
	c := handshakeRaw(t, nc)
	c.send(t, rawPublish("live", testKey))
	if code := c.status(t); code != publishStart {
		t.Fatalf("status %q", code)
	}
	b := s.pub.next(t)
	c.send(t, rawVideo(0, avcHeader))
	for i := range 50 {
		c.send(t, rawVideo(uint32(i), videoBody(20000)))
	}
	b.waitFor(t, "video", func(ps []video.Packet) bool { return len(ps) == 50 })
	if err := b.reason(t); !errors.Is(err, ErrTimeout) {
		t.Errorf("reason %v", err)
	}
	// A client that does not speak TLS is no one's trouble.
	plain, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	_, _ = plain.Write([]byte{3, 0, 0, 0, 0, 0, 0, 0})
	(&rawConn{Conn: plain}).waitClosed(t)
}

func TestNothingIsLeftOfMany(t *testing.T) {
	baseline := func(t *testing.T, run func()) {
		t.Helper()
		run() // what is made once is made now
		goroutines, files := runtime.NumGoroutine(), openFiles(t)
		for range 100 {
			run()
		}
		deadline := time.Now().Add(5 * time.Second)
		for runtime.NumGoroutine() > goroutines || openFiles(t) > files {
			if time.Now().After(deadline) {
				t.Fatalf("%d goroutines and %d files, %d and %d before", runtime.NumGoroutine(), openFiles(t), goroutines, files)
			}
			time.Sleep(time.Millisecond)
		}
	}
	t.Run("publishers", func(t *testing.T) {
		s := startServer(t, newPublisher(), Limits{})
		baseline(t, func() {
			c := publishRaw(t, s.addr)
			b := s.pub.next(t)
			c.send(t, rawAudio(0, aacHeader))
			c.send(t, rawAudio(0, audioBody(3)))
			b.waitFor(t, "audio", func(ps []video.Packet) bool { return len(ps) == 1 })
			_ = c.Close()
			_ = b.reason(t)
		})
	})
	t.Run("servers", func(t *testing.T) {
		baseline(t, func() {
			s, err := NewServer(Config{Publisher: newPublisher()})
			if err != nil {
				t.Fatal(err)
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			served := make(chan error, 1)
			go func() { served <- s.Serve(l) }()
			c := publishRaw(t, l.Addr().String())
			_ = c.Close()
			if err := s.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := <-served; !errors.Is(err, video.ErrServerClosed) {
				t.Errorf("Serve: %v", err)
			}
		})
	})
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0 // not here
	}
	return len(entries)
}

func TestTheKeyIsNeverLogged(t *testing.T) {
	p := newPublisher()
	p.decide = func(_ context.Context, req video.PublishRequest) error {
		switch req.App {
		case "error":
			return fmt.Errorf("no such key: %s", req.StreamKey)
		case "wrong":
			return fmt.Errorf("%w: %s", video.ErrStreamKey, req.StreamKey)
		default:
			return nil
		}
	}
	s := startServer(t, p, Limits{WrongKeyDelay: time.Millisecond}) // which looks through the log at the end
	for _, app := range []string{"live", "error", "wrong", "live/" + testKey} {
		c := dialRaw(t, s.addr)
		c.send(t, rawPublish(app, testKey))
		_ = c.status(t)
		c.send(t, rawCommand(0, testKey, 9, nil, testKey))
		c.send(t, rawCommand(0, "FCUnpublish", 9, nil, testKey))
		_ = c.Close()
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"publisher connected", "publisher refused", "wrong stream key"} {
		if !strings.Contains(s.logs.String(), want) {
			t.Errorf("not logged: %s", want)
		}
	}
}
