package activitypub

import (
	"context"
	"html"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub/internal/vocab"
	"github.com/owncast-go/owncast/repository"
)

// running is scene for those that need a running Service.
func (s *Service) running(ctx context.Context) (scene, error) {
	if !s.started.Load() {
		return scene{}, federation.ErrClosed
	}
	return s.scene(ctx)
}

// GoLive posts that the stream has begun.
func (s *Service) GoLive(ctx context.Context) (string, error) {
	x, err := s.running(ctx)
	if err != nil || x.settings.GoLiveMessage == "" {
		return "", err
	}
	var b strings.Builder
	b.WriteString("<p>" + html.EscapeString(x.settings.GoLiveMessage) + "</p>")
	if x.channel.Title != "" {
		b.WriteString("<p>" + html.EscapeString(x.channel.Title) + "</p>")
	}
	tags := channelTags(x.channel.Tags)
	b.WriteString("<p>" + tagLinks(tags) + "</p>")
	b.WriteString(`<p><a href="` + html.EscapeString(x.id.base.String()) + `">` + html.EscapeString(x.id.base.String()) + "</a></p>")
	n := s.newNote(x, b.String(), tags)
	n.Picture = preview(x)
	return n.ID, s.publish(ctx, x, n, true)
}

// preview is the picture of a post about the stream.
func preview(x scene) *vocab.Attachment {
	media := map[string]string{"preview.gif": "image/gif", "thumbnail.jpg": "image/jpeg"}[x.channel.Preview]
	if media == "" {
		return nil
	}
	return &vocab.Attachment{URL: x.id.url("/" + x.channel.Preview + "?us=" + newID()), MediaType: media, Alt: "Live stream preview"}
}

// newNote is a post for all followers.
func (s *Service) newNote(x scene, content string, tags []vocab.Tag) vocab.OutNote {
	to, cc := x.audience()
	iri := x.id.noteIRI(newID())
	return vocab.OutNote{
		ID: iri, URL: iri, Actor: x.id.actor(), Content: content, At: time.Now().UTC(), To: to, Cc: cc, Tags: tags,
		Sensitive: x.channel.NSFW, Quotable: x.settings.AllowQuotes && !x.settings.Private,
	}
}

// publish keeps a post and queues it for all followers.
func (s *Service) publish(ctx context.Context, x scene, n vocab.OutNote, live bool) error {
	d, err := n.Document()
	if err != nil {
		return err
	}
	data, err := d.Encode()
	if err != nil {
		return err
	}
	if err := s.cfg.Stores.Outbox.PutActivity(ctx, repository.Activity{IRI: n.ID, Type: "Note", Data: data, CreatedAt: n.At, Live: live}); err != nil {
		return err
	}
	inboxes, err := s.followerInboxes(ctx)
	if err != nil {
		return err
	}
	return s.send(ctx, kindPost, create(x.id.actor(), d, n.At, n.To, n.Cc), "", inboxes...)
}

// create is the activity that posts an object.
func create(actor string, object vocab.Document, at time.Time, to, cc []string) vocab.OutActivity {
	return vocab.OutActivity{Type: "Create", ID: activityIRI(object.ID()), Actor: actor, Embedded: object, At: at, To: to, Cc: cc}
}

// Post posts Markdown.
func (s *Service) Post(ctx context.Context, markdown string) (string, error) {
	x, err := s.running(ctx)
	if err != nil {
		return "", err
	}
	markdown = strings.TrimSpace(markdown)
	if markdown == "" || utf8.RuneCountInString(markdown) > federation.MaxPostRunes {
		return "", federation.ErrText
	}
	content, tags := linkTags(s.cfg.Text.Page(markdown))
	n := s.newNote(x, content, tags)
	return n.ID, s.publish(ctx, x, n, false)
}

// Message sends HTML to one account.
func (s *Service) Message(ctx context.Context, to, content string) error {
	x, err := s.running(ctx)
	if err != nil {
		return err
	}
	iri, err := s.resolve(ctx, to)
	if err != nil {
		return err
	}
	a, err := s.actor(ctx, iri, actorLifetime)
	if err != nil {
		return unreachable(err)
	}
	n := s.newNote(x, s.cfg.Text.Note(content), nil)
	n.To, n.Cc, n.Quotable = []string{a.ID}, nil, false
	n.Mentions = []vocab.Tag{{Name: account(a.Username, hostOf(a.ID)), Href: a.ID}}
	d, err := n.Document()
	if err != nil {
		return err
	}
	return s.send(ctx, kindMessage, create(x.id.actor(), d, n.At, n.To, nil), "", a.Inbox)
}

// tagPage is where a hashtag leads to.
func tagPage(tag string) string { return "https://owncast.directory/tags/" + strings.ToLower(tag) }

var (
	notInTags = regexp.MustCompile(`[^a-zA-Z0-9]`)
	hashtag   = regexp.MustCompile(`(^|[\s(>])#([\pL\pN_]*[\pL_][\pL\pN_]*)`)
)

// channelTags are the hashtags of the channel, and always that of its kind.
func channelTags(names []string) []vocab.Tag {
	var tags []vocab.Tag
	seen := map[string]bool{}
	for _, name := range append(append([]string{}, names...), "owncast") {
		name = notInTags.ReplaceAllString(name, "")
		if key := strings.ToLower(name); name != "" && !seen[key] {
			seen[key] = true
			tags = append(tags, vocab.Tag{Name: name, Href: tagPage(name)})
		}
	}
	return tags
}

// tagLinks are hashtags as HTML.
func tagLinks(tags []vocab.Tag) string {
	links := make([]string, len(tags))
	for i, t := range tags {
		links[i] = tagLink(t)
	}
	return strings.Join(links, " ")
}

func tagLink(t vocab.Tag) string {
	return `<a class="hashtag" href="` + html.EscapeString(t.Href) + `" rel="tag nofollow noopener noreferrer" target="_blank">#` + html.EscapeString(t.Name) + "</a>"
}

// linkTags makes links of the hashtags in the text of HTML, outside of links
// and code.
func linkTags(content string) (string, []vocab.Tag) {
	var b strings.Builder
	var tags []vocab.Tag
	seen := map[string]bool{}
	inside := 0 // links and code
	for rest := content; rest != ""; {
		text, after, found := strings.Cut(rest, "<")
		if inside == 0 {
			text = hashtag.ReplaceAllStringFunc(text, func(m string) string {
				before, name, _ := strings.Cut(m, "#")
				t := vocab.Tag{Name: name, Href: tagPage(name)}
				if !seen[strings.ToLower(name)] && len(tags) < maxPostTags {
					seen[strings.ToLower(name)] = true
					tags = append(tags, t)
				}
				return before + tagLink(t)
			})
		}
		b.WriteString(text)
		if !found {
			break
		}
		tag, more, _ := strings.Cut(after, ">")
		b.WriteString("<" + tag + ">")
		switch name := strings.ToLower(strings.TrimSpace(tag)); {
		case strings.HasPrefix(name, "a ") || name == "a" || strings.HasPrefix(name, "code") || strings.HasPrefix(name, "pre"):
			inside++
		case name == "/a" || name == "/code" || name == "/pre":
			inside = max(0, inside-1)
		}
		rest = more
	}
	return b.String(), tags
}

// maxPostTags is how many hashtags of a post are told to others.
const maxPostTags = 30
