package owncast_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository/jetstream"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/recording"
)

// nats is a server that can be stopped and started again.
type nats struct {
	t    testing.TB
	opts server.Options
	s    *server.Server
}

func serveNATS(t testing.TB) *nats {
	t.Helper()
	n := &nats{t: t, opts: server.Options{
		Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
	}}
	n.start()
	t.Cleanup(n.stop)
	return n
}

func (n *nats) start() {
	n.t.Helper()
	opts := n.opts
	s, err := server.NewServer(&opts)
	if err != nil {
		n.t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(time.Minute) {
		n.t.Fatal("NATS is not ready")
	}
	n.s, n.opts.Port = s, opts.Port
}

func (n *nats) stop() {
	n.s.Shutdown()
	n.s.WaitForShutdown()
}

// node runs an App of the cluster.
func (n *nats) node(opts ...owncast.Option) *channel {
	n.t.Helper()
	return n.nodeVia(fmt.Sprintf("127.0.0.1:%d", n.opts.Port), opts...)
}

// nodeVia runs one that finds NATS at an address.
func (n *nats) nodeVia(addr string, opts ...owncast.Option) *channel {
	n.t.Helper()
	c := jetstream.New(jetstream.Config{URL: "nats://" + addr})
	all := append([]owncast.Option{calm(), owncast.WithCluster(c), owncast.WithLatencyLevel(0), owncast.WithReconnectGrace(0)}, opts...)
	return run(n.t, all...)
}

// eventually waits until fn tells nothing that is wrong.
func eventually(t testing.TB, what string, fn func() string) {
	t.Helper()
	wrong := ""
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if wrong = fn(); wrong == "" {
			return
		}
	}
	t.Fatalf("%s: %s", what, wrong)
}

// sameVideo waits until two nodes have the same playlists, and compares all
// that is in them.
func sameVideo(t testing.TB, a, b *channel, want string) {
	t.Helper()
	for _, path := range []string{"/hls/stream.m3u8", "/hls/0/stream.m3u8", "/hls/audio/stream.m3u8"} {
		eventually(t, path, func() string {
			code, theirs := a.get(path)
			code2, ours := b.get(path)
			if code != http.StatusOK || code2 != http.StatusOK {
				return fmt.Sprint("status ", code, " and ", code2)
			}
			// What another rendition had when it was asked for may differ.
			reports := regexp.MustCompile(`(?m)^#EXT-X-RENDITION-REPORT.*\n`)
			theirs, ours = reports.ReplaceAllString(theirs, ""), reports.ReplaceAllString(ours, "")
			if theirs != ours {
				return "got\n" + ours + "\nwant\n" + theirs
			}
			if path == "/hls/0/stream.m3u8" && !strings.Contains(ours, want) {
				return "no " + want + " in\n" + ours
			}
			return ""
		})
	}
	_, list := b.get("/hls/0/stream.m3u8")
	compared := 0
	for _, name := range regexp.MustCompile(`[a-z0-9]+-[a-z0-9]+\.(m4s|mp4)`).FindAllString(list, -1) {
		if strings.Contains(list, `HINT:TYPE=PART,URI="`+name) {
			continue
		}
		code, theirs := a.get("/hls/0/" + name)
		if code2, ours := b.get("/hls/0/" + name); code != http.StatusOK || code2 != code || ours != theirs {
			t.Errorf("%s: status %d, want %d; %d bytes, want %d", name, code2, code, len(ours), len(theirs))
		}
		compared++
	}
	if compared < 3 {
		t.Errorf("%d files in\n%s", compared, list)
	}
}

func TestViewersSeeTheSameOnEveryNode(t *testing.T) {
	n := serveNATS(t)
	origin, viewer := n.node(), n.node()
	client := burst(t, origin.rtmp, "live", "k", 6)
	sameVideo(t, origin, viewer, "-4.m4s\n")
	sameVideo(t, origin, n.node(), "-4.m4s\n") // comes late
	viewer.await("/api/status", `"online":true`)
	if s := viewer.app.Status(); s.SessionID != origin.app.Status().SessionID || s.Ingest == nil || s.Ingest.Video.Width != 640 {
		t.Errorf("Status = %+v", s)
	}
	if _, err := viewer.app.Publish(t.Context(), video.PublishRequest{App: "live", StreamKey: "k"}); !errors.Is(err, owncast.ErrAlreadyLive) {
		t.Errorf("a second publisher: %v", err)
	}
	if _, err := origin.app.Settings().UpdateInstance(t.Context(), func(i *owncast.Instance) error {
		i.StreamTitle = "heard everywhere"
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	viewer.await("/api/status", "heard everywhere")
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	sameVideo(t, origin, viewer, "#EXT-X-ENDLIST")
	viewer.await("/api/status", `"online":false`)

	// The next broadcast comes to the other one.
	client = burst(t, viewer.rtmp, "live", "k", 6)
	defer client.Close()
	eventually(t, "the next session", func() string {
		if a, b := origin.app.Status(), viewer.app.Status(); !a.Online() || a.SessionID != b.SessionID {
			return fmt.Sprintf("%+v, want %+v", a, b)
		}
		return ""
	})
	sameVideo(t, viewer, origin, "-4.m4s\n")
}

func TestNodesGoOnWithoutNATSAndMeetAgain(t *testing.T) {
	onlyAtLength(t, "NATS is away for some seconds")
	n := serveNATS(t)
	origin, viewer := n.node(), n.node()
	stop := publish(t, origin.rtmp, "live", "k")
	defer stop()
	first := viewer.await("/hls/0/stream.m3u8", "#EXTINF")
	viewer.await("/api/status", `"online":true`)
	n.stop()
	eventually(t, "its end is noticed", func() string {
		for _, p := range viewer.app.Health().Problems {
			if p.Code == "cluster-unreachable" {
				return ""
			}
		}
		return fmt.Sprintf("%+v", viewer.app.Health())
	})
	code, list := viewer.get("/hls/0/stream.m3u8")
	if code != http.StatusOK || !viewer.app.Status().Online() {
		t.Errorf("without NATS: %d %s", code, list)
	}
	before := newestListed(origin)
	eventually(t, "the broadcast goes on", func() string {
		if now := newestListed(origin); now == before {
			return now
		}
		return ""
	})
	n.start()
	eventually(t, "they meet again", func() string {
		if a, b := newestListed(origin), newestListed(viewer); a != b || b == before {
			return b + ", want " + a
		}
		return ""
	})
	if first == "" || strings.Contains(first, "#EXT-X-ENDLIST") {
		t.Errorf("the first playlist:\n%s", first)
	}
}

// newestListed is the last segment that c lists.
func newestListed(c *channel) string {
	_, list := c.get("/hls/0/stream.m3u8")
	names := regexp.MustCompile(`(?m)^[a-z0-9]+-[a-z0-9]+\.m4s$`).FindAllString(list, -1)
	if len(names) == 0 {
		return ""
	}
	return names[len(names)-1]
}

func TestWhatDoesNotGoWithACluster(t *testing.T) {
	for want, o := range map[string]owncast.Option{
		"WithRepository": owncast.WithRepository(memory.New()),
		"WithRecording":  owncast.WithRecording(recording.Policy{}),
		"WithCluster":    owncast.WithCluster(nil),
	} {
		_, err := owncast.New(owncast.WithCluster(jetstream.New(jetstream.Config{})), o)
		if oe := new(owncast.OptionError); !errors.As(err, &oe) || oe.Option != want {
			t.Errorf("New = %v, want an *OptionError of %s", err, want)
		}
	}
}
