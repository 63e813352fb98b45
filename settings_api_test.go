package owncast_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/internal/httpapi"
)

// owner is a channel whose administrator is let in by a header.
type owner struct{ *channel }

func owned(t *testing.T, opts ...owncast.Option) owner {
	t.Helper()
	return owner{run(t, append([]owncast.Option{someUsers()}, opts...)...)}
}

func (o owner) send(method, path, body string) (int, string) {
	o.t.Helper()
	return o.ask(method, path, "", body, "X-User", "admin")
}

// set posts to a setter.
func (o owner) set(path, value string) (int, string) {
	o.t.Helper()
	return o.send("POST", "/api/admin/config/"+path, `{"value":`+value+`,"unknown":[{}]}`)
}

// field is a value of an answer in JSON, by its path.
func (o owner) field(at, path string) string {
	o.t.Helper()
	code, body := o.send("GET", at, "")
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil || code != 200 {
		o.t.Fatalf("%s: %d %.300s", at, code, body)
	}
	for _, name := range strings.Split(path, ".") {
		m, _ := v.(map[string]any)
		var ok bool
		if v, ok = m[name]; !ok {
			return "absent"
		}
	}
	data, err := json.Marshal(v)
	if err != nil {
		o.t.Fatal(err)
	}
	return string(data)
}

// A setterCase sets a value, which is then that of a field of serverconfig.
type setterCase struct {
	path, value, message string
	field, want          string
	wrong                string // a value of another type
	invalid              string // a value of the right type; "" if there is none
}

func setterCases() []setterCase {
	long := func(n int) string { return `"` + strings.Repeat("x", n) + `"` }
	return []setterCase{
		{"name", `" My channel "`, "changed", "instanceDetails.name", `"My channel"`, `3`, `" "`},
		{"serversummary", `"s"`, "changed", "instanceDetails.summary", `"s"`, `[]`, long(2001)},
		{"streamtitle", `"t"`, "changed", "instanceDetails.streamTitle", `"t"`, `{}`, long(301)},
		{"pagecontent", `"# c"`, "changed", "instanceDetails.extraPageContent", `"# c"`, `1`, long(256<<10 + 1)},
		{"offlinemessage", `" o "`, "changed", "instanceDetails.offlineMessage", `"o"`, `true`, long(256<<10 + 1)},
		{"welcomemessage", `" w "`, "changed", "instanceDetails.welcomeMessage", `"w"`, `1`, long(4001)},
		{"tags", `["#a","b"," b ",""]`, "changed", "instanceDetails.tags", `["a","b"]`, `"a,b"`, `[` + long(101) + `]`},
		{"nsfw", `true`, "changed", "instanceDetails.nsfw", `true`, `"true"`, ``},
		{"autoplay", `"sound-only"`, "changed", "instanceDetails.autoplay", `"sound-only"`, `true`, `"loud"`},
		{"customstyles", `"a{}"`, "custom styles updated", "instanceDetails.customStyles", `"a{}"`, `1`, long(256<<10 + 1)},
		{"customjavascript", `"f()"`, "custom styles updated", "instanceDetails.customJavascript", `"f()"`, `1`, long(256<<10 + 1)},
		{"appearance", `{"theme-color-1":"#fff"}`, "custom appearance variables updated", "instanceDetails.appearanceVariables", `{"theme-color-1":"#fff"}`, `{"a":1}`, `{"a":"red;}body{"}`},
		{"socialhandles", `[{"platform":"matrix","url":"https://matrix.to/#/@a:b"}]`, "social handles updated", "instanceDetails.socialHandles", `[{"icon":"","platform":"matrix","url":"https://matrix.to/#/@a:b"}]`, `{}`, `[{"platform":"x","url":"javascript:alert(1)"}]`},
		{"externalactions", `[{"url":"https://a.example","title":"T"}]`, "external actions update", "externalActions", `[{"color":"","description":"","html":"","icon":"","openExternally":false,"title":"T","url":"https://a.example"}]`, `[1]`, `[{"title":"T","url":"javascript:1"}]`},
		{"hideviewercount", `true`, "hide viewer count setting updated", "hideViewerCount", `true`, `1`, ``},
		{"disablesearchindexing", `true`, "search indexing support updated", "disableSearchIndexing", `true`, `"x"`, ``},
		{"sockethostoverride", `"wss://chat.example"`, "websocket host override set", "socketHostOverride", `"wss://chat.example"`, `1`, `"ftp://x"`},
		{"serverurl", `"https://BÜCHER.Example:8443/"`, "server url set", "yp.instanceUrl", `"https://xn--bcher-kva.example:8443"`, `1`, ``},
		{"serverurl", `"https://live.example/"`, "server url set", "yp.instanceUrl", `"https://live.example"`, `1`, `"http://192.168.1.2"`},
		{"directoryenabled", `true`, "directory state changed", "yp.enabled", `true`, `"yes"`, ``},

		{"video/codec", `"h264_vaapi"`, "video codec updated", "videoCodec", `"h264_vaapi"`, `1`, `"-f null; rm"`},
		{"video/streamlatencylevel", `4`, "set stream latency", "videoSettings.latencyLevel", `4`, `"1"`, `1.5`},
		{"video/streamlatencylevel", `9`, "set stream latency", "videoSettings.latencyLevel", `4`, `[]`, `-1`},
		{"videoservingendpoint", `"https://cdn.example/x/"`, "custom video serving endpoint updated", "videoServingEndpoint", `"https://cdn.example/x"`, `1`, `"cdn"`},

		{"chat/disable", `true`, "chat disabled status updated", "chatDisabled", `true`, `"x"`, ``},
		{"chat/joinmessagesenabled", `false`, "chat join message status updated", "chatJoinMessagesEnabled", `false`, `0`, ``},
		{"chat/establishedusermode", `true`, "chat established users only mode updated", "chatEstablishedUserMode", `true`, `0`, ``},
		{"chat/forbiddenusernames", `["x"," x","y"]`, "forbidden username list updated", "forbiddenUsernames", `["x","y"]`, `"x"`, `[` + long(31) + `]`},
		{"chat/forbiddenusernames", `[]`, "forbidden username list updated", "forbiddenUsernames", `["owncast","operator","admin","system"]`, `{}`, ``},
		{"chat/suggestedusernames", `["z"]`, "suggested username list updated", "suggestedUsernames", `["z"]`, `[1]`, `[` + long(31) + `]`},
		{"chat/spamprotectionenabled", `false`, "chat spam protection changed", "chatSpamProtectionEnabled", `false`, `"x"`, ``},
		{"chat/slurfilterenabled", `true`, "chat message slur filter changed", "chatSlurFilterEnabled", `true`, `"x"`, ``},
		{"chat/requireauthentication", `true`, "", "chatRequireAuthentication", `true`, `"x"`, ``},
		{"chat/blockedwords", `["a*"," b","b"]`, "", "chatBlockedWords", `["a*","b"]`, `"x"`, `[` + long(101) + `]`},
		{"chat/blockedlanguages", `["de","fr"]`, "", "chatBlockedLanguages", `["de","fr"]`, `"de"`, `["xx"]`},
		{"chat/holdwords", `["a"]`, "", "chatHoldWords", `["a"]`, `[1]`, `[` + long(101) + `]`},
		{"chat/holdlinks", `true`, "", "chatHoldLinks", `true`, `1`, ``},
		{"chat/holdfirst", `true`, "", "chatHoldFirst", `true`, `1`, ``},
		{"chat/slowmode", `30`, "", "chatSlowMode", `30`, `"30"`, `21601`},
		{"chat/historysize", `100`, "", "chatHistorySize", `100`, `"100"`, `0`},
		{"chat/retentionhours", `0`, "", "chatRetentionHours", `0`, `"0"`, `-1`},
		{"chat/limits", `{"clients":5,"floodTimeout":0}`, "", "chatLimits", `{"clients":5,"clientsPerAddress":200,"floodTimeout":0,"framesPerSecond":50,"messagesPerMinute":90,"registrationsPerAddress":300}`, `{"clients":"5"}`, `{"visitors":1}`},
		{"chat/limits", `{}`, "", "chatLimits.clients", `5`, `[]`, `{"clients":-1}`},

		{"federation/enable", `true`, "federation features saved", "federation.enabled", `true`, `"x"`, ``},
		{"federation/private", `true`, "federation private saved", "federation.isPrivate", `true`, `"x"`, ``},
		{"federation/showengagement", `false`, "federation show engagement saved", "federation.showEngagement", `false`, `"x"`, ``},
		{"federation/enablequotes", `true`, "", "federation.enableQuotes", `true`, `"x"`, ``},
		{"federation/hidefollowers", `true`, "", "federation.hideFollowersTab", `true`, `"x"`, ``},
		{"federation/username", `"live_1"`, "username saved", "federation.username", `"live_1"`, `1`, `"a b"`},
		{"federation/livemessage", `""`, "message saved", "federation.goLiveMessage", `""`, `1`, long(2001)},
		{"federation/blockdomains", `["Evil.Example","evil.example"]`, "saved", "federation.blockedDomains", `["evil.example"]`, `"x"`, `["a b"]`},

		{"notifications/browser", `{"enabled":false,"goLiveMessage":"now"}`, "updated browser push config with provided values", "notifications.browser", `{"enabled":false,"goLiveMessage":"now"}`, `[]`, `{"goLiveMessage":` + long(2001) + `}`},
		{"notifications/golive", `{"message":" now ","delaySeconds":60,"throttleSeconds":0}`, "updated the timing of notifications", "notifications.goLive", `{"delaySeconds":60,"message":"now","throttleSeconds":0}`, `[]`, `{"delaySeconds":3601}`},
		{"notifications/golive", `{"message":"","delaySeconds":0,"throttleSeconds":86400}`, "updated the timing of notifications", "notifications.goLive", `{"delaySeconds":0,"message":"","throttleSeconds":86400}`, `{"delaySeconds":"1"}`, `{"throttleSeconds":-1}`},
		{"notifications/discord", `{"enabled":true,"goLiveMessage":"now","webhook":"https://discord.example/hush"}`, "updated discord config with provided values", "notifications.discord", `{"enabled":true,"goLiveMessage":"now","webhook":""}`, `{"webhook":1}`, `{"webhook":"file:///hush"}`},

		{"schedule/enabled", `true`, "", "schedule.enabled", `true`, `"x"`, ``},
		{"schedule/showcountdown", `true`, "", "schedule.showCountdown", `true`, `"x"`, ``},
		{"schedule/chatopenminutes", `30`, "", "schedule.chatOpenMinutesBefore", `30`, `"x"`, `31`},
		{"schedule/remindermessage", `"r"`, "", "schedule.reminderMessage", `"r"`, `1`, long(2001)},
		{"schedule/firstreminderminutes", `1440`, "", "schedule.firstReminderMinutes", `1440`, `1.5`, `1`},
		{"schedule/secondreminderminutes", `15`, "", "schedule.secondReminderMinutes", `15`, `null`, `-15`},
	}
}

func TestSettersSetWhatTheServerConfigShows(t *testing.T) {
	o := owned(t)
	tried := map[string]bool{"adminpass": true, "streamkeys": true, "s3": true, "video/streamoutputvariants": true}
	for _, tt := range setterCases() {
		tried[tt.path] = true
		t.Run(tt.path, func(t *testing.T) {
			o := owner{&channel{t: t, web: o.web}}
			if code, body := o.set(tt.path, tt.value); code != 200 || !strings.HasPrefix(body, `{"success":true,`) || tt.message != "" && !strings.Contains(body, `"message":"`+tt.message+`"`) {
				t.Errorf("%d %s", code, body)
			}
			for _, value := range []string{tt.wrong, `null`, tt.invalid} {
				if value == "" {
					continue
				}
				code, body := o.set(tt.path, value)
				if code != 400 || !isError(body) || !strings.Contains(body, `field \"`) || strings.Contains(body, "hush") {
					t.Errorf("%.50s: %d %s", value, code, body)
				}
			}
			if got := o.field("/api/admin/serverconfig", tt.field); got != tt.want {
				t.Errorf("serverconfig has %s, want %s", got, tt.want)
			}
		})
	}
	for _, rt := range httpapi.Routes() {
		path, ok := strings.CutPrefix(rt.Path, "/api/admin/config/")
		picture := path == "logo" || path == "favicon" // see content_test.go
		if ok && !picture && !tried[path] && rt.MaxBody > 0 && !slices.Contains(hostsOwn(), path) {
			t.Errorf("%s is not tried", rt.Path)
		}
	}
}

func TestSettersRefuseWithTheTextsThatClientsKnow(t *testing.T) {
	o := owned(t, owncast.WithS3(func(context.Context, owncast.S3Settings) (owncast.Storage, error) { return nil, errors.New("not now") }))
	for _, tt := range []struct{ path, value, text string }{
		{"streamkeys", `[]`, "must provide at least one valid stream key"},
		{"streamkeys", `[{"key":"","comment":"x"}]`, "stream key cannot be empty"},
		{"streamkeys", `"x"`, "unable to update stream keys with provided values"},
		{"video/streamoutputvariants", `"x"`, "unable to update video config with provided values"},
		{"serverurl", `"nonsense"`, "server url value invalid"},
		{"serverurl", `"http://192.168.1.1"`, "Server URL cannot be private"},
		{"serverurl", `"https://１９２.１６８.１.１"`, "Server URL cannot be private"},
		{"serverurl", `"https://℀.example"`, "no server can have that name"},
		{"appearance", `null`, "value field is required"},
		{"s3", `{"enabled":true}`, "s3 support requires an endpoint"},
		{"s3", `{"enabled":true,"endpoint":"https://s3.example"}`, "s3 support requires an access key and secret"},
		{"s3", `{"enabled":true,"endpoint":"https://s3.example","accessKey":"a","secret":"s"}`, "s3 support requires a region and endpoint"},
		{"s3", `{"enabled":true,"endpoint":"https://s3.example","accessKey":"a","secret":"s","region":"r"}`, "s3 support requires a bucket created for storing public video segments"},
		{"schedule/chatopenminutes", `31`, "value must be 0, 5, 10, 30, or 60 minutes"},
		{"logo", `3`, "unable to find image data"},
	} {
		t.Run(tt.path+" "+tt.value, func(t *testing.T) {
			o := owner{&channel{t: t, web: o.web}}
			if code, body := o.set(tt.path, tt.value); code != 400 || !strings.Contains(body, tt.text) {
				t.Errorf("%d %s, want %s", code, body, tt.text)
			}
		})
	}
}

// hostsOwn are the setters of what a library leaves to its host.
func hostsOwn() []string {
	return []string{"ffmpegpath", "webserverport", "webserverip", "rtmpserverport", "rtmpserverbindaddress"}
}

func TestOptionsWinOverSetters(t *testing.T) {
	o := owned(t, owncast.WithBaseURL("https://live.example"), owncast.WithLatencyLevel(1))
	for path, field := range map[string]string{
		"streamkeys": `[{"key":"x"}] streamKeys`, "serverurl": `"https://x.example" yp.instanceUrl`,
		"video/streamlatencylevel": `1 videoSettings.latencyLevel`, "ffmpegpath": `"/bin/true" ffmpegPath`, "webserverport": `80 webServerPort`,
		"webserverip": `"::" webServerIP`, "rtmpserverport": `1935 rtmpServerPort`, "rtmpserverbindaddress": `"::" rtmpServerAddress`,
	} {
		value, field, _ := strings.Cut(field, " ")
		if code, body := o.set(path, value); code != http.StatusConflict || !strings.Contains(body, `field \"`+field+`\" is fixed`) {
			t.Errorf("%s: %d %s, want 409 with %s", path, code, body, field)
		}
		if fields := o.field("/api/admin/serverconfig", "readOnly"); !strings.Contains(fields, `"`+field+`"`) {
			t.Errorf("readOnly %s lacks %s", fields, field)
		}
	}
	for field, want := range map[string]string{
		"yp.instanceUrl": `"https://live.example"`, "videoSettings.latencyLevel": `1`, "streamKeyOverridden": `true`,
		"streamKeys": `[{"comment":"","key":"k"}]`, "adminPassword": `""`, "rtmpServerPort": o.rtmp[strings.LastIndex(o.rtmp, ":")+1:],
		"webServerIP": `"127.0.0.1"`, "s3": `{"enabled":false,"forcePathStyle":false}`,
	} {
		if got := o.field("/api/admin/serverconfig", field); got != want {
			t.Errorf("%s is %s, want %s", field, got, want)
		}
	}
	if code, _ := o.set("s3", `{"enabled":false}`); code != http.StatusNotFound {
		t.Errorf("S3 without a constructor: %d", code)
	}
}

func TestAPasswordByOptionWinsOverItsSetter(t *testing.T) {
	o := owner{run(t, owncast.WithAdminPassword("p"))}
	if code, body := o.ask("POST", "/api/admin/config/adminpass", "p", `{"value":"another one"}`); code != http.StatusConflict ||
		!strings.Contains(body, `field \"adminPassword\" is fixed`) {
		t.Errorf("%d %s, want 409 with the field", code, body)
	}
	if _, body := o.ask("GET", "/api/admin/serverconfig", "p", ""); !regexp.MustCompile(`"readOnly":\[[^]]*"adminPassword"`).MatchString(body) {
		t.Errorf("readOnly lacks the password: %s", body)
	}
}

func TestStreamKeysAndPasswordAreSetByTheAPI(t *testing.T) {
	app, err := owncast.New(discard(), owncast.WithDataDir(t.TempDir()), someUsers())
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer shutdown(t, app)
	o := owner{serve(t, app)}
	for value, want := range map[string]string{
		`[]`:                          "must provide at least one valid stream key",
		`null`:                        "unable to update stream keys with provided values",
		`[{"key":""}]`:                "stream key cannot be empty",
		`"x"`:                         "unable to update stream keys with provided values",
		`[{"key":3}]`:                 `field \"value.key\"`,
		`[{"key":"a"},{"key":"a"}]`:   "stream key 2 is there twice",
		`[{"key":"hush with\nline"}]`: "stream key 1",
	} {
		if code, body := o.set("streamkeys", value); code != 400 || !strings.Contains(body, want) || strings.Contains(body, "hush") {
			t.Errorf("%s: %d %s", value, code, body)
		}
	}
	if code, body := o.set("streamkeys", `[{"key":"k1","comment":"c"},{"key":"k2"}]`); code != 200 || !strings.Contains(body, `"changed"`) {
		t.Errorf("%d %s", code, body)
	}
	if keys, err := app.Settings().StreamKeys(t.Context()); err != nil || len(keys) != 2 || keys[0].Comment != "c" {
		t.Errorf("%v, %v", keys, err)
	}
	for _, value := range []string{`""`, `3`, `null`, `"` + strings.Repeat("x", 20_000) + `"`} {
		if code, _ := o.set("adminpass", value); code != 400 {
			t.Errorf("a password of %s: %d", value, code)
		}
	}
	if code, body := o.set("adminpass", `"hush"`); code != 200 {
		t.Errorf("%d %s", code, body)
	}
	if has, err := app.Settings().HasAdminPassword(t.Context()); err != nil || !has {
		t.Errorf("%v, %v", has, err)
	}
	if _, body := o.send("GET", "/api/admin/serverconfig", ""); strings.Contains(body, "hush") || strings.Contains(body, "argon2") {
		t.Error("serverconfig tells the password or its hash")
	}
}

func TestVariantsAreALadder(t *testing.T) {
	o := owned(t)
	const path = "video/streamoutputvariants"
	source := `{"audioBitrate":0,"audioPassthrough":true,"cpuUsageLevel":0,"framerate":0,"name":"Source","videoBitrate":0,"videoPassthrough":true}`
	if got := o.field("/api/admin/serverconfig", "videoSettings.videoQualityVariants"); got != "["+source+"]" {
		t.Errorf("default %s", got)
	}
	for _, tt := range []struct{ value, want string }{
		{
			`[{"videoBitrate":1200,"audioPassthrough":true,"framerate":24,"cpuUsageLevel":2}]`,
			`[{"audioBitrate":0,"audioPassthrough":true,"cpuUsageLevel":2,"framerate":24,"name":"1.2Mbps@24fps","videoBitrate":1200,"videoPassthrough":false}]`,
		},
		{
			`[{"videoBitrate":800,"audioBitrate":96,"scaledHeight":480},{"videoPassthrough":true,"audioPassthrough":true,"videoBitrate":9}]`,
			`[` + source + `,{"audioBitrate":96,"audioPassthrough":false,"cpuUsageLevel":0,"framerate":24,"name":"480h","scaledHeight":480,"videoBitrate":800,"videoPassthrough":false}]`,
		},
		{
			`[{"videoBitrate":2000,"scaledWidth":1080,"scaledHeight":720,"framerate":30},{"videoBitrate":4000,"scaledWidth":1920,"scaledHeight":1080,"framerate":30,"name":" big "}]`,
			`[{"audioBitrate":0,"audioPassthrough":true,"cpuUsageLevel":0,"framerate":30,"name":"720p @2Mbps","scaledHeight":720,"scaledWidth":1080,"videoBitrate":2000,"videoPassthrough":false},` +
				`{"audioBitrate":0,"audioPassthrough":true,"cpuUsageLevel":0,"framerate":30,"name":"big","scaledHeight":1080,"scaledWidth":1920,"videoBitrate":4000,"videoPassthrough":false}]`,
		},
		{
			`[{"videoPassthrough":true,"audioBitrate":64,"framerate":30,"scaledHeight":100}]`,
			`[{"audioBitrate":64,"audioPassthrough":false,"cpuUsageLevel":0,"framerate":0,"name":"Source","videoBitrate":0,"videoPassthrough":true}]`,
		},
		{`[]`, `[` + source + `]`},
	} {
		if code, body := o.set(path, tt.value); code != 200 || !strings.Contains(body, "stream output variants updated") {
			t.Errorf("%s: %d %s", tt.value, code, body)
		}
		got := o.field("/api/admin/serverconfig", "videoSettings.videoQualityVariants")
		if got != tt.want {
			t.Errorf("%s\n reads %s\n want  %s", tt.value, got, tt.want)
		}
		if code, body := o.set(path, got); code != 200 || o.field("/api/admin/serverconfig", "videoSettings.videoQualityVariants") != got {
			t.Errorf("%s sent back: %d %s", got, code, body)
		}
	}
	for _, value := range []string{
		`[{"videoBitrate":0}]`, `[{"videoBitrate":-5}]`, `[{"videoBitrate":1e12}]`, `[{"videoBitrate":1200,"scaledWidth":641}]`, `[{"videoBitrate":1200,"cpuUsageLevel":9}]`,
		`[{"videoBitrate":"1200"}]`, `{}`, `null`, `[{"videoPassthrough":true},{"videoPassthrough":true}]`, `[` + strings.Repeat(`{"videoBitrate":1200},`, 11) + `{"videoBitrate":1200}]`,
	} {
		if code, body := o.set(path, value); code != 400 || !strings.Contains(body, "unable to update video config with provided values") {
			t.Errorf("%.60s: %d %s", value, code, body)
		}
	}
}
