package owncast_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/video/restream"
)

const farKey = "far-key-of-the-other-server"

// admin sends a request of the administrator, whose password is "p".
func (c *channel) admin(method, path, body string) (int, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.web.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.SetBasicAuth("admin", "p")
	res, err := c.web.Client().Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if strings.Contains(string(b), farKey) {
		c.t.Errorf("%s %s answers with the stream key: %s", method, path, b)
	}
	checkAnswer(c.t, req, res.StatusCode, res.Header, string(b))
	return res.StatusCode, string(b)
}

func TestOneServerSendsItsBroadcastOnToAnother(t *testing.T) {
	far := run(t, owncast.WithStreamKeys(farKey), owncast.WithLatencyLevel(0), owncast.WithReconnectGrace(0))
	var log syncBuffer
	started := make(chan restream.Status, 1)
	near := run(t, logTo(&log), owncast.WithReconnectGrace(0), owncast.WithAdminPassword("p"),
		owncast.WithRestream(restream.Output{ID: "far", URL: "rtmp://" + far.rtmp + "/live", StreamKey: farKey, Enabled: true}),
		owncast.WithHooks(owncast.Hooks{
			OutputStarted: func(_ context.Context, e restream.OutputStarted) { started <- e.Output },
		}))
	if s := near.app.Restream().Status(); len(s) != 1 || s[0].State != restream.Idle {
		t.Errorf("Status = %+v", s)
	}
	client := burst(t, near.rtmp, "live", "k", 6)
	far.await("/hls/0/stream.m3u8", "-4.m4s\n")
	if s := <-started; s.ID != "far" || s.State != restream.Live {
		t.Errorf("the hook has heard of %+v", s)
	}
	if code, body := near.admin("GET", "/api/admin/restream", ""); code != http.StatusOK || !strings.Contains(body, `"state":"live"`) {
		t.Errorf("%d %s", code, body)
	}
	if code, _ := near.admin("PUT", "/api/admin/restream", `{"outputs":[]}`); code != http.StatusConflict {
		t.Errorf("changing what an option has fixed: %d, want 409", code)
	}
	if err := near.app.Restream().Set(t.Context(), nil); !errors.Is(err, owncast.ErrReadOnly) {
		t.Errorf("Set = %v, want ErrReadOnly", err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	far.await("/hls/0/stream.m3u8", "#EXT-X-ENDLIST")
	shutdown(t, near.app)
	if strings.Contains(log.String(), farKey) {
		t.Errorf("the stream key is in the log:\n%s", log.String())
	}
}

func TestOutputsAreKeptInTheSettings(t *testing.T) {
	repo := memory.New()
	c := run(t, owncast.WithRepository(repo), owncast.WithAdminPassword("p"))
	if code, body := c.admin("GET", "/api/admin/restream", ""); code != http.StatusOK || body != "{\"outputs\":[]}\n" {
		t.Errorf("before the first: %d %s", code, body)
	}
	for body, want := range map[string]string{
		`{`:  "not valid JSON",
		`{}`: "missing",
		`{"outputs":[{"id":"a","url":"http://h","streamKey":"` + farKey + `"}]}`: "url: rtmp: URL is not of rtmp",
		`{"outputs":[{"id":"a","url":"rtmp://h/live"}]}`:                         "streamKey: it is empty",
		`{"outputs":[{"id":5}]}`:                                                 "must not be a JSON number",
	} {
		if code, answer := c.admin("PUT", "/api/admin/restream", body); code != http.StatusBadRequest || !strings.Contains(answer, want) {
			t.Errorf("%s: %d %s, want 400 with %q", body, code, answer, want)
		}
	}
	put := `{"outputs":[{"id":"a","name":"A","url":"rtmp://127.0.0.1/live","streamKey":"` + farKey + `"}]}`
	if code, body := c.admin("PUT", "/api/admin/restream", put); code != http.StatusOK || !strings.Contains(body, `"state":"disabled"`) {
		t.Errorf("%d %s", code, body)
	}
	// The key need not be known to change the rest, but does not go elsewhere.
	if code, body := c.admin("PUT", "/api/admin/restream", `{"outputs":[{"id":"a","url":"rtmp://127.0.0.1/live","enabled":true}]}`); code != http.StatusOK || !strings.Contains(body, `"state":"idle"`) {
		t.Errorf("%d %s", code, body)
	}
	if code, body := c.admin("PUT", "/api/admin/restream", `{"outputs":[{"id":"a","url":"rtmp://127.0.0.2/live"}]}`); code != http.StatusBadRequest {
		t.Errorf("%d %s", code, body)
	}
	shutdown(t, c.app)
	if s := c.app.Restream().Status(); s != nil {
		t.Errorf("Status after Shutdown = %+v", s)
	}
	if err := c.app.Restream().Set(t.Context(), nil); !errors.Is(err, owncast.ErrClosed) {
		t.Errorf("Set after Shutdown = %v", err)
	}
	again := run(t, owncast.WithRepository(repo))
	if s := again.app.Restream().Status(); len(s) != 1 || s[0].ID != "a" || s[0].State != restream.Idle {
		t.Errorf("after a restart: %+v", s)
	}
}

func TestRestreamOptionIsChecked(t *testing.T) {
	_, err := owncast.New(owncast.WithRestream(restream.Output{ID: "a", URL: "rtmp://u:" + farKey + "@h/live", StreamKey: farKey}))
	var wrong *owncast.OptionError
	if !errors.As(err, &wrong) || wrong.Option != "WithRestream" || strings.Contains(err.Error(), farKey) {
		t.Errorf("New = %v", err)
	}
}
