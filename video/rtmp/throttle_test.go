package rtmp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/video"
)

func TestThrottle(t *testing.T) {
	limits, err := Limits{WrongKeys: 4}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	a, b := netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("2001:db8::/64")
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle(limits)
		for i, want := range []time.Duration{1, 2, 4, 5} {
			delay, blocked := th.fail(a)
			if delay != want*time.Second || blocked != (i == 3) {
				t.Errorf("failure %d: delay %v, blocked %v", i+1, delay, blocked)
			}
		}
		if !th.blocked(a) || th.blocked(b) {
			t.Error("the wrong address is blocked")
		}
		time.Sleep(59 * time.Second)
		if !th.blocked(a) {
			t.Error("unblocked too soon")
		}
		time.Sleep(2 * time.Second)
		if th.blocked(a) {
			t.Error("still blocked")
		}
		if delay, blocked := th.fail(a); delay != time.Second || blocked {
			t.Errorf("failure after the block: delay %v, blocked %v", delay, blocked)
		}
		for range 2 {
			th.fail(a)
		}
		th.succeed(a)
		if delay, blocked := th.fail(a); delay != time.Second || blocked {
			t.Errorf("failure after a success: delay %v, blocked %v", delay, blocked)
		}
		time.Sleep(61 * time.Second)
		if delay, _ := th.fail(a); delay != time.Second {
			t.Errorf("failure after the window: delay %v", delay)
		}
		if delay, blocked := th.fail(netip.Prefix{}); delay != time.Second || blocked || th.blocked(netip.Prefix{}) {
			t.Error("peers without an address are blocked")
		}
	})
}

func TestTheThrottlesTableIsBounded(t *testing.T) {
	limits, err := Limits{WrongKeys: 1}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle(limits)
		prefix := func(i int) netip.Prefix {
			return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 32)
		}
		for i := range maxOffenders + 10 {
			th.fail(prefix(i))
			time.Sleep(time.Microsecond)
		}
		if n := len(th.offenders); n != maxOffenders {
			t.Errorf("%d addresses", n)
		}
		if th.blocked(prefix(9)) || !th.blocked(prefix(10)) || !th.blocked(prefix(maxOffenders+9)) {
			t.Error("others than the oldest were forgotten")
		}
		time.Sleep(2 * time.Minute)
		th.fail(prefix(0))
		if n := len(th.offenders); n != 1 {
			t.Errorf("%d addresses after all were over", n)
		}
	})
}

type addrConn struct {
	net.Conn
	addr net.Addr
}

func (c addrConn) RemoteAddr() net.Addr { return c.addr }

type textAddr string

func (textAddr) Network() string  { return "text" }
func (a textAddr) String() string { return string(a) }

func TestSourceOfAConnection(t *testing.T) {
	for _, tt := range []struct {
		addr net.Addr
		want string
	}{
		{&net.TCPAddr{IP: net.ParseIP("192.0.2.7"), Port: 5}, "192.0.2.7/32"},
		{&net.TCPAddr{IP: net.ParseIP("::ffff:192.0.2.7"), Port: 5}, "192.0.2.7/32"},
		{&net.TCPAddr{IP: net.ParseIP("2001:db8:1:2:3:4:5:6"), Port: 5}, "2001:db8:1:2::/64"},
		{&net.TCPAddr{IP: net.ParseIP("fe80::1"), Port: 5, Zone: "eth0"}, "fe80::/64"},
		{textAddr("192.0.2.7:99"), "192.0.2.7/32"},
		{textAddr("[2001:db8::1]:99"), "2001:db8::/64"},
		{textAddr("@"), "invalid Prefix"},
		{&net.UnixAddr{}, "invalid Prefix"},
		{nil, "invalid Prefix"},
	} {
		if got := sourceOf(addrConn{addr: tt.addr}).String(); got != tt.want {
			t.Errorf("sourceOf(%v) = %s, want %s", tt.addr, got, tt.want)
		}
	}
}

func TestGuessingKeysIsSlowAndThenFutile(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{WrongKeys: 5, WrongKeyDelay: 100 * time.Millisecond})
	running := publishRaw(t, s.addr)
	b := s.pub.next(t)
	running.send(t, rawAudio(0, aacHeader))

	begun := time.Now()
	var guesses sync.WaitGroup
	for i := range 3 {
		guesses.Go(func() {
			for j := range 4 {
				c, err := net.Dial("tcp", s.addr)
				if err != nil {
					t.Error(err)
					return
				}
				_ = c.SetDeadline(time.Now().Add(5 * time.Second))
				in := newReader(c)
				if offerHandshake(in, c) == nil {
					_, _ = c.Write(rawPublish("live", fmt.Sprintf("guess-%d-%d", i, j)))
					limits, _ := Limits{}.withDefaults()
					for r := newChunkReader(in, limits); err == nil; _, err = r.next() {
					}
				}
				_ = c.Close()
			}
		})
	}
	guesses.Wait()
	if took := time.Since(begun); took < 100*time.Millisecond {
		t.Errorf("the answers took %v", took)
	}
	if n := len(s.pub.asked()); n > 1+5+2 {
		t.Errorf("%d of 12 guesses were looked at", n-1)
	}
	here, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	_ = here.SetDeadline(time.Now().Add(5 * time.Second))
	if n, err := here.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Error("a blocked address is listened to")
	} else if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
		t.Error("a blocked address is kept waiting")
	}
	running.send(t, rawAudio(10, audioBody(3)))
	b.waitFor(t, "audio of the publisher at the same address", func(ps []video.Packet) bool { return len(ps) == 1 })
	if logs := s.logs.String(); strings.Contains(logs, "guess-") || !strings.Contains(logs, "wrong stream key") {
		t.Errorf("log:\n%s", logs)
	}
}

func TestARightKeyForgivesWrongOnes(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{WrongKeys: 2, WrongKeyDelay: time.Millisecond})
	for range 3 {
		c := dialRaw(t, s.addr)
		c.send(t, rawPublish("live", "wrong"))
		if code := c.status(t); code != "NetStream.Publish.Failed" {
			t.Fatalf("status %q", code)
		}
		_ = publishRaw(t, s.addr).Close()
	}
}

func TestABlockHoldsForConnectionsThatWereThereBefore(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{WrongKeys: 1, WrongKeyDelay: time.Millisecond})
	before := dialRaw(t, s.addr)
	c := dialRaw(t, s.addr)
	c.send(t, rawPublish("live", "wrong"))
	_ = c.status(t)
	before.send(t, rawPublish("live", testKey))
	if code := before.status(t); code != "NetStream.Publish.Failed" {
		t.Errorf("status %q", code)
	}
	if n := len(s.pub.asked()); n != 1 {
		t.Errorf("the publisher was asked %d times", n)
	}
}
