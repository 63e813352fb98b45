package owncast

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/internal/health"
	"github.com/owncast-go/owncast/internal/httpapi"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/video"
)

// VideoSettings are how the stream is made.
type VideoSettings struct {
	// LatencyLevel is from 0, the shortest delay, to 4, the safest. A change
	// holds for sessions that begin later.
	LatencyLevel int `json:"latencyLevel"`
	// Ladder is what viewers can choose from, if there is a [Transcoder]. A
	// change holds for sessions that begin later.
	Ladder Ladder `json:"ladder"`
}

func checkLatencyLevel(level int) error {
	if level < 0 || level > 4 {
		return fmt.Errorf("latency level %d is not from 0 to 4", level)
	}
	return nil
}

func videoSettings() repository.Setting[VideoSettings] {
	return repository.Setting[VideoSettings]{
		Section: "video",
		Default: func() VideoSettings { return VideoSettings{LatencyLevel: video.DefaultLatencyLevel} },
		Validate: func(v *VideoSettings) error {
			return errors.Join(checkLatencyLevel(v.LatencyLevel), v.Ladder.Validate())
		},
	}
}

// Settings are what can be changed while the App runs. Changes are checked,
// and saved before the method returns. What an option has fixed is read-only:
// changing it is an error matching [ErrReadOnly], and reading it gives the
// option's value. Before Start, methods return [ErrNotStarted].
type Settings struct{ app *App }

// StreamKeys are the keys that publishers are let in with.
func (s *Settings) StreamKeys(ctx context.Context) ([]StreamKey, error) {
	p, err := s.app.live()
	if err != nil {
		return nil, err
	}
	return p.settings.streamKeys(ctx)
}

// SetStreamKeys replaces the keys. A publisher that is already in stays.
func (s *Settings) SetStreamKeys(ctx context.Context, keys []StreamKey) error {
	p, err := s.app.live()
	if err != nil {
		return err
	}
	if p.settings.cfg.keys != nil {
		return fmt.Errorf("stream keys: %w", ErrReadOnly)
	}
	_, err = auth.StreamKeys().Update(ctx, p.settings.store, func(stored *[]StreamKey) error {
		*stored = slices.Clone(keys)
		return nil
	})
	return err
}

// HasAdminPassword tells whether there is a password for the admin API.
func (s *Settings) HasAdminPassword(ctx context.Context) (bool, error) {
	p, err := s.app.live()
	if err != nil {
		return false, err
	}
	if p.settings.cfg.adminPassword != nil {
		return true, nil
	}
	hash, err := p.settings.adminHash(ctx)
	return hash != "", err
}

// SetAdminPassword replaces the password of the user "admin". Only a hash of
// it is kept.
func (s *Settings) SetAdminPassword(ctx context.Context, password string) error {
	p, err := s.app.live()
	if err != nil {
		return err
	}
	if p.settings.cfg.adminPassword != nil {
		return fmt.Errorf("admin password: %w", ErrReadOnly)
	}
	hash, err := p.settings.hasher.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	_, err = auth.Admin().Update(ctx, p.settings.store, func(c *auth.AdminCredentials) error {
		c.PasswordHash = hash
		return nil
	})
	return err
}

// Instance is what the channel is called.
func (s *Settings) Instance(ctx context.Context) (Instance, error) {
	p, err := s.app.live()
	if err != nil {
		return Instance{}, err
	}
	return p.settings.instance(ctx)
}

// UpdateInstance changes it with fn, which may be called more than once. An
// error of fn changes nothing and is returned.
func (s *Settings) UpdateInstance(ctx context.Context, fn func(*Instance) error) (Instance, error) {
	p, err := s.app.live()
	if err != nil {
		return Instance{}, err
	}
	return httpapi.InstanceSetting().Update(ctx, p.settings.store, fn)
}

// Video is how the stream is made.
func (s *Settings) Video(ctx context.Context) (VideoSettings, error) {
	p, err := s.app.live()
	if err != nil {
		return VideoSettings{}, err
	}
	return p.settings.video(ctx)
}

// UpdateVideo changes it with fn, as UpdateInstance does. What options have
// fixed must stay as it is.
func (s *Settings) UpdateVideo(ctx context.Context, fn func(*VideoSettings) error) (VideoSettings, error) {
	p, err := s.app.live()
	if err != nil {
		return VideoSettings{}, err
	}
	return p.settings.updateVideo(ctx, fn)
}

// settingsSource answers for the settings: an option's value where there is
// one, and what the repository has otherwise.
type settingsSource struct {
	cfg    config
	store  repository.Settings
	hasher *auth.Hasher

	watched *health.Settings // which store is
	series  repository.Series
}

// use takes what it needs of the repository.
func (s *settingsSource) use(r Repository) {
	s.watched = health.WatchSettings(r.Settings)
	s.store, s.series = s.watched, r.Series
}

func (s *settingsSource) streamKeys(ctx context.Context) ([]StreamKey, error) {
	if s.cfg.keys != nil {
		return slices.Clone(s.cfg.keys), nil
	}
	keys, _, err := auth.StreamKeys().Get(ctx, s.store)
	return keys, err
}

// adminHash is the hash of the admin password; empty if there is none.
func (s *settingsSource) adminHash(ctx context.Context) (string, error) {
	c, _, err := auth.Admin().Get(ctx, s.store)
	return c.PasswordHash, err
}

func (s *settingsSource) instance(ctx context.Context) (Instance, error) {
	v, _, err := httpapi.InstanceSetting().Get(ctx, s.store)
	return v, err
}

// title is what the stream is called, for who keeps it.
func (s *settingsSource) title(ctx context.Context) (string, error) {
	i, err := s.instance(ctx)
	return i.StreamTitle, err
}

func (s *settingsSource) video(ctx context.Context) (VideoSettings, error) {
	v, _, err := videoSettings().Get(ctx, s.store)
	return s.fixVideo(v), err
}

// fixVideo puts the values of options in the place of those in the settings.
func (s *settingsSource) fixVideo(v VideoSettings) VideoSettings {
	if s.cfg.level != nil {
		v.LatencyLevel = *s.cfg.level
	}
	if s.cfg.ladder != nil {
		v.Ladder = *s.cfg.ladder
	}
	v.Ladder.Renditions = slices.Clone(v.Ladder.Renditions)
	return v
}

// updateVideo shows fn the values of options, and leaves in the settings what
// they stand in the place of.
func (s *settingsSource) updateVideo(ctx context.Context, fn func(*VideoSettings) error) (VideoSettings, error) {
	v, err := videoSettings().Update(ctx, s.store, func(v *VideoSettings) error {
		stored := *v
		*v = s.fixVideo(stored)
		if err := fn(v); err != nil {
			return err
		}
		fixed := s.fixVideo(*v)
		if fixed.LatencyLevel != v.LatencyLevel || !reflect.DeepEqual(fixed.Ladder, v.Ladder) {
			return fmt.Errorf("video: %w", ErrReadOnly)
		}
		if s.cfg.level != nil {
			v.LatencyLevel = stored.LatencyLevel
		}
		if s.cfg.ladder != nil {
			v.Ladder = stored.Ladder
		}
		return nil
	})
	if err != nil {
		return VideoSettings{}, err
	}
	return s.fixVideo(v), nil
}

func (s *settingsSource) latencyLevel(ctx context.Context) (int, error) {
	v, err := s.video(ctx)
	return v.LatencyLevel, err
}

func (s *settingsSource) latency(ctx context.Context) (video.Latency, error) {
	v, err := s.video(ctx)
	return video.LatencyLevel(v.LatencyLevel), err
}

func (s *settingsSource) ladder(ctx context.Context) (video.Ladder, error) {
	v, err := s.video(ctx)
	return v.Ladder, err
}

// offered is the ladder as viewers can have it: without a transcoder, of the
// broadcast alone.
func (s *settingsSource) offered(ctx context.Context) (video.Ladder, error) {
	l, err := s.ladder(ctx)
	if s.cfg.transcoder == nil {
		l = video.Ladder{SourceName: l.SourceName}
	}
	return l, err
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
