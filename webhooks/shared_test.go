package webhooks_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/webhooks"
)

// newShared starts Dispatchers, as if in several processes, that have one
// repository and one receiver.
func newShared(t testing.TB, n int) []*rig {
	t.Helper()
	repo, recv := memory.New(), newReceiver(t)
	var list []*rig
	for range n {
		x := &rig{t: t, repo: repo, recv: recv, client: recv.client(), log: new(bytes.Buffer)}
		var err error
		x.Dispatcher, err = webhooks.New(webhooks.Config{
			Webhooks: repo.Webhooks, Queue: repo.WebhookDeliveries, Describe: server, Client: x.client, Shared: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(x.stop)
		list = append(list, x)
	}
	return list
}

// TestDispatchersOfOneQueueDeliverEachEventOnce, those of a webhook that one of
// them does not know yet, too.
func TestDispatchersOfOneQueueDeliverEachEventOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newShared(t, 3)
		w := all[0].create("one.example")
		all[1].chat("of another one, at once")
		var want []string
		for i := range 30 {
			text := fmt.Sprint("message ", i)
			all[i%3].chat(text)
			want = append(want, text)
		}
		time.Sleep(5 * time.Minute)
		got := texts(t, all[0].recv.all())
		slices.Sort(got)
		want = append(want, "of another one, at once")
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if err := all[2].Delete(t.Context(), w.ID); err != nil {
			t.Fatal(err)
		}
		all[0].chat("to nobody")
		time.Sleep(5 * time.Minute)
		if got := all[0].recv.all(); len(got) > 0 {
			t.Errorf("a webhook that is gone got %q", texts(t, got))
		}
	})
}

// TestAnotherDispatcherTakesOver what waits for a webhook that it has not heard
// of.
func TestAnotherDispatcherTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newShared(t, 2)
		synctest.Wait()
		all[0].create("one.example")
		all[0].recv.on(status(503))
		all[0].chat("kept")
		synctest.Wait()
		all[0].stop() // before it can try again
		all[0].recv.all()
		all[0].recv.on(nil)
		time.Sleep(10 * time.Second)
		all[1].stop() // after what is due
		if got := texts(t, all[0].recv.all()); !slices.Equal(got, []string{"kept"}) {
			t.Errorf("got %q", got)
		}
	})
}

// TestAnnouncersOfOneChannelDoNotAnnounceASessionTwice has a publisher that goes
// to another process at once.
func TestAnnouncersOfOneChannelDoNotAnnounceASessionTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		repo, s := memory.New().Settings, new(sayer)
		a := newStage(t, repo, webhooks.Channel{Name: "c", Notifier: s})
		b := newStage(t, repo, webhooks.Channel{Name: "c", Notifier: s})
		a.StreamStarted(time.Now())
		a.after(3 * time.Minute)
		a.want(s, "2m0s stream-started")
		a.StreamStopped()
		b.StreamStarted(time.Now())
		b.after(8 * time.Minute)
		b.want(s)
		if got := b.stream(); got != "throttled 2m0s" {
			t.Errorf("the other one: %s", got)
		}
		if c := b.status("c"); c.Last.Attempts != 1 {
			t.Errorf("the other one knows of the channel %+v", c)
		}
		b.StreamStopped()
		b.after(15 * time.Minute)
		b.StreamStarted(time.Now())
		b.after(20 * time.Minute)
		b.want(s, "17m0s stream-started")
		a.StreamStarted(time.Now()) // which has kept nothing since
		a.after(25 * time.Minute)
		a.want(s)
	})
}
