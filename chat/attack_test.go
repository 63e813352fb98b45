package chat_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/owncast-go/owncast/chat"
)

// long tells whether tests may take minutes.
func long() bool { return os.Getenv("OWNCAST_TEST_LONG") != "" }

// handshake connects without a client that answers anything.
func handshake(t testing.TB, c net.Conn, token string) *bufio.Reader {
	t.Helper()
	_, err := fmt.Fprintf(c, "GET /ws?accessToken=%s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", token)
	must(t, err)
	buf := bufio.NewReaderSize(c, 512)
	res, err := http.ReadResponse(buf, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("no WebSocket: %v %v", res, err)
	}
	return buf
}

// mute connects without ever reading.
func (r *room) mute(t testing.TB) net.Conn {
	t.Helper()
	_, token := r.register("mute")
	c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	handshake(t, c, token)
	return c
}

func TestWhoNeverReadsIsCutOffAndHoldsUpNobody(t *testing.T) {
	r := silent(t)
	a, b := r.join("Ann"), r.join("Ben")
	for range 5 {
		r.mute(t)
	}
	_, err := r.SaveBot(t.Context(), chat.Bot{ID: "bot", Name: "bot"})
	must(t, err)
	sent := 0
	for r.Stats().Slow < 5 {
		if sent > 20_000 {
			t.Fatalf("%d of 5 are cut off", r.Stats().Slow)
		}
		for i := range 20 {
			_, err := r.SendAs(t.Context(), "bot", fmt.Sprint(sent+i)+strings.Repeat(" x", 1000))
			must(t, err)
		}
		for range 20 {
			for _, p := range []*peer{a, b} {
				if d := p.want("CHAT"); !strings.HasPrefix(d.Body, fmt.Sprintf("<p>%d x", sent)) {
					t.Fatalf("out of order: %.40s after %d", d.Body, sent)
				}
			}
			sent++
		}
	}
	wait(t, "their places to be free", func() bool { return r.Stats().Clients == 2 })
	t.Logf("cut off after %d kB", sent*2)
}

func TestWhoTakesNothingForTenSecondsIsCutOff(t *testing.T) {
	timeless(t, func(t *testing.T, r *room) {
		r.change(func(s *chat.Settings) { s.JoinMessages = false })
		p := r.join("Ann")
		_, token := r.register("slow")
		c, err := r.transport.DialContext(t.Context(), "", "")
		must(t, err)
		defer c.Close()
		buf := handshake(t, c, token)
		_, err = io.ReadFull(buf, make([]byte, 4)) // of what it is told first
		must(t, err)
		start := time.Now()
		for r.Stats().Slow == 0 {
			p.say("x")
			p.want("CHAT")
			time.Sleep(time.Second)
		}
		if d := time.Since(start); d < 10*time.Second || d > 12*time.Second {
			t.Errorf("it was cut off after %v", d)
		}
	})
}

func TestASlowReaderGetsEverythingInOrder(t *testing.T) {
	r := silent(t)
	fast := r.join("fast")
	_, token := r.register("slow")
	c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	must(t, err)
	defer c.Close()
	must(t, c.(*net.TCPConn).SetReadBuffer(32<<10))
	buf := handshake(t, c, token)
	wait(t, "it to be in", func() bool { return r.Stats().Clients == 2 })
	const n = 250 // which fits into what may wait
	_, err = r.SaveBot(t.Context(), chat.Bot{ID: "bot", Name: "bot"})
	must(t, err)
	for i := range n {
		_, err := r.SendAs(t.Context(), "bot", fmt.Sprintf("m%d.", i)+strings.Repeat(" x", 500))
		must(t, err)
	}
	for range n {
		fast.want("CHAT")
	}
	must(t, c.SetReadDeadline(time.Now().Add(patience)))
	var text strings.Builder
	for last := fmt.Sprintf("m%d.", n-1); !strings.Contains(text.String(), last); {
		p := make([]byte, 4<<10)
		k, err := buf.Read(p)
		text.Write(p[:k])
		if err != nil {
			t.Fatalf("after %d bytes: %v", text.Len(), err)
		}
	}
	at := 0
	for i := range n {
		next := strings.Index(text.String()[at:], fmt.Sprintf("m%d.", i))
		if next < 0 {
			t.Fatalf("message %d is missing, or not in its place", i)
		}
		at += next
	}
	if s := r.Stats().Slow; s != 0 {
		t.Errorf("%d cut off", s)
	}
}

func TestOneWhoWritesWithoutLimitsDoesNotSilenceOthers(t *testing.T) {
	r := silent(t)
	r.change(func(s *chat.Settings) { s.Limits = chat.Limits{} })
	flooder, p := r.join("flooder"), r.join("Ann")
	const n = 3000
	sent := make(chan error, 1)
	go func() {
		for i := range n {
			if err := flooder.ws.Write(t.Context(), websocket.MessageText, fmt.Appendf(nil, `{"type":"CHAT","body":"%d"}`, i)); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	for range 20 {
		p.say("hello")
		for {
			if d := p.until("CHAT"); d.User.ID == p.user.ID {
				break
			}
		}
	}
	must(t, <-sent)
	for i := 0; i < n; {
		if d := flooder.until("CHAT"); d.User.ID == flooder.user.ID {
			if d.Body != fmt.Sprintf("<p>%d</p>", i) {
				t.Fatalf("%s after %d", d.Body, i)
			}
			i++
		}
	}
}

func TestAFrameOfAMegabyte(t *testing.T) {
	r := silent(t)
	p, q := r.join("Ann"), r.join("Ben")
	_ = p.ws.Write(t.Context(), websocket.MessageText, []byte(`{"type":"CHAT","body":"`+strings.Repeat("x", 1<<20)+`"}`)) // it may fail half way
	p.ended()
	q.quiet()
}

// TestComingAndGoing is the churn of connections alone: nothing is left of
// them.
func TestComingAndGoing(t *testing.T) {
	n := 2000
	if long() {
		n = 100_000
	}
	r := silent(t)
	r.change(func(s *chat.Settings) { s.Limits = chat.Limits{} })
	stay := r.join("Ann")
	tokens := make([]string, 20)
	for i := range tokens {
		_, tokens[i] = r.register(fmt.Sprint(i))
	}
	addr := strings.TrimPrefix(r.url, "http://")
	heap := func() uint64 {
		wait(t, "all to be gone", func() bool { return r.Stats().Clients == 1 })
		stay.quiet() // which sweeps the lists
		h, _ := inUse()
		return h
	}
	round := func(n int) {
		for i := range n {
			c, err := net.Dial("tcp", addr)
			must(t, err)
			handshake(t, c, tokens[i%len(tokens)])
			_ = c.Close()
		}
	}
	round(1000)
	before, goroutines := heap(), runtime.NumGoroutine()
	round(n - 1000)
	after := heap()
	if after > before+1<<20 {
		t.Errorf("the heap has grown from %d to %d bytes", before, after)
	}
	if now := runtime.NumGoroutine(); now > goroutines+10 {
		t.Errorf("there were %d goroutines, and are %d", goroutines, now)
	}
}
