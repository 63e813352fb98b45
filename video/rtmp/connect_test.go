package rtmp

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	rtmpmsg "github.com/yutopp/go-rtmp/message"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

func TestConnectIsTakenWhateverItCarries(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{})
	undefined := append(flv.AppendAMF0(nil, "connect", 1), 3, 0, 3, 'a', 'p', 'p', 2, 0, 4, 'l', 'i', 'v', 'e', 0, 1, 'x', 6, 0, 0, 9)
	for _, tt := range []struct {
		name string
		send []byte
	}{
		{"FourCCs in a strict array", rawConnect("live", flv.Property{Name: "fourCcList", Value: []any{"hvc1", "av01"}}, flv.Property{Name: "capsEx", Value: 1.0})},
		{"an undefined field", rawMessage(rawChunks{csid: 3, size: 128}, message{typ: typeCommand, body: undefined})},
		{"codecs as a string", rawConnect("live", flv.Property{Name: "audioCodecs", Value: "3575"})},
		{"object encoding 3", rawConnect("live", flv.Property{Name: "objectEncoding", Value: 3})},
		{"object encoding -1", rawConnect("live", flv.Property{Name: "objectEncoding", Value: -1})},
		{"object encoding NaN", rawConnect("live", flv.Property{Name: "objectEncoding", Value: math.NaN()})},
		{"nested objects", rawConnect("live", flv.Property{Name: "x", Value: flv.Object{{Name: "y", Value: flv.Object{{Name: "z", Value: 1}}}}})},
		{"capabilities and more", rawConnect("live", flv.Property{Name: "capabilities", Value: 239}, flv.Property{Name: "fpad", Value: false}, flv.Property{Name: "pageUrl", Value: "http://x"})},
		{"a tcUrl without a port", rawConnect("live", flv.Property{Name: "tcUrl", Value: "rtmp://localhost/live"})},
		{"a name that is not valid UTF-8", rawConnect("live", flv.Property{Name: "\xff", Value: "\xfe"})},
		{"a long string", rawConnect("live", flv.Property{Name: "pageUrl", Value: strings.Repeat("x", 10000)})},
		{"more arguments", rawMessage(rawChunks{csid: 3, size: 128}, message{typ: typeCommand, body: flv.AppendAMF0(nil, "connect", 1, flv.Object{{Name: "app", Value: "live"}}, "user", true)})},
		{"an ECMA array", rawMessage(rawChunks{csid: 3, size: 128}, message{typ: typeCommand, body: flv.AppendAMF0(nil, "connect", 1, flv.ECMAArray{{Name: "app", Value: "live"}})})},
		{"an AMF3 envelope", rawMessage(rawChunks{csid: 3, size: 128}, message{typ: typeCommandAMF3, body: flv.AppendAMF0([]byte{0}, "connect", 1, flv.Object{{Name: "app", Value: "live"}})})},
		{"other commands before it", append(rawCommand(0, "createStream", 9, nil), rawConnect("live")...)},
		{"control messages before it", bytes.Join([][]byte{rawControl(typeWindowAckSize, 0, 0x26, 0x25, 0xa0), rawControl(typeUserControl, 0, 6, 0, 0, 0, 1), rawConnect("live")}, nil)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := dialRaw(t, s.addr)
			c.send(t, tt.send)
			if answer, _ := c.result(t, "_result"); answer.status("code") != "NetConnection.Connect.Success" {
				t.Fatalf("connect was answered %v", answer)
			}
			c.send(t, bytes.Join([][]byte{
				setChunkSize4096,
				rawCommand(0, "createStream", 2, nil),
				rawCommand(1, "publish", 3, nil, testKey, "live"),
			}, nil))
			if code := c.status(t); code != publishStart {
				t.Fatalf("status %q", code)
			}
			s.pub.next(t)
			asked := s.pub.asked()
			if app := asked[len(asked)-1].App; app != "live" {
				t.Errorf("app %q", app)
			}
		})
	}
}

func TestAppAndStreamKeyOfAURLHoweverClientsSplitIt(t *testing.T) {
	for _, tt := range []struct{ app, name, wantApp, wantKey string }{
		{"live", "key", "live", "key"},
		{"live/", "key", "live", "key"},
		{"/live/", "/key", "live", "key"},
		{"live", "key?token=x", "live", "key"},
		{"live?a=b", "key", "live", "key"},
		{"live?a=b/c", "key?d=e/f", "live", "key"},
		{"live", "a/b/c", "live", "a/b/c"},
		{"live/a", "b/c", "live", "a/b/c"},
		{"live/a/b", "c", "live", "a/b/c"},
		{"live/key", "", "live", "key"},
		{"live", "", "live", ""},
		{"", "key", "", "key"},
		{"/", "key", "", "key"},
		{"", "a/b", "", "a/b"},
		{"", "", "", ""},
		{"live", "../../etc", "live", "../../etc"},
		{"live", "k\x00\xff", "live", "k\x00\xff"},
	} {
		app, key := splitName(tt.app, tt.name)
		if app != tt.wantApp || key != tt.wantKey {
			t.Errorf("splitName(%q, %q) = %q, %q, want %q, %q", tt.app, tt.name, app, key, tt.wantApp, tt.wantKey)
		}
	}
}

func TestThePublisherIsAskedWithWhatTheClientSaid(t *testing.T) {
	p := newPublisher()
	p.decide = func(context.Context, video.PublishRequest) error { return nil }
	s := startServer(t, p, Limits{})
	for _, tt := range []struct {
		name    string
		connect []byte
		key     any
		kind    string
		want    video.PublishRequest
	}{
		{"a plain one", rawConnect("live"), "a/b?c", "live", video.PublishRequest{App: "live", StreamKey: "a/b", Encoder: "FMLE/3.0 (compatible; test)"}},
		{"an app that is a number", rawConnect(5), "k", "live", video.PublishRequest{App: "5", StreamKey: "k", Encoder: "FMLE/3.0 (compatible; test)"}},
		{"no app", rawConnect(nil), "k", "live", video.PublishRequest{StreamKey: "k", Encoder: "FMLE/3.0 (compatible; test)"}},
		{"a recorder", rawConnect("live"), "k", "record", video.PublishRequest{App: "live", StreamKey: "k", Encoder: "FMLE/3.0 (compatible; test)"}},
		{"a key that is not valid UTF-8", rawConnect("live"), "\xff\xfe", "append", video.PublishRequest{App: "live", StreamKey: "\xff\xfe", Encoder: "FMLE/3.0 (compatible; test)"}},
		{"a key that is null", rawConnect("live"), nil, "live", video.PublishRequest{App: "live", Encoder: "FMLE/3.0 (compatible; test)"}},
		{"an empty flashVer", rawMessage(rawChunks{csid: 3, size: 128}, message{typ: typeCommand, body: flv.AppendAMF0(nil, "connect", 1, flv.Object{{Name: "app", Value: "live"}, {Name: "flashVer", Value: ""}})}), "k", "live", video.PublishRequest{App: "live", StreamKey: "k"}},
		{"a flashVer with control characters", rawMessage(rawChunks{csid: 3, size: 128}, message{typ: typeCommand, body: flv.AppendAMF0(nil, "connect", 1, flv.Object{{Name: "flashVer", Value: " a\nb\x1b\xff "}})}), "k", "live", video.PublishRequest{StreamKey: "k", Encoder: "ab"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := dialRaw(t, s.addr)
			c.send(t, bytes.Join([][]byte{tt.connect, setChunkSize4096, rawCommand(0, "createStream", 2, nil), rawCommand(1, "publish", 3, nil, tt.key, tt.kind)}, nil))
			if code := c.status(t); code != publishStart {
				t.Fatalf("status %q", code)
			}
			p.next(t)
			asked := p.asked()
			got := asked[len(asked)-1]
			if got.RemoteAddr.String() != c.LocalAddr().String() {
				t.Errorf("remote address %v, want %v", got.RemoteAddr, c.LocalAddr())
			}
			got.RemoteAddr = nil
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{})

	t.Run("a ping is answered before and while publishing", func(t *testing.T) {
		c := dialRaw(t, s.addr)
		c.send(t, rawConnect("live"))
		if _, ok := c.result(t, "_result"); !ok {
			t.Fatal("no answer to connect")
		}
		ping := func() {
			t.Helper()
			c.send(t, rawControl(typeUserControl, 0, eventPingRequest, 1, 2, 3, 4))
			for {
				m, ok := c.answer(t, typeUserControl)
				if !ok {
					t.Fatal("no pong")
				}
				if bytes.Equal(m.body, []byte{0, eventPingResponse, 1, 2, 3, 4}) {
					return
				}
			}
		}
		ping()
		c.send(t, setChunkSize4096)
		c.send(t, rawCommand(0, "createStream", 2, nil))
		c.send(t, rawCommand(1, "publish", 3, nil, testKey))
		if code := c.status(t); code != publishStart {
			t.Fatalf("status %q", code)
		}
		s.pub.next(t)
		ping()
	})

	t.Run("what was received is acknowledged once a window was set", func(t *testing.T) {
		c := publishRaw(t, s.addr)
		s.pub.next(t)
		c.send(t, rawControl(typeWindowAckSize, 0, 4, 0, 0)) // 256 KiB
		for range 20 {
			c.send(t, rawVideo(0, videoBody(20000)))
		}
		m, ok := c.answer(t, typeAck)
		if !ok {
			t.Fatal("no acknowledgement")
		}
		if n := binary.BigEndian.Uint32(m.body); n < 128<<10 || n > 500<<10 {
			t.Errorf("%d bytes acknowledged", n)
		}
	})

	t.Run("a second publish is refused and the first goes on", func(t *testing.T) {
		c := publishRaw(t, s.addr)
		b := s.pub.next(t)
		asked := len(s.pub.asked())
		c.send(t, rawCommand(0, "createStream", 6, nil))
		c.send(t, rawCommand(2, "publish", 7, nil, testKey, "live"))
		c.send(t, rawCommand(1, "publish", 8, nil, testKey, "live"))
		for range 2 {
			if code := c.status(t); code != publishBadName {
				t.Fatalf("status %q", code)
			}
		}
		c.send(t, rawAudio(0, aacHeader))
		c.send(t, rawAudio(10, audioBody(3)))
		b.waitFor(t, "audio", func(ps []video.Packet) bool { return len(ps) == 1 })
		if n := len(s.pub.asked()); n != asked {
			t.Errorf("the publisher was asked %d times more", n-asked)
		}
	})

	t.Run("a player is turned away", func(t *testing.T) {
		c := dialRaw(t, s.addr)
		c.send(t, bytes.Join([][]byte{rawConnect("live"), setChunkSize4096, rawCommand(0, "createStream", 2, nil), rawCommand(1, "play", 3, nil, "x")}, nil))
		if code := c.status(t); code != string(rtmpmsg.NetStreamOnStatusCodePlayFailed) {
			t.Fatalf("status %q", code)
		}
		c.waitClosed(t)
	})

	t.Run("a wrong key is told so and nothing of the reason", func(t *testing.T) {
		p := newPublisher()
		p.decide = func(context.Context, video.PublishRequest) error { return errors.New("the database is down") }
		s := startServer(t, p, Limits{})
		c := dialRaw(t, s.addr)
		c.send(t, rawPublish("live", testKey))
		answer, _ := c.result(t, "onStatus")
		if code := answer.status("code"); code != "NetStream.Publish.Failed" {
			t.Errorf("code %q", code)
		}
		if d := answer.status("description"); strings.Contains(d, "database") {
			t.Errorf("description %q", d)
		}
		c.waitClosed(t)
	})

	t.Run("an unknown codec is told so", func(t *testing.T) {
		c := publishRaw(t, s.addr)
		b := s.pub.next(t)
		for range 50 { // the status arrives although there is more to read
			if _, err := c.Write(rawVideo(0, append([]byte{0x24}, pattern(30000)...))); err != nil {
				break
			}
		}
		answer, _ := c.result(t, "onStatus")
		if code := answer.status("code"); code != publishRejected {
			t.Errorf("code %q", code)
		}
		if d := answer.status("description"); !strings.Contains(d, "codec") {
			t.Errorf("description %q", d)
		}
		// A reset instead of an end would lose the status elsewhere.
		if _, err := io.Copy(io.Discard, c.Conn); err != nil {
			t.Errorf("the connection ended with %v", err)
		}
		if codec := (*video.CodecError)(nil); !errors.As(b.reason(t), &codec) {
			t.Errorf("reason %v", b.reason(t))
		}
	})
}

func TestMetadataReachesThePublication(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{})
	c := publishRaw(t, s.addr)
	b := s.pub.next(t)
	c.send(t, rawData("@setDataFrame", "onMetaData", flv.ECMAArray{{Name: "width", Value: 1920}, {Name: "encoder", Value: "obs"}}))
	c.send(t, rawData("onMetaData", flv.Object{{Name: "width", Value: 1280}}))
	c.send(t, rawMessage(rawChunks{csid: 4}, message{typ: typeDataAMF3, stream: 1, body: flv.AppendAMF0([]byte{0}, "onMetaData", flv.Object{{Name: "width", Value: 640}})}))
	c.send(t, rawAudio(0, aacHeader))
	c.send(t, rawAudio(0, audioBody(3)))
	b.waitFor(t, "audio", func(ps []video.Packet) bool { return len(ps) == 1 })
	told := b.told()
	if len(told) != 3 || told[0].Width != 1920 || told[0].Encoder != "obs" || told[1].Width != 1280 || told[2].Width != 640 {
		t.Errorf("metadata %+v", told)
	}
}
