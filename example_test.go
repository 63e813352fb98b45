package owncast_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing/fstest"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/local"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/hardware"
	"github.com/owncast-go/owncast/video/prometheus"
	"github.com/owncast-go/owncast/video/restream"
	"github.com/owncast-go/owncast/video/rtmp"
	"github.com/owncast-go/owncast/video/videotest"
)

// The smallest server: publish to rtmp://localhost/live/change-me and watch at
// http://localhost:8080/.
func Example() {
	app, err := owncast.New(owncast.WithDataDir("data"), owncast.WithStreamKeys("change-me"))
	if err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", ":1935")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.ListenAndServe(":8080", app.Handler())) }()
	if err := app.Run(context.Background(), l); err != nil {
		log.Fatal(err)
	}
}

// New reports everything that is wrong with its options at once.
func ExampleNew() {
	_, err := owncast.New(owncast.WithBaseURL("example.org"), owncast.WithLatencyLevel(7))
	var option *owncast.OptionError
	fmt.Println(errors.As(err, &option), option.Option)
	fmt.Println(err)
	// Output:
	// true WithBaseURL
	// owncast: WithBaseURL: "example.org" is not an absolute http or https URL
	// owncast: WithLatencyLevel: latency level 7 is not from 0 to 4
}

// A site that has a mux and a lifetime of its own.
func ExampleApp_Start() {
	app, err := owncast.New(owncast.WithBaseURL("https://example.org/live"), owncast.WithStreamKeys("change-me"))
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/live/", app.Handler())
	mux.Handle("/.well-known/webfinger", app.WellKnown())

	if err := app.Start(context.Background()); err != nil {
		log.Fatal(err)
	}
	// … serve mux, app.ServeRTMP(listener), wait …
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := app.Shutdown(ctx); err != nil {
		log.Print(err)
	}
}

// Keys that are changed while the App runs live in its settings.
func ExampleApp_Settings() {
	app, err := owncast.New(owncast.WithRepository(memory.New()))
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := app.Start(ctx); err != nil {
		log.Fatal(err)
	}
	defer app.Shutdown(ctx)
	if err := app.Settings().SetStreamKeys(ctx, []owncast.StreamKey{{Key: owncast.NewSecret(), Comment: "studio"}}); err != nil {
		log.Fatal(err)
	}
	keys, err := app.Settings().StreamKeys(ctx)
	fmt.Println(len(keys), keys[0].Comment, err)
	// Output: 1 studio <nil>
}

// Two channels behind one RTMP port: rtmp://host/news/… and rtmp://host/sports/….
func ExampleRTMPMux() {
	mux, err := owncast.NewRTMPMux(nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"news", "sports"} {
		app, err := owncast.New(owncast.WithDataDir("data/"+name), owncast.WithStreamKeys("change-me"))
		if err != nil {
			log.Fatal(err)
		}
		if err := app.Start(context.Background()); err != nil {
			log.Fatal(err)
		}
		mux.Handle(name, app)
		http.Handle("/"+name+"/", http.StripPrefix("/"+name, app.Handler()))
	}
	l, err := net.Listen("tcp", ":1935")
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(mux.Serve(l))
}

// The administration on a private listener alone. Administrators have the rest
// there too, which its pages show.
func ExampleApp_HandlerFor() {
	app, err := owncast.New(owncast.WithDataDir("data"), owncast.WithAdminPassword("change-me"))
	if err != nil {
		log.Fatal(err)
	}
	public := app.HandlerFor(owncast.PartPage, owncast.PartVideo, owncast.PartChat, owncast.PartFediverse)
	go func() { log.Fatal(http.ListenAndServe(":8080", public)) }()
	go func() { log.Fatal(http.ListenAndServe("10.0.0.1:8081", app.Handler())) }()
	// … app.Run …
}

// A connection that the program has already, from a port that it shares among
// protocols, or like here from within.
func ExampleApp_ServeRTMPConn() {
	app, err := owncast.New(owncast.WithRepository(memory.New()), owncast.WithStreamKeys("change-me"))
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := app.Start(ctx); err != nil {
		log.Fatal(err)
	}
	defer app.Shutdown(ctx)

	here, there := net.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- app.ServeRTMPConn(there) }()
	client, err := rtmp.Dial(ctx, "rtmp://here/live/change-me", rtmp.ClientConfig{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return here, nil },
	})
	if err != nil {
		log.Fatal(err)
	}
	// … client.WritePacket, or videotest.Publish(ctx, client) …
	err = client.Close()
	fmt.Println(err, <-ended)
	// Output: <nil> <nil>
}

// One storage for several Apps.
func ExampleWithStorage() {
	shared := local.New("/srv/video")
	part, err := storage.Sub(shared, "channel-1")
	if err != nil {
		log.Fatal(err)
	}
	_, err = owncast.New(owncast.WithStorage(part))
	fmt.Println(err)
	// Output: <nil>
}

// Publishers that another system knows.
func ExampleWithPublishAuthorizer() {
	known := func(context.Context, string) bool { return true }
	_, err := owncast.New(owncast.WithPublishAuthorizer(video.PublishAuthorizerFunc(
		func(ctx context.Context, req video.PublishRequest) error {
			if !known(ctx, req.StreamKey) {
				return owncast.ErrStreamKey
			}
			return nil
		})))
	fmt.Println(err)
	// Output: <nil>
}

// Administrators that the site's own sessions know.
func ExampleWithAuthenticator() {
	_, err := owncast.New(owncast.WithAuthenticator(owncast.AuthenticatorFunc(
		func(r *http.Request) (owncast.User, error) {
			c, err := r.Cookie("session")
			if err != nil {
				return owncast.User{}, owncast.ErrUnauthorized
			}
			return owncast.User{ID: c.Value, Role: repository.RoleAdmin}, nil
		})))
	fmt.Println(err)
	// Output: <nil>
}

// Viewers that paid, by a cookie of the site.
func ExampleWithViewerAuth() {
	_, err := owncast.New(owncast.WithViewerAuth(owncast.ViewerAuthorizerFunc(
		func(r *http.Request) error {
			if c, err := r.Cookie("ticket"); err != nil || c.Value == "" {
				return owncast.ErrUnauthorized
			}
			return nil
		})))
	fmt.Println(err)
	// Output: <nil>
}

// A passphrase for everybody, and links for those who should not need it.
func ExampleWithViewerPassphrase() {
	key := []byte("32 bytes and more from crypto/rand")
	_, err := owncast.New(owncast.WithViewerPassphrase("open sesame"), owncast.WithViewerLinks(key))
	fmt.Println(err)
	// Output: <nil>
}

// A link for one viewer, until the end of the century.
func ExampleSignViewerURL() {
	key := []byte("32 bytes and more from crypto/rand")
	link, err := owncast.SignViewerURL(key, "https://example.org/live/", "alice", time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
	fmt.Println(strings.HasPrefix(link, "https://example.org/live/?token=alice.4102444800."), err)
	// Output: true <nil>
}

// A host that wants to know, and has a say.
func ExampleWithHooks() {
	_, err := owncast.New(owncast.WithHooks(owncast.Hooks{
		BeforePublish: func(_ context.Context, req video.PublishRequest) error {
			if req.App != "live" {
				return errors.New("not here")
			}
			return nil
		},
		StreamStarted: func(_ context.Context, e video.StreamStarted) {
			slog.Info("on air", "session", e.Status.SessionID)
		},
	}))
	fmt.Println(err)
	// Output: <nil>
}

// An hour to go back, the shortest delay, and a minute to come back in.
func ExampleWithDVR() {
	_, err := owncast.New(
		owncast.WithDVR(time.Hour),
		owncast.WithLatencyLevel(0),
		owncast.WithReconnectGrace(time.Minute),
		owncast.WithPublishPolicy(video.TakeOver),
	)
	fmt.Println(err)
	// Output: <nil>
}

// A page of the host's own, behind a proxy, with a logger of its own.
func ExampleWithWebUI() {
	page := fstest.MapFS{"index.html": {Data: []byte("<!doctype html><title>My stream</title>")}}
	_, err := owncast.New(
		owncast.WithWebUI(page),
		owncast.WithTrustedProxies(netip.MustParsePrefix("10.0.0.0/8")),
		owncast.WithAdminPassword("change-me"),
		owncast.WithLogger(slog.New(slog.NewJSONHandler(os.Stderr, nil))),
	)
	fmt.Println(err)
	// Output: <nil>
}

// The broadcast goes to another server too.
func ExampleWithRestream() {
	_, err := owncast.New(
		owncast.WithRestream(restream.Output{
			ID: "other", URL: "rtmps://live.example.org/app", StreamKey: "a-secret-of-theirs", Enabled: true,
		}),
		owncast.WithHooks(owncast.Hooks{
			OutputFailed: func(_ context.Context, e restream.OutputFailed) {
				slog.Warn("they do not get it", "output", e.Output.ID, "err", e.Output.Err, "again", e.Output.RetryAt)
			},
		}),
	)
	fmt.Println(err)
	// Output: <nil>
}

// Figures for Prometheus and the state of the machine, for administrators.
func ExampleWithPrometheus() {
	_, err := owncast.New(
		owncast.WithPrometheus(prometheus.NewHandler), // at /api/admin/prometheus
		owncast.WithHardware(hardware.New()),          // at /api/admin/hardwarestats
		owncast.WithHooks(owncast.Hooks{
			HealthChanged: func(_ context.Context, h owncast.Health) {
				for _, p := range h.Problems {
					slog.Warn(p.Text, "code", p.Code, "detail", p.Detail, "since", p.Since)
				}
			},
		}),
	)
	fmt.Println(err)
	// Output: <nil>
}

// A clip while there is no stream.
func ExampleWithSlate() {
	_, err := owncast.New(owncast.WithSlate(bytes.NewReader(videotest.Clip())))
	fmt.Println(err)
	// Output: <nil>
}
