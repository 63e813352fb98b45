package activitypub_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/repository"
)

// as sends JSON as a user of the chat.
func (c *channel) as(token, path string, body map[string]string) (int, string) {
	c.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.ask("POST", path+"?accessToken="+url.QueryEscape(token), strings.NewReader(string(b)), func(*http.Request) {})
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// TestACodeProvesAnAccountOfTheFediverse has one channel send codes to the
// accounts of another, and to those of a server of another kind.
func TestACodeProvesAnAccountOfTheFediverse(t *testing.T) {
	w := newWorld(t)
	one, two, s := w.channel("one.test"), w.channel("two.test"), w.social("social.test")
	user := func(name string) (repository.User, string) {
		t.Helper()
		u, token, err := one.app.Chat().Register(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return u, token
	}
	ann, annToken := user("ann")
	_, benToken := user("ben")

	if code, body := one.as(annToken, "/api/auth/fediverse", map[string]string{"account": "@Streamer@" + strings.ToUpper(two.host)}); code != 200 || !strings.Contains(body, `"message":""`) {
		t.Fatalf("%d %s", code, body)
	}
	note := await[federation.Mentioned](two, 1).Note
	number := sixDigits.FindString(note.Text)
	if number == "" || !strings.Contains(note.Text, "One-time code from ") || !strings.Contains(note.Text, "please ignore or block") {
		t.Fatalf("%q", note.Text)
	}
	wrong := "000000"
	if wrong == number {
		wrong = "000001"
	}
	for who, try := range map[string][2]string{"a wrong code": {annToken, wrong}, "somebody else": {benToken, number}} {
		if code, body := one.as(try[0], "/api/auth/fediverse/verify", map[string]string{"code": try[1]}); code != 403 {
			t.Errorf("%s: %d %s", who, code, body)
		}
	}
	if code, body := one.as(annToken, "/api/auth/fediverse/verify", map[string]string{"code": number}); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	if code, body := one.as(annToken, "/api/auth/fediverse/verify", map[string]string{"code": number}); code != 403 {
		t.Errorf("again: %d %s", code, body)
	}
	owner, err := one.repo.Users.UserByIdentity(t.Context(), repository.IdentityFediverse, "streamer@"+two.host)
	if err != nil || owner.ID != ann.ID {
		t.Errorf("%+v, %v", owner, err)
	}

	// With another browser, the account is the same user.
	if code, body := one.as(benToken, "/api/auth/fediverse", map[string]string{"account": "streamer@" + two.host}); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	number = sixDigits.FindString(await[federation.Mentioned](two, 2).Note.Text)
	if code, body := one.as(benToken, "/api/auth/fediverse/verify", map[string]string{"code": number}); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	cred, err := one.repo.Credentials.Credential(t.Context(), repository.HashSecret(benToken))
	if err != nil || cred.UserID != ann.ID {
		t.Errorf("%+v, %v", cred, err)
	}

	// A server of another kind, as its users see it.
	if code, body := one.as(annToken, "/api/auth/fediverse", map[string]string{"account": "carol@" + s.host}); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	in := s.await("Create", 1)
	object, _ := in.doc["object"].(map[string]any)
	content, _ := object["content"].(string)
	if code, body := one.as(annToken, "/api/auth/fediverse/verify", map[string]string{"code": sixDigits.FindString(content)}); code != 200 {
		t.Errorf("%d %s: %s", code, body, content)
	}
	if u, err := one.repo.Users.User(t.Context(), ann.ID); err != nil || len(u.Identities) != 2 {
		t.Errorf("%+v, %v", u.Identities, err)
	}
}

func TestWhatNoCodeIsSentTo(t *testing.T) {
	w := newWorld(t)
	c := w.channel("one.test")
	_, token, err := c.app.Chat().Register(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	for account, want := range map[string]string{
		"":                    `field \"account\" is no account`,
		"ann":                 `field \"account\" is no account`,
		"ann@localhost":       `field \"account\" is no account`,
		"ann@10.0.0.1":        "Could not send code to fediverse: ",
		"ann@nowhere.test":    "Could not send code to fediverse: ",
		"ann@blocked.test":    "Could not send code to fediverse: This server is blocked",
		"nobody@" + c.host:    "Could not send code to fediverse: ",
		"ann@127.0.0.1:1":     "Could not send code to fediverse: ",
		"ann@169.254.169.254": "Could not send code to fediverse: ",
	} {
		if account == "ann@blocked.test" {
			c.set(func(f *federation.Settings) { f.BlockedDomains = []string{"blocked.test"} })
		}
		if code, body := c.as(token, "/api/auth/fediverse", map[string]string{"account": account}); code != 400 || !strings.Contains(body, want) {
			t.Errorf("%q: %d %s, want %s", account, code, body, want)
		}
	}
	c.set(func(f *federation.Settings) { f.Enabled = false })
	if code, body := c.as(token, "/api/auth/fediverse", map[string]string{"account": "ann@a.test"}); code != 400 || !strings.Contains(body, "Federation is disabled") {
		t.Errorf("%d %s", code, body)
	}
	if _, err := c.repo.Users.UserByIdentity(t.Context(), repository.IdentityFediverse, "ann@nowhere.test"); !errors.Is(err, repository.ErrNotFound) {
		t.Error(err)
	}
}
