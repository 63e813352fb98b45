package vocab

import (
	"strings"

	"github.com/go-fed/activity/streams/vocab"
)

// postType is what posts of the vocabulary have in common.
type postType interface {
	addressed
	GetActivityStreamsAttributedTo() vocab.ActivityStreamsAttributedToProperty
	GetActivityStreamsInReplyTo() vocab.ActivityStreamsInReplyToProperty
	GetActivityStreamsPublished() vocab.ActivityStreamsPublishedProperty
	GetActivityStreamsUrl() vocab.ActivityStreamsUrlProperty
}

// readObject reads an object whose JSON is doc. What the vocabulary would
// change, as it does with languages, is read from that.
func readObject(t vocab.Type, doc map[string]any) Object {
	o := Object{
		ID: typeID(t), Type: typeName(doc), Name: cut(text(doc["name"], maxContent), maxName),
		Content: text(doc["content"], maxContent), Quote: quoteOf(doc),
	}
	if o.Type == "" {
		o.Type = t.GetTypeName()
	}
	o.Sensitive, _ = doc["sensitive"].(bool)
	if v, ok := t.(activityType); ok {
		if p := v.GetActivityStreamsActor(); p != nil {
			o.Actor = firstIRI(references(p.Len(), p.At, 1))
		}
		if p := v.GetActivityStreamsObject(); p != nil {
			o.Object = firstIRI(references(p.Len(), p.At, 1))
		}
	}
	v, ok := t.(postType)
	if !ok {
		return o
	}
	o.To, o.Cc = addressees(v)
	o.Published = published(v.GetActivityStreamsPublished())
	if p := v.GetActivityStreamsAttributedTo(); p != nil {
		o.AttributedTo = iris(references(p.Len(), p.At, maxNames))
	}
	if p := v.GetActivityStreamsInReplyTo(); p != nil {
		o.InReplyTo = firstIRI(references(p.Len(), p.At, 1))
	}
	o.URL = linkOf(doc["url"], "text/html")
	o.Content, o.Language = contentOf(doc, o.Content)
	o.Attachments = attachmentsOf(doc["attachment"])
	return o
}

// contentOf is the content, and its language if that is told: by a map of one
// language, or by one of several that has the content.
func contentOf(doc map[string]any, content string) (string, string) {
	languages, _ := doc["contentMap"].(map[string]any)
	for language, v := range languages {
		s := text(v, maxContent)
		if len(language) > 35 || s == "" {
			continue
		}
		if s == content || content == "" && len(languages) == 1 {
			return s, language
		}
		if len(languages) == 1 {
			return content, language
		}
	}
	return content, ""
}

// quoteOf is the post that another quotes, in one of the ways that servers
// have for that (FEP-044f, and what was before it).
func quoteOf(doc map[string]any) string {
	for _, name := range []string{"quote", "quoteUrl", "quoteUri", "_misskey_quote"} {
		if iri := idOf(doc[name]); iri != "" {
			return iri
		}
	}
	for _, tag := range list(doc["tag"], maxTags) {
		m, _ := tag.(map[string]any)
		// FEP-e232
		if typeName(m) == "Link" && strings.Contains(text(m["mediaType"], maxName), activityStreams) {
			return text(m["href"], MaxIRI)
		}
	}
	return ""
}

// list is a list, or one of a single value.
func list(v any, limit int) []any {
	l, ok := v.([]any)
	if !ok && v != nil {
		l = []any{v}
	}
	return l[:min(len(l), limit)]
}

// linkOf is the URL of a link of a media type, or else of the first.
func linkOf(v any, media string) string {
	first := ""
	for _, e := range list(v, maxTags) {
		href, _ := e.(string)
		if m, ok := e.(map[string]any); ok {
			href = text(m["href"], MaxIRI)
			if href == "" {
				href = text(m["url"], MaxIRI)
			}
			if u := webURL(href); u != "" && text(m["mediaType"], maxName) == media {
				return u
			}
		}
		if u := webURL(href); u != "" && first == "" {
			first = u
		}
	}
	return first
}

func attachmentsOf(v any) []Attachment {
	var out []Attachment
	for _, e := range list(v, maxAttachments) {
		m, ok := e.(map[string]any)
		if !ok {
			continue
		}
		at := m["url"]
		if at == nil {
			at = m["href"]
		}
		u := linkOf(at, text(m["mediaType"], maxName))
		if u == "" {
			continue
		}
		out = append(out, Attachment{URL: u, MediaType: text(m["mediaType"], maxName), Alt: cut(text(m["name"], maxContent), maxAlt)})
	}
	return out
}
