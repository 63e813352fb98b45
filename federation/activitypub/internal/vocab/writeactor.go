package vocab

import (
	"time"

	"github.com/go-fed/activity/streams"
)

// OutActor is the actor of a channel, a Service, to write.
type OutActor struct {
	ID, Username, Name, Summary string // Summary is HTML
	Inbox, Outbox, Followers    string
	URL                         string
	Icon, IconType              string // a URL and its media type, "" if unknown
	KeyID, KeyPEM               string
	CreatedAt                   time.Time // zero if unknown
	Private                     bool      // approves followers by hand
	Tags                        []Tag
	Fields                      []Field
	AlsoKnownAs                 []string
	MovedTo                     string
	Stream                      *Stream
}

// Tag is a hashtag, with the page it leads to.
type Tag struct{ Name, Href string }

func (t Tag) object() map[string]any {
	return map[string]any{"type": "Hashtag", "name": "#" + t.Name, "href": t.Href}
}

// Field is a line of an actor's profile. The value is HTML.
type Field struct{ Name, Value string }

// Document writes the actor.
func (a OutActor) Document() (Document, error) {
	t := streams.NewActivityStreamsService()
	var w iriWriter
	w.id(t, a.ID)
	inbox, outbox := streams.NewActivityStreamsInboxProperty(), streams.NewActivityStreamsOutboxProperty()
	inbox.SetIRI(w.parse(a.Inbox))
	outbox.SetIRI(w.parse(a.Outbox))
	t.SetActivityStreamsInbox(inbox)
	t.SetActivityStreamsOutbox(outbox)
	followers := streams.NewActivityStreamsFollowersProperty()
	followers.SetIRI(w.parse(a.Followers))
	t.SetActivityStreamsFollowers(followers)
	username := streams.NewActivityStreamsPreferredUsernameProperty()
	username.SetXMLSchemaString(a.Username)
	t.SetActivityStreamsPreferredUsername(username)
	name := streams.NewActivityStreamsNameProperty()
	name.AppendXMLSchemaString(a.Name)
	t.SetActivityStreamsName(name)
	summary := streams.NewActivityStreamsSummaryProperty()
	summary.AppendXMLSchemaString(a.Summary)
	t.SetActivityStreamsSummary(summary)
	at := streams.NewActivityStreamsUrlProperty()
	at.AppendIRI(w.parse(a.URL))
	t.SetActivityStreamsUrl(at)
	private := streams.NewActivityStreamsManuallyApprovesFollowersProperty()
	private.Set(a.Private)
	t.SetActivityStreamsManuallyApprovesFollowers(private)
	discoverable := streams.NewTootDiscoverableProperty()
	discoverable.Set(true)
	t.SetTootDiscoverable(discoverable)
	setPublished(t, a.CreatedAt)
	if w.err != nil {
		return nil, w.err
	}
	return serialize(t, a.more())
}

// more are the properties that the vocabulary does not have, or not as servers
// want them.
func (a OutActor) more() map[string]any {
	more := map[string]any{
		"publicKey": map[string]any{"id": a.KeyID, "owner": a.ID, "publicKeyPem": a.KeyPEM},
	}
	if a.Icon != "" {
		picture := func() map[string]any {
			p := map[string]any{"type": "Image", "url": a.Icon}
			if a.IconType != "" {
				p["mediaType"] = a.IconType
			}
			return p
		}
		more["icon"], more["image"] = picture(), picture()
	}
	tags := []any{}
	for _, t := range a.Tags {
		tags = append(tags, t.object())
	}
	more["tag"] = tags
	fields := []any{}
	for _, f := range a.Fields {
		fields = append(fields, map[string]any{"type": "PropertyValue", "name": f.Name, "value": f.Value})
	}
	more["attachment"] = fields
	if len(a.AlsoKnownAs) > 0 {
		more["alsoKnownAs"] = anySlice(a.AlsoKnownAs)
	}
	if a.MovedTo != "" {
		more["movedTo"] = a.MovedTo
	}
	if a.Stream != nil {
		a.Stream.write(more)
	}
	return more
}
