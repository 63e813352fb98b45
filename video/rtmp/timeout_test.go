package rtmp

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/video"
)

func TestAPublisherThatVanishesIsNoticed(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{IdleTimeout: 300 * time.Millisecond})
	for name, tt := range map[string]struct {
		vanish func(*rawConn)
		want   error
	}{
		"FIN":               {func(c *rawConn) { _ = c.Close() }, ErrConnectionLost},
		"RST":               {func(c *rawConn) { _ = c.Conn.(*net.TCPConn).SetLinger(0); _ = c.Close() }, ErrConnectionLost},
		"FIN in a message":  {func(c *rawConn) { _, _ = c.Write(rawVideo(0, videoBody(10000))[:5000]); _ = c.Close() }, ErrConnectionLost},
		"nothing":           {func(*rawConn) {}, ErrTimeout},
		"nothing, and late": {func(c *rawConn) { _, _ = c.Write(rawVideo(0, videoBody(10000))[:5000]) }, ErrTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			c := publishRaw(t, s.addr)
			b := s.pub.next(t)
			tt.vanish(c)
			if err := b.reason(t); !errors.Is(err, tt.want) {
				t.Errorf("reason %v, want %v", err, tt.want)
			}
		})
	}
}

func TestTimeouts(t *testing.T) {
	// Time passes as fast as it can here: the connections are pipes.
	start := func(t *testing.T, client func(*testing.T, net.Conn, *publisher)) (took time.Duration, err error) {
		p := newPublisher()
		s, err := NewServer(Config{Publisher: p})
		if err != nil {
			t.Fatal(err)
		}
		here, there := net.Pipe()
		defer here.Close()
		begun := time.Now()
		ended := make(chan error, 1)
		go func() { ended <- s.ServeConn(there) }()
		client(t, here, p)
		err = <-ended
		took = time.Since(begun)
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		return took, err
	}
	drain := func(c net.Conn) {
		go func() {
			b := make([]byte, 1024)
			for {
				if _, err := c.Read(b); err != nil {
					return
				}
			}
		}()
	}
	publish := func(t *testing.T, c net.Conn) {
		handshakeRaw(t, c)
		_ = c.SetDeadline(time.Time{})
		drain(c)
		_, _ = c.Write(rawPublish("live", testKey))
	}
	for _, tt := range []struct {
		name   string
		client func(*testing.T, net.Conn, *publisher)
		want   time.Duration
	}{
		{"a client that says nothing has ten seconds", func(*testing.T, net.Conn, *publisher) {}, 10 * time.Second},
		{"a byte now and then does not prolong them", func(_ *testing.T, c net.Conn, _ *publisher) {
			drain(c)
			for _, b := range append([]byte{3}, pattern(20)...) {
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(700 * time.Millisecond)
			}
		}, 10 * time.Second},
		{"a client that only connects has ten seconds", func(t *testing.T, c net.Conn, _ *publisher) {
			handshakeRaw(t, c)
			_ = c.SetDeadline(time.Time{})
			drain(c)
			time.Sleep(5 * time.Second)
			_, _ = c.Write(rawConnect("live"))
		}, 10 * time.Second},
		{"a client that does not read the answers has five", func(t *testing.T, c net.Conn, _ *publisher) {
			handshakeRaw(t, c)
			_ = c.SetDeadline(time.Time{})
			_, _ = c.Write(rawConnect("live"))
		}, 5 * time.Second},
		{"a silent publisher has ten seconds", func(t *testing.T, c net.Conn, _ *publisher) {
			publish(t, c)
			time.Sleep(6 * time.Second)
			_, _ = c.Write(rawAudio(0, aacHeader))
		}, 16 * time.Second},
		{"a publisher who is done has five to hang up", func(t *testing.T, c net.Conn, _ *publisher) {
			publish(t, c)
			_, _ = c.Write(rawCommand(0, "deleteStream", 6, nil, 1))
			for range 3 {
				time.Sleep(time.Second)
				_, _ = c.Write(rawAudio(0, aacHeader))
			}
		}, 5 * time.Second},
		{"a publisher who does not read is cut off within a second", func(t *testing.T, c net.Conn, p *publisher) {
			raw := handshakeRaw(t, c)
			_ = c.SetDeadline(time.Time{})
			go func() { _, _ = c.Write(rawPublish("live", testKey)) }()
			_ = raw.status(t)
			_, _ = c.Write(rawControl(typeUserControl, 0, eventPingRequest, 0, 0, 0, 1))
			time.Sleep(time.Second)
			p.next(t).end(video.ErrDisconnected)
		}, 2 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				took, err := start(t, tt.client)
				if took < tt.want-500*time.Millisecond || took > tt.want+500*time.Millisecond {
					t.Errorf("ended after %v (%v), want %v", took, err, tt.want)
				}
			})
		})
	}
}

func TestShutdownsContextEndsWhatDoesNotEndItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPublisher()
		s, err := NewServer(Config{Publisher: p})
		if err != nil {
			t.Fatal(err)
		}
		here, there := net.Pipe()
		ended := make(chan error, 1)
		go func() { ended <- s.ServeConn(there) }()
		c := handshakeRaw(t, here)
		_ = c.SetDeadline(time.Time{})
		go func() { _, _ = c.Write(rawPublish("live", testKey)) }()
		_ = c.status(t)
		_, _ = c.Write(rawControl(typeUserControl, 0, eventPingRequest, 0, 0, 0, 1)) // whose answer nobody reads
		synctest.Wait()
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-ended; !errors.Is(err, video.ErrServerClosed) {
			t.Errorf("ServeConn: %v", err)
		}
		if took := time.Since(begun); took > 200*time.Millisecond {
			t.Errorf("the connection ended after %v", took)
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

func TestAnInterruptIsNotUndoneByADeadline(t *testing.T) {
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	r := newReader(there)
	r.interrupt()
	if err := r.expireAt(time.Now().Add(time.Hour)); !errors.Is(err, errInterrupted) {
		t.Errorf("expireAt: %v", err)
	}
	r.expireAfter(time.Hour)
	if _, err := r.next(1); !errors.Is(err, errInterrupted) {
		t.Errorf("next: %v", err)
	}
}
