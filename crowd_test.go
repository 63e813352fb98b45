package owncast_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/owncast-go/owncast"
)

// settled counts goroutines and descriptors once they do not change any more:
// the network needs a moment to be done with closed connections.
func settled(t *testing.T) (goroutines, files int) {
	t.Helper()
	for range 50 {
		time.Sleep(20 * time.Millisecond)
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("no /proc to count descriptors in")
		}
		g := runtime.NumGoroutine()
		if g == goroutines && len(entries) == files {
			break
		}
		goroutines, files = g, len(entries)
	}
	return goroutines, files
}

// each calls do for numbers below n, some at the same time.
func each(n int, do func(i int)) {
	var wg sync.WaitGroup
	numbers := make(chan int)
	for range 16 {
		wg.Go(func() {
			for i := range numbers {
				do(i)
			}
		})
	}
	for i := range n {
		numbers <- i
	}
	close(numbers)
	wg.Wait()
}

// passBy is a viewer with a connection of their own, who leaves while they wait
// for what is still to come.
func (c *channel) passBy(i int) error {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	ask := func(ctx context.Context, path string) (int, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.web.URL+path, http.NoBody)
		if err != nil {
			return 0, err
		}
		res, err := client.Do(r)
		if err != nil {
			return 0, err
		}
		defer res.Body.Close()
		_, err = io.Copy(io.Discard, res.Body)
		return res.StatusCode, err
	}
	if code, err := ask(c.t.Context(), fmt.Sprintf("/hls/0/stream.m3u8?sid=viewer-%d", i)); err != nil || code != http.StatusOK {
		return fmt.Errorf("viewer %d: %d %w", i, code, err)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Duration(i%20)*time.Millisecond)
	defer cancel()
	_, _ = ask(ctx, "/hls/0/stream.m3u8?_HLS_msn=6&_HLS_part=0") // which does not come
	return nil
}

// lookIn connects to the chat and leaves, politely or not.
func (c *channel) lookIn(i int, token string) error {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	ws, _, err := websocket.Dial(ctx, c.web.URL+"/ws?accessToken="+token, &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		return fmt.Errorf("chatter %d: %w", i, err)
	}
	defer func() { _ = ws.CloseNow() }()
	if _, hello, err := ws.Read(ctx); err != nil || !bytes.Contains(hello, []byte("CONNECTED_USER_INFO")) {
		return fmt.Errorf("chatter %d: %s %w", i, hello, err)
	}
	if i%2 == 0 {
		_ = ws.Close(websocket.StatusNormalClosure, "")
	}
	return nil
}

func TestNothingIsLeftOfAThousandViewersAndChatters(t *testing.T) {
	c := run(t, calm(), owncast.WithLatencyLevel(0))
	publisher := burst(t, c.rtmp, "live", "k", 5)
	defer publisher.Close()
	c.await("/hls/0/stream.m3u8", "#EXT-X-PART:")
	var tokens []string
	for range 20 {
		_, token, err := c.app.Chat().Register(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token)
	}
	crowd := func(n int) {
		t.Helper()
		each(2*n, func(i int) {
			err := c.passBy(i)
			if i%2 == 0 {
				err = c.lookIn(i/2, tokens[i/2%len(tokens)])
			}
			if err != nil {
				t.Error(err)
			}
		})
		for end := time.Now().Add(patience); len(c.app.Chat().Clients()) > 0; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d are in the chat still", len(c.app.Chat().Clients()))
			}
		}
		c.web.Client().CloseIdleConnections()
	}
	crowd(50)
	g0, f0 := settled(t)
	crowd(atLength(1000, 300))
	g1, f1 := settled(t)
	if g1 > g0+2 || f1 > f0+2 {
		t.Errorf("%d goroutines and %d descriptors became %d and %d", g0, f0, g1, f1)
	}
}

// slow is a client that sends a byte now and then.
type slow struct {
	conn net.Conn
	rest string // still to be sent; its last byte is not
	done bool   // the server has hung up
}

// trickle sends the next byte, and sees whether anybody listens.
func (s *slow) trickle() {
	if s.done {
		return
	}
	if len(s.rest) > 1 {
		if _, err := io.WriteString(s.conn, s.rest[:1]); err != nil {
			s.done = true
			return
		}
		s.rest = s.rest[1:]
	}
	_ = s.conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	buf := make([]byte, 512)
	for {
		if _, err := s.conn.Read(buf); err != nil {
			s.done = !os.IsTimeout(err)
			return
		}
	}
}

// TestSlowClientsCostLittleAndAreCutOff has clients that never finish their
// header, which is the business of the host's server as the documentation has
// it, and clients that never finish the body, which is the App's.
func TestSlowClientsCostLittleAndAreCutOff(t *testing.T) {
	onlyAtLength(t, "it waits for most of its time")
	t.Parallel()
	const n = 5000
	c := run(t, calm(), owncast.WithLatencyLevel(0))
	stop := publish(t, c.rtmp, "live", "k")
	defer stop()
	l := listen(t)
	srv := &http.Server{Handler: c.app.Handler(), ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	defer func() { _ = srv.Close(); <-ended }()
	c.await("/hls/0/stream.m3u8", "#EXTINF")

	before := inUse()
	clients := make([]*slow, n)
	for i := range clients {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Skipf("this system does not let a client open so many: %v", err)
		}
		defer conn.Close()
		header := "POST /api/chat/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
		clients[i] = &slow{conn: conn, rest: header}
		if i%2 == 0 {
			if _, err := io.WriteString(conn, header); err != nil {
				t.Fatal(err)
			}
			clients[i].rest = strings.Repeat(" ", 1000)
		}
	}
	highest := uint64(0)
	open := n
	seen := 0
	for end := time.Now().Add(patience); open > 0; time.Sleep(200 * time.Millisecond) {
		open = 0
		for _, s := range clients {
			if s.trickle(); !s.done {
				open++
			}
		}
		highest = max(highest, inUse())
		res, err := http.Get("http://" + l.Addr().String() + "/hls/0/stream.m3u8") // beside them
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), "#EXTINF") {
			t.Fatalf("a viewer beside them: %d %v", res.StatusCode, err)
		}
		seen++
		if time.Now().After(end) {
			t.Fatalf("%d of %d are connected still", open, n)
		}
	}
	if each := (int64(highest) - int64(before)) / int64(n); each > 64<<10 {
		t.Errorf("%d kB for each", each>>10)
	}
	if !c.app.Status().Online() || seen < 2 { // a round of many takes seconds
		t.Errorf("online: %v; a viewer was served %d times", c.app.Status().Online(), seen)
	}
	http.DefaultClient.CloseIdleConnections()
}

// inUse is the memory of heap and stacks.
func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
