package vocab

import (
	"fmt"

	"github.com/go-fed/activity/streams/vocab"
)

// actorType is what actors of the vocabulary have in common.
type actorType interface {
	vocab.Type
	GetActivityStreamsInbox() vocab.ActivityStreamsInboxProperty
	GetActivityStreamsFollowers() vocab.ActivityStreamsFollowersProperty
	GetActivityStreamsPreferredUsername() vocab.ActivityStreamsPreferredUsernameProperty
}

func readActor(s *shaped, t vocab.Type) (Actor, error) {
	v, ok := t.(actorType)
	if !ok {
		return Actor{}, fmt.Errorf("%w: %q is no actor", ErrDocument, s.name)
	}
	a := Actor{
		ID: typeID(t), Type: s.name, Name: cut(text(s.doc["name"], maxContent), maxName),
		URL: linkOf(s.doc["url"], "text/html"), Icon: pictureOf(s.doc["icon"]),
		Keys: keysOf(s.doc), MovedTo: idOf(s.doc["movedTo"]), Stream: streamOf(s.doc),
	}
	if p := v.GetActivityStreamsPreferredUsername(); p != nil && p.IsXMLSchemaString() {
		a.Username = cut(p.GetXMLSchemaString(), maxName)
	}
	if p := v.GetActivityStreamsInbox(); p != nil && p.IsIRI() {
		a.Inbox = clampIRI(p.GetIRI().String())
	}
	if p := v.GetActivityStreamsFollowers(); p != nil && p.IsIRI() {
		a.Followers = clampIRI(p.GetIRI().String())
	}
	a.SharedInbox = text(asMap(s.doc["endpoints"])["sharedInbox"], MaxIRI)
	for _, e := range list(s.doc["alsoKnownAs"], maxNames) {
		if iri := idOf(e); iri != "" {
			a.AlsoKnownAs = append(a.AlsoKnownAs, iri)
		}
	}
	if a.ID == "" {
		return Actor{}, fmt.Errorf("%w: an actor without an id", ErrDocument)
	}
	return a, nil
}

// pictureOf is the URL of the first picture.
func pictureOf(v any) string {
	for _, e := range list(v, maxTags) {
		switch e := e.(type) {
		case string:
			if u := webURL(e); u != "" {
				return u
			}
		case map[string]any:
			if u := linkOf(e["url"], text(e["mediaType"], maxName)); u != "" {
				return u
			}
		}
	}
	return ""
}

// keysOf are the public keys of an actor, or the one that a document is.
func keysOf(doc map[string]any) []Key {
	var keys []Key
	for _, e := range list(doc["publicKey"], maxNames) {
		if m, ok := e.(map[string]any); ok {
			if k := keyOf(m); k.PEM != "" {
				keys = append(keys, k)
			}
		}
	}
	if k := keyOf(doc); k.PEM != "" {
		keys = append(keys, k)
	}
	return keys
}

func keyOf(m map[string]any) Key {
	k := Key{ID: text(m["id"], MaxIRI), Owner: idOf(m["owner"]), PEM: text(m["publicKeyPem"], maxContent)}
	if k.Owner == "" {
		k.Owner = idOf(m["controller"])
	}
	return k
}

// shapeKey is shape for documents of keys, which may have no type.
func shapeKey(data []byte) (map[string]any, error) {
	doc, err := object(data)
	if err != nil {
		return nil, err
	}
	return (&shaped{}).object(doc), nil
}

// streamOf reads the properties of streams, in each spelling that JSON-LD has.
func streamOf(doc map[string]any) Stream {
	var s Stream
	get := func(name string) any {
		for _, prefix := range []string{"", "owncast:", StreamNamespace} {
			if v, ok := doc[prefix+name]; ok {
				s.Present = true
				return v
			}
		}
		return nil
	}
	s.Status = text(get("streamStatus"), maxName)
	s.Title = cut(text(get("streamTitle"), maxContent), maxName)
	s.Description = cut(text(get("streamDescription"), maxContent), maxAlt)
	s.ServerName = cut(text(get("serverName"), maxContent), maxName)
	s.Logo = webURL(linkText(get("logoUrl")))
	s.Thumbnail = webURL(linkText(get("thumbnailUrl")))
	for _, e := range list(get("streamTags"), maxTags) {
		if tag := cut(text(e, maxContent), maxName); tag != "" {
			s.Tags = append(s.Tags, tag)
		}
	}
	switch d := get("directory").(type) {
	case bool:
		s.Directory = d
	case string:
		s.Directory = d == "true"
	}
	return s
}

func linkText(v any) string {
	if m, ok := v.(map[string]any); ok {
		v = m["id"]
	}
	return text(v, MaxIRI)
}
