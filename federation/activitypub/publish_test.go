package activitypub_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/owncast-go/owncast/federation/activitypub/internal/httpsig"
	"github.com/owncast-go/owncast/video/rtmp"
	"github.com/owncast-go/owncast/video/videotest"
)

// publish broadcasts to a channel until stop is called, and waits until it is
// live.
func (c *channel) publish() (stop func()) {
	c.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	app := c.app
	c.served.Go(func() { _ = app.ServeRTMP(l) }) // until the end of the App
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	client, err := rtmp.Dial(ctx, "rtmp://"+l.Addr().String()+"/live", rtmp.ClientConfig{StreamKey: "key"})
	cancel()
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = videotest.Publish(ctx, client) // ends with ctx
	}()
	eventually(c.t, c.host+" is live", func() bool { return c.app.Status().Online() })
	return sync.OnceFunc(func() {
		cancel()
		<-done
		_ = client.Close()
		c.app.Disconnect()
	})
}

// sign signs a request without a body as a user.
func (s *social) sign(r *http.Request, user string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := httpsig.Sign(r, nil, httpsig.Key{ID: s.user(user) + "#main-key", Private: s.key}, s.kind, time.Now()); err != nil {
		s.t.Fatal(err)
	}
}
