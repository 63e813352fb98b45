//go:build unix

package rtmp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
)

// counter is a Publication that counts packets and keeps the last of them,
// as a live window does: it is what a collection has to look through, and
// what makes collections seldom.
type counter struct {
	want   int64
	got    int64
	window [][]byte
	all    chan struct{}
	done   chan struct{}
}

// windowSize is that of 30 seconds at 8 Mbit/s.
const windowSize = 30 << 20

func (c *counter) SetMetadata(video.Metadata) {}
func (c *counter) Close(error)                {}
func (c *counter) Done() <-chan struct{}      { return c.done }
func (c *counter) Err() error                 { return nil }
func (c *counter) WritePacket(p video.Packet) error {
	c.window[c.got%int64(len(c.window))] = p.Data
	if c.got++; c.got == c.want {
		close(c.all)
	}
	return nil
}

func (c *counter) Publish(context.Context, video.PublishRequest) (video.Publication, error) {
	return c, nil
}

// BenchmarkIngest sends messages over a loopback connection as fast as they
// are taken. The CPU time is the whole process's, the sender's part and the
// kernel's included.
func BenchmarkIngest(b *testing.B) {
	for _, size := range []int{300, 5_000, 100_000} {
		for _, chunk := range []int{128, 4096, 65536} {
			b.Run(fmt.Sprintf("message=%d/chunk=%d", size, chunk), func(b *testing.B) {
				benchmarkIngest(b, size, chunk)
			})
		}
	}
}

func benchmarkIngest(b *testing.B, size, chunk int) {
	c := &counter{
		window: make([][]byte, windowSize/size),
		all:    make(chan struct{}),
		done:   make(chan struct{}),
	}
	s, err := NewServer(Config{Publisher: c})
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	defer func() {
		_ = s.Shutdown(context.Background())
		<-served
	}()
	conn := publishRaw(b, l.Addr().String())
	go func() { _, _ = io.Copy(io.Discard, conn.Conn) }()
	_ = conn.SetDeadline(time.Time{})
	conn.send(b, rawMessage(rawChunks{csid: 2}, message{typ: typeSetChunkSize, body: []byte{0, byte(chunk >> 16), byte(chunk >> 8), byte(chunk)}}))
	conn.send(b, rawMessage(rawChunks{csid: 6, size: chunk}, message{typ: typeVideo, stream: 1, body: avcHeader}))

	// A batch of about 256 kB is one write, as with a sender who is fast.
	one := rawMessage(rawChunks{csid: 6, size: chunk}, message{typ: typeVideo, stream: 1, body: videoBody(size - 5)})
	per := max(1, 256<<10/len(one))
	batch := bytes.Repeat(one, per)

	c.want = int64(b.N)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	begun := cpuTime()
	for left := b.N; left > 0; left -= per {
		conn.send(b, batch[:min(left, per)*len(one)])
	}
	<-c.all
	b.StopTimer()
	cpu := cpuTime() - begun
	b.ReportMetric(float64(cpu.Nanoseconds())/float64(b.N), "cpu-ns/op")
	b.ReportMetric(cpu.Seconds()/(float64(b.N)*float64(size)/1e9), "cpu-s/GB")
}

// cpuTime is the user and system time of this process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
