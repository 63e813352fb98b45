package owncast_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/testweb"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/webhooks/ntfy"
	"github.com/owncast-go/owncast/webhooks/webpush"
)

// TestSitesForBrowsers is the web that browser tests visit, and that they
// start: a channel below a path, a server of the fediverse, somebody's own
// site, services for notifications, and a site with users of its own. It ends
// with its standard input. What happens is told on the standard output, a line
// of JSON each.
func TestSitesForBrowsers(t *testing.T) {
	if os.Getenv("OWNCAST_TEST_SITES") == "" {
		t.Skip("OWNCAST_TEST_SITES is not set: browser tests set it")
	}
	s := &sites{Web: testweb.New(t, "channel.test", "fedi.test", "home.test", "push.test", "site.test"), t: t}
	s.channel("channel.test", "/live", owncast.WithPush(webpush.New), owncast.WithPushClient(s.Client(httpx.ClientConfig{})),
		owncast.WithNotifier(ntfy.New(ntfy.Config{Server: "https://push.test/ntfy", Topic: "kitchen", Client: s.Client(httpx.ClientConfig{})})))
	s.channel("fedi.test", "", owncast.WithHooks(owncast.Hooks{
		Mentioned: func(_ context.Context, e federation.Mentioned) {
			s.tell("mentioned", map[string]string{"text": e.Note.Text})
		},
	}))
	named(t, s.Web, "home.test", owncast.WithAdminPassword("home-password"))
	s.Serve("push.test", http.HandlerFunc(s.push))
	s.own("site.test")
	s.tell("listening", s.Reach().Hosts)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// sites are those of TestSitesForBrowsers.
type sites struct {
	*testweb.Web
	t  testing.TB
	mu sync.Mutex
}

// tell writes that something has happened.
func (s *sites) tell(what string, of any) {
	b, err := json.Marshal(map[string]any{"what": what, "of": of})
	if err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Printf("\nsites: %s\n", b)
}

// channel serves an App below a path of a name. Its URL has the port, which the
// fediverse finds it at.
func (s *sites) channel(name, path string, opts ...owncast.Option) {
	s.t.Helper()
	var handler atomic.Value
	s.Serve(name, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.Load().(http.Handler).ServeHTTP(w, r) }))
	addr := s.Reach().Hosts[name+":443"]
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		s.t.Fatal(err)
	}
	reach := s.Reach()
	reach.Hosts[name+":"+port] = addr
	c := run(s.t, append([]owncast.Option{
		owncast.WithBaseURL("https://" + name + ":" + port + path), owncast.WithAdminPassword("test-password"), owncast.WithStrangers(reach),
		owncast.WithFederation(func(c federation.Config) (federation.Service, error) {
			c.Network = federation.Network{Allowed: reach.Allowed, RootCAs: reach.RootCAs, Resolver: thisMachine()}
			return activitypub.New(c)
		}),
	}, opts...)...)
	mux := http.NewServeMux()
	mux.Handle("/", c.app.Handler())
	mux.Handle("/.well-known/", c.app.WellKnown())
	handler.Store(http.Handler(mux))
	for field, value := range map[string]string{"federation/username": `"streamer"`, "federation/enable": "true"} {
		if code, body := c.ask("POST", "/api/admin/config/"+field, "test-password", `{"value":`+value+`}`); code != 200 {
			s.t.Fatalf("%s: %d %s", field, code, body)
		}
	}
}

// push is a service that phones and browsers have their notifications of.
func (s *sites) push(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.tell("pushed", map[string]string{"path": r.URL.Path, "body": base64.StdEncoding.EncodeToString(body), "encoding": r.Header.Get("Content-Encoding")})
	if !strings.HasPrefix(r.URL.Path, "/ntfy") {
		w.WriteHeader(http.StatusCreated)
	}
}

// own serves a site with users of its own and an App of theirs.
func (s *sites) own(name string) {
	u := &users{password: "site-password"}
	c := run(s.t, owncast.WithBaseURL("https://"+name+"/live"), owncast.WithAuthenticator(u))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", u.form)
	mux.HandleFunc("POST /login", u.signIn)
	mux.HandleFunc("GET /logout", u.signOut)
	mux.Handle("/live/", c.app.Handler())
	s.Serve(name, mux)
}

// users are those of a site: alice administers, mo moderates, and everybody
// chats. A session is its user's name here, which it must not be elsewhere.
type users struct{ password string }

func (u *users) AuthenticateChat(r *http.Request) (owncast.User, error) {
	c, err := r.Cookie("session")
	if err != nil || c.Value == "" {
		return owncast.User{}, owncast.ErrUnauthorized
	}
	roles := map[string]repository.Role{"alice": repository.RoleAdmin, "mo": repository.RoleModerator}
	return owncast.User{ID: "site:" + c.Value, DisplayName: c.Value, Role: roles[c.Value]}, nil
}

func (u *users) Authenticate(r *http.Request) (owncast.User, error) { return u.AuthenticateChat(r) }

// Challenge sends people to the form, and back.
func (u *users) Challenge(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/login?return="+url.QueryEscape(r.RequestURI), http.StatusFound)
}

func (u *users) form(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, `<!doctype html><html lang="en"><title>The site</title><main><h1>Sign in to the site</h1>
		<form method="post"><label>Name <input name="user"></label> <label>Password <input name="password" type="password"></label> <button>Sign in</button></form></main>`)
}

func (u *users) signIn(w http.ResponseWriter, r *http.Request) {
	if r.PostFormValue("password") != u.password {
		u.form(w, r)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "session", Value: r.PostFormValue("user"), Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
	to := "/live/"
	if back, err := url.Parse(r.URL.Query().Get("return")); err == nil && back.Host == "" && strings.HasPrefix(back.Path, "/live/") {
		to = back.RequestURI()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (u *users) signOut(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: "session", Path: "/", MaxAge: -1})
	http.Redirect(w, r, "/live/", http.StatusSeeOther)
}

// thisMachine is a resolver by which every name is here.
func thisMachine() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go answerNames(server) // ends with the connection
		return client, nil
	}}
}

// answerNames speaks DNS over a stream.
func answerNames(c net.Conn) {
	defer c.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, query); err != nil {
			return
		}
		var m dnsmessage.Message
		if err := m.Unpack(query); err != nil || len(m.Questions) == 0 {
			return
		}
		m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
		if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
				Body:   &dnsmessage.AResource{A: netip.MustParseAddr("127.0.0.1").As4()},
			}}
		}
		reply, err := m.Pack()
		if err != nil {
			return
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
			return
		}
	}
}
