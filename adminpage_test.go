package owncast_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/hardware"
	"github.com/owncast-go/owncast/video/recording"
)

// basic is the header Authorization of the administrator.
func basic(password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:"+password))
}

// visit asks for a page as a browser does, and follows nobody.
func (c *channel) visit(path string, header ...string) *http.Response {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.web.URL+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Site", "none")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := c.web.Client().Transport.RoundTrip(r)
	if err != nil {
		c.t.Fatal(err)
	}
	res.Body.Close()
	return res
}

func TestThePageOfAdministrators(t *testing.T) {
	pages := fstest.MapFS{"index.html": {Data: []byte("<html>viewers")}, "admin.html": {Data: []byte("<html>administrators")}}
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithWebUI(pages))
	for name, tt := range map[string]struct {
		header  []string
		session bool
	}{
		"is for everybody":                            {nil, false},
		"is for who has the wrong password":           {[]string{"Authorization", basic("wrong")}, false},
		"signs those in who send a password by HTTP":  {[]string{"Authorization", basic("p")}, true},
		"is for browsers that tell nothing of origin": {[]string{"Sec-Fetch-Mode", "", "Sec-Fetch-Site", ""}, false},
	} {
		res := c.visit("/admin/logs/", tt.header...)
		if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") || res.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("it %s: %d %v", name, res.StatusCode, res.Header)
		}
		if got := strings.Contains(res.Header.Get("Set-Cookie"), "owncast_admin_session="); got != tt.session {
			t.Errorf("it %s: the cookie is %q", name, res.Header.Get("Set-Cookie"))
		}
	}
	theirs := run(t, owncast.WithAuthenticator(door{}))
	if res := theirs.visit("/admin/logs/"); res.StatusCode != 302 {
		t.Errorf("the host asks nobody: %d", res.StatusCode)
	}
}

func TestScriptsOfPagesAreNotAskedByTheBrowser(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"))
	for mode, want := range map[string]string{"": "Basic ", "navigate": "Basic ", "cors": "Cookie ", "same-origin": "Cookie "} {
		res := c.visit("/api/admin/status", "Sec-Fetch-Mode", mode)
		if got := res.Header.Get("WWW-Authenticate"); res.StatusCode != 401 || !strings.HasPrefix(got, want) {
			t.Errorf("mode %q: %d %q, want %q", mode, res.StatusCode, got, want)
		}
	}
}

func TestPagesKnowWhatTheServerHas(t *testing.T) {
	parts := func(c *channel, password string) (known struct {
		Configured bool
		Parts      map[string]bool
	},
	) {
		t.Helper()
		code, body := c.ask("GET", "/api/admin/serverconfig", password, "", "X-User", "admin")
		if err := json.Unmarshal([]byte(body), &known); err != nil || code != 200 {
			t.Fatalf("%d %s", code, body)
		}
		return known
	}
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithHardware(hardware.New()), owncast.WithRecording(recording.Policy{}),
		owncast.WithTranscoder(video.TranscoderFunc(brokenTranscoder)))
	known := parts(c, "p")
	if known.Configured {
		t.Error("it is said to be configured")
	}
	for _, part := range []string{"hardware", "recordings", "transcoder", "backup", "password"} {
		if !known.Parts[part] {
			t.Errorf("%s is not among %v", part, known.Parts)
		}
	}
	if known.Parts["prometheus"] || known.Parts["geo"] || known.Parts["s3"] {
		t.Errorf("parts: %v", known.Parts)
	}
	if code, _ := c.ask("POST", "/api/admin/config/name", "p", `{"value":"x"}`); code != 200 {
		t.Fatal(code)
	}
	if !parts(c, "p").Configured {
		t.Error("it is said not to be configured after it was")
	}
	if known := parts(run(t, someUsers()), ""); known.Parts["password"] || known.Parts["hardware"] || known.Parts["recordings"] {
		t.Errorf("the parts of little: %v", known.Parts)
	}
}

func brokenTranscoder(ctx context.Context, src video.PacketReader, _ []video.Rendition, _ video.RenditionWriter) error {
	if _, err := src.Read(ctx); err != nil {
		return err
	}
	return errors.New("nothing works")
}

func TestAdministratorsSeeHowRenditionsDo(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithTranscoder(video.TranscoderFunc(brokenTranscoder)),
		owncast.WithLadder(smallLadder()), owncast.WithLatencyLevel(0))
	stop := publish(t, c.rtmp, "live", "k")
	defer stop()
	c.await("/api/status", "live")
	type state struct {
		Renditions []struct{ Name, Error string }
	}
	var last state
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		_, body := c.ask("GET", "/api/admin/status", "p", "")
		last = state{}
		if err := json.Unmarshal([]byte(body), &last); err != nil {
			t.Fatal(err)
		}
		if len(last.Renditions) == 2 && strings.Contains(last.Renditions[0].Error, "nothing works") {
			if last.Renditions[0].Name != "Low" {
				t.Errorf("renditions: %+v", last.Renditions)
			}
			return
		}
	}
	t.Errorf("renditions: %+v", last.Renditions)
}
