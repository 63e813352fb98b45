// Command customauth lets a site's own sessions decide who administers the
// stream and who broadcasts. Open http://localhost:8080/admin/, which sends you
// to the site's own page to sign in; alice is an administrator, and nobody else.
package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"html"
	"log"
	"net"
	"net/http"
	"net/url"
	"os/signal"
	"path"
	"sync"
	"syscall"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository"
)

// sessions stands for what the site already has.
type sessions struct {
	streamKey string

	mu   sync.Mutex
	user map[string]string // by session token
}

// Authenticate makes sessions an owncast.Authenticator.
func (s *sessions) Authenticate(r *http.Request) (owncast.User, error) {
	c, err := r.Cookie("session")
	if err != nil {
		return owncast.User{}, owncast.ErrUnauthorized
	}
	s.mu.Lock()
	name, ok := s.user[c.Value]
	s.mu.Unlock()
	if !ok {
		return owncast.User{}, owncast.ErrUnauthorized
	}
	u := owncast.User{ID: "site:" + name, DisplayName: name}
	if name == "alice" {
		u.Role = repository.RoleAdmin
	}
	return u, nil
}

// Challenge makes sessions an owncast.Challenger.
func (s *sessions) Challenge(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/login?return="+url.QueryEscape(r.URL.Path), http.StatusFound)
}

// AuthorizePublish makes sessions an owncast.PublishAuthorizer. Hashes are
// compared, so that the time it takes tells nothing of the key.
func (s *sessions) AuthorizePublish(_ context.Context, req owncast.PublishRequest) error {
	got, want := sha256.Sum256([]byte(req.StreamKey)), sha256.Sum256([]byte(s.streamKey))
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return owncast.ErrStreamKey
	}
	return nil
}

// login takes everybody's word; a site would ask for more.
func (s *sessions) login(w http.ResponseWriter, r *http.Request) {
	back := "/"
	if u, err := url.Parse(r.FormValue("return")); err == nil && u.Host == "" && u.Path != "" {
		back = (&url.URL{Path: path.Join("/", u.Path)}).String() // a page of this site, and of no other
	}
	name := r.FormValue("user")
	if name == "" {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, `<!doctype html><title>Sign in</title><form><input name="return" type="hidden" value="%s">`+
			`<label>Who are you? <input name="user" value="alice"></label> <button>Sign in</button></form>`, html.EscapeString(back))
		return
	}
	token := rand.Text()
	s.mu.Lock()
	s.user[token] = name
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: "session", Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, back, http.StatusFound)
}

var (
	_ owncast.Authenticator     = (*sessions)(nil)
	_ owncast.Challenger        = (*sessions)(nil)
	_ owncast.PublishAuthorizer = (*sessions)(nil)
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	s := &sessions{streamKey: "from-your-secret-store", user: map[string]string{}}
	app, err := owncast.New(owncast.WithAuthenticator(s), owncast.WithPublishAuthorizer(s))
	if err != nil {
		log.Fatal(err)
	}
	rtmp, err := net.Listen("tcp", ":1935")
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/login", s.login)
	mux.Handle("/", app.Handler())
	go func() { log.Fatal(http.ListenAndServe(":8080", mux)) }()
	if err := app.Run(ctx, rtmp); err != nil {
		log.Fatal(err)
	}
}
