package rtmp

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

// acceptPublisher plays the server up to the answer to publish, which it
// makes with what the client calls the stream.
func acceptPublisher(nc net.Conn, last func(key string) flv.Object) *rawConn {
	c := acceptRaw(nc)
	if c == nil {
		return nil
	}
	say := func(reply ...any) bool {
		_, err := c.Write(rawMessage(rawChunks{csid: 3, size: 128}, message{typ: typeCommand, body: flv.AppendAMF0(nil, reply...)}))
		return err == nil
	}
	status := flv.Object{{Name: "level", Value: "status"}, {Name: "code", Value: "NetConnection.Connect.Success"}}
	if !readTo(c, "connect") || !say("_result", 1, nil, status) ||
		!readTo(c, "createStream") || !say("_result", transactionCreate, nil, 1) ||
		!readTo(c, "publish") || !say("onStatus", 0, nil, last(testKey+"?sign=abcdef")) {
		return nil
	}
	return c
}

func taken(string) flv.Object {
	return flv.Object{{Name: "level", Value: "status"}, {Name: "code", Value: publishStart}}
}

func TestCloseDoesNotWaitForAServerThatStoppedReading(t *testing.T) {
	release := make(chan struct{})
	url := scriptedServer(t, func(nc net.Conn) {
		acceptPublisher(nc, taken)
		<-release
	})
	defer close(release)
	c, err := Dial(t.Context(), url, ClientConfig{Timeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	v, _ := testTracks(t)
	written := make(chan error, 1)
	writing := make(chan struct{}, 1)
	go func() {
		for {
			select {
			case writing <- struct{}{}:
			default:
			}
			if err := c.WritePacket(video.Packet{Track: v, Data: pattern(1 << 20)}); err != nil {
				written <- err
				return
			}
		}
	}()
	for range 2 {
		<-writing
	}
	closed := make(chan error, 1)
	go func() { closed <- c.Close() }()
	for what, result := range map[string]chan error{"Close": closed, "WritePacket": written} {
		select {
		case <-result:
		case <-time.After(10 * time.Second):
			t.Errorf("%s does not return", what)
		}
	}
}

func TestARefusalDoesNotRepeatTheKey(t *testing.T) {
	url := scriptedServer(t, func(nc net.Conn) {
		c := acceptPublisher(nc, func(key string) flv.Object {
			name, query, _ := strings.Cut(key, "?")
			return flv.Object{
				{Name: "level", Value: "error"},
				{Name: "code", Value: "Stream." + name},
				{Name: "description", Value: "no stream " + key + " for " + name + " by " + query},
			}
		})
		_, _ = io.Copy(io.Discard, c)
	})
	_, err := Dial(t.Context(), url+"?sign=abcdef", ClientConfig{})
	var status *StatusError
	if !errors.As(err, &status) {
		t.Fatalf("Dial: %v", err)
	}
	if text := err.Error(); strings.Contains(text, testKey) || strings.Contains(text, "abcdef") || !strings.Contains(text, "no stream *** for *** by ***") {
		t.Errorf("the error is %q", text)
	}
}

func TestConfigurationsAreToldOnceAndAgainAfterABreak(t *testing.T) {
	headers := make(chan byte, 10)
	url := scriptedServer(t, func(nc net.Conn) {
		defer close(headers)
		c := acceptPublisher(nc, taken)
		for c != nil {
			m, err := c.chunks.next()
			if err != nil {
				return
			}
			if (m.typ == byte(flv.TagVideo) || m.typ == byte(flv.TagAudio)) && m.body[1] == 0 {
				headers <- m.typ
			}
		}
	})
	c, err := Dial(t.Context(), url, ClientConfig{})
	if err != nil {
		t.Fatal(err)
	}
	v, a := testTracks(t)
	write := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write(c.WriteTrack(v, 0))
	write(c.WriteTrack(a, 0))
	write(c.WriteTrack(a, 0))
	write(c.WritePacket(video.Packet{Track: v, Key: true, Data: pattern(9)}))
	write(c.WritePacket(video.Packet{Track: a, Data: pattern(9)}))
	write(c.WritePacket(video.Packet{Track: v, Key: true, Discontinuity: true, Data: pattern(9)}))
	write(c.WritePacket(video.Packet{Track: a, Data: pattern(9)}))
	write(c.Close())
	var got []byte
	for typ := range headers {
		got = append(got, typ)
	}
	if want := "\x09\x08\x09\x08"; string(got) != want {
		t.Errorf("configurations of %q, want %q", got, want)
	}
}
