// Package federation is what a channel and the fediverse have to do with each
// other: the settings, the events, which servers are blocked, and the contract
// of the part that does it, [Service].
//
// That part is in package activitypub, below this one, and is linked by hosts
// that ask for it alone: it is large.
package federation

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// Errors of a Service.
var (
	// ErrDisabled is returned while the settings have not enabled the
	// federation.
	ErrDisabled = errors.New("federation: disabled")
	// ErrNoServerURL is returned while nobody has said where the world sees
	// the server: there is no actor without that.
	ErrNoServerURL = errors.New("federation: the server URL is not set")
	// ErrClosed is returned before Start and after Shutdown.
	ErrClosed = errors.New("federation: not running")
	// ErrAccount is returned for what is no account, user@host, or leads to
	// none.
	ErrAccount = errors.New("federation: no such account")
	// ErrRemoteFollow is returned for an account whose server does not say how
	// to follow somebody from there.
	ErrRemoteFollow = errors.New("federation: the server offers no way to follow from there")
	// ErrBlocked is returned for servers that the settings block.
	ErrBlocked = errors.New("federation: the server is blocked")
	// ErrUnreachable is returned for servers that do not answer, or not as
	// they should.
	ErrUnreachable = errors.New("federation: the server cannot be reached")
	// ErrUnsupported is returned for servers that cannot be featured.
	ErrUnsupported = errors.New("federation: the server does not support featured streams")
	// ErrFeatured is returned for servers that are featured already.
	ErrFeatured = errors.New("federation: already following this server")
	// ErrTooMany is returned for a server beyond [MaxServers].
	ErrTooMany = errors.New("federation: there are too many featured servers")
	// ErrText is returned for posts that are empty or too long.
	ErrText = errors.New("federation: the post is empty or too long")
)

// Limits of what a Service takes.
const (
	MaxPostRunes = 20_000
	MaxServers   = 500
)

// ScheduleMemory is how far back events are of interest to a Service.
const ScheduleMemory = 9 * 24 * time.Hour

// Stores are where a Service keeps things. All are required.
type Stores struct {
	Settings   repository.Settings
	Followers  repository.Followers
	Outbox     repository.Outbox
	Inbound    repository.Inbound
	Deliveries repository.Queue
}

// Channel is what others are told of the channel.
type Channel struct {
	ServerURL   string // without a slash at the end; "" if unknown
	Name        string
	Summary     string // plain text
	Title       string // of the stream; may be empty
	Tags        []string
	Links       []Link
	LogoID      string // changes with the logo
	Preview     string // "preview.gif" or "thumbnail.jpg", whichever there is; "" for neither
	NSFW        bool
	ChatEnabled bool
}

// Link is where else the streamer is found.
type Link struct{ Name, URL string }

// Text makes text safe: what people write, and what strangers send.
type Text interface {
	// Page renders Markdown.
	Page(markdown string) (html string)
	// Note cleans the HTML of a post from elsewhere.
	Note(html string) string
	// Plain returns the text of HTML.
	Plain(html string) string
}

// Network is how other servers are reached. The zero Network is the Internet,
// without anything in it that is not public. Others are for tests, and for
// fediverses within a network.
type Network struct {
	Allowed  []netip.Prefix // addresses to connect to although they are not public
	Resolver *net.Resolver  // finds addresses; nil is the default one
	RootCAs  *x509.CertPool // whose certificates are believed; nil is the system's
}

// Config is what a Service is made of. All but the Schedule, the Network, Busy
// and the Logger is required.
type Config struct {
	Stores   Stores
	Settings func(context.Context) (Settings, error) // called often; what it returns is not changed
	Channel  func(context.Context) (Channel, error)  // the same
	Live     func() bool                             // whether there is something to watch
	Events   Events
	Text     Text
	// Schedule returns the events that are announced: those to come, and those
	// that began less than [ScheduleMemory] ago. Followers are told of each
	// once, of what changes, and of events that are not among them any more.
	// Nothing is told of them while known is false. Changed says that they may
	// have changed. A nil Schedule is one that is never known.
	Schedule func(context.Context) (events []Event, known bool, err error)
	// Busy tells whether the machine has better things to do than to deliver
	// posts; nil is never. It is called often.
	Busy func() bool
	// Lead tells whether this process does from time to time what one of those
	// that share the stores is to do: it tells followers what is near in the
	// schedule, and removes what is old. Nil is always.
	Lead func() bool
	// ClientIP is where a request came from.
	ClientIP func(*http.Request) netip.Addr
	Network  Network
	Version  string       // of the server, for those who ask
	Logger   *slog.Logger // nil discards
}

// Service is a channel's part in the fediverse: an actor that others follow.
// Its methods are safe for concurrent use. Those that need the federation
// return an error matching [ErrDisabled] or [ErrNoServerURL] without it.
type Service interface {
	Publisher
	Moderation
	Featuring

	// Start starts the work. It may be called once.
	Start(ctx context.Context) error
	// Shutdown ends it, and waits for what is under way, or for ctx. What is
	// not delivered stays in the queue.
	Shutdown(ctx context.Context) error

	// Handler serves the actor, its inbox, its collections and its objects
	// below /federation/, /nodeinfo/2.0 and /nodeinfo/2.1, and
	// /api/v1/instance. It expects paths without that of the server URL.
	Handler() http.Handler
	// WellKnown serves what is below /.well-known/ at the root of the host.
	WellKnown() http.Handler

	// Changed says that the settings, the channel or the schedule have changed, or may have.
	// What followers should know of that they are told soon.
	Changed()
	// StreamChanged says that the stream has begun or ended, or has another
	// title. Servers that list it are told.
	StreamChanged()

	// RemoteFollow returns the page where the owner of an account, user@host,
	// can follow the channel.
	RemoteFollow(ctx context.Context, account string) (url string, err error)
	// RotateKeys makes a new pair of keys, and tells the followers.
	RotateKeys(ctx context.Context) error
	// Deliveries tells how the deliveries are doing.
	Deliveries(ctx context.Context) (DeliveryStatus, error)
}

// Publisher posts. A post is kept, and queued for all followers, when its
// method returns.
type Publisher interface {
	// GoLive posts that the stream has begun, as the settings have it, and
	// returns the post's IRI. It posts nothing, and returns "", if the settings
	// have no message for that.
	GoLive(ctx context.Context) (iri string, err error)
	// Post posts Markdown, of at most [MaxPostRunes], in which #tags become
	// links.
	Post(ctx context.Context, markdown string) (iri string, err error)
	// Message sends HTML to one account, user@host, alone. It is not kept.
	Message(ctx context.Context, account, html string) error
}

// Moderation decides about followers. The errors match
// [repository.ErrNotFound] for actors that do not follow and have not asked
// to.
type Moderation interface {
	// Approve lets an actor follow, even one that was blocked.
	Approve(ctx context.Context, actorIRI string) error
	// Block refuses an actor, now and when it asks again.
	Block(ctx context.Context, actorIRI string) error
	// Remove takes a follower off. It may ask again.
	Remove(ctx context.Context, actorIRI string) error
}

// Featuring lists the streams of other servers.
type Featuring interface {
	// Servers are those that were added, in no particular order.
	Servers(ctx context.Context) ([]Server, error)
	// AddServer asks the server at a URL to be featured.
	AddServer(ctx context.Context, url string) error
	// RemoveServer forgets one. The error matches [repository.ErrNotFound] if
	// there is none.
	RemoveServer(ctx context.Context, id int64) error
}

// Event is a scheduled stream.
type Event struct {
	ID          string // of letters, digits, - and _
	Name        string
	Description string // plain text; may be empty
	Start       time.Time
	Duration    time.Duration
	TimeZone    string // of the IANA database
	Series      bool   // one of many; followers hear of it a week before its start
}

// Server is one whose streams are featured.
type Server struct {
	ID     int64        `json:"id"`
	Status ServerStatus `json:"status"`
	URL    string       `json:"url"`
	Actor  string       `json:"actor"` // its IRI

	Name        string   `json:"name"`
	Logo        string   `json:"logo"` // URLs of pictures; may be empty
	Thumbnail   string   `json:"thumbnail"`
	Title       string   `json:"title"` // of the stream
	Description string   `json:"description"`
	Tags        []string `json:"tags"`

	Online     bool      `json:"online"`
	AddedAt    time.Time `json:"addedAt"`
	FollowedAt time.Time `json:"followedAt,omitzero"` // when it accepted; zero if it has not
	UpdatedAt  time.Time `json:"updatedAt,omitzero"`  // when it last told of its stream; zero if never
	OnlineAt   time.Time `json:"onlineAt,omitzero"`   // when it was last known to be online; zero if never
}

// ServerStatus is what became of the wish to feature a server.
type ServerStatus string

// The values of ServerStatus.
const (
	ServerPending  ServerStatus = "pending"
	ServerAccepted ServerStatus = "accepted"
	ServerRejected ServerStatus = "rejected"
)

// DeliveryStatus is how deliveries are doing.
type DeliveryStatus struct {
	repository.QueueCounts
	Failing []FailingHost // those that cannot be reached
}

// FailingHost is one that cannot be reached.
type FailingHost struct {
	Host      string
	Since     time.Time // of the first failure since the last success
	Failures  int
	NextTry   time.Time
	LastError string
	// Suspended is set if it could not be reached for so long that nothing is
	// sent there any more, until it is heard of.
	Suspended bool
}
