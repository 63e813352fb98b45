package owncast

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/owncast-go/owncast/internal/httpapi"
	"github.com/owncast-go/owncast/internal/settings"
	"github.com/owncast-go/owncast/internal/stats"
	"github.com/owncast-go/owncast/repository"
)

// PastSetting is the section of the settings that an App keeps its [Past] in,
// for programs that prepare a repository before the App is started on it.
func PastSetting() repository.Setting[Past] { return stats.PastSetting() }

// Settings are the settings that can be changed while the App runs. A change is
// validated, and saved before the method returns. A value that an option has
// fixed is read-only: reading it returns the option's value, and changing it is
// an error matching [ErrReadOnly]. Before Start, methods return
// [ErrNotStarted].
type Settings struct{ app *App }

// StreamKeys returns the keys that publishers may use.
func (s *Settings) StreamKeys(ctx context.Context) ([]StreamKey, error) {
	return read(ctx, s, streamKeysOf)
}

// SetStreamKeys replaces the stream keys. A publisher that is already connected
// stays connected.
func (s *Settings) SetStreamKeys(ctx context.Context, keys []StreamKey) error {
	p, err := s.app.live()
	if err != nil {
		return err
	}
	_, err = p.settings.sections.StreamKeys.Set(ctx, "streamKeys", func(stored *[]StreamKey) error {
		*stored = slices.Clone(keys)
		return nil
	})
	return err
}

// HasAdminPassword reports whether the admin API has a password.
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

// SetAdminPassword replaces the password of the user "admin". Only a hash of it
// is stored.
func (s *Settings) SetAdminPassword(ctx context.Context, password string) error {
	p, err := s.app.live()
	if err != nil {
		return err
	}
	return p.settings.setAdminPassword(ctx, password)
}

// Instance returns the description of the channel.
func (s *Settings) Instance(ctx context.Context) (Instance, error) { return read(ctx, s, instanceOf) }

// UpdateInstance changes the Instance with fn and returns the saved value. fn may
// be called more than once, and must not itself change the same settings. An
// error of fn is returned unchanged; an invalid value is an error that matches
// [repository.ErrInvalid] and names the field; changing a value that an option
// has fixed is a [*ReadOnlyError]. In all of these cases nothing is saved.
func (s *Settings) UpdateInstance(ctx context.Context, fn func(*Instance) error) (Instance, error) {
	return update(ctx, s, instanceOf, fn)
}

// Video returns the configuration of the stream.
func (s *Settings) Video(ctx context.Context) (VideoSettings, error) { return read(ctx, s, videoOf) }

// UpdateVideo changes it with fn, as UpdateInstance does.
func (s *Settings) UpdateVideo(ctx context.Context, fn func(*VideoSettings) error) (VideoSettings, error) {
	return update(ctx, s, videoOf, fn)
}

// Chat returns the configuration of the chat.
func (s *Settings) Chat(ctx context.Context) (ChatSettings, error) { return read(ctx, s, chatOf) }

// UpdateChat changes it with fn, as UpdateInstance does.
func (s *Settings) UpdateChat(ctx context.Context, fn func(*ChatSettings) error) (ChatSettings, error) {
	return update(ctx, s, chatOf, fn)
}

// Federation returns the configuration of the federation with other servers.
func (s *Settings) Federation(ctx context.Context) (FederationSettings, error) {
	return read(ctx, s, federationOf)
}

// UpdateFederation changes it with fn, as UpdateInstance does.
func (s *Settings) UpdateFederation(ctx context.Context, fn func(*FederationSettings) error) (FederationSettings, error) {
	return update(ctx, s, federationOf, fn)
}

// Notifications returns the configuration of notifications about streams.
func (s *Settings) Notifications(ctx context.Context) (NotificationSettings, error) {
	return read(ctx, s, notificationsOf)
}

// UpdateNotifications changes them with fn, as UpdateInstance does.
func (s *Settings) UpdateNotifications(ctx context.Context, fn func(*NotificationSettings) error) (NotificationSettings, error) {
	return update(ctx, s, notificationsOf, fn)
}

// Directory returns the configuration of the listing in the directory.
func (s *Settings) Directory(ctx context.Context) (DirectorySettings, error) {
	return read(ctx, s, directoryOf)
}

// UpdateDirectory changes it with fn, as UpdateInstance does.
func (s *Settings) UpdateDirectory(ctx context.Context, fn func(*DirectorySettings) error) (DirectorySettings, error) {
	return update(ctx, s, directoryOf, fn)
}

// Schedule returns the configuration of scheduled streams.
func (s *Settings) Schedule(ctx context.Context) (ScheduleSettings, error) {
	return read(ctx, s, scheduleOf)
}

// UpdateSchedule changes it with fn, as UpdateInstance does.
func (s *Settings) UpdateSchedule(ctx context.Context, fn func(*ScheduleSettings) error) (ScheduleSettings, error) {
	return update(ctx, s, scheduleOf, fn)
}

// S3 returns where segments are stored at an S3-compatible service. It has an
// effect only with [WithS3].
func (s *Settings) S3(ctx context.Context) (S3Settings, error) { return read(ctx, s, s3Of) }

// UpdateS3 changes it with fn, as UpdateInstance does. The change takes effect at
// the next Start.
func (s *Settings) UpdateS3(ctx context.Context, fn func(*S3Settings) error) (S3Settings, error) {
	return update(ctx, s, s3Of, fn)
}

// Export returns a portable copy of the settings as JSON. It includes secrets
// only if includeSecrets is set: stream keys, the hash of the administrator's
// password, the key pairs of federation and of browser push, and credentials for
// other services. The outputs of restreams, and values that options have fixed,
// are not included.
func (s *Settings) Export(ctx context.Context, includeSecrets bool) ([]byte, error) {
	p, err := s.app.live()
	if err != nil {
		return nil, err
	}
	b, err := settings.Export(ctx, includeSecrets, p.settings.sections.Portable()...)
	if err != nil {
		return nil, err
	}
	return json.Marshal(b)
}

// Import applies settings that Export has returned. If anything in them is
// invalid, nothing changes and the error matches [ErrImport]. Sections and
// secrets that they lack are left unchanged. Sections are saved one by one, so if
// the repository fails, the earlier ones have changed.
func (s *Settings) Import(ctx context.Context, data []byte) error {
	p, err := s.app.live()
	if err != nil {
		return err
	}
	var b settings.Bundle
	if err := json.Unmarshal(data, &b); err != nil {
		return fmt.Errorf("%w: %w", ErrImport, err)
	}
	return settings.Import(ctx, b, p.settings.sections.Portable()...)
}

// read returns a section.
func read[T any](ctx context.Context, s *Settings, of func(*httpapi.Sections) *settings.Section[T]) (T, error) {
	p, err := s.app.live()
	if err != nil {
		var none T
		return none, err
	}
	return of(p.settings.sections).Get(ctx)
}

// update changes a section.
func update[T any](ctx context.Context, s *Settings, of func(*httpapi.Sections) *settings.Section[T], fn func(*T) error) (T, error) {
	p, err := s.app.live()
	if err != nil {
		var none T
		return none, err
	}
	return of(p.settings.sections).Update(ctx, fn)
}

func streamKeysOf(x *httpapi.Sections) *settings.Section[[]StreamKey] { return x.StreamKeys }
func instanceOf(x *httpapi.Sections) *settings.Section[Instance]      { return x.Instance }
func videoOf(x *httpapi.Sections) *settings.Section[VideoSettings]    { return x.Video }
func chatOf(x *httpapi.Sections) *settings.Section[ChatSettings]      { return x.Chat }
func federationOf(x *httpapi.Sections) *settings.Section[FederationSettings] {
	return x.Federation
}

func notificationsOf(x *httpapi.Sections) *settings.Section[NotificationSettings] {
	return x.Notifications
}
func directoryOf(x *httpapi.Sections) *settings.Section[DirectorySettings] { return x.Directory }
func scheduleOf(x *httpapi.Sections) *settings.Section[ScheduleSettings]   { return x.Schedule }
func s3Of(x *httpapi.Sections) *settings.Section[S3Settings]               { return x.S3 }
