package owncast_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

// letterbox is a federation that does nothing but keep messages.
type letterbox struct {
	federation.Service

	mu    sync.Mutex
	last  string // account and message
	posts []string
	err   error
}

func (*letterbox) Start(context.Context) error    { return nil }
func (*letterbox) Shutdown(context.Context) error { return nil }
func (*letterbox) Handler() http.Handler          { return http.NotFoundHandler() }
func (*letterbox) WellKnown() http.Handler        { return http.NotFoundHandler() }
func (*letterbox) Changed()                       {}
func (*letterbox) StreamChanged()                 {}

func (l *letterbox) Deliveries(context.Context) (federation.DeliveryStatus, error) {
	return federation.DeliveryStatus{}, nil
}

func (l *letterbox) GoLive(context.Context) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.posts = append(l.posts, "live")
	return "https://a.test/federation/p", l.err
}

func (l *letterbox) Post(_ context.Context, markdown string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.posts = append(l.posts, markdown)
	return "https://a.test/federation/p", l.err
}

func (l *letterbox) posted() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.posts)
}

func (l *letterbox) Message(_ context.Context, account, html string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = account + " " + html
	return l.err
}

// code is the one that was sent last.
func (l *letterbox) code(t *testing.T) string {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	found := regexp.MustCompile(`: (\d{6})\.`).FindStringSubmatch(l.last)
	if found == nil {
		t.Fatalf("no code in %q", l.last)
	}
	return found[1]
}

func (l *letterbox) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func TestCodesToTheFediverse(t *testing.T) {
	var logs syncBuffer
	repo, post := memory.New(), new(letterbox)
	c := run(t, owncast.WithRepository(repo), owncast.WithAdminPassword("pw"), logTo(&logs),
		owncast.WithFederation(func(federation.Config) (federation.Service, error) { return post, nil }))
	if _, err := c.app.Settings().UpdateInstance(t.Context(), func(i *owncast.Instance) error { i.Name = "<b>Ann</b>"; return nil }); err != nil {
		t.Fatal(err)
	}
	send := func(token, account string) (int, http.Header, string) {
		t.Helper()
		return c.exchange("POST", "/api/auth/fediverse?accessToken="+url.QueryEscape(token), "", jsonText(map[string]string{"account": account}))
	}
	verify := func(token, code string) (int, string) {
		t.Helper()
		return c.ask("POST", "/api/auth/fediverse/verify?accessToken="+url.QueryEscape(token), "", jsonText(map[string]string{"code": code}))
	}
	id, token := c.user("ann")
	if code, _, body := send(token, "@Ann@A.test"); code != 200 || body != `{"success":true,"message":""}`+"\n" {
		t.Fatalf("%d %s", code, body)
	}
	number := post.code(t)
	if want := "ann@a.test <p>One-time code from &lt;b&gt;Ann&lt;/b&gt;: " + number + ". If you did not request this message please ignore or block.</p>"; post.last != want {
		t.Errorf("%s", post.last)
	}
	if code, body := verify(token, ""); code != 400 {
		t.Errorf("no code: %d %s", code, body)
	}
	if code, body := verify(token, number); code != 200 {
		t.Errorf("%d %s", code, body)
	}
	if u, err := repo.Users.UserByIdentity(t.Context(), "fediverse", "ann@a.test"); err != nil || u.ID != id {
		t.Errorf("%+v %v", u, err)
	}
	_, audit := c.ask("GET", "/api/admin/audit", "pw", "")
	if !strings.Contains(audit, "fediverse ann@a.test") {
		t.Errorf("the audit lacks it: %s", audit)
	}

	// A code that could not be sent is none.
	post.fail(federation.ErrUnreachable)
	if code, _, body := send(token, "ben@a.test"); code != 400 || !strings.Contains(body, "Could not send code to fediverse: The server cannot be reached") {
		t.Errorf("%d %s", code, body)
	}
	if code, _ := verify(token, post.code(t)); code != 403 {
		t.Errorf("a code that was not sent: %d", code)
	}
	post.fail(errors.New("disk full"))
	if code, _, body := send(token, "ben@a.test"); code != 500 || strings.Contains(body, "disk") {
		t.Errorf("%d %s", code, body)
	}
	post.fail(nil)
	if code, _, body := send(token, "ben@a.test"); code != 200 {
		t.Errorf("%d %s", code, body)
	}
	unused := post.code(t)
	code, h, _ := send(token, "ben@a.test")
	if code != 429 || h.Get("Retry-After") == "" {
		t.Errorf("a fourth code to an account: %d %v", code, h)
	}

	// Whoever is banned by the account cannot have it proved.
	if code, body := c.ask("POST", "/api/admin/chat/users/identitybans/create", "pw", `{"kind":"fediverse","subject":"ben@a.test"}`); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	if code, body := verify(token, unused); code != 403 {
		t.Errorf("%d %s", code, body)
	}
	if _, err := repo.Users.UserByIdentity(t.Context(), "fediverse", "ann@a.test"); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{"the log": logs.String(), "the audit": audit} {
		if strings.Contains(text, number) || strings.Contains(text, unused) || strings.Contains(text, token) {
			t.Errorf("a secret is in %s", name)
		}
	}
}

func TestCodesNeedAFederationAndAToken(t *testing.T) {
	c := run(t, someUsers())
	_, token := c.user("")
	if code, body := c.ask("POST", "/api/auth/fediverse?accessToken="+url.QueryEscape(token), "", `{"account":"a@a.test"}`); code != 400 || !strings.Contains(body, "Federation is disabled") {
		t.Errorf("%d %s", code, body)
	}
	host := run(t, owncast.WithAuthenticator(chatters{}), owncast.WithBaseURL("https://b.test"),
		owncast.WithFederation(func(federation.Config) (federation.Service, error) { return new(letterbox), nil }))
	for at, body := range map[string]string{"fediverse": `{"account":"a@a.test"}`, "indieauth": `{"authHost":"a.test"}`} {
		if code, text := host.ask("POST", "/api/auth/"+at, "", body, "Content-Type", asJSON); code != 400 || !strings.Contains(text, "no need to prove") {
			t.Errorf("%s: %d %s", at, code, text)
		}
	}
}

// chatters lets everybody in, as a user of the site.
type chatters struct{}

func (chatters) Authenticate(*http.Request) (owncast.User, error) {
	return owncast.User{}, owncast.ErrUnauthorized
}

func (chatters) AuthenticateChat(*http.Request) (owncast.User, error) {
	return owncast.User{ID: "u", DisplayName: "U", Role: repository.RoleViewer}, nil
}
