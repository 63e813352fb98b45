package activitypub

import (
	"errors"
	"net/netip"
	"sync"
	"time"
)

// errBudget refuses what a source has asked for too often.
var errBudget = errors.New("activitypub: too many requests from one source")

// maxSources is how many sources are told apart at the same time.
const maxSources = 10_000

// budget lets each source do something a number of times at once, and again
// after a while each. It is safe for concurrent use.
type budget[K comparable] struct {
	burst float64
	every time.Duration // a source has one more after so long

	mu      sync.Mutex // guards the rest
	sources map[K]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

func newBudget[K comparable](burst int, every time.Duration) *budget[K] {
	return &budget[K]{burst: float64(burst), every: every, sources: map[K]bucket{}}
}

// spend takes one from a source, or returns errBudget.
func (b *budget[K]) spend(source K) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	x, ok := b.sources[source]
	if !ok {
		if len(b.sources) >= maxSources {
			b.forget(now)
		}
		x = bucket{left: b.burst, at: now}
	}
	x.left = min(b.burst, x.left+float64(now.Sub(x.at))/float64(b.every))
	x.at = now
	if x.left < 1 {
		b.sources[source] = x
		return errBudget
	}
	x.left--
	b.sources[source] = x
	return nil
}

// forget makes room: of those that have all they can have, and of any if there
// are none.
func (b *budget[K]) forget(now time.Time) {
	full := time.Duration(b.burst) * b.every
	for source, x := range b.sources {
		if now.Sub(x.at) >= full {
			delete(b.sources, source)
		}
	}
	for source := range b.sources {
		if len(b.sources) < maxSources*9/10 {
			return
		}
		delete(b.sources, source)
	}
}

// network is what one customer of a provider has, mostly.
func network(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 56
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// lock lets one at a time do something about a key. It is safe for concurrent
// use.
type lock struct {
	mu   sync.Mutex // guards held
	held map[string]*holder
}

type holder struct {
	mu   sync.Mutex
	want int
}

// hold waits for a key, and returns what lets it go.
func (l *lock) hold(key string) (release func()) {
	l.mu.Lock()
	h := l.held[key]
	if h == nil {
		h = new(holder)
		l.held[key] = h
	}
	h.want++
	l.mu.Unlock()
	h.mu.Lock()
	return func() {
		h.mu.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		if h.want--; h.want == 0 {
			delete(l.held, key)
		}
	}
}
