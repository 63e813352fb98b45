package activitypub_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

// channel is an App in the world.
type channel struct {
	t     testing.TB
	w     *world
	app   *owncast.App
	repo  owncast.Repository
	base  string // its server URL
	host  string
	front *front
	opts  []owncast.Option

	served  sync.WaitGroup
	service federation.Service

	mu     sync.Mutex
	events []any
}

// front passes requests on to an App that may be another one later.
type front struct {
	mu      sync.RWMutex
	h       http.Handler
	log     func(*http.Request)
	arrived []arrival
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.RLock()
	h, log := f.h, f.log
	f.mu.RUnlock()
	if log != nil {
		log(r)
	}
	if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/inbox") {
		f.note(w, r, h)
		return
	}
	h.ServeHTTP(w, r)
}

func (f *front) handler() http.Handler {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.h
}

func (f *front) set(h http.Handler) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.h = h
}

// channel starts an App under a name, with the federation enabled.
func (w *world) channel(name string, opts ...owncast.Option) *channel {
	w.t.Helper()
	c := &channel{t: w.t, w: w, repo: memory.New(), front: &front{h: http.NotFoundHandler()}, opts: opts}
	c.host = name + ":" + w.serve(c.front, name)
	c.base = "https://" + c.host
	c.start()
	c.set(func(f *owncast.FederationSettings) { f.Enabled, f.AllowQuotes = true, true })
	w.t.Cleanup(c.stop)
	return c
}

func (c *channel) start() {
	c.t.Helper()
	note := func(e any) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.events = append(c.events, e)
	}
	opts := append([]owncast.Option{
		owncast.WithDataDir(c.t.TempDir()), owncast.WithRepository(c.repo), owncast.WithBaseURL(c.base), owncast.WithLogger(logger(c.t)),
		owncast.WithAdminPassword("secret"), owncast.WithStreamKeys("key"),
		owncast.WithFederation(func(cfg federation.Config) (federation.Service, error) {
			cfg.Network = c.w.network()
			s, err := activitypub.New(cfg)
			c.service = s
			return s, err
		}),
		owncast.WithHooks(owncast.Hooks{
			Followed:        func(_ context.Context, e federation.Followed) { note(e) },
			FollowRequested: func(_ context.Context, e federation.FollowRequested) { note(e) },
			Unfollowed:      func(_ context.Context, e federation.Unfollowed) { note(e) },
			Liked:           func(_ context.Context, e federation.Liked) { note(e) },
			Shared:          func(_ context.Context, e federation.Shared) { note(e) },
			Mentioned:       func(_ context.Context, e federation.Mentioned) { note(e) },
			Replied:         func(_ context.Context, e federation.Replied) { note(e) },
			Quoted:          func(_ context.Context, e federation.Quoted) { note(e) },
			ServerChanged:   func(_ context.Context, e federation.ServerChanged) { note(e) },
		}),
	}, c.opts...)
	app, err := owncast.New(opts...)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := app.Start(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	c.app = app
	mux := http.NewServeMux()
	mux.Handle("/", app.Handler())
	mux.Handle("/.well-known/", app.WellKnown())
	c.front.set(mux)
}

// logger logs to standard error if TEST_LOG is set.
func logger(t testing.TB) *slog.Logger {
	t.Helper()
	if os.Getenv("TEST_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.DiscardHandler)
}

func (c *channel) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.app.Shutdown(ctx); err != nil {
		c.t.Errorf("Shutdown of %s = %v", c.host, err)
	}
	c.served.Wait()
}

// set changes the settings of the federation.
func (c *channel) set(fn func(*owncast.FederationSettings)) {
	c.t.Helper()
	_, err := c.app.Settings().UpdateFederation(c.t.Context(), func(f *owncast.FederationSettings) error { fn(f); return nil })
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *channel) instance(fn func(*owncast.Instance)) {
	c.t.Helper()
	_, err := c.app.Settings().UpdateInstance(c.t.Context(), func(i *owncast.Instance) error { fn(i); return nil })
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *channel) actor() string { return c.base + "/federation/user/streamer" }

// got returns the events of a kind.
func got[E any](c *channel) []E {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []E
	for _, e := range c.events {
		if e, ok := e.(E); ok {
			list = append(list, e)
		}
	}
	return list
}

// await waits for n events of a kind, and returns the last.
func await[E any](c *channel, n int) E {
	c.t.Helper()
	var list []E
	eventually(c.t, fmt.Sprintf("%d events %T at %s", n, *new(E), c.host), func() bool {
		list = got[E](c)
		return len(list) >= n
	})
	if len(list) > n {
		c.t.Fatalf("%d events %T at %s, want %d", len(list), *new(E), c.host, n)
	}
	return list[n-1]
}

// followers are those in a state.
func (c *channel) followers(s repository.FollowerState) []repository.Follower {
	c.t.Helper()
	list, _, err := c.repo.Followers.Followers(c.t.Context(), repository.FollowerQuery{State: s})
	if err != nil {
		c.t.Fatal(err)
	}
	return list
}

// drained waits until nothing is to be delivered any more.
func (c *channel) drained() {
	c.t.Helper()
	eventually(c.t, "nothing waits at "+c.host, func() bool {
		n, err := c.repo.Deliveries.CountDeliveries(c.t.Context())
		return err == nil && n.Waiting == 0
	})
}

// admin asks the administration API.
func (c *channel) admin(method, path string, body any) (int, string) {
	c.t.Helper()
	var r io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	return c.ask(method, path, r, func(req *http.Request) { req.SetBasicAuth("admin", "secret") })
}

// get asks as anybody.
func (c *channel) get(path string, header ...string) (int, string) {
	c.t.Helper()
	return c.ask("GET", path, http.NoBody, func(r *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
	})
}

func (c *channel) ask(method, path string, body io.Reader, prepare func(*http.Request)) (int, string) {
	c.t.Helper()
	if !strings.HasPrefix(path, "https://") {
		path = c.base + path
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	if method != "GET" {
		r.Header.Set("Content-Type", "application/json")
	}
	prepare(r)
	res, err := c.w.client().Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// document gets a document of the channel.
func (c *channel) document(path string) map[string]any {
	c.t.Helper()
	code, body := c.get(path, "Accept", "application/activity+json")
	var doc map[string]any
	if err := json.Unmarshal([]byte(body), &doc); err != nil || code != 200 {
		c.t.Fatalf("%s: %d %.300s", path, code, body)
	}
	for _, problem := range strict(doc) {
		c.t.Errorf("%s: %s", path, problem)
	}
	return doc
}
