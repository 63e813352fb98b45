package activitypub_test

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// coreTerms are those of the context of ActivityStreams that the channel uses.
const coreTerms = ` id type actor object target result instrument to cc published updated attributedTo content name summary url tag
 href attachment mediaType icon image inbox outbox followers preferredUsername totalItems first next prev partOf orderedItems
 startTime endTime location formerType inReplyTo duration
 Accept Create Delete Follow Leave Move Offer Reject Undo Update Note Event Image Mention Service Person Tombstone OrderedCollection
 OrderedCollectionPage `

// otherTerms are those of further contexts.
func otherTerms(context string) string {
	switch context {
	case "https://w3id.org/security/v1":
		return " publicKey owner publicKeyPem "
	case "https://w3id.org/fep/8a8e":
		return " eventStatus joinMode displayEndTime timezone organizers VirtualLocation "
	}
	return ""
}

// strict holds a document to what the strictest of servers ask for, and says
// what is wrong.
func strict(doc map[string]any) (problems []string) {
	s := &strictReader{defined: map[string]bool{}}
	s.context(doc["@context"])
	s.object("", doc)
	switch kind, _ := doc["type"].(string); kind {
	case "Service":
		s.actor(doc)
	case "Create", "Update", "Delete", "Accept", "Reject", "Follow", "Undo", "Move", "Offer", "Leave":
		s.activity(kind, doc)
	}
	return s.problems
}

type strictReader struct {
	defined  map[string]bool
	problems []string
}

func (s *strictReader) wrong(format string, args ...any) {
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// context reads which terms are defined: servers that read JSON-LD drop
// others.
func (s *strictReader) context(v any) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	if list[0] != "https://www.w3.org/ns/activitystreams" {
		s.wrong("the context begins with %v", list[0])
	}
	for _, t := range strings.Fields(coreTerms) {
		s.defined[t] = true
	}
	for _, c := range list {
		switch c := c.(type) {
		case string:
			for _, t := range strings.Fields(otherTerms(c)) {
				s.defined[t] = true
			}
		case map[string]any:
			for t, is := range c {
				s.defined[t] = true
				if m, ok := is.(map[string]any); ok {
					is = m["@id"]
				}
				iri, _ := is.(string)
				prefix, _, _ := strings.Cut(iri, ":")
				if _, ok := c[prefix]; !ok && prefix != "as" && prefix != "http" && prefix != "https" {
					s.wrong("term %s is %q, of an unknown prefix", t, iri)
				}
			}
		}
	}
}

var instant = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$`)

func (s *strictReader) object(at string, doc map[string]any) {
	for name, v := range doc {
		where := at + "." + name
		if name == "@context" {
			if at != "" {
				s.wrong("%s is inside", where)
			}
			continue
		}
		if !s.defined[name] {
			s.wrong("%s is not defined", where)
		}
		switch name {
		case "to", "cc", "tag", "attachment", "orderedItems", "alsoKnownAs", "streamTags":
			if _, ok := v.([]any); !ok {
				s.wrong("%s is no array", where) // Pleroma, Pixelfed and Misskey want one
			}
		case "id", "actor", "attributedTo", "inbox", "outbox", "followers", "partOf", "first", "next", "owner", "target", "result":
			if u, err := url.Parse(fmt.Sprint(v)); err != nil || u.Scheme != "https" || u.Host == "" {
				s.wrong("%s is %v", where, v)
			}
		case "published", "updated", "startTime", "endTime":
			if !instant.MatchString(fmt.Sprint(v)) {
				s.wrong("%s is %v", where, v)
			}
		case "type":
			if t, ok := v.(string); !ok || !s.defined[t] {
				s.wrong("%s %v is not defined", where, v)
			}
		}
		s.value(where, v)
	}
}

func (s *strictReader) value(where string, v any) {
	switch v := v.(type) {
	case nil:
		s.wrong("%s is null", where)
	case map[string]any:
		s.object(where, v)
	case []any:
		for i, e := range v {
			s.value(fmt.Sprintf("%s[%d]", where, i), e)
		}
	}
}

func (s *strictReader) need(doc map[string]any, names ...string) {
	for _, n := range names {
		if v, ok := doc[n].(string); !ok || v == "" {
			s.wrong("%s lacks %s", doc["type"], n)
		}
	}
}

// activity holds an activity to what Mastodon, Misskey, GoToSocial and others
// check before they believe it.
func (s *strictReader) activity(kind string, doc map[string]any) {
	s.need(doc, "id", "actor")
	if doc["object"] == nil {
		s.wrong("%s lacks object", kind)
	}
	object, embedded := doc["object"].(map[string]any)
	if !embedded {
		return
	}
	if kind != "Create" && kind != "Update" {
		return
	}
	if object["id"] == doc["id"] {
		s.wrong("the activity and its object have one id")
	}
	switch object["type"] {
	case "Note", "Event":
		s.need(object, "id", "attributedTo", "content", "published", "url")
		if object["attributedTo"] != doc["actor"] {
			s.wrong("%v posts for %v", doc["actor"], object["attributedTo"])
		}
		for _, n := range []string{"to", "cc"} {
			if !slices.Equal(stringsOf(doc[n]), stringsOf(object[n])) {
				s.wrong("%s of the activity and its object differ", n)
			}
		}
		if _, ok := object["sensitive"].(bool); !ok {
			s.wrong("sensitive is %v", object["sensitive"])
		}
		for _, a := range list(object["attachment"]) {
			m, _ := a.(map[string]any)
			if m["type"] == nil || m["url"] == nil {
				s.wrong("attachment %v", a)
			}
		}
		for _, tag := range list(object["tag"]) {
			m, _ := tag.(map[string]any)
			if name, _ := m["name"].(string); m["href"] == nil || !strings.HasPrefix(name, "#") && !strings.HasPrefix(name, "@") {
				s.wrong("tag %v", tag)
			}
		}
	case "Service":
		s.actor(object)
	}
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// actor holds an actor to what servers need to know it.
func (s *strictReader) actor(doc map[string]any) {
	s.need(doc, "id", "inbox", "outbox", "followers", "preferredUsername", "name", "url", "published")
	key, _ := doc["publicKey"].(map[string]any)
	s.need(key, "id", "owner", "publicKeyPem")
	if key["owner"] != doc["id"] || !strings.HasPrefix(fmt.Sprint(key["id"]), fmt.Sprint(doc["id"])+"#") {
		s.wrong("key %v of %v", key["id"], key["owner"])
	}
	for _, name := range []string{"icon", "image"} {
		p, ok := doc[name].(map[string]any)
		if !ok || p["type"] != "Image" || p["url"] == nil {
			s.wrong("%s is %v", name, doc[name])
		}
	}
	for _, f := range list(doc["attachment"]) {
		m, _ := f.(map[string]any)
		if m["type"] != "PropertyValue" || m["name"] == nil || m["value"] == nil {
			s.wrong("field %v", f)
		}
	}
	if _, ok := doc["manuallyApprovesFollowers"].(bool); !ok {
		s.wrong("manuallyApprovesFollowers is %v", doc["manuallyApprovesFollowers"])
	}
}

func TestTheStrictReaderFindsMistakes(t *testing.T) {
	good := func() map[string]any {
		return map[string]any{
			"@context": []any{"https://www.w3.org/ns/activitystreams", map[string]any{"sensitive": "as:sensitive"}},
			"id":       "https://a/1", "type": "Create", "actor": "https://a/u", "to": []any{"https://a/f"},
			"object": map[string]any{
				"id": "https://a/2", "type": "Note", "attributedTo": "https://a/u", "content": "x", "url": "https://a/2", "sensitive": false,
				"published": time.Now().UTC().Format(time.RFC3339), "to": []any{"https://a/f"}, "tag": []any{}, "attachment": []any{},
			},
		}
	}
	if p := strict(good()); len(p) > 0 {
		t.Fatalf("%v", p)
	}
	note := func(d map[string]any) map[string]any { return d["object"].(map[string]any) }
	for name, change := range map[string]func(map[string]any){
		"no array":         func(d map[string]any) { d["to"] = "https://a/f" },
		"another audience": func(d map[string]any) { note(d)["to"] = []any{"https://a/g"} },
		"an unknown term":  func(d map[string]any) { note(d)["blurb"] = "x" },
		"an unknown type": func(d map[string]any) {
			note(d)["tag"] = []any{map[string]any{"type": "Hashtag", "name": "#x", "href": "https://a/x"}}
		},
		"a tag": func(d map[string]any) {
			note(d)["tag"] = []any{map[string]any{"type": "Mention", "name": "x", "href": "https://a/x"}}
		},
		"one id":            func(d map[string]any) { note(d)["id"] = d["id"] },
		"no id":             func(d map[string]any) { delete(d, "id") },
		"a post of another": func(d map[string]any) { note(d)["attributedTo"] = "https://b/u" },
		"null":              func(d map[string]any) { note(d)["name"] = nil },
		"a time":            func(d map[string]any) { note(d)["published"] = "2026-05-05T10:00:00.000Z" },
		"a context inside":  func(d map[string]any) { note(d)["@context"] = "x" },
		"http":              func(d map[string]any) { note(d)["id"] = "http://a/2" },
		"no prefix":         func(d map[string]any) { d["@context"].([]any)[1].(map[string]any)["sensitive"] = "toot:sensitive" },
	} {
		d := good()
		change(d)
		if p := strict(d); len(p) == 0 {
			t.Errorf("%s is not found", name)
		}
	}
}
