package jetstream_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/bolt"
	"github.com/owncast-go/owncast/repository/jetstream"
)

// patience is how long something may take that has to happen.
const patience = time.Minute

// eventually waits until fn returns nil.
func eventually(t testing.TB, what string, fn func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := fn()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// count is a section that is a number.
func count() repository.Setting[int] { return repository.Setting[int]{Section: "count"} }

func messages(t testing.TB, r repository.Repository) []string {
	t.Helper()
	ms, err := r.Chat.Messages(t.Context(), repository.MessageQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i, m := range ms {
		if m.Seq != uint64(len(ms)-i) {
			t.Fatalf("message %d of %d has the number %d", i, len(ms), m.Seq)
		}
		ids = append(ids, m.ID)
	}
	return ids
}

func message(id string) repository.Message {
	return repository.Message{ID: id, UserID: "u", Body: "hello", SentAt: time.Unix(1, 0)}
}

// same waits until all nodes have the same messages, and returns them.
func same(t testing.TB, nodes ...*jetstream.Cluster) []string {
	t.Helper()
	var all []string
	eventually(t, "the nodes agree", func() error {
		all = messages(t, nodes[0].Repository())
		for i, n := range nodes[1:] {
			if got := messages(t, n.Repository()); !slices.Equal(got, all) {
				return fmt.Errorf("node %d has %d messages, the first %d", i+1, len(got), len(all))
			}
		}
		return nil
	})
	return all
}

// TestNodesWriteAtTheSameTime has three nodes write against one another: every
// change is there once, and everybody sees all of them in one order.
func TestNodesWriteAtTheSameTime(t *testing.T) {
	s := serve(t)
	nodes := []*jetstream.Cluster{s.node(t), s.node(t), s.node(t)}
	const writers = 3
	each := 5
	if atLength() {
		each = 20
	}
	var wg sync.WaitGroup
	for n, node := range nodes {
		r := node.Repository()
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					id := fmt.Sprint(n, "/", w, "/", i)
					if err := r.Chat.AppendMessages(t.Context(), message(id), message(id+"b")); err != nil {
						t.Error(err)
					}
					if _, err := count().Update(t.Context(), r.Settings, func(n *int) error { *n++; return nil }); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	all := same(t, nodes...)
	if want := len(nodes) * writers * each * 2; len(all) != want {
		t.Errorf("%d messages, want %d", len(all), want)
	}
	for i := 0; i+1 < len(all); i += 2 {
		if all[i] != all[i+1]+"b" {
			t.Fatalf("%q and %q were appended together", all[i+1], all[i])
		}
	}
	for i, n := range nodes {
		if got, _, err := count().Get(t.Context(), n.Repository().Settings); err != nil || got != len(nodes)*writers*each {
			t.Errorf("node %d: count is %d, %v", i, got, err)
		}
	}
}

// TestTransactionsOfManyRecords writes more than fits into a message of NATS,
// while others write.
func TestTransactionsOfManyRecords(t *testing.T) {
	s := serve(t)
	a, b := s.node(t), s.node(t)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
			if err := b.Repository().Chat.AppendMessages(t.Context(), message(fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		}
	})
	payload := bytes.Repeat([]byte("0123456789abcdef"), 100_000) // 1.6 MB
	for i := range 3 {
		batch := repository.Batch{Payload: payload}
		for h := range 1000 {
			batch.Targets = append(batch.Targets, repository.Target{Host: fmt.Sprint("host", i, "-", h), Address: "https://example.org/inbox"})
		}
		if n, err := a.Repository().Deliveries.Enqueue(t.Context(), batch); err != nil || n != 1000 {
			t.Errorf("Enqueue = %d, %v", n, err)
		}
	}
	close(done)
	wg.Wait()
	same(t, a, b)
	c := s.node(t)
	for i, n := range []*jetstream.Cluster{a, b, c} {
		counts, err := n.Repository().Deliveries.CountDeliveries(t.Context())
		if err != nil || counts.Waiting != 3000 {
			t.Errorf("node %d: %+v, %v", i, counts, err)
		}
	}
	now := time.Now()
	ds, _, err := c.Repository().Deliveries.Lease(t.Context(), repository.LeaseRequest{Now: now, Until: now.Add(time.Minute), Max: 1})
	if err != nil || len(ds) != 1 || !bytes.Equal(ds[0].Payload, payload) {
		t.Errorf("Lease = %d deliveries, %v", len(ds), err)
	}
}

// TestNATSGoesAndComesBack reads on while there is no NATS, is told that
// nothing can be written, and loses nothing that was.
func TestNATSGoesAndComesBack(t *testing.T) {
	s := serve(t)
	a, b := s.node(t), s.node(t)
	r := a.Repository()
	if err := r.Chat.AppendMessages(t.Context(), message("1")); err != nil {
		t.Fatal(err)
	}
	same(t, a, b)
	s.stop()
	eventually(t, "writes fail", func() error {
		err := r.Chat.AppendMessages(t.Context(), message("lost"))
		if !errors.Is(err, repository.ErrUnavailable) {
			return fmt.Errorf("AppendMessages = %w", err)
		}
		return nil
	})
	if ids := messages(t, r); !slices.Equal(ids, []string{"1"}) {
		t.Errorf("messages are %q", ids)
	}
	s.start()
	var written []string
	eventually(t, "writes work again", func() error { return r.Chat.AppendMessages(t.Context(), message("2")) })
	eventually(t, "writes of the other node work again", func() error {
		return b.Repository().Chat.AppendMessages(t.Context(), message("3"))
	})
	written = same(t, a, b, s.node(t))
	if got := slices.DeleteFunc(slices.Clone(written), func(id string) bool { return id == "lost" }); !slices.Equal(got, []string{"3", "2", "1"}) {
		t.Errorf("messages are %q", written)
	}
}

// TestWhatNATSHasLostComesBack deletes the log under the nodes.
func TestWhatNATSHasLostComesBack(t *testing.T) {
	if !atLength() {
		t.Skip("OWNCAST_TEST_LONG is not set: it takes a while until the loss is noticed")
	}
	s := serve(t)
	a, b := s.node(t), s.node(t)
	for i := range 5 {
		if err := a.Repository().Chat.AppendMessages(t.Context(), message(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	same(t, a, b)
	s.delete(t, "owncast-repository")
	eventually(t, "writes work again", func() error { return b.Repository().Chat.AppendMessages(t.Context(), message("5")) })
	eventually(t, "writes of the other node work again", func() error {
		return a.Repository().Chat.AppendMessages(t.Context(), message("6"))
	})
	if got := same(t, a, b, s.node(t)); !slices.Equal(got, []string{"6", "5", "4", "3", "2", "1", "0"}) {
		t.Errorf("messages are %q", got)
	}
}

// TestALogThatHasLostItsEndGetsItBack is a loss of power at the server.
func TestALogThatHasLostItsEndGetsItBack(t *testing.T) {
	s := serve(t)
	a, b := s.node(t), s.node(t)
	if err := a.Repository().Chat.AppendMessages(t.Context(), message("0")); err != nil {
		t.Fatal(err)
	}
	same(t, a, b)
	s.stop()
	restore := s.keep(t)
	s.start()
	for i := 1; i < 4; i++ {
		eventually(t, "append", func() error { return a.Repository().Chat.AppendMessages(t.Context(), message(fmt.Sprint(i))) })
	}
	before := same(t, a, b)
	s.stop()
	restore()
	s.start()
	eventually(t, "writes work again", func() error { return a.Repository().Chat.AppendMessages(t.Context(), message("end")) })
	if got, want := same(t, a, b, s.node(t)), append([]string{"end"}, before...); !slices.Equal(got, want) {
		t.Errorf("messages are %q, want %q", got, want)
	}
}

// TestAnotherRepositorysLogIsNotTakenOver has a new cluster begin where there
// was one that is still running.
func TestAnotherRepositorysLogIsNotTakenOver(t *testing.T) {
	s := serve(t)
	a := s.node(t)
	if err := a.Repository().Chat.AppendMessages(t.Context(), message("0")); err != nil {
		t.Fatal(err)
	}
	s.stop()
	s.forget(t)
	s.start()
	eventually(t, "the new cluster gets the log, or the old one", func() error {
		s.delete(t, "owncast-repository")
		s.stream(t, "owncast-repository", map[string]string{"owncast-lineage": "another", "owncast-schema": "1"})
		err := a.Repository().Chat.AppendMessages(t.Context(), message("1"))
		if !errors.Is(err, jetstream.ErrReplaced) {
			return fmt.Errorf("AppendMessages = %w", err)
		}
		return nil
	})
	if ids := messages(t, a.Repository()); len(ids) == 0 {
		t.Errorf("messages are %q", ids)
	}
}

func TestALogOfANewerProgramIsRefused(t *testing.T) {
	s := serve(t)
	s.stream(t, "owncast-repository", map[string]string{"owncast-lineage": "x", "owncast-schema": "99"})
	c := jetstream.New(jetstream.Config{URL: s.url()})
	err := c.Open(t.Context(), nil)
	if schema := new(jetstream.SchemaError); !errors.As(err, &schema) || schema.Version != 99 {
		t.Errorf("Open = %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpenWithoutNATS(t *testing.T) {
	s := serve(t)
	s.stop()
	c := jetstream.New(jetstream.Config{URL: s.url()})
	if err := c.Open(t.Context(), nil); !errors.Is(err, repository.ErrUnavailable) {
		t.Errorf("Open = %v", err)
	}
	s.start()
	if err := c.Open(t.Context(), nil); err != nil { // as a Start that failed may be repeated
		t.Error(err)
	}
	if err := errors.Join(c.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	if _, err := c.Repository().Chat.CountMessages(t.Context()); !errors.Is(err, repository.ErrClosed) {
		t.Errorf("CountMessages = %v", err)
	}
	if err := c.Repository().Chat.AppendMessages(t.Context(), message("1")); !errors.Is(err, repository.ErrClosed) {
		t.Errorf("AppendMessages = %v", err)
	}
	if err := c.Open(t.Context(), nil); err == nil {
		t.Error("opened after Close")
	}
}

func TestConfigsThatCannotBe(t *testing.T) {
	for name, cfg := range map[string]jetstream.Config{
		"no URL": {}, "bad name": {URL: "x", Name: "a.b"}, "long name": {URL: "x", Name: string(make([]byte, 33))},
		"two replicas": {URL: "x", Replicas: 2}, "negative size": {URL: "x", MaxBytes: -1},
	} {
		if err := jetstream.New(cfg).Validate(); err == nil {
			t.Errorf("%s is valid", name)
		}
		if err := jetstream.New(cfg).Open(t.Context(), nil); err == nil {
			t.Errorf("%s can be opened", name)
		}
	}
	if err := jetstream.New(jetstream.Config{URL: "nats://127.0.0.1"}).Validate(); err != nil {
		t.Error(err)
	}
}

// TestCloseWaitsForWrites has callers whose writes are confirmed or refused,
// and nothing in between.
func TestCloseWaitsForWrites(t *testing.T) {
	s := serve(t)
	a, b := s.node(t), s.node(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var confirmed []string
	for w := range 20 {
		wg.Go(func() {
			for i := range 50 {
				id := fmt.Sprint(w, "/", i)
				err := a.Repository().Chat.AppendMessages(t.Context(), message(id))
				if errors.Is(err, repository.ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				confirmed = append(confirmed, id)
				mu.Unlock()
			}
		})
	}
	eventually(t, "some are written", func() error {
		if n := len(messages(t, b.Repository())); n < 40 {
			return fmt.Errorf("%d messages", n)
		}
		return nil
	})
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	c := s.node(t)
	got := messages(t, c.Repository())
	slices.Sort(got)
	slices.Sort(confirmed)
	if !slices.Equal(got, confirmed) {
		t.Errorf("%d messages are there, %d were confirmed", len(got), len(confirmed))
	}
}

// TestTheRepositoryIsBounded refuses what would make it too large, and takes
// what makes it smaller.
func TestTheRepositoryIsBounded(t *testing.T) {
	s := serve(t)
	r := s.node(t, func(c *jetstream.Config) { c.MaxBytes = 10_000 }).Repository()
	fill := func(section string, n int) error {
		_, err := repository.Setting[string]{Section: section}.Update(t.Context(), r.Settings, func(v *string) error {
			*v = string(bytes.Repeat([]byte("x"), n))
			return nil
		})
		return err
	}
	if err := fill("a", 6000); err != nil {
		t.Fatal(err)
	}
	if err := fill("b", 6000); !errors.Is(err, jetstream.ErrTooLarge) {
		t.Errorf("6000 bytes more: %v", err)
	}
	if _, err := r.Settings.Load(t.Context(), "b"); !errors.Is(err, repository.ErrNotFound) {
		t.Errorf("Load = %v", err)
	}
	if err := errors.Join(fill("a", 10), fill("b", 6000)); err != nil {
		t.Error(err)
	}
}

// TestSnapshotAndRestore goes from one cluster to another one, with a node that
// is there and one that comes later.
func TestSnapshotAndRestore(t *testing.T) {
	s := serve(t)
	from := s.node(t, func(c *jetstream.Config) { c.Name = "from" })
	for i := range 100 {
		if err := from.Repository().Chat.AppendMessages(t.Context(), message(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := from.Repository().Settings.Save(t.Context(), "s", 0, json.RawMessage(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	var snapshot bytes.Buffer
	if err := from.Snapshot(t.Context(), &snapshot); err != nil {
		t.Fatal(err)
	}
	a, b := s.node(t), s.node(t)
	if err := a.Repository().Chat.AppendMessages(t.Context(), message("old")); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 10, snapshot.Len() / 2, snapshot.Len() - 1} {
		if err := a.Restore(t.Context(), bytes.NewReader(snapshot.Bytes()[:at])); !errors.Is(err, repository.ErrCorrupt) {
			t.Errorf("Restore of %d bytes = %v", at, err)
		}
	}
	if ids := messages(t, a.Repository()); !slices.Equal(ids, []string{"old"}) {
		t.Errorf("messages are %q", ids)
	}
	if err := a.Restore(t.Context(), &snapshot); err != nil {
		t.Fatal(err)
	}
	eventually(t, "append", func() error { return b.Repository().Chat.AppendMessages(t.Context(), message("new")) })
	if got := same(t, a, b, s.node(t)); len(got) != 101 || got[0] != "new" || got[1] != "99" {
		t.Errorf("messages are %q", got)
	}
	doc, err := b.Repository().Settings.Load(t.Context(), "s")
	if err != nil || string(doc.Data) != `{"a":1}` {
		t.Errorf("Load = %s, %v", doc.Data, err)
	}
	// What was restored is in a snapshot soon, and the record that named it gone.
	eventually(t, "the log is shortened", func() error {
		if n := s.messages(t, "owncast-repository"); n > 1 {
			return fmt.Errorf("%d records", n)
		}
		return nil
	})
	if got := same(t, a, b, s.node(t)); len(got) != 101 {
		t.Errorf("%d messages", len(got))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Snapshot(ctx, &snapshot); !errors.Is(err, context.Canceled) {
		t.Errorf("Snapshot = %v", err)
	}
}

// TestAFileMovesIntoACluster is how a host goes from one machine to several.
func TestAFileMovesIntoACluster(t *testing.T) {
	db, err := bolt.Open(filepath.Join(t.TempDir(), "owncast.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Repository().Chat.AppendMessages(t.Context(), message("1"), message("2")); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := db.Dump(t.Context(), &file); err != nil {
		t.Fatal(err)
	}
	c := serve(t).node(t)
	if err := c.Restore(t.Context(), &file); err != nil {
		t.Fatal(err)
	}
	if got := messages(t, c.Repository()); !slices.Equal(got, []string{"2", "1"}) {
		t.Errorf("messages are %q", got)
	}
	broken := errors.New("broken")
	if err := db.Dump(t.Context(), failing{broken}); !errors.Is(err, broken) {
		t.Errorf("Dump = %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
