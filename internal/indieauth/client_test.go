package indieauth_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/indieauth"
	"github.com/owncast-go/owncast/internal/testweb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// back is how a browser comes back that has done everything right.
func back(s indieauth.Started, code, issuer string) indieauth.Callback {
	return indieauth.Callback{State: s.State, Code: code, Issuer: issuer, Browser: s.Browser}
}

// refusal returns what people are told of an error.
func refusal(t *testing.T, err error) string {
	t.Helper()
	refused := new(indieauth.RefusedError)
	if !errors.As(err, &refused) {
		t.Errorf("%v is no refusal", err)
		return ""
	}
	return refused.Text
}

func TestASiteIsProved(t *testing.T) {
	web := testweb.New(t, "me.test", "other.test", "elsewhere.test")
	s := serve(t, web, "me.test")
	c := newClient(t, web)
	for name, tt := range map[string]struct {
		typed  string
		page   http.HandlerFunc
		meta   bool
		issuer string
		me     string // of the answer
		want   string
	}{
		"without a scheme":    {typed: " me.test "},
		"in capitals":         {typed: "HTTPS://ME.Test"},
		"with the usual port": {typed: "https://me.test:443/"},
		"me without a path":   {typed: "me.test", me: "https://me.test"},
		"by a Link header": {typed: "me.test", page: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Link", `</auth?x="y">; rel="other", </auth?keep=1>; title="a, b; c\""; REL=authorization_endpoint; rel=x`)
			html(`<link rel="authorization_endpoint" href="https://elsewhere.test/auth">`)(w, r)
		}},
		"the first link counts": {typed: "me.test", page: html(`<!-- <link rel=authorization_endpoint href="https://elsewhere.test/a"> -->
			<script>"<link rel=authorization_endpoint href='https://elsewhere.test/b'>"</script><a rel=authorization_endpoint href="https://elsewhere.test/c">x</a>
			<LINK REL='x
			AUTHORIZATION_ENDPOINT' HREF="/auth?keep=1"><link rel="authorization_endpoint" href="https://elsewhere.test/auth">`)},
		"relative to a base": {typed: "me.test", page: html(`<base href="https://me.test/a/b/"><link rel=authorization_endpoint href="../../auth?keep=1">`)},
		"by metadata":        {typed: "me.test", meta: true, issuer: "https://me.test/"},
		"a page of the site": {typed: "me.test", me: "https://me.test/ann", page: html(`<link rel=authorization_endpoint href="/auth?keep=1">`), want: "https://me.test/"},
	} {
		t.Run(name, func(t *testing.T) {
			s.mu.Lock()
			s.t, s.metadata, s.me, s.page = t, nil, "https://me.test/", html(`<link rel="authorization_endpoint" href="/auth?keep=1">`)
			if tt.me != "" {
				s.me = tt.me
			}
			if tt.page != nil {
				s.page = tt.page
			}
			s.mu.Unlock()
			if tt.meta {
				s.withMetadata(nil)
			}
			st, err := c.Begin(t.Context(), start(tt.typed))
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(st.Redirect)
			q := u.Query()
			if err != nil || u.Host != "me.test" || u.Path != "/auth" || !tt.meta && q.Get("keep") != "1" || q.Get("me") != "https://me.test/" ||
				q.Get("client_id") != "https://ours.test/" || q.Get("redirect_uri") != "https://ours.test/back" || q.Get("response_type") != "code" ||
				len(q.Get("code_challenge")) != 43 || q.Get("state") != st.State {
				t.Fatalf("%s, %v", st.Redirect, err)
			}
			code, _ := s.approve(st.Redirect)
			if tt.me == "https://me.test/ann" {
				// It names nobody who may speak for it.
				if _, err := c.Finish(t.Context(), back(st, code, tt.issuer)); err == nil {
					t.Error("accepted")
				}
				return
			}
			p, err := c.Finish(t.Context(), back(st, code, tt.issuer))
			if err != nil || p.Profile != "https://me.test/" || p.Token != "t" {
				t.Errorf("%+v, %v", p, err)
			}
			if _, err := c.Finish(t.Context(), back(st, code, tt.issuer)); refusal(t, err) != "it was not begun here, or took too long" {
				t.Errorf("again: %v", err)
			}
		})
	}
}

// TestAProviderSpeaksForItsSitesAlone is section 5.4: what a provider says
// holds for the URL that was asked for, for those that it was redirected to,
// and for those that name the same provider.
func TestAProviderSpeaksForItsSitesAlone(t *testing.T) {
	web := testweb.New(t, "me.test", "old.test", "friend.test", "victim.test", "provider.test")
	provider := serve(t, web, "provider.test")
	named := html(`<link rel="authorization_endpoint" href="https://provider.test/auth">`)
	for _, name := range []string{"me.test", "friend.test"} {
		serve(t, web, name).page = named
	}
	old := serve(t, web, "old.test")
	old.page = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://me.test/", http.StatusFound)
	}
	victim := serve(t, web, "victim.test")
	c := newClient(t, web)
	for _, tt := range []struct {
		typed, me, want string
	}{
		{"me.test", "https://me.test/", "https://me.test/"},
		{"me.test", "https://friend.test", "https://friend.test/"},
		{"old.test", "https://me.test/", "https://me.test/"},
		{"old.test", "https://old.test/", "https://old.test/"},
		{"me.test", "https://victim.test/", ""},
		{"me.test", "https://unknown.test/", ""},
		{"me.test", "http://me.test/", ""},
		{"me.test", "https://me.test:8443/", ""},
		{"me.test", "https://127.0.0.1/", ""},
		{"me.test", "https://localhost/", ""},
		{"me.test", "me.test", ""},
		{"me.test", "", ""},
	} {
		t.Run(tt.typed+" as "+tt.me, func(t *testing.T) {
			provider.mu.Lock()
			provider.me = tt.me
			provider.mu.Unlock()
			st, err := c.Begin(t.Context(), start(tt.typed))
			if err != nil {
				t.Fatal(err)
			}
			code, _ := provider.approve(st.Redirect)
			p, err := c.Finish(t.Context(), back(st, code, ""))
			if tt.want == "" {
				refusal(t, err)
			} else if err != nil || p.Profile != tt.want {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
	if victim.requests() != 1 {
		t.Errorf("the victim was asked %d times", victim.requests())
	}
}

// TestSignInsThatAreAttacked has the answers that must prove nothing.
func TestSignInsThatAreAttacked(t *testing.T) {
	web := testweb.New(t, "me.test", "evil.test")
	honest := serve(t, web, "me.test").withMetadata(nil)
	evil := serve(t, web, "evil.test")
	c := newClient(t, web)
	begun := 0
	begin := func(t *testing.T, typed string) indieauth.Started {
		t.Helper()
		begun++
		st, err := c.Begin(t.Context(), withUser(start(typed), fmt.Sprint(begun)))
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	fails := func(t *testing.T, cb indieauth.Callback, want string) {
		t.Helper()
		if p, err := c.Finish(t.Context(), cb); refusal(t, err) != want || p.Profile != "" && want == "" {
			t.Errorf("%+v, %v; want %q", p, err, want)
		}
	}
	const notHere, otherBrowser, otherIssuer = "it was not begun here, or took too long", "it was begun in another browser", "the answer is not of the place where you were to sign in"
	t.Run("a state that was never begun", func(t *testing.T) {
		fails(t, indieauth.Callback{State: "x", Code: "y"}, notHere)
		fails(t, indieauth.Callback{}, notHere)
	})
	t.Run("another browser", func(t *testing.T) {
		st := begin(t, "me.test")
		code, _ := honest.approve(st.Redirect)
		cb := back(st, code, "https://me.test/")
		cb.Browser = begin(t, "me.test").Browser
		fails(t, cb, otherBrowser)
		fails(t, back(st, code, "https://me.test/"), notHere) // it is over
	})
	t.Run("no browser", func(t *testing.T) {
		st := begin(t, "me.test")
		code, _ := honest.approve(st.Redirect)
		fails(t, indieauth.Callback{State: st.State, Code: code, Issuer: "https://me.test/"}, otherBrowser)
	})
	t.Run("mix-up: a code of one provider for another", func(t *testing.T) {
		// The victim begins at evil.test, which sends it on to me.test; the code
		// must not reach evil.test.
		st := begin(t, "evil.test")
		before := evil.requests()
		code, _ := honest.approve(st.Redirect)
		fails(t, back(st, code, "https://me.test/"), otherIssuer)
		if evil.requests() != before {
			t.Error("the code went to the other provider")
		}
	})
	t.Run("mix-up with metadata", func(t *testing.T) {
		evil.withMetadata(nil)
		defer func() {
			evil.mu.Lock()
			evil.metadata, evil.page = nil, html(`<link rel="authorization_endpoint" href="/auth">`)
			evil.mu.Unlock()
		}()
		st := begin(t, "evil.test")
		fails(t, back(st, "c", "https://me.test/"), otherIssuer)
	})
	t.Run("an issuer that is a little different", func(t *testing.T) {
		for _, iss := range []string{"https://me.test", "https://ME.test/", "https://me.test/.", "https://me.test.evil.test/", ""} {
			st := begin(t, "me.test")
			code, _ := honest.approve(st.Redirect)
			fails(t, back(st, code, iss), otherIssuer)
		}
	})
	t.Run("a code for another sign-in", func(t *testing.T) {
		one, other := begin(t, "me.test"), begin(t, "me.test")
		code, _ := honest.approve(one.Redirect)
		fails(t, back(other, code, "https://me.test/"), "the place where you were to sign in does not answer as it should")
	})
	t.Run("denied, failed, nothing", func(t *testing.T) {
		for _, tt := range []struct{ code, err, want string }{
			{"", "access_denied", "you have not allowed it"},
			{"c", "server_error", "the place where you were to sign in has refused"},
			{"", "", "the place where you were to sign in has sent no code"},
			{strings.Repeat("x", 4000), "", "the place where you were to sign in has sent no code"},
		} {
			st := begin(t, "me.test")
			cb := back(st, tt.code, "https://me.test/")
			cb.Error = tt.err
			fails(t, cb, tt.want)
		}
	})
	t.Run("answers to the code", func(t *testing.T) {
		for name, tt := range map[string]struct {
			status int
			body   any
		}{
			"error with 200":   {200, map[string]string{"error": "invalid_client", "me": "https://me.test/"}},
			"me with 400":      {400, map[string]string{"me": "https://me.test/"}},
			"no me":            {200, map[string]string{}},
			"me is no text":    {200, map[string]int{"me": 1}},
			"a list":           {200, []string{"https://me.test/"}},
			"too large":        {200, map[string]string{"x": strings.Repeat("x", indieauth.MaxDocument), "me": "https://me.test/"}},
			"someone's secret": {200, map[string]string{"me": "https://user:pass@me.test/"}},
		} {
			honest.mu.Lock()
			honest.answer = func() (int, any) { return tt.status, tt.body }
			honest.mu.Unlock()
			st := begin(t, "me.test")
			code, _ := honest.approve(st.Redirect)
			if p, err := c.Finish(t.Context(), back(st, code, "https://me.test/")); err == nil {
				t.Errorf("%s: %+v", name, p)
			}
		}
		honest.mu.Lock()
		honest.answer = nil
		honest.mu.Unlock()
	})
}

func TestSitesThatCannotBeUsed(t *testing.T) {
	web := testweb.New(t, "me.test", "private.test", "two.test", "metadata.test")
	s := serve(t, web, "me.test")
	reached := 0
	inner := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	inner.StartTLS()
	defer inner.Close()
	c := newClient(t, web)

	const https, host, unread = "only servers secured with https are supported", "unable to use provided host", "the site cannot be read"
	const nowhere, untrusted = "the site does not say where to sign in: it does not support IndieAuth", "the place to sign in that the site names cannot be trusted"
	before := s.requests()
	for typed, want := range map[string]string{
		"http://me.test/":                https,
		"ftp://me.test/":                 https,
		"javascript://me.test/":          https,
		"":                               host,
		"https://":                       host,
		"https:///x":                     host,
		"localhost":                      host,
		"https://intranet/":              host,
		"printer.local":                  host,
		"a.localhost":                    host,
		"db.internal":                    host,
		"127.0.0.1":                      host,
		"https://[::1]/":                 host,
		"https://[::ffff:127.0.0.1]/":    host,
		"https://169.254.169.254/latest": host,
		"https://2130706433/":            host,
		"https://0x7f.1/":                host,
		"https://0177.0.0.1/":            host,
		"https://127.1/":                 host,
		"https://me.test:8443/":          host,
		"https://me.test:/":              host,
		"https://me.test@evil.test/":     host,
		"https://u:p@me.test/":           host,
		"https://me.test/#me":            host,
		"https://me.test/a/../b":         host,
		"https://me.test/%2e%2e/b":       host,
		"https://me.test/a b":            host,
		"https://me.test\\@evil.test/":   host,
		"https://℀.test/":                host,
		"https://１２７.０.０.１/":             host,
		"https://127。0。0。1/":             host,
		"ｌｏｃａｌｈｏｓｔ":                      host,
		"ü.localhost":                    host,
		"https://-me.test/":              host,
		"https://me..test/":              host,
		"https://me.test./":              host,
		"https://" + strings.Repeat("a", 64) + ".test/": host,
		"https://me.test/" + strings.Repeat("a", 2000):  host,
		"https://me.test/\r\nHost: evil.test":           host,
		"unknown-name.test":                             unread,
		"https://me.test/nothing":                       unread,
	} {
		if _, err := c.Begin(t.Context(), withUser(start(typed), typed)); refusal(t, err) != want {
			t.Errorf("%q: %v, want %q", typed, err, want)
		}
	}
	if n := s.requests() - before; n != 1 {
		t.Errorf("%d requests, want that of the last alone", n)
	}

	link := func(href string) http.HandlerFunc {
		return html(`<link rel="authorization_endpoint" href="` + href + `">`)
	}
	for name, tt := range map[string]struct {
		page http.HandlerFunc
		want string
	}{
		"no link":       {html("<p>hello"), nowhere},
		"an empty link": {link(""), nowhere},
		"a link in text": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprint(w, `<link rel=authorization_endpoint href=/auth>`)
		}, nowhere},
		"an endpoint by http":      {link("http://me.test/auth"), https},
		"a script":                 {link("javascript:alert(1)"), https},
		"data":                     {link("data:text/html,x"), https},
		"an endpoint at home":      {link("https://localhost/auth"), host},
		"an endpoint by address":   {link("https://10.0.0.1/auth"), host},
		"metadata of the cloud":    {html(`<link rel="indieauth-metadata" href="https://169.254.169.254/latest">`), host},
		"metadata by http":         {html(`<link rel="indieauth-metadata" href="http://me.test/meta">`), https},
		"redirected home":          {redirect("https://127.0.0.2/"), host},
		"redirected to http":       {redirect("http://me.test/"), https},
		"redirected to the cloud":  {redirect("https://169.254.169.254/"), host},
		"redirected to a file":     {redirect("file:///etc/passwd"), https},
		"redirected for ever":      {redirect("/"), unread},
		"too large without a link": {html("<p>" + strings.Repeat("a<b>", indieauth.MaxDocument/3) + `<link rel=authorization_endpoint href="/auth">`), unread},
		"one huge tag":             {html(`<link x="` + strings.Repeat("a", indieauth.MaxDocument-20) + `" rel=authorization_endpoint href="/auth">`), unread},
		"a bomb":                   {bomb, unread},
		"an error": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			fmt.Fprint(w, `<link rel=authorization_endpoint href=/auth>`)
		}, unread},
	} {
		s.mu.Lock()
		s.page = tt.page
		s.mu.Unlock()
		if st, err := c.Begin(t.Context(), withUser(start("me.test"), name)); refusal(t, err) != tt.want {
			t.Errorf("%s: %+v, %v; want %q", name, st, err, tt.want)
		}
	}
	for name, tt := range map[string]struct {
		change func(map[string]any)
		want   string
	}{
		"no issuer":               {func(m map[string]any) { delete(m, "issuer") }, untrusted},
		"another issuer":          {func(m map[string]any) { m["issuer"] = "https://two.test/" }, untrusted},
		"an issuer below":         {func(m map[string]any) { m["issuer"] = "https://me.test/meta/x" }, untrusted},
		"an issuer like it":       {func(m map[string]any) { m["issuer"] = "https://me.test.two.test/" }, untrusted},
		"an issuer by http":       {func(m map[string]any) { m["issuer"] = "http://me.test/" }, untrusted},
		"an issuer with a query":  {func(m map[string]any) { m["issuer"] = "https://me.test/?x" }, untrusted},
		"PKCE downgraded":         {func(m map[string]any) { m["code_challenge_methods_supported"] = []string{"plain"} }, untrusted},
		"no PKCE":                 {func(m map[string]any) { m["code_challenge_methods_supported"] = []string{} }, untrusted},
		"no endpoint":             {func(m map[string]any) { delete(m, "authorization_endpoint") }, nowhere},
		"an endpoint of no type":  {func(m map[string]any) { m["authorization_endpoint"] = 1 }, unread},
		"a private endpoint":      {func(m map[string]any) { m["authorization_endpoint"] = "https://10.0.0.1/" }, nowhere},
		"metadata that are large": {func(m map[string]any) { m["x"] = strings.Repeat("x", indieauth.MaxDocument) }, unread},
	} {
		s.withMetadata(tt.change)
		if st, err := c.Begin(t.Context(), withUser(start("me.test"), name)); refusal(t, err) != tt.want {
			t.Errorf("%s: %+v, %v; want %q", name, st, err, tt.want)
		}
	}
	if reached > 0 {
		t.Error("a private server was reached")
	}
}

// withUser gives a start another address, so that no limit counts.
func withUser(s indieauth.Start, seed string) indieauth.Start {
	var b [4]byte
	for i, c := range []byte(seed) {
		b[i%4] = b[i%4]*31 + c
	}
	s.Address = netip.AddrFrom4(b)
	return s
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

// bomb is a page that is small until it is unpacked.
func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	block := []byte(strings.Repeat(" ", 1<<20))
	for range 64 {
		_, _ = z.Write(block)
	}
	_ = z.Close()
}

// TestASlowSiteIsNotWaitedFor has a client with less patience.
func TestASlowSiteIsNotWaitedFor(t *testing.T) {
	web := testweb.New(t, "me.test")
	s := serve(t, web, "me.test")
	release := make(chan struct{})
	defer close(release)
	s.page = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<p>")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}
	slow := web.Client(httpx.ClientConfig{Timeout: 50 * time.Millisecond})
	c := indieauth.NewClient(indieauth.ClientConfig{Fetch: slow, Post: slow})
	if _, err := c.Begin(t.Context(), start("me.test")); refusal(t, err) != "the site cannot be read" {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Begin(ctx, start("me.test")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestSignInsAreLimited(t *testing.T) {
	web := testweb.New(t, "me.test")
	serve(t, web, "me.test")
	c := newClient(t, web)
	busy := new(indieauth.BusyError)
	n := 0
	for ; n < 100; n++ {
		if _, err := c.Begin(t.Context(), withUser(start("me.test"), "one")); errors.As(err, &busy) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if n != 20 || busy.RetryAfter <= 0 {
		t.Errorf("%d sign-ins of one address, again in %v", n, busy.RetryAfter)
	}
	// The user's oldest sign-ins make place for new ones.
	var all []indieauth.Started
	for i := range 6 {
		st, err := c.Begin(t.Context(), withUser(start("me.test"), fmt.Sprint("x", i)))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, st)
	}
	if _, err := c.Finish(t.Context(), back(all[0], "", "")); refusal(t, err) != "it was not begun here, or took too long" {
		t.Error(err)
	}
	if _, err := c.Finish(t.Context(), back(all[5], "", "")); refusal(t, err) != "the place where you were to sign in has sent no code" {
		t.Error(err)
	}
}

func TestASignInIsOverAfterTenMinutes(t *testing.T) {
	web := testweb.New(t, "me.test")
	s := serve(t, web, "me.test")
	now := time.Now()
	c := indieauth.NewClient(indieauth.ClientConfig{
		Fetch: web.Client(httpx.ClientConfig{}), Post: web.Client(httpx.ClientConfig{}), Now: func() time.Time { return now },
	})
	for _, tt := range []struct {
		after time.Duration
		ok    bool
	}{{c.Life() - 1, true}, {c.Life(), false}} {
		st, err := c.Begin(t.Context(), start("me.test"))
		if err != nil {
			t.Fatal(err)
		}
		code, _ := s.approve(st.Redirect)
		now = now.Add(tt.after)
		if _, err := c.Finish(t.Context(), back(st, code, "")); (err == nil) != tt.ok {
			t.Errorf("after %v: %v", tt.after, err)
		}
	}
}
