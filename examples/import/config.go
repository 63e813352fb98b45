package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/webhooks"
)

const (
	kindSettings = "settings"
	kindEntries  = "entries of settings"
)

// values are what table datastore has, by key. Keys are removed as they are
// dealt with.
type values map[string][]byte

func (s *source) values(ctx context.Context) (values, error) {
	v := values{}
	err := s.each(ctx, "datastore", "key", []column{must("key"), must("value")}, func(r row) error {
		v[r.text("key")] = r["value"]
		return nil
	})
	if err != nil {
		return nil, err
	}
	version, err := decodeNumber(v["DATA_STORE_VERSION"])
	switch {
	case err != nil || version < valueVersion:
		return nil, fmt.Errorf("%w (values of version %v)", errTooOld, version)
	case version > valueVersion:
		return nil, fmt.Errorf("%w (values of version %v)", errTooNew, version)
	}
	return v, nil
}

// take removes a key and decodes its value. ok is false if there is none, or
// if it cannot be decoded, which is in the report then.
func take[T any](im *importer, v values, key string) (value T, ok bool) {
	data, there := v[key]
	delete(v, key)
	if !there {
		return value, false
	}
	value, err := decode[T](data)
	if err != nil {
		im.rep.skip(kindSettings, err.Error(), key)
		return value, false
	}
	return value, true
}

func takeNumber(im *importer, v values, key string) (float64, bool) {
	data, there := v[key]
	delete(v, key)
	if !there {
		return 0, false
	}
	n, err := decodeNumber(data)
	if err != nil {
		im.rep.skip(kindSettings, err.Error(), key)
	}
	return n, err == nil
}

// stored counts settings that were saved together, or says why they could not
// be.
func (im *importer) stored(err error, keys ...string) {
	for _, key := range keys {
		if err == nil {
			im.rep.took(kindSettings)
		} else {
			im.rep.skip(kindSettings, "not valid", key+" ("+err.Error()+")")
		}
	}
}

// keys carries over what other servers and browsers know the server by.
func (im *importer) keys(ctx context.Context, v values) error {
	if private, ok := take[string](im, v, "private_key"); ok {
		public, keys := pair(im, v, "private_key", "public_key")
		_, err := federation.KeysSetting().Update(ctx, im.repo.Settings, func(k *federation.Keys) error {
			*k = federation.Keys{PrivateKeyPEM: private, PublicKeyPEM: public}
			return nil
		})
		im.stored(err, keys...)
	}
	if private, ok := take[string](im, v, "browser_push_private_key"); ok {
		public, keys := pair(im, v, "browser_push_private_key", "browser_push_public_key")
		_, err := webhooks.PushKeysSetting().Update(ctx, im.repo.Settings, func(k *webhooks.PushKeys) error {
			*k = webhooks.PushKeys{PrivateKey: private, PublicKey: public}
			return nil
		})
		im.stored(err, keys...)
	}
	return ctx.Err()
}

// pair returns the public key that belongs to a private one, which can do
// without, and the keys that there were.
func pair(im *importer, v values, private, public string) (value string, keys []string) {
	value, ok := take[string](im, v, public)
	if !ok {
		return "", []string{private}
	}
	return value, []string{private, public}
}

// past carries over what is remembered of earlier streams.
func (im *importer) past(ctx context.Context, v values) error {
	var keys []string
	had := func(key string, ok bool) {
		if ok {
			keys = append(keys, key)
		}
	}
	session, ok := takeNumber(im, v, "peak_viewers_session")
	had("peak_viewers_session", ok)
	overall, ok := takeNumber(im, v, "peak_viewers_overall")
	had("peak_viewers_overall", ok)
	ended, ok := take[nullTime](im, v, "last_disconnect_time")
	had("last_disconnect_time", ok)
	began, ok := take[nullTime](im, v, "server_init_date")
	had("server_init_date", ok)
	if len(keys) == 0 {
		return nil
	}
	_, err := owncast.PastSetting().Update(ctx, im.repo.Settings, func(p *owncast.Past) error {
		p.SessionPeak = max(p.SessionPeak, count(session))
		p.Peak = max(p.Peak, count(overall), count(session))
		if ended.Valid && ended.Time.After(p.EndedAt) {
			p.EndedAt = ended.Time.UTC()
		}
		if began.Valid && (p.Since.IsZero() || began.Time.Before(p.Since)) {
			p.Since = began.Time.UTC()
		}
		return nil
	})
	im.stored(err, keys...)
	return ctx.Err()
}

// count is n as a number of people.
func count(n float64) int { return int(math.Max(0, math.Min(n, math.MaxInt32))) }

// settings carries over what the administration API of Owncast and of this
// module have in common: each value goes to the setter that Owncast's own
// administration page would send it to.
func (im *importer) settings(ctx context.Context, app *owncast.App, v values) error {
	api := &setters{handler: app.Handler(), im: im}
	im.plain(ctx, api, v)
	im.lists(ctx, api, v)
	im.structs(ctx, api, v)
	if err := im.secrets(ctx, app, api, v); err != nil {
		return err
	}
	im.outside(v)
	return ctx.Err()
}

// plain carries over texts, switches and numbers.
func (im *importer) plain(ctx context.Context, api *setters, v values) {
	texts := map[string]string{
		"server_name": "name", "server_summary": "serversummary", "server_welcome_message": "welcomemessage",
		"custom_offline_message": "offlinemessage", "extra_page_content": "pagecontent", "stream_title": "streamtitle",
		"server_url": "serverurl", "autoplay": "autoplay", "custom_styles": "customstyles", "custom_javascript": "customjavascript",
		"websocket_host_override": "sockethostoverride", "video_codec": "video/codec", "video_serving_endpoint": "videoservingendpoint",
		"federation_username": "federation/username", "federation_go_live_message": "federation/livemessage",
		"schedule_reminder_message": "schedule/remindermessage",
	}
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		if text, ok := take[string](im, v, key); ok {
			im.stored(api.set(ctx, texts[key], strings.ToValidUTF8(text, "\uFFFD")), key)
		}
	}
	switches := map[string]string{
		"nsfw": "nsfw", "hide_viewer_count": "hideviewercount", "disable_search_indexing": "disablesearchindexing",
		"chat_disabled": "chat/disable", "chat_join_messages_enabled": "chat/joinmessagesenabled",
		"chat_established_users_only_mode": "chat/establishedusermode", "chat_spam_protection_enabled": "chat/spamprotectionenabled",
		"chat_slur_filter_enabled": "chat/slurfilterenabled", "chat_require_authentication": "chat/requireauthentication",
		"directory_enabled": "directoryenabled", "federation_enabled": "federation/enable", "federation_private": "federation/private",
		"federation_show_engagement": "federation/showengagement", "federation_enable_quotes": "federation/enablequotes",
		"federation_hide_followers_tab": "federation/hidefollowers", "schedule_enabled": "schedule/enabled",
		"schedule_show_countdown": "schedule/showcountdown",
	}
	for _, key := range slices.Sorted(maps.Keys(switches)) {
		if on, ok := take[bool](im, v, key); ok {
			im.stored(api.set(ctx, switches[key], on), key)
		}
	}
	numbers := map[string]string{
		"video_latency_level": "video/streamlatencylevel", "schedule_chat_open_minutes": "schedule/chatopenminutes",
		"schedule_first_reminder_minutes": "schedule/firstreminderminutes", "schedule_second_reminder_minutes": "schedule/secondreminderminutes",
	}
	for _, key := range slices.Sorted(maps.Keys(numbers)) {
		if n, ok := takeNumber(im, v, key); ok {
			im.stored(api.set(ctx, numbers[key], n), key)
		}
	}
}

// lists carries over what there is several of. One that cannot be taken does
// not keep the others.
func (im *importer) lists(ctx context.Context, api *setters, v values) {
	for key, path := range map[string]string{"server_metadata_tags": "tags", "federation_blocked_domains": "federation/blockdomains"} {
		if text, ok := take[string](im, v, key); ok {
			im.stored(setList(ctx, api, path, key, split(text)), key)
		}
	}
	for key, path := range map[string]string{"blocked_usernames": "chat/forbiddenusernames", "suggested_usernames": "chat/suggestedusernames"} {
		if names, ok := take[[]string](im, v, key); ok {
			im.stored(setList(ctx, api, path, key, names), key)
		}
	}
	if handles, ok := take[[]socialHandle](im, v, "social_handles"); ok {
		var list []any
		for _, h := range handles {
			list = append(list, map[string]any{"platform": h.Platform, "url": h.URL})
		}
		im.stored(setList(ctx, api, "socialhandles", "social_handles", list), "social_handles")
	}
	if actions, ok := take[[]externalAction](im, v, "external_actions"); ok {
		var list []any
		for _, a := range actions {
			list = append(list, map[string]any{
				"url": a.URL, "html": a.HTML, "title": a.Title, "description": a.Description, "icon": a.Icon,
				"color": a.Color, "openExternally": a.OpenExternally,
			})
		}
		im.stored(setList(ctx, api, "externalactions", "external_actions", list), "external_actions")
	}
	if variants, ok := take[[]outputVariant](im, v, "video_stream_output_variants"); ok {
		var list []any
		for _, o := range variants {
			list = append(list, map[string]any{
				"name": o.Name, "videoBitrate": o.VideoBitrate, "audioBitrate": o.AudioBitrate, "scaledWidth": o.ScaledWidth,
				"scaledHeight": o.ScaledHeight, "framerate": o.Framerate, "cpuUsageLevel": o.CPUUsageLevel,
				"videoPassthrough": o.IsVideoPassthrough || o.VideoPassthrough, "audioPassthrough": o.IsAudioPassthrough || o.AudioPassthrough,
			})
		}
		im.stored(setList(ctx, api, "video/streamoutputvariants", "video_stream_output_variants", list), "video_stream_output_variants")
	}
}

// structs carries over what has several fields.
func (im *importer) structs(ctx context.Context, api *setters, v values) {
	if vars, ok := take[map[string]string](im, v, "custom_color_variable_values"); ok {
		clean := map[string]string{}
		for name, value := range vars {
			clean[strings.TrimPrefix(name, "--")] = value
		}
		im.stored(api.set(ctx, "appearance", clean), "custom_color_variable_values")
	}
	if s3, ok := take[s3Config](im, v, "s3_storage_config"); ok {
		im.stored(api.set(ctx, "s3", map[string]any{
			"enabled": s3.Enabled, "endpoint": s3.Endpoint, "accessKey": s3.AccessKey, "secret": s3.Secret, "bucket": s3.Bucket,
			"region": s3.Region, "acl": s3.ACL, "pathPrefix": s3.PathPrefix, "forcePathStyle": s3.ForcePathStyle,
		}), "s3_storage_config")
	}
	if d, ok := take[discordConfig](im, v, "discord_configuration"); ok {
		im.stored(api.set(ctx, "notifications/discord", map[string]any{
			"enabled": d.Enabled, "webhook": d.Webhook, "goLiveMessage": d.GoLiveMessage,
		}), "discord_configuration")
	}
	if b, ok := take[browserConfig](im, v, "browser_push_configuration"); ok {
		im.stored(api.set(ctx, "notifications/browser", map[string]any{
			"enabled": b.Enabled, "goLiveMessage": b.GoLiveMessage,
		}), "browser_push_configuration")
	}
}

// secrets carries over what lets people in, and what the directory knows the
// server by.
func (im *importer) secrets(ctx context.Context, app *owncast.App, api *setters, v values) error {
	if hash, ok := take[string](im, v, "admin_password_key"); ok {
		bundle, err := json.Marshal(map[string]any{
			"version": 1, "sections": map[string]any{"admin": map[string]string{"passwordHash": hash}},
		})
		if err != nil {
			return err
		}
		im.stored(app.Settings().Import(ctx, bundle), "admin_password_key")
	}
	if keys, ok := take[[]streamKey](im, v, "stream_keys"); ok {
		var list []any
		seen := map[string]bool{}
		for _, k := range keys {
			if !seen[k.Key] {
				list = append(list, map[string]any{"key": k.Key, "comment": k.Comment})
			}
			seen[k.Key] = true
			if k.Key == "abc123" {
				im.rep.note("the stream key abc123 is Owncast's default, which everybody knows: set another one")
			}
		}
		im.stored(setList(ctx, api, "streamkeys", "stream_keys", list), "stream_keys")
	}
	if key, ok := take[string](im, v, "directory_registration_key"); ok {
		_, err := app.Settings().UpdateDirectory(ctx, func(d *owncast.DirectorySettings) error {
			d.Key = key
			return nil
		})
		im.stored(err, "directory_registration_key")
	}
	return nil
}

// outside says what becomes of the values that are no settings here.
func (im *importer) outside(v values) {
	const program, done, gone = "for the program around the App", "only of use to Owncast itself", "no longer of use"
	reasons := map[string]string{
		"http_port_number": program, "http_listen_address": program, "rtmp_port_number": program, "rtmp_bind_address": program, "ffmpeg_path": program,
		"DATA_STORE_VERSION": done, "HAS_POPULATED_DEFAULTS": done, "HAS_POPULATED_FEDERATION_DEFAULTS": done,
		"has_configured_initial_notifications": done, "logo_uniqueness": done,
		"notifications_enabled": gone, "public_key": "without the private key", "browser_push_public_key": "without the private key",
		"logo_path": "", "favicon_path": "", // which files takes
	}
	for _, key := range slices.Sorted(maps.Keys(v)) {
		reason, known := reasons[key]
		switch {
		case known && reason == "":
			continue
		case strings.HasPrefix(key, "plugin"):
			reason = "of plugins, which there are none of"
		case !known:
			reason = "not known to this program"
		}
		im.rep.skip(kindSettings, reason, key)
	}
}

// setters are the routes below /api/admin/config of an App.
type setters struct {
	handler http.Handler
	im      *importer
}

// setterError is what a setter has answered.
type setterError struct{ message string }

func (e *setterError) Error() string { return e.message }

// set changes a setting, as an administrator would.
func (s *setters) set(ctx context.Context, path string, value any) error {
	body, err := json.Marshal(map[string]any{"value": value})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/api/admin/config/"+path, strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	w := &recorder{header: http.Header{}}
	s.handler.ServeHTTP(w, r)
	if w.status == http.StatusOK {
		return nil
	}
	var answer struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal([]byte(w.body.String()), &answer); err != nil || answer.Error == "" {
		return fmt.Errorf("status %d", w.status)
	}
	return &setterError{answer.Error}
}

// setList sets a list, or what can be set of it.
func setList[T any](ctx context.Context, s *setters, path, key string, list []T) error {
	if list == nil {
		list = []T{}
	}
	err := s.set(ctx, path, list)
	if err == nil || len(list) < 2 {
		return err
	}
	var good []T
	for i, item := range list {
		if one := s.set(ctx, path, []T{item}); one != nil {
			s.im.rep.skip(kindEntries, "not valid", fmt.Sprintf("%s, number %d (%v)", key, i+1, one))
			continue
		}
		good = append(good, item)
	}
	return s.set(ctx, path, good)
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   strings.Builder
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// itself lets the requests of set in: nobody else can send any.
func itself() owncast.Authenticator {
	return owncast.AuthenticatorFunc(func(*http.Request) (owncast.User, error) {
		return owncast.User{ID: "import", DisplayName: "import", Role: repository.RoleAdmin}, nil
	})
}

// noS3 lets the settings have what is set of S3, and opens nothing.
func noS3(context.Context, owncast.S3Settings) (owncast.Storage, error) {
	return nil, errors.New("not while importing")
}
