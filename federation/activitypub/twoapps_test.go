package activitypub_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub"
	"github.com/owncast-go/owncast/federation/activitypub/internal/transport"
	"github.com/owncast-go/owncast/repository"
)

// arrival is an activity that came to an App, and what the App has said.
type arrival struct {
	doc    map[string]any
	raw    string
	status int
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(code int) {
	w.status = code
	w.ResponseWriter.WriteHeader(code)
}

// note passes a request to an inbox on, and remembers it.
func (f *front) note(w http.ResponseWriter, r *http.Request, h http.Handler) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	sw := &statusWriter{ResponseWriter: w}
	h.ServeHTTP(sw, r)
	a := arrival{raw: string(body), status: sw.status}
	_ = json.Unmarshal(body, &a.doc) // what is no JSON has no type
	f.mu.Lock()
	defer f.mu.Unlock()
	f.arrived = append(f.arrived, a)
}

// arrived are the activities of a type that the channel has taken.
func (c *channel) arrived(kind string) (list []arrival) {
	c.front.mu.RLock()
	defer c.front.mu.RUnlock()
	for _, a := range c.front.arrived {
		if a.doc["type"] == kind && a.status == http.StatusAccepted {
			list = append(list, a)
		}
	}
	return list
}

// arrive waits for n of them, and returns the last.
func (c *channel) arrive(kind string, n int) arrival {
	c.t.Helper()
	eventually(c.t, fmt.Sprintf("%d %s at %s", n, kind, c.host), func() bool { return len(c.arrived(kind)) >= n })
	list := c.arrived(kind)
	if len(list) != n {
		c.t.Fatalf("%d %s at %s, want %d", len(list), kind, c.host, n)
	}
	for _, problem := range strict(list[n-1].doc) {
		c.t.Errorf("%s in %s", problem, list[n-1].raw)
	}
	return list[n-1]
}

// act has the channel do what people do elsewhere, and channels have no button
// for: the activity takes the way of all of its activities, through its queue,
// with its signature.
func (c *channel) act(to *channel, kind string, object any, more ...any) map[string]any {
	c.t.Helper()
	doc := map[string]any{
		"@context": "https://www.w3.org/ns/activitystreams", "id": c.actor() + "#" + newID(), "type": kind, "actor": c.actor(), "object": object,
	}
	for i := 0; i+1 < len(more); i += 2 {
		doc[more[i].(string)] = more[i+1]
	}
	payload, err := json.Marshal(doc)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.repo.Deliveries.Enqueue(c.t.Context(), repository.Batch{
		Kind: "post", Payload: payload, At: time.Now(), Targets: []repository.Target{{Host: to.host, Address: to.actor() + "/inbox"}},
	}); err != nil {
		c.t.Fatal(err)
	}
	c.service.Changed() // something waits
	return doc
}

// fetch gets a document of another channel, as its follower does.
func (c *channel) fetch(at string) (map[string]any, error) {
	data, err := activitypub.Fetch(c.t.Context(), c.service, at)
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	return doc, json.Unmarshal(data, &doc)
}

// follow has the channel follow another one, and waits until it does.
func (c *channel) follow(to *channel) map[string]any {
	c.t.Helper()
	n := len(c.arrived("Accept"))
	follow := c.act(to, "Follow", to.actor())
	accept := c.arrive("Accept", n+1)
	object, _ := accept.doc["object"].(map[string]any)
	if accept.doc["actor"] != to.actor() || object["id"] != follow["id"] || object["actor"] != c.actor() || object["object"] != to.actor() {
		c.t.Fatalf("accepted: %s", accept.raw)
	}
	return follow
}

// post posts, and returns the IRI of the post.
func (c *channel) post(text string) string {
	c.t.Helper()
	iri, err := c.app.Federation().Post(c.t.Context(), text)
	if err != nil {
		c.t.Fatal(err)
	}
	return iri
}

// actions is how many activities administrators see.
func (c *channel) actions() int {
	c.t.Helper()
	code, body := c.admin("GET", "/api/admin/federation/actions", nil)
	var page struct{ Total int }
	if err := json.Unmarshal([]byte(body), &page); err != nil || code != 200 {
		c.t.Fatalf("%d %v %s", code, err, body)
	}
	return page.Total
}

func objectOf(a arrival) map[string]any {
	o, _ := a.doc["object"].(map[string]any)
	return o
}

func TestOneAppFollowsAnother(t *testing.T) {
	w := newWorld(t)
	one, two := w.channel("one.test"), w.channel("two.test")
	follow := two.follow(one)
	if e := await[federation.Followed](one, 1); e.By.IRI != two.actor() || e.By.Account != "streamer@"+two.host {
		t.Errorf("%+v", e)
	}
	// It hears that a stream begins, likes and shares that, and takes a like
	// back.
	live, err := one.app.Federation().GoLive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	create := two.arrive("Create", 1)
	if o := objectOf(create); o["id"] != live || o["type"] != "Note" || o["attributedTo"] != one.actor() || !strings.Contains(fmt.Sprint(o["content"]), "gone live!") {
		t.Errorf("%s", create.raw)
	}
	if doc, err := two.fetch(live); err != nil || doc["id"] != live {
		t.Errorf("%v %v", doc, err)
	}
	like := two.act(one, "Like", live)
	if e := await[federation.Liked](one, 1); e.Post != live || !e.Live || e.By.IRI != two.actor() {
		t.Errorf("%+v", e)
	}
	two.act(one, "Announce", live)
	if e := await[federation.Shared](one, 1); e.Post != live || e.By.IRI != two.actor() {
		t.Errorf("%+v", e)
	}
	eventually(t, "administrators see all three", func() bool { return one.actions() == 3 })
	two.act(one, "Undo", like)
	eventually(t, "the like is taken back", func() bool { return one.actions() == 2 })
	// It quotes, by a post of its own.
	quoting := two.post("look at that")
	two.act(one, "QuoteRequest", live, "instrument", quoting)
	accept := two.arrive("Accept", 2)
	result, _ := accept.doc["result"].(string)
	stamp, err := two.fetch(result)
	if err != nil || stamp["type"] != "QuoteAuthorization" || stamp["interactingObject"] != quoting || stamp["interactionTarget"] != live {
		t.Errorf("%v %v", stamp, err)
	}
	if e := await[federation.Quoted](one, 1); e.Post != live || e.Note.IRI != quoting || e.By.IRI != two.actor() {
		t.Errorf("%+v", e)
	}
	// It hears of an event, and that there will be none.
	one.schedule(true)
	start, _ := at(t, 2, 20)
	id := one.announce(owncast.EventInput{Name: "A show", Start: &start})
	create = two.arrive("Create", 2)
	event := objectOf(create)
	if event["type"] != "Event" || event["name"] != "A show" || event["id"] != one.base+"/federation/event/"+id {
		t.Errorf("%s", create.raw)
	}
	if doc, err := two.fetch(event["id"].(string)); err != nil || doc["name"] != "A show" {
		t.Errorf("%v %v", doc, err)
	}
	if err := one.app.Schedule().Remove(t.Context(), id, true); err != nil {
		t.Fatal(err)
	}
	if gone := objectOf(two.arrive("Delete", 1)); gone["id"] != event["id"] || gone["type"] != "Tombstone" {
		t.Errorf("%v", gone)
	}
	// It goes, and hears nothing any more.
	two.act(one, "Undo", follow)
	if e := await[federation.Unfollowed](one, 1); e.By.IRI != two.actor() {
		t.Errorf("%+v", e)
	}
	one.post("for nobody")
	one.drained()
	two.arrive("Create", 2)
}

func TestOneAppApprovesAnother(t *testing.T) {
	w := newWorld(t)
	one, two := w.channel("one.test"), w.channel("two.test")
	one.set(func(f *owncast.FederationSettings) { f.Private = true })
	two.act(one, "Follow", one.actor())
	if e := await[federation.FollowRequested](one, 1); e.By.IRI != two.actor() || e.Directory {
		t.Errorf("%+v", e)
	}
	early := one.post("not for Two")
	one.drained()
	if list := two.arrived("Create"); len(list) != 0 {
		t.Errorf("who was not approved got %s", list[0].raw)
	}
	var status *transport.StatusError
	if _, err := two.fetch(early); !errors.As(err, &status) || status.Status != http.StatusNotFound {
		t.Errorf("who was not approved reads posts: %v", err)
	}
	if code, body := one.admin("POST", "/api/admin/followers/approve", map[string]any{"actorIRI": two.actor(), "approved": true}); code != 200 {
		t.Fatalf("approve: %d %s", code, body)
	}
	two.arrive("Accept", 1)
	await[federation.Followed](one, 1)
	iri := one.post("for Two")
	create := two.arrive("Create", 1)
	if to := stringsOf(create.doc["to"]); !slices.Equal(to, []string{one.actor() + "/followers"}) || strings.Contains(create.raw, public) || objectOf(create)["id"] != iri {
		t.Errorf("%s", create.raw)
	}
	if doc, err := two.fetch(iri); err != nil || doc["id"] != iri {
		t.Errorf("a follower cannot read: %v %v", doc, err)
	}
	if code, _ := one.get(iri, "Accept", "application/activity+json"); code != 404 {
		t.Errorf("anybody reads the post: %d", code)
	}
	two.act(one, "QuoteRequest", iri, "instrument", two.post("look"))
	two.arrive("Reject", 1)
}

func TestOneAppBlocksAnother(t *testing.T) {
	w := newWorld(t)
	one, two := w.channel("one.test"), w.channel("two.test")
	two.follow(one)
	// Two blocks One, which is as if it left.
	two.act(one, "Block", one.actor())
	await[federation.Unfollowed](one, 1)
	two.follow(one)
	// One takes Two off for good: it is told so, now and when it asks again.
	if code, body := one.admin("POST", "/api/admin/followers/approve", map[string]any{"actorIRI": two.actor(), "approved": false}); code != 200 {
		t.Fatalf("block: %d %s", code, body)
	}
	if o := objectOf(two.arrive("Reject", 1)); o["actor"] != two.actor() || o["object"] != one.actor() {
		t.Errorf("%v", o)
	}
	two.act(one, "Follow", one.actor())
	two.arrive("Reject", 2)
	one.post("not for Two")
	one.drained()
	if list := two.arrived("Create"); len(list) != 0 {
		t.Errorf("who is blocked got %s", list[0].raw)
	}
	// One blocks the whole of Two: it is neither heard nor told any more.
	if err := one.app.Federation().Message(t.Context(), "streamer@"+two.host, "hello"); err != nil {
		t.Fatal(err)
	}
	await[federation.Mentioned](two, 1)
	one.set(func(f *owncast.FederationSettings) { f.BlockedDomains = []string{"two.test"} })
	if err := one.app.Federation().Message(t.Context(), "streamer@"+two.host, "hello"); !errors.Is(err, federation.ErrBlocked) {
		t.Errorf("a message to who is blocked: %v", err)
	}
	eventually(t, "nobody of Two is known", func() bool { return len(one.followers(repository.FollowersAll)) == 0 })
	two.act(one, "Follow", one.actor())
	eventually(t, "Two is refused", func() bool {
		one.front.mu.RLock()
		defer one.front.mu.RUnlock()
		return slices.ContainsFunc(one.front.arrived, func(a arrival) bool { return a.doc["type"] == "Follow" && a.status == http.StatusForbidden })
	})
	if n := len(one.followers(repository.FollowersAll)); n != 0 {
		t.Errorf("%d followers of a blocked domain", n)
	}
}

func TestOneAppForgetsAnotherThatIsDeleted(t *testing.T) {
	for name, cached := range map[string]bool{"while its key is known": true, "when its key is gone, too": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			one, two := w.channel("one.test"), w.channel("two.test")
			two.follow(one)
			// Two is there for the other one's questions no more.
			h := two.front.handler()
			two.front.set(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/federation/") {
					http.Error(w, "gone", http.StatusGone)
					return
				}
				h.ServeHTTP(w, r)
			}))
			if !cached {
				activitypub.AgeKeys(one.service, 48*time.Hour)
			}
			two.act(one, "Delete", two.actor(), "to", []any{public})
			if e := await[federation.Unfollowed](one, 1); e.By.IRI != two.actor() {
				t.Errorf("%+v", e)
			}
			if list := one.followers(repository.FollowersAll); len(list) != 0 {
				t.Errorf("%+v", list)
			}
		})
	}
}

// One is restarted while it delivers: what was not through comes after that.
// What came through, but One was not told so, comes again, and is taken once.
func TestAnAppThatIsRestartedDeliversTheRest(t *testing.T) {
	w := newWorld(t)
	one, two := w.channel("one.test"), w.channel("two.test")
	two.follow(one)
	h := two.front.handler()
	var first atomic.Bool
	held, release := make(chan struct{}), make(chan struct{})
	two.front.set(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		if r.Method == http.MethodPost && first.CompareAndSwap(false, true) {
			close(held)
			<-release // One never hears of what Two has taken
		}
	}))
	defer close(release)
	const messages = 3
	for i := range messages {
		if err := one.app.Federation().Message(t.Context(), "streamer@"+two.host, fmt.Sprint("message ", i)); err != nil {
			t.Fatal(err)
		}
	}
	one.post("to followers")
	select {
	case <-held:
	case <-time.After(patience):
		t.Fatal("nothing is delivered")
	}
	if n, err := one.repo.Deliveries.CountDeliveries(t.Context()); err != nil || n.Waiting != messages+1 {
		t.Errorf("%+v, %v", n, err)
	}
	one.stop()
	one.start()
	await[federation.Mentioned](two, messages)
	one.drained()
	await[federation.Mentioned](two, messages)
	texts := map[string]int{}
	for _, e := range got[federation.Mentioned](two) {
		texts[e.Note.Text]++
	}
	ids := map[any]int{}
	for _, a := range two.arrived("Create") {
		ids[a.doc["id"]]++
	}
	if len(texts) != messages || len(ids) != messages+1 || len(two.arrived("Create")) != messages+1 {
		t.Errorf("%v %v", texts, ids)
	}
}
