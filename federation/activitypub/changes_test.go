package activitypub_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub"
	"github.com/owncast-go/owncast/federation/activitypub/internal/httpsig"
	"github.com/owncast-go/owncast/repository"
)

// reconcile tells followers of changes at once.
func (c *channel) reconcile() {
	c.t.Helper()
	if err := activitypub.Reconcile(c.t.Context(), c.service); err != nil {
		c.t.Fatal(err)
	}
}

func TestFollowersAreToldOfChanges(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice")
	c.reconcile()
	if n := len(s.got("Update")); n > 0 {
		t.Errorf("%d updates of nothing", n)
	}
	updates := 0
	update := func(what string, change func(), want func(actor map[string]any) bool) {
		t.Helper()
		change()
		c.reconcile()
		updates++
		in := s.await("Update", updates)
		actor, _ := in.doc["object"].(map[string]any)
		if in.doc["actor"] != c.actor() || actor["id"] != c.actor() || actor["type"] != "Service" || !want(actor) {
			t.Errorf("%s: %s", what, in.raw)
		}
		if now := c.document("/federation/user/streamer"); !want(now) {
			t.Errorf("%s: the actor is %v", what, now)
		}
	}
	update("name", func() { c.instance(func(i *owncast.Instance) { i.Name = "New <name>" }) }, func(a map[string]any) bool { return a["name"] == "New <name>" })
	update("summary", func() { c.instance(func(i *owncast.Instance) { i.Summary = "one\ntwo\n\n<three>" }) }, func(a map[string]any) bool {
		return a["summary"] == "<p>one<br>two</p><p>&lt;three&gt;</p>"
	})
	update("tags", func() { c.instance(func(i *owncast.Instance) { i.Tags = []string{"cats", "Owncast"} }) }, func(a map[string]any) bool {
		tags := list(a["tag"])
		return len(tags) == 2 && tags[0].(map[string]any)["name"] == "#cats"
	})
	update("links", func() {
		c.instance(func(i *owncast.Instance) {
			i.SocialHandles = []owncast.SocialHandle{{Platform: "kofi", URL: "https://ko-fi.example/x?a=1&b=2"}}
		})
	}, func(a map[string]any) bool {
		fields := list(a["attachment"])
		if len(fields) != 2 {
			return false
		}
		value := fields[1].(map[string]any)["value"].(string)
		return fields[1].(map[string]any)["name"] == "Ko-Fi" && strings.Contains(value, `href="https://ko-fi.example/x?a=1&amp;b=2"`)
	})
	update("privacy", func() { c.set(func(f *owncast.FederationSettings) { f.Private = true }) }, func(a map[string]any) bool { return a["manuallyApprovesFollowers"] == true })
	var logo bytes.Buffer
	picture := image.NewRGBA(image.Rect(0, 0, 8, 8))
	picture.Set(1, 1, color.White)
	if err := png.Encode(&logo, picture); err != nil {
		t.Fatal(err)
	}
	icon := ""
	update("logo", func() {
		if err := c.app.Assets().SetLogo(t.Context(), logo.Bytes()); err != nil {
			t.Fatal(err)
		}
	}, func(a map[string]any) bool {
		icon, _ = a["icon"].(map[string]any)["url"].(string)
		return strings.HasPrefix(icon, c.base+"/logo/external?uc=") && !strings.HasSuffix(icon, "default")
	})
	if code, _ := c.get(icon); code != 200 {
		t.Errorf("the icon: %d", code)
	}
	// What is not of the actor is not told.
	c.set(func(f *owncast.FederationSettings) { f.GoLiveMessage = "other"; f.ShowEngagement = false })
	c.instance(func(i *owncast.Instance) { i.StreamTitle = "other" })
	c.reconcile()
	c.drained()
	s.await("Update", updates)
}

func TestChangesWhileTheAppWasDownAreTold(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice")
	c.reconcile()
	c.stop()
	setting := owncastInstance(t, c.repo)
	setting["name"] = "Another"
	saveInstance(t, c.repo, setting)
	c.start()
	in := s.await("Update", 1)
	if !strings.Contains(in.raw, `"Another"`) {
		t.Errorf("%s", in.raw)
	}
}

func owncastInstance(t *testing.T, r owncast.Repository) map[string]any {
	t.Helper()
	doc, err := r.Settings.Load(t.Context(), "instance")
	v := map[string]any{}
	if err == nil {
		err = json.Unmarshal(doc.Data, &v)
	}
	if err != nil && !strings.Contains(err.Error(), "not found") {
		t.Fatal(err)
	}
	return v
}

func saveInstance(t *testing.T, r owncast.Repository, v map[string]any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := r.Settings.Load(t.Context(), "instance")
	if err != nil && !strings.Contains(err.Error(), "not found") {
		t.Fatal(err)
	}
	if _, err := r.Settings.Save(t.Context(), "instance", doc.Revision, data); err != nil {
		t.Fatal(err)
	}
}

func TestFollowersAreToldWhereTheChannelHasMoved(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice")
	iri, err := c.app.Federation().Post(t.Context(), "before")
	if err != nil {
		t.Fatal(err)
	}
	s.await("Create", 1)
	old, now := c.actor(), c.base+"/federation/user/stage"
	c.set(func(f *owncast.FederationSettings) { f.Username = "stage" })
	c.reconcile()
	move := s.await("Move", 1)
	if move.doc["actor"] != old || move.doc["object"] != old || move.doc["target"] != now || move.keyID != old+"#main-key" {
		t.Errorf("%s, signed with %s", move.raw, move.keyID)
	}
	// Both know of each other, as servers check.
	if d := c.document("/federation/user/streamer"); d["movedTo"] != now || d["id"] != old {
		t.Errorf("%v", d)
	}
	if d := c.document("/federation/user/stage"); d["id"] != now || fmt.Sprint(d["alsoKnownAs"]) != fmt.Sprint([]any{old}) {
		t.Errorf("%v", d)
	}
	for _, name := range []string{"streamer", "stage", "STAGE"} {
		if code, body := c.get("/.well-known/webfinger?resource=acct:" + name + "@" + c.host); code != 200 || !strings.Contains(body, "/federation/user/"+strings.ToLower(name)) {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
	// The server of the follower follows the new one. Following the old one is
	// refused.
	s.post(c, s.activity("bob", "Follow", old))
	reject := s.await("Reject", 1)
	if reject.doc["actor"] != old || reject.keyID != old+"#main-key" {
		t.Errorf("%s, signed with %s", reject.raw, reject.keyID)
	}
	f := s.activity("alice", "Follow", now)
	if code := s.send(now+"/inbox", s.user("alice")+"#main-key", f); code != 202 {
		t.Errorf("follow: %d", code)
	}
	s.await("Accept", 2)
	if list := c.followers(repository.FollowersApproved); len(list) != 1 || list[0].FollowIRI != f["id"] {
		t.Errorf("%+v", list)
	}
	// Old posts are where they were.
	if d := c.document(iri); d["attributedTo"] != old {
		t.Errorf("%v", d)
	}
	s.send(now+"/inbox", s.user("alice")+"#main-key", s.activity("alice", "Like", iri))
	await[federation.Liked](c, 1)
	// And back again.
	c.set(func(f *owncast.FederationSettings) { f.Username = "streamer" })
	c.reconcile()
	s.await("Move", 2)
	if d := c.document("/federation/user/stage"); d["movedTo"] != old {
		t.Errorf("%v", d)
	}
	if d := c.document("/federation/user/streamer"); d["movedTo"] != nil {
		t.Errorf("%v", d)
	}
}

func TestAnotherServerURLIsAMove(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice")
	c.reconcile()
	c.stop()
	// The same App is there under both names.
	old := c.actor()
	other := "other.test:" + w.serve(c.front, "other.test")
	c.base, c.host = "https://"+other, other
	c.start()
	move := s.await("Move", 1)
	if move.doc["actor"] != old || move.doc["target"] != c.actor() || move.keyID != old+"#main-key" {
		t.Errorf("%s", move.raw)
	}
	if d := c.document(old); d["id"] != old || d["movedTo"] != c.actor() {
		t.Errorf("%v", d)
	}
	if d := c.document("/federation/user/streamer"); d["id"] != c.actor() {
		t.Errorf("%v", d)
	}
	if code := s.send(c.actor()+"/inbox", s.user("alice")+"#main-key", s.activity("alice", "Follow", c.actor())); code != 202 {
		t.Errorf("%d", code)
	}
	s.await("Accept", 2)
}

func TestKeysAreRotated(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice")
	c.reconcile()
	key := func() string {
		k, _ := c.document("/federation/user/streamer")["publicKey"].(map[string]any)
		return k["publicKeyPem"].(string)
	}
	before := key()
	// A server that believes the key that it knows.
	old, err := httpsig.ParsePublicKey(before)
	if err != nil {
		t.Fatal(err)
	}
	s.change(func() { s.known = old })
	if code, body := c.admin("POST", "/api/admin/federation/keys/rotate", map[string]any{}); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	in := s.await("Update", 1)
	if key() == before || strings.Contains(in.raw, strings.Split(before, "\n")[1]) {
		t.Error("the key is the same")
	}
	// From now on the new key signs.
	s.change(func() { s.known = nil })
	if _, err := c.app.Federation().Post(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	s.await("Create", 1)
	// Once more, with a server that fetches the key each time: it cannot
	// believe the old one.
	if err := c.app.Federation().RotateKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(s.got("Update")); n > 1 {
		t.Errorf("%d updates", n)
	}
	eventually(t, "the update was refused once", func() bool { return s.refusals() >= 2 }) // both kinds of signatures
}

func TestAMessageGoesToOneAccount(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice", "bob")
	if err := c.app.Federation().Message(t.Context(), "@carol@"+s.host, "<p>One-time code: <b>123456</b><script>x</script></p>"); err != nil {
		t.Fatal(err)
	}
	in := s.await("Create", 1)
	note, _ := in.doc["object"].(map[string]any)
	if fmt.Sprint(note["to"]) != fmt.Sprint([]any{s.user("carol")}) || note["cc"] != nil || note["content"] != "<p>One-time code: <b>123456</b></p>" {
		t.Errorf("%s", in.raw)
	}
	tag, _ := list(note["tag"])[0].(map[string]any)
	if tag["type"] != "Mention" || tag["href"] != s.user("carol") || tag["name"] != "@carol@"+s.host {
		t.Errorf("%v", tag)
	}
	// Nobody else can read it.
	if d := c.document("/federation/user/streamer/outbox"); d["totalItems"] != 0.0 {
		t.Errorf("%v", d)
	}
	id, _ := note["id"].(string)
	if code, _ := c.get(id, "Accept", "application/activity+json"); code != 404 {
		t.Errorf("%d", code)
	}
	for _, account := range []string{"", "carol", "@carol@", "carol@nowhere.test", "a@b@c", "carol@" + s.host + "/x", "car ol@" + s.host} {
		if err := c.app.Federation().Message(t.Context(), account, "x"); err == nil {
			t.Errorf("%q got a message", account)
		}
	}
}

func TestRemoteFollowLeadsToTheOtherServer(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	code, body := c.ask("POST", "/api/remotefollow", strings.NewReader(`{"account":"alice@`+s.host+`"}`), func(*http.Request) {})
	if want := `{"redirectUrl":"` + s.base + `/authorize_interaction?uri=https%3A%2F%2Fone.test`; code != 200 || !strings.HasPrefix(body, want) {
		t.Errorf("%d %s", code, body)
	}
	for account, want := range map[string]string{
		"": "Remote Fediverse account is required to follow.", "alice": "There is no such account", "alice@nowhere.test": "cannot be reached",
		"alice@127.0.0.1": "There is no such account", "streamer@" + c.host: "unable to determine remote follow information for streamer@" + c.host,
	} {
		code, body := c.ask("POST", "/api/remotefollow", strings.NewReader(`{"account":"`+account+`"}`), func(*http.Request) {})
		if code != 400 || !strings.Contains(body, want) {
			t.Errorf("%q: %d %s, want %q", account, code, body, want)
		}
	}
}

func TestFollowersThatAreNoMoreAreRemoved(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice", "bob")
	older := func(user string, validated, failing time.Duration) {
		t.Helper()
		_, err := repository.UpdateFollower(t.Context(), c.repo.Followers, s.user(user), func(f *repository.Follower) error {
			f.ValidatedAt = time.Now().Add(-validated)
			if failing > 0 {
				f.FailingSince = time.Now().Add(-failing)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	validate := func() {
		t.Helper()
		if err := activitypub.Validate(t.Context(), c.service); err != nil {
			t.Fatal(err)
		}
	}
	const day = 24 * time.Hour
	// Alice has another name now, Bob cannot be found.
	s.change(func() { s.actors["alice"] = map[string]any{"name": "Alice II"}; s.gone["bob"] = true })
	older("alice", 8*day, 0)
	older("bob", 8*day, 0)
	activitypub.AgeActors(c.service, day)
	validate()
	list := map[string]repository.Follower{}
	for _, f := range c.followers(repository.FollowersAll) {
		list[f.ActorIRI] = f
	}
	if f := list[s.user("alice")]; f.Name != "Alice II" || !f.FailingSince.IsZero() || time.Since(f.ValidatedAt) > time.Hour {
		t.Errorf("%+v", f)
	}
	if f := list[s.user("bob")]; f.FailingSince.IsZero() {
		t.Errorf("%+v", f)
	}
	// After a week he is no follower any more.
	older("bob", 8*day, 7*day)
	validate()
	if list := c.followers(repository.FollowersAll); len(list) != 1 || list[0].ActorIRI != s.user("alice") {
		t.Errorf("%+v", list)
	}
	await[federation.Unfollowed](c, 1)
	// Nobody is asked who was found this week.
	before := s.asked("GET /users/alice")
	validate()
	if s.asked("GET /users/alice") != before {
		t.Error("Alice was looked at again")
	}
}

func TestAFollowerThatChangesIsKnownAsItIs(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice")
	s.change(func() {
		s.actors["alice"] = map[string]any{"name": "<b>Alice</b>", "icon": map[string]any{"type": "Image", "url": "javascript:x"}}
	})
	if code := s.post(c, s.activity("alice", "Update", s.actor("alice"))); code != 202 {
		t.Errorf("%d", code)
	}
	if f := c.followers(repository.FollowersApproved)[0]; f.Name != "<b>Alice</b>" || f.ImageURL != "" {
		t.Errorf("%+v", f)
	}
}

func TestAnInboxThatIsGoneTakesItsFollowersAlong(t *testing.T) {
	w := newWorld(t)
	c, s, other := w.channel("one.test"), w.social("social.test"), w.social("other.test")
	s.follow(c, "alice", "bob")
	other.follow(c, "carol")
	s.change(func() { s.answer = func(*http.Request) int { return http.StatusGone } })
	if _, err := c.app.Federation().Post(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	other.await("Create", 1)
	eventually(t, "the followers are gone", func() bool { return len(c.followers(repository.FollowersAll)) == 1 })
	await[federation.Unfollowed](c, 2)
}

func TestTheChatHearsOfFollowersLikesAndShares(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	c.instance(func(i *owncast.Instance) { i.Name = "The show" })
	s.follow(c, "alice")
	live, err := c.app.Federation().GoLive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	post, err := c.app.Federation().Post(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	for _, iri := range []string{live, post} {
		s.post(c, s.activity("alice", "Like", iri))
		s.post(c, s.activity("alice", "Announce", iri))
	}
	c.set(func(f *owncast.FederationSettings) { f.ShowEngagement = false })
	s.post(c, s.activity("bob", "Like", live))
	var bodies []string
	eventually(t, "the messages are kept", func() bool {
		list, err := c.repo.Chat.Messages(t.Context(), repository.MessageQuery{})
		if err != nil {
			t.Fatal(err)
		}
		bodies = nil
		for _, m := range list {
			bodies = append(bodies, m.Kind+": "+m.Body)
		}
		return len(bodies) >= 5
	})
	slices.Sort(bodies)
	want := []string{
		"FEDIVERSE_ENGAGEMENT_FOLLOW: Alice followed this stream.",
		"FEDIVERSE_ENGAGEMENT_LIKE: Alice liked a post from The show.",
		"FEDIVERSE_ENGAGEMENT_LIKE: Alice liked that this stream went live.",
		"FEDIVERSE_ENGAGEMENT_REPOST: Alice shared a post from The show.",
		"FEDIVERSE_ENGAGEMENT_REPOST: Alice shared this stream with their followers.",
	}
	if !slices.Equal(bodies, want) {
		t.Errorf("%q", bodies)
	}
}
