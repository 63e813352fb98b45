package main

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/owncast-go/owncast/repository"
)

const (
	kindWebhooks      = "webhooks"
	kindNotifications = "notifications"
	kindFollowers     = "followers"
	kindOutbox        = "published activities"
	kindEngagements   = "accepted activities"
)

// webhooks carries over who hears of events by HTTP.
func (im *importer) webhooks(ctx context.Context) error {
	there, err := im.repo.Webhooks.Webhooks(ctx)
	if err != nil {
		return err
	}
	return im.src.each(ctx, "webhooks", "id", []column{
		must("id"), must("url"), must("events"), may("timestamp"), may("last_used"), may("secret"),
	}, func(r row) error {
		hook := repository.Webhook{URL: r.text("url"), Secret: r.text("secret"), Events: r.list("events"), CreatedAt: r.time("timestamp")}
		detail := "number " + r.text("id")
		switch {
		case !isHTTP(hook.URL):
			im.rep.skip(kindWebhooks, "not an http or https URL", detail)
			return nil
		case slices.ContainsFunc(there, func(w repository.Webhook) bool { return w.URL == hook.URL && slices.Equal(w.Events, hook.Events) }):
			im.rep.skip(kindWebhooks, "there already", detail)
			return nil
		}
		hook.Last.At = r.time("last_used")
		_, err := im.repo.Webhooks.CreateWebhook(ctx, hook)
		return im.took(kindWebhooks, detail, err)
	})
}

func isHTTP(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// notifications carries over where people want to be told of streams.
func (im *importer) notifications(ctx context.Context) error {
	seen := map[[2]string]bool{}
	return im.src.each(ctx, "notifications", "id", []column{
		must("id"), must("channel"), must("destination"), may("created_at", "timestamp"),
	}, func(r row) error {
		d := repository.Destination{Channel: r.text("channel"), Address: r.text("destination"), CreatedAt: r.time("created_at")}
		key := [2]string{d.Channel, d.Address}
		if seen[key] {
			im.rep.skip(kindNotifications, "there twice", "number "+r.text("id"))
			return nil
		}
		seen[key] = true
		return im.took(kindNotifications, "number "+r.text("id"), im.repo.Notifications.PutDestination(ctx, d))
	})
}

// followers carries over who follows, has asked to, or was turned away.
func (im *importer) followers(ctx context.Context) error {
	return im.src.each(ctx, "ap_followers", "created_at", []column{
		must("iri"), must("inbox"), may("shared_inbox"), may("name"), must("username"), may("image"), may("request"), may("request_object"),
		may("created_at"), may("approved_at"), may("disabled_at"), may("is_directory", "directory"),
	}, func(r row) error {
		f := repository.Follower{
			ActorIRI: r.text("iri"), InboxIRI: r.text("inbox"), SharedInboxIRI: r.text("shared_inbox"),
			Name: r.text("name"), Username: r.text("username"), ImageURL: r.text("image"),
			FollowIRI: r.text("request"), Follow: r["request_object"],
			CreatedAt: r.time("created_at"), ApprovedAt: r.time("approved_at"), DisabledAt: r.time("disabled_at"),
			Directory: r.flag("is_directory"),
		}
		if f.CreatedAt.IsZero() {
			f.CreatedAt = im.now
		}
		_, err := im.repo.Followers.SaveFollower(ctx, f)
		return im.took(kindFollowers, f.ActorIRI, err)
	})
}

// activities carries over what was published, and what came of it.
func (im *importer) activities(ctx context.Context) error {
	err := im.src.each(ctx, "ap_outbox", "created_at", []column{
		must("iri"), must("value"), must("type"), may("created_at"), may("live_notification"),
	}, func(r row) error {
		a := repository.Activity{
			IRI: r.text("iri"), Type: r.text("type"), Data: r["value"], CreatedAt: r.time("created_at"), Live: r.flag("live_notification"),
		}
		if _, err := im.repo.Outbox.Activity(ctx, a.IRI); !errors.Is(err, repository.ErrNotFound) {
			if err == nil {
				err = repository.ErrConflict
			}
			return im.took(kindOutbox, a.IRI, err)
		}
		return im.took(kindOutbox, a.IRI, im.repo.Outbox.PutActivity(ctx, a))
	})
	if err != nil {
		return err
	}
	return im.src.each(ctx, "ap_accepted_activities", "timestamp", []column{
		must("iri"), must("actor"), must("type"), may("timestamp"),
	}, func(r row) error {
		a := repository.InboundActivity{
			IRI: r.text("iri"), ActorIRI: r.text("actor"), Type: r.text("type"), At: r.time("timestamp"), Engagement: true,
		}
		first, err := im.repo.Inbound.SeeActivity(ctx, a)
		if err == nil && !first {
			err = repository.ErrConflict
		}
		return im.took(kindEngagements, a.IRI, err)
	})
}

// servers names the servers that were featured: following them takes an answer
// of theirs, which only a new request brings.
func (im *importer) servers(ctx context.Context) error {
	return im.src.each(ctx, "federated_servers", "id", []column{must("iri", "url")}, func(r row) error {
		im.rep.skip("featured servers", "to be added again by an administrator", r.text("iri"))
		return nil
	})
}
