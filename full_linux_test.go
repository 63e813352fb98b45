package owncast_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video/hls"
	"github.com/owncast-go/owncast/video/recording"
)

// smallDisk is a file system of some megabytes.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no small file system can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes all the room that a file system has left.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 64<<10)
	for len(block) > 0 {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2]
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

var mediaSequence = regexp.MustCompile(`MEDIA-SEQUENCE:(\d+)`)

// newest is the number of the last segment of the live playlist.
func newest(t *testing.T, list string) int {
	t.Helper()
	m := mediaSequence.FindStringSubmatch(list)
	if m == nil {
		t.Fatalf("no media mediaSequence in\n%s", list)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n + strings.Count(list, "#EXTINF")
}

func TestAFullDiskStopsNobody(t *testing.T) {
	onlyAtLength(t, "a minute of broadcast")
	dir := smallDisk(t, "16m")
	var mu sync.Mutex
	events := map[string]error{}
	heard := func(name string) (error, bool) {
		mu.Lock()
		defer mu.Unlock()
		err, ok := events[name]
		return err, ok
	}
	hear := func(name string, err error) { mu.Lock(); events[name] = err; mu.Unlock() }
	hooks := owncast.Hooks{
		StorageFailed:    func(_ context.Context, e hls.StorageFailed) { hear("failed", e.Err) },
		StorageRecovered: func(context.Context, hls.StorageRecovered) { hear("recovered", nil) },
		RecordingFailed:  func(_ context.Context, e recording.Failed) { hear("recording failed", e.Err) },
	}
	opts := []owncast.Option{
		owncast.WithDataDir(dir), owncast.WithLatencyLevel(0), owncast.WithDVR(time.Minute),
		owncast.WithRecording(recording.Policy{MinDuration: time.Second}), owncast.WithHooks(hooks),
	}
	c := run(t, opts...)
	setTitle := func(c *channel, title string) error {
		_, err := c.app.Settings().UpdateInstance(t.Context(), func(i *owncast.Instance) error { i.StreamTitle = title; return nil })
		return err
	}
	if err := setTitle(c, "before"); err != nil {
		t.Fatal(err)
	}
	stop := publish(t, c.rtmp, "live", "k")
	defer stop()
	c.recorded(recording.Live, 4*time.Second)

	filler := filepath.Join(dir, "filler")
	var before, after int
	// For as long as what is live is in memory, the storage may come back
	// without a loss: the disk is full for longer.
	for end := time.Now().Add(32 * time.Second); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		fill(t, filler)
		after = newest(t, c.whole("/hls/0/")) // everything that is listed is there
		if before == 0 {
			before = after
		}
		_ = setTitle(c, strings.Repeat("x", 200)) // whether there is room or not
	}
	if after-before < 28 {
		t.Errorf("the live playlist went on by %d segments in half a minute", after-before)
	}
	if err, ok := heard("failed"); !ok || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("told of %v, want ENOSPC", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if _, ok := heard("recovered"); ok {
			break
		}
	}
	if _, ok := heard("recovered"); !ok {
		t.Fatal("the storage does not recover")
	}
	if err := setTitle(c, "after"); err != nil {
		t.Errorf("settings do not recover: %v", err)
	}
	length := c.recorded(recording.Live, 0).Duration
	c.recorded(recording.Live, length+3*time.Second)
	c.whole("/hls/0/")
	stop()
	c.app.Disconnect()
	r := c.recorded(recording.Complete, 0)
	if list := c.whole("/recordings/" + r.ID + "/0/"); r.Lost < 3*time.Second || r.Discontinuity < 1 || strings.Count(list, "DISCONTINUITY\n") != r.Discontinuity {
		t.Errorf("%+v\n%s", r, list)
	}
	if _, err := exec.LookPath("ffmpeg"); err == nil {
		c.decodes("/recordings/" + r.Playlist())
	}
	t.Logf("%v recorded, %v lost, %d discontinuities", r.Duration, r.Lost, r.Discontinuity)
	shutdown(t, c.app)
	again := run(t, opts...)
	if code, body := again.get("/api/status"); code != http.StatusOK || !strings.Contains(body, `"streamTitle":"after"`) {
		t.Errorf("after a restart: %d %s", code, body)
	}
	again.recorded(recording.Complete, r.Duration)
}
