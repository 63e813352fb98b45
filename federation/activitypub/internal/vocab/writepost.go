package vocab

import (
	"strconv"
	"time"

	"github.com/go-fed/activity/streams"
)

// OutNote is a post to write.
type OutNote struct {
	ID, Actor, URL string
	Content        string // HTML
	At             time.Time
	To, Cc         []string
	Tags           []Tag
	Mentions       []Tag // Name is an account
	Picture        *Attachment
	Sensitive      bool
	Quotable       bool // by anybody (FEP-044f)
}

// Document writes the post.
func (n OutNote) Document() (Document, error) {
	t := streams.NewActivityStreamsNote()
	var w iriWriter
	w.id(t, n.ID)
	by := streams.NewActivityStreamsAttributedToProperty()
	by.AppendIRI(w.parse(n.Actor))
	t.SetActivityStreamsAttributedTo(by)
	content := streams.NewActivityStreamsContentProperty()
	content.AppendXMLSchemaString(n.Content)
	t.SetActivityStreamsContent(content)
	at := streams.NewActivityStreamsUrlProperty()
	at.AppendIRI(w.parse(n.URL))
	t.SetActivityStreamsUrl(at)
	w.addressees(t, n.To, n.Cc)
	setPublished(t, n.At)
	if w.err != nil {
		return nil, w.err
	}
	return serialize(t, n.more())
}

func (n OutNote) more() map[string]any {
	tags := []any{}
	for _, t := range n.Mentions {
		tags = append(tags, map[string]any{"type": "Mention", "href": t.Href, "name": "@" + t.Name})
	}
	for _, t := range n.Tags {
		tags = append(tags, t.object())
	}
	more := map[string]any{"tag": tags, "attachment": []any{}, "sensitive": n.Sensitive}
	if p := n.Picture; p != nil {
		more["attachment"] = []any{map[string]any{"type": "Image", "mediaType": p.MediaType, "url": p.URL, "name": p.Alt}}
	}
	who := n.Actor
	if n.Quotable {
		who = Public
	}
	more["interactionPolicy"] = map[string]any{"canQuote": map[string]any{"automaticApproval": []any{who}}}
	return more
}

// OutEvent is a scheduled stream to write, as FEP-8a8e has it.
type OutEvent struct {
	ID, Actor, URL string
	Name, Summary  string // Summary is HTML
	Content        string // HTML
	Start          time.Time
	Duration       time.Duration
	TimeZone       string // of the IANA database
	Canceled       bool
	Published      time.Time
	Updated        time.Time // zero if it never was
	To, Cc         []string
	Tags           []Tag
	Picture        *Attachment
	StreamURL      string
	Organizer      string // a name
	DisplayEnd     bool   // whether the end is known well
	Sensitive      bool
}

// Document writes the event.
func (e OutEvent) Document() (Document, error) {
	t := streams.NewActivityStreamsEvent()
	var w iriWriter
	w.id(t, e.ID)
	by := streams.NewActivityStreamsAttributedToProperty()
	by.AppendIRI(w.parse(e.Actor))
	t.SetActivityStreamsAttributedTo(by)
	name := streams.NewActivityStreamsNameProperty()
	name.AppendXMLSchemaString(e.Name)
	t.SetActivityStreamsName(name)
	content := streams.NewActivityStreamsContentProperty()
	content.AppendXMLSchemaString(e.Content)
	t.SetActivityStreamsContent(content)
	at := streams.NewActivityStreamsUrlProperty()
	at.AppendIRI(w.parse(e.URL))
	t.SetActivityStreamsUrl(at)
	start, end := streams.NewActivityStreamsStartTimeProperty(), streams.NewActivityStreamsEndTimeProperty()
	start.Set(e.Start.Truncate(time.Second))
	end.Set(e.Start.Add(e.Duration).Truncate(time.Second))
	t.SetActivityStreamsStartTime(start)
	t.SetActivityStreamsEndTime(end)
	if !e.Updated.IsZero() {
		updated := streams.NewActivityStreamsUpdatedProperty()
		updated.Set(e.Updated.UTC().Truncate(time.Second))
		t.SetActivityStreamsUpdated(updated)
	}
	w.addressees(t, e.To, e.Cc)
	setPublished(t, e.Published)
	if w.err != nil {
		return nil, w.err
	}
	return serialize(t, e.more())
}

func (e OutEvent) more() map[string]any {
	status := "EventScheduled"
	if e.Canceled {
		status = "EventCancelled"
	}
	tags := []any{}
	for _, t := range e.Tags {
		tags = append(tags, t.object())
	}
	more := map[string]any{
		"eventStatus": status, "joinMode": "none", "displayEndTime": e.DisplayEnd, "timezone": e.TimeZone,
		"location":   []any{map[string]any{"type": "VirtualLocation", "name": e.Organizer, "url": e.StreamURL}},
		"organizers": []any{e.Actor},
		"tag":        tags, "attachment": []any{}, "sensitive": e.Sensitive,
	}
	if e.Summary != "" {
		more["summary"] = e.Summary
	}
	if p := e.Picture; p != nil {
		more["attachment"] = []any{map[string]any{"type": "Image", "mediaType": p.MediaType, "url": p.URL, "name": p.Alt}}
	}
	return more
}

// OutStamp says that one post may quote another (FEP-044f).
type OutStamp struct{ ID, Actor, Quoting, Quoted string }

// Document writes the stamp.
func (s OutStamp) Document() (Document, error) {
	t := streams.NewActivityStreamsObject()
	var w iriWriter
	w.id(t, s.ID)
	by := streams.NewActivityStreamsAttributedToProperty()
	by.AppendIRI(w.parse(s.Actor))
	t.SetActivityStreamsAttributedTo(by)
	if w.err != nil {
		return nil, w.err
	}
	return serialize(t, map[string]any{
		"type": "QuoteAuthorization", "interactingObject": s.Quoting, "interactionTarget": s.Quoted,
	})
}

// OutCollection is a collection to write. Its pages are numbered from 1.
type OutCollection struct {
	ID    string
	Total int
	Pages bool // whether there are pages to read
}

// Document writes the collection.
func (c OutCollection) Document() (Document, error) {
	t := streams.NewActivityStreamsOrderedCollection()
	var w iriWriter
	w.id(t, c.ID)
	total := streams.NewActivityStreamsTotalItemsProperty()
	total.Set(c.Total)
	t.SetActivityStreamsTotalItems(total)
	if c.Pages {
		first := streams.NewActivityStreamsFirstProperty()
		first.SetIRI(w.parse(pageIRI(c.ID, 1)))
		t.SetActivityStreamsFirst(first)
	}
	if w.err != nil {
		return nil, w.err
	}
	return serialize(t, nil)
}

func pageIRI(collection string, page int) string {
	return collection + "?page=" + strconv.Itoa(page)
}

// OutPage is a page of a collection to write. Items are IRIs or Documents.
type OutPage struct {
	Of      string
	Page    int
	Items   []any
	HasNext bool
}

// Document writes the page.
func (p OutPage) Document() (Document, error) {
	t := streams.NewActivityStreamsOrderedCollectionPage()
	var w iriWriter
	w.id(t, pageIRI(p.Of, p.Page))
	of := streams.NewActivityStreamsPartOfProperty()
	of.SetIRI(w.parse(p.Of))
	t.SetActivityStreamsPartOf(of)
	if p.HasNext {
		next := streams.NewActivityStreamsNextProperty()
		next.SetIRI(w.parse(pageIRI(p.Of, p.Page+1)))
		t.SetActivityStreamsNext(next)
	}
	if p.Page > 1 {
		prev := streams.NewActivityStreamsPrevProperty()
		prev.SetIRI(w.parse(pageIRI(p.Of, p.Page-1)))
		t.SetActivityStreamsPrev(prev)
	}
	if w.err != nil {
		return nil, w.err
	}
	items := make([]any, len(p.Items))
	for i, item := range p.Items {
		if d, ok := item.(Document); ok {
			item = map[string]any(d)
		}
		items[i] = item
	}
	return serialize(t, map[string]any{"orderedItems": items})
}
