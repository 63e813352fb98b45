// Package chat is the room beside the video: who is in it, what they say, and
// who keeps order.
//
// A [Server] is one room. It speaks to clients by WebSocket, in JSON documents
// that clients of Owncast servers know: [Server.Connect] takes over a request
// whose sender somebody else has recognized. Everything that is shown goes
// through one stream of events, which is the order that every client sees.
//
// # Delivery
//
// What everybody gets is encoded once. The first event after a pause is sent
// at once, and what comes within 50 milliseconds after it goes out together,
// in one frame with a newline between the documents. A few goroutines write to
// all clients and never wait for any: a client whose socket is full has a
// queue of its own, of [MaxQueued] documents, and a goroutine that lives until
// the queue is empty. One that falls further behind, or does not take a frame
// for ten seconds, is cut off. So a client costs one goroutine, which reads,
// and about ten kilobytes.
//
// # What is kept
//
// Messages go to the [Store] in the order of the stream and in groups, shortly
// after they were sent. If the process crashes, those of the group that is
// being written and of the one after it are lost, and none before: with
// repository/bolt these are what was said in the last 50 milliseconds and in
// the time that the disk takes for one group or two. Users, their tokens,
// bans and held messages are stored before the call that changes them returns.
// Time-outs are forgotten with the process.
//
// # Several processes
//
// With a [Relay] the same room is in several processes, with the same stores.
// What is said is stored first, then handed to the relay, and shown by all, the
// process of the writer too, in the order in which it comes back: what anybody
// has seen is stored. While the relay or the store is away nobody can write,
// and is told so. Clients of all processes count, and are known to
// administrators; who has no connection left but those of a process that
// crashed leaves without a word. The pace of messages is each process's own.
package chat

import (
	"context"
	"errors"
	"html"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// Store keeps the history. It is the part of a repository that package chat
// uses; package chattest checks implementations.
type Store = repository.Chat

// Stores are where a room keeps things. All but the Series are required.
type Stores struct {
	Messages    Store
	Users       repository.Users
	Credentials repository.Credentials
	Bans        repository.Bans
	Series      repository.Series // nil keeps no history of the number of clients
}

// Stream is what the video beside the room is doing.
type Stream struct {
	Online  bool
	EndedAt time.Time // of the last broadcast; zero if there was none, or one is on
}

// Channel is what a room needs to know of the channel around it. Nil functions
// stand for what they say. The others are called often and must be quick and
// safe for concurrent use.
type Channel struct {
	// Name is the name of the server. Nil is "Owncast".
	Name func(context.Context) string
	// Stream is what the video does. Nil is always online.
	Stream func() Stream
	// Open tells whether the room is open at a time although there has been
	// no broadcast for long, as before a scheduled one. Nil is never.
	Open func(time.Time) bool
}

// Text makes what people write fit to be shown. Nil functions do without
// markup. All must be safe for concurrent use.
type Text struct {
	// HTML renders a message. Whatever it says, the result must be safe to
	// show as a part of a page; empty is a message without content. The mount
	// is the path that the App has for who sent it, for URLs of emoji, without
	// a slash at the end.
	HTML func(ctx context.Context, text, mount string) string
	// Clean does the same with what HTML has made before, and returns that
	// unchanged: a store may have been written by somebody else.
	Clean func(html string) string
	// Plain returns the text of HTML on one line.
	Plain func(html string) string
}

// Config is what a Server is made of. Stores and Settings are required.
type Config struct {
	Stores   Stores
	Settings func(context.Context) (Settings, error)
	Channel  Channel
	Text     Text
	Filters  []Filter // asked in their order
	Events   Events
	Relay    Relay // nil for a room of one process
	// Lead tells whether this process does what one is to do for all: it
	// removes old messages, and keeps the history of the number of clients.
	// Nil is always.
	Lead   func() bool
	Logger *slog.Logger
}

// Errors of a room. They are found with [errors.Is].
var (
	// ErrDisabled refuses who comes while the chat is switched off.
	ErrDisabled = errors.New("chat: disabled")
	// ErrBanned refuses who comes from a banned address.
	ErrBanned = errors.New("chat: banned")
	// ErrFull refuses a client that there is no place for.
	ErrFull = errors.New("chat: too many clients")
	// ErrAddressFull refuses a client from an address that has too many.
	ErrAddressFull = errors.New("chat: too many clients of one address")
	// ErrUnknownUser is for who has to register first.
	ErrUnknownUser = errors.New("chat: unknown user")
	// ErrUserDisabled is for a user who may not take part any more.
	ErrUserDisabled = errors.New("chat: the user is disabled")
	// ErrIdentities is for a user who has proved to be at too many places.
	ErrIdentities = errors.New("chat: too many identities")
	// ErrHierarchy refuses to act on somebody with as much power, or more.
	ErrHierarchy = errors.New("chat: not allowed to act on this user")
	// ErrEmpty refuses a message of which nothing would be shown.
	ErrEmpty = errors.New("chat: empty message")
	// ErrTooLong refuses what is too long to be sent.
	ErrTooLong = errors.New("chat: too long")
	// ErrClosed is returned before Start and after Shutdown.
	ErrClosed = errors.New("chat: closed")
)

// RejectError refuses a message, or somebody, for a reason that may be told.
type RejectError struct{ Reason string }

func (e *RejectError) Error() string { return "chat: rejected: " + e.Reason }

// Server is a room. Make one with [New]. Its methods are safe for concurrent
// use.
type Server struct {
	cfg Config
	log *slog.Logger

	words  names // for names of those who have none
	rules  ruleCache
	chain  []*link // filters
	past   *history
	recent recentCache
	stream *stream
	agenda *agenda
	tales  *tales
	shards []*shard
	count  counters
	held   waitingRoom
	out    *outbox // nil without a relay

	ctx     context.Context // of what runs; done with Shutdown
	cancel  context.CancelFunc
	readers sync.WaitGroup // of clients and visitors; adding needs mu and !closed
	keepers sync.WaitGroup // of what has to be finished
	asking  sync.WaitGroup // of filters; adding needs mu and !closed
	engine  sync.WaitGroup // of the rest

	mu         sync.Mutex // guards the rest; comes before the locks of stream, history, agenda and conns
	running    bool
	closed     bool
	members    map[string]*member
	clients    map[uint64]*client
	visitors   map[*conn]struct{} // who is being turned away
	byAddr     map[netip.Prefix]int
	lastID     uint64
	announced  int // what the clients were last told of their number
	sampled    int // how many clients there were at the last sample
	restraints map[string]*restraint
	registered map[netip.Prefix]*window
	authors    authors
	elsewhere  elsewhere

	unsubscribe func() // from the relay
}

// counters are for Stats.
type counters struct {
	sent, dropped, held, slow, refused, floods atomic.Int64

	registered, kept atomic.Int64 // as of the last look
}

// New returns a room. It starts nothing.
func New(c Config) (*Server, error) {
	for _, missing := range []struct {
		name string
		set  bool
	}{
		{"Settings", c.Settings != nil},
		{"Stores.Messages", c.Stores.Messages != nil},
		{"Stores.Users", c.Stores.Users != nil},
		{"Stores.Credentials", c.Stores.Credentials != nil},
		{"Stores.Bans", c.Stores.Bans != nil},
	} {
		if !missing.set {
			return nil, errors.New("chat: no " + missing.name)
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Channel = c.Channel.withDefaults()
	c.Text = c.Text.withDefaults()
	if c.Lead == nil {
		c.Lead = func() bool { return true }
	}
	s := &Server{
		cfg: c, log: c.Logger, words: newNames(),
		members: map[string]*member{}, clients: map[uint64]*client{}, visitors: map[*conn]struct{}{},
		byAddr: map[netip.Prefix]int{}, restraints: map[string]*restraint{}, registered: map[netip.Prefix]*window{},
	}
	for _, f := range c.Filters {
		s.chain = append(s.chain, newLink(f))
	}
	s.past = newHistory(c.Stores.Messages, c.Logger)
	s.stream, s.agenda, s.tales = newStream(), newAgenda(), newTales(c.Logger)
	if c.Relay != nil {
		s.lastID, s.held.shared = firstID(), true
		s.past.tries = relayTries
		s.out = newOutbox(c.Relay, s.past, s.unstored, c.Logger)
	}
	return s, nil
}

func (c Channel) withDefaults() Channel {
	if c.Name == nil {
		c.Name = func(context.Context) string { return "Owncast" }
	}
	if c.Stream == nil {
		c.Stream = func() Stream { return Stream{Online: true} }
	}
	if c.Open == nil {
		c.Open = func(time.Time) bool { return false }
	}
	return c
}

func (t Text) withDefaults() Text {
	if t.HTML == nil {
		t.HTML = func(_ context.Context, text, _ string) string { return html.EscapeString(text) }
	}
	if t.Clean == nil {
		t.Clean = func(s string) string { return s }
	}
	if t.Plain == nil {
		t.Plain = func(s string) string { return s }
	}
	return t
}
