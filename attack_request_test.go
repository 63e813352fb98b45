package owncast_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/internal/httpapi"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/video/recording"
)

// TestAttackByGuessing guesses all at once, and says each time to be somebody
// else. The queue of the one address fills, and the rest is not looked at.
func TestAttackByGuessing(t *testing.T) {
	const page, asForm = "Sec-Fetch-Mode", "application/x-www-form-urlencoded"
	for name, guess := range map[string]struct {
		method, path, body string
		header             []string
	}{
		"a password":                  {"POST", "/api/admin/login", `{"password":"guess"}`, []string{"Content-Type", asJSON}},
		"a password with every route": {"GET", "/api/admin/status", "", []string{"Authorization", "Basic YWRtaW46Z3Vlc3M="}},
		"a name and a password":       {"GET", "/api/admin/status", "", []string{"Authorization", "Basic cm9vdDpw"}}, // the password is right
		"a passphrase":                {"POST", "/viewer/login", "passphrase=guess", []string{"Content-Type", asForm, page, "navigate"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := run(t, owncast.WithAdminPassword("p"), owncast.WithViewerPassphrase("x"), owncast.WithTrustedProxies(netip.MustParsePrefix("10.0.0.0/8")))
			c.guess(guess.method, guess.path, guess.body, guess.header...)
		})
	}
}

// guess sends a guess from 40 pretended addresses, and gives up those that have to
// wait when most have been refused.
func (c *channel) guess(method, path, body string, header ...string) {
	t := c.t
	var wg sync.WaitGroup
	var refused, wrong, in atomic.Int32
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	start := time.Now()
	for i := range 40 {
		wg.Go(func() {
			r, err := http.NewRequestWithContext(ctx, method, c.web.URL+path, strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			for i := 0; i < len(header); i += 2 {
				r.Header.Set(header[i], header[i+1])
			}
			r.Header.Set("X-Forwarded-For", netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}).String())
			res, err := c.web.Client().Do(r)
			if err != nil {
				return // given up
			}
			defer res.Body.Close()
			switch res.StatusCode {
			case 401:
				wrong.Add(1)
			case 429:
				if refused.Add(1) == 25 {
					cancel()
				}
				if res.Header.Get("Retry-After") == "" {
					t.Error("429 without Retry-After")
				}
			default:
				in.Add(1)
			}
		})
	}
	wg.Wait()
	// Five are free, three more in the first seven seconds, then one in eight.
	most := 8 + int32(time.Since(start)/(8*time.Second))
	if in.Load() != 0 || refused.Load() < 25 || wrong.Load() > most {
		t.Errorf("of 40 guesses %d were checked, %d refused, %d let in", wrong.Load(), refused.Load(), in.Load())
	}
}

// TestAttacksByHeader has requests say that they are of somebody else, from
// somewhere else or for something else.
func TestAttacksByHeader(t *testing.T) {
	repo := memory.New()
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithRepository(repo))
	for name, header := range map[string][]string{
		"a user of a proxy":         {"X-Forwarded-User", "admin"},
		"a user of another proxy":   {"X-Remote-User", "admin"},
		"a user of a third":         {"Remote-User", "admin"},
		"this machine":              {"X-Forwarded-For", "127.0.0.1"},
		"this machine, by another":  {"X-Real-IP", "127.0.0.1"},
		"this machine, by RFC 7239": {"Forwarded", "for=127.0.0.1;proto=https"},
		"another path":              {"X-Original-URL", "/api/status"},
		"another path again":        {"X-Rewrite-URL", "/api/status"},
		"another method":            {"X-HTTP-Method-Override", "GET"},
		"another host":              {"Host", "localhost"},
		"no credentials":            {"Authorization", "Basic"},
		"long credentials":          {"Authorization", "Basic " + strings.Repeat("A", 1<<10)},
		"nobody":                    {"Authorization", "Basic OnA="},     // with the password
		"somebody else":             {"Authorization", "Basic cm9vdDpw"}, // with the password
		"the password for a token":  {"Authorization", "Bearer p"},
		"the password for a cookie": {"Cookie", "owncast_admin_session=; owncast_admin_session=p"},
	} {
		t.Run(name, func(t *testing.T) {
			if code, body := c.ask("GET", "/api/admin/status", "", "", header...); code != 401 || !isError(body) {
				t.Errorf("%d %s", code, body)
			}
		})
	}
	for name, header := range map[string][]string{
		"X-Forwarded-For":   {"X-Forwarded-For", "203.0.113.9"},
		"several addresses": {"X-Forwarded-For", "203.0.113.9, 127.0.0.1"},
		"X-Real-IP":         {"X-Real-IP", "203.0.113.9"},
		"Forwarded":         {"Forwarded", "for=203.0.113.9"},
		"a CDN's":           {"CF-Connecting-IP", "203.0.113.9"},
		"another CDN's":     {"True-Client-IP", "203.0.113.9"},
	} {
		t.Run("the address in "+name, func(t *testing.T) {
			if code, _ := c.ask("POST", "/api/admin/disconnect", "p", "", header...); code != 400 {
				t.Errorf("%d", code)
			}
			records, err := repo.Audit.AuditRecords(t.Context(), repository.AuditQuery{Limit: 1})
			if err != nil || len(records) != 1 || records[0].Detail != "400 from 127.0.0.1" {
				t.Errorf("the audit has %+v, %v", records, err)
			}
		})
	}
	for name, header := range map[string][]string{"X-Forwarded-Proto": {"X-Forwarded-Proto", "https"}, "Forwarded": {"Forwarded", "proto=https"}} {
		t.Run("TLS in "+name, func(t *testing.T) {
			if cookie := c.login("p", header...); cookie.Secure {
				t.Errorf("cookie %s", cookie)
			}
		})
	}
	t.Run("a host for links", func(t *testing.T) {
		for _, path := range []string{"/", "/api/config", "/api/yp", "/hls", "/hls/", "/public", "/admin", "/embed/video"} {
			_, h, body := c.exchange("GET", path, "", "", "X-Forwarded-Host", "evil.example", "X-Forwarded-Prefix", "/evil.example", "Forwarded", "host=evil.example")
			if strings.Contains(body+jsonText(h), "evil.example") {
				t.Errorf("%s: %v %.300s", path, h, body)
			}
		}
	})
}

func TestAttacksBySize(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithViewerPassphrase("x"))
	for name, tt := range map[string]struct {
		request string
		codes   string
	}{
		"a header":                 {"GET /api/status HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 2<<20) + "\r\n\r\n", "431"},
		"cookies":                  {"GET /api/status HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("owncast_viewer=.; ", 40_000) + "\r\n\r\n", "401"},
		"a password":               {"POST /api/admin/login HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n{\"password\":\"" + strings.Repeat("x", 9000), "413"},
		"a passphrase":             {"POST /viewer/login HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\npassphrase=" + strings.Repeat("x", 9000), "413"},
		"deep JSON":                {"POST /api/admin/login HTTP/1.1\r\nHost: x\r\nContent-Length: 8000\r\n\r\n" + strings.Repeat("[", 8000), "400"},
		"a long path":              {"GET /" + strings.Repeat("x", 1<<19) + " HTTP/1.1\r\nHost: x\r\n\r\n", "401"},
		"two ways to say how long": {"POST /api/admin/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: xchunked\r\n\r\n{}xxx", "501"},
		"two hosts":                {"GET /api/status HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
		"a length twice":           {"POST /api/admin/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", "400"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", c.web.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(patience))
			go func() { _, _ = io.Copy(conn, strings.NewReader(tt.request)) }() // ends with the connection
			answer := make([]byte, 64)
			n, err := io.ReadFull(conn, answer)
			if err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 "+tt.codes)) {
				t.Errorf("%q %v, want %s", answer[:n], err, tt.codes)
			}
		})
	}
}

// TestAttacksByJSON sends to every route that reads a body what takes long to
// read, and what is read in more than one way.
func TestAttacksByJSON(t *testing.T) {
	c := run(t, someUsers(), owncast.WithRecording(recording.Policy{}))
	keys := c.keys()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(`{"value":"` + strings.Repeat("x", 1<<20) + `"}`)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, attack := range map[string]struct {
		body   func(most int) string
		header []string
	}{
		"deep arrays":          {func(most int) string { return strings.Repeat("[", most) }, nil},
		"deep arrays, closed":  {func(most int) string { return strings.Repeat("[", most/2) + strings.Repeat("]", most/2) }, nil},
		"deep objects":         {func(most int) string { return strings.Repeat(`{"value":`, most/9) }, nil},
		"deep in a field":      {func(most int) string { return `{"value":` + strings.Repeat("[", min(most-9, 1<<16)) }, nil},
		"a number without end": {func(most int) string { return `{"value":` + strings.Repeat("9", min(most-10, 1<<16)) + "}" }, nil},
		"a number too large":   {func(int) string { return `{"value":1e999}` }, nil},
		"two documents":        {func(int) string { return `{}{}` }, nil},
		"something behind it":  {func(int) string { return `{} x` }, nil},
		"another encoding":     {func(int) string { return "\xff\xfe{\x00}\x00" }, nil},
		"a mark before it":     {func(int) string { return "\xef\xbb\xbf{}" }, nil},
		"no object":            {func(int) string { return `[]` }, nil},
		"null":                 {func(int) string { return `null` }, nil},
		"compressed":           {func(int) string { return packed.String() }, []string{"Content-Encoding", "gzip"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, rt := range httpapi.Routes() {
				if rt.MaxBody == 0 {
					continue
				}
				header := append(append([]string{"Content-Type", asJSON}, keys.to(rt)...), attack.header...)
				sent := attack.body(int(rt.MaxBody))
				if rt.Path == "/api/chat/register" { // which needs no field, and has another one
					sent = strings.ReplaceAll(sent, `"value"`, `"displayName"`)
					if len(sent) > int(rt.MaxBody) || sent == "null" {
						continue
					}
				}
				code, body := c.ask(rt.Method, concrete(rt), "", sent, header...)
				if code < 400 || code >= 500 || !isError(body) && !strings.Contains(body, `"success":false`) || len(body) > 500 {
					t.Errorf("%s %s: %d %.300s", rt.Method, rt.Path, code, body)
				}
			}
		})
	}
}
