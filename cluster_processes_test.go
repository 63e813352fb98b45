package owncast_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/jetstream"
)

// clusterRole makes a process of the tests one of a cluster: "nats" or "node",
// which finds or has NATS at the port, with its files in the directory.
const (
	clusterRole = "OWNCAST_TEST_CLUSTER"
	clusterPort = "OWNCAST_TEST_CLUSTER_PORT"
	clusterDir  = "OWNCAST_TEST_CLUSTER_DIR"
)

// beInCluster is what such a process does, until it is killed.
func beInCluster(t *testing.T, role string) {
	n := &nats{t: t}
	if _, err := fmt.Sscan(os.Getenv(clusterPort), &n.opts.Port); err != nil {
		t.Fatal(err)
	}
	if role == "nats" {
		n.opts.Host, n.opts.NoSigs, n.opts.NoLog, n.opts.JetStream = "127.0.0.1", true, true, true
		n.opts.StoreDir = os.Getenv(clusterDir)
		n.start()
		fmt.Println("\nlistening -")
	} else {
		c := n.node(owncast.WithDataDir(os.Getenv(clusterDir)))
		fmt.Println("\nlistening", c.web.URL, c.rtmp)
	}
	<-t.Context().Done() // never: it is killed
}

// member is a process of a cluster.
type member struct {
	cmd *exec.Cmd
	c   *channel // of a node, to ask it
}

// join starts a process and waits until it is there.
func join(t *testing.T, role string, port int, dir string) *member {
	t.Helper()
	m := &member{cmd: exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAClusterOfProcesses$", "-test.v", "-test.timeout=0")}
	m.cmd.Env = append(os.Environ(), clusterRole+"="+role, fmt.Sprint(clusterPort, "=", port), clusterDir+"="+dir)
	m.cmd.WaitDelay = time.Second
	out, err := m.cmd.StdoutPipe()
	must(t, err)
	must(t, m.cmd.Start())
	t.Cleanup(m.kill)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) < 2 || f[0] != "listening" {
			continue
		}
		go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the process
		if role == "node" {
			web := httptest.NewServer(http.NotFoundHandler()) // for its client
			t.Cleanup(web.Close)
			web.URL = f[1]
			m.c = &channel{t: t, web: web, rtmp: f[2]}
		}
		return m
	}
	t.Fatal("the process did not listen: ", role)
	return nil
}

// kill is kill -9.
func (m *member) kill() {
	_ = m.cmd.Process.Kill() // it may have been before
	_ = m.cmd.Wait()
}

// audience is many viewers and people in the chat, spread over nodes.
type audience struct {
	t    *testing.T
	stop context.CancelFunc
	ctx  context.Context //nolint:containedctx // until stop
	wg   sync.WaitGroup

	viewers []*onlooker
	people  []*talker
	http    *http.Client
}

// onlooker is a viewer.
type onlooker struct {
	at      atomic.Pointer[channel]
	id      int
	newest  atomic.Pointer[string]
	moves   atomic.Int64 // how often there was something new
	failing atomic.Int64 // requests in a row
}

// talker is somebody in the chat.
type talker struct {
	at   *channel
	ws   *websocket.Conn
	gone atomic.Bool

	mu    sync.Mutex
	heard []string // ids
	told  int      // that nothing can be sent
}

var segmentName = regexp.MustCompile(`(?m)^[a-z0-9]+-[a-z0-9]+\.m4s$`)

func gather(t *testing.T, n int, nodes ...*member) *audience {
	a := &audience{t: t, http: &http.Client{
		Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 4 * n, MaxIdleConns: 12 * n},
	}}
	a.ctx, a.stop = context.WithCancel(t.Context())
	t.Cleanup(func() {
		a.stop()
		for _, p := range a.people {
			_ = p.ws.CloseNow()
		}
		a.wg.Wait()
		a.http.CloseIdleConnections()
	})
	for i := range n {
		w := &onlooker{id: i}
		w.at.Store(nodes[i%len(nodes)].c)
		a.viewers = append(a.viewers, w)
		a.wg.Go(func() { a.watch(w) })
		p := a.enter(nodes[i%len(nodes)].c, fmt.Sprint("p", i))
		a.people = append(a.people, p)
		a.wg.Go(func() { p.listen(a.ctx) })
	}
	return a
}

// watch asks for the playlist again and again.
func (a *audience) watch(w *onlooker) {
	for a.ctx.Err() == nil {
		url := fmt.Sprint(w.at.Load().web.URL, "/hls/0/stream.m3u8?sid=viewer-", w.id)
		body, err := a.fetch(url)
		names := segmentName.FindAllString(body, -1)
		if err != nil || len(names) == 0 {
			w.failing.Add(1)
		} else {
			w.failing.Store(0)
			last := names[len(names)-1]
			if old := w.newest.Swap(&last); old == nil || *old != last {
				w.moves.Add(1)
			}
		}
		select {
		case <-time.After(2 * time.Second):
		case <-a.ctx.Done():
		}
	}
}

func (a *audience) fetch(url string) (string, error) {
	req, err := http.NewRequestWithContext(a.ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	res, err := a.http.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", res.StatusCode)
	}
	return string(b), err
}

func (a *audience) enter(at *channel, name string) *talker {
	a.t.Helper()
	p := at.register(name)
	ws, _, err := at.socket("accessToken=" + p.AccessToken)
	if err != nil {
		a.t.Fatal(err)
	}
	ws.SetReadLimit(1 << 20)
	return &talker{at: at, ws: ws}
}

func (p *talker) listen(ctx context.Context) {
	defer p.gone.Store(true)
	for {
		_, data, err := p.ws.Read(ctx)
		if err != nil {
			return
		}
		for line := range bytes.SplitSeq(data, []byte{'\n'}) {
			var e chatEvent
			if json.Unmarshal(line, &e) != nil {
				continue
			}
			p.mu.Lock()
			switch {
			case e.Type == "CHAT":
				p.heard = append(p.heard, e.ID)
			case e.Type == "CHAT_ACTION" && strings.Contains(e.Body, "cannot be sent"):
				p.told++
			}
			p.mu.Unlock()
		}
	}
}

func (p *talker) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.heard)
}

// all are the ids of what was heard.
func (p *talker) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.heard)
}

// talk has some of the people say something, ten times a second, until stop.
func (a *audience) talk() (stop func()) {
	ctx, cancel := context.WithCancel(a.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
				return
			}
			if p := a.people[i%len(a.people)]; !p.gone.Load() {
				_ = p.ws.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"type":"CHAT","body":"%d"}`, i)) // it may be killed
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// counted waits until nodes count the viewers right within 5 %.
func counted(t *testing.T, what string, want int, nodes ...*member) {
	t.Helper()
	for i, m := range nodes {
		eventually(t, fmt.Sprint(what, ": viewers as node ", i, " counts them"), func() string {
			_, body := m.c.get("/api/status")
			var s struct{ ViewerCount int }
			if err := json.Unmarshal([]byte(body), &s); err != nil || s.ViewerCount*100 < want*95 || s.ViewerCount*100 > want*105 {
				return fmt.Sprintf("%d, want %d: %v", s.ViewerCount, want, err)
			}
			return ""
		})
	}
}

// playsOn waits until everybody who watches these nodes has seen something
// new, twice.
func (a *audience) playsOn(what string, nodes ...*member) {
	a.t.Helper()
	for _, m := range nodes {
		before := map[*onlooker]int64{}
		for _, w := range a.viewers {
			if w.at.Load() == m.c {
				before[w] = w.moves.Load()
			}
		}
		eventually(a.t, what+": viewers play on", func() string {
			for w, n := range before {
				if w.moves.Load() < n+2 {
					return fmt.Sprintf("viewer %d has seen %d segments, %d requests failed", w.id, w.moves.Load()-n, w.failing.Load())
				}
			}
			return ""
		})
	}
}

// hearOn waits until everybody on these nodes has heard something more.
func (a *audience) hearOn(what string, nodes ...*member) {
	a.t.Helper()
	for _, m := range nodes {
		before := map[*talker]int{}
		for _, p := range a.people {
			if p.at == m.c {
				before[p] = p.count()
			}
		}
		eventually(a.t, what+": people hear one another", func() string {
			for p, n := range before {
				if p.gone.Load() || p.count() < n+3 {
					return fmt.Sprintf("one has heard %d, gone: %v", p.count()-n, p.gone.Load())
				}
			}
			return ""
		})
	}
}

// move has the viewers of one node go to another one, as a load balancer does.
func (a *audience) move(from, to *member) {
	for _, w := range a.viewers {
		if w.at.Load() == from.c {
			w.at.Store(to.c)
		}
	}
}

// kept compares what people have heard so far with what is stored.
func (a *audience) kept(port int) {
	a.t.Helper()
	shown, told := map[string]bool{}, 0
	for _, p := range a.people {
		p.mu.Lock()
		for _, id := range p.heard {
			shown[id] = true
		}
		told += p.told
		p.mu.Unlock()
	}
	c := jetstream.New(jetstream.Config{URL: fmt.Sprintf("nats://127.0.0.1:%d", port)})
	must(a.t, c.Open(a.t.Context(), nil))
	defer func() { must(a.t, c.Close()) }()
	ms, err := c.Repository().Chat.Messages(a.t.Context(), repository.MessageQuery{})
	must(a.t, err)
	stored := map[string]bool{}
	for _, m := range ms {
		stored[m.ID] = true
	}
	if len(stored) != len(ms) {
		a.t.Errorf("%d of %d messages are stored twice", len(ms)-len(stored), len(ms))
	}
	lost := 0
	for id := range shown {
		if !stored[id] {
			lost++
		}
	}
	a.t.Logf("%d messages were shown, %d are stored, %d were refused", len(shown), len(ms), told)
	if lost > 0 || len(shown) == 0 {
		a.t.Errorf("%d of %d messages that were shown are lost", lost, len(shown))
	}
	a.oneOrder()
}

// oneOrder fails unless all people have heard things in one order.
func (a *audience) oneOrder() {
	a.t.Helper()
	longest := a.people[0]
	for _, p := range a.people {
		if p.count() > longest.count() {
			longest = p
		}
	}
	place := map[string]int{}
	for i, id := range longest.all() {
		place[id] = i + 1
	}
	for _, p := range a.people {
		last := 0
		for _, id := range p.all() {
			at := place[id]
			if at > 0 && at <= last {
				a.t.Errorf("%s was heard in another order", id)
				return
			}
			last = max(last, at)
		}
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l := listen(t)
	defer func() { must(t, l.Close()) }()
	return l.Addr().(*net.TCPAddr).Port
}

// TestAClusterOfProcesses kills nodes of a cluster, and NATS, while 60 people
// watch and 60 chat; OWNCAST_TEST_CLUSTER_CROWD has another number.
func TestAClusterOfProcesses(t *testing.T) {
	if role := os.Getenv(clusterRole); role != "" {
		beInCluster(t, role)
		return
	}
	onlyAtLength(t, "it takes a minute and a half")
	many := 60
	if s := os.Getenv("OWNCAST_TEST_CLUSTER_CROWD"); s != "" {
		if _, err := fmt.Sscan(s, &many); err != nil {
			t.Fatal(err)
		}
	}
	dir, port := t.TempDir(), freePort(t)
	server := join(t, "nats", port, filepath.Join(dir, "nats"))
	var nodes []*member
	for _, name := range []string{"ingest", "second", "third"} {
		nodes = append(nodes, join(t, "node", port, filepath.Join(dir, name)))
	}
	ingest, second, third := nodes[0], nodes[1], nodes[2]
	stop := publish(t, ingest.c.rtmp, "live", "k")
	for _, m := range nodes {
		m.c.await("/hls/0/stream.m3u8", "#EXTINF")
	}
	a := gather(t, many, nodes...)
	silence := a.talk()
	counted(t, "all are there", many, nodes...)
	a.playsOn("all are there", nodes...)
	a.hearOn("all are there", nodes...)

	third.kill()
	a.playsOn("a node is gone", ingest, second)
	a.hearOn("a node is gone", ingest, second)
	counted(t, "a node is gone", many*2/3, ingest, second)
	a.move(third, second)
	counted(t, "its viewers have moved", many, ingest, second)

	server.kill()
	end := time.Now().Add(10 * time.Second)
	a.playsOn("NATS is away", ingest)
	for time.Now().Before(end) {
		for _, w := range a.viewers {
			if n := w.failing.Load(); n > 2 {
				t.Fatalf("viewer %d: %d requests failed while NATS was away", w.id, n)
			}
		}
		time.Sleep(time.Second)
	}
	counted(t, "NATS is away", many, ingest, second)
	join(t, "nats", port, filepath.Join(dir, "nats"))
	a.playsOn("NATS is back", ingest, second)
	a.hearOn("NATS is back", ingest, second)
	counted(t, "NATS is back", many, ingest, second)

	ingest.kill()
	stop()
	a.hearOn("the node of the publisher is gone", second)
	a.move(ingest, second)
	again := publish(t, second.c.rtmp, "live", "k") // it is refused for some seconds
	defer again()
	a.playsOn("a publisher has come to another node", second)
	counted(t, "a publisher has come to another node", many, second)
	silence()
	a.kept(port)
}
