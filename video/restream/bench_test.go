package restream

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/rtmp"
)

// BenchmarkOutput sends a second of 1080p30 at 6 Mbit/s with AAC of 160 kbit/s
// in each round: the time is what a second of a broadcast costs an output, the
// system's work of sending included.
func BenchmarkOutput(b *testing.B) {
	far := newReceiver(b)
	conn := &diverted{media: sink(b)}
	client, err := rtmp.Dial(b.Context(), "rtmp://"+far.addr+"/live", rtmp.ClientConfig{
		StreamKey: secret,
		DialContext: func(ctx context.Context, network, addr string) (c net.Conn, err error) {
			conn.Conn, err = new(net.Dialer).DialContext(ctx, network, addr)
			return conn, err
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	conn.on.Store(true)
	var packets []video.Packet
	pictures, sounds := 0, 0
	payload := make([]byte, 172_500)
	for _, p := range clip(b) {
		switch {
		case p.Track.Kind == video.Audio:
			p.Data = payload[:427]
			sounds++
		case pictures%60 == 0:
			p.Key, p.Data = true, payload
			pictures++
		default:
			p.Key, p.Data = false, payload[:22_500]
			pictures++
		}
		packets = append(packets, p)
	}
	service, err := New(Config{Source: new(video.Server)})
	if err != nil {
		b.Fatal(err)
	}
	o := newOutput(service, Output{})
	f := feed{client: client, sent: o.sent}
	b.SetBytes(6_160_000 / 8)
	b.ReportAllocs()
	i, base := 0, time.Duration(0)
	for end := time.Second; b.Loop(); end += time.Second {
		for {
			p := packets[i]
			if p.DTS += base; p.DTS >= end {
				break
			}
			if !o.gate.passes(&p) {
				continue
			}
			if err := f.write(p); err != nil {
				b.Fatal(err)
			}
			if i++; i == len(packets) {
				i, base = 0, base+8*time.Second
			}
		}
	}
}

// diverted is a connection whose media go where nobody looks at them.
type diverted struct {
	net.Conn
	media net.Conn
	on    atomic.Bool
}

func (d *diverted) Write(p []byte) (int, error) {
	if d.on.Load() {
		return d.media.Write(p)
	}
	return d.Conn.Write(p)
}

// sink returns a connection to somebody who discards.
func sink(b *testing.B) net.Conn {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if c, err := l.Accept(); err == nil {
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close(); _ = l.Close(); <-done })
	return c
}
