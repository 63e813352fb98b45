package activitypub_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/bolt"
)

// storm is a crowd of servers in one: what they do is in their names.
type storm struct {
	w    *world
	port string
	slow time.Duration

	mu    sync.Mutex
	got   map[string]int // requests that were accepted, by URL
	tries map[string]int // all requests, by host
	open  int            // connections
	most  int
}

func (w *world) storm(slow time.Duration) *storm {
	s := &storm{w: w, slow: slow, got: map[string]int{}, tries: map[string]int{}}
	s.port = w.serve(s, "*.storm.test")
	return s
}

func (s *storm) state(_ net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.open++
		s.most = max(s.most, s.open)
	case http.StateClosed, http.StateHijacked:
		s.open--
	}
}

func (s *storm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, _ := net.SplitHostPort(r.Host)
	s.mu.Lock()
	s.tries[host]++
	n := s.tries[host]
	s.mu.Unlock()
	_, _ = io.Copy(io.Discard, r.Body)
	switch {
	case strings.HasPrefix(host, "slow"):
		t := time.NewTimer(s.slow)
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
			return
		}
	case strings.HasPrefix(host, "busy") && n == 1:
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case strings.HasPrefix(host, "gone"):
		w.WriteHeader(http.StatusGone)
		return
	}
	s.mu.Lock()
	s.got["https://"+r.Host+r.URL.Path]++
	s.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
}

// follow makes followers of so many servers, a third of them dead, and returns
// the inboxes that a post must reach, and the dead hosts.
func (s *storm) follow(t testing.TB, r owncast.Repository, followers, hosts int) (reachable []string, dead int) {
	t.Helper()
	inboxes := map[string]bool{}
	for i := range followers {
		h := i % hosts
		kind, port := "host", s.port
		switch {
		case h%3 == 0:
			kind, port = "dead", "1" // where nobody listens
		case h%29 == 1:
			kind = "slow"
		case h == 2:
			kind = "busy"
		case h == 4:
			kind = "gone"
		}
		base := fmt.Sprintf("https://%s%d.storm.test:%s", kind, h, port)
		s.w.name(fmt.Sprintf("%s%d.storm.test", kind, h), "127.0.0.1")
		actor := fmt.Sprintf("%s/users/u%d", base, i)
		f := repository.Follower{
			ActorIRI: actor, InboxIRI: actor + "/inbox", SharedInboxIRI: base + "/inbox", Name: fmt.Sprint("Follower ", i),
			Username: fmt.Sprintf("u%d@%s", i, base[8:]), CreatedAt: time.Now().UTC(), ApprovedAt: time.Now().UTC(), ValidatedAt: time.Now().UTC(),
		}
		if h%7 == 5 {
			f.SharedInboxIRI = "" // some servers have none
		}
		if _, err := r.Followers.SaveFollower(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		if !inboxes[f.DeliveryInbox()] {
			inboxes[f.DeliveryInbox()] = true
			switch kind {
			case "dead":
				dead++
			case "host", "slow", "busy":
				reachable = append(reachable, f.DeliveryInbox())
			}
		}
	}
	return reachable, dead
}

// reached is how many of the inboxes have as many posts, or more.
func (s *storm) reached(inboxes []string, posts int) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range inboxes {
		if s.got[i] >= posts {
			n++
		}
	}
	return n
}

// A channel with many followers posts, while a third of their servers is dead,
// some are slow, one has too much to do and one is gone. With OWNCAST_STORM set
// it is a storm of 10,000 followers on 300 servers, in a real database, and
// there are figures.
func TestAStormOfDeliveries(t *testing.T) {
	followers, hosts, slow := 300, 30, 300*time.Millisecond
	full := os.Getenv("OWNCAST_STORM") != ""
	if full {
		followers, hosts, slow = 10_000, 300, 10*time.Second
	}
	w := newWorld(t)
	s := w.storm(slow)
	file := t.TempDir() + "/owncast.db"
	db, err := bolt.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	c := &channel{t: t, w: w, repo: db.Repository(), front: &front{h: http.NotFoundHandler()}}
	c.host = "one.test:" + w.serve(c.front, "one.test")
	c.base = "https://" + c.host
	c.start()
	c.set(func(f *owncast.FederationSettings) { f.Enabled = true })
	begin := time.Now()
	reachable, dead := s.follow(t, c.repo, followers, hosts)
	if full {
		t.Logf("%d followers stored in %v: %d inboxes that can be reached, %d that cannot", followers, time.Since(begin).Round(time.Millisecond), len(reachable), dead)
	}
	posts := 0
	post := func() {
		t.Helper()
		begin := time.Now()
		if _, err := c.app.Federation().Post(t.Context(), fmt.Sprint("post ", posts)); err != nil {
			t.Fatal(err)
		}
		posts++
		if full {
			t.Logf("queued in %v", time.Since(begin).Round(time.Millisecond))
		}
	}
	watch := measure(t, full)
	post()
	// In the middle of it the App goes down, and comes back.
	within(t, full, "a part is delivered", func() bool { return s.reached(reachable, 1) > len(reachable)/4 })
	c.stop()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = bolt.Open(file); err != nil {
		t.Fatal(err)
	}
	c.repo = db.Repository()
	c.start()
	begin = time.Now()
	within(t, full, "all is delivered that can be", func() bool { return s.reached(reachable, 1) == len(reachable) })
	if full {
		t.Logf("after the restart the rest in %v", time.Since(begin).Round(time.Millisecond))
	}
	post()
	within(t, full, "the second post, too", func() bool { return s.reached(reachable, 2) == len(reachable) })
	watch()
	// Nothing is lost, and nothing was sent twice. What was for dead servers
	// waits, one try at a time for each.
	waiting := func() int {
		counts, err := c.repo.Deliveries.CountDeliveries(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return counts.Waiting
	}
	within(t, full, "what was delivered is known to be", func() bool { return waiting() <= dead*posts })
	status, err := c.app.Federation().Deliveries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := waiting(); n != dead*posts {
		t.Errorf("%d deliveries wait, want %d", n, dead*posts)
	}
	if n := len(status.Failing); n != hosts/3 {
		t.Errorf("%d hosts fail, want %d", n, hosts/3)
	}
	for _, f := range c.followers(repository.FollowersAll) {
		if strings.Contains(f.ActorIRI, "//gone") {
			t.Errorf("%s is still a follower", f.ActorIRI)
		}
	}
	s.mu.Lock()
	for at, n := range s.got {
		if n != posts {
			t.Errorf("%s got %d posts", at, n)
		}
	}
	// Eight at a time, and idle ones.
	if s.most > 48 {
		t.Errorf("%d connections", s.most)
	}
	if full {
		t.Logf("at most %d connections", s.most)
	}
	s.mu.Unlock()
	c.stop()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// within waits, for long if it is a real storm.
func within(t *testing.T, full bool, what string, ok func() bool) {
	t.Helper()
	limit := 2 * patience
	if full {
		limit = 20 * time.Minute
	}
	for deadline := time.Now().Add(limit); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// measure logs what a real storm costs.
func measure(t *testing.T, full bool) (stop func()) {
	t.Helper()
	if !full {
		return func() {}
	}
	begin, cpu := time.Now(), cpuTime()
	done, ended := make(chan struct{}), make(chan struct{})
	goroutines, heap := 0, uint64(0)
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(200 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				goroutines, heap = max(goroutines, runtime.NumGoroutine()), max(heap, m.HeapInuse)
			}
		}
	}()
	return func() {
		close(done)
		<-ended
		wall := time.Since(begin)
		t.Logf("%v, CPU %v (the servers included), at most %d goroutines and %d MiB of heap",
			wall.Round(time.Second), (cpuTime() - cpu).Round(10*time.Millisecond), goroutines, heap>>20)
	}
}
