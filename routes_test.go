package owncast_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/internal/httpapi"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/video/recording"
)

// someUsers lets everybody in as what the header X-User says.
func someUsers() owncast.Option {
	return owncast.WithAuthenticator(owncast.AuthenticatorFunc(func(r *http.Request) (owncast.User, error) {
		roles := map[string]repository.Role{
			"viewer": repository.RoleViewer, "moderator": repository.RoleModerator, "admin": repository.RoleAdmin,
		}
		role, ok := roles[r.Header.Get("X-User")]
		if !ok {
			return owncast.User{}, owncast.ErrUnauthorized
		}
		return owncast.User{ID: r.Header.Get("X-User"), Role: role}, nil
	}))
}

// concrete is the path of a route with something for its wildcards that is
// not there.
func concrete(rt httpapi.Route) string {
	parts := strings.Split(rt.Path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "nobody-has-this"
		}
	}
	return strings.Join(parts, "/")
}

func isError(body string) bool {
	var e struct{ Error string }
	return json.Unmarshal([]byte(body), &e) == nil && e.Error != ""
}

// bearer makes a token and returns it as the header Authorization has it.
func (c *channel) bearer(scopes ...string) string {
	c.t.Helper()
	code, body := c.ask("POST", "/api/admin/accesstokens/create", "", jsonText(map[string]any{"name": "n", "scopes": scopes}), "X-User", "admin")
	var tok struct{ AccessToken string }
	if err := json.Unmarshal([]byte(body), &tok); err != nil || code != 200 {
		c.t.Fatalf("create token: %d %s", code, body)
	}
	return "Bearer " + tok.AccessToken
}

// keys are what opens the routes.
type keys struct{ program, moderator, user, disabled string }

func (c *channel) keys() keys {
	c.t.Helper()
	k := keys{program: c.bearer(auth.ScopeSendMessages, auth.ScopeSendSystemMessages, auth.ScopeAdmin)}
	by := owncast.ChatActor{ID: "test", Role: repository.RoleAdmin}
	for _, who := range []struct {
		token *string
		then  func(id string) error
	}{
		{&k.user, func(string) error { return nil }},
		{&k.moderator, func(id string) error { return c.app.Chat().SetModerator(c.t.Context(), by, id, true) }},
		{&k.disabled, func(id string) error { return c.app.Chat().Disable(c.t.Context(), by, id, "") }},
	} {
		u, token, err := c.app.Chat().Register(c.t.Context(), "")
		if err == nil {
			err = who.then(u.ID)
		}
		if err != nil {
			c.t.Fatal(err)
		}
		*who.token = "Bearer " + token
	}
	return k
}

// to is what a request needs to be let in.
func (k keys) to(rt httpapi.Route) []string {
	switch rt.Access {
	case httpapi.Anyone:
		return nil
	case httpapi.Admin, httpapi.Moderator:
		return []string{"X-User", "admin"}
	case httpapi.ChatUser, httpapi.ChatModerator:
		return []string{"Authorization", k.moderator}
	default:
		return []string{"Authorization", k.program}
	}
}

func TestEveryRouteRefusesWhatItMust(t *testing.T) {
	c := run(t, someUsers(), owncast.WithRecording(recording.Policy{}))
	keys := c.keys()
	for _, rt := range httpapi.Routes() {
		t.Run(rt.Method+" "+rt.Path, func(t *testing.T) {
			c := &channel{t: t, web: c.web}
			at := concrete(rt)
			want := func(code int, method, body string, header ...string) {
				t.Helper()
				got, h, answer := c.exchange(method, at, "", body, header...)
				if got != code || method != "HEAD" && !isError(answer) {
					t.Errorf("%s %v: %d %.200s, want %d with an error", method, header, got, answer, code)
				}
				if h.Get("Access-Control-Allow-Credentials") != "" {
					t.Error("another site may use the credentials")
				}
				if code == http.StatusMethodNotAllowed && !strings.Contains(h.Get("Allow"), rt.Method) {
					t.Errorf("Allow: %s", h.Get("Allow"))
				}
			}
			if rt.Access != httpapi.Anyone {
				want(401, rt.Method, "{}")
				if !slices.ContainsFunc(httpapi.Routes(), func(other httpapi.Route) bool { return other.Path == rt.Path && other.Access == httpapi.Anyone }) {
					want(401, "BREW", "")
				}
			}
			if rt.Access == httpapi.Admin {
				want(403, rt.Method, "{}", "X-User", "moderator")
			}
			if rt.Access == httpapi.Admin || rt.Access == httpapi.Moderator {
				want(403, rt.Method, "{}", "X-User", "viewer")
				if rt.Method != "GET" {
					want(403, rt.Method, "{}", "X-User", "admin", "Origin", "https://evil.example")
					want(403, rt.Method, "{}", "X-User", "admin", "Sec-Fetch-Site", "cross-site")
				}
			}
			if rt.Access == httpapi.ChatUser || rt.Access == httpapi.ChatModerator {
				want(401, rt.Method, "{}", "Authorization", keys.user+"x")
				want(401, rt.Method, "{}", "Authorization", keys.disabled)
				want(401, rt.Method, "{}", "Authorization", keys.program)
				want(401, rt.Method, "{}", "X-User", "admin")
			}
			if rt.Access == httpapi.ChatModerator {
				want(403, rt.Method, "{}", "Authorization", keys.user)
			}
			if rt.Access >= httpapi.TokenSendMessages {
				want(401, rt.Method, "{}", "Authorization", keys.program+"x")
				want(401, rt.Method, "{}", "Authorization", strings.Replace(keys.program, "Bearer", "Basic", 1))
				want(401, rt.Method, "{}", "Authorization", keys.moderator)
				other := auth.ScopeSendMessages
				if rt.Access == httpapi.TokenSendMessages {
					other = auth.ScopeAdmin
				}
				want(401, rt.Method, "{}", "Authorization", c.bearer(other))
			}
			in := keys.to(rt)
			want(405, "BREW", "", in...)
			if at != rt.Path && rt.MaxBody == 0 {
				want(404, rt.Method, "", in...)
			}
			if rt.Form() {
				form := append(slices.Clone(in), "Content-Type", "application/x-www-form-urlencoded")
				want(415, rt.Method, "{}", in...)
				want(413, rt.Method, "value="+strings.Repeat("x", int(rt.MaxBody)), form...)
				for _, body := range []string{"", "nonsense", "%zz", "a;b", "\xff"} {
					want(400, rt.Method, body, form...)
				}
			} else if rt.MaxBody > 0 {
				want(415, rt.Method, "value=x", append(slices.Clone(in), "Content-Type", "application/x-www-form-urlencoded")...)
				want(413, rt.Method, `{"value":"`+strings.Repeat("x", int(rt.MaxBody))+`"}`, in...)
				for _, body := range []string{"nonsense", `{"value":`, `"text"`, "3", "\xff"} {
					want(400, rt.Method, body, in...)
				}
			}
		})
	}
}

func TestEveryPathSaysItsMethods(t *testing.T) {
	c := run(t, someUsers(), owncast.WithRecording(recording.Policy{}))
	for _, rt := range httpapi.Routes() {
		code, h, body := c.exchange("OPTIONS", concrete(rt), "", "")
		methods := strings.Split(h.Get("Allow")+", "+h.Get("Access-Control-Allow-Methods"), ", ")
		if code != http.StatusNoContent || body != "" || rt.Method != "OPTIONS" && !slices.Contains(methods, rt.Method) {
			t.Errorf("%s: %d %v %q", rt.Path, code, methods, body)
		}
	}
}

func TestABodyOfUnknownLengthIsLimitedToo(t *testing.T) {
	c := run(t, someUsers(), owncast.WithRecording(recording.Policy{}))
	keys := c.keys()
	for _, rt := range httpapi.Routes() {
		if rt.MaxBody == 0 {
			continue
		}
		body := io.MultiReader(strings.NewReader(strings.Repeat(" ", int(rt.MaxBody))), strings.NewReader("{}"))
		r, err := http.NewRequestWithContext(t.Context(), rt.Method, c.web.URL+concrete(rt), body)
		if err != nil {
			t.Fatal(err)
		}
		if rt.Form() {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for in := keys.to(rt); len(in) > 0; in = in[2:] {
			r.Header.Set(in[0], in[1])
		}
		res, err := c.web.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d, want 413", rt.Path, res.StatusCode)
		}
	}
}

// serve returns an App of which the test takes care.
func serve(t *testing.T, app *owncast.App) *channel {
	t.Helper()
	web := httptest.NewServer(app.Handler())
	t.Cleanup(web.Close)
	return &channel{t: t, app: app, web: web}
}
