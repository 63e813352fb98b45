// Package stats knows who watches and how well it plays: it counts viewers,
// remembers the peaks, and makes series and an overview of what players report.
//
// # How viewers are counted
//
// A viewer is a playback session that was seen in the last three target
// durations, or 15 seconds if that is longer. A request for a playlist that
// was answered, or a ping, makes a viewer; any request keeps one. A session is known by the first
// of these that a request has: the session id of Common Media Client Data
// (CTA-5004, key sid, in the header CMCD-Session or the query parameter CMCD),
// the query parameter sid, and otherwise the address of the client together
// with its User-Agent header.
//
// What cannot be told apart is counted as one: several people in front of one
// screen, and players behind one address that send the same User-Agent header
// and no session id. A player that sends no requests while it is paused is
// not counted while it is paused for longer than the window. A session id is a
// claim: one address can have [MaxPerAddress] viewers at the most.
//
// There are no viewers while there is no stream.
package stats

import (
	"context"
	"errors"
	"hash/maphash"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/owncast-go/owncast/internal/keeper"
	"github.com/owncast-go/owncast/repository"
)

const (
	// MaxViewers is how many viewers are remembered. One that is remembered
	// takes about 600 bytes at the most.
	MaxViewers = 100_000
	// MaxPerAddress is how many of them may be behind one IPv4 address or
	// one /64 of IPv6. It does not hold for loopback and private addresses:
	// those of a proxy that nobody said was to be trusted stand for
	// everybody.
	MaxPerAddress = 200

	leastWindow  = 15 * time.Second
	windowLength = 3 // target durations
	sweepEvery   = time.Second
	tickEvery    = 5 * time.Second
	saveEvery    = time.Minute
	reduceEvery  = 2 * time.Minute
)

// Stream is what viewers watch.
type Stream struct {
	Target  time.Duration // that no segment is longer than; 0 if unknown
	Inbound int           // bits per second that come in; 0 if unknown
	Outputs []Output      // what viewers can choose from
}

// Output is one of the renditions of a stream.
type Output struct {
	Bitrate     int // bits per second
	Passthrough bool
}

// Config is what an Audience is made of. Session, Stream and ClientIP are
// required.
type Config struct {
	// Session returns the id of the session that can be watched, and "" while
	// there is none. It is called for every request.
	Session func() string
	// Stream describes it. It is called once a second at the most.
	Stream func() Stream
	// ClientIP returns the address that a request came from, and the zero
	// Addr if it has none.
	ClientIP func(*http.Request) netip.Addr
	// Ended returns when the last session ended, zero if there was none. It
	// is called when a session has ended. Nil is for those who do not know.
	Ended func() time.Time
	// Settings keep the [Past]. Nil forgets it.
	Settings repository.Settings
	// Series keep the history, and nothing that somebody else keeps for
	// longer: what is older than 90 days is removed from all of them. Nil
	// keeps some of the history in memory.
	Series repository.Series
	// Extra returns how many viewers there are elsewhere, to be added. It is
	// called once a second at the most and must not block. Nil adds none.
	Extra func() int
	// Elsewhere returns how many viewers other processes have that show the
	// same, to be added as well, in the same way. Nil adds none.
	Elsewhere func() int
	// Lead tells whether this process keeps the history for all of them, and
	// adds Extra. Nil is always.
	Lead func() bool
	// Geo tells where an address is. It is called when viewers are listed,
	// not when they come. Nil knows of none.
	Geo func(netip.Addr) (Geo, bool)
	// CPU returns how busy the machine is, in percent; false if it does not
	// know. Nil never knows.
	CPU func() (percent float64, ok bool)
	// Logger gets what cannot be saved. Nil discards it.
	Logger *slog.Logger
}

// Geo is where an address is thought to be.
type Geo struct {
	CountryCode string // ISO 3166-1 alpha-2
	RegionName  string
	TimeZone    string // such as "Europe/Berlin"
}

// Audience is who watches one channel. Make one with [New]. It is safe for
// concurrent use.
type Audience struct {
	cfg Config
	log *slog.Logger
	now func() time.Time
	// epoch is what the records count from, by a clock that is never set.
	epoch time.Time
	seed  maphash.Seed // of session ids

	addrSeed maphash.Seed // of addresses

	shards [shardCount]shard

	mu       sync.Mutex // guards the fields below, and comes before a shard's
	session  string     // whose viewers these are
	byAddr   map[netip.Prefix]int
	known    int       // records
	swept    time.Time // when records were last looked through
	count    Count
	own      int // of count, without Elsewhere
	past     Past
	ended    bool // a session has, and nothing was saved since
	dirty    bool // past is not saved
	saved    time.Time
	archived time.Time // when the history was saved, or tried to be
	reduced  time.Time
	series   Series
	recent   []Point // of the history, not stored
	health   *Health
	clients  reportingClients

	entered atomic.Pointer[string] // session, for who has not locked mu
	refused atomic.Int64
	target  atomic.Int64 // of the stream, nanoseconds

	pruned time.Time  // when the history was; the keeper's alone
	saving sync.Mutex // one save at a time
	keeper keeper.Keeper
}

// New returns an Audience of nobody. It starts nothing.
func New(c Config) (*Audience, error) {
	if c.Session == nil || c.Stream == nil || c.ClientIP == nil {
		return nil, errors.New("stats: config without a Session, Stream or ClientIP")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Lead == nil {
		c.Lead = func() bool { return true }
	}
	a := &Audience{cfg: c, log: c.Logger, now: time.Now, byAddr: map[netip.Prefix]int{}}
	a.seed, a.addrSeed = maphash.MakeSeed(), maphash.MakeSeed()
	a.epoch = a.now().Add(-time.Hour) // no time that is compared with is before it
	for i := range a.shards {
		a.shards[i].records = map[uint64]*record{}
	}
	return a, nil
}

// Start loads what was saved and begins to keep series. ctx bounds the
// loading alone. It may be called once.
func (a *Audience) Start(ctx context.Context) error {
	return a.keeper.Start(ctx, a.prepare, a.keep)
}

func (a *Audience) prepare(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := a.load(ctx); err != nil {
		a.log.ErrorContext(ctx, "viewer counts not loaded", "err", err) // no reason to stay off the air
	}
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.saved, a.archived, a.reduced = now, now, now
	return nil
}

func (a *Audience) keep(ctx context.Context) {
	t := time.NewTicker(tickEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			a.tick(ctx)
		}
	}
}

// tick does what is due.
func (a *Audience) tick(ctx context.Context) {
	now := a.now()
	a.refresh(now)
	reduce, save, archive := a.due(now)
	if reduce {
		a.reduce(now)
	}
	if save {
		a.save(ctx)
	}
	if reduce || archive {
		a.archive(ctx)
	}
	a.prune(ctx, now)
}

// due tells what is.
func (a *Audience) due(now time.Time) (reduce, save, archive bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.session != "" && now.Sub(a.reduced) >= reduceEvery,
		a.ended || a.dirty && now.Sub(a.saved) >= saveEvery,
		len(a.recent) > 0 && now.Sub(a.archived) >= saveEvery
}

// present tells whether there is a stream. The viewers of another one than
// that are forgotten first.
func (a *Audience) present() bool {
	session := a.cfg.Session()
	if session == "" {
		return false
	}
	if entered := a.entered.Load(); entered == nil || *entered != session {
		a.refresh(a.now())
	}
	return true
}

// since is a time as the records have it.
func (a *Audience) since(t time.Time) int64 { return int64(t.Sub(a.epoch)) }

// when is what since was given.
func (a *Audience) when(n int64) time.Time { return a.epoch.Add(time.Duration(n)).UTC() }

// Shutdown saves what has not been saved and waits for what Start has
// started, or for ctx. It may be called more than once.
func (a *Audience) Shutdown(ctx context.Context) error {
	if started, err := a.keeper.Shutdown(ctx); !started || err != nil {
		return err
	}
	a.refresh(a.now())
	a.save(ctx)
	a.archive(ctx)
	return ctx.Err()
}

// guard runs a function of the host's.
func (a *Audience) guard(where string, f func()) {
	defer func() {
		if v := recover(); v != nil {
			a.log.Error("panic recovered", "in", where, "panic", v, "stack", string(debug.Stack()))
		}
	}()
	f()
}
