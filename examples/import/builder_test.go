package main

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"encoding/gob"
	"encoding/pem"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// Passwords of the servers that builder makes: bcrypt takes the first as it
// is, and Owncast hashes the second before.
const (
	shortPassword = "correct horse battery staple"
	longPassword  = "a very long password that is a whole sentence, of far more than seventy-two bytes, as some people have it"
)

// day is when everything has happened.
func day() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 800_000_000, time.UTC) }

// driverTime is a time as Owncast's SQLite driver writes it.
func driverTime(t time.Time) string { return t.Format("2006-01-02 15:04:05.999999999-07:00") }

// builder makes the data directory of an Owncast server.
type builder struct {
	t        *testing.T
	dir      string
	db       *sql.DB
	newer    bool   // 0.3, and not 0.2.3
	password string // of the administrator

	privateKey, publicKey   string // of federation
	pushPublic, pushPrivate string
}

func newBuilder(t *testing.T, newer bool) *builder {
	t.Helper()
	b := &builder{t: t, dir: t.TempDir(), newer: newer, password: shortPassword}
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(b.dir, databaseName)))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	b.db = db
	t.Cleanup(func() { db.Close() })
	b.exec("PRAGMA journal_mode = WAL")
	b.exec("PRAGMA wal_autocheckpoint = 0") // so that something is in the log alone
	b.schema()
	b.makeKeys()
	return b
}

func (b *builder) exec(query string, args ...any) {
	b.t.Helper()
	if _, err := b.db.ExecContext(b.t.Context(), query, args...); err != nil {
		b.t.Fatalf("%s: %v", query, err)
	}
}

// schema makes the tables of Owncast 0.2.3, and what 0.3 adds to them.
func (b *builder) schema() {
	for _, table := range []string{
		`config (key TEXT NOT NULL PRIMARY KEY, value TEXT)`,
		`datastore (key TEXT PRIMARY KEY, value BLOB, timestamp DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL)`,
		`users (id TEXT PRIMARY KEY, display_name TEXT NOT NULL, display_color NUMBER NOT NULL, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
			disabled_at TIMESTAMP, previous_names TEXT DEFAULT '', namechanged_at TIMESTAMP, authenticated_at TIMESTAMP, scopes TEXT,
			type TEXT DEFAULT 'STANDARD', last_used DATETIME DEFAULT CURRENT_TIMESTAMP)`,
		`user_access_tokens (token TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL, timestamp DATE DEFAULT CURRENT_TIMESTAMP NOT NULL)`,
		`auth (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, user_id TEXT NOT NULL, token TEXT NOT NULL, type TEXT NOT NULL,
			timestamp DATE DEFAULT CURRENT_TIMESTAMP NOT NULL)`,
		`messages (id string NOT NULL PRIMARY KEY, user_id TEXT, body TEXT, eventType TEXT, hidden_at DATETIME, timestamp DATETIME,
			title TEXT, subtitle TEXT, image TEXT, link TEXT)`,
		`ip_bans (ip_address TEXT NOT NULL PRIMARY KEY, notes TEXT, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)`,
		`webhooks (id INTEGER PRIMARY KEY AUTOINCREMENT, url string NOT NULL, events TEXT NOT NULL,
			timestamp DATETIME DEFAULT CURRENT_TIMESTAMP, last_used DATETIME)`,
		`notifications (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, destination TEXT NOT NULL,
			created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)`,
		`ap_followers (iri TEXT NOT NULL PRIMARY KEY, inbox TEXT NOT NULL, name TEXT, username TEXT NOT NULL, image TEXT, request TEXT NOT NULL,
			request_object BLOB, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, approved_at TIMESTAMP, disabled_at TIMESTAMP)`,
		`ap_outbox (iri TEXT NOT NULL PRIMARY KEY, value BLOB, type TEXT NOT NULL, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
			live_notification BOOLEAN DEFAULT FALSE)`,
		`ap_accepted_activities (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, iri TEXT NOT NULL, actor TEXT NOT NULL, type TEXT NOT NULL,
			timestamp TIMESTAMP NOT NULL)`,
	} {
		b.exec("CREATE TABLE " + table)
	}
	if !b.newer {
		b.exec(`INSERT INTO config VALUES ('version', '7')`)
		return
	}
	b.exec(`INSERT INTO config VALUES ('version', '9')`)
	for _, statement := range []string{
		`CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP)`,
		`ALTER TABLE users ADD disabled_reason TEXT`, `ALTER TABLE webhooks ADD secret TEXT`,
		`ALTER TABLE ap_followers ADD shared_inbox TEXT`, `ALTER TABLE ap_followers ADD is_directory BOOLEAN DEFAULT FALSE`,
		`CREATE TABLE federated_servers (id INTEGER PRIMARY KEY, iri TEXT NOT NULL, name TEXT)`,
		`CREATE TABLE ap_delivery_queue (id INTEGER PRIMARY KEY, inbox TEXT, payload BLOB)`,
		`CREATE TABLE scheduled_event_series (id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT, recurrence TEXT NOT NULL,
			duration_minutes INTEGER, timezone TEXT, active BOOLEAN, created_at TIMESTAMP, reminder_message TEXT)`,
		`CREATE TABLE scheduled_events (id TEXT PRIMARY KEY, series_id TEXT, name TEXT NOT NULL, description TEXT, start_time TIMESTAMP NOT NULL,
			duration_minutes INTEGER, timezone TEXT, status TEXT, created_at TIMESTAMP, reminder_message TEXT)`,
		`CREATE TABLE plugin_data (slug TEXT, value BLOB)`,
	} {
		b.exec(statement)
	}
	for version := range gooseLast + 1 {
		b.exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, 1)`, version)
	}
}

func (b *builder) makeKeys() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		b.t.Fatal(err)
	}
	b.privateKey = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	b.publicKey = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	push, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	b.pushPrivate = base64.RawURLEncoding.EncodeToString(push.Bytes())
	b.pushPublic = base64.RawURLEncoding.EncodeToString(push.PublicKey().Bytes())
}

// value stores a value as Owncast does.
func (b *builder) value(key string, v any) {
	b.t.Helper()
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(v); err != nil {
		b.t.Fatalf("%s: %v", key, err)
	}
	b.exec(`INSERT OR REPLACE INTO datastore (key, value) VALUES (?, ?)`, key, buf.Bytes())
}

// hash is what Owncast stores of a password.
func (b *builder) hash(password string) string {
	input := []byte(password)
	if len(input) > 72 {
		sum := sha512.Sum512(input)
		input = sum[:]
	}
	hash, err := bcrypt.GenerateFromPassword(input, bcrypt.MinCost)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(hash)
}

// Owncast's own types, by the names of their fields.
type (
	owncastHandle  struct{ Platform, URL, Icon string }
	owncastVariant struct {
		Name                                                                 string
		AudioBitrate, ScaledWidth, ScaledHeight, CPUUsageLevel, VideoBitrate int
		Framerate                                                            int
		IsVideoPassthrough, IsAudioPassthrough                               bool
	}
	owncastAction struct {
		URL, HTML, Title, Description, Icon, Color string
		OpenExternally                             bool
	}
	owncastKey struct{ Key, Comment string }
	owncastS3  struct {
		Endpoint, ServingEndpoint, AccessKey, Secret, Bucket, Region, ACL, PathPrefix string
		ForcePathStyle, Enabled                                                       bool
	}
	owncastDiscord struct {
		Webhook, GoLiveMessage string
		Enabled                bool
	}
	owncastBrowser struct {
		GoLiveMessage string
		Enabled       bool
	}
	owncastNullTime struct {
		Time  time.Time
		Valid bool
	}
)

// values stores a value of every key.
func (b *builder) values() {
	for key, v := range map[string]any{
		"server_name": "Anna's Kitchen", "server_summary": "Bread, mostly.", "server_welcome_message": "Hello **you**",
		"custom_offline_message": "Back on Friday", "extra_page_content": "# Recipes\n<script>alert(1)</script>", "stream_title": "Rye",
		"server_url": "https://live.example.org", "server_metadata_tags": "bread,rye,,bread", "logo_path": "logo.png", "logo_uniqueness": "x1",
		"custom_styles": "body{color:red}", "custom_javascript": "hush()", "websocket_host_override": "ws.example.org",
		"admin_password_key": b.hash(b.password), "http_listen_address": "0.0.0.0", "ffmpeg_path": "/usr/bin/ffmpeg", "video_codec": "h264_vaapi",
		"video_serving_endpoint": "https://cdn.example.org", "directory_registration_key": "listed-as", "federation_username": "anna",
		"federation_go_live_message": "Baking!", "federation_blocked_domains": "bad.example,worse.example", "public_key": b.publicKey,
		"private_key": b.privateKey, "browser_push_public_key": b.pushPublic, "browser_push_private_key": b.pushPrivate,

		"nsfw": true, "hide_viewer_count": true, "disable_search_indexing": true, "chat_disabled": false, "chat_join_messages_enabled": false,
		"chat_established_users_only_mode": true, "chat_spam_protection_enabled": false, "chat_slur_filter_enabled": true,
		"directory_enabled": true, "federation_enabled": true, "federation_private": true, "federation_show_engagement": false,
		"notifications_enabled": true, "has_configured_initial_notifications": true, "HAS_POPULATED_DEFAULTS": true,
		"HAS_POPULATED_FEDERATION_DEFAULTS": true,

		"http_port_number": 8080.0, "rtmp_port_number": 1935.0, "video_latency_level": 3.0, "peak_viewers_session": 12.0,
		"peak_viewers_overall": 340.0, "DATA_STORE_VERSION": 4.0,

		"blocked_usernames": []string{"admin", "anna"}, "suggested_usernames": []string{"crumb", "crust"},
		"custom_color_variable_values": map[string]string{"theme-color-action": "#123456"},
		"social_handles":               []owncastHandle{{"mastodon", "https://social.example/@anna", ""}, {"evil", "javascript:alert(1)", ""}},
		"external_actions":             []owncastAction{{URL: "https://shop.example", Title: "Shop", OpenExternally: true}},
		"stream_keys":                  []owncastKey{{"first-key", "oven"}, {"second-key", ""}},
		"video_stream_output_variants": []owncastVariant{
			{Name: "High", IsVideoPassthrough: true, IsAudioPassthrough: true},
			{Name: "Low", VideoBitrate: 800, ScaledHeight: 480, Framerate: 24, CPUUsageLevel: 2, IsAudioPassthrough: true},
		},
		"s3_storage_config":          owncastS3{Endpoint: "https://s3.example", AccessKey: "AK", Secret: "hush", Bucket: "live", Region: "eu", Enabled: true},
		"discord_configuration":      owncastDiscord{Webhook: "https://discord.example/hook", GoLiveMessage: "Come", Enabled: true},
		"browser_push_configuration": owncastBrowser{GoLiveMessage: "Rise!", Enabled: true},
		"server_init_date":           owncastNullTime{day().AddDate(-3, 0, 0), true},
		"last_disconnect_time":       owncastNullTime{day(), true},
		"of_some_fork":               "whatever",
	} {
		b.value(key, v)
	}
	b.exec(`INSERT INTO datastore (key, value) VALUES ('favicon_path', x'00')`) // damaged
	if !b.newer {
		return
	}
	for key, v := range map[string]any{
		"favicon_path": "favicon.png", "autoplay": "sound-only", "rtmp_bind_address": "127.0.0.1", "chat_require_authentication": true,
		"federation_enable_quotes": true, "federation_hide_followers_tab": true, "schedule_enabled": true, "schedule_show_countdown": true,
		"schedule_chat_open_minutes": 30.0, "schedule_reminder_message": "Soon", "schedule_first_reminder_minutes": 60.0,
		"schedule_second_reminder_minutes": 17.0, // not one of those there are
		"plugins.enabled":                  []string{"poll"},
	} {
		b.value(key, v)
	}
}

// records stores rows in every table.
func (b *builder) records() {
	at := driverTime(day())
	for _, u := range []struct{ id, name, previous, scopes, kind string }{
		{"u-anna", "Anna", "soft-crumb,Anna", "MODERATOR", "STANDARD"},
		{"u-ben", "Ben", "Ben", "", "STANDARD"},
		{"u-cy", "Cy", "Cy", "", "STANDARD"},
		{"u-bot", "Timer", "", "CAN_SEND_MESSAGES,HAS_ADMIN_ACCESS", "API"},
		{"u-old-bot", "Old Timer", "", "CAN_SEND_MESSAGES", "API"},
	} {
		b.exec(`INSERT INTO users (id, display_name, display_color, created_at, previous_names, scopes, type, last_used) VALUES (?,?,?,?,?,?,?,?)`,
			u.id, u.name, 262, at, u.previous, u.scopes, u.kind, at)
	}
	b.exec(`UPDATE users SET disabled_at = ?, namechanged_at = ? WHERE id IN ('u-cy', 'u-old-bot')`, at, at)
	b.exec(`UPDATE users SET authenticated_at = ? WHERE id = 'u-anna'`, at)
	for token, user := range map[string]string{
		"token-anna-1": "u-anna", "token-anna-2": "u-anna", "token-ben": "u-ben", "token-cy": "u-cy",
		"token-bot": "u-bot", "token-old-bot": "u-old-bot", "token-nobody": "u-gone",
	} {
		b.exec(`INSERT INTO user_access_tokens (token, user_id) VALUES (?, ?)`, token, user)
	}
	for _, a := range [][3]string{
		{"u-anna", "https://anna.example/", "indieauth"},
		{"u-ben", "ben@social.example", "fediverse"},
		{"u-cy", "ben@social.example", "fediverse"},
		{"u-gone", "x@social.example", "fediverse"},
	} {
		b.exec(`INSERT INTO auth (user_id, token, type) VALUES (?, ?, ?)`, a[0], a[1], a[2])
	}
	for i := range 60 {
		b.exec(`INSERT INTO messages (id, user_id, body, eventType, timestamp) VALUES (?, 'u-ben', ?, 'CHAT', ?)`,
			fmt.Sprintf("m-%02d", i), fmt.Sprintf("<p>line %d</p>", i), driverTime(day().Add(time.Duration(59-i)*time.Second)))
	}
	b.exec(`UPDATE messages SET hidden_at = ? WHERE id = 'm-07'`, at)
	b.exec(`INSERT INTO messages (id, body, eventType, timestamp, title, image, link) VALUES
		('m-fedi', 'liked', 'FEDIVERSE_ENGAGEMENT_LIKE', ?, 'dora', 'https://x.example/i.png', 'https://x.example/dora')`, at)
	b.exec(`INSERT INTO messages (id, body, eventType) VALUES ('m-timeless', 'x', 'CHAT')`)
	for _, ip := range []string{"192.0.2.7", "2001:db8::7", "::ffff:192.0.2.8", "not-an-ip"} {
		b.exec(`INSERT INTO ip_bans (ip_address, notes) VALUES (?, 'manually added')`, ip)
	}
	b.exec(`INSERT INTO webhooks (url, events, last_used) VALUES ('https://hook.example/a', 'CHAT,STREAM_STARTED', ?), ('gopher://x', 'CHAT', NULL)`, at)
	for range 2 {
		b.exec(`INSERT INTO notifications (channel, destination) VALUES ('BROWSER_PUSH_NOTIFICATION', '{"endpoint":"https://push.example/1"}')`)
	}
	b.fediverse(at)
}

func (b *builder) fediverse(at string) {
	for i := range 30 {
		var approved, disabled any
		switch {
		case i < 20:
			approved = at
		case i < 25:
			disabled = at
		}
		b.exec(`INSERT INTO ap_followers (iri, inbox, name, username, image, request, request_object, created_at, approved_at, disabled_at)
			VALUES (?, ?, 'Dora', ?, NULL, ?, ?, ?, ?, ?)`,
			fmt.Sprintf("https://social.example/users/%d", i), "https://social.example/inbox", fmt.Sprintf("d%d@social.example", i),
			fmt.Sprintf("https://social.example/follows/%d", i), []byte(`{"type":"Follow"}`), at, approved, disabled)
	}
	b.exec(`INSERT INTO ap_followers (iri, inbox, username, request) VALUES ('https://broken.example/u', '', 'x', '')`)
	for i := range 4 {
		b.exec(`INSERT INTO ap_outbox (iri, value, type, created_at, live_notification) VALUES (?, ?, 'Create', ?, ?)`,
			fmt.Sprintf("https://live.example.org/federation/%d", i), []byte(`{"type":"Create"}`), at, i == 0)
	}
	for _, iri := range []string{"https://social.example/likes/1", "https://social.example/likes/2", "https://social.example/likes/2"} {
		b.exec(`INSERT INTO ap_accepted_activities (iri, actor, type, timestamp) VALUES (?, 'https://social.example/users/1', 'Like', ?)`, iri, at)
	}
	if !b.newer {
		return
	}
	b.exec(`UPDATE users SET disabled_reason = 'rude' WHERE id = 'u-cy'`)
	b.exec(`UPDATE webhooks SET secret = 'signs-it' WHERE id = 1`)
	b.exec(`UPDATE ap_followers SET is_directory = TRUE, shared_inbox = 'https://social.example/shared' WHERE username = 'd0@social.example'`)
	b.exec(`INSERT INTO federated_servers (iri, name) VALUES ('https://friend.example/federation/user/live', 'Friend')`)
	b.exec(`INSERT INTO ap_delivery_queue (inbox) VALUES ('https://social.example/inbox')`)
	b.exec(`INSERT INTO plugin_data VALUES ('poll', x'00')`)
	b.exec(`INSERT INTO scheduled_event_series (id, name, recurrence, duration_minutes, timezone, active, created_at) VALUES
		('s-1', 'Friday', 'DTSTART:20260306T180000Z' || char(10) || 'RRULE:FREQ=WEEKLY', 90, 'Europe/Berlin', 1, ?)`, at)
	b.exec(`INSERT INTO scheduled_events (id, series_id, name, start_time, duration_minutes, timezone, status, created_at) VALUES
		('e-1', 's-1', 'Friday', ?, 90, 'Europe/Berlin', 'scheduled', ?), ('e-2', NULL, 'Once', ?, 30, 'UTC', 'cancelled', ?)`, at, at, at, at)
}

// files makes the pictures and the public files.
func (b *builder) files() {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		b.t.Fatal(err)
	}
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><script>alert(1)</script><circle r="4"/></svg>`)
	for name, data := range map[string][]byte{
		"logo.png": picture.Bytes(), "favicon.png": picture.Bytes(),
		"emoji/bread.png": picture.Bytes(), "emoji/pack/rye.svg": svg, "emoji/pack/bread.png": picture.Bytes(),
		"emoji/pack/LICENSE.md": []byte("free"), "emoji/bad name.png": picture.Bytes(), "emoji/broken.png": []byte("no picture"),
		"public/index.html": []byte("<p>hello"), "public/deep/er/file.txt": []byte("deep"),
	} {
		path := filepath.Join(b.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(b.dir, "public", "link")); err != nil {
		b.t.Log("no symbolic link:", err)
	}
}

// whole makes a server that has something of everything.
func whole(t *testing.T, newer bool) *builder {
	t.Helper()
	b := newBuilder(t, newer)
	if newer {
		b.password = longPassword
	}
	b.values()
	b.records()
	b.files()
	return b
}

// keys are how many settings the database has.
func (b *builder) keys() (n int) {
	if err := b.db.QueryRowContext(b.t.Context(), `SELECT count(*) FROM datastore`).Scan(&n); err != nil {
		b.t.Fatal(err)
	}
	return n
}
