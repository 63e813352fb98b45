package owncast

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/internal/health"
	"github.com/owncast-go/owncast/internal/httpapi"
	"github.com/owncast-go/owncast/internal/schedule"
	"github.com/owncast-go/owncast/internal/settings"
	"github.com/owncast-go/owncast/internal/stats"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/video"
)

// settingsSource answers for the settings: an option's value where there is
// one, and what the repository has otherwise.
type settingsSource struct {
	cfg      config
	store    repository.Settings
	sections *httpapi.Sections
	hasher   *auth.Hasher

	watched *health.Settings // which store is
	series  repository.Series
	s3      outcome // of opening the storage of an S3 service
}

func newSettingsSource(c config, r Repository) *settingsSource {
	store := health.WatchSettings(r.Settings)
	x := httpapi.SectionsConfig{
		Store: store, Logger: c.log, LatencyLevel: c.level, Ladder: c.ladder, StreamKeys: c.keys, AdminPassword: c.adminPassword != nil,
		ChatLimits: c.chatLimits,
		InstanceChanged: settingsEvent(c.hooks, c.log, func(h Hooks) func(context.Context, InstanceChanged) { return h.InstanceChanged },
			func(x settings.Change[Instance]) InstanceChanged { return InstanceChanged(x) }),
		VideoChanged: settingsEvent(c.hooks, c.log, func(h Hooks) func(context.Context, VideoChanged) { return h.VideoChanged },
			func(x settings.Change[VideoSettings]) VideoChanged { return VideoChanged(x) }),
		ChatChanged: settingsEvent(c.hooks, c.log, func(h Hooks) func(context.Context, ChatChanged) { return h.ChatChanged },
			func(x settings.Change[chat.Settings]) ChatChanged { return ChatChanged(x) }),
		FederationChanged: settingsEvent(c.hooks, c.log, func(h Hooks) func(context.Context, FederationChanged) { return h.FederationChanged },
			func(x settings.Change[federation.Settings]) FederationChanged { return FederationChanged(x) }),
		ScheduleChanged: settingsEvent(c.hooks, c.log, func(h Hooks) func(context.Context, ScheduleChanged) { return h.ScheduleChanged },
			func(x settings.Change[schedule.Settings]) ScheduleChanged { return ScheduleChanged(x) }),
	}
	if c.base.Host != "" {
		u := strings.TrimRight(c.base.String(), "/")
		x.ServerURL = &u
	}
	return &settingsSource{cfg: c, store: store, sections: httpapi.NewSections(x), hasher: auth.NewHasher(), watched: store, series: r.Series}
}

// settingsEvent calls one kind of hook of every set, one by one under recover.
func settingsEvent[C, E any](hooks []Hooks, log *slog.Logger, pick func(Hooks) func(context.Context, E), event func(C) E) func(context.Context, C) {
	return func(ctx context.Context, c C) {
		for _, h := range hooks {
			if f := pick(h); f != nil {
				contain(log, func() { f(ctx, event(c)) })
			}
		}
	}
}

// contain keeps a panic of a host's function from going further.
func contain(log *slog.Logger, f func()) {
	defer func() {
		if v := recover(); v != nil {
			log.Error("a hook panicked", "panic", v)
		}
	}()
	f()
}

func (s *settingsSource) streamKeys(ctx context.Context) ([]StreamKey, error) {
	return s.sections.StreamKeys.Get(ctx)
}

// adminHash is the hash of the admin password; empty if there is none.
func (s *settingsSource) adminHash(ctx context.Context) (string, error) {
	c, err := s.sections.Admin.Get(ctx)
	return c.PasswordHash, err
}

// administered tells whether anybody can be an administrator.
func (s *settingsSource) administered(ctx context.Context) bool {
	if s.cfg.authenticator != nil || s.cfg.adminPassword != nil {
		return true
	}
	hash, err := s.adminHash(ctx)
	return err == nil && hash != ""
}

func (s *settingsSource) setAdminPassword(ctx context.Context, password string) error {
	if s.cfg.adminPassword != nil {
		return &ReadOnlyError{Field: "adminPassword"} // before the hashing
	}
	hash, err := s.hasher.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	_, err = s.sections.Admin.Set(ctx, "adminPassword", func(c *auth.AdminCredentials) error {
		c.PasswordHash = hash
		return nil
	})
	return err
}

func (s *settingsSource) latency(ctx context.Context) (video.Latency, error) {
	v, err := s.sections.Video.Get(ctx)
	return video.LatencyLevel(v.LatencyLevel), err
}

// ladder is what viewers can choose from, if there is a transcoder.
func (s *settingsSource) ladder(ctx context.Context) (video.Ladder, error) {
	v, err := s.sections.Video.Get(ctx)
	return v.Ladder, err
}

// offered is the ladder as viewers can have it: without a transcoder, of the
// broadcast alone.
func (s *settingsSource) offered(ctx context.Context) (video.Ladder, error) {
	v, err := s.sections.Video.Get(ctx)
	if s.cfg.transcoder == nil {
		v.Ladder = video.Ladder{SourceName: v.Ladder.SourceName}
	}
	return v.Ladder, err
}

// name is what the server is called, for the chat.
func (s *settingsSource) name(ctx context.Context) string {
	i, err := s.sections.Instance.Peek(ctx)
	if err != nil {
		return ""
	}
	return i.Name
}

// title is what the stream is called, for who keeps it.
func (s *settingsSource) title(ctx context.Context) (string, error) {
	i, err := s.sections.Instance.Get(ctx)
	return i.StreamTitle, err
}

// lastEnded is when the last session ended. A time that cannot be read is no
// reason to stay off the air.
func (s *settingsSource) lastEnded(ctx context.Context) time.Time {
	past, _, err := stats.PastSetting().Get(ctx, s.store)
	if err != nil {
		s.cfg.log.ErrorContext(ctx, "end of the last session not loaded", "err", err)
	}
	return past.EndedAt
}

// script is what administrators add to the page.
func (s *settingsSource) script(ctx context.Context) (string, error) {
	i, err := s.sections.Instance.Get(ctx)
	return i.CustomJavaScript, err
}

// noIndex tells whether search engines should stay away. They are not told so
// because the settings cannot be read.
func (s *settingsSource) noIndex(ctx context.Context) bool {
	i, err := s.sections.Instance.Get(ctx)
	return err == nil && i.DisableSearchIndexing
}

// storage is where an S3 service keeps segments, if an administrator has said
// so, and the one of the options otherwise. A service that is set up wrongly
// must not keep the administrator from setting it right. Closing
// closes what was opened.
func (s *settingsSource) storage(ctx context.Context) (store Storage, closing func() error, err error) {
	closing = func() error { return nil }
	if s.cfg.openS3 == nil {
		return s.cfg.storage, closing, nil
	}
	s3, err := s.sections.S3.Get(ctx)
	if err != nil {
		return nil, nil, err
	}
	if !s3.Enabled {
		return s.cfg.storage, closing, nil
	}
	v, err := s.sections.Video.Get(ctx)
	if err != nil {
		return nil, nil, err
	}
	s3.PublicURL = v.ServingEndpoint
	store, err = s.cfg.openS3(ctx, s3)
	if err == nil && store == nil {
		err = errNil
	}
	if err != nil {
		s.cfg.log.Error("the S3 storage of the settings cannot be used", "err", err)
		s.s3.set(err)
		return s.cfg.storage, closing, nil
	}
	if c, ok := store.(io.Closer); ok {
		closing = c.Close
	}
	return store, closing, nil
}

// testS3 opens a service as it would be opened by Start, and closes it.
func (s *settingsSource) testS3(ctx context.Context, s3 S3Settings) error {
	v, err := s.sections.Video.Get(ctx)
	if err != nil {
		return err
	}
	s3.PublicURL = v.ServingEndpoint
	store, err := s.cfg.openS3(ctx, s3)
	if err != nil {
		return err
	}
	if store == nil {
		return errNil
	}
	if c, ok := store.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// authorizer lets publishers in.
func authorizer(c config, s *settingsSource) video.PublishAuthorizer {
	publish := c.publish
	if publish == nil {
		publish = video.PublishAuthorizerFunc(func(ctx context.Context, req video.PublishRequest) error {
			keys, err := s.streamKeys(ctx)
			if err != nil {
				return err
			}
			if !auth.CheckStreamKey(keys, req.StreamKey) {
				return video.ErrStreamKey
			}
			return nil
		})
	}
	return video.PublishAuthorizerFunc(func(ctx context.Context, req video.PublishRequest) error {
		if err := publish.AuthorizePublish(ctx, req); err != nil {
			return err
		}
		return beforePublish(ctx, c.hooks, req)
	})
}
