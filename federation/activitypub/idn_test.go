package activitypub_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/repository"
)

// TestHostsOfOtherScripts has servers whose names people write in letters that
// the DNS does not have: they are asked, known and named by those it has.
func TestHostsOfOtherScripts(t *testing.T) {
	w := newWorld(t)
	one, two, s := w.channel("xn--bcher-kva.test"), w.channel("two.test"), w.social("xn--mnchen-3ya.test")
	one.stop()
	one.opts = append(one.opts, owncast.WithBaseURL(strings.Replace(one.base, "xn--bcher-kva", "Bücher", 1)))
	one.start()
	written := strings.Replace(s.host, "xn--mnchen-3ya", "MÜNCHEN", 1)

	// The channel's own documents, and who follows it.
	if d := one.document("/federation/user/streamer"); d["id"] != one.actor() || d["inbox"] != one.actor()+"/inbox" {
		t.Errorf("%v", d)
	}
	for _, host := range []string{one.host, strings.Replace(one.host, "xn--bcher-kva", "bücher", 1)} {
		code, body := one.get("/.well-known/webfinger?resource=" + url.QueryEscape("acct:streamer@"+host))
		if code != 200 || !strings.Contains(body, `"href":"`+one.actor()+`"`) || !strings.Contains(body, `"subject":"acct:streamer@`+one.host+`"`) {
			t.Errorf("%s: %d %s", host, code, body)
		}
	}
	s.follow(one, "alice")
	if _, err := one.app.Federation().Post(t.Context(), "hello"); err != nil {
		t.Fatal(err)
	}
	s.await("Create", 1)

	// Accounts there.
	code, body := one.ask("POST", "/api/remotefollow", strings.NewReader(`{"account":"@alice@`+written+`"}`), func(*http.Request) {})
	if code != 200 || !strings.HasPrefix(body, `{"redirectUrl":"`+s.base+"/authorize_interaction?uri="+url.QueryEscape(one.actor())) {
		t.Errorf("%d %s", code, body)
	}
	ann, token, err := one.app.Chat().Register(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	if code, body := one.as(token, "/api/auth/fediverse", map[string]string{"account": "Carol@" + written}); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	note, _ := s.await("Create", 2).doc["object"].(map[string]any)
	content, _ := note["content"].(string)
	if code, body := one.as(token, "/api/auth/fediverse/verify", map[string]string{"code": sixDigits.FindString(content)}); code != 200 {
		t.Fatalf("%d %s: %s", code, body, content)
	}
	if u, err := one.repo.Users.UserByIdentity(t.Context(), repository.IdentityFediverse, "carol@"+s.host); err != nil || u.ID != ann.ID {
		t.Errorf("%+v, %v", u, err)
	}

	// A featured server.
	if code, body := two.admin("POST", "/api/admin/federation/servers", map[string]string{"url": strings.Replace(one.base, "xn--bcher-kva", "bücher", 1)}); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	if e := await[federation.FollowRequested](one, 1); !e.Directory || e.By.IRI != two.actor() {
		t.Errorf("%+v", e)
	}
	if code, body := one.admin("POST", "/api/admin/followers/approve", map[string]any{"actorIRI": two.actor(), "approved": true}); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	if e := await[federation.ServerChanged](two, 1); e.Server.Status != federation.ServerAccepted || e.Server.URL != one.base || e.Server.Actor != one.actor() {
		data, _ := json.Marshal(e)
		t.Errorf("%s", data)
	}
}
