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

func TestEveryRouteRefusesWhatItMust(t *testing.T) {
	c := run(t, someUsers(), owncast.WithRecording(recording.Policy{}))
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
			if rt.Access == httpapi.Admin {
				want(401, rt.Method, "{}")
				want(401, "BREW", "")
				want(403, rt.Method, "{}", "X-User", "viewer")
				want(403, rt.Method, "{}", "X-User", "moderator")
				if rt.Method != "GET" {
					want(403, rt.Method, "{}", "X-User", "admin", "Origin", "https://evil.example")
					want(403, rt.Method, "{}", "X-User", "admin", "Sec-Fetch-Site", "cross-site")
				}
			}
			want(405, "BREW", "", "X-User", "admin")
			if at != rt.Path && rt.MaxBody == 0 {
				want(404, rt.Method, "", "X-User", "admin")
			}
			if rt.MaxBody > 0 {
				want(415, rt.Method, "value=x", "X-User", "admin", "Content-Type", "application/x-www-form-urlencoded")
				want(413, rt.Method, `{"value":"`+strings.Repeat("x", int(rt.MaxBody))+`"}`, "X-User", "admin")
				for _, body := range []string{"nonsense", `{"value":`, `"text"`, "3", "\xff"} {
					want(400, rt.Method, body, "X-User", "admin")
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
	for _, rt := range httpapi.Routes() {
		if rt.MaxBody == 0 {
			continue
		}
		body := io.MultiReader(strings.NewReader(strings.Repeat(" ", int(rt.MaxBody))), strings.NewReader("{}"))
		r, err := http.NewRequestWithContext(t.Context(), rt.Method, c.web.URL+concrete(rt), body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-User", "admin")
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
