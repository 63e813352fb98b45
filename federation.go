package owncast

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/internal/health"
	"github.com/owncast-go/owncast/internal/httpapi"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/markup"
	"github.com/owncast-go/owncast/internal/settings"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/webhooks"
)

// WithFederation lets people in the fediverse follow the channel. It is given
// the constructor of the part that does it, which
// [github.com/owncast-go/owncast/federation/activitypub.New] is, so that
// programs without federation do not link it. It does nothing until the
// settings enable it, and needs the URL of the server, there or by
// [WithBaseURL]; [App.WellKnown] must be mounted at the root of the host.
func WithFederation(newService func(federation.Config) (federation.Service, error)) Option {
	return func(c *config) error {
		c.federation = newService
		return notNil("WithFederation", newService == nil)
	}
}

// Federation is what the channel does in the fediverse. Its methods return
// [ErrNotStarted] before Start, and an error matching
// [federation.ErrDisabled] unless there is a federation and the settings have
// enabled it.
type Federation struct{ app *App }

// Federation returns what the channel does in the fediverse.
func (a *App) Federation() *Federation { return &Federation{app: a} }

func (f *Federation) service() (federation.Service, error) {
	p, err := f.app.live()
	if err != nil {
		return nil, err
	}
	if p.fediverse.service == nil {
		return nil, federation.ErrDisabled
	}
	return p.fediverse.service, nil
}

// Post posts Markdown for all followers, and returns the IRI of the post. It
// is kept and queued when Post returns. #tags in it become links.
func (f *Federation) Post(ctx context.Context, markdown string) (iri string, err error) {
	s, err := f.service()
	if err != nil {
		return "", err
	}
	return s.Post(ctx, markdown)
}

// GoLive posts that the stream has begun, as the settings have it, and returns
// the IRI of the post: "" if the settings have no message for that.
func (f *Federation) GoLive(ctx context.Context) (iri string, err error) {
	s, err := f.service()
	if err != nil {
		return "", err
	}
	return s.GoLive(ctx)
}

// Message sends HTML to one account, user@host, alone.
func (f *Federation) Message(ctx context.Context, account, html string) error {
	s, err := f.service()
	if err != nil {
		return err
	}
	return s.Message(ctx, account, html)
}

// RotateKeys makes a new pair of keys for the channel's actor, and tells the
// followers.
func (f *Federation) RotateKeys(ctx context.Context) error {
	s, err := f.service()
	if err != nil {
		return err
	}
	return s.RotateKeys(ctx)
}

// Servers are those whose streams are featured.
func (f *Federation) Servers(ctx context.Context) ([]federation.Server, error) {
	s, err := f.service()
	if err != nil {
		return nil, err
	}
	return s.Servers(ctx)
}

// Deliveries tells how the deliveries to other servers are doing.
func (f *Federation) Deliveries(ctx context.Context) (federation.DeliveryStatus, error) {
	s, err := f.service()
	if err != nil {
		return federation.DeliveryStatus{}, err
	}
	return s.Deliveries(ctx)
}

// fediverse is the part of the federation, if there is one.
type fediverse struct {
	service federation.Service // nil if there is none, or not yet
}

// engagementHooks tell the chat of followers, likes and shares, if the settings
// have it so.
func (p *parts) engagementHooks(log *slog.Logger) Hooks {
	tell := func(ctx context.Context, kind chat.Kind, by federation.Author, what string) {
		set, err := p.settings.sections.Federation.Peek(ctx)
		if err == nil && set.ShowEngagement {
			text := cmp.Or(by.Name, by.Account) + " " + what
			err = p.chat.Engage(ctx, chat.Engagement{Kind: kind, Text: text, Account: by.Account, Image: by.Picture, Link: by.IRI})
		}
		if err != nil {
			log.WarnContext(ctx, "the chat does not hear of the fediverse", "err", err)
		}
	}
	post := func(ctx context.Context, live bool, ofLive, verb string) string {
		if live {
			return ofLive
		}
		return verb + " a post from " + p.settings.name(ctx) + "."
	}
	return Hooks{
		Followed: func(ctx context.Context, e federation.Followed) {
			tell(ctx, chat.KindFollow, e.By, "followed this stream.")
		},
		Liked: func(ctx context.Context, e federation.Liked) {
			tell(ctx, chat.KindLike, e.By, post(ctx, e.Live, "liked that this stream went live.", "liked"))
		},
		Shared: func(ctx context.Context, e federation.Shared) {
			tell(ctx, chat.KindRepost, e.By, post(ctx, e.Live, "shared this stream with their followers.", "shared"))
		},
	}
}

// changed says that the channel may be another one.
func (f *fediverse) changed() {
	if f.service != nil {
		f.service.Changed()
	}
}

// hooks hear of what others are told.
func (f *fediverse) hooks() Hooks {
	streamed := func() {
		if f.service != nil {
			f.service.StreamChanged()
		}
	}
	return Hooks{
		StreamStarted:     func(context.Context, video.StreamStarted) { streamed() },
		StreamStopped:     func(context.Context, video.StreamStopped) { streamed() },
		FederationChanged: func(context.Context, FederationChanged) { f.changed() },
		ScheduleChanged:   func(context.Context, ScheduleChanged) { f.changed() },
		EventChanged:      func(context.Context, EventChange) { f.changed() },
		InstanceChanged: func(_ context.Context, e InstanceChanged) {
			f.changed()
			if e.Old.StreamTitle != e.New.StreamTitle {
				streamed()
			}
		},
	}
}

// channel tells followers when other people are told: that the stream has
// begun, in the words of the settings of the federation, and of events.
func (f *fediverse) channel(section *settings.Section[FederationSettings]) webhooks.Channel {
	return webhooks.Channel{
		Name: "fediverse",
		Message: func(ctx context.Context) (message string, on bool, err error) {
			s, err := section.Get(ctx)
			return s.GoLiveMessage, s.Enabled && s.GoLiveMessage != "", err
		},
		Notifier: webhooks.NotifierFunc(f.notify),
	}
}

func (f *fediverse) notify(ctx context.Context, n webhooks.Notification) (err error) {
	switch n.Kind {
	case webhooks.NotifyStream:
		_, err = f.service.GoLive(ctx)
	case webhooks.NotifyReminder:
		_, err = f.service.Post(ctx, n.Text())
	default:
		return fmt.Errorf("%w: followers would see a test", webhooks.ErrPermanent)
	}
	if errors.Is(err, federation.ErrDisabled) || errors.Is(err, federation.ErrNoServerURL) {
		err = fmt.Errorf("%w: %w", webhooks.ErrPermanent, err)
	}
	return err
}

func (f *fediverse) start(ctx context.Context) error {
	if f.service == nil {
		return nil
	}
	return f.service.Start(ctx)
}

func (f *fediverse) shutdown(ctx context.Context) error {
	if f.service == nil {
		return nil
	}
	return f.service.Shutdown(ctx)
}

// federate makes the part of the federation, if there is to be one.
func (a *App) federate(c config, p *parts) error {
	if c.federation == nil {
		return nil
	}
	service, err := c.federation(federation.Config{
		Stores: federation.Stores{
			Settings: p.settings.store, Followers: p.repo.Followers, Outbox: p.repo.Outbox, Inbound: p.repo.Inbound, Deliveries: p.repo.Deliveries,
		},
		Settings: p.settings.sections.Federation.Peek,
		Channel:  func(ctx context.Context) (federation.Channel, error) { return channelOf(ctx, c, p) },
		Live:     func() bool { return a.state.Status().Online() },
		Schedule: func(ctx context.Context) ([]federation.Event, bool, error) { return announcedEvents(ctx, p) },
		Events:   federationEvents(c.hooks), Text: markup.New(), Busy: func() bool { return a.busy(p) }, Lead: p.leads,
		ClientIP: func(r *http.Request) netip.Addr { return httpx.ClientIP(r, c.trusted) },
		Version:  Version, Logger: c.log,
	})
	if err == nil && service == nil {
		err = errNil
	}
	if err != nil {
		return &OptionError{Option: "WithFederation", Err: err}
	}
	p.fediverse.service = service
	return nil
}

// channelOf is what others are told of the channel.
func channelOf(ctx context.Context, c config, p *parts) (federation.Channel, error) {
	i, err := p.settings.sections.Instance.Peek(ctx)
	if err != nil {
		return federation.Channel{}, err
	}
	logo, err := p.assets.LogoFile(ctx)
	if err != nil {
		return federation.Channel{}, err
	}
	room, err := p.settings.sections.Chat.Peek(ctx)
	if err != nil {
		return federation.Channel{}, err
	}
	ch := federation.Channel{
		ServerURL: i.ServerURL, Name: i.Name, Summary: i.Summary, Title: i.StreamTitle, Tags: i.Tags, LogoID: logo.ID, NSFW: i.NSFW,
		ChatEnabled: !room.Disabled,
	}
	for _, h := range i.SocialHandles {
		ch.Links = append(ch.Links, federation.Link{Name: httpapi.PlatformName(h.Platform), URL: h.URL})
	}
	if c.thumbnails != nil {
		if gif, _ := c.thumbnails.GIF(); gif != nil {
			ch.Preview = "preview.gif"
		} else if jpeg, _ := c.thumbnails.JPEG(); jpeg != nil {
			ch.Preview = "thumbnail.jpg"
		}
	}
	return ch, nil
}

// announcedEvents are the events that followers may know of, unless the
// schedule is switched off.
func announcedEvents(ctx context.Context, p *parts) (events []federation.Event, known bool, err error) {
	set, err := p.settings.sections.Schedule.Peek(ctx)
	if err != nil || !set.Enabled {
		return nil, false, err
	}
	list, err := p.repo.Schedule.Events(ctx, time.Now().Add(-federation.ScheduleMemory), time.Time{})
	if err != nil {
		return nil, false, err
	}
	for _, e := range list {
		if e.Status != repository.EventCancelled {
			events = append(events, federation.Event{
				ID: e.ID, Name: e.Name, Description: e.Description, Start: e.StartsAt.UTC(), Duration: e.Duration, TimeZone: e.Timezone,
				Series: e.SeriesID != "",
			})
		}
	}
	return events, true, nil
}

// busyCPU is from how many percent on the video has no CPU to spare.
const busyCPU = 75

// busy tells whether what can wait should: the video needs the machine.
func (a *App) busy(p *parts) bool {
	status := a.state.Status()
	if !status.Online() {
		return false
	}
	for _, r := range status.Renditions {
		if errors.Is(r.Err, video.ErrTooSlow) {
			return true
		}
	}
	percent, known := cpu(p.hardware)()
	return known && percent > busyCPU
}

// problems tells whether there are more posts than are delivered.
func (f *fediverse) problems(ctx context.Context) []health.Problem {
	if f.service == nil {
		return nil
	}
	s, err := f.service.Deliveries(ctx)
	if err != nil || s.Waiting < manyDeliveries {
		return nil // an error is the repository's problem
	}
	return []health.Problem{problem("federation-backlog", "Posts to the fediverse are delivered slower than they are made.", "")}
}

// manyDeliveries is how many may wait.
const manyDeliveries = 100_000
