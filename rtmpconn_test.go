package owncast_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video/rtmp"
	"github.com/owncast-go/owncast/video/videotest"
)

// through publishes over c.
func through(t *testing.T, c net.Conn, url string) (*rtmp.Client, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return rtmp.Dial(ctx, url, rtmp.ClientConfig{
		Timeout:     patience,
		DialContext: func(context.Context, string, string) (net.Conn, error) { return c, nil },
	})
}

// served waits for what serving a connection has returned.
func served(t *testing.T, ended <-chan error) error {
	t.Helper()
	select {
	case err := <-ended:
		return err
	case <-time.After(patience):
		t.Fatal("the connection is still served")
		return nil
	}
}

func TestAConnectionOfTheHostsIsServed(t *testing.T) {
	for name, pair := range map[string]func(*testing.T) (here, there net.Conn){
		"a pipe": func(*testing.T) (net.Conn, net.Conn) { return net.Pipe() },
		"a connection of a port that the host shares": func(t *testing.T) (net.Conn, net.Conn) {
			l := listen(t)
			defer l.Close()
			here, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			there, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			return here, there
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := run(t, owncast.WithReconnectGrace(0))
			publish := func(url string) (*rtmp.Client, <-chan error, error) {
				here, there := pair(t)
				ended := make(chan error, 1)
				go func() { ended <- c.app.ServeRTMPConn(there) }()
				client, err := through(t, here, url)
				return client, ended, err
			}
			_, ended, err := publish("rtmp://host/live/wrong")
			if refused := (*rtmp.StatusError)(nil); !errors.As(err, &refused) {
				t.Errorf("a wrong key: Dial = %v, want a *StatusError", err)
			}
			if err := served(t, ended); !errors.Is(err, owncast.ErrStreamKey) {
				t.Errorf("a wrong key: ServeRTMPConn = %v, want ErrStreamKey", err)
			}

			client, ended, err := publish("rtmp://host/live/k")
			if err != nil {
				t.Fatal(err)
			}
			if err := videotest.Send(client, 12*time.Second); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if played, err := videotest.Play(ctx, c.web.Client(), c.web.URL+"/hls/stream.m3u8", 4*time.Second); err != nil || len(played) != 2 {
				t.Errorf("Play = %+v, %v, want two renditions", played, err)
			}
			if err := client.Close(); err != nil {
				t.Errorf("Close = %v", err)
			}
			if err := served(t, ended); err != nil {
				t.Errorf("the publisher was done: ServeRTMPConn = %v", err)
			}
		})
	}
}

func TestAConnectionOfTheHostsEndsWithTheApp(t *testing.T) {
	c := run(t)
	for _, key := range []string{"k", ""} { // one who publishes, and one who says nothing
		here, there := net.Pipe()
		defer here.Close()
		ended := make(chan error, 1)
		go func() { ended <- c.app.ServeRTMPConn(there) }()
		if key != "" {
			client, err := through(t, here, "rtmp://host/live/"+key)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			if err := videotest.Send(client, time.Second); err != nil {
				t.Fatal(err)
			}
		} else if _, err := here.Write([]byte{3}); err != nil { // it is served now
			t.Fatal(err)
		}
		defer func() {
			if err := served(t, ended); !errors.Is(err, owncast.ErrClosed) {
				t.Errorf("key %q: ServeRTMPConn = %v, want ErrClosed", key, err)
			}
		}()
	}
	shutdown(t, c.app)
}

func TestAConnectionIsClosedBeforeAndAfterTheApp(t *testing.T) {
	app, err := owncast.New(discard(), owncast.WithDataDir(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	refused := func(want error) {
		t.Helper()
		here, there := net.Pipe()
		defer here.Close()
		if err := app.ServeRTMPConn(there); !errors.Is(err, want) {
			t.Errorf("ServeRTMPConn = %v, want %v", err, want)
		}
		_ = here.SetReadDeadline(time.Now().Add(patience))
		if _, err := here.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("Read = %v: the connection is open", err)
		}
	}
	refused(owncast.ErrNotStarted)
	shutdown(t, app)
	refused(owncast.ErrClosed)
}

func TestAMuxServesConnectionsOfTheHosts(t *testing.T) {
	app, err := owncast.New(discard(), owncast.WithDataDir(t.TempDir()), owncast.WithStreamKeys("k"))
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	mux, err := owncast.NewRTMPMux(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("news", app)
	here, there := net.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- mux.ServeConn(there) }()
	client, err := through(t, here, "rtmp://host/news/k")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := videotest.Send(client, time.Second); err != nil {
		t.Fatal(err)
	}
	shutdown(t, mux)
	shutdown(t, app)
	if err := served(t, ended); !errors.Is(err, owncast.ErrClosed) {
		t.Errorf("ServeConn = %v, want ErrClosed", err)
	}
}

func TestTheHostLimitsRTMP(t *testing.T) {
	c := run(t, owncast.WithRTMPLimits(rtmp.Limits{MaxConnections: 1}))
	first := dial(t, c.rtmp, "live", "k")
	defer first.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	second, err := rtmp.Dial(ctx, "rtmp://"+c.rtmp+"/live/k", rtmp.ClientConfig{})
	if refused := (*rtmp.StatusError)(nil); err == nil || errors.As(err, &refused) {
		t.Errorf("Dial = %v, want a connection that is closed", err)
	}
	if err == nil {
		_ = second.Close()
	}
	_, err = owncast.New(owncast.WithRTMPLimits(rtmp.Limits{IdleTimeout: -1}))
	if oe := (*owncast.OptionError)(nil); !errors.As(err, &oe) || oe.Option != "WithRTMPLimits" {
		t.Errorf("New = %v, want an *OptionError of WithRTMPLimits", err)
	}
}
