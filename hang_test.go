package owncast_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video"
)

// TestHooksThatHangStopNoVideo has hooks of the stream and of the health hang,
// and the authenticator; those of the chat are in TestHooksOfTheChat.
func TestHooksThatHangStopNoVideo(t *testing.T) {
	release := make(chan struct{})
	called := make(chan string, 100)
	hang := func(name string) {
		select {
		case called <- name:
		default:
		}
		<-release // whatever the context says
	}
	c := run(t, calm(), owncast.WithLatencyLevel(0),
		owncast.WithAuthenticator(owncast.AuthenticatorFunc(func(*http.Request) (owncast.User, error) {
			hang("authenticator")
			return owncast.User{}, owncast.ErrUnauthorized
		})),
		owncast.WithHooks(owncast.Hooks{
			StreamStarted: func(context.Context, video.StreamStarted) { hang("started") },
			HealthChanged: func(context.Context, owncast.Health) { hang("health") },
		}),
	)
	stop := publish(t, c.rtmp, "live", "k")
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		if res, err := http.Get(c.web.URL + "/api/admin/status"); err == nil {
			_ = res.Body.Close()
		}
	}()
	defer func() { // before the App is shut down, which waits for hooks
		close(release)
		<-asked
		stop()
	}()

	playlist := c.await("/hls/0/stream.m3u8", "-1.m4s") // a second segment, so that it goes on
	for seen := map[string]bool{}; !seen["started"] || !seen["authenticator"]; {
		select {
		case name := <-called:
			seen[name] = true
		case <-time.After(patience):
			t.Fatalf("asked: %v", seen)
		}
	}
	for line := range strings.Lines(playlist) {
		if name := strings.TrimSpace(line); strings.HasSuffix(name, "-1.m4s") {
			if code, body := c.get("/hls/0/" + name); code != http.StatusOK || body == "" {
				t.Errorf("%s: %d with %d bytes", name, code, len(body))
			}
		}
	}
	c.await("/api/status", `"online":true`)
}
