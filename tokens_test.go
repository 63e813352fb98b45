package owncast_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

func TestAProgramUsesTheAPIWithAToken(t *testing.T) {
	repo := memory.New()
	touches := &countedTokens{tokenStore: repo.Tokens}
	repo.Tokens = touches
	c := run(t, someUsers(), owncast.WithRepository(repo))
	token := c.bearer("HAS_ADMIN_ACCESS", "CAN_SEND_MESSAGES")
	secret := strings.TrimPrefix(token, "Bearer ")

	for _, authorization := range []string{token, "bearer " + secret, "BEARER  " + secret} {
		code, h, body := c.exchange("GET", "/api/integrations/status", "", "", "Authorization", authorization, "Origin", "https://bot.example")
		if code != 200 || !strings.Contains(body, `"online":false`) || !strings.Contains(body, `"overallMaxViewerCount":0`) {
			t.Errorf("%.8s: %d %s", authorization, code, body)
		}
		if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("CORS: %v", h)
		}
	}
	if touches.n != 1 {
		t.Errorf("that the token was used was stored %d times for three requests at once", touches.n)
	}
	code, h, _ := c.exchange("OPTIONS", "/api/integrations/streamtitle", "", "")
	if code != 204 || h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("preflight: %d %v", code, h)
	}
	for body, want := range map[string]int{`{"value":"a title"}`: 200, `{}`: 400, `{"value":"` + strings.Repeat("x", 301) + `"}`: 400} {
		if code, text := c.ask("POST", "/api/integrations/streamtitle", "", body, "Authorization", token); code != want {
			t.Errorf("streamtitle %.30s: %d %s", body, code, text)
		}
	}
	if _, body := c.get("/api/status"); !strings.Contains(body, `"streamTitle":"a title"`) {
		t.Errorf("status: %s", body)
	}

	_, body := c.ask("GET", "/api/admin/accesstokens", "", "", "X-User", "admin")
	var list []struct {
		ID, AccessToken, Type string
		Scopes                []string
		LastUsedAt            *time.Time
		IsBot                 bool
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list) != 1 {
		t.Fatalf("%s: %v", body, err)
	}
	l := list[0]
	if strings.Contains(body, secret) || l.AccessToken != l.ID || l.Type != "API" || !l.IsBot || l.LastUsedAt == nil || len(l.Scopes) != 2 {
		t.Errorf("list: %s", body)
	}
	if code, _ := c.ask("GET", "/api/integrations/status", "", "", "Authorization", "Bearer "+l.ID); code != 401 {
		t.Errorf("the id is taken for the token: %d", code)
	}
	stored, err := repo.Tokens.Tokens(t.Context())
	if err != nil || strings.Contains(jsonText(stored), secret) {
		t.Error("the secret is stored")
	}

	remove := func(what string) int {
		code, _ := c.ask("POST", "/api/admin/accesstokens/delete", "", jsonText(map[string]string{"token": what}), "X-User", "admin")
		return code
	}
	if code := remove("nobody"); code != 404 {
		t.Errorf("delete of nobody: %d", code)
	}
	if code := remove(l.ID); code != 200 {
		t.Errorf("delete by id: %d", code)
	}
	if code, _ := c.ask("GET", "/api/integrations/status", "", "", "Authorization", token); code != 401 {
		t.Errorf("a deleted token: %d", code)
	}
	if code := remove(strings.TrimPrefix(c.bearer("CAN_SEND_MESSAGES"), "Bearer ")); code != 200 {
		t.Errorf("delete by token: %d", code)
	}
}

func TestTokensThatMakeNoSense(t *testing.T) {
	c := run(t, someUsers())
	for body, want := range map[string]string{
		`{"name":"n"}`:                                                              "scopes field is required",
		`{"scopes":["HAS_ADMIN_ACCESS"]}`:                                           "name field is required",
		`{"name":"  ","scopes":["HAS_ADMIN_ACCESS"]}`:                               "the name is empty",
		`{"name":"n","scopes":["ROOT"]}`:                                            "one or more invalid scopes provided",
		`{"name":"n","scopes":["HAS_ADMIN_ACCESS","HAS_ADMIN_ACCESS"]}`:             "one or more invalid scopes provided",
		`{"name":"` + strings.Repeat("n", 101) + `","scopes":["HAS_ADMIN_ACCESS"]}`: "longer than 100",
		`{"name":"n","scopes":"HAS_ADMIN_ACCESS"}`:                                  `field \"scopes\" must not be`,
	} {
		if code, text := c.ask("POST", "/api/admin/accesstokens/create", "", body, "X-User", "admin"); code != 400 || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s, want 400 with %s", body, code, text, want)
		}
	}
}

// tokenStore has a name that is no method of it.
type tokenStore = repository.Tokens

// countedTokens counts the writes that using a token makes. It is used by one
// request at a time.
type countedTokens struct {
	tokenStore
	n int
}

func (c *countedTokens) TouchToken(ctx context.Context, id string, at time.Time) error {
	c.n++
	return c.tokenStore.TouchToken(ctx, id, at)
}
