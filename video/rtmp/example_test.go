package rtmp_test

import (
	"context"
	"errors"
	"log"
	"net"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/rtmp"
)

// A program gives the Server a listener and decides when it ends.
func ExampleServer() {
	var session video.Publisher // such as a *video.Server
	srv, err := rtmp.NewServer(rtmp.Config{
		Publisher: session,
		Limits:    rtmp.Limits{MaxConnections: 100},
	})
	if err != nil {
		log.Print(err)
		return
	}
	listener, err := net.Listen("tcp", ":1935")
	if err != nil {
		log.Print(err)
		return
	}
	go func() {
		if err := srv.Serve(listener); !errors.Is(err, video.ErrServerClosed) {
			log.Print(err)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = srv.Shutdown(ctx)
}

// A Client sends packets on to another server.
func ExampleDial() {
	var packets <-chan video.Packet
	ctx := context.Background()
	c, err := rtmp.Dial(ctx, "rtmps://example.org/live", rtmp.ClientConfig{StreamKey: "secret"})
	if err != nil {
		var status *rtmp.StatusError
		log.Print("refused: ", errors.As(err, &status))
		return
	}
	defer func() { _ = c.Close() }()
	for p := range packets {
		if err := c.WritePacket(p); err != nil {
			log.Print(err)
			return
		}
	}
}
