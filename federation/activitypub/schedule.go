package activitypub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"html"
	"regexp"
	"strings"
	"time"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub/internal/vocab"
	"github.com/owncast-go/owncast/repository"
)

// errNoEvent is returned for events that cannot be posted, or are no more.
var errNoEvent = errors.New("activitypub: no such event")

var eventID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

const (
	// seriesAhead is how long before its start an event of a series is posted:
	// a daily one would fill the timelines of followers otherwise.
	seriesAhead = 7 * 24 * time.Hour
	// eventMemory is for how long after its end an event is remembered.
	eventMemory = 24 * time.Hour
)

// posted is an event that followers know of.
type posted struct {
	IRI string    `json:"iri"`
	Sum string    `json:"sum"`   // stands for what they know
	End time.Time `json:"until"` // of the event
}

// postedSetting has the events that followers know of, by their id.
func postedSetting() repository.Setting[map[string]posted] {
	return repository.Setting[map[string]posted]{Section: "federation-events"}
}

// remember writes down that followers know of an event.
func (s *Service) remember(ctx context.Context, id string, p posted) error {
	return s.updatePosted(ctx, func(v map[string]posted) { v[id] = p })
}

func (s *Service) updatePosted(ctx context.Context, fn func(map[string]posted)) error {
	_, err := postedSetting().Update(ctx, s.cfg.Stores.Settings, func(v *map[string]posted) error {
		if *v == nil {
			*v = map[string]posted{}
		}
		fn(*v)
		return nil
	})
	return err
}

// tellSchedule posts the events of the schedule that followers do not know of,
// what has changed of others, and that some will not take place. Each is
// written down when it is queued, so that what a process has not come to is
// done by the next one. One that is queued again has the id that it had.
func (s *Service) tellSchedule(ctx context.Context, x scene) error {
	if s.cfg.Schedule == nil {
		return nil
	}
	events, known, err := s.cfg.Schedule(ctx)
	if err != nil || !known {
		return err
	}
	told, _, err := postedSetting().Get(ctx, s.cfg.Stores.Settings)
	if err != nil {
		return err
	}
	now := time.Now()
	there := make(map[string]bool, len(events))
	for _, e := range events {
		there[e.ID] = true
		if before, ok := told[e.ID]; ok && before.IRI == x.id.eventIRI(e.ID) {
			err = s.changeEvent(ctx, x, e, before)
		} else if e.Start.After(now) && (!e.Series || e.Start.Before(now.Add(seriesAhead))) {
			err = s.postEvent(ctx, x, e)
		}
		if err != nil {
			return err
		}
	}
	var over []string
	for id, p := range told {
		switch {
		case now.After(p.End.Add(eventMemory)):
			over = append(over, id)
		case !there[id]:
			if err := s.cancelEvent(ctx, x, id, p); err != nil {
				return err
			}
		}
	}
	if len(over) == 0 {
		return nil
	}
	return s.updatePosted(ctx, func(v map[string]posted) {
		for _, id := range over {
			delete(v, id)
		}
	})
}

// postEvent posts an event that followers do not know of.
func (s *Service) postEvent(ctx context.Context, x scene, e federation.Event) error {
	p, err := s.postOf(x, e)
	if err != nil {
		s.log.WarnContext(ctx, "followers are not told of an event", "event", e.ID, "err", err)
		return nil
	}
	old, err := s.cfg.Stores.Outbox.Activity(ctx, p.IRI)
	if isNotFound(err) {
		old.CreatedAt = time.Now().UTC()
	} else if err != nil {
		return err
	}
	out := s.outEvent(x, e, old.CreatedAt)
	d, err := s.keepEvent(ctx, out)
	if err != nil {
		return err
	}
	a := create(x.id.actor(), d, old.CreatedAt, out.To, out.Cc)
	if err := s.toFollowers(ctx, kindEvent, a, "event|"+e.ID); err != nil {
		return err
	}
	return s.remember(ctx, e.ID, p)
}

// changeEvent tells what has changed of an event, if anything has.
func (s *Service) changeEvent(ctx context.Context, x scene, e federation.Event, before posted) error {
	p, err := s.postOf(x, e)
	if err != nil || p.Sum == before.Sum {
		return nil //nolint:nilerr // what cannot be told of is left as it is
	}
	old, err := s.cfg.Stores.Outbox.Activity(ctx, p.IRI)
	if isNotFound(err) {
		return s.postEvent(ctx, x, e)
	} else if err != nil {
		return err
	}
	out := s.outEvent(x, e, old.CreatedAt)
	out.Updated = time.Now().UTC()
	d, err := s.keepEvent(ctx, out)
	if err != nil {
		return err
	}
	a := create(x.id.actor(), d, out.Updated, out.To, out.Cc)
	a.Type, a.ID = "Update", fresh(p.IRI, "update")
	// It does not take the place of a post that waits: who has not heard of the
	// event would not know what has changed.
	if err := s.toFollowers(ctx, kindEvent, a, "event-update|"+e.ID); err != nil {
		return err
	}
	return s.remember(ctx, e.ID, p)
}

// postOf is what is written down of an event, or an error for one that cannot
// be posted.
func (s *Service) postOf(x scene, e federation.Event) (posted, error) {
	if !eventID.MatchString(e.ID) || e.Name == "" || e.Start.IsZero() {
		return posted{}, errNoEvent
	}
	data, err := json.Marshal(e)
	if err != nil {
		return posted{}, err
	}
	sum := sha256.Sum256(data)
	return posted{IRI: x.id.eventIRI(e.ID), Sum: hex.EncodeToString(sum[:16]), End: e.Start.Add(e.Duration).UTC()}, nil
}

// keepEvent keeps an event as others read it.
func (s *Service) keepEvent(ctx context.Context, out vocab.OutEvent) (vocab.Document, error) {
	d, err := out.Document()
	if err != nil {
		return nil, err
	}
	data, err := d.Encode()
	if err != nil {
		return nil, err
	}
	return d, s.cfg.Stores.Outbox.PutActivity(ctx, repository.Activity{IRI: out.ID, Type: "Event", Data: data, CreatedAt: out.Published})
}

// cancelEvent tells that an event will not take place. That takes the place of
// a post that waits.
func (s *Service) cancelEvent(ctx context.Context, x scene, id string, p posted) error {
	to, cc := x.audience()
	a := vocab.OutActivity{
		Type: "Delete", ID: fresh(p.IRI, "delete"), Actor: x.id.actor(), To: to, Cc: cc,
		Embedded: vocab.Document{"type": "Tombstone", "id": p.IRI, "formerType": "Event"},
	}
	if err := s.toFollowers(ctx, kindPost, a, "event|"+id); err != nil {
		return err
	}
	if err := s.cfg.Stores.Outbox.DeleteActivity(ctx, p.IRI); err != nil && !isNotFound(err) {
		return err
	}
	return s.updatePosted(ctx, func(v map[string]posted) { delete(v, id) })
}

// refreshed is an activity with an event as it is by now, since it may have
// waited; errNoEvent if the event is no more.
func (s *Service) refreshed(ctx context.Context, payload []byte) ([]byte, error) {
	d, err := vocab.Decode(payload)
	if err != nil {
		return nil, err
	}
	object, _ := d["object"].(map[string]any)
	now, err := s.cfg.Stores.Outbox.Activity(ctx, vocab.Document(object).ID())
	if isNotFound(err) {
		return nil, errNoEvent
	}
	if err != nil {
		return nil, err
	}
	event, err := vocab.Decode(now.Data)
	if err != nil {
		return nil, err
	}
	d["object"] = map[string]any(event)
	return d.Encode()
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
