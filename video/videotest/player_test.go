package videotest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video/flv"
)

const multivariant = "#EXTM3U\n" +
	"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"a\",URI=\"a/list.m3u8\"\n" +
	"#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1\",AUDIO=\"a\"\nv/list.m3u8\n"

// broken is a stream with something wrong: playlist is given the number of the
// request.
type broken struct {
	playlist func(n int) string
	files    map[string]string // "" is 404
	n        atomic.Int32
}

func (b *broken) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := "....moof"
	switch {
	case strings.HasSuffix(r.URL.Path, "/v/list.m3u8"), strings.HasSuffix(r.URL.Path, "/a/list.m3u8"):
		body = b.playlist(int(b.n.Add(1)) - 1)
	case strings.HasSuffix(r.URL.Path, "/stream.m3u8"):
		body = multivariant
	case strings.HasSuffix(r.URL.Path, ".mp4"):
		body = "....ftyp"
	}
	for name, file := range b.files {
		if strings.HasSuffix(r.URL.Path, name) {
			body = file
		}
	}
	switch body {
	case "":
		http.NotFound(w, r)
	case "500":
		w.WriteHeader(500)
	default:
		fmt.Fprint(w, body)
	}
}

// list is a playlist of segments from a number on.
func list(target, from int, segments ...string) string {
	return fmt.Sprintf("#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-MAP:URI=\"i.mp4\"\n", target, from) +
		strings.Join(segments, "")
}

func segment(name string, seconds float64) string {
	return fmt.Sprintf("#EXTINF:%.3f,\n%s.m4s\n", seconds, name)
}

func TestPlaySeesWhatIsWrong(t *testing.T) {
	good := func(n int) string {
		return list(2, n, segment(fmt.Sprint(n), 2), segment(fmt.Sprint(n+1), 2))
	}
	for name, tt := range map[string]struct {
		playlist func(n int) string
		files    map[string]string
		want     string // empty: nothing
	}{
		"nothing":       {good, nil, ""},
		"no stream yet": {func(n int) string { return map[bool]string{true: "", false: good(n)}[n < 3] }, nil, ""},
		"a segment that has left": {func(n int) string {
			return list(2, 2*n, segment(fmt.Sprint(2*n), 2), segment(fmt.Sprint(2*n+1), 2))
		}, map[string]string{"/3.m4s": ""}, ""},
		"a segment that never is there":    {func(int) string { return good(0) }, map[string]string{"/1.m4s": ""}, "404"},
		"a segment that is no media":       {good, map[string]string{"/2.m4s": "<html>...."}, `no "moof"`},
		"an initialization that is none":   {good, map[string]string{"/i.mp4": "....moof"}, `no "ftyp"`},
		"an error of the server":           {good, map[string]string{"/2.m4s": "500"}, "500"},
		"a playlist that is none":          {func(int) string { return "hello" }, nil, "no playlist"},
		"a segment that is too long":       {func(n int) string { return list(2, n, segment("x", 2.6)) }, nil, "and a target duration of"},
		"a target duration that changes":   {func(n int) string { return list(2+n, n, segment("x", 2)) }, nil, "target duration"},
		"a sequence that goes back":        {func(n int) string { return list(2, 5-n, segment("x", 2)) }, nil, "goes back"},
		"a segment that changes":           {func(n int) string { return list(2, 0, segment(fmt.Sprint("x", n), 2)) }, nil, `was "x0.m4s"`},
		"no initialization":                {func(int) string { return strings.Replace(good(0), "#EXT-X-MAP", "#EXT-X-NOTHING", 1) }, nil, "initializes"},
		"a stream that ends":               {func(int) string { return good(0) + "#EXT-X-ENDLIST\n" }, nil, "ended after 4s"},
		"a playlist of renditions in list": {func(int) string { return multivariant }, nil, "no media playlist"},
		"no target duration":               {func(int) string { return "#EXTM3U\n#EXT-X-VERSION:9\n" }, nil, "no target duration"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(&broken{playlist: tt.playlist, files: tt.files})
			defer srv.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			played, err := Play(ctx, srv.Client(), srv.URL+"/live/stream.m3u8", 8*time.Second)
			if tt.want != "" {
				if wrong := (*PlayError)(nil); !errors.As(err, &wrong) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Play = %v, want a *PlayError with %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(played) != 2 || played[0].URL != srv.URL+"/live/v/list.m3u8" || played[0].Codecs != "avc1" || played[1].URL != srv.URL+"/live/a/list.m3u8" {
				t.Errorf("played %+v", played)
			}
			for _, p := range played {
				if p.Segments < 4 || p.Duration < 8*time.Second || p.Bytes != int64(8*p.Segments) {
					t.Errorf("played %+v", p)
				}
			}
		})
	}
}

func TestPlayPlaysOneRendition(t *testing.T) {
	srv := httptest.NewServer(&broken{playlist: func(n int) string { return list(2, n, "#EXT-X-DISCONTINUITY\n"+segment(fmt.Sprint(n), 2)) }})
	defer srv.Close()
	played, err := Play(t.Context(), srv.Client(), srv.URL+"/v/list.m3u8", 4*time.Second)
	if err != nil || len(played) != 1 || played[0].Segments != 2 || played[0].Discontinuities != 2 {
		t.Errorf("Play = %+v, %v", played, err)
	}
}

func TestPlayEndsWithItsContext(t *testing.T) {
	for name, playlist := range map[string]string{"there is none": "", "nothing is new": list(2, 0, segment("x", 2))} {
		srv := httptest.NewServer(&broken{playlist: func(int) string { return playlist }})
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if _, err := Play(ctx, srv.Client(), srv.URL+"/v/list.m3u8", time.Minute); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: Play = %v, want the context's error", name, err)
		}
		cancel()
		srv.Close()
	}
}

func TestSendSendsWhatWasAskedFor(t *testing.T) {
	for _, d := range []time.Duration{0, time.Second, 20 * time.Second} {
		var last time.Duration
		if err := Send(writerFunc(func(tag flv.Tag) error { last = tag.Timestamp; return nil }), d); err != nil {
			t.Fatal(err)
		}
		if last > d || last < d-50*time.Millisecond {
			t.Errorf("Send of %v ends at %v", d, last)
		}
	}
	gone := errors.New("gone")
	if err := Send(writerFunc(func(flv.Tag) error { return gone }), time.Second); !errors.Is(err, gone) {
		t.Errorf("Send = %v, want %v", err, gone)
	}
}

func TestToCloseAPipeWaitsForWhoServesIt(t *testing.T) {
	var ended atomic.Bool
	dial := Pipe(func(c net.Conn) error {
		b := make([]byte, 1)
		if _, err := c.Read(b); err != nil {
			return err
		}
		if _, err := c.Write(b); err != nil {
			return err
		}
		_, err := c.Read(b)
		ended.Store(true)
		return err
	})
	c, err := dial(t.Context(), "tcp", "anywhere:1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	if _, err := c.Read(b); err != nil || b[0] != 'x' {
		t.Errorf("Read = %q, %v", b, err)
	}
	_ = c.Close()
	if !ended.Load() {
		t.Error("the other end is still served")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dial(ctx, "tcp", "anywhere:1"); !errors.Is(err, context.Canceled) {
		t.Errorf("dial = %v, want the context's error", err)
	}
}
