package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/repository/jetstream"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(serverDir); dir != "" {
		fmt.Fprintln(os.Stderr, beServer(dir))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// natsServer is a server in this process, which can be stopped and started
// again.
type natsServer struct {
	t    testing.TB
	opts server.Options
	s    *server.Server
}

// atLength tells whether tests may take their time, as in make test.
func atLength() bool { return os.Getenv("OWNCAST_TEST_LONG") != "" }

// serve starts a server with JetStream in a directory of its own.
func serve(t testing.TB) *natsServer {
	t.Helper()
	n := &natsServer{t: t, opts: server.Options{
		Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
	}}
	n.start()
	t.Cleanup(n.stop)
	return n
}

func (n *natsServer) start() {
	n.t.Helper()
	opts := n.opts
	s, err := server.NewServer(&opts)
	if err != nil {
		n.t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		n.t.Fatal("NATS is not ready")
	}
	n.s = s
	n.opts.Port = opts.Port // the same from now on
}

func (n *natsServer) stop() {
	n.s.Shutdown()
	n.s.WaitForShutdown()
}

func (n *natsServer) url() string { return fmt.Sprintf("nats://127.0.0.1:%d", n.opts.Port) }

// node opens a node of a cluster, which the end of the test closes.
func (n *natsServer) node(t testing.TB, change ...func(*jetstream.Config)) *jetstream.Cluster {
	t.Helper()
	cfg := jetstream.Config{URL: n.url()}
	for _, f := range change {
		f(&cfg)
	}
	c := jetstream.New(cfg)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.Open(ctx, logger(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// logger logs to the test, if it is asked for.
func logger(t testing.TB) *slog.Logger {
	if os.Getenv("JETSTREAM_TEST_LOG") == "" {
		return nil
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// named is a Config of a name that no other has.
func named(counter *atomic.Int64) func(*jetstream.Config) {
	return func(c *jetstream.Config) { c.Name = fmt.Sprint("test-", counter.Add(1)) }
}

// raw connects to the server as somebody else.
func (n *natsServer) raw(t testing.TB) js.JetStream {
	t.Helper()
	nc, err := nats.Connect(n.url(), nats.MaxReconnects(10))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	j, err := js.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func (n *natsServer) delete(t testing.TB, stream string) {
	t.Helper()
	if err := n.raw(t).DeleteStream(t.Context(), stream); err != nil && !errors.Is(err, js.ErrStreamNotFound) {
		t.Fatal(err)
	}
}

// stream makes a stream, unless it is there.
func (n *natsServer) stream(t testing.TB, name string, meta map[string]string) {
	t.Helper()
	eventually(t, "a stream is made", func() error {
		_, err := n.raw(t).CreateStream(t.Context(), js.StreamConfig{Name: name, Subjects: []string{name}, Metadata: meta})
		if errors.Is(err, js.ErrStreamNameAlreadyInUse) {
			return nil
		}
		return err // such as that the one of this name is still being deleted
	})
}

// messages is how many a stream has.
func (n *natsServer) messages(t testing.TB, stream string) int {
	t.Helper()
	s, err := n.raw(t).Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	return int(s.CachedInfo().State.Msgs)
}

// forget loses everything that the server, which does not run, has kept.
func (n *natsServer) forget(t testing.TB) {
	t.Helper()
	if err := os.RemoveAll(n.opts.StoreDir); err != nil {
		t.Fatal(err)
	}
}

// keep copies what the server, which does not run, has kept, and returns what
// puts that back.
func (n *natsServer) keep(t testing.TB) (restore func()) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "kept")
	if err := os.CopyFS(dir, os.DirFS(n.opts.StoreDir)); err != nil {
		t.Fatal(err)
	}
	return func() {
		n.forget(t)
		if err := os.CopyFS(n.opts.StoreDir, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
	}
}
