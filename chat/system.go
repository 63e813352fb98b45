package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/owncast-go/owncast/repository"
)

// Limits of what programs send.
const (
	MaxBodyBytes   = 4000     // of a message
	MaxCustomBytes = 16 << 10 // of a custom event
)

// checkBody returns [ErrEmpty] or [ErrTooLong] for a body that is.
func checkBody(body string) error {
	if strings.TrimSpace(body) == "" {
		return ErrEmpty
	}
	if len(body) > MaxBodyBytes {
		return fmt.Errorf("%w: a message of %d bytes", ErrTooLong, len(body))
	}
	return nil
}

// systemDocument is a message of the server.
func (s *Server) systemDocument(ctx context.Context, body string) document {
	d := newDocument(KindSystem)
	d.Body, d.User = &body, speaker{s.cfg.Channel.Name(ctx)}
	return d
}

// actionDocument tells of something, in Markdown.
func (s *Server) actionDocument(ctx context.Context, text, mount string) document {
	d := newDocument(KindAction)
	body := s.html(ctx, text, mount)
	d.Body = &body
	return d
}

// System sends a message of the server, in Markdown, to everybody, and keeps
// it. The error matches [ErrEmpty], [ErrTooLong] or [ErrClosed].
func (s *Server) System(ctx context.Context, body string) error {
	html, err := s.rendered(ctx, body)
	if err != nil {
		return err
	}
	return s.sendDocument(ctx, s.systemDocument(ctx, html), true, body)
}

// Action tells everybody of something, in Markdown, and keeps it. The errors
// are those of System.
func (s *Server) Action(ctx context.Context, body string) error { return s.action(ctx, body, true) }

// Announce is Action for what is of no interest later: it is not kept.
func (s *Server) Announce(ctx context.Context, body string) error { return s.action(ctx, body, false) }

func (s *Server) action(ctx context.Context, body string, keep bool) error {
	if _, err := s.rendered(ctx, body); err != nil {
		return err
	}
	return s.sendDocument(ctx, s.actionDocument(ctx, body, ""), keep, body)
}

// rendered is what is shown of a body.
func (s *Server) rendered(ctx context.Context, body string) (string, error) {
	if err := checkBody(body); err != nil {
		return "", err
	}
	shown := s.html(ctx, body, "")
	if shown == "" {
		return "", ErrEmpty
	}
	return shown, nil
}

// sendDocument sends a document to everybody.
func (s *Server) sendDocument(ctx context.Context, d document, keep bool, raw string) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.stream.leave()
	doc := d.encode()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if !keep {
		s.broadcast(doc)
		return nil
	}
	m := repository.Message{ID: d.ID, Kind: string(d.Type), Body: *d.Body, SentAt: d.Timestamp}
	if d.Title != nil {
		m.Subtitle, m.Link, m.Image = *d.Title, *d.Link, string(*d.Image)
	}
	s.past.add(m)
	s.relay(Relayed{Document: doc, Message: m.ID})
	tell(s.tales, s.cfg.Events.MessageSent, MessageSent{
		Message: Message{ID: m.ID, Kind: d.Type, SentAt: m.SentAt, Body: m.Body}, Raw: raw,
	})
	return nil
}

// enter waits for a place in the stream of a room that is open.
func (s *Server) enter(ctx context.Context) error {
	s.mu.Lock()
	open := s.running && !s.closed
	s.mu.Unlock()
	if !open {
		return ErrClosed
	}
	return s.stream.enter(ctx)
}

// Tell sends a message of the server, in Markdown, to one connection alone. It
// does nothing if there is none of that number. The errors are those of
// System.
func (s *Server) Tell(ctx context.Context, clientID uint64, body string) error {
	shown, err := s.rendered(ctx, body)
	if err != nil {
		return err
	}
	return s.tellClient(ctx, clientID, s.systemDocument(ctx, shown).encode())
}

func (s *Server) tellClient(ctx context.Context, clientID uint64, doc []byte) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.stream.leave()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.relay(Relayed{Document: doc, ClientID: clientID})
	return nil
}

// Bot is a program that writes.
type Bot struct {
	ID     string // of the host's or of its token; it becomes the id of a user
	Name   string
	Color  int
	Scopes []string
}

// SaveBot makes a program a user, whose name nobody else can have then, or
// brings that user up to date. The error matches [repository.ErrConflict] if
// the id is that of a person.
func (s *Server) SaveBot(ctx context.Context, b Bot) (repository.User, error) {
	for {
		u, err := s.cfg.Stores.Users.User(ctx, b.ID)
		switch {
		case errors.Is(err, repository.ErrNotFound):
			u = newUser(b.Name)
			u.ID, u.Color, u.Scopes, u.Bot = b.ID, b.Color, b.Scopes, true
		case err != nil:
			return u, err
		case !u.Bot:
			return u, fmt.Errorf("user %q is no program: %w", b.ID, repository.ErrConflict)
		case u.DisplayName == b.Name:
			return u, nil
		default:
			u.DisplayName, u.PreviousNames = b.Name, append(u.PreviousNames, b.Name)
		}
		u, err = s.cfg.Stores.Users.SaveUser(ctx, u)
		if !errors.Is(err, repository.ErrConflict) || ctx.Err() != nil {
			return u, err
		}
	}
}

// RetireBot disables the user that SaveBot has made of a program, if there is
// one: what it has said is not shown to who comes later, and its name is free.
func (s *Server) RetireBot(ctx context.Context, id string) error {
	u, err := repository.UpdateUser(ctx, s.cfg.Stores.Users, id, func(u *repository.User) error {
		if u.Bot && !u.Disabled() {
			u.DisabledAt = time.Now().UTC()
		}
		return nil
	})
	if errors.Is(err, repository.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.update(u, func() {})
	return nil
}

// SendAs sends a message of a user who is stored, such as one of SaveBot, as
// if there was a connection; the user's limits and the filters are not asked.
// The error matches [repository.ErrNotFound], [ErrUserDisabled], [ErrEmpty],
// [ErrTooLong] or [ErrClosed]. It returns the message.
func (s *Server) SendAs(ctx context.Context, userID, body string) (Message, error) {
	shown, err := s.rendered(ctx, body)
	if err != nil {
		return Message{}, err
	}
	u, err := s.cfg.Stores.Users.User(ctx, userID)
	if err != nil {
		return Message{}, err
	}
	if u.Disabled() {
		return Message{}, ErrUserDisabled
	}
	if err := s.enter(ctx); err != nil {
		return Message{}, err
	}
	defer s.stream.leave()
	d := newDocument(KindMessage)
	m := Message{ID: d.ID, Kind: KindMessage, SentAt: d.Timestamp, Body: shown, User: InfoOf(u)}
	doc := m.encode()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Message{}, ErrClosed
	}
	s.publish(&m, doc, body)
	return m, nil
}

// customType is what the type of a custom event looks like: with a prefix of
// the host's, which no event of the room has.
var customType = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}(?:[./][A-Za-z0-9_-]{1,64}){1,4}$`)

// Custom sends an event of the host's own to everybody, or to one connection
// unless clientID is 0. The type has a prefix and a name, as in
// "example.poll"; clients that do not know it ignore it. The data is a value
// that package json encodes, with the key "data" in the event. It is not kept.
// The error matches [repository.ErrInvalid], [ErrTooLong] or [ErrClosed].
func (s *Server) Custom(ctx context.Context, clientID uint64, eventType string, data any) error {
	if !customType.MatchString(eventType) {
		return fmt.Errorf("chat: %q is no type of a custom event, such as \"example.poll\": %w", eventType, repository.ErrInvalid)
	}
	encoded, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("chat: data of an event: %w: %w", repository.ErrInvalid, err)
	}
	if len(encoded) > MaxCustomBytes {
		return fmt.Errorf("%w: an event of %d bytes", ErrTooLong, len(encoded))
	}
	var compact bytes.Buffer // a newline would end the document
	if err := json.Compact(&compact, encoded); err != nil {
		return fmt.Errorf("chat: data of an event: %w: %w", repository.ErrInvalid, err)
	}
	d := newDocument(Kind(eventType))
	doc, err := json.Marshal(struct {
		document
		Data json.RawMessage `json:"data"`
	}{d, compact.Bytes()})
	if err != nil {
		return fmt.Errorf("chat: event: %w", err)
	}
	if clientID != 0 {
		return s.tellClient(ctx, clientID, doc)
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.stream.leave()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broadcast(doc)
	return nil
}

// Engagement is something that somebody on another server has done.
type Engagement struct {
	Kind    Kind   // KindFollow, KindLike or KindRepost
	Text    string // for people, as text
	Account string // user@host
	Image   string // URL of a picture of the account; empty if there is none
	Link    string // of the account
}

// Engage tells everybody of it, and keeps it. All of it may be a stranger's:
// nothing in the text is markup, and URLs that are not of http or https are
// left out. The error matches [repository.ErrInvalid] for other kinds, or is
// one of those of System.
func (s *Server) Engage(ctx context.Context, e Engagement) error {
	switch e.Kind {
	case KindFollow, KindLike, KindRepost:
	default:
		return fmt.Errorf("chat: engagement of kind %q: %w", e.Kind, repository.ErrInvalid)
	}
	text := strings.Join(strings.Fields(visible(short(e.Text, MaxBodyBytes))), " ")
	if text == "" {
		return ErrEmpty
	}
	set, err := s.cfg.Settings(ctx)
	if err != nil || set.Disabled {
		return err
	}
	d := newDocument(e.Kind)
	body, title, link, image := html.EscapeString(text), visible(short(e.Account, 512)), webURL(e.Link), nullable(webURL(e.Image))
	d.Body, d.Title, d.Link, d.Image = &body, &title, &link, &image
	d.User = speaker{s.cfg.Channel.Name(ctx)}
	return s.sendDocument(ctx, d, true, text)
}

// short cuts a text to some bytes, in whole characters.
func short(s string, n int) string {
	for len(s) > n {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

// webURL returns a URL if it is one of the web, and nothing otherwise.
func webURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || len(s) > 2048 {
		return ""
	}
	return u.String()
}

// StreamStarted tells the room that there is a broadcast.
func (s *Server) StreamStarted(ctx context.Context) {
	s.streamNotice(ctx, "Stay tuned, the stream is **starting**!", true)
}

// StreamStopped tells the room that it is over.
func (s *Server) StreamStopped(ctx context.Context) {
	s.streamNotice(ctx, "The stream is ending.", false)
}

// TitleChanged tells the room that the broadcast has another title, unless
// that is empty.
func (s *Server) TitleChanged(ctx context.Context, title string) {
	if title = strings.TrimSpace(title); title != "" {
		s.streamNotice(ctx, "Stream title changed to **"+escape(title)+"**", false)
	}
}

// streamNotice tells everybody of something that is not kept, and greets them
// if that is asked for.
func (s *Server) streamNotice(ctx context.Context, text string, greet bool) {
	set, err := s.cfg.Settings(ctx)
	if err != nil || set.Disabled {
		return
	}
	docs := [][]byte{s.actionDocument(ctx, text, "").encode()}
	if greet && set.WelcomeMessage != "" {
		if body := s.html(ctx, set.WelcomeMessage, ""); body != "" {
			docs = append(docs, s.systemDocument(ctx, body).encode())
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running || s.closed {
		return
	}
	for _, doc := range docs {
		s.broadcast(doc)
	}
}

// escape makes text of what would be Markdown, or an emoji.
func escape(text string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(text), " ") {
		if r < utf8.RuneSelf && strings.ContainsRune("\\`*_{}[]<>()#+-.!|~:/&@'\"=^$%,;?", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
