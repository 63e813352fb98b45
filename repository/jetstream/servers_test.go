package jetstream_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/owncast-go/owncast/repository/jetstream"
)

// snapshots are the names of those of the default cluster.
func (n *natsServer) snapshots(t testing.TB) []string {
	t.Helper()
	st, err := n.raw(t).Stream(t.Context(), "owncast-snapshots")
	if err != nil {
		t.Fatal(err)
	}
	info, err := st.Info(t.Context(), js.WithSubjectFilter("owncast-snapshots.*.end"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range info.State.Subjects {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// keepStream does what keep does with one stream.
func (n *natsServer) keepStream(t testing.TB, stream string) (restore func()) {
	t.Helper()
	from := filepath.Join(n.opts.StoreDir, "jetstream", "$G", "streams", stream)
	dir := filepath.Join(t.TempDir(), "kept")
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := errors.Join(os.RemoveAll(from), os.CopyFS(from, os.DirFS(dir))); err != nil {
			t.Fatal(err)
		}
	}
}

// proxy is a way to a server that can be closed.
type proxy struct {
	natsServer
	to string
	l  net.Listener
	wg sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

func (n *natsServer) proxy(t testing.TB) *proxy {
	t.Helper()
	p := &proxy{to: fmt.Sprintf("127.0.0.1:%d", n.opts.Port)}
	p.t, p.opts.Port = t, 0
	p.start()
	t.Cleanup(p.stop)
	return p
}

func (p *proxy) start() {
	p.t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p.opts.Port))
	if err != nil {
		p.t.Fatal(err)
	}
	p.l, p.opts.Port = l, l.Addr().(*net.TCPAddr).Port
	p.wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", p.to)
			if err != nil {
				in.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, in, out)
			p.mu.Unlock()
			for _, c := range [][2]net.Conn{{in, out}, {out, in}} {
				p.wg.Go(func() {
					_, _ = io.Copy(c[0], c[1])
					c[0].Close()
					c[1].Close()
				})
			}
		}
	})
}

func (p *proxy) stop() {
	p.l.Close()
	p.mu.Lock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
	p.mu.Unlock()
	p.wg.Wait()
}

// serverDir is set, to the directory of a server, in a process that is one.
const serverDir = "JETSTREAM_TEST_SERVER"

// beServer is a server until it is killed. It prints its port.
func beServer(dir string) error {
	dir, port, _ := strings.Cut(dir, ":")
	n, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	opts := &server.Options{Host: "127.0.0.1", Port: n, NoSigs: true, NoLog: true, JetStream: true, StoreDir: dir}
	s, err := server.NewServer(opts)
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		return errors.New("not ready")
	}
	fmt.Println(opts.Port)
	_, err = io.Copy(io.Discard, os.Stdin) // ends with who has started it
	return err
}

// process is a server in a process of its own.
type process struct {
	natsServer
	cmd *exec.Cmd
}

func serveProcess(t testing.TB) *process {
	t.Helper()
	p := &process{}
	p.t, p.opts.Port, p.opts.StoreDir = t, -1, t.TempDir()
	p.start()
	t.Cleanup(p.kill)
	return p
}

func (p *process) start() {
	p.t.Helper()
	p.cmd = exec.Command(os.Args[0], "-test.run=^$")
	p.cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s:%d", serverDir, p.opts.StoreDir, p.opts.Port))
	p.cmd.Stderr = os.Stderr
	if _, err := p.cmd.StdinPipe(); err != nil {
		p.t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		p.t.Fatal(err)
	}
	if p.opts.Port, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
		p.t.Fatal(err)
	}
}

// kill ends the process as kill -9 does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// writers append messages to clusters, and note what becomes of each.
type writers struct {
	done chan struct{}
	once sync.Once
	wg   sync.WaitGroup

	mu      sync.Mutex
	yes, no map[string]bool // by id: confirmed, refused
}

func newWriters(nodes ...*jetstream.Cluster) *writers {
	w := &writers{done: make(chan struct{}), yes: map[string]bool{}, no: map[string]bool{}}
	for n, c := range nodes {
		for g := range 4 {
			w.wg.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-w.done:
						return
					case <-time.After(time.Millisecond):
					}
					id := fmt.Sprint(n, "/", g, "/", i)
					err := c.Repository().Chat.AppendMessages(context.Background(), message(id))
					w.mu.Lock()
					if err == nil {
						w.yes[id] = true
					} else {
						w.no[id] = true
					}
					w.mu.Unlock()
				}
			})
		}
	}
	return w
}

func (w *writers) stop() {
	w.once.Do(func() { close(w.done) })
	w.wg.Wait()
}

func (w *writers) counts() (yes, no int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.yes), len(w.no)
}

// confirmed waits until n more were.
func (w *writers) confirmed(t testing.TB, n int) {
	t.Helper()
	before, _ := w.counts()
	eventually(t, "messages are confirmed", func() error {
		if now, _ := w.counts(); now < before+n {
			return fmt.Errorf("%d", now-before)
		}
		return nil
	})
}

// refused waits until some more were.
func (w *writers) refused(t testing.TB) {
	t.Helper()
	_, before := w.counts()
	eventually(t, "messages are refused", func() error {
		if _, now := w.counts(); now < before+10 {
			return fmt.Errorf("%d", now-before)
		}
		return nil
	})
}

// check returns an error unless all that was confirmed is among ids, and
// nothing is twice. What was refused may be there.
func (w *writers) check(ids []string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			return fmt.Errorf("%s is there twice", id)
		}
		seen[id] = true
		if !w.yes[id] && !w.no[id] {
			return fmt.Errorf("nobody wrote %s", id)
		}
	}
	for id := range w.yes {
		if !seen[id] {
			return fmt.Errorf("%s of %d is not there", id, len(w.yes))
		}
	}
	return nil
}
