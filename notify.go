package owncast

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/owncast-go/owncast/internal/health"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/metrics"
	"github.com/owncast-go/owncast/internal/settings"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/discord"
)

// WithNotifier adds a way to people: n is told when a stream has begun, and
// reminds of scheduled events. [NotificationSettings] say when; packages below
// webhooks have Notifiers that are ready. The default is Discord, if an
// administrator has set it up, and browsers, with [WithPush].
func WithNotifier(n Notifier) Option {
	return func(c *config) error {
		c.notifiers = append(c.notifiers, n)
		return notNil("WithNotifier", n == nil)
	}
}

// WithPush lets viewers have notifications in their browsers. Give it the
// constructor of package webhooks/webpush:
//
//	owncast.WithPush(webpush.New)
//
// The default shows them as switched off.
func WithPush(newPush func(webhooks.PushConfig) (webhooks.Push, error)) Option {
	return func(c *config) error {
		c.newPush = newPush
		return notNil("WithPush", newPush == nil)
	}
}

// newAnnouncer makes what tells people.
func newAnnouncer(c config, p *parts, o *outbound, describe func(context.Context) (webhooks.Server, error)) error {
	section := p.settings.sections.Notifications
	var channels []webhooks.Channel
	if c.newPush != nil {
		o.strangers = c.pushClient
		if o.strangers == nil {
			o.strangers = httpx.NewClient(httpx.ClientConfig{MaxRedirects: -1, UserAgent: userAgent})
		}
		var err error
		o.push, err = c.newPush(webhooks.PushConfig{
			Subscriptions: p.repo.Notifications, Settings: p.settings.store, Client: o.strangers, Logger: c.log,
			Contact: func(ctx context.Context) string {
				s, err := describe(ctx)
				if err != nil || !strings.HasPrefix(s.URL, "https://") {
					return ""
				}
				return s.URL
			},
		})
		if err != nil {
			return fmt.Errorf("push: %w", err)
		}
		channels = append(channels, webhooks.Channel{Name: "browser", Notifier: o.push, Message: browserMessage(section)})
	}
	channels = append(channels, webhooks.Channel{Name: "discord", Notifier: discordNotifier(section, o.client), Message: discordMessage(section)})
	if c.federation != nil {
		channels = append(channels, p.fediverse.channel(p.settings.sections.Federation))
	}
	for _, n := range c.notifiers {
		channels = append(channels, webhooks.Channel{Notifier: n})
	}
	var err error
	o.announcer, err = webhooks.NewAnnouncer(webhooks.AnnouncerConfig{
		Channels: channels, Describe: describe, Results: p.settings.store, Logger: c.log,
		GoLive: func(ctx context.Context) (webhooks.GoLive, error) {
			s, err := section.Get(ctx)
			return s.GoLive, err
		},
	})
	return err
}

func browserMessage(section *settings.Section[NotificationSettings]) func(context.Context) (string, bool, error) {
	return func(ctx context.Context) (string, bool, error) {
		s, err := section.Get(ctx)
		return s.Browser.GoLiveMessage, s.Browser.Enabled, err
	}
}

func discordMessage(section *settings.Section[NotificationSettings]) func(context.Context) (string, bool, error) {
	return func(ctx context.Context) (string, bool, error) {
		s, err := section.Get(ctx)
		return s.Discord.GoLiveMessage, s.Discord.Enabled, err
	}
}

// discordNotifier sends to what the settings name by then.
func discordNotifier(section *settings.Section[NotificationSettings], client *http.Client) Notifier {
	return webhooks.NotifierFunc(func(ctx context.Context, n webhooks.Notification) error {
		s, err := section.Get(ctx)
		if err != nil {
			return err
		}
		if s.Discord.Webhook == "" {
			return fmt.Errorf("%w: no webhook of Discord is set", webhooks.ErrPermanent)
		}
		return discord.New(discord.Config{URL: s.Discord.Webhook, Client: client}).Notify(ctx, n)
	})
}

// notifyHooks hear of what people are to be told.
func (p *parts) notifyHooks(c config) Hooks {
	return Hooks{
		StreamStarted:     func(_ context.Context, e video.StreamStarted) { p.outbound.announcer.StreamStarted(e.Status.StartedAt) },
		StreamInterrupted: func(context.Context, video.StreamInterrupted) { p.outbound.announcer.StreamInterrupted() },
		StreamResumed:     func(context.Context, video.StreamResumed) { p.outbound.announcer.StreamResumed() },
		StreamStopped:     func(context.Context, video.StreamStopped) { p.outbound.announcer.StreamStopped() },
		EventReminder: func(ctx context.Context, r EventReminder) {
			if err := p.outbound.announcer.Remind(ctx, announced(r.Event), r.Message, r.When(), p.eventPage(ctx, r.Event.ID)); err != nil {
				c.log.WarnContext(ctx, "nobody is reminded of a scheduled event", "event", r.Event.ID, "err", err)
			}
		},
	}
}

// notifyProblems are channels that do not get through.
func notifyProblems(list []webhooks.ChannelStatus) []health.Problem {
	var problems []health.Problem
	for _, ch := range list {
		if ch.On && ch.Last.Error != "" && !ch.Last.Retrying {
			problems = append(problems, problem("notifier-failing", fmt.Sprintf("Nobody is notified on the channel %q.", ch.Name), ch.Last.Error))
		}
	}
	return problems
}

func (l *metricList) notifications(counts map[string]webhooks.ChannelCounts) {
	for name, n := range counts {
		channel := metrics.Label{Name: "channel", Value: name}
		l.counter("owncast_notifications_total", "Notifications that the channel took.", n.Sent, channel)
		l.counter("owncast_notification_failures_total", "Tries to notify on the channel that failed.", n.Failed, channel)
	}
}
