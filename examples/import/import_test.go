package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/bolt"
	"github.com/owncast-go/owncast/webhooks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counted is what the report must say of a kind.
type counted struct{ read, taken int }

func TestEverythingIsCarriedOverAndCounted(t *testing.T) {
	for name, newer := range map[string]bool{"0.2.3": false, "0.3": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := whole(t, newer)
			before := treeOf(t, b.dir)
			to := filepath.Join(t.TempDir(), "data")
			rep, err := run(t.Context(), options{from: b.dir, to: to})
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]counted{
				kindUsers: {5, 5}, kindIdentities: {4, 2}, kindLogins: {5, 4}, kindBots: {2, 1}, kindMessages: {62, 61}, kindBans: {4, 3},
				kindWebhooks: {2, 1}, kindNotifications: {2, 1}, kindFollowers: {31, 30}, kindOutbox: {4, 4}, kindEngagements: {3, 2},
				// Not: what is of the program (4), of Owncast (5) or of no use (1), what is damaged (1) or not known (1).
				kindSettings: {b.keys(), b.keys() - 12}, kindEntries: {1, 0},
				kindPictures: {1, 1}, kindEmoji: {6, 2}, kindPublic: {3, 2},
			}
			if newer {
				want[kindEvents], want[kindSeries] = counted{2, 2}, counted{1, 1}
				want[kindSettings] = counted{b.keys(), b.keys() - 12 + 1 - 3} // a favicon; not the bind address, plugins and a reminder
				want[kindPictures] = counted{2, 2}
				want["featured servers"], want["table ap_delivery_queue"], want["table plugin_data"] = counted{1, 0}, counted{1, 0}, counted{1, 0}
			}
			for kind, w := range want {
				if c := rep.of(kind); c.read != w.read || c.taken != w.taken {
					t.Errorf("%s: %d read, %d taken, want %+v; %v", kind, c.read, c.taken, w, c.details)
				}
			}
			for _, kind := range rep.kinds {
				if _, ok := want[kind]; !ok {
					t.Errorf("%s: %+v", kind, *rep.of(kind))
				}
			}
			var table bytes.Buffer
			rep.print(&table, true)
			for _, secret := range []string{b.password, "first-key", "token-", "hush", "listed-as", "discord.example", "push.example", "PRIVATE", b.pushPrivate} {
				if strings.Contains(table.String(), secret) {
					t.Errorf("%q is in the report:\n%s", secret, &table)
				}
			}
			if after := treeOf(t, b.dir); after != before {
				t.Errorf("the source has changed:\n%s\nwas\n%s", after, before)
			}
			if left, _ := filepath.Glob(filepath.Join(to, "*unfinished*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			checkRecords(t, b, to)
			checkApp(t, b, to)
		})
	}
}

// treeOf describes every file below dir.
func treeOf(t *testing.T, dir string) string {
	t.Helper()
	var text strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if strings.HasSuffix(path, "-shm") {
			return nil // that of the test's own connection
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		text.WriteString(path + " " + info.ModTime().String() + " " + repositoryHash(data) + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func repositoryHash(data []byte) string {
	h := repository.HashSecret(string(data))
	return string(h[:])
}

func must1[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// checkRecords looks at what is stored, record by record.
func checkRecords(t *testing.T, b *builder, to string) {
	db := must1[*bolt.DB](t)(bolt.Open(filepath.Join(to, databaseName)))
	defer db.Close()
	ctx, repo := t.Context(), db.Repository()

	anna := must1[repository.User](t)(repo.Users.UserByIdentity(ctx, repository.IdentityIndieAuth, "https://anna.example/"))
	if anna.ID != "u-anna" || anna.DisplayName != "Anna" || anna.Role != repository.RoleModerator || anna.Bot || anna.Color != 262%8 ||
		!slices.Equal(anna.PreviousNames, []string{"soft-crumb", "Anna"}) || !anna.CreatedAt.Equal(day()) || anna.Disabled() {
		t.Errorf("anna: %+v", anna)
	}
	cy := must1[repository.User](t)(repo.Users.User(ctx, "u-cy"))
	if !cy.DisabledAt.Equal(day()) || !cy.NameChangedAt.Equal(day()) || cy.Authenticated() || (cy.DisabledReason == "rude") != b.newer {
		t.Errorf("cy: %+v", cy)
	}
	if bot := must1[repository.User](t)(repo.Users.User(ctx, "u-bot")); !bot.Bot || bot.Role != repository.RoleViewer {
		t.Errorf("bot: %+v", bot)
	}
	for token, user := range map[string]string{"token-anna-1": "u-anna", "token-anna-2": "u-anna", "token-ben": "u-ben", "token-cy": "u-cy"} {
		if c := must1[repository.Credential](t)(repo.Credentials.Credential(ctx, repository.HashSecret(token))); c.UserID != user || c.CreatedAt.IsZero() {
			t.Errorf("%s is of %+v", token, c)
		}
	}
	messages := must1[[]repository.Message](t)(repo.Chat.Messages(ctx, repository.MessageQuery{Hidden: true}))
	if n := len(messages); n != 61 || messages[0].ID != "m-00" || messages[0].Body != "<p>line 0</p>" || messages[n-2].ID != "m-59" && messages[n-1].ID != "m-59" {
		t.Errorf("%d messages, first %+v, last %+v", n, messages[0], messages[n-1])
	}
	if hidden := must1[[]repository.Message](t)(repo.Chat.Messages(ctx, repository.MessageQuery{Kinds: []string{"CHAT"}})); len(hidden) != 59 {
		t.Errorf("%d messages are not hidden", len(hidden))
	}
	if bans := must1[[]repository.Ban](t)(repo.Bans.Bans(ctx)); len(bans) != 3 || bans[0].Note != "manually added" || bans[0].CreatedAt.IsZero() {
		t.Errorf("bans: %+v", bans)
	}
	hooks := must1[[]repository.Webhook](t)(repo.Webhooks.Webhooks(ctx))
	if len(hooks) != 1 || hooks[0].URL != "https://hook.example/a" || !slices.Equal(hooks[0].Events, []string{"CHAT", "STREAM_STARTED"}) ||
		!hooks[0].Last.At.Equal(day()) || (hooks[0].Secret == "signs-it") != b.newer {
		t.Errorf("webhooks: %+v", hooks)
	}
	if list := must1[[]repository.Destination](t)(repo.Notifications.Destinations(ctx, "BROWSER_PUSH_NOTIFICATION")); len(list) != 1 {
		t.Errorf("destinations: %+v", list)
	}
	checkFediverse(t, b, repo)
	keys, _, err := federation.KeysSetting().Get(ctx, repo.Settings)
	if err != nil || keys.PrivateKeyPEM != b.privateKey || keys.PublicKeyPEM != b.publicKey {
		t.Errorf("federation keys: %v", err)
	}
	push, _, err := webhooks.PushKeysSetting().Get(ctx, repo.Settings)
	if err != nil || push != (webhooks.PushKeys{PublicKey: b.pushPublic, PrivateKey: b.pushPrivate}) {
		t.Errorf("push keys: %v", err)
	}
	past, _, err := owncast.PastSetting().Get(ctx, repo.Settings)
	if err != nil || past != (owncast.Past{SessionPeak: 12, Peak: 340, EndedAt: day(), Since: day().AddDate(-3, 0, 0)}) {
		t.Errorf("past: %+v, %v", past, err)
	}
}

func checkFediverse(t *testing.T, b *builder, repo repository.Repository) {
	ctx := t.Context()
	for state, want := range map[repository.FollowerState]int{repository.FollowersApproved: 20, repository.FollowersBlocked: 5, repository.FollowersPending: 5} {
		if _, n, err := repo.Followers.Followers(ctx, repository.FollowerQuery{State: state}); err != nil || n != want {
			t.Errorf("state %d: %d followers, %v, want %d", state, n, err, want)
		}
	}
	f := must1[repository.Follower](t)(repo.Followers.Follower(ctx, "https://social.example/users/0"))
	if f.Username != "d0@social.example" || f.FollowIRI != "https://social.example/follows/0" || string(f.Follow) != `{"type":"Follow"}` ||
		f.Directory != b.newer || (f.SharedInboxIRI == "https://social.example/shared") != b.newer {
		t.Errorf("follower: %+v", f)
	}
	a := must1[repository.Activity](t)(repo.Outbox.Activity(ctx, "https://live.example.org/federation/0"))
	if !a.Live || a.Type != "Create" || string(a.Data) != `{"type":"Create"}` || !a.CreatedAt.Equal(day()) {
		t.Errorf("activity: %+v", a)
	}
	if _, n, err := repo.Inbound.Engagements(ctx, repository.Page{}); n != 2 || err != nil {
		t.Errorf("%d engagements, %v", n, err)
	}
	events := must1[[]repository.Event](t)(repo.Schedule.Events(ctx, time.Time{}, time.Time{}))
	if !b.newer {
		if len(events) != 0 {
			t.Errorf("events: %+v", events)
		}
		return
	}
	series := must1[[]repository.EventSeries](t)(repo.Schedule.AllEventSeries(ctx))
	if len(events) != 2 || events[0].SeriesID != "s-1" || events[0].Duration != 90*time.Minute || !events[0].StartsAt.Equal(day()) ||
		events[1].Status != repository.EventCancelled || len(series) != 1 || !series[0].Active || !strings.Contains(series[0].Recurrence, "RRULE:FREQ=WEEKLY") {
		t.Errorf("events: %+v, series: %+v", events, series)
	}
}

// checkApp starts an App on what was imported, and uses it.
func checkApp(t *testing.T, b *builder, to string) {
	app := must1[*owncast.App](t)(owncast.New(owncast.WithDataDir(to), owncast.WithLogger(discard()), owncast.WithS3(noS3)))
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := app.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	ask := func(method, path, body string, header ...string) (int, http.Header, string) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		app.Handler().ServeHTTP(w, r)
		return w.Code, w.Header(), w.Body.String()
	}
	for path, wants := range map[string][]string{
		"/api/config": {
			`"name":"Anna's Kitchen"`, `"summary":"Bread, mostly."`, `Recipes`, `"tags":["bread","rye"]`, `"platform":"mastodon"`,
			`"nsfw":true`, `"hideViewerCount":true`, `https://shop.example`, `"theme-color-action":"#123456"`, `"streamTitle":"Rye"`, `"socketHostOverride":"ws.example.org"`,
		},
		"/api/emoji":               {`"bread"`, `"rye"`, `/img/emoji/`},
		"/":                        {"<html"},
		"/public/index.html":       {"<p>hello"},
		"/public/deep/er/file.txt": {"deep"},
		"/customjavascript":        {"hush()"},
		"/robots.txt":              {"Disallow: /\n"},
		"/api/yp":                  {`"name":"Anna's Kitchen"`},
	} {
		code, _, body := ask("GET", path, "")
		for _, want := range wants {
			if code != 200 || !strings.Contains(body+"\n", want) {
				t.Errorf("%s: %d without %s: %.2000s", path, code, want, body)
			}
		}
		if strings.Contains(body, "alert(1)") {
			t.Errorf("%s has a script of the page content", path)
		}
	}
	for _, path := range []string{"/logo", "/img/emoji/bread.png"} {
		if code, h, body := ask("GET", path, ""); code != 200 || h.Get("Content-Type") != "image/png" || strings.HasPrefix(h.Get("ETag"), `"builtin`) || len(body) < 50 {
			t.Errorf("%s: %d %v", path, code, h)
		}
	}
	if code, _, body := ask("GET", "/img/emoji/rye.svg", ""); code != 200 || strings.Contains(body, "script") {
		t.Errorf("rye: %d %s", code, body)
	}
	if code, _, _ := ask("GET", "/api/integrations/status", "", "Authorization", "Bearer token-bot"); code != 200 {
		t.Errorf("the token of a program: %d", code)
	}
	for _, token := range []string{"token-old-bot", "token-anna-1", "u-bot"} {
		if code, _, _ := ask("GET", "/api/integrations/status", "", "Authorization", "Bearer "+token); code != 401 {
			t.Errorf("%s: %d", token, code)
		}
	}
	if code, _, _ := ask("POST", "/api/admin/login", `{"password":"abc123"}`, "Content-Type", "application/json"); code != 401 {
		t.Errorf("with a wrong password: %d", code)
	}
	code, _, body := ask("POST", "/api/admin/login", `{"password":"`+b.password+`"}`, "Content-Type", "application/json")
	if code != 200 {
		t.Fatalf("with the old password: %d %s", code, body)
	}
	checkServerConfig(t, b, app, ask)
}

func checkServerConfig(t *testing.T, b *builder, app *owncast.App, ask func(method, path, body string, header ...string) (int, http.Header, string)) {
	r := httptest.NewRequest("GET", "/api/admin/serverconfig", nil)
	r.SetBasicAuth("admin", b.password)
	code, _, body := ask("GET", "/api/admin/serverconfig", "", "Authorization", r.Header.Get("Authorization"))
	if code != 200 {
		t.Fatalf("serverconfig: %d %s", code, body)
	}
	wants := []string{
		`"key":"first-key"`, `"comment":"oven"`, `"key":"second-key"`, `"welcomeMessage":"Hello **you**"`, `"offlineMessage":"Back on Friday"`,
		`"customStyles":"body{color:red}"`, `"instanceUrl":"https://live.example.org"`, `"videoCodec":"h264_vaapi"`, `"latencyLevel":3`,
		`"videoServingEndpoint":"https://cdn.example.org"`, `"name":"Low"`, `"name":"High"`, `"videoBitrate":800`, `"username":"anna"`,
		`"blockedDomains":["bad.example","worse.example"]`, `"isPrivate":true`, `"goLiveMessage":"Baking!"`, `"goLiveMessage":"Rise!"`,
		`"chatJoinMessagesEnabled":false`, `"chatEstablishedUserMode":true`, `"chatSpamProtectionEnabled":false`, `"chatSlurFilterEnabled":true`,
		`"forbiddenUsernames":["admin","anna"]`, `"suggestedUsernames":["crumb","crust"]`, `"endpoint":"https://s3.example"`, `"bucket":"live"`,
	}
	if b.newer {
		wants = append(wants, `"autoplay":"sound-only"`, `"enableQuotes":true`, `"hideFollowersTab":true`, `"firstReminderMinutes":60`,
			`"secondReminderMinutes":0`, `"chatOpenMinutesBefore":30`, `"reminderMessage":"Soon"`)
	}
	for _, want := range wants {
		if !strings.Contains(body, want) {
			t.Errorf("serverconfig has no %s", want)
		}
	}
	if strings.Contains(body, "javascript:") {
		t.Error("a link that runs a script was taken")
	}
	if d, err := app.Settings().Directory(t.Context()); err != nil || d.Key != "listed-as" || !d.Enabled {
		t.Errorf("directory: %v", err)
	}
	if s3, err := app.Settings().S3(t.Context()); err != nil || s3.Secret != "hush" || !s3.Enabled {
		t.Errorf("S3: %v", err)
	}
	if n, err := app.Settings().Notifications(t.Context()); err != nil || n.Discord.Webhook != "https://discord.example/hook" {
		t.Errorf("notifications: %v", err)
	}
	if at := app.Status().EndedAt; !at.Equal(day()) {
		t.Errorf("the last stream ended at %v", at)
	}
}

func TestADryRunWritesNothingAndSaysTheSame(t *testing.T) {
	b := whole(t, true)
	to := filepath.Join(t.TempDir(), "data")
	dry, err := run(t.Context(), options{from: b.dir, to: to, dryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a dry run has made the target: %v", err)
	}
	real, err := run(t.Context(), options{from: b.dir, to: to})
	if err != nil {
		t.Fatal(err)
	}
	if x, y := printed(dry), printed(real); x != y {
		t.Errorf("the dry run said\n%s\nand the other one\n%s", x, y)
	}
}

func printed(r *report) string {
	slices.Sort(r.kinds)
	var b bytes.Buffer
	r.print(&b, true)
	return b.String()
}

func TestATargetInUseIsLeftAloneUnlessToldOtherwise(t *testing.T) {
	b := whole(t, false)
	to := filepath.Join(t.TempDir(), "data")
	first, err := run(t.Context(), options{from: b.dir, to: to})
	if err != nil {
		t.Fatal(err)
	}
	before := treeOf(t, to)
	if _, err := run(t.Context(), options{from: b.dir, to: to}); !errors.Is(err, errInhabited) {
		t.Fatalf("a second time: %v", err)
	}
	if after := treeOf(t, to); after != before {
		t.Error("it has changed something")
	}
	// Once more with everything there: nothing is there twice.
	again, err := run(t.Context(), options{from: b.dir, to: to, add: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{kindUsers, kindMessages, kindBans, kindWebhooks, kindFollowers, kindOutbox, kindEngagements, kindBots, kindEmoji, kindPublic, kindIdentities} {
		if c := again.of(kind); c.taken != 0 || c.read != first.of(kind).read {
			t.Errorf("%s: %d of %d taken again", kind, c.taken, c.read)
		}
	}
	if _, err := os.Stat(filepath.Join(to, "before-import.db")); err != nil {
		t.Error(err)
	}
	checkRecords(t, b, to)
	checkApp(t, b, to)
	if _, err := run(t.Context(), options{from: b.dir, to: to, add: true}); !errors.Is(err, os.ErrExist) {
		t.Errorf("the copy of before was replaced: %v", err)
	}
}

func TestWhatIsNotUnderstoodIsRefused(t *testing.T) {
	damaged := func(b *builder, change func([]byte) []byte) {
		b.exec("PRAGMA wal_checkpoint(TRUNCATE)")
		path := filepath.Join(b.dir, databaseName)
		data, err := os.ReadFile(path)
		if err != nil {
			b.t.Fatal(err)
		}
		b.db.Close()
		if err := os.WriteFile(path, change(data), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		newer bool
		spoil func(b *builder)
		want  error
		text  string
	}{
		"older":                 {false, func(b *builder) { b.exec(`UPDATE config SET value = '6'`) }, errTooOld, "schema 6.0"},
		"newer":                 {false, func(b *builder) { b.exec(`UPDATE config SET value = '10'`) }, errTooNew, "schema 10.0"},
		"newer by goose":        {true, func(b *builder) { b.exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (13, 1)`) }, errTooNew, "schema 9.13"},
		"values of before":      {false, func(b *builder) { b.value("DATA_STORE_VERSION", 3.0) }, errTooOld, "version 3"},
		"values of later":       {false, func(b *builder) { b.value("DATA_STORE_VERSION", 5.0) }, errTooNew, "version 5"},
		"never started":         {false, func(b *builder) { b.exec(`DELETE FROM datastore`) }, errTooOld, ""},
		"no version":            {false, func(b *builder) { b.exec(`DELETE FROM config`) }, errNoDatabase, ""},
		"a version of no digit": {false, func(b *builder) { b.exec(`UPDATE config SET value = 'x'`) }, errNoDatabase, ""},
		"something else":        {false, func(b *builder) { b.exec(`DROP TABLE datastore`) }, errNoDatabase, "datastore"},
		"a column is missing":   {false, func(b *builder) { b.exec(`ALTER TABLE webhooks DROP COLUMN url`) }, errNoDatabase, "webhooks"},
		"no file":               {false, func(b *builder) { os.Remove(filepath.Join(b.dir, databaseName)) }, os.ErrNotExist, ""},
		"a text": {
			false, func(b *builder) {
				damaged(b, func([]byte) []byte { return []byte(strings.Repeat("no database ", 100)) })
			},
			errNoDatabase, "",
		},
		"cut short": {false, func(b *builder) { damaged(b, func(d []byte) []byte { return d[:len(d)/2] }) }, errDamaged, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := whole(t, tt.newer)
			tt.spoil(b)
			to := filepath.Join(t.TempDir(), "data")
			_, err := run(t.Context(), options{from: b.dir, to: to})
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
				t.Fatalf("%v, want %v with %q", err, tt.want, tt.text)
			}
			if left, _ := filepath.Glob(filepath.Join(to, databaseName+"*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestReleasesBetweenTheGenerationsAreUnderstood(t *testing.T) {
	b := whole(t, false)
	b.exec(`UPDATE config SET value = '8'`)
	b.exec(`ALTER TABLE ap_followers ADD shared_inbox TEXT`)
	rep, err := run(t.Context(), options{from: b.dir, to: filepath.Join(t.TempDir(), "data")})
	if err != nil || rep.of(kindFollowers).taken != 30 {
		t.Errorf("%v, %+v", err, rep)
	}
}

func TestACopyThatWasBeingWrittenToIsRefused(t *testing.T) {
	b := whole(t, false)
	path := filepath.Join(b.dir, databaseName)
	before, err := fingerprint(path)
	if err != nil {
		t.Fatal(err)
	}
	b.exec(`INSERT INTO config VALUES ('x', 'y')`)
	after, err := fingerprint(path)
	if err != nil || before["-wal"] == after["-wal"] {
		t.Errorf("a write is not seen: %v", err)
	}
}

func TestAnImportThatFailsLeavesNoDatabase(t *testing.T) {
	b := whole(t, false)
	src, err := openSource(t.Context(), filepath.Join(b.dir, databaseName), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	to := filepath.Join(t.TempDir(), "data")
	path := filepath.Join(to, databaseName)
	im := &importer{options: options{from: filepath.Join(b.dir, "nowhere"), to: to}, src: src, rep: newReport(), now: day(), data: to}
	// The files come last: everything else has been written by then.
	if err := im.into(t.Context(), path); !errors.Is(err, os.ErrNotExist) || im.rep.of(kindSettings).taken == 0 {
		t.Fatalf("%v, after %d settings", err, im.rep.of(kindSettings).taken)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := im.into(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	im.from = b.dir
	if err := im.into(t.Context(), path); err != nil {
		t.Errorf("the next try: %v", err)
	}
}
