package vocab

import (
	"fmt"
	"net/url"
	"time"

	"github.com/go-fed/activity/streams"
	"github.com/go-fed/activity/streams/vocab"
)

// Document is one that goes out, without its context.
type Document map[string]any

// Encode returns the document as JSON, with a context that defines what it
// uses.
func (d Document) Encode() ([]byte, error) {
	whole := make(map[string]any, len(d)+1)
	for name, v := range d {
		whole[name] = v
	}
	whole["@context"] = contextOf(d)
	return encode(whole)
}

// ID is the id of the document.
func (d Document) ID() string {
	id, _ := d["id"].(string)
	return id
}

// Decode reads a document that Encode wrote.
func Decode(data []byte) (Document, error) {
	doc, err := object(data)
	delete(doc, "@context")
	return doc, err
}

// serialize makes a document of a value of the vocabulary, which may panic,
// with further properties.
func serialize(t vocab.Type, more map[string]any) (d Document, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("write %s: %v", t.GetTypeName(), v)
		}
	}()
	m, err := t.Serialize()
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", t.GetTypeName(), err)
	}
	for name, v := range more {
		m[name] = v
	}
	arrays(m)
	return m, nil
}

// arrays makes arrays of values that servers want in arrays, even if there is
// one: the vocabulary takes them out.
func arrays(m map[string]any) {
	for name, v := range m {
		switch name {
		case "to", "cc", "tag", "attachment", "orderedItems", "items", "alsoKnownAs", "streamTags", "automaticApproval":
			if _, ok := v.([]any); !ok && v != nil {
				m[name] = []any{v}
			}
		}
		switch v := m[name].(type) {
		case map[string]any:
			arrays(v)
		case Document:
			arrays(v)
		case []any:
			for _, e := range v {
				if inner, ok := e.(map[string]any); ok {
					arrays(inner)
				}
			}
		}
	}
}

// parseIRI reads an IRI of ours.
func parseIRI(iri string) (*url.URL, error) {
	u, err := url.Parse(iri)
	if err != nil {
		return nil, fmt.Errorf("write document: %w", err)
	}
	return u, nil
}

// iriWriter reads IRIs and remembers the first error.
type iriWriter struct{ err error }

func (w *iriWriter) parse(iri string) *url.URL {
	u, err := parseIRI(iri)
	if err != nil {
		if w.err == nil {
			w.err = err
		}
		return &url.URL{}
	}
	return u
}

func (w *iriWriter) id(t interface {
	SetJSONLDId(vocab.JSONLDIdProperty)
}, iri string,
) {
	p := streams.NewJSONLDIdProperty()
	p.Set(w.parse(iri))
	t.SetJSONLDId(p)
}

func (w *iriWriter) addressees(t interface {
	SetActivityStreamsTo(vocab.ActivityStreamsToProperty)
	SetActivityStreamsCc(vocab.ActivityStreamsCcProperty)
}, to, cc []string,
) {
	if len(to) > 0 {
		p := streams.NewActivityStreamsToProperty()
		for _, iri := range to {
			p.AppendIRI(w.parse(iri))
		}
		t.SetActivityStreamsTo(p)
	}
	if len(cc) > 0 {
		p := streams.NewActivityStreamsCcProperty()
		for _, iri := range cc {
			p.AppendIRI(w.parse(iri))
		}
		t.SetActivityStreamsCc(p)
	}
}

func setPublished(t interface {
	SetActivityStreamsPublished(vocab.ActivityStreamsPublishedProperty)
}, at time.Time,
) {
	if at.IsZero() {
		return
	}
	p := streams.NewActivityStreamsPublishedProperty()
	p.Set(at.UTC().Truncate(time.Second))
	t.SetActivityStreamsPublished(p)
}

// writableActivity is what activities of the vocabulary have in common.
type writableActivity interface {
	vocab.Type
	SetJSONLDId(vocab.JSONLDIdProperty)
	SetActivityStreamsActor(vocab.ActivityStreamsActorProperty)
	SetActivityStreamsObject(vocab.ActivityStreamsObjectProperty)
	SetActivityStreamsTarget(vocab.ActivityStreamsTargetProperty)
	SetActivityStreamsTo(vocab.ActivityStreamsToProperty)
	SetActivityStreamsCc(vocab.ActivityStreamsCcProperty)
	SetActivityStreamsPublished(vocab.ActivityStreamsPublishedProperty)
}

// newActivity makes an activity of a type.
func newActivity(name string) (writableActivity, error) {
	switch name {
	case "Accept":
		return streams.NewActivityStreamsAccept(), nil
	case "Create":
		return streams.NewActivityStreamsCreate(), nil
	case "Delete":
		return streams.NewActivityStreamsDelete(), nil
	case "Follow":
		return streams.NewActivityStreamsFollow(), nil
	case "Leave":
		return streams.NewActivityStreamsLeave(), nil
	case "Move":
		return streams.NewActivityStreamsMove(), nil
	case "Offer":
		return streams.NewActivityStreamsOffer(), nil
	case "Reject":
		return streams.NewActivityStreamsReject(), nil
	case "Undo":
		return streams.NewActivityStreamsUndo(), nil
	case "Update":
		return streams.NewActivityStreamsUpdate(), nil
	}
	return nil, fmt.Errorf("write document: no activity %q", name)
}

// OutActivity is an activity to write.
type OutActivity struct {
	Type, ID, Actor string
	// Object is an IRI, unless Embedded is set.
	Object   string
	Embedded Document
	Target   string // an IRI; "" for none
	To, Cc   []string
	At       time.Time // zero for no time
	Stream   *Stream   // nil for nothing about the stream
	More     map[string]any
}

// Document writes the activity.
func (a OutActivity) Document() (Document, error) {
	t, err := newActivity(a.Type)
	if err != nil {
		return nil, err
	}
	var w iriWriter
	w.id(t, a.ID)
	actor := streams.NewActivityStreamsActorProperty()
	actor.AppendIRI(w.parse(a.Actor))
	t.SetActivityStreamsActor(actor)
	if a.Embedded == nil {
		object := streams.NewActivityStreamsObjectProperty()
		object.AppendIRI(w.parse(a.Object))
		t.SetActivityStreamsObject(object)
	}
	if a.Target != "" {
		target := streams.NewActivityStreamsTargetProperty()
		target.AppendIRI(w.parse(a.Target))
		t.SetActivityStreamsTarget(target)
	}
	w.addressees(t, a.To, a.Cc)
	setPublished(t, a.At)
	if w.err != nil {
		return nil, w.err
	}
	more := map[string]any{}
	for name, v := range a.More {
		more[name] = v
	}
	if a.Embedded != nil {
		more["object"] = map[string]any(a.Embedded)
	}
	if a.Stream != nil {
		a.Stream.write(more)
	}
	return serialize(t, more)
}

// write adds the properties of the stream that are not empty.
func (s Stream) write(m map[string]any) {
	for name, v := range map[string]string{
		"streamStatus": s.Status, "streamTitle": s.Title, "streamDescription": s.Description,
		"serverName": s.ServerName, "logoUrl": s.Logo, "thumbnailUrl": s.Thumbnail,
	} {
		if v != "" {
			m[name] = v
		}
	}
	if len(s.Tags) > 0 {
		m["streamTags"] = anySlice(s.Tags)
	}
	if s.Directory {
		m["directory"] = true
	}
}

func anySlice(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}
