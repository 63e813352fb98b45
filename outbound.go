package owncast

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/owncast-go/owncast/internal/health"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/schedule"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/webhooks"
)

// userAgent is what other servers know the App as.
const userAgent = "Owncast v" + Version

// outbound tells the world outside what happens.
type outbound struct {
	webhooks  *webhooks.Dispatcher
	announcer *webhooks.Announcer
	push      webhooks.Push // nil: there is none
	client    *http.Client  // to what administrators have entered
	strangers *http.Client  // to what strangers have named; nil if nothing is sent there
}

func newOutbound(c config, p *parts, state *video.State) (*outbound, error) {
	o := &outbound{client: httpx.NewClient(httpx.ClientConfig{Private: true, MaxRedirects: -1, UserAgent: userAgent})}
	describe := func(ctx context.Context) (webhooks.Server, error) { return p.describe(ctx, state) }
	var err error
	o.webhooks, err = webhooks.New(webhooks.Config{
		Webhooks: p.repo.Webhooks, Queue: p.repo.WebhookDeliveries, Client: o.client, Logger: c.log, Describe: describe,
		Shared: c.cluster != nil,
	})
	if err != nil {
		return nil, err
	}
	return o, newAnnouncer(c, p, o, describe)
}

// start begins to tell.
func (o *outbound) start(ctx context.Context) error {
	return errors.Join(o.webhooks.Start(ctx), o.announcer.Start(ctx))
}

// eventPage is the page of a scheduled event; "" if it is not known where that
// is.
func (p *parts) eventPage(ctx context.Context, id string) string {
	i, err := p.settings.sections.Instance.Peek(ctx)
	if err != nil || i.ServerURL == "" {
		return ""
	}
	return schedule.Page(i.ServerURL, id)
}

// describe is what receivers of events are told of the server.
func (p *parts) describe(ctx context.Context, state *video.State) (webhooks.Server, error) {
	i, err := p.settings.sections.Instance.Peek(ctx)
	if err != nil {
		return webhooks.Server{}, err
	}
	s, viewers := state.Status(), p.audience.Count()
	return webhooks.Server{
		Name: i.Name, Summary: i.Summary, StreamTitle: i.StreamTitle, URL: i.ServerURL,
		Status: webhooks.Status{
			LastConnectTime: toSecond(s.StartedAt, s.Online()), LastDisconnectTime: toSecond(s.EndedAt, !s.Online()),
			VersionNumber: Version, StreamTitle: i.StreamTitle, Online: s.Online(),
			ViewerCount: viewers.Now, OverallMaxViewerCount: viewers.Peak, SessionMaxViewerCount: viewers.SessionPeak,
		},
	}, nil
}

// toSecond is t as receivers have times, or nil.
func toSecond(t time.Time, shown bool) *time.Time {
	if t.IsZero() || !shown {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

// hooks hear of what is to be told. They are made before the parts are.
func (p *parts) hooks() Hooks {
	send := func(e webhooks.Event) { p.outbound.webhooks.Send(e) }
	return Hooks{
		StreamStarted: func(_ context.Context, e video.StreamStarted) {
			send(webhooks.Event{Type: webhooks.EventStreamStarted, At: e.Status.StartedAt, Online: new(true), Data: webhooks.Stream{}})
			p.schedule.StreamStarted()
		},
		StreamStopped: func(_ context.Context, e video.StreamStopped) {
			send(webhooks.Event{Type: webhooks.EventStreamStopped, At: e.Status.EndedAt, Online: new(false), Data: webhooks.Stream{}})
			p.schedule.StreamStopped()
		},
		InstanceChanged: func(_ context.Context, e InstanceChanged) {
			if e.Old.StreamTitle != e.New.StreamTitle {
				send(webhooks.Event{Type: webhooks.EventStreamTitleUpdate, Data: webhooks.Stream{}})
			}
		},
	}
}

// shutdown ends what start has started.
func (o *outbound) shutdown(ctx context.Context) error {
	defer o.client.CloseIdleConnections()
	if o.strangers != nil {
		defer o.strangers.CloseIdleConnections()
	}
	return errors.Join(o.announcer.Shutdown(ctx), o.webhooks.Shutdown(ctx))
}

// webhookPatience is how many tries may fail in a row before that is a
// problem.
const webhookPatience = 3

// problems are webhooks and channels that take nothing.
func (o *outbound) problems(ctx context.Context) []health.Problem {
	all, err1 := o.webhooks.Endpoints(ctx)
	channels, _, err2 := o.announcer.Status(ctx)
	if err1 != nil || err2 != nil {
		return nil // which is the repository's problem
	}
	return append(webhookProblems(all), notifyProblems(channels)...)
}

func webhookProblems(all []webhooks.Endpoint) []health.Problem {
	var list []health.Problem
	for _, e := range all {
		if e.Failures < webhookPatience {
			continue
		}
		list = append(list, problem("webhook-failing", fmt.Sprintf("Webhook %d at %s does not take events.", e.ID, hostName(e.URL)),
			fmt.Sprintf("%s (%d tries failed, %d deliveries wait)", e.LastError, e.Failures, e.Waiting)))
	}
	return list
}

// hostName is the host of a URL whose rest may be a secret.
func hostName(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "a URL"
	}
	return u.Host
}

func (l *metricList) outbound(o *outbound) {
	l.notifications(o.announcer.Counts())
	c := o.webhooks.Counts()
	l.gauge("owncast_webhook_deliveries_waiting", "Deliveries to webhooks in the queue.", float64(c.Waiting))
	l.counter("owncast_webhook_deliveries_total", "Deliveries to webhooks that were made.", c.Delivered)
	l.counter("owncast_webhook_failures_total", "Tries to deliver to webhooks that failed.", c.Failed)
	l.counter("owncast_webhook_given_up_total", "Deliveries to webhooks that were given up.", c.GivenUp)
	l.counter("owncast_webhook_dropped_total", "Events for webhooks that there was no room for.", c.Dropped)
}
