package vocab

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-fed/activity/streams"
	"github.com/go-fed/activity/streams/vocab"
)

// Peek is what can be told of a document at little cost.
type Peek struct {
	ID, Type, Actor, Object string
}

// Glance reads the names that a document has, and not what they stand for.
func Glance(data []byte) (Peek, error) {
	s, err := shape(data)
	if err != nil {
		return Peek{}, err
	}
	return Peek{ID: text(s.doc["id"], MaxIRI), Type: s.name, Actor: idOf(s.doc["actor"]), Object: idOf(s.doc["object"])}, nil
}

// ParseActivity reads an activity.
func ParseActivity(ctx context.Context, data []byte) (a Activity, err error) {
	err = parse(ctx, data, func(s *shaped, t vocab.Type) error {
		a, err = readActivity(s, t)
		return err
	})
	return a, err
}

// ParseActor reads an actor.
func ParseActor(ctx context.Context, data []byte) (a Actor, err error) {
	err = parse(ctx, data, func(s *shaped, t vocab.Type) error {
		a, err = readActor(s, t)
		return err
	})
	return a, err
}

// ParseKey reads the document of a key, where that is not its actor's.
func ParseKey(data []byte) (Key, error) {
	s, err := shapeKey(data)
	if err != nil {
		return Key{}, err
	}
	keys := keysOf(s)
	if len(keys) == 0 {
		return Key{}, fmt.Errorf("%w: no key", ErrDocument)
	}
	return keys[0], nil
}

// ParseObject reads a post or the like.
func ParseObject(ctx context.Context, data []byte) (o Object, err error) {
	err = parse(ctx, data, func(s *shaped, t vocab.Type) error {
		o = readObject(t, s.doc)
		o.Type = s.name
		return nil
	})
	return o, err
}

// parse reads a document by the vocabulary, which may panic.
func parse(ctx context.Context, data []byte, read func(*shaped, vocab.Type) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", ErrDocument, v)
		}
	}()
	s, err := shape(data)
	if err != nil {
		return err
	}
	t, err := streams.ToType(ctx, s.doc)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDocument, err)
	}
	return read(s, t)
}

// iterator is what every property of the vocabulary that refers to something
// has for each value.
type iterator interface {
	comparable
	IsIRI() bool
	GetIRI() *url.URL
	GetType() vocab.Type
}

// reference is a value of such a property.
type reference struct {
	iri string
	typ vocab.Type // nil if it is not embedded
}

// references reads the values of a property, n at the most.
func references[I iterator](length int, at func(int) I, n int) []reference {
	var list []reference
	for i := 0; i < length && len(list) < n; i++ {
		switch it := at(i); {
		case it.IsIRI():
			if iri := it.GetIRI().String(); len(iri) <= MaxIRI {
				list = append(list, reference{iri: iri})
			}
		case it.GetType() != nil:
			list = append(list, reference{iri: typeID(it.GetType()), typ: it.GetType()})
		}
	}
	return list
}

func typeID(t vocab.Type) string {
	id := t.GetJSONLDId()
	if id == nil || id.Get() == nil {
		return ""
	}
	return clampIRI(id.Get().String())
}

func clampIRI(s string) string {
	if len(s) > MaxIRI {
		return ""
	}
	return s
}

func iris(list []reference) []string {
	var out []string
	for _, r := range list {
		switch r.iri {
		case "":
		case "as:Public": // ActivityPub, section 5.6, lets it be that
			out = append(out, Public)
		default:
			out = append(out, r.iri)
		}
	}
	return out
}

func firstIRI(list []reference) string {
	if len(list) == 0 {
		return ""
	}
	return list[0].iri
}

// activityType is what activities of the vocabulary have in common.
type activityType interface {
	vocab.Type
	addressed
	GetActivityStreamsActor() vocab.ActivityStreamsActorProperty
	GetActivityStreamsObject() vocab.ActivityStreamsObjectProperty
	GetActivityStreamsTarget() vocab.ActivityStreamsTargetProperty
	GetActivityStreamsResult() vocab.ActivityStreamsResultProperty
	GetActivityStreamsInstrument() vocab.ActivityStreamsInstrumentProperty
	GetActivityStreamsPublished() vocab.ActivityStreamsPublishedProperty
}

type addressed interface {
	GetActivityStreamsTo() vocab.ActivityStreamsToProperty
	GetActivityStreamsCc() vocab.ActivityStreamsCcProperty
}

func readActivity(s *shaped, t vocab.Type) (Activity, error) {
	v, ok := t.(activityType)
	if !ok {
		return Activity{}, fmt.Errorf("%w: %q is no activity", ErrDocument, s.name)
	}
	a := Activity{ID: typeID(t), Type: s.name, Stream: streamOf(s.doc)}
	if p := v.GetActivityStreamsActor(); p != nil {
		a.Actor = firstIRI(references(p.Len(), p.At, 1))
	}
	if a.Actor == "" {
		return Activity{}, fmt.Errorf("%w: it has no actor", ErrDocument)
	}
	if p := v.GetActivityStreamsObject(); p != nil {
		a.Objects = p.Len()
		a.Object = refObject(references(p.Len(), p.At, 1), s.doc["object"])
	}
	if p := v.GetActivityStreamsInstrument(); p != nil {
		a.Instrument = refObject(references(p.Len(), p.At, 1), s.doc["instrument"])
	}
	if p := v.GetActivityStreamsTarget(); p != nil {
		a.Target = firstIRI(references(p.Len(), p.At, 1))
	}
	if p := v.GetActivityStreamsResult(); p != nil {
		a.Result = firstIRI(references(p.Len(), p.At, 1))
	}
	a.To, a.Cc = addressees(v)
	a.Published = published(v.GetActivityStreamsPublished())
	if !a.Stream.Present {
		a.Stream = streamOf(asMap(s.doc["object"]))
	}
	return a, nil
}

func addressees(v addressed) (to, cc []string) {
	if p := v.GetActivityStreamsTo(); p != nil {
		to = iris(references(p.Len(), p.At, maxAddressees))
	}
	if p := v.GetActivityStreamsCc(); p != nil {
		cc = iris(references(p.Len(), p.At, maxAddressees))
	}
	return to, cc
}

func published(p vocab.ActivityStreamsPublishedProperty) time.Time {
	if p == nil || !p.IsXMLSchemaDateTime() {
		return time.Time{}
	}
	return p.Get().UTC()
}

// refObject is the object of the first reference, whose JSON is raw.
func refObject(list []reference, raw any) Object {
	if len(list) == 0 {
		return Object{}
	}
	if list[0].typ == nil {
		return Object{ID: list[0].iri}
	}
	doc := asMap(raw)
	o := readObject(list[0].typ, doc)
	o.Embedded = true
	return o
}

// asMap is an object, or the first of several.
func asMap(v any) map[string]any {
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
	}
	m, _ := v.(map[string]any)
	return m
}

// idOf is an IRI, or that of an object, or the first of several.
func idOf(v any) string {
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
	}
	if m, ok := v.(map[string]any); ok {
		v = m["id"]
	}
	return text(v, MaxIRI)
}

// text is a string of so many bytes at the most, or nothing.
func text(v any, limit int) string {
	s, _ := v.(string)
	if len(s) > limit {
		return ""
	}
	return s
}

// cut returns the first runes of s.
func cut(s string, runes int) string {
	if len(s) <= runes {
		return strings.ToValidUTF8(s, "")
	}
	n := 0
	for i := range s {
		if n == runes {
			return strings.ToValidUTF8(s[:i], "")
		}
		n++
	}
	return strings.ToValidUTF8(s, "")
}

// webURL is s if it is a URL of http or https.
func webURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || len(s) > MaxIRI {
		return ""
	}
	return u.String()
}
