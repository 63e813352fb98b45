package owncast_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/video"
)

// TestHooksThatHangStopNoVideo has everything of the host hang that an App
// calls while there is a stream: the hooks of video, chat and viewers, the
// authenticator, and a notifier.
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
			BeforeMessage: func(context.Context, *chat.Draft) error { hang("message"); return nil },
			MessageSent:   func(context.Context, chat.MessageSent) { hang("sent") },
			UserJoined:    func(context.Context, chat.UserJoined) { hang("joined") },
			HealthChanged: func(context.Context, owncast.Health) { hang("health") },
		}),
	)
	defer close(release) // before the App is shut down, which waits for hooks

	stop := publish(t, c.rtmp, "live", "k")
	defer stop()
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		if res, err := http.Get(c.web.URL + "/api/admin/status"); err == nil {
			_ = res.Body.Close()
		}
	}()
	defer func() { <-asked }()
	defer c.web.CloseClientConnections()

	playlist := c.await("/hls/0/stream.m3u8", "-1.m4s") // a second segment, so that it goes on
	for _, name := range []string{"started", "authenticator"} {
		for got := ""; got != name; {
			got = <-called
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
