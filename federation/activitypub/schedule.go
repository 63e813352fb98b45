package activitypub

import (
	"context"
	"html"
	"regexp"
	"strings"
	"time"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub/internal/vocab"
	"github.com/owncast-go/owncast/repository"
)

var eventID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// PublishEvent posts a scheduled stream, or what has changed of it.
func (s *Service) PublishEvent(ctx context.Context, e federation.Event) error {
	x, err := s.running(ctx)
	if err != nil {
		return err
	}
	if !eventID.MatchString(e.ID) || e.Name == "" || e.Start.IsZero() {
		return federation.ErrText
	}
	iri := x.id.eventIRI(e.ID)
	now := time.Now().UTC()
	kind := "Update"
	old, err := s.cfg.Stores.Outbox.Activity(ctx, iri)
	if isNotFound(err) {
		kind, old.CreatedAt = "Create", now
	} else if err != nil {
		return err
	}
	out := s.outEvent(x, e, old.CreatedAt)
	if kind == "Update" {
		out.Updated = now
	}
	d, err := out.Document()
	if err != nil {
		return err
	}
	data, err := d.Encode()
	if err != nil {
		return err
	}
	if err := s.cfg.Stores.Outbox.PutActivity(ctx, repository.Activity{IRI: iri, Type: "Event", Data: data, CreatedAt: old.CreatedAt}); err != nil {
		return err
	}
	a := create(x.id.actor(), d, now, out.To, out.Cc)
	if kind == "Update" {
		a.Type, a.ID = kind, fresh(iri, "update")
	}
	return s.toFollowers(ctx, kindPost, a, "event|"+e.ID)
}

// toFollowers queues an activity for all followers.
func (s *Service) toFollowers(ctx context.Context, kind string, a vocab.OutActivity, key string) error {
	inboxes, err := s.followerInboxes(ctx)
	if err != nil {
		return err
	}
	return s.send(ctx, kind, a, key, inboxes...)
}

// outEvent is a scheduled stream as others read it.
func (s *Service) outEvent(x scene, e federation.Event, published time.Time) vocab.OutEvent {
	start := e.Start.UTC()
	if zone, err := time.LoadLocation(e.TimeZone); err == nil && e.TimeZone != "" {
		start = e.Start.In(zone)
	}
	to, cc := x.audience()
	content := "<p>" + html.EscapeString(e.Name) + "</p>"
	if e.Description != "" {
		content += paragraphs(e.Description)
	}
	page := x.id.url("/schedule/" + e.ID)
	content += `<p><a href="` + html.EscapeString(page) + `">` + html.EscapeString(page) + "</a></p>"
	out := vocab.OutEvent{
		ID: x.id.eventIRI(e.ID), Actor: x.id.actor(), URL: page, Name: e.Name, Content: content,
		Start: start, Duration: e.Duration, TimeZone: e.TimeZone, Published: published, To: to, Cc: cc,
		Tags: channelTags(x.channel.Tags), StreamURL: x.id.base.String(), Organizer: x.channel.Name, DisplayEnd: e.Duration > 0,
		Sensitive: x.channel.NSFW,
		Picture:   &vocab.Attachment{URL: x.id.url("/logo/external"), Alt: x.channel.Name},
	}
	if out.TimeZone == "" {
		out.TimeZone = "UTC"
	}
	return out
}

// paragraphs are plain text as HTML.
func paragraphs(text string) string {
	var b strings.Builder
	for p := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			b.WriteString("<p>" + strings.ReplaceAll(html.EscapeString(p), "\n", "<br>") + "</p>")
		}
	}
	return b.String()
}

// CancelEvent tells that an event will not take place.
func (s *Service) CancelEvent(ctx context.Context, id string) error {
	x, err := s.running(ctx)
	if err != nil {
		return err
	}
	iri := x.id.eventIRI(id)
	old, err := s.cfg.Stores.Outbox.Activity(ctx, iri)
	if isNotFound(err) || err == nil && old.Type != "Event" {
		return nil
	}
	if err != nil {
		return err
	}
	to, cc := x.audience()
	a := vocab.OutActivity{
		Type: "Delete", ID: fresh(iri, "delete"), Actor: x.id.actor(), To: to, Cc: cc,
		Embedded: vocab.Document{"type": "Tombstone", "id": iri, "formerType": "Event"},
	}
	if err := s.toFollowers(ctx, kindPost, a, "event|"+id); err != nil {
		return err
	}
	return s.cfg.Stores.Outbox.DeleteActivity(ctx, iri)
}
