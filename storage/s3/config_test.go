package s3_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/s3"
)

// good is a Config that New takes.
func good() s3.Config {
	return s3.Config{Endpoint: "http://127.0.0.1:1", Bucket: "live", PathStyle: true, AccessKey: testKey, Secret: testSecret, Attempts: 1}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for name, change := range map[string]func(*s3.Config){
		"no bucket":              func(c *s3.Config) { c.Bucket = "" },
		"a path for a bucket":    func(c *s3.Config) { c.Bucket = "a/../b" },
		"dots for a bucket":      func(c *s3.Config) { c.Bucket = "a..b" },
		"no key":                 func(c *s3.Config) { c.AccessKey = "" },
		"no secret":              func(c *s3.Config) { c.Secret = "" },
		"a host for an endpoint": func(c *s3.Config) { c.Endpoint = "s3.example.org" },
		"another scheme":         func(c *s3.Config) { c.Endpoint = "ftp://s3.example.org" },
		"a password in it":       func(c *s3.Config) { c.Endpoint = "https://me:" + testSecret + "@s3.example.org" },
		"nonsense":               func(c *s3.Config) { c.Endpoint = "https://" + testSecret + "\x7f" },
		"a query":                func(c *s3.Config) { c.PublicURL = "https://cdn.example.org/?a=b" },
		"a prefix that leads up": func(c *s3.Config) { c.Prefix = "../a" },
		"for ever":               func(c *s3.Config) { c.Presign = 8 * 24 * time.Hour },
		"for no time":            func(c *s3.Config) { c.Presign = time.Millisecond },
		"two ways":               func(c *s3.Config) { c.Presign, c.PublicURL = time.Hour, "https://cdn.example.org" },
		"a negative timeout":     func(c *s3.Config) { c.Timeout = -1 },
		"negative attempts":      func(c *s3.Config) { c.Attempts = -1 },
	} {
		c := good()
		change(&c)
		s, err := s3.New(c)
		if err == nil || s != nil {
			t.Errorf("%s: New = %v, %v", name, s, err)
		} else if strings.Contains(err.Error(), testSecret) {
			t.Errorf("%s: the error shows the secret: %v", name, err)
		}
	}
	var c s3.Config
	if _, err := s3.New(c); err == nil || !strings.Contains(err.Error(), "bucket") || !strings.Contains(err.Error(), "access key") {
		t.Errorf("New of nothing = %v, want all that is missing", err)
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	c := good()
	s := open(t, c)
	var text bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&text, nil))
	logger.Info("configured", "config", c, "store", s)
	for _, v := range []any{c, &c, s, []any{c, s}, map[string]any{"s3": c}} {
		fmt.Fprintf(&text, "%v %+v %#v %s\n", v, v, v, v)
	}
	fmt.Fprint(&text, s.Probe(t.Context()))
	if strings.Contains(text.String(), testSecret) {
		t.Errorf("the secret is in %s", text.String())
	}
	if !strings.Contains(s.String(), "live") || !strings.Contains(s.String(), "127.0.0.1") {
		t.Errorf("%q does not say where the objects are", s)
	}
}

func TestObjectsAreFoundBelowThePublicURL(t *testing.T) {
	for _, tt := range []struct{ base, prefix, key, want string }{
		{"https://cdn.example.org", "", "hls/0/a.m4s", "https://cdn.example.org/hls/0/a.m4s"},
		{"https://cdn.example.org/live/", "/x y/", "hls/a b+c.m4s", "https://cdn.example.org/live/x%20y/hls/a%20b%2Bc.m4s"},
		{"http://[::1]:8080/a%2Fb", "", "%2e%2e/ü?#", "http://[::1]:8080/a%2Fb/%252e%252e/%C3%BC%3F%23"},
	} {
		c := good()
		c.PublicURL, c.Prefix = tt.base, tt.prefix
		u, expires, err := open(t, c).RedirectURL(t.Context(), tt.key)
		if err != nil || u.String() != tt.want || !expires.IsZero() {
			t.Errorf("%q below %q and %q: %v, %v, %v; want %s", tt.key, tt.base, tt.prefix, u, expires, err, tt.want)
		}
	}
	if _, _, err := open(t, good()).RedirectURL(t.Context(), "a"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("RedirectURL without a URL = %v, want errors.ErrUnsupported", err)
	}
	c := good()
	c.PublicURL = "https://cdn.example.org"
	if _, _, err := open(t, c).RedirectURL(t.Context(), "../a"); err == nil {
		t.Error("RedirectURL of an invalid key = nil")
	}
}

func TestPresignedURLsNeedNoKey(t *testing.T) {
	g := startGateway(t)
	c := g.config(t)
	c.Presign, c.Prefix = time.Minute, "some where"
	s := open(t, c)
	put(t, s, "a b+c.txt", "hello")
	u, expires, err := s.RedirectURL(t.Context(), "a b+c.txt")
	if err != nil {
		t.Fatal(err)
	}
	if d := time.Until(expires); d <= 0 || d > time.Minute {
		t.Errorf("good for %v", d)
	}
	if strings.Contains(u.String(), url.QueryEscape(testSecret)) || strings.Contains(u.String(), testSecret) {
		t.Errorf("%s has the secret", u)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, tt := range []struct {
		name   string
		url    string
		status int
	}{
		{"signed", u.String(), http.StatusOK},
		{"not signed", u.Scheme + "://" + u.Host + u.EscapedPath(), http.StatusForbidden},
	} {
		resp, err := client.Get(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != tt.status || tt.status == http.StatusOK && string(b) != "hello" {
			t.Errorf("%s: %d %q", tt.name, resp.StatusCode, b)
		}
	}
}

func TestProbeSaysWhatToDo(t *testing.T) {
	g := startGateway(t)
	p := newProxy(t, g.url)
	hour := time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + plain.Addr().String()
	plain.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	for name, tt := range map[string]struct {
		change func(*s3.Config)
		fault  fault
		op     string
		hint   string
	}{
		"no bucket":       {func(c *s3.Config) { c.Bucket = "not-there" }, nil, "write", `no bucket "not-there"`},
		"wrong secret":    {func(c *s3.Config) { c.Secret = "wrong" }, nil, "write", "secret does not belong"},
		"unknown key":     {func(c *s3.Config) { c.AccessKey = "nobody" }, nil, "write", "access key"},
		"nobody there":    {func(c *s3.Config) { c.Endpoint = refused }, nil, "write", "cannot be reached"},
		"unknown name":    {func(c *s3.Config) { c.Endpoint = "http://nobody.invalid" }, nil, "write", "not known"},
		"own certificate": {func(c *s3.Config) { c.Endpoint = secure.URL }, nil, "write", "certificate"},
		"no TLS":          {func(c *s3.Config) { c.Endpoint = strings.Replace(p.url, "http:", "https:", 1) }, nil, "write", "http://"},
		"no answer":       {func(c *s3.Config) { c.Timeout = 200 * time.Millisecond }, late(time.Minute), "write", "does not answer"},
		"clock":           {nil, answer(http.StatusForbidden, "RequestTimeTooSkewed", "Date", hour), "write", "differ by 1h"},
		"another region":  {nil, answer(http.StatusMovedPermanently, "PermanentRedirect", "X-Amz-Bucket-Region", "eu-west-9"), "write", `region "eu-west-9"`},
		"no ACLs":         {nil, on(method(http.MethodPut), answer(http.StatusBadRequest, "AccessControlListNotSupported")), "write", "leave ACL empty"},
		"full":            {nil, on(method(http.MethodPut), answer(http.StatusInsufficientStorage, "")), "write", "full"},
		"may not write":   {nil, on(method(http.MethodPut), answer(http.StatusForbidden, "AccessDenied")), "write", "s3:PutObject"},
		"may not read":    {nil, on(method(http.MethodHead), answer(http.StatusForbidden, "")), "write", "s3:"},
		"may not get":     {nil, on(isObjectGet, answer(http.StatusForbidden, "AccessDenied")), "read", "s3:GetObject"},
		"may not list":    {nil, on(method(http.MethodGet, "list-type"), answer(http.StatusForbidden, "AccessDenied")), "list", "s3:ListBucket"},
		"may not delete":  {nil, on(method(http.MethodDelete), answer(http.StatusForbidden, "AccessDenied")), "delete", "s3:DeleteObject"},
		"a web server": {nil, func(w http.ResponseWriter, r *http.Request) bool {
			io.Copy(io.Discard, r.Body)
			io.WriteString(w, "<html>hello</html>")
			return true
		}, "write", "no S3 server"},
		"it keeps nothing":  {nil, on(method(http.MethodPut), lie), "write", "does not keep"},
		"everything is new": {nil, nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := g.config(t)
			c.Endpoint, c.Attempts = p.url, 1
			if tt.change != nil {
				tt.change(&c)
			}
			if tt.fault != nil {
				p.set(tt.fault)
				defer p.heal()
			}
			err := open(t, c).Probe(t.Context())
			if tt.op == "" {
				if err != nil || len(g.files(t, c.Bucket)) != 0 {
					t.Errorf("Probe = %v and left %q", err, g.files(t, c.Bucket))
				}
				return
			}
			var pe *s3.ProbeError
			if !errors.As(err, &pe) || pe.Op != tt.op || !strings.Contains(pe.Hint, tt.hint) || !strings.Contains(err.Error(), tt.hint) {
				t.Errorf("Probe = %v\nwant that it cannot %s, with %q", err, tt.op, tt.hint)
			}
			if strings.Contains(fmt.Sprint(err), testSecret) {
				t.Error("the error shows the secret")
			}
		})
	}
}

func isObjectGet(r *http.Request) bool {
	return r.Method == http.MethodGet && !r.URL.Query().Has("list-type")
}

// A server that does not look at the prefix must not make us delete what it
// lists.
func TestAListOfOtherThingsIsNotTakenForOurs(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><IsTruncated>false</IsTruncated>`)
		for _, k := range []string{"a.ts", "mine/hls/0/1.m4s", "mine/hls/0/", "mine//x", "mine/../x", "mine/.tmp-x", "mines/hls/0/1.m4s", "mine/pictures/1.jpg"} {
			fmt.Fprintf(w, "<Contents><Key>%s</Key><Size>1</Size></Contents>", k)
		}
		io.WriteString(w, "</ListBucketResult>")
	}))
	defer server.Close()
	c := good()
	c.Endpoint, c.Prefix = server.URL, "mine"
	if got := keys(t, open(t, c), "hls/"); len(got) != 1 || got[0] != "hls/0/1.m4s" {
		t.Errorf("List yields %q", got)
	}
}

func TestStoreIsWhatItSays(t *testing.T) {
	s := open(t, good())
	if _, ok := storage.As[storage.BatchDeleter](s); !ok {
		t.Error("no BatchDeleter")
	}
	if err := s.DeleteBatch(t.Context(), nil); err != nil || s.Stats() != (s3.Stats{}) {
		t.Errorf("deleting nothing = %v, %+v", err, s.Stats())
	}
}
