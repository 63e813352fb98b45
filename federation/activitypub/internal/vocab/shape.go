package vocab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// shaped is a document that the vocabulary can take.
type shaped struct {
	doc   map[string]any
	name  string // the type of the document, as its sender named it
	count int
}

// shape reads JSON. The error matches [ErrDocument].
func shape(data []byte) (*shaped, error) {
	doc, err := object(data)
	if err != nil {
		return nil, err
	}
	s := &shaped{}
	s.doc = s.object(doc)
	if s.count > maxValues {
		return nil, fmt.Errorf("%w: more than %d values", ErrDocument, maxValues)
	}
	s.name = typeName(doc)
	if s.name == "" {
		return nil, fmt.Errorf("%w: it has no type", ErrDocument)
	}
	s.doc["@context"] = []any{activityStreams, securityV1}
	return s, nil
}

// object reads JSON as it is.
func object(data []byte) (map[string]any, error) {
	if depth(data) > maxDepth {
		return nil, fmt.Errorf("%w: deeper than %d", ErrDocument, maxDepth)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil || doc == nil {
		return nil, fmt.Errorf("%w: no JSON object", ErrDocument)
	}
	return doc, nil
}

// depth is how deep arrays and objects are nested, as far as data is JSON.
func depth(data []byte) int {
	deepest, now := 0, 0
	inString := false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// object returns a copy of m in the usual spelling. It goes no deeper than m
// does, which is checked before.
func (s *shaped) object(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for name, v := range m {
		name = plainName(name)
		if v = s.value(v); v == nil || !sane(name, v) {
			continue
		}
		out[name] = v
	}
	if types := typeName(m); types != "" {
		out["type"] = vocabularyType(types, out)
	} else {
		delete(out, "type")
	}
	return out
}

func (s *shaped) value(v any) any {
	s.count++
	switch v := v.(type) {
	case map[string]any:
		o := s.object(v)
		if id, ok := o["id"].(string); ok && len(o) == 1 {
			return id // which is all that it says
		}
		return o
	case []any:
		list := make([]any, 0, min(len(v), maxList))
		for _, e := range v[:min(len(v), maxList)] {
			if e = s.value(e); e != nil {
				list = append(list, e)
			}
		}
		return list
	default:
		return v
	}
}

// plainName takes from a property what only says that it is one of
// ActivityStreams.
func plainName(name string) string {
	switch name {
	case "@id", "@type":
		return name[1:]
	}
	if rest, ok := strings.CutPrefix(name, "as:"); ok {
		return rest
	}
	if rest, ok := strings.CutPrefix(name, activityStreams+"#"); ok {
		return rest
	}
	return name
}

// duration is what the vocabulary can read of ISO 8601; it fails badly on
// others.
var duration = regexp.MustCompile(`^-?P(?:[0-9]{1,9}Y)?(?:[0-9]{1,9}M)?(?:[0-9]{1,9}D)?(?:T(?:[0-9]{1,9}H)?(?:[0-9]{1,9}M)?(?:[0-9]{1,9}(?:\.[0-9]{1,9})?S)?)?$`)

// sane tells whether a property may stay.
func sane(name string, v any) bool {
	switch name {
	case "@context":
		return false // of an object inside; that of the document is ours
	case "id":
		id, ok := v.(string)
		return ok && len(id) <= MaxIRI
	case "duration":
		d, ok := v.(string)
		return ok && len(d) > 2 && duration.MatchString(d)
	}
	return true
}

// typeName is the type of an object, or the first of several that the
// vocabulary has, or else the first.
func typeName(m map[string]any) string {
	v, ok := m["type"]
	if !ok {
		v = m["@type"]
	}
	var names []string
	switch v := v.(type) {
	case string:
		names = []string{v}
	case []any:
		for _, e := range v {
			if name, ok := e.(string); ok && name != "" {
				names = append(names, name)
			}
		}
	}
	first := ""
	for _, name := range names {
		if len(name) > maxName {
			continue
		}
		name = plainName(name)
		if known(name) {
			return name
		}
		if first == "" {
			first = name
		}
	}
	return first
}

// vocabularyType is the type that the vocabulary has for one: its own, or the
// general one of activities or objects.
func vocabularyType(name string, m map[string]any) string {
	if known(name) {
		return name
	}
	if _, ok := m["actor"]; ok {
		return "Activity"
	}
	return "Object"
}

// known tells whether the vocabulary has a type.
func known(name string) bool {
	switch name {
	case "Accept", "Activity", "Add", "Announce", "Arrive", "Block", "Create", "Delete", "Dislike", "Flag", "Follow", "Ignore",
		"IntransitiveActivity", "Invite", "Join", "Leave", "Like", "Listen", "Move", "Offer", "Question", "Read", "Reject", "Remove",
		"TentativeAccept", "TentativeReject", "Travel", "Undo", "Update", "View",
		"Application", "Group", "Organization", "Person", "Service",
		"Article", "Audio", "Document", "Event", "Image", "Note", "Object", "Page", "Place", "Profile", "Relationship", "Tombstone", "Video",
		"Collection", "CollectionPage", "OrderedCollection", "OrderedCollectionPage", "Link", "Mention":
		return true
	}
	return false
}

// IsActor tells whether a type is one of actors.
func IsActor(name string) bool {
	switch name {
	case "Application", "Group", "Organization", "Person", "Service":
		return true
	}
	return false
}

// encode writes JSON without escaping HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode document: %w", err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}
