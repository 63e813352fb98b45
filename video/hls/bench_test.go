package hls

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
)

// endless is a broadcast of 1080p30 with a key frame every two seconds, at
// 6 Mbit/s with AAC of 160 kbit/s, and with all payload from one buffer.
type endless struct {
	picture, sound *video.Track
	payload        []byte
	pictures       int
	sounds         int
}

func newEndless(t testing.TB) *endless {
	return &endless{picture: pictureTrack(1920), sound: soundTrack(t, 3), payload: make([]byte, 200_000)}
}

const packetsPerMinute = 60 * (30 + 48000.0/1024)

func (e *endless) next() video.Packet {
	video1 := time.Duration(e.pictures) * time.Second / 30
	audio1 := fromScale(int64(e.sounds)*1024, 48000)
	if audio1 < video1 {
		e.sounds++
		return video.Packet{Track: e.sound, DTS: audio1.Truncate(time.Millisecond), Key: true, Data: e.payload[:427]}
	}
	key, size := e.pictures%60 == 0, 22_500
	if key {
		size = 172_500
	}
	e.pictures++
	return video.Packet{Track: e.picture, DTS: video1.Truncate(time.Millisecond), Key: key, Data: e.payload[:size]}
}

// feed writes until the time of the broadcast.
func (e *endless) feed(b testing.TB, p *Packager, at time.Duration) {
	b.Helper()
	for time.Duration(e.pictures)*time.Second/30 < at {
		if err := p.WritePacket(e.next()); err != nil {
			b.Fatal(err)
		}
	}
}

func benchPackager(b testing.TB, level int) (*Packager, *endless) {
	b.Helper()
	p := New(Config{})
	if err := p.Begin(video.Session{ID: "bench", Latency: video.LatencyLevel(level)}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := p.Shutdown(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return p, newEndless(b)
}

func BenchmarkWritePacket(b *testing.B) {
	for _, viewers := range []bool{false, true} {
		b.Run(map[bool]string{false: "alone", true: "with playlists"}[viewers], func(b *testing.B) {
			p, e := benchPackager(b, video.DefaultLatencyLevel)
			if viewers {
				p.published = func(s *snapshot) { s.playlist(false).gzip(&p.zips); s.playlist(true).gzip(&p.zips) }
			}
			e.feed(b, p, 40*time.Second)
			b.ReportAllocs()
			b.ResetTimer()
			start := cpuTime()
			for b.Loop() {
				if err := p.WritePacket(e.next()); err != nil {
					b.Fatal(err)
				}
			}
			used := cpuTime() - start
			b.ReportMetric(float64(used.Nanoseconds())/float64(b.N)*packetsPerMinute/1e6, "cpu-ms/stream-minute")
		})
	}
}

// BenchmarkLiveWindow tells what a stream keeps in memory for each byte that
// viewers can fetch.
func BenchmarkLiveWindow(b *testing.B) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for b.Loop() {
		before := heap()
		p, e := benchPackager(b, video.DefaultLatencyLevel)
		e.feed(b, p, 2*time.Minute)
		held := heap() - before
		window := int64(0)
		for _, g := range p.stream.main.r.segs {
			window += g.size
		}
		b.ReportMetric(float64(held)/float64(window), "held/window")
		b.ReportMetric(float64(window)/1e6, "MB-window")
		b.ReportMetric(float64(held)/1e6, "MB-held")
		runtime.KeepAlive(e)
	}
}

// client asks for the same thing again and again, with as little work as
// there can be.
type client struct {
	b       testing.TB
	conn    net.Conn
	r       *bufio.Reader
	request []byte
}

func dial(b testing.TB, h http.Handler, target, header string) *client {
	b.Helper()
	srv := httptest.NewServer(h)
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		conn.Close()
		srv.Close()
	})
	return &client{
		b: b, conn: conn, r: bufio.NewReaderSize(conn, 256<<10),
		request: fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\n%s\r\n", target, header),
	}
}

func (c *client) get() (size int) {
	if _, err := c.conn.Write(c.request); err != nil {
		c.b.Fatal(err)
	}
	for first := true; ; first = false {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			c.b.Fatal(err)
		}
		if first && !bytes.Contains(line, []byte(" 200 ")) {
			c.b.Fatalf("%s", line)
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			size, _ = strconv.Atoi(string(bytes.TrimSpace(v)))
		}
		if len(line) == 2 {
			break
		}
	}
	if _, err := c.r.Discard(size); err != nil {
		c.b.Fatal(err)
	}
	return size
}

// requests measures a handler over loopback. The client's work is in the
// figures.
func requests(b *testing.B, h http.Handler, target, header string) {
	c := dial(b, h, target, header)
	b.SetBytes(int64(c.get()))
	b.ReportAllocs()
	b.ResetTimer()
	start := cpuTime()
	for b.Loop() {
		c.get()
	}
	b.ReportMetric(float64((cpuTime()-start).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// fromMemory is the plainest handler there is for bytes in memory.
func fromMemory(contentType string, body []byte) http.Handler {
	length := strconv.Itoa(len(body))
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Length", length)
		_, _ = w.Write(body)
	})
}

func BenchmarkPlaylistRequest(b *testing.B) {
	p, e := benchPackager(b, video.DefaultLatencyLevel)
	e.feed(b, p, time.Minute)
	text := p.shown.Load().main.r.cur.Load().playlist(false).text
	b.Run("loopback", func(b *testing.B) { requests(b, p, "/0/stream.m3u8", "") })
	b.Run("loopback, gzip", func(b *testing.B) { requests(b, p, "/0/stream.m3u8", "Accept-Encoding: gzip\r\n") })
	b.Run("loopback, reload", func(b *testing.B) {
		msn := p.shown.Load().main.r.cur.Load().nextMSN - 1
		requests(b, p, fmt.Sprintf("/0/stream.m3u8?_HLS_msn=%d&_HLS_part=0&_HLS_skip=YES", msn), "Accept-Encoding: gzip\r\n")
	})
	b.Run("loopback, net-http from memory", func(b *testing.B) { requests(b, fromMemory(playlistType, text), "/", "") })
	b.Run("multivariant", func(b *testing.B) { requests(b, p, "/stream.m3u8", "") })
	b.Run("recorder", func(b *testing.B) {
		r := httptest.NewRequest(http.MethodGet, "/0/stream.m3u8", nil)
		b.ReportAllocs()
		for b.Loop() {
			w := discarder{http.Header{}}
			p.ServeHTTP(w, r)
		}
	})
}

// discarder is a ResponseWriter of which only the header is kept.
type discarder struct{ h http.Header }

func (d discarder) Header() http.Header         { return d.h }
func (d discarder) WriteHeader(int)             {}
func (d discarder) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkSegmentRequest has a segment of two seconds: 1.5 MB in six parts.
func BenchmarkSegmentRequest(b *testing.B) {
	p, e := benchPackager(b, 0)
	e.feed(b, p, 20*time.Second)
	g := p.shown.Load().main.r.cur.Load().segs[3]
	whole, _ := g.body()
	joined := bytes.Join(whole, nil)
	b.Run("hls", func(b *testing.B) { requests(b, p, "/0/"+g.name, "") })
	b.Run("net-http from memory", func(b *testing.B) { requests(b, fromMemory(mediaType, joined), "/", "") })
	b.Run("net-http, ServeContent", func(b *testing.B) {
		requests(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "x.mp4", time.Time{}, bytes.NewReader(joined))
		}), "/", "")
	})
	// What it would cost to send each packet from the buffer it came in.
	b.Run("unjoined", func(b *testing.B) {
		var pieces body
		for at, i := 0, 0; at < len(joined); i++ {
			size := [...]int{22_500, 427, 427}[i%3]
			pieces = append(pieces, joined[at:min(at+size, len(joined))])
			at += size
		}
		requests(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x := &exchange{w: w, r: r}
			x.header(mediaType, mediaCache, `"x"`)
			x.send(pieces)
		}), "/", "")
	})
}

// BenchmarkWake has viewers that wait for each part. They are goroutines that
// call the handler, without connections: what is measured is what a part that
// is there sets in motion.
func BenchmarkWake(b *testing.B) {
	for _, viewers := range []int{1000, 10_000} {
		b.Run(fmt.Sprint("viewers=", viewers), func(b *testing.B) { wake(b, viewers) })
	}
}

// waiter is a ResponseWriter whose handler allows itself time when it begins to
// wait.
type waiter struct {
	discarder
	waits func()
}

func (w waiter) SetWriteDeadline(time.Time) error {
	w.waits()
	return nil
}

func wake(b *testing.B, viewers int) {
	p, e := benchPackager(b, video.DefaultLatencyLevel)
	e.feed(b, p, time.Minute)
	r := p.shown.Load().main.r
	held := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	requests := make([]*http.Request, viewers)
	var cpu, last time.Duration
	var memory uint64
	for b.Loop() {
		s := r.cur.Load()
		target := fmt.Sprintf("/0/stream.m3u8?_HLS_msn=%d&_HLS_part=%d&_HLS_skip=YES", s.nextMSN, len(s.open))
		for i := range requests {
			requests[i] = httptest.NewRequest(http.MethodGet, target, nil)
		}
		before := held()
		var waiting, done sync.WaitGroup
		for _, req := range requests {
			waiting.Add(1)
			w := waiter{discarder{http.Header{}}, sync.OnceFunc(waiting.Done)}
			done.Go(func() { p.ServeHTTP(w, req) })
		}
		waiting.Wait()
		memory = max(memory, held()-before)
		for !r.cur.Load().has(s.nextMSN, len(s.open)) {
			begun, used := time.Now(), cpuTime()
			if err := p.WritePacket(e.next()); err != nil {
				b.Fatal(err)
			}
			if r.cur.Load().has(s.nextMSN, len(s.open)) {
				done.Wait()
				last += time.Since(begun)
				cpu += cpuTime() - used
			}
		}
	}
	b.ReportMetric(float64(cpu.Nanoseconds())/float64(b.N*viewers), "cpu-ns/viewer")
	b.ReportMetric(last.Seconds()*1e3/float64(b.N), "last-ms")
	b.ReportMetric(float64(memory)/float64(viewers), "B/viewer")
}

// BenchmarkLadder has a broadcast with renditions of a half and a quarter of
// its bitrate. An operation is a packet of it and the same one of each
// rendition.
func BenchmarkLadder(b *testing.B) {
	for renditions := range 3 {
		b.Run(fmt.Sprintf("%d renditions", renditions), func(b *testing.B) {
			p, e := benchPackager(b, video.DefaultLatencyLevel)
			ladder := video.Ladder{Renditions: make([]video.Rendition, renditions)}
			if err := p.Begin(video.Session{ID: "bench", Latency: video.LatencyLevel(video.DefaultLatencyLevel), Ladder: ladder}); err != nil {
				b.Fatal(err)
			}
			tracks := []*video.Track{pictureTrack(1280), pictureTrack(640)}
			write := func() {
				q := e.next()
				if err := p.WritePacket(q); err != nil {
					b.Fatal(err)
				}
				for i := range renditions {
					if q.Track.Kind == video.Video {
						q.Track, q.Data = tracks[i], q.Data[:len(q.Data)/2]
					}
					if err := p.WriteRendition("bench", i, q); err != nil {
						b.Fatal(err)
					}
				}
			}
			for e.pictures < 40*30 {
				write()
			}
			if n := len(p.stream.all()); n != renditions+2 {
				b.Fatalf("%d playlists", n)
			}
			b.ReportAllocs()
			for b.Loop() {
				write()
			}
		})
	}
}
