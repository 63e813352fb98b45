package owncast_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/owncast-go/owncast"
)

// ask sends a request, as the administrator if there is a password.
func (c *channel) ask(method, path, password, body string, header ...string) (int, string) {
	code, _, text := c.exchange(method, path, password, body, header...)
	return code, text
}

func (c *channel) exchange(method, path, password, body string, header ...string) (int, http.Header, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.web.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if password != "" {
		r.SetBasicAuth("admin", password)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := c.web.Client().Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	checkAnswer(c.t, r, res.StatusCode, res.Header, string(b))
	return res.StatusCode, res.Header, string(b)
}

func TestRoutesOfViewersAndMetrics(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"))
	const (
		playback = "/api/metrics/playback"
		cmcd     = "/api/metrics/cmcd"
	)
	large := `{"errors":0,"qualityVariantChanges":0,"x":"` + strings.Repeat("x", 64<<10) + `"}`
	tests := []struct {
		method, path, password, body string
		code                         int
		want                         string
	}{
		{"GET", "/api/ping", "", "", 200, ""},
		{"HEAD", "/api/ping", "", "", 200, ""},
		{"POST", "/api/ping", "", "", 405, ""},
		{"GET", "/api/video/variants", "", "", 200, `[{"index":0,"name":"Source"}]`},
		{"PUT", "/api/video/variants", "", "", 405, ""},
		{"POST", "/api/status", "", "", 405, "method not allowed"},
		{"GET", "/api/metrics", "", "", 404, ""},

		{"POST", playback, "", `{"errors":0,"qualityVariantChanges":0}`, 200, ""},
		{"POST", playback, "", `{"errors":1,"qualityVariantChanges":2.0,"bandwidth":5000.5,"latency":3,"downloadDuration":0.2,"unknown":[]}`, 200, ""},
		{"POST", playback, "", `{"qualityVariantChanges":0}`, 400, "errors field is required"},
		{"POST", playback, "", `{"errors":0}`, 400, "qualityVariantChanges field is required"},
		{"POST", playback, "", `{"errors":"1","qualityVariantChanges":0}`, 400, `field \"errors\" must not be a JSON string`},
		{"POST", playback, "", `{"errors":0,"qualityVariantChanges":0,"latency":{}}`, 400, `\"latency\"`},
		{"POST", playback, "", `{"errors":-1,"qualityVariantChanges":0}`, 400, `field \"errors\" must be from 0 to 1000`},
		{"POST", playback, "", `{"errors":0,"qualityVariantChanges":1001}`, 400, `\"qualityVariantChanges\"`},
		{"POST", playback, "", `{"errors":0,"qualityVariantChanges":0,"bandwidth":1e300}`, 400, `\"bandwidth\"`},
		{"POST", playback, "", `{"errors":0,"qualityVariantChanges":0,"bandwidth":1e999}`, 400, `\"bandwidth\"`},
		{"POST", playback, "", ``, 400, "empty"},
		{"POST", playback, "", `[]`, 400, "JSON array"},
		{"POST", playback, "", `{`, 400, "not valid JSON"},
		{"POST", playback, "", large, 413, "too large"},
		{"GET", playback, "", "", 405, ""},

		{"POST", cmcd, "", `{"v":2,"sid":"a","e":"e","mtp":500}`, 200, ""},
		{"POST", cmcd, "", `[{"sid":"a","sta":"p"},{"sid":"b","ltc":1200}]`, 200, ""},
		{"POST", cmcd + "?CMCD=sid%3D%22a%22%2Cmtp%3D500", "", ``, 200, ""},
		{"GET", cmcd + "?CMCD=sid%3D%22a%22%2Cmtp%3D500", "", ``, 200, ""},
		{"GET", cmcd, "", ``, 400, "no CMCD report found in request"},
		{"GET", cmcd + "?CMCD=nonsense", "", ``, 400, "no CMCD report found in request"},
		{"POST", cmcd, "", ``, 400, "no CMCD report found in request"},
		{"POST", cmcd, "", `{}`, 400, "no CMCD report found in request"},
		{"POST", cmcd, "", `[]`, 400, "no CMCD report found in request"},
		{"POST", cmcd, "", `{"mtp":"fast"}`, 400, `field \"mtp\" must not be a JSON string`},
		{"POST", cmcd, "", `"text"`, 400, "JSON string"},
		{"POST", cmcd, "", `nonsense`, 400, "not valid JSON"},
		{"POST", cmcd, "", large, 413, "too large"},
		{"DELETE", cmcd, "", ``, 405, ""},
		{"OPTIONS", cmcd, "", ``, 204, ""},
		{"OPTIONS", "/hls/stream.m3u8", "", ``, 204, ""},

		{"GET", "/api/admin/viewers", "", "", 401, "unauthorized"},
		{"GET", "/api/admin/viewers", "wrong", "", 401, "unauthorized"},
		{"GET", "/api/admin/viewers", "p", "", 200, "[]"},
		{"POST", "/api/admin/viewers", "p", "", 405, ""},
		{"POST", "/api/admin/viewers", "", "", 401, ""},
		{"GET", "/api/admin/viewers/playback", "", "", 401, ""},
		{"GET", "/api/admin/viewers/playback", "p", "", 200, "[]"},
		{"GET", "/api/admin/viewersOverTime", "", "", 401, ""},
		{"GET", "/api/admin/viewersOverTime", "p", "", 400, `\"windowStart\"`},
		{"GET", "/api/admin/viewersOverTime?windowStart=x", "p", "", 400, `\"windowStart\"`},
		{"GET", "/api/admin/viewersOverTime?windowStart=99999999999999999999", "p", "", 400, `\"windowStart\"`},
		{"GET", "/api/admin/viewersOverTime?windowStart=0", "p", "", 200, "[]"},
		{"GET", "/api/admin/viewersOverTime?windowStart=-9223372036854775808", "p", "", 200, "[]"},
		{"GET", "/api/admin/viewersOverTime?windowStart=9223372036854775807", "p", "", 200, "[]"},
		{"GET", "/api/admin/metrics/video", "", "", 401, ""},
		{"GET", "/api/admin/metrics/video", "p", "", 200, `"segmentLength":3,"representation":0`},
		{"DELETE", "/api/admin/metrics/video", "p", "", 405, ""},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %s %.60s", tt.method, tt.path, tt.body), func(t *testing.T) {
			code, h, body := c.exchange(tt.method, tt.path, tt.password, tt.body)
			if code != tt.code || !strings.Contains(body, tt.want) {
				t.Errorf("%d %.200s, want %d with %s", code, body, tt.code, tt.want)
			}
			if (code == 405) != (h.Get("Allow") != "") {
				t.Errorf("%d with Allow %q", code, h.Get("Allow"))
			}
			public := strings.HasPrefix(tt.path, cmcd) && code != 405 || strings.HasPrefix(tt.path, "/hls/")
			if origin := h.Get("Access-Control-Allow-Origin"); (origin == "*") != public || h.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("CORS: %q", origin)
			}
			if code != 204 && tt.path != "/api/metrics/playback" && !strings.Contains(h.Get("Cache-Control"), "no-store") {
				t.Errorf("Cache-Control: %q", h.Get("Cache-Control"))
			}
		})
	}
	if code, h, _ := c.exchange("OPTIONS", cmcd, "", ""); code != 204 || !strings.Contains(h.Get("Access-Control-Allow-Headers"), "CMCD-Session") {
		t.Errorf("preflight: %v", h)
	}
	if code, body := c.ask("GET", "/api/admin/viewers/playback", "p", ""); code != 200 || strings.TrimSpace(body) != "[]" {
		t.Errorf("reports without a stream were kept: %s", body)
	}
}

func TestAnotherSiteReadsNothingOfTheAdministrator(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"))
	code, h, _ := c.exchange("GET", "/api/admin/viewers", "p", "", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	if h.Get("Access-Control-Allow-Origin") != "" || code != 200 {
		t.Errorf("%d %v", code, h)
	}
}

func TestReportsReachTheAdministrator(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithLatencyLevel(0))
	defer burst(t, c.rtmp, "live", "k", 5).Close()
	c.await("/api/status", `"online":true`)
	c.ask("POST", "/api/metrics/cmcd", "", `{"sid":"a","sta":"p","mtp":5000,"ltc":2500,"br":3000,"ttlb":400,"e":"e"}`)
	c.ask("POST", "/api/metrics/playback", "", `{"errors":2,"qualityVariantChanges":1,"bandwidth":700}`)
	c.exchange("GET", "/hls/0/stream.m3u8", "", "", "CMCD-Session", `sid="b"`, "CMCD-Request", "mtp=900")
	_, body := c.ask("GET", "/api/admin/viewers/playback", "p", "")
	for _, want := range []string{
		`"source":"client"`, `"playerState":"p"`, `"bandwidthKbps":5000`, `"latencySeconds":2.5`, `"downloadSeconds":0.4`, `"bitrateKbps":3000`, `"errorCount":1`,
		`"bandwidthKbps":700,"latencySeconds":null,"downloadSeconds":null,"bitrateKbps":null,"errorCount":2,"qualityVariantChanges":1`, `"bandwidthKbps":900`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	_, metrics := c.ask("GET", "/api/admin/metrics/video", "p", "")
	if !strings.Contains(metrics, `"segmentLength":1,`) || strings.Contains(metrics, `"availableBitrates":[]`) || strings.Contains(metrics, "null") {
		t.Errorf("metrics: %s", metrics)
	}
}
