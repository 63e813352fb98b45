package httpapi

import (
	"context"
	"log/slog"
	"slices"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/internal/directory"
	"github.com/owncast-go/owncast/internal/schedule"
	"github.com/owncast-go/owncast/internal/settings"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/webhooks"
)

// Sections are the settings that the API reads and changes. Every field is
// set.
type Sections struct {
	Instance      *settings.Section[Instance]
	Video         *settings.Section[VideoSettings]
	Chat          *settings.Section[chat.Settings]
	Federation    *settings.Section[federation.Settings]
	Notifications *settings.Section[webhooks.Settings]
	Directory     *settings.Section[directory.Settings]
	Schedule      *settings.Section[schedule.Settings]
	S3            *settings.Section[S3Settings]
	StreamKeys    *settings.Section[[]auth.StreamKey]
	Admin         *settings.Section[auth.AdminCredentials]

	FederationKeys *settings.Section[federation.Keys]
	PushKeys       *settings.Section[webhooks.PushKeys]
}

// SectionsConfig has the values that options have fixed in the sections, and the
// listeners for changes. Everything except Store may be nil.
type SectionsConfig struct {
	Store  repository.Settings
	Logger *slog.Logger

	ServerURL     *string
	LatencyLevel  *int
	Ladder        *video.Ladder
	StreamKeys    []auth.StreamKey
	AdminPassword bool // is fixed
	ChatLimits    *chat.Limits

	InstanceChanged   func(context.Context, settings.Change[Instance])
	VideoChanged      func(context.Context, settings.Change[VideoSettings])
	ChatChanged       func(context.Context, settings.Change[chat.Settings])
	FederationChanged func(context.Context, settings.Change[federation.Settings])
	ScheduleChanged   func(context.Context, settings.Change[schedule.Settings])
}

// NewSections binds the sections to the store.
func NewSections(c SectionsConfig) *Sections {
	return &Sections{
		Instance: settings.New(settings.Config[Instance]{
			Setting: InstanceSetting(), Store: c.Store, Logger: c.Logger, Fixed: fixedInstance(c), Changed: c.InstanceChanged,
		}),
		Video: settings.New(settings.Config[VideoSettings]{
			Setting: VideoSetting(), Store: c.Store, Logger: c.Logger, Fixed: fixedVideo(c), Changed: c.VideoChanged,
		}),
		Chat: settings.New(settings.Config[chat.Settings]{
			Setting: chat.Setting(), Store: c.Store, Logger: c.Logger, Fixed: fixedChat(c), Changed: c.ChatChanged,
		}),
		Federation: settings.New(settings.Config[federation.Settings]{
			Setting: federation.Setting(), Store: c.Store, Logger: c.Logger, Changed: c.FederationChanged,
		}),
		Schedule: settings.New(settings.Config[schedule.Settings]{Setting: schedule.Setting(), Store: c.Store, Logger: c.Logger, Changed: c.ScheduleChanged}),
		Notifications: settings.New(settings.Config[webhooks.Settings]{
			Setting: webhooks.Setting(), Store: c.Store,
			Secrets: &settings.Secrets[webhooks.Settings]{
				Clear: func(v *webhooks.Settings) { v.Discord.Webhook = "" },
				Keep: func(v, stored *webhooks.Settings) {
					keepWebhook(v, stored)
					v.Discord.Enabled = v.Discord.Enabled && v.Discord.Webhook != ""
				},
			},
		}),
		Directory: settings.New(settings.Config[directory.Settings]{
			Setting: directory.Setting(), Store: c.Store,
			Secrets: &settings.Secrets[directory.Settings]{
				Clear: func(v *directory.Settings) { v.Key = "" },
				Keep: func(v, stored *directory.Settings) {
					if v.Key == "" {
						v.Key = stored.Key
					}
				},
			},
		}),
		S3: settings.New(settings.Config[S3Settings]{
			Setting: S3Setting(), Store: c.Store,
			Secrets: &settings.Secrets[S3Settings]{
				Clear: func(v *S3Settings) { v.Secret = "" },
				Keep: func(v, stored *S3Settings) {
					keepS3Secret(v, stored)
					v.Enabled = v.Enabled && v.Secret != ""
				},
			},
		}),
		StreamKeys: settings.New(settings.Config[[]auth.StreamKey]{
			Setting: auth.StreamKeys(), Store: c.Store, Fixed: fixedKeys(c),
			Secrets: &settings.Secrets[[]auth.StreamKey]{All: true},
		}),
		Admin: settings.New(settings.Config[auth.AdminCredentials]{
			Setting: auth.Admin(), Store: c.Store, Fixed: fixedAdmin(c),
			Secrets: &settings.Secrets[auth.AdminCredentials]{All: true},
		}),
		FederationKeys: settings.New(settings.Config[federation.Keys]{
			Setting: federation.KeysSetting(), Store: c.Store, Secrets: &settings.Secrets[federation.Keys]{All: true},
		}),
		PushKeys: settings.New(settings.Config[webhooks.PushKeys]{
			Setting: webhooks.PushKeysSetting(), Store: c.Store, Secrets: &settings.Secrets[webhooks.PushKeys]{All: true},
		}),
	}
}

// Portable returns the sections that can be exported and imported.
func (s *Sections) Portable() []settings.Portable {
	return []settings.Portable{
		s.Instance, s.Video, s.Chat, s.Federation, s.Notifications, s.Directory, s.Schedule, s.S3, s.StreamKeys, s.Admin,
		s.FederationKeys, s.PushKeys,
	}
}

// readOnly are the fields that cannot be set: those that options have fixed,
// and those of the program around the App.
func (s *Sections) readOnly() []string {
	fields := []string{"ffmpegPath", "rtmpServerAddress", "rtmpServerPort", "webServerIP", "webServerPort"}
	for _, section := range s.Portable() {
		fields = append(fields, section.ReadOnly()...)
	}
	return fields
}

func fixedInstance(c SectionsConfig) []settings.Fixed[Instance] {
	if c.ServerURL == nil {
		return nil
	}
	return []settings.Fixed[Instance]{{
		Field: fieldServerURL, Value: Instance{ServerURL: *c.ServerURL},
		Copy: func(dst, src *Instance) { dst.ServerURL = src.ServerURL },
	}}
}

func fixedVideo(c SectionsConfig) []settings.Fixed[VideoSettings] {
	var fixed []settings.Fixed[VideoSettings]
	if c.LatencyLevel != nil {
		fixed = append(fixed, settings.Fixed[VideoSettings]{
			Field: fieldLatencyLevel, Value: VideoSettings{LatencyLevel: *c.LatencyLevel},
			Copy: func(dst, src *VideoSettings) { dst.LatencyLevel = src.LatencyLevel },
		})
	}
	if c.Ladder != nil {
		fixed = append(fixed, settings.Fixed[VideoSettings]{
			Field: fieldVariants, Value: VideoSettings{Ladder: *c.Ladder},
			Copy: func(dst, src *VideoSettings) {
				dst.Ladder = src.Ladder
				dst.Ladder.Renditions = slices.Clone(src.Ladder.Renditions)
			},
		})
	}
	return fixed
}

func fixedChat(c SectionsConfig) []settings.Fixed[chat.Settings] {
	if c.ChatLimits == nil {
		return nil
	}
	return []settings.Fixed[chat.Settings]{{
		Field: fieldChatLimits, Value: chat.Settings{Limits: *c.ChatLimits},
		Copy: func(dst, src *chat.Settings) { dst.Limits = src.Limits },
	}}
}

func fixedKeys(c SectionsConfig) []settings.Fixed[[]auth.StreamKey] {
	if c.StreamKeys == nil {
		return nil
	}
	return []settings.Fixed[[]auth.StreamKey]{{
		Field: fieldStreamKeys, Value: c.StreamKeys,
		Copy: func(dst, src *[]auth.StreamKey) { *dst = append([]auth.StreamKey{}, *src...) },
	}}
}

// fixedAdmin copies nothing: the password of an option is not in a section.
func fixedAdmin(c SectionsConfig) []settings.Fixed[auth.AdminCredentials] {
	if !c.AdminPassword {
		return nil
	}
	return []settings.Fixed[auth.AdminCredentials]{{
		Field: fieldAdminPassword, Copy: func(_, _ *auth.AdminCredentials) {},
	}}
}

// keepWebhook gives new the secret URL of old, which clients are never told.
func keepWebhook(s, old *webhooks.Settings) {
	if s.Discord.Webhook == "" {
		s.Discord.Webhook = old.Discord.Webhook
	}
}
