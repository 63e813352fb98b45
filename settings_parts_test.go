package owncast_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/local"
)

func TestThePublicConfigIsSafeAndSaysWhatIsThere(t *testing.T) {
	o := owned(t)
	o.set("pagecontent", `"**bold** <script>alert(1)</script>"`)
	o.set("offlinemessage", `"<img src=\"x.png\" onerror=alert(1)>"`)
	o.set("federation/enable", `true`)
	o.set("schedule/enabled", `true`)
	o.set("customjavascript", `"hush()"`)
	code, h, body := o.exchange("GET", "/api/config", "", "")
	if code != 200 || h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(h.Get("Cache-Control"), "no-store") {
		t.Errorf("%d %v", code, h)
	}
	if strings.Contains(body, "alert") || strings.Contains(body, "hush") {
		t.Errorf("not safe: %s", body)
	}
	for field, want := range map[string]string{
		"name": `"New Owncast Server"`, "streamTitle": "absent", "socketHostOverride": "absent", "logo": `"/logo"`, "maxSocketPayloadSize": "2048",
		"federation.enabled": "false", "schedule.enabled": "true", "chatDisabled": "false", "chatSpamProtectionDisabled": "false",
		"extraPageContent": `"\u003cp\u003e\u003cstrong\u003ebold\u003c/strong\u003e \u003c/p\u003e"`, "tags": `["owncast","streaming"]`,
		"socialHandles": `[{"icon":"/img/platformlogos/github.svg","platform":"github","url":"https://github.com/owncast/owncast"}]`, "notifications.browser.enabled": "false",
	} {
		if got := o.field("/api/config", field); got != want {
			t.Errorf("%s is %s, want %s", field, got, want)
		}
	}
}

func TestTheDirectoryReadsWhatItMay(t *testing.T) {
	o := owned(t, owncast.WithViewerCount(func() int { return 5 }))
	if code, body := o.send("GET", "/api/yp", ""); code != 404 || !isError(body) {
		t.Errorf("not enabled: %d %s", code, body)
	}
	o.set("directoryenabled", "true")
	o.set("streamtitle", `"T"`)
	if got := o.field("/api/yp", "streamTitle") + o.field("/api/yp", "online") + o.field("/api/yp", "social"); got != `"T"false[{"icon":"","platform":"github","url":"https://github.com/owncast/owncast"}]` {
		t.Errorf("yp: %s", got)
	}
	s := o.app.Settings()
	if _, err := s.UpdateDirectory(t.Context(), func(d *owncast.DirectorySettings) error { d.Key = "hush"; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, body := o.send("GET", "/api/admin/serverconfig", ""); strings.Contains(body, "hush") {
		t.Error("serverconfig tells the key")
	}
	if code, body := o.send("POST", "/api/admin/yp/reset", ""); code != 200 || !strings.Contains(body, `"reset"`) {
		t.Errorf("%d %s", code, body)
	}
	if d, err := s.Directory(t.Context()); err != nil || d.Key != "" || !d.Enabled {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestSettingsAreExportedAndImported(t *testing.T) {
	from := owned(t)
	from.set("name", `"Moved"`)
	from.set("notifications/discord", `{"enabled":true,"webhook":"https://discord.example/hush"}`)
	from.set("video/streamoutputvariants", `[{"videoBitrate":1200,"scaledHeight":480}]`)
	code, bundle := from.send("GET", "/api/admin/settings/export", "")
	if code != 200 || strings.Contains(bundle, "hush") || strings.Contains(bundle, "streamkeys") {
		t.Fatalf("%d %s", code, bundle)
	}
	to := owned(t)
	if code, body := to.send("POST", "/api/admin/settings/import", strings.Replace(bundle, `"autoplay":"always"`, `"autoplay":"loud"`, 1)); code != 400 || !strings.Contains(body, `\"autoplay\"`) {
		t.Errorf("%d %s", code, body)
	}
	if got := to.field("/api/config", "name"); got != `"New Owncast Server"` {
		t.Errorf("a wrong bundle set the name to %s", got)
	}
	if code, body := to.send("POST", "/api/admin/settings/import", bundle); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	for field, want := range map[string]string{
		"instanceDetails.name": `"Moved"`, "notifications.discord.enabled": "false", "streamKeys": `[{"comment":"","key":"k"}]`,
	} {
		if got := to.field("/api/admin/serverconfig", field); got != want {
			t.Errorf("%s is %s, want %s", field, got, want)
		}
	}
	if v := to.field("/api/admin/serverconfig", "videoSettings.videoQualityVariants"); !strings.Contains(v, `"480h"`) {
		t.Errorf("variants: %s", v)
	}
	full, err := from.app.Settings().Export(t.Context(), true)
	if err != nil || !strings.Contains(string(full), "hush") {
		t.Errorf("with secrets: %s, %v", full, err)
	}
	if err := to.app.Settings().Import(t.Context(), full); err != nil {
		t.Fatal(err)
	}
	if n, err := to.app.Settings().Notifications(t.Context()); err != nil || !n.Discord.Enabled || n.Discord.Webhook != "https://discord.example/hush" {
		t.Errorf("%+v, %v", n, err)
	}
	if err := to.app.Settings().Import(t.Context(), []byte("nonsense")); !errors.Is(err, owncast.ErrImport) {
		t.Errorf("nonsense: %v", err)
	}
}

func TestHooksHearOfSettings(t *testing.T) {
	var told []string
	var app *owncast.App
	o := owned(t, owncast.WithHooks(owncast.Hooks{
		InstanceChanged: func(_ context.Context, c owncast.InstanceChanged) {
			told = append(told, c.Old.Name+">"+c.New.Name)
			panic("oops")
		},
		VideoChanged: func(_ context.Context, c owncast.VideoChanged) { told = append(told, c.New.Codec) },
	}), owncast.WithHooks(owncast.Hooks{
		InstanceChanged: func(context.Context, owncast.InstanceChanged) { told = append(told, "second") },
		ChatChanged:     func(_ context.Context, c owncast.ChatChanged) { told = append(told, c.New.WelcomeMessage) },
	}))
	app = o.app
	o.set("name", `"a"`)
	o.set("name", `""`)
	o.set("video/codec", `"x"`)
	o.set("welcomemessage", `"w"`)
	if _, err := app.Settings().UpdateInstance(t.Context(), func(i *owncast.Instance) error { i.Name = "b"; return nil }); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(told, " "); got != "New Owncast Server>a second x w a>b second" {
		t.Errorf("told %s", got)
	}
}

func TestAnAdministratorSetsUpS3WhereTheHostLets(t *testing.T) {
	dir := t.TempDir()
	var opened []string
	closed := 0
	open := func(_ context.Context, s owncast.S3Settings) (owncast.Storage, error) {
		opened = append(opened, s.Bucket+" "+s.Secret+" "+s.PublicURL)
		if s.Bucket == "broken" {
			return nil, errors.New("no such bucket")
		}
		return closer{local.New(t.TempDir()), &closed}, nil
	}
	const good = `{"enabled":true,"endpoint":"https://s3.example","accessKey":"a","secret":"hush","region":"r","bucket":"b","forcePathStyle":true}`
	start := func(then func(o owner)) {
		app, err := owncast.New(discard(), owncast.WithDataDir(dir), someUsers(), owncast.WithS3(open))
		if err != nil {
			t.Fatal(err)
		}
		if err := app.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		then(owner{serve(t, app)})
		shutdown(t, app)
	}
	start(func(o owner) {
		for value, want := range map[string]string{
			`{"enabled":true}`:                                   "s3 support requires an endpoint",
			strings.Replace(good, `"hush"`, `""`, 1):             "an access key and secret",
			strings.Replace(good, `"r"`, `" "`, 1):               "a region and endpoint",
			strings.Replace(good, `"b"`, `""`, 1):                "a bucket created for storing public video segments",
			strings.Replace(good, "https://s3.example", "s3", 1): `field \"s3.endpoint\"`,
			`{"enabled":"yes"}`:                                  `field \"value.enabled\"`,
		} {
			if code, body := o.set("s3", value); code != 400 || !strings.Contains(body, want) {
				t.Errorf("%s: %d %s", value, code, body)
			}
		}
		if code, body := o.set("s3", good); code != 200 || !strings.Contains(body, "storage configuration changed") {
			t.Errorf("%d %s", code, body)
		}
		if got := o.field("/api/admin/serverconfig", "s3"); strings.Contains(got, "hush") || !strings.Contains(got, `"bucket":"b"`) {
			t.Errorf("s3: %s", got)
		}
		o.set("videoservingendpoint", `"https://cdn.example/"`)
		// The secret stays where it is not sent, but not for another service.
		if code, _ := o.set("s3", strings.Replace(good, `"secret":"hush",`, "", 1)); code != 200 {
			t.Errorf("without the secret: %d", code)
		}
		if code, _ := o.set("s3", `{"enabled":true,"endpoint":"https://evil.example","accessKey":"a","region":"r","bucket":"b"}`); code != 400 {
			t.Errorf("the secret for another service: %d", code)
		}
	})
	start(func(o owner) { o.set("s3", strings.Replace(good, `"b"`, `"broken"`, 1)) })
	start(func(o owner) {
		end := time.Now().Add(patience)
		for !slices.ContainsFunc(o.app.Health().Problems, func(p owncast.HealthProblem) bool { return p.Code == "s3-unused" }) {
			if time.Now().After(end) {
				t.Fatalf("nobody is told: %v", o.app.Health())
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	if got := strings.Join(opened, ", "); got != "b hush https://cdn.example, broken hush https://cdn.example" || closed != 1 {
		t.Errorf("opened %s, closed %d", got, closed)
	}
	if _, err := owncast.New(owncast.WithS3(open), owncast.WithStorage(storage.Storage(local.New(dir)))); err == nil {
		t.Error("two storages are accepted")
	}
}

// closer counts how often it is closed.
type closer struct {
	storage.Storage
	n *int
}

func (c closer) Close() error {
	*c.n++
	return nil
}
