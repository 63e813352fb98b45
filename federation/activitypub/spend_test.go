package activitypub_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub"
)

// A server with a key that is known could have this one fetch whatever it
// names, one document for each activity.
func TestWhatAKnownSourceHasFetchedIsLimited(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice")
	activitypub.LimitKeys(c.service, 2)
	inbox, key := c.actor()+"/inbox", s.user("alice")+"#main-key"
	asked := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.fetched) - len(s.received)
	}
	c.drained()
	before := asked()
	// Actors that another one of their server signs for.
	for i, want := range []int{202, 202, 429, 429} {
		if code := s.send(inbox, key, s.activity(fmt.Sprint("u", i), "Like", c.base+"/federation/x")); code != want {
			t.Errorf("a like of another actor, %d: %d, want %d", i, code, want)
		}
	}
	// An actor that says it has changed.
	for range 2 {
		if code := s.post(c, s.activity("alice", "Update", s.user("alice"))); code != 429 {
			t.Errorf("an update: %d", code)
		}
	}
	if n := asked() - before; n != 2 {
		t.Errorf("%d documents were fetched, want 2", n)
	}
	// What needs nothing is heard.
	if code := s.post(c, s.activity("alice", "Like", c.base+"/federation/x")); code != 202 {
		t.Errorf("%d", code)
	}
	activitypub.LimitKeys(c.service, 1)
	if code := s.post(c, s.activity("alice", "Update", s.user("alice"))); code != 202 {
		t.Errorf("an update later: %d", code)
	}
}

func TestWhereAKnownServerMovesToIsFetchedWithinLimits(t *testing.T) {
	w := newWorld(t)
	one, two, s := w.channel("one.test"), w.channel("two.test"), w.social("social.test")
	if code, body := two.admin("POST", "/api/admin/federation/servers", map[string]string{"url": one.base}); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	await[federation.FollowRequested](one, 1)
	if code, body := one.admin("POST", "/api/admin/followers/approve", map[string]any{"actorIRI": two.actor(), "approved": true}); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	await[federation.ServerChanged](two, 1)
	activitypub.LimitKeys(two.service, 0)
	one.act(two, "Move", one.actor(), "target", s.user("alice"))
	eventually(t, "the move is put off", func() bool {
		two.front.mu.RLock()
		defer two.front.mu.RUnlock()
		return slices.ContainsFunc(two.front.arrived, func(a arrival) bool { return a.doc["type"] == "Move" && a.status == http.StatusTooManyRequests })
	})
	if n := s.asked("GET /users/alice"); n != 0 {
		t.Errorf("%d requests", n)
	}
}
