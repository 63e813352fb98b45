//go:build linux

package perf_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video/flv"
	"github.com/owncast-go/owncast/video/rtmp"
	"github.com/owncast-go/owncast/video/videotest"
)

// Sizes of pictures that make a broadcast of 6 Mbit/s out of the clip, which
// has 30 a second and a key frame each second.
const (
	keyFrame = 100_000
	picture  = 22_400
)

// mark stands in front of the number of a picture.
const mark = "PICTURE-"

// pad makes a picture of the clip as large as one of a real broadcast, by a
// unit of filler data (H.264 §7.3.2.7) that holds its number.
func pad(body []byte, n int) []byte {
	size := picture
	if body[0]>>4 == 1 {
		size = keyFrame
	}
	filler := bytes.Repeat([]byte{0xff}, max(64, size-len(body)-4))
	filler[0] = 12
	copy(filler[1:], fmt.Sprintf("%s%08d", mark, n))
	out := binary.BigEndian.AppendUint32(slices.Clone(body), uint32(len(filler)))
	return append(out, filler...)
}

// publish sends the broadcast to stream x<i> of a server until ctx is done.
// sent is told of each picture before it goes out.
func publish(ctx context.Context, s *server, i int, sent func(n int)) error {
	var c *rtmp.Client
	for end := time.Now().Add(30 * time.Second); ; { // the server may have just been started
		var err error
		if c, err = rtmp.Dial(ctx, fmt.Sprintf("rtmp://%s/live/x%d", s.RTMP, i), rtmp.ClientConfig{}); err == nil {
			break
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	defer c.Close()
	pictures := 0
	err := videotest.Publish(ctx, writer(func(typ flv.TagType, at time.Duration, body []byte) error {
		if typ == flv.TagVideo && body[1] == 1 {
			body = pad(body, pictures)
			if sent != nil {
				sent(pictures)
			}
			pictures++
		}
		return c.WriteTag(typ, at, body)
	}))
	if ctx.Err() != nil {
		return nil
	}
	return err
}

type writer func(flv.TagType, time.Duration, []byte) error

func (w writer) WriteTag(typ flv.TagType, at time.Duration, body []byte) error {
	return w(typ, at, body)
}

// broadcast publishes n streams to the server until the end of the benchmark.
func broadcast(b testing.TB, s *server, n int) {
	b.Helper()
	broadcastSome(b, s, 0, n, nil)
}

// broadcastSome publishes the streams from one number up to, and without,
// another. sent may be nil; see publish.
func broadcastSome(b testing.TB, s *server, from, to int, sent func(n int)) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for i := from; i < to; i++ {
		wg.Go(func() {
			if err := publish(ctx, s, i, sent); err != nil {
				b.Errorf("%s: %v", s.name, err)
			}
		})
	}
	b.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}

// client is a connection of a viewer.
type client struct {
	addr string
	conn net.Conn
	r    *bufio.Reader
	buf  []byte
}

// get asks for a path and reads the answer; the body is returned if keep is
// set. Connections are opened when needed.
func (c *client) get(target string, keep bool) (body []byte, size int64, err error) {
	if c.conn == nil {
		if c.conn, err = net.Dial("tcp", c.addr); err != nil {
			return nil, 0, err
		}
		c.r = bufio.NewReaderSize(c.conn, 4<<10)
	}
	if _, err = fmt.Fprintf(c.conn, "GET %s HTTP/1.1\r\nHost: perf\r\nUser-Agent: perf\r\nX-Playback-Session-Id: %p\r\n\r\n", target, c); err != nil {
		return nil, 0, err
	}
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return nil, 0, err
	}
	if keep {
		body, err = io.ReadAll(res.Body)
		size = int64(len(body))
	} else {
		if c.buf == nil { // those who only wait need none
			c.buf = make([]byte, 64<<10)
		}
		size, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, res.Body, c.buf)
	}
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", target, res.Status)
	}
	return body, size, err
}

func (c *client) close() {
	if c.conn != nil {
		_ = c.conn.Close()
	}
}

// playlist is what a viewer needs of a media playlist.
type playlist struct {
	first    int      // media sequence
	skipped  int      // segments that a delta update leaves out
	segments []string // of those that are closed
	parts    []string // all that are listed
	open     int      // how many of them are of the open segment
	hint     string
}

func read(text []byte) (p playlist) {
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if n, ok := strings.CutPrefix(line, "#EXT-X-MEDIA-SEQUENCE:"); ok {
			_, _ = fmt.Sscan(n, &p.first)
		}
		if n, ok := strings.CutPrefix(line, "#EXT-X-SKIP:SKIPPED-SEGMENTS="); ok {
			_, _ = fmt.Sscan(n, &p.skipped)
		}
		_, uri, _ := strings.Cut(line, `URI="`)
		uri, _, _ = strings.Cut(uri, `"`)
		switch {
		case line == "":
		case line[0] != '#':
			p.segments, p.open = append(p.segments, line), 0
		case strings.HasPrefix(line, "#EXT-X-PART:"):
			p.parts = append(p.parts, uri)
			p.open++
		case strings.HasPrefix(line, "#EXT-X-PRELOAD-HINT:TYPE=PART"):
			p.hint = uri
		}
	}
	return p
}

// lists returns the paths of the media playlists that a viewer follows.
func (s *server) lists(c *client) (list []string, err error) {
	if s.multivariant == "" {
		return []string{s.list}, nil
	}
	text, _, err := c.get(s.multivariant, true)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if _, uri, ok := strings.Cut(line, `URI="`); ok {
			line, _, _ = strings.Cut(uri, `"`)
		} else if line == "" || line[0] == '#' {
			continue
		}
		list = append(list, path.Join(path.Dir(s.multivariant), line))
	}
	if err == nil && len(list) == 0 {
		err = errors.New("no playlist is listed")
	}
	return list, err
}

// ready waits until the server has a segment of stream x0.
func ready(b testing.TB, s *server) {
	b.Helper()
	c := &client{addr: s.HTTP}
	defer func() { c.close() }()
	var last error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		lists, err := s.lists(c)
		var text []byte
		if err == nil {
			text, _, err = c.get(lists[0], true)
		}
		if p := read(text); err == nil && len(p.segments) > 2 {
			return
		}
		if last = err; err != nil {
			c.close()
			c = &client{addr: s.HTTP}
		}
	}
	b.Fatalf("%s: no broadcast: %v", s.name, last)
}

// put has a server from memory serve the body.
func put(ctx context.Context, to *server, target, contentType string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+to.HTTP+target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", contentType)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// mirror copies what stream x0 of a server has to one that serves it from
// memory, as long as ctx lasts.
func mirror(ctx context.Context, from, to *server) error {
	c := &client{addr: from.HTTP}
	defer c.close()
	had := ""
	for ctx.Err() == nil {
		text, _, err := c.get(from.list, true)
		if err != nil {
			return err
		}
		p := read(text)
		if len(p.segments) == 0 {
			return errors.New("no segment is listed")
		}
		if last := p.segments[len(p.segments)-1]; last != had {
			target := path.Join(path.Dir(from.list), last)
			segment, _, err := c.get(target, true)
			if err == nil {
				err = put(ctx, to, target, "video/mp4", segment)
			}
			if err != nil && ctx.Err() == nil {
				return err
			}
			had = last
			if err := put(ctx, to, from.list, "application/vnd.apple.mpegurl", text); err != nil && ctx.Err() == nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2]
}

// percentile is for p from 0 to 1.
func percentile(list []time.Duration, p float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[min(len(list)-1, int(p*float64(len(list))))]
}
