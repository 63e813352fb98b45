package kvstore

import (
	"time"

	"github.com/owncast-go/owncast/repository"
)

// These functions are the fields of the records. A number that was used for a
// field is never used for another one.

func userFields(c *codec, u *repository.User) {
	c.string(1, &u.ID)
	number(c, 2, &u.Revision)
	c.string(3, &u.DisplayName)
	c.strings(4, &u.PreviousNames)
	number(c, 5, &u.Color)
	number(c, 6, &u.Role)
	c.strings(7, &u.Scopes)
	c.bool(8, &u.Bot)
	c.time(9, &u.CreatedAt)
	c.time(10, &u.NameChangedAt)
	c.time(11, &u.DisabledAt)
	c.string(12, &u.DisabledReason)
	list(c, 13, &u.Identities, identityFields)
}

func identityFields(c *codec, i *repository.Identity) {
	c.string(1, &i.Kind)
	c.string(2, &i.Subject)
	c.time(3, &i.LinkedAt)
}

func credentialFields(c *codec, v *repository.Credential) {
	c.hash(1, &v.Hash)
	c.string(2, &v.UserID)
	c.time(3, &v.CreatedAt)
}

// messageFields leaves out the Seq, which is the key.
func messageFields(c *codec, m *repository.Message) {
	c.string(1, &m.ID)
	c.string(2, &m.Kind)
	c.string(3, &m.UserID)
	c.string(4, &m.Body)
	c.time(5, &m.SentAt)
	c.time(6, &m.HiddenAt)
	c.string(7, &m.Title)
	c.string(8, &m.Subtitle)
	c.string(9, &m.Image)
	c.string(10, &m.Link)
}

// banFields leaves out the Prefix, which is the key.
func banFields(c *codec, b *repository.Ban) {
	c.time(1, &b.CreatedAt)
	c.string(2, &b.By)
	c.string(3, &b.Note)
}

// auditFields leaves out the Seq, which is the key.
func auditFields(c *codec, r *repository.AuditRecord) {
	c.time(1, &r.At)
	c.string(2, &r.ActorID)
	c.string(3, &r.Actor)
	c.string(4, &r.Action)
	c.string(5, &r.Target)
	c.string(6, &r.Detail)
}

func followerFields(c *codec, f *repository.Follower) {
	c.string(1, &f.ActorIRI)
	number(c, 2, &f.Revision)
	c.string(3, &f.InboxIRI)
	c.string(4, &f.SharedInboxIRI)
	c.string(5, &f.Name)
	c.string(6, &f.Username)
	c.string(7, &f.ImageURL)
	c.string(8, &f.FollowIRI)
	c.bytes(9, &f.Follow)
	c.time(10, &f.CreatedAt)
	c.time(11, &f.ApprovedAt)
	c.time(12, &f.DisabledAt)
	c.time(13, &f.ValidatedAt)
	c.time(14, &f.FailingSince)
	c.bool(15, &f.Directory)
}

func activityFields(c *codec, a *repository.Activity) {
	c.string(1, &a.IRI)
	c.string(2, &a.Type)
	c.bytes(3, &a.Data)
	c.time(4, &a.CreatedAt)
	c.bool(5, &a.Live)
}

func inboundFields(c *codec, a *repository.InboundActivity) {
	c.string(1, &a.IRI)
	c.string(2, &a.ActorIRI)
	c.string(3, &a.Type)
	c.time(4, &a.At)
	c.bool(5, &a.Engagement)
}

// delivery is a delivery as it waits. Its id is the key.
type delivery struct {
	payload     uint64 // the id of the payload
	kind        string
	host        string
	address     string
	key         string
	createdAt   time.Time
	dueAt       time.Time
	attempts    int
	lease       uint64 // of the last attempt; 0 before the first
	leasedUntil time.Time
	replaced    bool // has become another one since it was leased
	lastError   string
}

func deliveryFields(c *codec, d *delivery) {
	number(c, 1, &d.payload)
	c.string(2, &d.kind)
	c.string(3, &d.host)
	c.string(4, &d.address)
	c.string(5, &d.key)
	c.time(6, &d.createdAt)
	c.time(7, &d.dueAt)
	number(c, 8, &d.attempts)
	number(c, 9, &d.lease)
	c.time(10, &d.leasedUntil)
	c.bool(11, &d.replaced)
	c.string(12, &d.lastError)
}

// host is what deliveries are waiting for.
type host struct {
	waiting     int
	heldUntil   time.Time
	leased      uint64 // the id of the delivery; 0 if there is none
	leasedUntil time.Time
	readyAt     time.Time // as in HostsByTime
}

func hostFields(c *codec, h *host) {
	number(c, 1, &h.waiting)
	c.time(2, &h.heldUntil)
	number(c, 3, &h.leased)
	c.time(4, &h.leasedUntil)
	c.time(5, &h.readyAt)
}

func destinationFields(c *codec, d *repository.Destination) {
	c.string(1, &d.Channel)
	c.string(2, &d.Address)
	c.time(3, &d.CreatedAt)
}

func webhookFields(c *codec, w *repository.Webhook) {
	number(c, 1, &w.ID)
	c.string(2, &w.URL)
	c.string(3, &w.Secret)
	c.strings(4, &w.Events)
	c.time(5, &w.CreatedAt)
	c.time(6, &w.Last.At)
	number(c, 7, &w.Last.Status)
	c.string(8, &w.Last.Error)
}

func webhookDeliveryFields(c *codec, d *repository.WebhookDelivery) {
	number(c, 1, &d.WebhookID)
	c.string(2, &d.ID)
	c.string(3, &d.Event)
	c.bytes(4, &d.Payload)
	c.time(5, &d.CreatedAt)
	number(c, 6, &d.State)
	number(c, 7, &d.Attempts)
	c.time(8, &d.Last.At)
	number(c, 9, &d.Last.Status)
	c.string(10, &d.Last.Error)
	number(c, 11, &d.Duration)
	c.string(12, &d.Answer)
}

func tokenFields(c *codec, t *repository.Token) {
	c.string(1, &t.ID)
	c.hash(2, &t.Hash)
	c.string(3, &t.Name)
	number(c, 4, &t.Color)
	c.strings(5, &t.Scopes)
	c.time(6, &t.CreatedAt)
	c.time(7, &t.LastUsedAt)
}

func eventFields(c *codec, e *repository.Event) {
	c.string(1, &e.ID)
	c.string(2, &e.SeriesID)
	c.string(3, &e.Name)
	c.string(4, &e.Description)
	c.string(5, &e.ReminderMessage)
	c.time(6, &e.StartsAt)
	number(c, 7, &e.Duration)
	c.string(8, &e.Timezone)
	number(c, 9, &e.Status)
	c.time(10, &e.CreatedAt)
	c.time(11, &e.StartedAt)
	c.time(12, &e.EndedAt)
	c.strings(13, &e.Done)
}

func eventSeriesFields(c *codec, s *repository.EventSeries) {
	c.string(1, &s.ID)
	c.string(2, &s.Name)
	c.string(3, &s.Description)
	c.string(4, &s.ReminderMessage)
	c.string(5, &s.Recurrence)
	number(c, 6, &s.Duration)
	c.string(7, &s.Timezone)
	c.bool(8, &s.Active)
	c.time(9, &s.CreatedAt)
	c.time(10, &s.ExpandedUntil)
}
