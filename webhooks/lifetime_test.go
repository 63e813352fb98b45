package webhooks_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/bolt"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/webhooks"
)

func TestShutdownDeliversWhatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t)
		x.create("a.example")
		x.recv.on(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-r.Context().Done():
			}
		})
		for i := range 5 {
			x.chat(fmt.Sprint(i))
		}
		begin := time.Now()
		x.stop()
		if got := texts(t, x.recv.all()); len(got) != 5 || time.Since(begin) != 500*time.Millisecond {
			t.Errorf("Shutdown took %v and delivered %v", time.Since(begin), got)
		}
		x.chat("after") // goes nowhere
		synctest.Wait()
	})
}

func TestShutdownWaitsForNoReceiverAndTheNextStartGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		repo := memory.New()
		x := newRigOn(t, repo)
		w := x.create("a.example")
		x.recv.on(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		for i := range 5 {
			x.chat(fmt.Sprint(i))
		}
		synctest.Wait()
		id := x.recv.all()[0].id
		begin := time.Now()
		x.stop()
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("Shutdown took %v", took)
		}
		y := newRigOn(t, repo)
		synctest.Wait()
		got := y.recv.all()
		if list := texts(t, got); !slices.Equal(list, []string{"0", "1", "2", "3", "4"}) || got[0].id != id {
			t.Errorf("the next one delivers %v", list)
		}
		if e := y.endpoint(w.ID); e.Failures != 0 || e.Last.Error != "" {
			t.Errorf("a delivery that was cut off counts as failed: %+v", e)
		}
	})
}

func TestShutdownEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t)
		x.create("a.example")
		x.recv.on(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		x.chat("x")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		_ = x.Shutdown(ctx)
		if took := time.Since(begin); took != time.Second {
			t.Errorf("Shutdown took %v", took)
		}
	})
}

func TestADispatcherThatWasNeverStartedEnds(t *testing.T) {
	repo := memory.New()
	d, err := webhooks.New(webhooks.Config{Webhooks: repo.Webhooks, Queue: repo.WebhookDeliveries, Describe: server, Client: new(http.Client)})
	if err != nil {
		t.Fatal(err)
	}
	d.Send(started())
	for range 2 {
		if err := d.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := d.Start(t.Context()); err == nil {
		t.Error("it starts after that")
	}
	for _, c := range []webhooks.Config{
		{Queue: repo.WebhookDeliveries, Describe: server, Client: new(http.Client)},
		{Webhooks: repo.Webhooks, Describe: server, Client: new(http.Client)},
		{Webhooks: repo.Webhooks, Queue: repo.WebhookDeliveries, Client: new(http.Client)},
		{Webhooks: repo.Webhooks, Queue: repo.WebhookDeliveries, Describe: server},
	} {
		if _, err := webhooks.New(c); err == nil {
			t.Errorf("New takes %+v", c)
		}
	}
}

// A process that is killed has told the queue nothing: its leases end.
func TestAKilledProcessLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	open := func() *bolt.DB {
		db, err := bolt.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	db := open()
	w, err := db.Repository().Webhooks.CreateWebhook(t.Context(), repository.Webhook{URL: "http://a.example/", Events: []string{"CHAT"}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if _, err := db.Repository().WebhookDeliveries.Enqueue(t.Context(), repository.Batch{
			Kind: "CHAT", Payload: fmt.Appendf(nil, `{"type":"CHAT","eventData":{"rawBody":"%d"}}`, i), At: time.Date(2000, 1, 1, 0, 0, 0, i, time.UTC),
			Targets: []repository.Target{{Host: fmt.Sprint(w.ID), Address: fmt.Sprint("id", i)}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Date(2000, 1, 1, 0, 0, 0, 99, time.UTC)
	if ds, _, err := db.Repository().WebhookDeliveries.Lease(t.Context(), repository.LeaseRequest{Now: now, Until: now.Add(15 * time.Second), Max: 9}); err != nil || len(ds) != 1 {
		t.Fatalf("leased %v, %v", ds, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open()
	t.Cleanup(func() { _ = db.Close() })
	repo := db.Repository()
	synctest.Test(t, func(t *testing.T) {
		x := newRigOn(t, repo)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := x.recv.all(); len(got) != 0 {
			t.Errorf("got %v before the lease is over", texts(t, got))
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		got := texts(t, x.recv.all())
		if slices.Sort(got); !slices.Equal(got, []string{"0", "1", "2"}) {
			t.Errorf("got %v", got)
		}
	})
}

func TestADeletedWebhookGetsNothingMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t)
		w := x.create("a.example")
		x.recv.on(status(500))
		x.chat("x")
		x.chat("y")
		synctest.Wait()
		x.recv.all()
		if err := x.Delete(t.Context(), w.ID); err != nil {
			t.Fatal(err)
		}
		x.chat("z")
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := x.recv.all(); len(got) != 0 {
			t.Errorf("it gets %v", texts(t, got))
		}
		if c := x.Counts(); c.Waiting != 0 {
			t.Errorf("counts %+v", c)
		}
		if _, err := x.Log(t.Context(), w.ID, "", 1); err == nil {
			t.Error("it has a log")
		}
		if err := x.Delete(t.Context(), w.ID); err == nil {
			t.Error("it can be deleted twice")
		}
	})
}

// What another program on the same repository has changed is noticed.
func TestWebhooksOfOthersAreNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t)
		if _, err := x.repo.Webhooks.CreateWebhook(t.Context(), repository.Webhook{URL: "http://a.example/", Events: []string{"CHAT"}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		x.chat("x")
		synctest.Wait()
		got := x.recv.all()
		if len(got) != 1 || got[0].sign != "" { // there is no secret to sign with
			t.Errorf("got %+v", got)
		}
	})
}

func TestCreateRefusesWhatCannotBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t)
		all := webhooks.EventTypes()
		for _, url := range []string{"", "x", "/hook", "ftp://a.example", "http://", "https://user:pass@a.example/", "http:// a", "http://a.example/" + strings.Repeat("x", 2000), "javascript:alert(1)"} {
			if _, err := x.Create(t.Context(), url, all, ""); err == nil {
				t.Errorf("Create takes the URL %.50q", url)
			}
		}
		for _, e := range []webhooks.EventType{"", "chat", "PING", "PONG", "SYSTEM", "CHAT_ACTION"} {
			if _, err := x.Create(t.Context(), "http://a.example", []webhooks.EventType{e}, ""); err == nil {
				t.Errorf("Create takes the event %q", e)
			}
		}
		if _, err := x.Create(t.Context(), "http://a.example", all, strings.Repeat("x", 201)); err == nil {
			t.Error("Create takes a long secret")
		}
		w, err := x.Create(t.Context(), "http://a.example", append(all, all...), "secret")
		if err != nil || w.Secret != "secret" || len(w.Events) != len(all) {
			t.Errorf("Create = %+v, %v", w, err)
		}
		for range webhooks.MaxWebhooks - 1 {
			if w, err := x.Create(t.Context(), "http://a.example", all, ""); err != nil || len(w.Secret) < 40 {
				t.Fatalf("Create = %+v, %v", w, err)
			}
		}
		if _, err := x.Create(t.Context(), "http://a.example", all, ""); err == nil {
			t.Error("Create takes one too many")
		}
	})
}

func TestATestSaysWhatComesOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t)
		w := x.create("a.example")
		x.recv.on(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
		d, err := x.Test(t.Context(), w.ID)
		if err != nil || d.State != repository.DeliveryDelivered || d.Last.Status != 200 || d.Answer != "hello" || d.Event != "PING" {
			t.Errorf("Test = %+v, %v", d, err)
		}
		got := x.recv.all()[0]
		if data := got.data(t); data["serverURL"] != "https://live.example" || data["id"] != d.ID || webhooks.Verify(w.Secret, got.sign, got.body, time.Now()) != nil {
			t.Errorf("got %s", got.body)
		}
		x.recv.on(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		begin := time.Now()
		d, err = x.Test(t.Context(), w.ID)
		if err != nil || d.State != repository.DeliveryGivenUp || d.Last.Status != 0 || d.Last.Error != "no answer within 10s" || time.Since(begin) != 10*time.Second {
			t.Errorf("Test = %+v, %v after %v", d, err, time.Since(begin))
		}
		log, err := x.Log(t.Context(), w.ID, "", 9)
		if err != nil || len(log) != 2 || log[0].ID != d.ID {
			t.Errorf("log %+v, %v", log, err)
		}
		if _, err := x.Test(t.Context(), 99); err == nil {
			t.Error("a webhook that is not there can be tested")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := x.Test(ctx, w.ID); err == nil {
			t.Error("a test that was broken off has a result")
		}
	})
}

func TestTheLogIsBoundedAndHasNoSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t)
		w := x.create("a.example")
		for i := range webhooks.LogSize + 20 {
			x.chat(fmt.Sprint(i))
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		_ = x.recv.net.Close() // nobody is there any more
		x.client.CloseIdleConnections()
		x.chat("last")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		log, err := x.Log(t.Context(), w.ID, "", 0)
		if err != nil || len(log) != webhooks.LogSize {
			t.Fatalf("the log has %d, %v", len(log), err)
		}
		if l := log[0]; l.State != repository.DeliveryRetrying || l.Last.Error == "" || strings.Contains(l.Last.Error, "hush") || !strings.Contains(string(l.Payload), "last") {
			t.Errorf("the last is %+v", l)
		}
		page, err := x.Log(t.Context(), w.ID, log[3].ID, 2)
		if err != nil || len(page) != 2 || page[0].ID != log[4].ID {
			t.Errorf("page %+v, %v", page, err)
		}
	})
}

// Over real sockets, with the client of the App.
func TestRedirectsAndEndlessAnswersOverRealSockets(t *testing.T) {
	var elsewhere sync.Map
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Store("hit", true) }))
	defer other.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		case "/huge":
			for chunk := make([]byte, 1<<20); ; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}
	}))
	defer srv.Close()
	client := httpx.NewClient(httpx.ClientConfig{Private: true, MaxRedirects: -1, UserAgent: "test"})
	defer client.CloseIdleConnections()
	repo := memory.New()
	d, err := webhooks.New(webhooks.Config{Webhooks: repo.Webhooks, Queue: repo.WebhookDeliveries, Describe: server, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Shutdown(context.WithoutCancel(t.Context())) }()
	want := map[string]repository.DeliveryState{
		srv.URL + "/redirect":           repository.DeliveryGivenUp,
		srv.URL + "/huge":               repository.DeliveryDelivered,
		"http://169.254.169.254/latest": repository.DeliveryGivenUp, // where clouds have their secrets
	}
	for url, state := range want {
		w, err := d.Create(t.Context(), url, webhooks.EventTypes(), "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Test(t.Context(), w.ID)
		if err != nil || got.State != state || len(got.Answer) > 2000 {
			t.Errorf("%s: %+v, %v", url, got, err)
		}
	}
	if _, hit := elsewhere.Load("hit"); hit {
		t.Error("a redirect was followed")
	}
}

// Everything at once: producers, receivers that fail at random, webhooks that
// come and go. Nothing is lost for the one that stays.
func TestChurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t)
		stays := x.create("stays.example")
		x.recv.on(func(w http.ResponseWriter, _ *http.Request) {
			if rand.N(10) == 0 {
				w.WriteHeader(500)
			}
		})
		const producers, each = 4, 50
		var wg sync.WaitGroup
		for p := range producers {
			wg.Go(func() {
				for i := range each {
					x.chat(fmt.Sprint(p, "/", i))
					time.Sleep(time.Second)
				}
			})
		}
		wg.Go(func() {
			for range 20 {
				w := x.create("goes.example")
				time.Sleep(time.Second)
				if err := x.Delete(t.Context(), w.ID); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Wait()
		x.recv.on(nil)
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		seen := map[string]bool{}
		for _, r := range x.recv.all() {
			var v struct{ EventData struct{ RawBody string } }
			if err := json.Unmarshal(r.body, &v); err != nil {
				t.Fatal(err)
			}
			if r.host == "stays.example" {
				seen[v.EventData.RawBody] = true
			}
		}
		if e := x.endpoint(stays.ID); len(seen) != producers*each || e.Waiting != 0 || e.Failures != 0 {
			t.Errorf("%d of %d arrived: %+v", len(seen), producers*each, e)
		}
	})
}
