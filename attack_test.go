package owncast_test

import (
	"bytes"
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
)

// TestSecretsAreInNoAnswerAndNoLog plants secrets in everything that takes
// one, uses each in the right and in wrong places, asks every route as
// everybody, and looks for them.
func TestSecretsAreInNoAnswerAndNoLog(t *testing.T) {
	const (
		password   = "planted-admin-password"
		streamKey  = "planted-stream-key"
		passphrase = "planted-passphrase"
		outputKey  = "planted-output-key"
	)
	var logs syncBuffer
	repo := memory.New()
	c := run(t, owncast.WithAdminPassword(password), owncast.WithStreamKeys(streamKey), owncast.WithViewerPassphrase(passphrase),
		owncast.WithViewerLinks(linkKey()), owncast.WithRepository(repo), logTo(&logs))
	cookie := c.login(password)
	session := []string{"Cookie", cookie.Name + "=" + cookie.Value, "Content-Type", asJSON}
	_, body := c.ask("POST", "/api/admin/accesstokens/create", "", `{"name":"n","scopes":["HAS_ADMIN_ACCESS"]}`, session...)
	_, token, _ := strings.Cut(body, `"accessToken":"`)
	token, _, _ = strings.Cut(token, `"`)
	viewer := tokenOf(t, link(t, "/", time.Hour))
	secrets := []string{password, streamKey, passphrase, outputKey, cookie.Value, token, viewer, strings.Repeat("7", 8)}
	if len(token) < 40 {
		t.Fatalf("no token in %s", body)
	}

	var answers strings.Builder
	ask := func(method, path, body string, header ...string) {
		code, h, text := c.exchange(method, path, "", body, header...)
		h.Del("Set-Cookie") // of a login, which is where it belongs
		h.Del("Location")   // of a link: the place where the player keeps it
		if len(header) > 0 && header[1] == session[1] {
			text = strings.ReplaceAll(text, streamKey, "") // which administrators are shown
		}
		answers.WriteString(method + " " + path[:min(len(path), 12)] + " " + http.StatusText(code) + " " + text + jsonText(h) + "\n")
	}
	bodies := []string{
		`{"password":"` + password + `"}`, `{"password":["` + password + `"]}`, `{"token":"x` + token + `"}`, `{"token":["` + token + `"]}`,
		`{"outputs":[{"name":"o","url":"rtmp://127.0.0.1:1/x","streamKey":"` + outputKey + `"}]}`, `"` + outputKey + `"`, password,
	}
	for _, rt := range httpapi.Routes() {
		if strings.HasSuffix(rt.Path, "/accesstokens/create") || strings.HasSuffix(rt.Path, "/logout") {
			continue
		}
		for _, header := range [][]string{
			nil, session,
			{"Authorization", "Bearer " + token},
			{"Authorization", "Bearer " + token + "x"},
			{"Authorization", "Bearer " + password},
			{"Authorization", token},
			{"Cookie", "owncast_viewer=" + viewer},
			{"Cookie", "owncast_admin_session=" + cookie.Value + "x"},
		} {
			if rt.MaxBody == 0 {
				ask(rt.Method, concrete(rt), "", header...)
				continue
			}
			for _, b := range bodies {
				ask(rt.Method, concrete(rt), b, header...)
			}
		}
	}
	ask("GET", "/hls/stream.m3u8?token="+viewer, "")
	ask("GET", "/t/"+viewer+"/hls/nothing", "")
	ask("GET", "/t/"+viewer+"x/hls/stream.m3u8", "")
	ask("GET", "/t/"+viewer+"/../../x", "")
	ask("POST", "/viewer/login", "passphrase="+passphrase)
	ask("POST", "/viewer/login", "passphrase="+passphrase+"x&to=%zz")
	records, err := repo.Audit.AuditRecords(t.Context(), repository.AuditQuery{})
	if err != nil || len(records) == 0 {
		t.Errorf("%d records in the audit, %v", len(records), err)
	}
	for name, text := range map[string]string{"an answer": answers.String(), "the log": logs.String(), "the audit": jsonText(records)} {
		for _, s := range secrets {
			if i := strings.Index(text, s); i >= 0 {
				t.Errorf("%q is in %s: …%s…", s, name, text[max(0, i-200):min(len(text), i+60)])
			}
		}
		if len(text) < 200 {
			t.Errorf("%s is empty: %q", name, text)
		}
	}
}

func TestGuessesAreLimitedByWhoeverMakesThemAndByHowMany(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithTrustedProxies(netip.MustParsePrefix("10.0.0.0/8")))
	// Guesses of one address that names a new one each time: the queue for its
	// own address fills, and the rest is not looked at.
	var wg sync.WaitGroup
	var refused, wrong, in atomic.Int32
	client := &http.Client{Transport: c.web.Client().Transport, Timeout: 300 * time.Millisecond}
	for i := range 40 {
		wg.Go(func() {
			r, err := http.NewRequestWithContext(t.Context(), "POST", c.web.URL+"/api/admin/login", strings.NewReader(`{"password":"guess"}`))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Content-Type", asJSON)
			r.Header.Set("X-Forwarded-For", netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}).String())
			res, err := client.Do(r)
			if err != nil {
				return // it waits, and the test does not
			}
			defer res.Body.Close()
			switch res.StatusCode {
			case 401:
				wrong.Add(1)
			case 429:
				refused.Add(1)
				if res.Header.Get("Retry-After") == "" {
					t.Error("429 without Retry-After")
				}
			default:
				in.Add(1)
			}
		})
	}
	wg.Wait()
	if in.Load() != 0 || refused.Load() == 0 || wrong.Load() > 8 {
		t.Errorf("of 40 guesses %d were checked, %d refused, %d let in", wrong.Load(), refused.Load(), in.Load())
	}
}

func TestHeadersThatPretendAreIgnored(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"))
	for _, header := range [][]string{
		{"X-Forwarded-User", "admin"},
		{"X-Remote-User", "admin"},
		{"Remote-User", "admin"},
		{"X-Forwarded-For", "127.0.0.1"},
		{"X-Original-URL", "/api/status"},
		{"X-HTTP-Method-Override", "GET"},
		{"Forwarded", "for=127.0.0.1;proto=https"},
		{"Host", "localhost"},
		{"Authorization", "Basic"},
		{"Authorization", "Basic " + strings.Repeat("A", 1<<10)},
		{"Authorization", "Basic OnA="},     // nobody:p
		{"Authorization", "Basic cm9vdDpw"}, // root:p
		{"Authorization", "Bearer p"},
		{"Cookie", "owncast_admin_session=; owncast_admin_session=p"},
	} {
		if code, body := c.ask("GET", "/api/admin/status", "", "", header...); code != 401 || !isError(body) {
			t.Errorf("%v: %d %s", header, code, body)
		}
	}
}

func TestRequestsThatAreTooLargeAreRefused(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithViewerPassphrase("x"))
	for name, tt := range map[string]struct {
		request string
		codes   string
	}{
		"a header":       {"GET /api/status HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 2<<20) + "\r\n\r\n", "431"},
		"cookies":        {"GET /api/status HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("owncast_viewer=.; ", 40_000) + "\r\n\r\n", "401"},
		"a password":     {"POST /api/admin/login HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n{\"password\":\"" + strings.Repeat("x", 9000), "413"},
		"a passphrase":   {"POST /viewer/login HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\npassphrase=" + strings.Repeat("x", 9000), "413"},
		"deep JSON":      {"POST /api/admin/login HTTP/1.1\r\nHost: x\r\nContent-Length: 8000\r\n\r\n" + strings.Repeat("[", 8000), "400"},
		"a long path":    {"GET /" + strings.Repeat("x", 1<<19) + " HTTP/1.1\r\nHost: x\r\n\r\n", "401"},
		"a length twice": {"POST /api/admin/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", "400"},
	} {
		conn, err := net.Dial("tcp", c.web.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(patience))
		go func() { _, _ = io.Copy(conn, strings.NewReader(tt.request)) }() // ends with the connection
		answer := make([]byte, 64)
		n, err := io.ReadFull(conn, answer)
		if err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 "+tt.codes)) {
			t.Errorf("%s: %q %v, want %s", name, answer[:n], err, tt.codes)
		}
		conn.Close()
	}
}
