package webhooks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/webhooks"
)

func started() webhooks.Event {
	return webhooks.Event{Type: webhooks.EventStreamStarted, Data: webhooks.Stream{}}
}

func TestAnEventReachesTheWebhooksThatWantIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t)
		a, b := x.create("a.example"), x.create("b.example")
		x.Send(webhooks.Event{Type: webhooks.EventFediverseFollow, Data: webhooks.Follow{Name: "nobody has asked for this"}})
		x.Send(started())
		synctest.Wait()
		got := x.recv.all()
		if len(got) != 2 || got[0].id != got[1].id || got[0].id == "" {
			t.Fatalf("got %+v", got)
		}
		slices.SortFunc(got, func(p, q request) int { return strings.Compare(p.host, q.host) })
		for i, w := range []repository.Webhook{a, b} {
			r := got[i]
			if r.event != "STREAM_STARTED" || r.path != "/hook" || r.data(t)["serverURL"] != "https://live.example" {
				t.Errorf("%d got %+v", w.ID, r)
			}
			if err := webhooks.Verify(w.Secret, r.sign, r.body, time.Now()); err != nil {
				t.Errorf("%d got the signature %s: %v", w.ID, r.sign, err)
			}
			if e := x.endpoint(w.ID); e.Last.Status != 0 || e.Secret != "" || !e.Signed {
				t.Errorf("before the log is written: %+v", e)
			}
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if e := x.endpoint(a.ID); e.Last.Status != 200 || e.Last.Error != "" || e.Waiting != 0 {
			t.Errorf("after it: %+v", e)
		}
		if c := x.Counts(); c != (webhooks.Counts{Delivered: 2}) {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestWhatFailsIsTriedAgainInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t)
		w := x.create("a.example")
		begin := time.Now()
		x.recv.on(func(w http.ResponseWriter, _ *http.Request) {
			if time.Since(begin) < 19*time.Second {
				w.WriteHeader(503)
				_, _ = io.WriteString(w, "not yet")
			}
		})
		x.chat("first")
		x.chat("second")
		time.Sleep(6 * time.Second)
		synctest.Wait()
		e := x.endpoint(w.ID)
		if e.Failures != 2 || !e.FailingSince.Equal(begin) || !e.HeldUntil.Equal(begin.Add(20*time.Second)) || e.Waiting != 2 || !strings.Contains(e.LastError, "503") {
			t.Errorf("while it fails: %+v", e)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		var when []time.Duration
		got := x.recv.all()
		for _, r := range got {
			when = append(when, r.at.Sub(begin))
		}
		if list := texts(t, got); !slices.Equal(list, []string{"first", "first", "first", "second"}) ||
			!slices.Equal(when, []time.Duration{0, 5 * time.Second, 20 * time.Second, 20 * time.Second}) {
			t.Errorf("got %v at %v", list, when)
		}
		if got[0].id != got[2].id || got[0].id == got[3].id {
			t.Errorf("ids %s %s %s", got[0].id, got[2].id, got[3].id)
		}
		if got[0].sign == got[2].sign || webhooks.Verify(w.Secret, got[2].sign, got[2].body, got[2].at) != nil {
			t.Error("a signature is not of the time of the try")
		}
		if e := x.endpoint(w.ID); e.Failures != 0 || e.LastError != "" || !e.HeldUntil.IsZero() || e.Last.Status != 200 {
			t.Errorf("after that: %+v", e)
		}
		log, err := x.Log(t.Context(), w.ID, "", 9)
		if err != nil || len(log) != 2 || log[1].Attempts != 3 || log[1].State != repository.DeliveryDelivered || log[0].ID != got[3].id {
			t.Errorf("log %+v, %v", log, err)
		}
	})
}

func TestWhatIsRefusedLetsOthersGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t)
		x.create("a.example")
		x.recv.on(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Owncast-Event") == "CHAT" {
				w.WriteHeader(422)
			}
		})
		x.chat("poison")
		x.Send(started())
		x.Send(webhooks.Event{Type: webhooks.EventStreamStopped, Data: webhooks.Stream{}})
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		want := []string{"poison", "poison", "poison", "STREAM_STARTED", "STREAM_STOPPED"}
		if got := texts(t, x.recv.all()); len(got) < 5 || !slices.Equal(got[:5], want) {
			t.Errorf("got %v, want %v and more", got, want)
		}
		x.recv.on(nil)
		time.Sleep(15 * time.Minute)
		synctest.Wait()
		if got := texts(t, x.recv.all()); !slices.Equal(got, []string{"poison"}) {
			t.Errorf("got %v in the end", got)
		}
	})
}

func TestAReceiverSaysWhenToComeAgain(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"120": 2 * time.Minute, "1": 5 * time.Second, "999999999999": time.Hour, "-5": 5 * time.Second, "soon": 5 * time.Second,
		"Sat, 01 Jan 2000 00:05:00 GMT": 5 * time.Minute, // the bubble begins at midnight
	} {
		synctest.Test(t, func(t *testing.T) {
			x := newRig(t)
			x.create("a.example")
			x.recv.on(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", header)
				w.WriteHeader(429)
			})
			begin := time.Now()
			x.chat("x")
			synctest.Wait()
			x.recv.on(nil)
			time.Sleep(2 * time.Hour)
			synctest.Wait()
			if got := x.recv.all(); len(got) != 2 || got[1].at.Sub(begin) != want {
				t.Errorf("Retry-After %s: %d requests, want the second after %v", header, len(got), want)
			}
		})
	}
}

func TestBadReceiversDelayNobodyAndLoseNothing(t *testing.T) {
	kinds := map[string]http.HandlerFunc{
		"dead":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"hanging": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"redirecting": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.example/", http.StatusFound)
		},
		"failing":    status(500),
		"forbidding": status(403),
		"gone":       status(410),
	}
	for kind, answer := range kinds {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newRig(t)
				bad := x.create("bad.example")
				x.create("good.example")
				mend := time.Now().Add(3 * time.Hour)
				x.recv.on(func(w http.ResponseWriter, r *http.Request) {
					if r.Host == "bad.example" && time.Now().Before(mend) {
						answer(w, r)
					}
				})
				begin := time.Now()
				for i := range 20 {
					x.chat(fmt.Sprint(i))
				}
				time.Sleep(time.Millisecond)
				synctest.Wait()
				good := 0
				for _, r := range x.recv.all() {
					if r.host == "good.example" && r.at.Sub(begin) == 0 {
						good++
					}
				}
				if good != 20 {
					t.Errorf("the good receiver has %d of 20 at once", good)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if e := x.endpoint(bad.ID); e.Failures == 0 || e.Waiting != 20 || strings.Contains(e.LastError, "hush") {
					t.Errorf("the bad one: %+v", e)
				}
				time.Sleep(time.Until(mend))
				x.recv.all()
				time.Sleep(20 * time.Minute)
				synctest.Wait()
				seen := map[string]bool{}
				for _, r := range x.recv.all() {
					if seen[r.id] = true; r.host != "bad.example" {
						t.Errorf("%s gets a request", r.host)
					}
				}
				if e := x.endpoint(bad.ID); len(seen) != 20 || e.Failures != 0 || e.Waiting != 0 {
					t.Errorf("once it is well it gets %d of 20: %+v", len(seen), e)
				}
			})
		})
	}
}

func TestAReceiverThatAnswersWithoutEndHasTheDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t)
		w := x.create("a.example")
		x.recv.on(func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write([]byte(strings.Repeat("\xffé", 4000))); err != nil {
					return
				}
			}
		})
		x.chat("x")
		time.Sleep(15 * time.Second)
		synctest.Wait()
		log, err := x.Log(t.Context(), w.ID, "", 9)
		if err != nil || len(log) != 1 || log[0].State != repository.DeliveryDelivered || log[0].Attempts != 1 || len(log[0].Answer) > 2000 || !strings.Contains(log[0].Answer, "é") {
			t.Errorf("log %+v, %v", log, err)
		}
		x.recv.on(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done() // a body that never comes
		})
		x.chat("y")
		time.Sleep(time.Minute)
		synctest.Wait()
		if e := x.endpoint(w.ID); e.Waiting != 0 || e.Failures != 0 {
			t.Errorf("after a body that never came: %+v", e)
		}
	})
}

func TestADeliveryIsGivenUpAfterADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t)
		w := x.create("a.example")
		x.recv.on(status(500))
		x.chat("x")
		time.Sleep(25 * time.Hour)
		synctest.Wait()
		tries := len(x.recv.all())
		x.recv.on(nil)
		time.Sleep(time.Hour)
		synctest.Wait()
		log, err := x.Log(t.Context(), w.ID, "", 9)
		if err != nil || len(log) != 1 {
			t.Fatalf("log %+v, %v", log, err)
		}
		if l := log[0]; l.State != repository.DeliveryGivenUp || l.Attempts != tries || tries < 50 || !strings.Contains(l.Last.Error, "500") {
			t.Errorf("after %d tries: %+v", tries, l)
		}
		if c := x.Counts(); c.GivenUp != 1 || c.Failed != int64(tries) || c.Waiting != 0 {
			t.Errorf("counts %+v", c)
		}
		// It can be sent again, under its ID, and once even if somebody asks
		// twice while it waits.
		x.recv.on(status(500))
		x.Send(started())
		synctest.Wait()
		x.recv.all()
		for range 2 {
			if err := x.Replay(t.Context(), w.ID, log[0].ID); err != nil {
				t.Fatal(err)
			}
		}
		x.recv.on(nil)
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		got := slices.DeleteFunc(x.recv.all(), func(r request) bool { return r.event == "STREAM_STARTED" })
		if len(got) != 1 || got[0].id != log[0].ID || string(got[0].body) != string(log[0].Payload) {
			t.Errorf("%d are replayed", len(got))
		}
		if l, err := x.Logged(t.Context(), w.ID, log[0].ID); err != nil || l.State != repository.DeliveryDelivered {
			t.Errorf("log of it: %+v, %v", l, err)
		}
		if err := x.Replay(t.Context(), w.ID, "nothing"); !errors.Is(err, repository.ErrNotFound) {
			t.Errorf("Replay of nothing = %v", err)
		}
	})
}

func TestWhatIsBeingTriedIsNotReplayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t)
		w := x.create("a.example")
		x.recv.on(status(500))
		x.chat("x")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		id := x.recv.all()[0].id
		if err := x.Replay(t.Context(), w.ID, id); !errors.Is(err, webhooks.ErrWaiting) || !errors.Is(err, repository.ErrConflict) {
			t.Errorf("Replay = %v", err)
		}
	})
}

func TestWhatADeadReceiverKeepsWaitingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t)
		bad := x.create("bad.example")
		x.create("good.example")
		x.recv.on(func(w http.ResponseWriter, r *http.Request) {
			if r.Host == "bad.example" {
				w.WriteHeader(500)
			}
		})
		for i := range webhooks.MaxWaiting + 5 {
			x.chat(fmt.Sprint(i))
			synctest.Wait()
		}
		for range 3 {
			x.Send(started())
		}
		time.Sleep(time.Second)
		synctest.Wait()
		good := 0
		for _, r := range x.recv.all() {
			if r.host == "good.example" {
				good++
			}
		}
		if good != webhooks.MaxWaiting+8 {
			t.Errorf("the good receiver has %d", good)
		}
		// Messages of the chat leave room for what is seldom.
		if e := x.endpoint(bad.ID); e.Waiting != webhooks.MaxWaiting-100+3 || e.Dropped != 105 || x.Counts().Dropped != 105 {
			t.Errorf("%d wait, %d are dropped", e.Waiting, e.Dropped)
		}
	})
}

// stuckQueue takes nothing before it is let go.
type stuckQueue struct {
	repository.Queue
	mu   sync.Mutex
	free chan struct{}
	fail error
}

func (q *stuckQueue) Enqueue(ctx context.Context, b repository.Batch) (int, error) {
	q.mu.Lock()
	free, err := q.free, q.fail
	q.mu.Unlock()
	select {
	case <-free:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if err != nil {
		return 0, err
	}
	return q.Queue.Enqueue(ctx, b)
}

func (q *stuckQueue) set(fail error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.fail = fail
}

func TestNobodyWaitsForTheRepository(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		repo := memory.New()
		queue := &stuckQueue{Queue: repo.WebhookDeliveries, free: make(chan struct{})}
		repo.WebhookDeliveries = queue
		x := newRigOn(t, repo)
		x.create("a.example")
		begin := time.Now()
		for i := range 5000 {
			x.chat(fmt.Sprint(i))
		}
		for range 600 {
			x.Send(started())
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("sending took %v of a clock that stands still while anybody works", took)
		}
		if c := x.Counts(); c.Dropped != 5000-3584+600-512 {
			t.Errorf("counts %+v", c)
		}
		close(queue.free)
		time.Sleep(time.Second)
		synctest.Wait()
		counts := map[string]int{}
		for _, r := range x.recv.all() {
			counts[r.event]++
		}
		if counts["STREAM_STARTED"] < 98 { // the others found the queue of the receiver full
			t.Errorf("got %v", counts)
		}
	})
}

func TestARepositoryThatFailsForAWhileLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		repo := memory.New()
		queue := &stuckQueue{Queue: repo.WebhookDeliveries, free: make(chan struct{}), fail: errors.New("disk full")}
		close(queue.free)
		repo.WebhookDeliveries = queue
		x := newRigOn(t, repo)
		x.create("a.example")
		x.chat("1")
		x.chat("2")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := x.recv.all(); len(got) != 0 || !strings.Contains(x.log.String(), "disk full") {
			t.Fatalf("got %v, log %s", got, x.log)
		}
		queue.set(nil)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := texts(t, x.recv.all()); !slices.Equal(got, []string{"1", "2"}) {
			t.Errorf("got %v", got)
		}
	})
}
