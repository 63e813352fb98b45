package activitypub_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub"
	"github.com/owncast-go/owncast/federation/activitypub/internal/httpsig"
	"github.com/owncast-go/owncast/repository"
)

func eachKind(t *testing.T, test func(*testing.T, httpsig.Kind)) {
	t.Helper()
	for _, k := range []httpsig.Kind{httpsig.Cavage, httpsig.RFC9421} {
		t.Run(k.String(), func(t *testing.T) { test(t, k) })
	}
}

func TestSignaturesOfEitherKindAreAccepted(t *testing.T) {
	eachKind(t, func(t *testing.T, k httpsig.Kind) {
		w := newWorld(t)
		c, s := w.channel("one.test"), w.social("social.test")
		s.kind = k
		s.secure = true // it wants signed GET requests
		s.follow(c, "alice")
		accept := s.await("Accept", 1)
		// Who writes RFC 9421 is answered in it at once.
		if accept.kind != k {
			t.Errorf("answered with a signature of %v", accept.kind)
		}
	})
}

func TestSignaturesAreOfTheKindThatAServerReads(t *testing.T) {
	eachKind(t, func(t *testing.T, k httpsig.Kind) {
		w := newWorld(t)
		c, s := w.channel("one.test"), w.social("social.test")
		s.read, s.secure = &k, true
		s.follow(c, "alice")
		if _, err := c.app.Federation().Post(t.Context(), "hello"); err != nil {
			t.Fatal(err)
		}
		if in := s.await("Create", 1); in.kind != k {
			t.Errorf("signed by %v", in.kind)
		}
		// What was found out is remembered: the second post is sent once.
		before := s.asked("POST /inbox")
		if _, err := c.app.Federation().Post(t.Context(), "hello again"); err != nil {
			t.Fatal(err)
		}
		s.await("Create", 2)
		if n := s.asked("POST /inbox") - before; n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}

func TestTheClockAndReplays(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice")
	iri, err := c.app.Federation().Post(t.Context(), "like me")
	if err != nil {
		t.Fatal(err)
	}
	key := httpsig.Key{ID: s.user("alice") + "#main-key", Private: s.key}
	eachKind(t, func(t *testing.T, k httpsig.Kind) {
		at := func(d time.Duration) func(*http.Request, []byte) {
			return func(r *http.Request, body []byte) {
				if err := httpsig.Sign(r, body, key, k, time.Now().Add(d)); err != nil {
					t.Fatal(err)
				}
			}
		}
		header := func(name string, change func(string) string) func(*http.Request, []byte) {
			return func(r *http.Request, body []byte) {
				at(0)(r, body)
				r.Header.Set(name, change(r.Header.Get(name)))
			}
		}
		signature, anchor := "Signature", ` date `
		if k == httpsig.RFC9421 {
			signature, anchor = "Signature-Input", `;created=`
		}
		for name, tt := range map[string]struct {
			sign func(*http.Request, []byte)
			want int
		}{
			"now":            {at(0), 202},
			"59 minutes ago": {at(-59 * time.Minute), 202},
			"61 minutes ago": {at(-61 * time.Minute), 401},
			"in 4 minutes":   {at(4 * time.Minute), 202},
			"in 6 minutes":   {at(6 * time.Minute), 401},
			"a year ago":     {at(-365 * 24 * time.Hour), 401},
			"no anchor": {header(signature, func(v string) string {
				return strings.Replace(v, anchor, map[bool]string{true: ";x=", false: " "}[k == httpsig.RFC9421], 1)
			}), 401},
			"a malformed one": {header(signature, func(v string) string {
				return strings.Replace(v, anchor, map[bool]string{true: `;created="x";y=`, false: anchor}[k == httpsig.RFC9421], 1)
			}), map[bool]int{true: 401, false: 202}[k == httpsig.RFC9421]},
			"a malformed date": {func(r *http.Request, body []byte) {
				at(0)(r, body)
				r.Header.Set("Date", "next Tuesday")
			}, map[bool]int{true: 202, false: 401}[k == httpsig.RFC9421]}, // which RFC 9421 does not sign
		} {
			t.Run(name, func(t *testing.T) {
				body, err := json.Marshal(s.activity("alice", "Like", iri))
				if err != nil {
					t.Fatal(err)
				}
				if code := w.raw(t.Context(), c.actor()+"/inbox", body, func(r *http.Request) { tt.sign(r, body) }); code != tt.want {
					t.Errorf("%d, want %d", code, tt.want)
				}
			})
		}
		// The same request again, and once more after what it did was undone.
		body, err := json.Marshal(s.activity("bob", "Follow", c.actor()))
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.actor()+"/inbox", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/activity+json")
		if err := httpsig.Sign(r, body, httpsig.Key{ID: s.user("bob") + "#main-key", Private: s.key}, k, time.Now()); err != nil {
			t.Fatal(err)
		}
		replay := func() {
			t.Helper()
			if code := w.raw(t.Context(), c.actor()+"/inbox", body, func(again *http.Request) { again.Header = r.Header.Clone() }); code != 202 {
				t.Errorf("%d", code)
			}
		}
		replay()
		if n := len(c.followers(repository.FollowersApproved)); n != 2 {
			t.Errorf("%d followers", n)
		}
		s.post(c, s.activity("bob", "Undo", map[string]any{"type": "Follow", "actor": s.user("bob"), "object": c.actor()}))
		replay()
		if n := len(c.followers(repository.FollowersApproved)); n != 1 {
			t.Errorf("an old request made Bob a follower again: %d", n)
		}
	})
}

// What is refused is refused before anything is fetched for it.
func TestTheInboxRefusesWithoutAFetch(t *testing.T) {
	w := newWorld(t)
	c, s, other := w.channel("one.test"), w.social("social.test"), w.social("other.test")
	c.set(func(f *owncast.FederationSettings) { f.BlockedDomains = []string{"blocked.test"} })
	blocked := w.social("blocked.test")
	inbox := c.actor() + "/inbox"
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			if r.Header.Del(name); value != "" {
				r.Header.Set(name, value)
			}
		}
	}
	follow := func(s *social) map[string]any { return s.activity("alice", "Follow", c.actor()) }
	big := follow(s)
	big["content"] = strings.Repeat("x", activitypub.MaxInboxBody)
	for name, tt := range map[string]struct {
		want int
		send func() int
	}{
		"no signature": {401, func() int { return s.post(c, follow(s), set("Signature", "")) }},
		"no digest":    {401, func() int { return s.post(c, follow(s), set("Digest", "")) }},
		"another digest": {401, func() int {
			return s.post(c, follow(s), set("Digest", "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="))
		}},
		"nonsense": {401, func() int { return s.post(c, follow(s), set("Signature", "nonsense")) }},
		"a signature of the date": {401, func() int {
			return s.post(c, follow(s), set("Signature", `keyId="`+s.user("alice")+`#main-key",headers="date",signature="AAAA"`))
		}},
		"a key by http":        {403, func() int { return s.send(inbox, "http://"+s.host+"/users/alice#main-key", follow(s)) }},
		"a key that is no URL": {403, func() int { return s.send(inbox, "alice", follow(s)) }},
		"a key of an address": {403, func() int {
			return s.send(inbox, "https://127.0.0.1:"+s.host[strings.IndexByte(s.host, ':')+1:]+"/users/alice#main-key", follow(s))
		}},
		"a key of a blocked server":  {403, func() int { return blocked.send(inbox, blocked.user("alice")+"#main-key", follow(s)) }},
		"an actor of a blocked one":  {403, func() int { return s.send(inbox, s.user("alice")+"#main-key", follow(blocked)) }},
		"a blocked server":           {403, func() int { return blocked.post(c, follow(blocked)) }},
		"a key of another server":    {403, func() int { return s.send(inbox, other.user("alice")+"#main-key", follow(s)) }},
		"an actor of another server": {403, func() int { return s.send(inbox, s.user("alice")+"#main-key", follow(other)) }},
		"too much":                   {413, func() int { return s.post(c, big) }},
		"compressed":                 {415, func() int { return s.post(c, follow(s), set("Content-Encoding", "gzip")) }},
		"another user": {404, func() int {
			return s.send(c.base+"/federation/user/nobody/inbox", s.user("alice")+"#main-key", follow(s))
		}},
		"a stranger's farewell": {202, func() int { return s.post(c, s.activity("zoe", "Delete", s.user("zoe"))) }},
		"an unknown kind":       {202, func() int { return 202 }},
	} {
		t.Run(name, func(t *testing.T) {
			if code := tt.send(); code != tt.want {
				t.Errorf("%d, want %d", code, tt.want)
			}
		})
	}
	for name, doc := range map[string]string{
		"no JSON": "<x>", "no object": `[]`, "no type": `{"actor":"` + s.user("alice") + `"}`,
		"deep":     `{"type":"Create","actor":"` + s.user("alice") + `","object":` + strings.Repeat(`{"object":`, 100) + "1" + strings.Repeat("}", 101),
		"no actor": `{"type":"Follow"}`,
	} {
		body := []byte(doc)
		code := w.raw(t.Context(), inbox, body, func(r *http.Request) {
			if err := httpsig.Sign(r, body, httpsig.Key{ID: s.user("alice") + "#main-key", Private: s.key}, httpsig.Cavage, time.Now()); err != nil {
				t.Fatal(err)
			}
		})
		if want := map[bool]int{true: 403, false: 400}[name == "no actor"]; code != want {
			t.Errorf("%s: %d, want %d", name, code, want)
		}
	}
	for _, s := range []*social{s, other, blocked} {
		s.mu.Lock()
		if len(s.fetched) > 0 {
			t.Errorf("%s was asked for %v", s.host, s.fetched)
		}
		s.mu.Unlock()
	}
	if n := len(c.followers(repository.FollowersAll)); n != 0 {
		t.Errorf("%d followers", n)
	}
}

func TestTheInboxRefusesWhatItsKeyDoesNotSign(t *testing.T) {
	w := newWorld(t)
	c, s, other := w.channel("one.test"), w.social("social.test"), w.social("other.test")
	follow := func(user string) map[string]any { return s.activity(user, "Follow", c.actor()) }
	key := func(changes map[string]any) func(user string) {
		return func(user string) {
			s.change(func() { s.actors[user] = changes })
		}
	}
	foreign := func(user string) {
		s.change(func() { s.actors[user] = map[string]any{"id": other.user(user)} })
	}
	n := 0
	for name, tt := range map[string]struct {
		prepare func(user string)
		keyID   func(user string) string
		want    int
	}{
		"a key of its own":         {func(string) {}, func(u string) string { return s.user(u) + "#main-key" }, 202},
		"the actor for the key":    {func(string) {}, s.user, 202},
		"no such key":              {func(string) {}, func(u string) string { return s.user(u) + "#other-key" }, 401},
		"another owner":            {key(map[string]any{"publicKey": map[string]any{"id": "x", "owner": s.user("zoe"), "publicKeyPem": s.publicPEM()}}), func(u string) string { return s.user(u) + "#main-key" }, 401},
		"no key":                   {key(map[string]any{"publicKey": nil}), func(u string) string { return s.user(u) + "#main-key" }, 401},
		"a key that is none":       {key(map[string]any{"publicKey": map[string]any{"id": "KEY", "publicKeyPem": "x"}}), func(u string) string { return s.user(u) + "#main-key" }, 401},
		"no inbox":                 {key(map[string]any{"inbox": nil}), func(u string) string { return s.user(u) + "#main-key" }, 401},
		"no name":                  {key(map[string]any{"preferredUsername": nil}), func(u string) string { return s.user(u) + "#main-key" }, 401},
		"an actor of another host": {foreign, func(u string) string { return s.user(u) + "#main-key" }, 401},
		"nobody":                   {func(string) {}, func(string) string { return s.base + "/nobody#main-key" }, 401},
	} {
		t.Run(name, func(t *testing.T) {
			n++
			user := fmt.Sprint("user", n)
			tt.prepare(user)
			if code := s.send(c.actor()+"/inbox", tt.keyID(user), follow(user)); code != tt.want {
				t.Errorf("%d, want %d", code, tt.want)
			}
		})
	}
	// A server that is down: it is asked to try again.
	down := follow("alice")
	down["actor"], down["id"] = "https://down.test/users/alice", nil
	if code := s.send(c.actor()+"/inbox", "https://down.test/users/alice#main-key", down); code != 429 {
		t.Errorf("a server that is down: %d", code)
	}
	// Somebody else's id would make it look done.
	foreignID := follow("alice")
	foreignID["id"] = other.base + "/1"
	if code := s.post(c, foreignID); code != 403 {
		t.Errorf("an id of another host: %d", code)
	}
	// The wrong key.
	s.follow(c, "dave")
	s.change(func() { s.key = rsaKey(t, 1) })
	before := s.asked("GET /users/dave")
	if code := s.post(c, follow("dave")); code != 401 {
		t.Errorf("another key: %d", code)
	}
	if s.asked("GET /users/dave") != before {
		t.Error("a key that was just fetched is fetched again")
	}
}

func TestANewKeyOfAServerIsFetched(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice")
	s.change(func() { s.key = rsaKey(t, 1) })
	activitypub.AgeKeys(c.service, time.Minute)
	if code := s.post(c, s.activity("alice", "Undo", map[string]any{"type": "Follow", "actor": s.user("alice"), "object": c.actor()})); code != 202 {
		t.Errorf("%d", code)
	}
	if n := len(c.followers(repository.FollowersAll)); n != 0 {
		t.Errorf("%d followers", n)
	}
}

func TestAFailureToFetchAKeyIsNotRepeated(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.change(func() { s.gone["alice"] = true })
	for range 5 {
		if code := s.post(c, s.activity("alice", "Follow", c.actor())); code != 401 {
			t.Errorf("%d", code)
		}
	}
	if n := s.asked("GET /users/alice"); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestNobodyIsForgottenForAnothersKey(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice")
	s.change(func() { s.gone["bob"] = true })
	farewell := s.activity("alice", "Delete", s.user("alice"))
	if code := s.send(c.actor()+"/inbox", s.user("bob")+"#main-key", farewell); code != 401 {
		t.Errorf("with the key of an account that is gone: %d", code)
	}
	if n := len(c.followers(repository.FollowersAll)); n != 1 {
		t.Fatalf("%d followers", n)
	}
	s.change(func() { s.gone["alice"] = true })
	activitypub.AgeKeys(c.service, 48*time.Hour)
	if code := s.post(c, farewell); code != 202 {
		t.Errorf("her own: %d", code)
	}
	if n := len(c.followers(repository.FollowersAll)); n != 0 {
		t.Errorf("%d followers", n)
	}
}

func TestAKeyWithAURLOfItsOwnIsGoneWithItsOwner(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice")
	s.change(func() { s.gone["alice/main-key"] = true })
	farewell := s.activity("alice", "Delete", s.user("alice"))
	if code := s.send(c.actor()+"/inbox", s.user("alice")+"/main-key", farewell); code != 401 {
		t.Errorf("she is there: %d", code)
	}
	if n := len(c.followers(repository.FollowersAll)); n != 1 {
		t.Fatalf("%d followers", n)
	}
	s.change(func() { s.gone["alice"] = true })
	if code := s.send(c.actor()+"/inbox", s.user("alice")+"/main-key", farewell); code != 202 {
		t.Errorf("she is gone: %d", code)
	}
	if n := len(c.followers(repository.FollowersAll)); n != 0 {
		t.Errorf("%d followers", n)
	}
}

func TestOneSourceHasFewKeysFetched(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	activitypub.LimitKeys(c.service, 3)
	codes := map[int]int{}
	for i := range 10 {
		codes[s.post(c, s.activity(fmt.Sprint("u", i), "Follow", c.actor()))]++
	}
	if codes[202] != 3 || codes[429] != 7 {
		t.Errorf("%v", codes)
	}
	// Those whose keys are known are heard.
	if code := s.post(c, s.activity("u0", "Like", c.base+"/federation/x")); code != 202 {
		t.Errorf("%d", code)
	}
}

func TestManyNewFollowersOfOneHostAreSlowedDown(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	activitypub.LimitFollows(c.service, 3)
	codes := map[int]int{}
	for i := range 5 {
		codes[s.post(c, s.activity(fmt.Sprint("u", i), "Follow", c.actor()))]++
	}
	if codes[202] != 3 || codes[429] != 2 {
		t.Errorf("%v", codes)
	}
	if code := s.post(c, s.activity("u0", "Follow", c.actor())); code != 202 {
		t.Errorf("one who follows already: %d", code)
	}
	await[federation.Followed](c, 3)
}

func TestTheFederationIsOffUntilItIsEnabled(t *testing.T) {
	w := newWorld(t)
	c := w.channel("one.test")
	paths := []string{
		"/federation/user/streamer", "/federation/user/streamer/inbox", "/federation/user/streamer/outbox", "/federation/user/streamer/followers",
		"/federation/user/streamer/following", "/federation/x", "/nodeinfo/2.0", "/api/v1/instance",
		"/.well-known/webfinger?resource=acct:streamer@" + c.host, "/.well-known/host-meta", "/.well-known/nodeinfo", "/.well-known/x-nodeinfo2",
	}
	c.set(func(f *owncast.FederationSettings) { f.Enabled = false })
	for _, p := range paths {
		if code, _ := c.get(p, "Accept", "application/activity+json"); code != 405 {
			t.Errorf("%s: %d", p, code)
		}
	}
	if _, err := c.app.Federation().Post(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "disabled") {
		t.Errorf("Post = %v", err)
	}
	if code, body := c.admin("POST", "/api/admin/federation/send", map[string]string{"value": "x"}); code != 400 || !strings.Contains(body, "Federation is disabled") {
		t.Errorf("send: %d %s", code, body)
	}
	c.set(func(f *owncast.FederationSettings) { f.Enabled = true })
	for _, p := range paths {
		want := 200
		switch p {
		case "/federation/user/streamer/following", "/federation/x":
			want = 404
		case "/federation/user/streamer/inbox":
			want = 405
		}
		if code, _ := c.get(p, "Accept", "application/activity+json"); code != want {
			t.Errorf("%s: %d, want %d", p, code, want)
		}
	}
	// People are sent to the page.
	for _, p := range []string{"/federation/user/streamer", "/federation/user/streamer/outbox", "/federation/x"} {
		if code, _ := c.get(p, "Accept", "text/html"); code != 307 {
			t.Errorf("%s in a browser: %d", p, code)
		}
	}
}
