package rtmp

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

func testTracks(t testing.TB) (v, a *video.Track) {
	t.Helper()
	v, err := video.NewTrack(video.H264, avcHeader[5:])
	if err != nil {
		t.Fatal(err)
	}
	a, err = video.NewTrack(video.AAC, aacHeader[2:])
	if err != nil {
		t.Fatal(err)
	}
	return v, a
}

func TestAClientsPacketsArriveAsTheyWere(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{})
	c, err := Dial(t.Context(), "rtmp://"+s.addr+"/live/"+testKey+"?secure=no", ClientConfig{})
	if err != nil {
		t.Fatal(err)
	}
	b := s.pub.next(t)
	if err := c.WriteMetadata(video.Metadata{Width: 640, Encoder: "test"}); err != nil {
		t.Fatal(err)
	}
	v, a := testTracks(t)
	mono, err := video.NewTrack(video.AAC, fromHex("1188"))
	if err != nil {
		t.Fatal(err)
	}
	var sent []video.Packet
	for i := range 300 {
		if i == 200 {
			a = mono
		}
		// The clock wraps on the way.
		dts := (1<<32 - 1000 + time.Duration(i)*10) * time.Millisecond
		sent = append(sent,
			video.Packet{Track: v, DTS: dts, CTS: 80 * time.Millisecond, Key: i%50 == 0, Data: pattern(1 + i*777)},
			video.Packet{Track: a, DTS: dts + 5*time.Millisecond, Key: true, Data: pattern(1 + i)})
	}
	for _, p := range sent {
		if err := c.WritePacket(p); err != nil {
			t.Fatal(err)
		}
	}
	b.waitFor(t, "the last packet", func(ps []video.Packet) bool { return len(ps) == len(sent) })
	for i, p := range b.received() {
		w := sent[i]
		if p.DTS != w.DTS || p.CTS != w.CTS || p.Key != w.Key || !p.Track.Equal(w.Track) || !bytes.Equal(p.Data, w.Data) {
			t.Fatalf("packet %d: got %v %v %v %d bytes, want %v %v %v %d bytes", i, p.DTS, p.CTS, p.Key, len(p.Data), w.DTS, w.CTS, w.Key, len(w.Data))
		}
	}
	if m := b.told(); len(m) != 1 || m[0].Width != 640 || m[0].Encoder != "test" {
		t.Errorf("metadata %+v", m)
	}
	if err := c.Err(); err != nil {
		t.Errorf("Err: %v", err)
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if err := b.reason(t); err != nil {
		t.Errorf("reason %v", err)
	}
	<-c.Done()
	if err := c.WritePacket(sent[0]); !errors.Is(err, net.ErrClosed) {
		t.Errorf("WritePacket after Close: %v", err)
	}
	if err := c.Err(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Err after Close: %v", err)
	}
}

func TestAClientGoesOnAfterAPacketThatCannotBeSent(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{})
	c, err := Dial(t.Context(), "rtmp://"+s.addr+"/live", ClientConfig{StreamKey: testKey})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b := s.pub.next(t)
	_, a := testTracks(t)
	var codec *video.CodecError
	if err := c.WritePacket(video.Packet{Track: &video.Track{Kind: video.Audio, Codec: "vorbis"}}); !errors.As(err, &codec) {
		t.Errorf("an unknown codec: %v", err)
	}
	if err := c.WriteTag(77, 0, nil); err == nil {
		t.Error("an unknown tag was sent")
	}
	if err := c.WriteTag(flv.TagVideo, 0, make([]byte, 1<<24)); err == nil {
		t.Error("a body of 16 MiB was sent")
	}
	if err := c.WritePacket(video.Packet{Track: a, Data: pattern(3)}); err != nil {
		t.Fatal(err)
	}
	b.waitFor(t, "audio", func(ps []video.Packet) bool { return len(ps) == 1 })
}

func TestAClientIsToldWhyItIsRefused(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{WrongKeyDelay: time.Millisecond})
	_, err := Dial(t.Context(), "rtmp://"+s.addr+"/live/wrong", ClientConfig{})
	if status := (*StatusError)(nil); !errors.As(err, &status) || status.Code != "NetStream.Publish.Failed" {
		t.Errorf("Dial: %v", err)
	}
}

func TestAClientIsToldWhyItIsCutOff(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{})
	c, err := Dial(t.Context(), "rtmp://"+s.addr+"/live/"+testKey, ClientConfig{})
	if err != nil {
		t.Fatal(err)
	}
	b := s.pub.next(t)
	b.end(video.ErrDisconnected)
	select {
	case <-c.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the client goes on")
	}
	var status *StatusError
	if err := c.Err(); !errors.As(err, &status) || status.Code != publishRejected {
		t.Errorf("Err: %v", err)
	}
	if err := c.WriteTag(flv.TagAudio, 0, aacHeader); !errors.As(err, &status) {
		t.Errorf("WriteTag: %v", err)
	}
	if err := c.Close(); !errors.As(err, &status) {
		t.Errorf("Close: %v", err)
	}
}

func TestAClientByRTMPS(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{})
	server, client := testTLS(t)
	addr := s.listen(t, func(l net.Listener) net.Listener { return tls.NewListener(l, server) })
	if _, err := Dial(t.Context(), "rtmps://"+addr+"/live/"+testKey, ClientConfig{}); err == nil {
		t.Error("an unknown authority was trusted")
	}
	c, err := Dial(t.Context(), "rtmps://"+addr+"/live/"+testKey, ClientConfig{TLS: client})
	if err != nil {
		t.Fatal(err)
	}
	b := s.pub.next(t)
	_, a := testTracks(t)
	if err := c.WritePacket(video.Packet{Track: a, Data: pattern(3)}); err != nil {
		t.Fatal(err)
	}
	b.waitFor(t, "audio", func(ps []video.Packet) bool { return len(ps) == 1 })
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := b.reason(t); err != nil {
		t.Errorf("reason %v", err)
	}
}

// scriptedServer accepts one connection and does with it what script says.
func scriptedServer(t *testing.T, script func(net.Conn)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		script(c)
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return "rtmp://" + l.Addr().String() + "/live/" + testKey
}

// readTo reads commands up to one of a name.
func readTo(c *rawConn, name string) bool {
	for {
		m, err := c.chunks.next()
		if err != nil {
			return false
		}
		if m.typ != typeCommand {
			continue
		}
		if cmd, err := parseCommand(m.body); err == nil && cmd.name == name {
			return true
		}
	}
}

func acceptRaw(c net.Conn) *rawConn {
	in := newReader(c)
	if acceptHandshake(in, c) != nil {
		return nil
	}
	limits, _ := Limits{}.withDefaults()
	return &rawConn{Conn: c, chunks: newChunkReader(in, limits)}
}

func TestAClientAndServersOfAllKinds(t *testing.T) {
	status := func(level, code string) flv.Object {
		return flv.Object{{Name: "level", Value: level}, {Name: "code", Value: code}}
	}
	answer := func(c *rawConn, name string, reply ...any) bool {
		if c == nil || !readTo(c, name) {
			return false
		}
		_, err := c.Write(rawMessage(rawChunks{csid: 3, size: 128}, message{typ: typeCommand, body: flv.AppendAMF0(nil, reply...)}))
		return err == nil
	}
	for _, tt := range []struct {
		name   string
		script func(net.Conn)
		want   any // error, *StatusError for its code, or nil
	}{
		{"one that says nothing", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, context.DeadlineExceeded},
		{"one that hangs up", func(net.Conn) {}, ErrConnectionLost},
		{"one of HTTP", func(c net.Conn) { _, _ = c.Write(bytes.Repeat([]byte("HTTP/1.1 400 "), 300)) }, ErrProtocol},
		{"one that stops after the handshake", func(c net.Conn) { acceptRaw(c); _, _ = io.Copy(io.Discard, c) }, context.DeadlineExceeded},
		{"one that refuses connect", func(nc net.Conn) {
			answer(acceptRaw(nc), "connect", "_error", 1, nil, status("error", "NetConnection.Connect.Rejected"))
		}, &StatusError{Code: "NetConnection.Connect.Rejected"}},
		{"one that refuses createStream", func(nc net.Conn) {
			c := acceptRaw(nc)
			_ = answer(c, "connect", "_result", 1, nil, status("status", "NetConnection.Connect.Success")) &&
				answer(c, "createStream", "_error", transactionCreate, nil, status("error", "NetConnection.Call.Failed"))
		}, &StatusError{Code: "NetConnection.Call.Failed"}},
		{"one without streams", func(nc net.Conn) {
			c := acceptRaw(nc)
			_ = answer(c, "connect", "_result", 1, nil, status("status", "NetConnection.Connect.Success")) &&
				answer(c, "createStream", "_result", transactionCreate, nil, nil)
		}, ErrProtocol},
		{"one where another publishes", func(nc net.Conn) {
			c := acceptRaw(nc)
			_ = answer(c, "connect", "_result", 1, nil, status("status", "NetConnection.Connect.Success")) &&
				answer(c, "createStream", "_result", transactionCreate, nil, 7) &&
				answer(c, "publish", "onStatus", 0, nil, status("error", publishBadName))
		}, &StatusError{Code: publishBadName}},
		{"one that talks much, in AMF3 envelopes, and refuses what does not matter", func(nc net.Conn) {
			c := acceptRaw(nc)
			if c == nil {
				return
			}
			_, _ = c.Write(bytes.Join([][]byte{
				rawControl(typeWindowAckSize, 0, 4, 0, 0),
				rawControl(typePeerBandwidth, 0, 4, 0, 0, 2),
				rawControl(typeUserControl, 0, eventPingRequest, 9, 9, 9, 9),
				rawMessage(rawChunks{csid: 3, size: 128}, message{typ: typeCommandAMF3, body: flv.AppendAMF0([]byte{0}, "onBWDone", 0, nil)}),
			}, nil))
			if !readTo(c, "connect") {
				return
			}
			pong, err := c.chunks.next()
			if err != nil || pong.typ != typeUserControl || !bytes.Equal(pong.body, []byte{0, eventPingResponse, 9, 9, 9, 9}) {
				return
			}
			_, _ = c.Write(rawMessage(rawChunks{csid: 3, size: 128}, message{typ: typeCommand, body: flv.AppendAMF0(nil, "_result", 1, nil, status("status", "NetConnection.Connect.Success"))}))
			_ = answer(c, "releaseStream", "_error", transactionRelease, nil, status("error", "NetConnection.Call.Failed")) &&
				answer(c, "FCPublish", "onFCPublish", 0, nil, status("status", publishStart)) &&
				answer(c, "createStream", "_result", transactionCreate, nil, 7) &&
				answer(c, "publish", "onStatus", 0, nil, status("status", publishStart))
			readTo(c, "deleteStream")
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Dial(t.Context(), scriptedServer(t, tt.script), ClientConfig{Timeout: 500 * time.Millisecond})
			if err == nil {
				defer func() { _ = c.Close() }()
			}
			switch want := tt.want.(type) {
			case nil:
				if err != nil {
					t.Errorf("Dial: %v", err)
				}
			case *StatusError:
				if status := (*StatusError)(nil); !errors.As(err, &status) || *status != *want {
					t.Errorf("Dial: %v, want %v", err, want)
				}
			case error:
				if !errors.Is(err, want) {
					t.Errorf("Dial: %v, want %v", err, want)
				}
			}
			if err != nil && strings.Contains(err.Error(), testKey) {
				t.Errorf("the error tells the key: %v", err)
			}
		})
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url := scriptedServer(t, func(c net.Conn) {
		acceptRaw(c)
		cancel()
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("the client does not hang up")
		}
	})
	if _, err := Dial(ctx, url, ClientConfig{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Dial: %v", err)
	}
}

func TestAClientOfAServerThatStopsReadingTimesOut(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	s := startServer(t, &publisher{
		publications: make(chan *publication, 1),
		write:        func(video.Packet) error { <-release; return nil },
	}, Limits{})
	c, err := Dial(t.Context(), "rtmp://"+s.addr+"/live/"+testKey, ClientConfig{Timeout: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	v, _ := testTracks(t)
	for range 10_000 {
		if err = c.WritePacket(video.Packet{Track: v, Data: pattern(100_000)}); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrTimeout) {
		t.Errorf("WritePacket: %v", err)
	}
	if err := c.Close(); !errors.Is(err, ErrTimeout) {
		t.Errorf("Close: %v", err)
	}
}

func TestURLs(t *testing.T) {
	for _, tt := range []struct {
		url, key string
		want     target
	}{
		{"rtmp://h/live/k", "", target{false, "h:1935", "h", "rtmp://h/live", "live", "k"}},
		{"rtmps://h/live/k", "", target{true, "h:443", "h", "rtmps://h/live", "live", "k"}},
		{"RTMP://h:99/live/k?a=b/c", "", target{false, "h:99", "h", "rtmp://h:99/live", "live", "k?a=b/c"}},
		{"rtmp://h/app/instance/k", "", target{false, "h:1935", "h", "rtmp://h/app/instance", "app/instance", "k"}},
		{"rtmp://[::1]/live/k", "", target{false, "[::1]:1935", "::1", "rtmp://[::1]/live", "live", "k"}},
		{"rtmp://[::1]:99/live/k", "", target{false, "[::1]:99", "::1", "rtmp://[::1]:99/live", "live", "k"}},
		{"rtmp://h/live", "a/b%", target{false, "h:1935", "h", "rtmp://h/live", "live", "a/b%"}},
		{"rtmp://h/live/", "k", target{false, "h:1935", "h", "rtmp://h/live", "live", "k"}},
	} {
		got, err := parseTarget(tt.url, tt.key)
		if err != nil || got != tt.want {
			t.Errorf("parseTarget(%q, %q) = %+v, %v, want %+v", tt.url, tt.key, got, err, tt.want)
		}
	}
	for _, bad := range []string{"", "h/live/secret", "http://h/live/secret", "rtmp:///live/secret", "rtmp://h", "rtmp://h/secret", "rtmp://h/live/", "rtmp://user:secret@h/live/k"} {
		if _, err := parseTarget(bad, ""); err == nil {
			t.Errorf("parseTarget(%q) took it", bad)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("parseTarget(%q) tells the key: %v", bad, err)
		}
	}
}
