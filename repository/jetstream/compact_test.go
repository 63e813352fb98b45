package jetstream_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/jetstream"
)

// write appends n messages, a record each.
func write(t testing.TB, c *jetstream.Cluster, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		if err := c.Repository().Chat.AppendMessages(t.Context(), message(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
}

func compact(t testing.TB, c *jetstream.Cluster) {
	t.Helper()
	if due, err := c.CompactNow(t.Context()); !due || err != nil {
		t.Fatalf("CompactNow = %v, %v", due, err)
	}
}

// TestTheLogIsShortened has nodes that come after the log was shortened, and
// one that was away meanwhile.
func TestTheLogIsShortened(t *testing.T) {
	s := serve(t)
	a := s.node(t)
	away := s.proxy(t)
	b := away.node(t)
	write(t, a, 0, 3000)
	same(t, a, b)
	away.stop()
	write(t, a, 3000, 2000)
	compact(t, a)
	if n := s.messages(t, "owncast-repository"); n != 1024 {
		t.Errorf("the log has %d records, want the last 1024", n)
	}
	write(t, a, 5000, 10)
	away.start()
	all := same(t, a, b, s.node(t))
	if len(all) != 5010 || all[0] != "5009" {
		t.Errorf("%d messages, the last is %s", len(all), all[0])
	}
	write(t, b, 5010, 10)
	for range 3 {
		compact(t, b)
		write(t, a, 0, 1)
		same(t, a, b)
	}
	if got := s.snapshots(t); len(got) != 2 || !slices.IsSorted(got) {
		t.Errorf("snapshots are %q", got)
	}
	same(t, a, b, s.node(t))
}

// TestASnapshotOfAnotherHistoryIsNotUsed has one from before the server had
// lost the end of the log.
func TestASnapshotOfAnotherHistoryIsNotUsed(t *testing.T) {
	s := serve(t)
	a := s.node(t)
	write(t, a, 0, 5)
	s.stop()
	restore := s.keep(t)
	s.start()
	eventually(t, "append", func() error { return a.Repository().Chat.AppendMessages(t.Context(), message("5")) })
	write(t, a, 6, 14)
	compact(t, a)
	newer := s.snapshots(t)
	if err := a.Close(); err != nil { // nobody has the end any more
		t.Fatal(err)
	}
	s.stop()
	lost := s.keepStream(t, "owncast-snapshots")
	restore()
	lost()
	s.start()
	if got := s.snapshots(t); !slices.Equal(got, newer) {
		t.Fatalf("snapshots are %q, want %q", got, newer)
	}
	b := s.node(t)
	if got := messages(t, b.Repository()); len(got) != 5 {
		t.Errorf("%d messages", len(got))
	}
	write(t, b, 5, 30)
	if got := same(t, b, s.node(t)); len(got) != 35 {
		t.Errorf("%d messages", len(got))
	}
	compact(t, b)
	same(t, b, s.node(t))
}

// TestALogWithoutItsSnapshotIsCorrupt has lost what was before its beginning.
func TestALogWithoutItsSnapshotIsCorrupt(t *testing.T) {
	s := serve(t)
	a := s.node(t)
	write(t, a, 0, 2000)
	compact(t, a)
	s.delete(t, "owncast-snapshots")
	c := jetstream.New(jetstream.Config{URL: s.url()})
	if err := c.Open(t.Context(), logger(t)); !errors.Is(err, repository.ErrCorrupt) {
		t.Errorf("Open = %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	// The node that is there can make another one.
	write(t, a, 2000, 2)
	compact(t, a)
	same(t, a, s.node(t))
}

// TestEveryConfirmedWriteSurvivesTheServer kills a server again and again while
// two nodes write.
func TestEveryConfirmedWriteSurvivesTheServer(t *testing.T) {
	s := serveProcess(t)
	a, b := s.node(t), s.node(t)
	kills := 3
	if os.Getenv("JETSTREAM_TEST_LONG") != "" {
		kills = 20
	}
	w := newWriters(a, b)
	defer w.stop()
	for range kills {
		w.confirmed(t, 100)
		s.kill()
		w.refused(t)
		s.start()
	}
	w.confirmed(t, 100)
	w.stop()
	for _, c := range []*jetstream.Cluster{a, b, s.node(t)} {
		eventually(t, "all that was confirmed is there", func() error { return w.check(messages(t, c.Repository())) })
	}
}
