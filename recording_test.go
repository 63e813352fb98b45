package owncast_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/recording"
	"github.com/owncast-go/owncast/video/rtmp"
	"github.com/owncast-go/owncast/video/videotest"
)

// hurry sends seconds of the clip, ten in one: a storage has to come along.
func hurry(t testing.TB, addr string, seconds int) *rtmp.Client {
	t.Helper()
	c := dial(t, addr, "live", "k")
	tags, err := videotest.Loop(videotest.Clip(), videotest.ClipDuration)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for tag := range tags {
		if tag.Timestamp > time.Duration(seconds)*time.Second {
			break
		}
		time.Sleep(time.Until(start.Add(tag.Timestamp / 10)))
		if err := c.WriteTag(tag.Type, tag.Timestamp, tag.Body); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// recorded waits for a recording in the state that has the length.
func (c *channel) recorded(state recording.State, least time.Duration) recording.Recording {
	c.t.Helper()
	var all []recording.Recording
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		all, _, err = c.app.Recordings().List(c.t.Context(), 0, 0)
		for _, r := range all {
			if r.State == state && r.Duration >= least {
				return r
			}
		}
	}
	c.t.Fatalf("no recording that is %s and has %v: %+v, %v", state, least, all, err)
	return recording.Recording{}
}

var mediaNames = regexp.MustCompile(`[a-z0-9]+-[ip]?[0-9]+\.(m4s|mp4)`)

// whole checks that everything that a media playlist names is there, and
// returns the playlist.
func (c *channel) whole(dir string) string {
	c.t.Helper()
	code, list := c.get(dir + "stream.m3u8")
	if code != http.StatusOK {
		c.t.Fatalf("%sstream.m3u8: %d %s", dir, code, list)
	}
	there, _, _ := strings.Cut(list, "#EXT-X-PRELOAD-HINT")
	for _, name := range mediaNames.FindAllString(there, -1) {
		if code, body := c.get(dir + name); code != http.StatusOK || len(body) < 8 {
			c.t.Errorf("%s is named and not there: %d", name, code)
		}
	}
	return list
}

// hangUp ends a publisher and waits until everything that it has sent is taken.
func (c *channel) hangUp(publisher *rtmp.Client) {
	c.t.Helper()
	if err := publisher.Close(); err != nil {
		c.t.Error(err)
	}
	for end := time.Now().Add(patience); c.app.Status().Ingest != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatal("the publisher is still there")
		}
	}
}

func needs(t *testing.T, program string) string {
	t.Helper()
	name, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed", program)
	}
	return name
}

// gaps returns where the pictures of a playlist do not follow one another,
// and how long they are together, as ffprobe sees it.
func (c *channel) gaps(url string) (gaps []float64, length float64) {
	c.t.Helper()
	out, err := exec.CommandContext(c.t.Context(), "ffprobe", "-v", "error", "-select_streams", "v:0",
		"-show_entries", "packet=dts_time,duration_time", "-of", "csv=p=0", c.web.URL+url).CombinedOutput()
	if err != nil {
		c.t.Fatalf("ffprobe: %v\n%s", err, out)
	}
	last := math.NaN()
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), ",")
		if len(f) < 2 {
			c.t.Fatalf("ffprobe says %q", line)
		}
		at, err1 := strconv.ParseFloat(f[0], 64)
		d, err2 := strconv.ParseFloat(f[1], 64)
		if err := errors.Join(err1, err2); err != nil {
			c.t.Fatalf("ffprobe says %q: %v", line, err)
		}
		if math.Abs(at-last) > 0.005 {
			gaps = append(gaps, at)
		}
		last = at + d
		length += d
	}
	return gaps, length
}

func (c *channel) decodes(url string) {
	c.t.Helper()
	out, err := exec.CommandContext(c.t.Context(), "ffmpeg", "-v", "error", "-xerror", "-i", c.web.URL+url, "-f", "null", "-").CombinedOutput()
	if err != nil || len(out) > 0 {
		c.t.Errorf("ffmpeg cannot decode %s: %v\n%.2000s", url, err, out)
	}
}

func TestARecordingOfABroadcastThatCameBackPlaysToItsEnd(t *testing.T) {
	needs(t, "ffprobe")
	needs(t, "ffmpeg")
	var mu sync.Mutex
	var ready []string
	c := run(t, owncast.WithLatencyLevel(0), owncast.WithRecording(recording.Policy{}), owncast.WithHooks(owncast.Hooks{
		RecordingReady: func(_ context.Context, e recording.Ready) {
			mu.Lock()
			defer mu.Unlock()
			ready = append(ready, e.Recording.Title)
		},
	}))
	if _, err := c.app.Settings().UpdateInstance(t.Context(), func(i *owncast.Instance) error {
		i.StreamTitle = "the title"
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	first := hurry(t, c.rtmp, 12)
	live := c.recorded(recording.Live, 10*time.Second)
	if live.Title != "the title" || live.Session != c.app.Status().SessionID {
		t.Errorf("live: %+v", live)
	}
	if list := c.whole("/recordings/" + live.ID + "/0/"); !strings.Contains(list, "PLAYLIST-TYPE:EVENT") || strings.Contains(list, "ENDLIST") {
		t.Errorf("live playlist:\n%s", list)
	}
	c.hangUp(first)
	second := hurry(t, c.rtmp, 7)
	c.recorded(recording.Live, 17*time.Second)
	c.hangUp(second)
	c.app.Disconnect()
	r := c.recorded(recording.Complete, 0)
	c.whole("/recordings/" + r.ID + "/0/")
	url := "/recordings/" + r.Playlist()
	gaps, length := c.gaps(url)
	t.Logf("%d segments of %v, gaps at %v, ffprobe finds %.2f s of pictures", r.Segments, r.Duration, gaps, length)
	if len(gaps) != 1 || r.Discontinuity != 1 || r.Lost != 0 {
		t.Errorf("gaps at %v, want the one that is marked: %+v", gaps, r)
	}
	if math.Abs(length-19) > 0.1 || math.Abs(r.Duration.Seconds()-19) > 0.2 {
		t.Errorf("%.2f s of pictures, %v in the metadata, want 19 s", length, r.Duration)
	}
	c.decodes(url)
	clip, err := c.app.Recordings().Clip(t.Context(), recording.ClipRequest{Recording: r.ID, Start: 3500 * time.Millisecond, End: 7 * time.Second, Title: "a clip"})
	if err != nil {
		t.Fatal(err)
	}
	gaps, length = c.gaps("/recordings/" + clip.Playlist())
	if len(gaps) != 0 || math.Abs(length-4) > 0.1 || clip.Duration.Round(100*time.Millisecond) != 4*time.Second {
		t.Errorf("clip: gaps at %v, %.2f s, %+v", gaps, length, clip)
	}
	c.decodes("/recordings/" + clip.Playlist())
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(ready, ", "); got != "the title, a clip" {
		t.Errorf("ready: %s", got)
	}
}

func TestRecordingsAreThereAfterARestart(t *testing.T) {
	dir := t.TempDir()
	c := run(t, owncast.WithDataDir(dir), owncast.WithLatencyLevel(0), owncast.WithRecording(recording.Policy{}))
	client := hurry(t, c.rtmp, 12)
	c.recorded(recording.Live, 11*time.Second)
	client.Close()
	shutdown(t, c.app) // which ends the session
	if _, _, err := c.app.Recordings().List(t.Context(), 0, 0); !errors.Is(err, owncast.ErrClosed) {
		t.Errorf("List after Shutdown = %v", err)
	}
	again := run(t, owncast.WithDataDir(dir), owncast.WithRecording(recording.Policy{}))
	r := again.recorded(recording.Complete, 11*time.Second)
	again.whole("/recordings/" + r.ID + "/0/")
	off := run(t)
	if _, _, err := off.app.Recordings().List(t.Context(), 0, 0); !errors.Is(err, owncast.ErrNoRecordings) {
		t.Errorf("List without WithRecording = %v", err)
	}
	if code, _ := off.get("/api/recordings"); code != http.StatusNotFound {
		t.Errorf("the API without WithRecording: %d", code)
	}
}

// childDir makes a process of the tests one that TestAKilledProcess kills.
const childDir = "OWNCAST_TEST_CHILD_DIR"

func TestAKilledProcessLosesNoMoreThanASegmentOrTwo(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv(childDir); dir != "" {
		c := run(t, owncast.WithDataDir(dir), owncast.WithLatencyLevel(0), owncast.WithRecording(recording.Policy{}))
		client := hurry(t, c.rtmp, 20)
		defer client.Close()
		c.recorded(recording.Live, 18*time.Second)
		fmt.Println("\nrecording")
		<-t.Context().Done() // never: it is killed
		return
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.WaitDelay = time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	scan := bufio.NewScanner(out)
	running := false
	for !running && scan.Scan() {
		running = scan.Text() == "recording"
	}
	if err := cmd.Process.Kill(); err != nil || !running {
		t.Fatalf("the process did not record: %v", err)
	}
	_ = cmd.Wait() // it was killed

	c := run(t, owncast.WithDataDir(dir), owncast.WithRecording(recording.Policy{}))
	r := c.recorded(recording.Interrupted, 17*time.Second)
	if list := c.whole("/recordings/" + r.ID + "/0/"); !strings.Contains(list, "#EXT-X-ENDLIST") || r.Lost != 0 {
		t.Errorf("%+v\n%s", r, list)
	}
	if ffprobe, err := exec.LookPath("ffprobe"); err == nil && ffprobe != "" {
		if gaps, length := c.gaps("/recordings/" + r.Playlist()); len(gaps) != 0 || length < 17 {
			t.Errorf("%.2f s, gaps at %v", length, gaps)
		}
	}
}

// request sends a request of the API, as the administrator if it is for one.
func (c *channel) request(method, path, body string, header ...string) (int, map[string]any) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.web.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if strings.Contains(path, "/admin/") {
		r.SetBasicAuth("admin", "secret")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := c.web.Client().Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		c.t.Errorf("%s %s: %d, no JSON: %q", method, path, res.StatusCode, b)
	}
	return res.StatusCode, v
}

// still are Thumbnails that have one picture.
type still struct{}

func (still) Run(ctx context.Context, _ video.PacketReader) error { <-ctx.Done(); return ctx.Err() }
func (still) JPEG() ([]byte, time.Time)                           { return []byte("a picture"), time.Now() }
func (still) GIF() ([]byte, time.Time)                            { return nil, time.Time{} }

func TestTheAPIOfRecordings(t *testing.T) {
	c := run(t, owncast.WithLatencyLevel(0), owncast.WithAdminPassword("secret"), owncast.WithThumbnails(still{}),
		owncast.WithRecording(recording.Policy{}))
	if code, v := c.request("GET", "/api/recordings", ""); code != 200 || v["total"] != 0.0 || v["results"] == nil {
		t.Errorf("before the first: %d %v", code, v)
	}
	client := hurry(t, c.rtmp, 14)
	defer client.Close()
	id := c.recorded(recording.Live, 12*time.Second).ID
	admin := "/api/admin/recordings/" + id
	c.await("/api/recordings/"+id, `"thumbnail":"recordings/`+id+`/thumbnail.jpg"`)
	c.await("/recordings/"+id+"/thumbnail.jpg", "a picture")
	for _, tt := range []struct {
		method, path, body string
		code               int
		want               string
	}{
		{"GET", "/api/recordings?limit=1", "", 200, `"total":1`},
		{"GET", "/api/recordings?offset=7", "", 200, `"results":[]`},
		{"GET", "/api/recordings?limit=x", "", 400, "limit"},
		{"GET", "/api/recordings?offset=-1", "", 400, "offset"},
		{"GET", "/api/recordings/" + id, "", 200, `"url":"recordings/` + id + `/stream.m3u8"`},
		{"GET", "/api/recordings/other", "", 404, "not found"},
		{"DELETE", admin, "", 409, "still being recorded"},
		{"PATCH", admin, `{"title":"new","pinned":true}`, 200, `"title":"new"`},
		{"PATCH", admin, `{"title":"a\u0000"}`, 400, "title"},
		{"PATCH", admin, `{"title":7}`, 400, "title"},
		{"PATCH", "/api/admin/recordings/other", `{}`, 404, "not found"},
		{"POST", "/api/admin/clips", `{"recording":"live","start":2.5,"end":4.5,"title":"c"}`, 201, `"clipOf":"` + id + `"`},
		{"POST", "/api/admin/clips", `{"recording":"live","start":4,"end":2}`, 400, "range"},
		{"POST", "/api/admin/clips", `{"recording":"live","start":0,"end":10000}`, 400, "too long"},
		{"POST", "/api/admin/clips", `{"recording":"live","start":-1,"end":1e300}`, 400, "range"},
		{"POST", "/api/admin/clips", `{"recording":"live","start":"now","end":4}`, 400, "start"},
		{"POST", "/api/admin/clips", `{"recording":"live"}`, 400, "start"},
		{"POST", "/api/admin/clips", `{"recording":"x","start":0,"end":2}`, 404, "not found"},
		{"POST", "/api/admin/clips", `{"recording":"live","start":"2001-02-03T04:05:06Z","end":"2001-02-03T04:05:16Z"}`, 400, "range"},
		{"GET", "/api/recordings", "", 200, `"total":2`},
	} {
		code, v := c.request(tt.method, tt.path, tt.body)
		got, err := json.Marshal(v)
		if code != tt.code || err != nil || !strings.Contains(string(got), tt.want) {
			t.Errorf("%s %s %s: %d %s, want %d with %s", tt.method, tt.path, tt.body, code, got, tt.code, tt.want)
		}
	}
	for _, h := range [][]string{{"Authorization", ""}, {"Sec-Fetch-Site", "cross-site"}} {
		if code, _ := c.request("PATCH", admin, `{"title":"x"}`, h...); code != 401 && code != 403 {
			t.Errorf("with %q: %d", h, code)
		}
	}
	c.app.Disconnect()
	c.recorded(recording.Complete, 0)
	for _, want := range []int{200, 404} {
		for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
			if code, v := c.request("DELETE", admin, ""); code == want || time.Now().After(end) {
				if code != want {
					t.Errorf("DELETE: %d %v, want %d", code, v, want)
				}
				break
			}
		}
	}
	if code, _ := c.get("/recordings/" + id + "/stream.m3u8"); code != http.StatusNotFound {
		t.Errorf("a deleted recording: %d", code)
	}
	c.whole("/hls/0/") // the session can be watched until there is another one
	for _, p := range []string{"/recordings", "/recordings/", "/recordings/x/", "/recordings/x/y"} {
		if code, _ := c.get(p); code != http.StatusNotFound {
			t.Errorf("%s: %d", p, code)
		}
	}
}

func TestRecordingsUnderAPath(t *testing.T) {
	app, err := owncast.New(discard(), owncast.WithDataDir(t.TempDir()), owncast.WithStreamKeys("k"), owncast.WithLatencyLevel(0),
		owncast.WithBaseURL("https://example.org/a/b"), owncast.WithRecording(recording.Policy{MinDuration: time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer shutdown(t, app)
	l := listen(t)
	go func() { _ = app.ServeRTMP(l) }() // ends with Shutdown
	c := &channel{t: t, app: app, web: httptest.NewServer(app.Handler())}
	defer c.web.Close()
	client := hurry(t, l.Addr().String(), 5)
	defer client.Close()
	r := c.recorded(recording.Live, 3*time.Second)
	if list := c.whole("/a/b/recordings/" + r.ID + "/0/"); strings.Contains(list, "/") && strings.Contains(list, "URI=\"/") {
		t.Errorf("a playlist with absolute names:\n%s", list)
	}
}
