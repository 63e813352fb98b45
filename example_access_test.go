package owncast_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"testing/fstest"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository/bolt"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/rtmp"
)

// get asks an App that runs, as a browser would.
func get(h http.Handler, target string) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w.Code, w.Body.String()
}

// The App takes the path of its URL off by itself, and leaves the rest of the
// site alone.
func ExampleWithBaseURL() {
	app, err := owncast.New(owncast.WithBaseURL("https://example.org/live"), owncast.WithRepository(memory.New()))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Shutdown(ctx)

	mux := http.NewServeMux()
	mux.Handle("/live/", app.Handler())
	mux.Handle("/.well-known/", app.WellKnown()) // must be at the root of the host
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "my site") })

	_, page := get(mux, "/")
	code, _ := get(mux, "/live/api/status")
	fmt.Println(page, code)
	// Output: my site 200
}

// Everything that has to outlive the program is in one directory.
func ExampleWithDataDir() {
	_, err := owncast.New(owncast.WithDataDir("/var/lib/live"))
	fmt.Println(err)
	// Output: <nil>
}

// A key for each who broadcasts: take one away, and the others stay.
func ExampleWithStreamKeys() {
	_, err := owncast.New(owncast.WithStreamKeys("of-the-studio-7f3a", "of-the-van-19c2"))
	fmt.Println(err)
	// Output: <nil>
}

// Without a password, by this option or in the settings, there is no
// administration.
func ExampleWithAdminPassword() {
	for _, options := range [][]owncast.Option{nil, {owncast.WithAdminPassword("a long password")}} {
		app, err := owncast.New(append(options, owncast.WithRepository(memory.New()))...)
		if err != nil {
			fmt.Println(err)
			return
		}
		ctx := context.Background()
		if err := app.Start(ctx); err != nil {
			fmt.Println(err)
			return
		}
		code, _ := get(app.Handler(), "/api/admin/status")
		fmt.Println(code, http.StatusText(code))
		_ = app.Shutdown(ctx)
	}
	// Output:
	// 404 Not Found
	// 401 Unauthorized
}

// A studio whose connection breaks takes its own place again at once.
func ExampleWithPublishPolicy() {
	_, err := owncast.New(owncast.WithPublishPolicy(video.TakeOver))
	fmt.Println(err)
	// Output: <nil>
}

// Behind a proxy on this machine and another in the same network.
func ExampleWithTrustedProxies() {
	_, err := owncast.New(owncast.WithTrustedProxies(
		netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/24"),
	))
	fmt.Println(err)
	// Output: <nil>
}

// The player may be embedded by two sites and by no other.
func ExampleWithFrameAncestors() {
	_, err := owncast.New(owncast.WithFrameAncestors("https://example.org", "https://*.example.com"))
	fmt.Println(err)
	// Output: <nil>
}

// A link for each who may watch; the key is made once and kept.
func ExampleWithViewerLinks() {
	key := []byte("32 bytes and more from crypto/rand")
	app, err := owncast.New(owncast.WithViewerLinks(key), owncast.WithRepository(memory.New()))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Shutdown(ctx)

	link, err := owncast.SignViewerURL(key, "https://example.org/api/status", "alice", time.Now().Add(time.Hour))
	if err != nil {
		fmt.Println(err)
		return
	}
	stranger, _ := get(app.Handler(), "https://example.org/api/status")
	alice, _ := get(app.Handler(), link)
	fmt.Println(stranger, alice)
	// Output: 401 200
}

// Files for the text about the channel, at /public/.
func ExampleWithPublicFiles() {
	files := fstest.MapFS{"poster.txt": {Data: []byte("tonight")}} // or os.DirFS, or an embed.FS
	app, err := owncast.New(owncast.WithPublicFiles(files), owncast.WithRepository(memory.New()))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Shutdown(ctx)
	fmt.Println(get(app.Handler(), "/public/poster.txt"))
	// Output: 200 tonight
}

// Records as JSON, and none below warnings.
func ExampleWithLogger() {
	l := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	_, err := owncast.New(owncast.WithLogger(l))
	fmt.Println(err)
	// Output: <nil>
}

// The file of the default repository, opened by the host, which uses it too,
// and closes it.
func ExampleWithRepository() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	db, err := bolt.Open(dir + "/live.db")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()

	repo := db.Repository()
	repo.Chat = memory.New().Chat // what is said is not kept
	_, err = owncast.New(owncast.WithRepository(repo), owncast.WithBackup(db.Snapshot))
	fmt.Println(err)
	// Output: <nil>
}

// A backup for administrators, of a repository that the host has opened.
func ExampleWithBackup() {
	repo := memory.New() // such as one in the host's own database
	dump := func(ctx context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "what the host needs to make it anew")
		return err
	}
	_, err := owncast.New(owncast.WithRepository(repo), owncast.WithBackup(dump))
	fmt.Println(err)
	// Output: <nil>
}

// Publishers who all come through one proxy.
func ExampleWithRTMPLimits() {
	_, err := owncast.New(owncast.WithRTMPLimits(rtmp.Limits{MaxConnections: 100, MaxWaiting: 100}))
	fmt.Println(err)
	// Output: <nil>
}
