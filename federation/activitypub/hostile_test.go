package activitypub_test

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub"
	"github.com/owncast-go/owncast/repository"
)

// trap is a server at an address that nothing may connect to.
type trap struct {
	port string
	hits atomic.Int32
}

// trap listens on 127.0.0.2, which is not among the addresses that are
// allowed.
func (w *world) trap(names ...string) *trap {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		w.t.Skip("there is no 127.0.0.2 here")
	}
	x := &trap{}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	_ = s.Listener.Close()
	s.Listener = &countingListener{l, &x.hits}
	s.TLS = &tls.Config{Certificates: []tls.Certificate{w.certificate(names...)}}
	s.StartTLS()
	w.t.Cleanup(s.Close)
	_, x.port, _ = net.SplitHostPort(l.Addr().String())
	for _, n := range names {
		w.name(n, "127.0.0.2")
	}
	return x
}

type countingListener struct {
	net.Listener
	hits *atomic.Int32
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.hits.Add(1)
	}
	return c, err
}

// sinks are all ways in which strangers, or administrators for them, make the
// channel fetch something.
func sinks(c *channel, s *social) map[string]func(host string) error {
	n := 0
	user := func() string { n++; return fmt.Sprint("u", n, newID()[:6]) }
	refused := func(code int) error {
		if code < 400 {
			return nil
		}
		return fmt.Errorf("%d", code)
	}
	return map[string]func(host string) error{
		"the key of an activity": func(host string) error {
			f := s.activity("alice", "Follow", c.actor())
			f["actor"] = "https://" + host + "/users/a"
			delete(f, "id")
			return refused(s.send(c.actor()+"/inbox", "https://"+host+"/users/a#main-key", f))
		},
		"a key that redirects": func(host string) error {
			u := user()
			s.change(func() { s.redirect[u] = "https://" + host + "/users/a" })
			return refused(s.post(c, s.activity(u, "Follow", c.actor())))
		},
		"an actor elsewhere": func(host string) error {
			u := user()
			s.change(func() { s.actors[u] = map[string]any{"id": "https://" + host + "/users/a"} })
			return refused(s.post(c, s.activity(u, "Follow", c.actor())))
		},
		"an account to follow from": func(host string) error {
			_, err := c.service.RemoteFollow(c.t.Context(), "a@"+host)
			return err
		},
		"an account to write to": func(host string) error {
			return c.app.Federation().Message(c.t.Context(), "a@"+host, "hi")
		},
		"a server to feature": func(host string) error {
			code, _ := c.admin("POST", "/api/admin/federation/servers", map[string]string{"url": "https://" + host})
			return refused(code)
		},
		"an account that is elsewhere": func(host string) error {
			u := user()
			s.change(func() { s.links[u] = "https://" + host + "/users/a" })
			return c.app.Federation().Message(c.t.Context(), u+"@"+s.host, "hi")
		},
		"an inbox": func(host string) error {
			u := user()
			s.change(func() {
				s.actors[u] = map[string]any{"inbox": "https://" + host + "/inbox", "endpoints": map[string]any{"sharedInbox": "https://" + host + "/inbox"}}
			})
			if code := s.post(c, s.activity(u, "Follow", c.actor())); code != 202 {
				return refused(code)
			}
			failing := func() bool {
				d, err := c.service.Deliveries(c.t.Context())
				return err == nil && (d.Waiting == 0 || len(d.Failing) > 0)
			}
			eventually(c.t, "the delivery was tried", failing)
			counts, err := c.repo.Deliveries.CountDeliveries(c.t.Context())
			if err != nil {
				return err
			}
			if counts.Delivered > 0 {
				return nil
			}
			return errors.New("given up")
		},
	}
}

func TestNothingIsFetchedFromPlacesThatAreNotPublic(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	activitypub.LimitKeys(c.service, 10_000)
	x := w.trap("private.test", "rebinding.test", "mapped.test")
	w.name("v6.test", "::1")
	w.name("ula.test", "fd00::1")
	w.name("metadata.test", "169.254.169.254")
	w.name("ten.test", "10.0.0.1")
	w.name("zero.test", "0.0.0.0")
	w.name("mapped.test", "::ffff:127.0.0.2")
	for _, host := range []string{
		"private.test", "v6.test", "ula.test", "metadata.test", "ten.test", "zero.test", "mapped.test",
		"localhost", "127.0.0.2", "[::1]", "[::ffff:127.0.0.2]", "0", "2130706434", "0x7f000002", "0177.0.0.2", "127.2", "127.0.0.2.", "nowhere.test",
		"user@private.test", "private.test\\@social.test", "private.test#@social.test",
	} {
		for name, sink := range sinks(c, s) {
			if err := sink(host + ":" + x.port); err == nil {
				t.Errorf("%s at %s is fetched", name, host)
			}
		}
	}
	// A name that leads somewhere else the second time is looked up once for
	// each connection, and that is the one that is judged.
	for name, sink := range sinks(c, s) {
		w.name("rebinding.test", "127.0.0.1", "127.0.0.2")
		for range 3 {
			if err := sink("rebinding.test:" + x.port); err == nil {
				t.Errorf("%s is fetched", name)
			}
		}
	}
	if n := x.hits.Load(); n > 0 {
		t.Errorf("%d connections", n)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel() // it waits for a timeout
	w := newWorld(t)
	c := w.channel("one.test")
	s := w.social("social.test")
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	for range 64 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()
	var sent atomic.Int64
	release := make(chan struct{})
	defer close(release)
	loops := 0
	for name, handler := range map[string]http.HandlerFunc{
		"1 GB": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/activity+json")
			chunk := make([]byte, 1<<16)
			for range 1 << 14 {
				n, err := w.Write(chunk)
				sent.Add(int64(n))
				if err != nil || r.Context().Err() != nil {
					return
				}
			}
		},
		"a bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/activity+json")
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(zipped.Bytes())
		},
		"a page": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, `{"type":"Person"}`)
		},
		"an upload": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(s.actor("alice"))
		},
		"a circle": func(w http.ResponseWriter, r *http.Request) {
			loops++
			http.Redirect(w, r, fmt.Sprint(r.URL.Path, "x"), http.StatusFound)
		},
		"http": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://social.test/users/alice", http.StatusFound)
		},
		"a file": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(302)
		},
		"no type": func(w http.ResponseWriter, _ *http.Request) { w.Header()["Content-Type"] = nil; fmt.Fprint(w, `{}`) },
		"other JSON": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/activity+json")
			fmt.Fprint(w, `[1]`)
		},
		"hang up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"a drip": func(w http.ResponseWriter, r *http.Request) {
			if testing.Short() {
				return
			}
			w.Header().Set("Content-Type", "application/activity+json")
			for {
				if _, err := w.Write([]byte(" ")); err != nil {
					return
				}
				_ = http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-release:
					return
				case <-time.After(100 * time.Millisecond):
				}
			}
		},
	} {
		host := strings.ReplaceAll(name, " ", "-") + ".test"
		port := w.serve(handler, host)
		f := s.activity("alice", "Follow", c.actor())
		actor := "https://" + host + ":" + port + "/users/alice"
		f["actor"] = actor
		delete(f, "id")
		if code := s.send(c.actor()+"/inbox", actor+"#main-key", f); code != 401 && code != 429 && code != 403 {
			t.Errorf("%s: %d", name, code)
		}
	}
	if n := sent.Load(); n > 16<<20 {
		t.Errorf("%d bytes were sent", n)
	}
	if loops > 4 {
		t.Errorf("%d redirects were followed", loops)
	}
	if n := len(c.followers(repository.FollowersAll)); n != 0 {
		t.Errorf("%d followers", n)
	}
}

func TestBlockedDomains(t *testing.T) {
	w := newWorld(t)
	c, good := w.channel("one.test"), w.social("good.test")
	activitypub.LimitKeys(c.service, 10_000)
	c.set(func(f *owncast.FederationSettings) { f.BlockedDomains = []string{"blocked.test", "münchen.test"} })
	var bad []*social
	for _, name := range []string{"blocked.test", "sub.blocked.test", "a.b.blocked.test", "xn--mnchen-3ya.test", "www.xn--mnchen-3ya.test"} {
		bad = append(bad, w.social(name))
	}
	for _, b := range bad {
		// Whatever way a host is written.
		spellings := []string{b.host, strings.ToUpper(b.host), strings.Replace(b.host, ":", ".:", 1)}
		if strings.Contains(b.host, "xn--mnchen-3ya") {
			spellings = append(spellings, strings.Replace(b.host, "xn--mnchen-3ya", "münchen", 1), strings.Replace(b.host, "xn--mnchen-3ya", "MÜNCHEN", 1))
		} else {
			spellings = append(spellings, strings.Replace(b.host, "blocked", "ｂｌｏｃｋｅｄ", 1), strings.Replace(b.host, ".test", "。test", 1))
		}
		for _, host := range spellings {
			for name, sink := range sinks(c, good) {
				if err := sink(host); err == nil {
					t.Errorf("%s at %s", name, host)
				}
			}
		}
		if code := b.post(c, b.activity("alice", "Follow", c.actor())); code != 403 {
			t.Errorf("a follow from %s: %d", b.host, code)
		}
		if code := b.fetch("alice", c.base+"/federation/user/streamer/outbox"); code != 403 {
			t.Errorf("%s fetches the outbox: %d", b.host, code)
		}
	}
	// Those whose names end alike are not blocked.
	near := w.social("notblocked.test")
	near.follow(c, "alice")
	for _, b := range bad {
		b.mu.Lock()
		if len(b.fetched) > 0 {
			t.Errorf("%s was asked for %v", b.host, b.fetched)
		}
		b.mu.Unlock()
	}
}

func TestFollowersOfADomainGoWhenItIsBlocked(t *testing.T) {
	w := newWorld(t)
	c, bad, good := w.channel("one.test"), w.social("sub.bad.test"), w.social("good.test")
	bad.follow(c, "alice", "bob")
	good.follow(c, "carol")
	// A follower on a good server whose inbox is on the bad one.
	good.change(func() {
		good.actors["dave"] = map[string]any{"inbox": bad.base + "/inbox", "endpoints": map[string]any{"sharedInbox": bad.base + "/inbox"}}
	})
	if code := good.post(c, good.activity("dave", "Follow", c.actor())); code != 202 {
		t.Fatalf("%d", code)
	}
	// Something waits for the bad server.
	bad.change(func() { bad.answer = func(*http.Request) int { return 500 } })
	if _, err := c.app.Federation().Post(t.Context(), "before"); err != nil {
		t.Fatal(err)
	}
	good.await("Create", 1)
	// As an administrator imports a list.
	code, body := c.admin("POST", "/api/admin/federation/blockdomains/import", map[string]any{"value": "#domain,#severity\nbad.test,suspend\nloud.test,silence\n"})
	if code != 200 || !strings.Contains(body, `"added":1`) || !strings.Contains(body, "loud.test") {
		t.Fatalf("import: %d %s", code, body)
	}
	eventually(t, "the followers are gone", func() bool { return len(c.followers(repository.FollowersAll)) == 1 })
	c.drained()
	bad.change(func() { bad.answer, bad.received = nil, nil })
	if _, err := c.app.Federation().Post(t.Context(), "after"); err != nil {
		t.Fatal(err)
	}
	good.await("Create", 2)
	c.drained()
	if n := len(bad.got("Create")); n > 0 {
		t.Errorf("a blocked server got %d posts", n)
	}
	if code, csv := c.admin("GET", "/api/admin/federation/blockdomains/export", nil); code != 200 || !strings.Contains(csv, "\nbad.test,suspend,") {
		t.Errorf("export: %d %s", code, csv)
	}
	// They stay out, and nobody hears of them.
	bad.post(c, bad.activity("alice", "Follow", c.actor()))
	if n := len(c.followers(repository.FollowersAll)); n != 1 {
		t.Errorf("%d followers", n)
	}
}

func TestAHostileActivityIsNoHarm(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice")
	iri, err := c.app.Federation().Post(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	me := s.user("alice")
	for name, doc := range map[string]map[string]any{
		"80 bytes that panic":  s.activity("alice", "Create", map[string]any{"type": "Note", "duration": ""}),
		"odd types":            s.activity("alice", "Create", map[string]any{"type": []any{"Note", nil, 3.0}, "id": 7.0, "attributedTo": map[string]any{}, "content": []any{}}),
		"a like of a like":     s.activity("alice", "Like", s.activity("alice", "Like", iri)),
		"an undo of an undo":   s.activity("alice", "Undo", s.activity("alice", "Undo", "x")),
		"undo of another":      s.activity("mallory", "Undo", map[string]any{"type": "Follow", "actor": me, "object": c.actor()}),
		"delete of another":    s.activity("mallory", "Delete", me),
		"update of another":    s.activity("mallory", "Update", map[string]any{"type": "Person", "id": me, "inbox": "https://evil.test/inbox"}),
		"move of another":      s.activity("mallory", "Move", me, "target", s.user("mallory")),
		"an accept of nothing": s.activity("alice", "Accept", c.base+"/nothing"),
		"an offer of nothing":  s.activity("alice", "Offer", "x", "streamStatus", "live"),
		"a follow of another":  s.activity("mallory", "Follow", s.user("alice")),
		"a flag":               s.activity("mallory", "Flag", []any{c.actor(), iri}),
		"a question":           s.activity("alice", "Create", map[string]any{"type": "Question", "id": s.base + "/q", "attributedTo": me, "oneOf": []any{map[string]any{"type": "Note"}}, "closed": "x", "endTime": 3.0}),
	} {
		if code := s.post(c, doc); code != 202 && code != 400 {
			t.Errorf("%s: %d", name, code)
		}
	}
	if list := c.followers(repository.FollowersAll); len(list) != 1 || list[0].ActorIRI != me || list[0].InboxIRI != me+"/inbox" {
		t.Errorf("%+v", list)
	}
	if n := len(got[federation.Liked](c)); n != 0 {
		t.Errorf("%d likes", n)
	}
	if _, err := c.app.Federation().Post(t.Context(), "still there"); err != nil {
		t.Error(err)
	}
	s.await("Create", 2)
}
