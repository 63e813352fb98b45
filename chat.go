package owncast

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/internal/assets"
	"github.com/owncast-go/owncast/internal/markup"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/video"
)

// ChatAuthenticator is an optional interface of Authenticators that know the
// users of a site: those chat without registering, under the name and with the
// role that AuthenticateChat returns, each time anew. ID must be the site's
// own, and stay the same; everything else of the User is not used. Such a user
// counts as authenticated, and cannot change the name in the chat.
//
// AuthenticateChat is asked for requests without an access token, and returns
// an error matching [ErrUnauthorized] for guests, who may register. It is
// called from many goroutines at once. Requests that a browser sends on behalf
// of another site are refused before.
type ChatAuthenticator interface {
	AuthenticateChat(r *http.Request) (User, error)
}

// WithChatStore keeps the history of the chat in s, which package chattest
// checks. The default is the Chat of the repository.
func WithChatStore(s ChatStore) Option {
	return func(c *config) error {
		c.chatStore = s
		return notNil("WithChatStore", s == nil)
	}
}

// WithChatFilter lets f decide about messages before anybody sees them. It
// adds: the filters are asked in the order of the options, and the hooks
// BeforeMessage after them. See [chat.Filter] for how little time each has.
func WithChatFilter(f ChatFilter) Option {
	return func(c *config) error {
		c.chatFilters = append(c.chatFilters, f)
		return notNil("WithChatFilter", f == nil)
	}
}

// WithChatLimits sets how many connections the chat has and how fast users may
// write, in place of the limits in the settings. [chat.Limits]{} has none.
func WithChatLimits(l chat.Limits) Option {
	return func(c *config) error {
		c.chatLimits = &l
		return option("WithChatLimits", l.Validate())
	}
}

// newChat makes the room.
func newChat(c config, state *video.State, p *parts) (*chat.Server, error) {
	text := markup.New()
	base := strings.TrimSuffix(c.base.Path, "/")
	stores := chat.Stores{
		Messages: p.repo.Chat, Users: p.repo.Users, Credentials: p.repo.Credentials, Bans: p.repo.Bans, Series: p.repo.Series,
	}
	if c.chatStore != nil {
		stores.Messages = c.chatStore
	}
	return chat.New(chat.Config{
		Stores: stores, Settings: p.settings.sections.Chat.Peek, Filters: slices.Concat(c.chatFilters, messageHooks(c.hooks)),
		Channel: chat.Channel{
			Name: p.settings.name,
			Stream: func() chat.Stream {
				s := state.Status()
				return chat.Stream{Online: s.Online(), EndedAt: s.EndedAt}
			},
		},
		Text: chat.Text{
			HTML: func(ctx context.Context, message, mount string) string {
				return text.Chat(message, emojiAt(ctx, p.assets, cmp.Or(mount, base)))
			},
			Clean: text.CleanChat, Plain: text.Plain,
		},
		Events: chatEvents(c.hooks), Relay: p.crowd.relay(), Lead: p.leads, Logger: c.log,
	})
}

// emojiAt finds the URLs of emoji below a path.
func emojiAt(ctx context.Context, store *assets.Store, mount string) markup.EmojiFunc {
	return func(name string) (string, bool) {
		e, err := store.FindEmoji(ctx, name)
		return mount + "/img/emoji/" + e.FileName(), err == nil
	}
}

// roomHooks tell the room of the broadcast. They are made before the room is.
func (p *parts) roomHooks() Hooks {
	return Hooks{
		StreamStarted: func(ctx context.Context, _ video.StreamStarted) { p.chat.StreamStarted(ctx) },
		StreamStopped: func(ctx context.Context, _ video.StreamStopped) { p.chat.StreamStopped(ctx) },
		InstanceChanged: func(ctx context.Context, e InstanceChanged) {
			if e.Old.StreamTitle != e.New.StreamTitle {
				p.chat.TitleChanged(ctx, e.New.StreamTitle)
			}
		},
	}
}

// messageHooks make filters of the hooks BeforeMessage.
func messageHooks(hooks []Hooks) []chat.Filter {
	var filters []chat.Filter
	for _, h := range hooks {
		if h.BeforeMessage == nil {
			continue
		}
		filters = append(filters, chat.FilterFunc(func(ctx context.Context, d chat.Draft) (chat.Verdict, error) {
			body := d.Body
			return verdict(h.BeforeMessage(ctx, &d), &d, body), nil
		}))
	}
	return filters
}

// verdict is what a filter says where the hook has returned err, and has left
// d of a message that said body.
func verdict(err error, d *chat.Draft, body string) chat.Verdict {
	rejected := new(chat.RejectError)
	switch {
	case errors.As(err, &rejected):
		return chat.Drop(rejected.Reason)
	case err != nil:
		return chat.Drop("")
	case d.Body != body:
		return chat.Replace(d.Body)
	default:
		return chat.Verdict{}
	}
}

// Chat is the chat for the program around the App. What it does needs no
// connection and has no limits by rate; what it changes as somebody is in the
// audit. Before Start, methods return [ErrNotStarted].
type Chat struct{ app *App }

// Chat returns the chat.
func (a *App) Chat() *Chat { return &Chat{a} }

// room returns the room.
func (c *Chat) room() (*chat.Server, error) {
	p, err := c.app.live()
	if err != nil {
		return nil, err
	}
	return p.chat, nil
}

// System sends a message of the server to everybody, in Markdown, and keeps it.
func (c *Chat) System(ctx context.Context, body string) error {
	s, err := c.room()
	if err != nil {
		return err
	}
	return s.System(ctx, body)
}

// Action tells everybody of something that has happened, in Markdown, and
// keeps it.
func (c *Chat) Action(ctx context.Context, body string) error {
	s, err := c.room()
	if err != nil {
		return err
	}
	return s.Action(ctx, body)
}

// Announce is Action for what is of no interest to who comes later.
func (c *Chat) Announce(ctx context.Context, body string) error {
	s, err := c.room()
	if err != nil {
		return err
	}
	return s.Announce(ctx, body)
}

// Tell sends a message of the server to one connection, by the id that events
// and Clients have. It does nothing if that is gone.
func (c *Chat) Tell(ctx context.Context, clientID uint64, body string) error {
	s, err := c.room()
	if err != nil {
		return err
	}
	return s.Tell(ctx, clientID, body)
}

// SendAs sends a message of a program, which becomes a user of the chat by it.
func (c *Chat) SendAs(ctx context.Context, bot chat.Bot, body string) (ChatMessage, error) {
	s, err := c.room()
	if err != nil {
		return ChatMessage{}, err
	}
	u, err := s.SaveBot(ctx, bot)
	if err != nil {
		return ChatMessage{}, err
	}
	return s.SendAs(ctx, u.ID, body)
}

// Custom sends an event of the program's own, whose type has a prefix and a
// name, as in "example.poll": to everybody, or to one connection if clientID is
// not 0. What has the key "data" in it is data, as JSON. It is not kept.
func (c *Chat) Custom(ctx context.Context, clientID uint64, eventType string, data any) error {
	s, err := c.room()
	if err != nil {
		return err
	}
	return s.Custom(ctx, clientID, eventType, data)
}

// Clients are all connections, the oldest first; none unless the App runs.
func (c *Chat) Clients() []chat.Client {
	s, err := c.room()
	if err != nil {
		return nil
	}
	return s.Clients()
}

// Register makes a user, and an access token for the user's browser. No limit
// by address holds.
func (c *Chat) Register(ctx context.Context, name string) (u User, token string, err error) {
	s, err := c.room()
	if err != nil {
		return User{}, "", err
	}
	return s.Register(ctx, chat.Registration{Name: name})
}

// LinkIdentity tells the chat that whoever has an access token has proved to
// be somebody elsewhere. See [chat.Server.LinkIdentity].
func (c *Chat) LinkIdentity(ctx context.Context, token, kind, subject string) (User, error) {
	s, err := c.room()
	if err != nil {
		return User{}, err
	}
	return s.LinkIdentity(ctx, token, kind, subject)
}

// Messages are the last messages of users, the newest first, hidden ones too:
// of one user, or of all if userID is empty.
func (c *Chat) Messages(ctx context.Context, userID string) ([]ChatMessage, error) {
	s, err := c.room()
	if err != nil {
		return nil, err
	}
	return s.Messages(ctx, userID)
}

// TimeOut keeps a user from writing for a while; 0 lifts it.
func (c *Chat) TimeOut(ctx context.Context, by ChatActor, userID string, d time.Duration, reason string) error {
	return c.moderate(ctx, by, "chat: time out", "user "+userID, func(s *chat.Server) error {
		return s.TimeOut(ctx, by, userID, d, reason)
	})
}

// Disable keeps a user out of the chat, and hides what the user has written.
// See [chat.Server.Disable].
func (c *Chat) Disable(ctx context.Context, by ChatActor, userID, reason string) error {
	return c.moderate(ctx, by, "chat: disable", "user "+userID, func(s *chat.Server) error {
		return s.Disable(ctx, by, userID, reason)
	})
}

// Enable lets a user take part again.
func (c *Chat) Enable(ctx context.Context, by ChatActor, userID string) error {
	return c.moderate(ctx, by, "chat: enable", "user "+userID, func(s *chat.Server) error {
		return s.Enable(ctx, by, userID)
	})
}

// SetModerator makes a user a moderator, or one no more.
func (c *Chat) SetModerator(ctx context.Context, by ChatActor, userID string, moderator bool) error {
	return c.moderate(ctx, by, "chat: set moderator", "user "+userID, func(s *chat.Server) error {
		return s.SetModerator(ctx, by, userID, moderator)
	})
}

// SetVisible hides messages, or shows them again.
func (c *Chat) SetVisible(ctx context.Context, by ChatActor, visible bool, ids ...string) error {
	return c.moderate(ctx, by, "chat: set visible", "messages "+strings.Join(ids, " "), func(s *chat.Server) error {
		return s.SetVisible(ctx, by, visible, ids...)
	})
}

// moderate does something as somebody and writes it down.
func (c *Chat) moderate(ctx context.Context, by ChatActor, action, target string, do func(*chat.Server) error) error {
	p, err := c.app.live()
	if err != nil {
		return err
	}
	err = do(p.chat)
	detail := "done"
	if err != nil {
		detail = "failed"
	}
	record := repository.AuditRecord{At: time.Now().UTC(), ActorID: by.ID, Actor: by.Name, Action: action, Target: short(target), Detail: detail}
	return errors.Join(err, p.repo.Audit.AppendAudit(ctx, record))
}

// short cuts what would be too long for the audit.
func short(s string) string { return strings.ToValidUTF8(s[:min(len(s), 200)], "") }
