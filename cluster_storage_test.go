package owncast_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/storage/local"
	"github.com/owncast-go/owncast/video/rtmp"
	"github.com/owncast-go/owncast/video/videotest"
)

// figure is the value of a metric without labels of its own; -1 if there is
// none.
func (c *channel) figure(name string) float64 {
	for _, m := range c.app.Metrics() {
		if m.Name == name {
			return m.Value
		}
	}
	return -1
}

// awaitFigure waits until a metric has a value.
func (c *channel) awaitFigure(name string, want float64) {
	c.t.Helper()
	eventually(c.t, name, func() string {
		if v := c.figure(name); v != want {
			return fmt.Sprint(v, ", want ", want)
		}
		return ""
	})
}

// sendSlowly sends the first seconds of the clip, and calls pause every five.
func sendSlowly(t testing.TB, c *rtmp.Client, seconds int, pause func(at time.Duration)) {
	t.Helper()
	tags, err := videotest.Loop(videotest.Clip(), videotest.ClipDuration)
	if err != nil {
		t.Fatal(err)
	}
	const every = 5 * time.Second
	next := every
	for tag := range tags {
		if tag.Timestamp > next {
			pause(next)
			next += every
		}
		if tag.Timestamp > time.Duration(seconds)*time.Second {
			return
		}
		if err := c.WriteTag(tag.Type, tag.Timestamp, tag.Body); err != nil {
			t.Fatal(err)
		}
	}
}

// TestViewersOfEveryNodeGoBackAsFarAsTheStorage has nodes with the storage of
// the one with the publisher, one of which comes late, and a node with another
// storage.
func TestViewersOfEveryNodeGoBackAsFarAsTheStorage(t *testing.T) {
	t.Parallel()
	n := serveNATS(t)
	dir := t.TempDir()
	node := func(dir string) *channel {
		return n.node(owncast.WithStorage(local.New(dir)), owncast.WithDVR(time.Minute))
	}
	origin, early, apart := node(dir), node(dir), node(t.TempDir())
	client := dial(t, origin.rtmp, "live", "k")
	defer client.Close()
	sendSlowly(t, client, 45, func(at time.Duration) {
		if at == 5*time.Second { // as it is in life: long before the live window is full
			early.awaitFigure("owncast_cluster_storage_shared", 1)
		}
		origin.await("/hls/0/stream.m3u8", fmt.Sprintf("-%d.m4s\n", at/time.Second-2))
		origin.awaitFigure("owncast_storage_segments_queued", 0)
	})
	late := node(dir)
	sameVideo(t, origin, early, "-3.m4s\n")
	sameVideo(t, origin, late, "-3.m4s\n")
	newest := regexp.MustCompile(`-4[0-9]\.m4s\n`)
	eventually(t, "the node with another storage", func() string {
		if _, list := apart.get("/hls/0/stream.m3u8"); !newest.MatchString(list) || strings.Contains(list, "-3.m4s\n") {
			return list
		}
		return ""
	})
	if v := apart.figure("owncast_cluster_storage_shared"); v != 0 {
		t.Errorf("another storage is taken for the same: %v", v)
	}

	// What is stored is there without the node that has stored it.
	_, list := early.get("/hls/0/stream.m3u8")
	third := regexp.MustCompile(`[a-z0-9]+-3\.m4s`).FindString(list)
	_, want := origin.get("/hls/0/" + third)
	shutdown(t, origin.app)
	for _, c := range []*channel{early, late} {
		if code, got := c.get("/hls/0/" + third); code != http.StatusOK || got != want || got == "" {
			t.Errorf("%s: status %d, %d bytes, want %d", third, code, len(got), len(want))
		}
	}
	if code, _ := apart.get("/hls/0/" + third); code != http.StatusNotFound {
		t.Errorf("%s of the node with another storage: status %d", third, code)
	}
}

func TestFiguresOfACluster(t *testing.T) {
	t.Parallel()
	n := serveNATS(t)
	origin, viewer := n.node(), n.node()
	for _, c := range []*channel{origin, viewer} {
		c.awaitFigure("owncast_cluster_nodes", 2)
		c.awaitFigure("owncast_cluster_reachable", 1)
		c.awaitFigure("owncast_cluster_following", 0)
	}
	stop := publish(t, origin.rtmp, "live", "k")
	defer stop()
	viewer.awaitFigure("owncast_cluster_following", 1)
	eventually(t, "what passes between them", func() string {
		sent, received := origin.figure("owncast_cluster_sent_bytes_total"), viewer.figure("owncast_cluster_received_bytes_total")
		trip := viewer.figure("owncast_cluster_round_trip_seconds")
		if sent < 1000 || received < 1000 || trip <= 0 {
			return fmt.Sprint(sent, " sent, ", received, " received, round trip ", trip)
		}
		return ""
	})
	eventually(t, "one leader", func() string {
		if a, b := origin.figure("owncast_cluster_leader"), viewer.figure("owncast_cluster_leader"); a+b != 1 {
			return fmt.Sprint(a, " and ", b)
		}
		return ""
	})
	if v := origin.figure("owncast_cluster_following"); v != 0 {
		t.Errorf("the node with the publisher follows: %v", v)
	}
	n.stop()
	viewer.awaitFigure("owncast_cluster_reachable", 0)
	eventually(t, "what cannot be sent", func() string {
		if v := origin.figure("owncast_cluster_send_failures_total"); v < 1 {
			return fmt.Sprint(v)
		}
		return ""
	})
	n.start()
	viewer.awaitFigure("owncast_cluster_reachable", 1)
	if v := run(t).figure("owncast_cluster_nodes"); v != -1 {
		t.Errorf("without a cluster there are %v nodes", v)
	}
}

// TestANodeThatCannotSendStops has a broadcast that the others do not get any
// more.
func TestANodeThatCannotSendStops(t *testing.T) {
	t.Parallel()
	n := serveNATS(t)
	origin := n.node()
	stop := publish(t, origin.rtmp, "live", "k")
	defer stop()
	origin.await("/hls/0/stream.m3u8", "#EXTINF")
	n.stop()
	eventually(t, "what cannot be sent", func() string {
		if v := origin.figure("owncast_cluster_send_failures_total"); v < 1 {
			return fmt.Sprint(v)
		}
		return ""
	})
	shutdown(t, origin.app)
	n.start()
}
