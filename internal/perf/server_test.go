//go:build linux

package perf_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/rtmp"
)

const (
	// role is the environment variable that makes a server of the test program.
	role = "OWNCAST_PERF_ROLE"
	// profiles is the one that names a directory for CPU profiles of servers.
	profiles = "OWNCAST_PERF_PROFILES"
)

func TestMain(m *testing.M) {
	what, dir, _ := strings.Cut(os.Getenv(role), " ")
	var err error
	switch what {
	case "":
		os.Exit(m.Run())
	case "apps":
		err = serveApps(dir)
	case "memory":
		err = serve(&fromMemory{files: map[string]file{}}, nil)
	case "reader", "sink":
		err = serveReader(reader{copies: what == "reader"})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// hello is what a server says when it listens, and vitals whenever it is asked.
type (
	hello  struct{ HTTP, RTMP string }
	vitals struct {
		Goroutines int
		Heap       uint64        // in use after a collection
		Goal       uint64        // of the heap, before the next one
		Started    time.Duration // of New and Start of the newest App
	}
)

// serve serves on two listeners until the end of stdin. Each line of it is
// answered with the vitals, after more is called.
func serve(h http.Handler, ingest func(net.Listener) error, more ...func(*vitals) error) error {
	web, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = (&http.Server{Handler: h, ReadHeaderTimeout: 30 * time.Second}).Serve(web) }()
	if ingest != nil {
		go func() { _ = ingest(in) }()
	}
	if dir := os.Getenv(profiles); dir != "" {
		f, err := os.CreateTemp(dir, strings.Fields(os.Getenv(role))[0]+"-*.pprof")
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
		defer func() { _ = heapProfile(f.Name()) }()
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(hello{web.Addr().String(), in.Addr().String()}); err != nil {
		return err
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var v vitals
		for _, f := range more {
			if lines.Text() != "more" {
				break
			}
			if err := f(&v); err != nil {
				return err
			}
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		v.Goroutines, v.Heap, v.Goal = runtime.NumGoroutine(), m.HeapInuse+m.StackInuse, m.NextGC
		if err := out.Encode(v); err != nil {
			return err
		}
	}
	return nil
}

// heapProfile writes what is in use beside the CPU profile of that name.
func heapProfile(beside string) error {
	f, err := os.Create(strings.TrimSuffix(beside, ".pprof") + "-heap.pprof")
	if err != nil {
		return err
	}
	defer f.Close()
	runtime.GC()
	return pprof.Lookup("heap").WriteTo(f, 0)
}

// serveApps serves Apps that share an RTMP listener: App i is mounted at /x<i>/
// and has the stream key x<i>. It begins with none; each "more" adds one.
func serveApps(dir string) error {
	ingest, err := owncast.NewRTMPMux(nil)
	if err != nil {
		return err
	}
	var mu sync.RWMutex
	var apps []http.Handler
	add := func(v *vitals) error {
		name := fmt.Sprint("x", len(apps))
		begun := time.Now()
		app, err := owncast.New(
			owncast.WithDataDir(filepath.Join(dir, name)), owncast.WithStreamKeys(name), owncast.WithLatencyLevel(1),
		)
		if err == nil {
			err = app.Start(context.Background())
		}
		if err != nil {
			return err
		}
		v.Started = time.Since(begun)
		ingest.Handle("live", app)
		mu.Lock()
		defer mu.Unlock()
		apps = append(apps, http.StripPrefix("/"+name, app.Handler()))
		return nil
	}
	return serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/x"), "/")
		mu.RLock()
		defer mu.RUnlock()
		if i, err := strconv.Atoi(name); err == nil && i < len(apps) {
			apps[i].ServeHTTP(w, r)
		}
	}), ingest.Serve, add)
}

// fromMemory is the plainest server there is of what it is sent: the floor.
type fromMemory struct {
	mu    sync.RWMutex
	files map[string]file
}

type file struct {
	contentType string
	body        []byte
}

func (m *fromMemory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		m.mu.Lock()
		m.files[r.URL.Path] = file{r.Header.Get("Content-Type"), b}
		m.mu.Unlock()
		return
	}
	m.mu.RLock()
	f, ok := m.files[r.URL.Path]
	m.mu.RUnlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", f.contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(f.body)))
	_, _ = w.Write(f.body)
}

// reader takes broadcasts and keeps the packets of the last thirty seconds. With
// a copy of each, that is the least that a packager does: the floor of ingest.
// Without, it is what taking a broadcast costs.
type reader struct{ copies bool }

type kept struct {
	reader
	window [][]byte
	n      int
	done   chan struct{}
}

func serveReader(r reader) error {
	s, err := rtmp.NewServer(rtmp.Config{Publisher: r})
	if err != nil {
		return err
	}
	return serve(http.NotFoundHandler(), s.Serve)
}

func (r reader) Publish(context.Context, video.PublishRequest) (video.Publication, error) {
	return &kept{reader: r, window: make([][]byte, 30*(30+47)), done: make(chan struct{})}, nil
}

func (k *kept) SetMetadata(video.Metadata) {}
func (k *kept) Close(error)                {}
func (k *kept) Done() <-chan struct{}      { return k.done }
func (k *kept) Err() error                 { return nil }
func (k *kept) WritePacket(p video.Packet) error {
	if k.copies {
		p.Data = append([]byte(nil), p.Data...)
	}
	k.window[k.n%len(k.window)] = p.Data
	k.n++
	return nil
}

// server is a process that is measured.
type server struct {
	b    testing.TB
	name string
	hello
	pid  int
	stop func()
	in   io.Writer
	out  *bufio.Reader
	// The path of the media playlist of stream x0, or, if there are several of
	// them, or one for each viewer, that of the multivariant one.
	list, multivariant string
}

// start starts the test program in a role, which may have a directory with it,
// and with variables added to its environment.
func start(b testing.TB, what string, env ...string) *server {
	b.Helper()
	name, _, _ := strings.Cut(what, " ")
	s := &server{b: b, name: name, list: "/x0/hls/0/stream.m3u8"}
	cmd := exec.Command(os.Args[0])
	if !strings.Contains(what, " ") {
		what += " " + b.TempDir()
	}
	cmd.Env = append(append(os.Environ(), env...), role+"="+what)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	s.in, s.out = in, bufio.NewReader(out)
	s.run(cmd, func() { _ = in.Close() })
	s.read(&s.hello)
	return s
}

// apps starts a server of n Apps.
func apps(b testing.TB, n int, env ...string) *server {
	b.Helper()
	s := start(b, "apps", env...)
	for range n {
		s.vitals("more")
	}
	return s
}

func (s *server) run(cmd *exec.Cmd, stop func()) {
	s.b.Helper()
	if err := cmd.Start(); err != nil {
		s.b.Fatal(err)
	}
	s.pid = cmd.Process.Pid
	s.stop = sync.OnceFunc(func() {
		stop()
		_ = cmd.Wait()
	})
	s.b.Cleanup(s.stop)
}

func (s *server) read(v any) {
	s.b.Helper()
	line, err := s.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, v)
	}
	if err != nil {
		s.b.Fatalf("%s: %v", s.name, err)
	}
}

// vitals asks how the server is.
func (s *server) vitals(what string) (v vitals) {
	s.b.Helper()
	if _, err := fmt.Fprintln(s.in, what); err != nil {
		s.b.Fatal(err)
	}
	s.read(&v)
	return v
}

// mediamtx starts MediaMTX with low latency, or returns nil if there is none.
func mediamtx(b testing.TB) *server {
	b.Helper()
	program, err := exec.LookPath("mediamtx")
	if err != nil {
		return nil
	}
	s := &server{b: b, name: "mediamtx", hello: hello{free(b), free(b)}, multivariant: "/live/x0/index.m3u8?cookieCheck=1"}
	config := filepath.Join(b.TempDir(), "mediamtx.yml")
	text := fmt.Sprintf("logLevel: error\nrtsp: no\nwebrtc: no\nsrt: no\nmoq: no\nrtmp: yes\nrtmpAddress: %s\nhls: yes\nhlsAddress: %s\n"+
		"hlsVariant: lowLatency\nhlsAlwaysRemux: yes\nhlsSegmentCount: 15\nhlsSegmentDuration: 2s\nhlsPartDuration: 333ms\npaths:\n  all_others:\n", s.RTMP, s.HTTP)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(program, config)
	s.run(cmd, func() { _ = cmd.Process.Signal(os.Interrupt) })
	return s
}

// ffmpeg starts one that takes a broadcast and writes HLS without encoding, or
// returns nil if there is none.
func ffmpeg(b testing.TB) *server {
	b.Helper()
	program, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil
	}
	s := &server{b: b, name: "ffmpeg-copy", hello: hello{RTMP: free(b)}}
	cmd := exec.Command(program, "-v", "error", "-listen", "1", "-i", "rtmp://"+s.RTMP+"/live/x0", "-c", "copy", "-f", "hls",
		"-hls_time", "2", "-hls_list_size", "15", "-hls_flags", "delete_segments", filepath.Join(b.TempDir(), "s.m3u8"))
	s.run(cmd, func() { _ = cmd.Process.Kill() })
	return s
}

// free is an address that nobody listens at, for programs that cannot choose.
func free(b testing.TB) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// cpu is the user and system time that the process has used.
func (s *server) cpu() time.Duration {
	s.b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.pid))
	if err != nil {
		s.b.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / 100 // USER_HZ
}

// rss is the memory of the process in bytes.
func (s *server) rss() int64 {
	s.b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.pid))
	if err != nil {
		s.b.Fatal(err)
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
