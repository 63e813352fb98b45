package activitypub_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/repository"
)

const public = "https://www.w3.org/ns/activitystreams#Public"

func TestTwoAppsFederate(t *testing.T) {
	w := newWorld(t)
	one, two := w.channel("one.test"), w.channel("two.test")
	// Two features One: One is asked as a directory, and an administrator
	// lets it in.
	code, body := two.admin("POST", "/api/admin/federation/servers", map[string]string{"url": one.base})
	if code != 200 {
		t.Fatalf("add server: %d %s", code, body)
	}
	asked := await[federation.FollowRequested](one, 1)
	if asked.By.IRI != two.actor() || !asked.Directory || asked.By.Account != "streamer@"+two.host {
		t.Errorf("%+v", asked)
	}
	code, body = one.admin("POST", "/api/admin/followers/approve", map[string]any{"actorIRI": two.actor(), "approved": true})
	if code != 200 {
		t.Fatalf("approve: %d %s", code, body)
	}
	if e := await[federation.ServerChanged](two, 1); e.Server.Status != federation.ServerAccepted || e.Server.Actor != one.actor() || e.Server.Online {
		t.Errorf("%+v", e)
	}
	if list := one.followers(repository.FollowersApproved); len(list) != 1 || !list[0].Directory {
		t.Errorf("%+v", list)
	}
	if code, body := one.get("/api/followers"); code != 200 || !strings.Contains(body, `"total":0`) {
		t.Errorf("a directory is among the followers: %d %s", code, body)
	}
	// One goes live, which Two shows, with its title, and hears of the end.
	one.instance(func(i *owncast.Instance) { i.StreamTitle = "Cats & dogs" })
	stop := one.publish()
	live := await[federation.ServerChanged](two, 2).Server
	if !live.Online || live.Title != "Cats & dogs" || !slices.Contains(live.Tags, "streaming") || live.Name != "New Owncast Server" {
		t.Errorf("%+v", live)
	}
	if code, body := two.get("/api/federation/servers"); code != 200 || !strings.Contains(body, `"isOnline":true`) {
		t.Errorf("%d %s", code, body)
	}
	one.instance(func(i *owncast.Instance) { i.StreamTitle = "Birds" })
	if e := await[federation.ServerChanged](two, 3); e.Server.Title != "Birds" {
		t.Errorf("%+v", e)
	}
	stop()
	if e := await[federation.ServerChanged](two, 4); e.Server.Online {
		t.Errorf("%+v", e)
	}
	// Two removes One, which is told.
	servers, err := two.app.Federation().Servers(t.Context())
	if err != nil || len(servers) != 1 {
		t.Fatalf("%v %v", servers, err)
	}
	if code, body = two.admin("DELETE", fmt.Sprint("/api/admin/federation/servers/", servers[0].ID), nil); code != 200 {
		t.Errorf("remove server: %d %s", code, body)
	}
	eventually(t, "One has no directories", func() bool { return len(one.followers(repository.FollowersAll)) == 0 })
	if code, _ = two.admin("DELETE", fmt.Sprint("/api/admin/federation/servers/", servers[0].ID), nil); code != 404 {
		t.Errorf("remove it again: %d", code)
	}
}

func TestAFollowerHearsOfTheStream(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice", "bob")
	e := await[federation.Followed](c, 2)
	if e.By.Account != "bob@"+s.host || e.By.Name != "Bob" || e.By.URL != s.base+"/@bob" || e.By.Picture != s.base+"/bob.png" {
		t.Errorf("%+v", e)
	}
	c.instance(func(i *owncast.Instance) { i.StreamTitle, i.Tags = "Cats & <dogs>", []string{"Go lang!", "owncast"} })
	iri, err := c.app.Federation().GoLive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Both have one inbox, which is told once.
	create := s.await("Create", 1)
	note, _ := create.doc["object"].(map[string]any)
	if create.doc["id"] == iri || note["id"] != iri || note["attributedTo"] != c.actor() || note["type"] != "Note" || create.doc["actor"] != c.actor() {
		t.Errorf("%s", create.raw)
	}
	content, _ := note["content"].(string)
	for _, part := range []string{"<p>I&#39;ve gone live!</p>", "<p>Cats &amp; &lt;dogs&gt;</p>", ">#Golang</a>", ">#owncast</a>", `<a href="` + c.base + `">`} {
		if !strings.Contains(content, part) {
			t.Errorf("%q is not in %s", part, content)
		}
	}
	if strings.Count(content, "#owncast<") != 1 {
		t.Errorf("a tag is there twice: %s", content)
	}
	for _, d := range []map[string]any{create.doc, note} {
		if to, cc := stringsOf(d["to"]), stringsOf(d["cc"]); !slices.Equal(to, []string{public}) || !slices.Equal(cc, []string{c.actor() + "/followers"}) {
			t.Errorf("to %v, cc %v", to, cc)
		}
	}
	if create.keyID != c.actor()+"#main-key" {
		t.Errorf("signed with %s", create.keyID)
	}
	// What was posted is there.
	outbox := c.document("/federation/user/streamer/outbox?page=1")
	items, _ := outbox["orderedItems"].([]any)
	if len(items) != 1 || items[0].(map[string]any)["id"] != create.doc["id"] || items[0].(map[string]any)["object"].(map[string]any)["id"] != iri {
		t.Errorf("%v", outbox)
	}
	if d := c.document(iri); d["id"] != iri || d["content"] != content {
		t.Errorf("%v", d)
	}
	if d := c.document(create.doc["id"].(string)); d["id"] != create.doc["id"] {
		t.Errorf("%v", d)
	}
	// Alice likes, shares and answers; each is told once, and seen by
	// administrators.
	like := s.activity("alice", "Like", iri)
	for range 2 {
		if code := s.post(c, like); code != 202 {
			t.Errorf("like: %d", code)
		}
	}
	if e := await[federation.Liked](c, 1); e.Post != iri || !e.Live || e.By.Account != "alice@"+s.host {
		t.Errorf("%+v", e)
	}
	s.post(c, s.activity("alice", "Like", iri))
	s.post(c, s.activity("alice", "Announce", iri))
	await[federation.Shared](c, 1)
	await[federation.Liked](c, 1)
	s.post(c, s.activity("bob", "EmojiReact", iri, "content", "🔥"))
	await[federation.Liked](c, 2)
	s.post(c, s.activity("bob", "Like", "https://elsewhere.test/1"))
	_, actions := c.admin("GET", "/api/admin/federation/actions", nil)
	var page struct {
		Total   int
		Results []struct{ Type, ActorIRI string }
	}
	if err := json.Unmarshal([]byte(actions), &page); err != nil || page.Total != 5 || page.Results[0].Type != "FEDIVERSE_ENGAGEMENT_LIKE" || page.Results[4].Type != "FEDIVERSE_ENGAGEMENT_FOLLOW" {
		t.Errorf("%v %s", err, actions)
	}
	s.post(c, s.activity("alice", "Undo", like))
	if _, actions = c.admin("GET", "/api/admin/federation/actions", nil); !strings.Contains(actions, `"total":4`) {
		t.Errorf("a like that was taken back is still there: %s", actions)
	}
	s.post(c, s.activity("alice", "Create", s.note("alice", "inReplyTo", iri, "content", `<p>hi <script>alert(1)</script><a href="javascript:x">x</a></p>`)))
	if e := await[federation.Replied](c, 1); e.Post != iri || e.Note.Text != "hi x" || strings.Contains(e.Note.HTML, "script") {
		t.Errorf("%+v", e)
	}
	s.post(c, s.activity("bob", "Create", s.note("bob", "cc", []any{c.actor()})))
	await[federation.Mentioned](c, 1)
	s.post(c, s.activity("bob", "Create", s.note("bob")))
	s.post(c, s.activity("bob", "Create", s.note("alice", "cc", []any{c.actor()}))) // of somebody else
	// Alice goes.
	if code := s.post(c, s.activity("alice", "Undo", map[string]any{"type": "Follow", "id": "https://x/1", "actor": s.user("alice"), "object": c.actor()})); code != 202 {
		t.Errorf("undo: %d", code)
	}
	if e := await[federation.Unfollowed](c, 1); e.By.IRI != s.user("alice") {
		t.Errorf("%+v", e)
	}
	// So does Bob, for good.
	s.change(func() { s.gone["bob"] = true })
	if code := s.post(c, s.activity("bob", "Delete", s.user("bob"))); code != 202 {
		t.Errorf("delete: %d", code)
	}
	await[federation.Unfollowed](c, 2)
	await[federation.Mentioned](c, 1)
	await[federation.Replied](c, 1)
}

// note is a post of a user.
func (s *social) note(user string, more ...any) map[string]any {
	doc := map[string]any{
		"type": "Note", "id": s.base + "/notes/" + newID(), "attributedTo": s.user(user), "content": "<p>a post</p>",
		"to": []any{public}, "published": time.Now().UTC().Format(time.RFC3339),
	}
	for i := 0; i+1 < len(more); i += 2 {
		doc[more[i].(string)] = more[i+1]
	}
	return doc
}

func TestAPrivateChannelApprovesItsFollowers(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	c.set(func(f *owncast.FederationSettings) { f.Private = true })
	for _, u := range []string{"alice", "bob", "mallory"} {
		if code := s.post(c, s.activity(u, "Follow", c.actor())); code != 202 {
			t.Fatalf("follow: %d", code)
		}
	}
	await[federation.FollowRequested](c, 3)
	if _, body := c.admin("GET", "/api/admin/followers/pending", nil); strings.Count(body, `"link"`) != 3 {
		t.Errorf("pending: %s", body)
	}
	for user, approved := range map[string]bool{"alice": true, "mallory": false} {
		if code, body := c.admin("POST", "/api/admin/followers/approve", map[string]any{"actorIRI": s.user(user), "approved": approved}); code != 200 {
			t.Errorf("approve: %d %s", code, body)
		}
	}
	await[federation.Followed](c, 1)
	s.await("Accept", 1)
	reject := s.await("Reject", 1)
	if to := stringsOf(reject.doc["to"]); !slices.Equal(to, []string{s.user("mallory")}) {
		t.Errorf("rejected: %s", reject.raw)
	}
	// Mallory asks again, and is told the same.
	s.post(c, s.activity("mallory", "Follow", c.actor()))
	s.await("Reject", 2)
	if _, body := c.admin("GET", "/api/admin/followers/blocked", nil); strings.Count(body, `"link"`) != 1 || !strings.Contains(body, "mallory") {
		t.Errorf("blocked: %s", body)
	}
	// Posts are for followers, and only their servers may look at them.
	iri, err := c.app.Federation().Post(t.Context(), "for *you* #now")
	if err != nil {
		t.Fatal(err)
	}
	create := s.await("Create", 1)
	if to := stringsOf(create.doc["to"]); !slices.Equal(to, []string{c.actor() + "/followers"}) || create.doc["cc"] != nil {
		t.Errorf("%s", create.raw)
	}
	path := strings.TrimPrefix(iri, c.base)
	if code, _ := c.get(path, "Accept", "application/activity+json"); code != 404 {
		t.Errorf("anybody may read the post: %d", code)
	}
	if d := c.document("/federation/user/streamer/outbox"); d["totalItems"] != 0.0 {
		t.Errorf("%v", d)
	}
	stranger := w.social("stranger.test")
	for _, tt := range []struct {
		s    *social
		user string
		want int
	}{{s, "alice", 200}, {s, "bob", 404}, {s, "mallory", 404}, {stranger, "eve", 404}} {
		if code := tt.s.fetch(tt.user, iri); code != tt.want {
			t.Errorf("%s of %s: %d, want %d", tt.user, tt.s.host, code, tt.want)
		}
		if code := tt.s.fetch(tt.user, c.actor()); code != 200 {
			t.Errorf("%s of %s may not see the actor: %d", tt.user, tt.s.host, code)
		}
	}
	// A follower that is removed may ask again.
	if code, body := c.admin("POST", "/api/admin/followers/remove", map[string]string{"actorIRI": s.user("alice")}); code != 200 {
		t.Errorf("remove: %d %s", code, body)
	}
	s.await("Reject", 3)
	s.post(c, s.activity("alice", "Follow", c.actor()))
	await[federation.FollowRequested](c, 4)
	if code, _ := c.admin("POST", "/api/admin/followers/remove", map[string]string{"actorIRI": "https://nobody.test/x"}); code != 404 {
		t.Errorf("remove nobody: %d", code)
	}
}

// fetch gets a document, signed as a user.
func (s *social) fetch(user, at string) int {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, at, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Accept", "application/activity+json")
	s.sign(r, user)
	res, err := s.w.client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

func TestQuotesAreAllowedByAStamp(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	iri, err := c.app.Federation().Post(t.Context(), "quote me")
	if err != nil {
		t.Fatal(err)
	}
	quoting := s.note("alice", "content", "<p>look at that</p>", "quote", iri)
	request := s.activity("alice", "QuoteRequest", iri, "instrument", quoting)
	if code := s.post(c, request); code != 202 {
		t.Fatalf("quote: %d", code)
	}
	accept := s.await("Accept", 1)
	object, _ := accept.doc["object"].(map[string]any)
	if object["type"] != "QuoteRequest" || object["id"] != request["id"] || object["instrument"] != quoting["id"] || object["object"] != iri {
		t.Errorf("%s", accept.raw)
	}
	stamp := c.document(accept.doc["result"].(string))
	if stamp["type"] != "QuoteAuthorization" || stamp["id"] != accept.doc["result"] || stamp["attributedTo"] != c.actor() ||
		stamp["interactingObject"] != quoting["id"] || stamp["interactionTarget"] != iri {
		t.Errorf("%v", stamp)
	}
	if e := await[federation.Quoted](c, 1); e.Post != iri || e.Note.Text != "look at that" || e.By.IRI != s.user("alice") {
		t.Errorf("%+v", e)
	}
	forged := strings.Replace(accept.doc["result"].(string), "/federation/quote/", "/federation/quote/x", 1)
	if code, _ := c.get(forged, "Accept", "application/activity+json"); code != 404 {
		t.Errorf("a stamp that nobody gave: %d", code)
	}
	// Of others' posts, of those that are not there, and when it is off.
	s.post(c, s.activity("alice", "QuoteRequest", iri, "instrument", "https://elsewhere.test/1"))
	s.await("Reject", 1)
	s.post(c, s.activity("alice", "QuoteRequest", c.base+"/federation/nothing", "instrument", s.note("alice")))
	s.await("Reject", 2)
	c.set(func(f *owncast.FederationSettings) { f.AllowQuotes = false })
	s.post(c, s.activity("alice", "QuoteRequest", iri, "instrument", s.note("alice")))
	s.await("Reject", 3)
	if code, _ := c.get(accept.doc["result"].(string), "Accept", "application/activity+json"); code != 404 {
		t.Errorf("quotes are off, and the stamp is good: %d", code)
	}
	await[federation.Quoted](c, 1)
}
