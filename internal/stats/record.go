package stats

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	shardCount = 64
	// maxUserAgent is how many bytes of a User-Agent header are kept.
	maxUserAgent = 256
)

// shard is a part of the records, so that viewers who ask several times a
// second do not wait for one another.
type shard struct {
	mu      sync.RWMutex // guards the map; adding and removing holds Audience.mu too
	records map[uint64]*record
	_       [64]byte // the next shard has a cache line of its own
}

// record is a client: a viewer if it was seen, and one whose playback is known
// if that was reported or measured.
type record struct {
	id     uint64
	viewer uint64 // of the address and the User-Agent
	since  time.Time
	addr   netip.Addr
	agent  string
	counts netip.Prefix // what the record counts for in byAddr; zero if nothing

	seen  atomic.Int64 // see Audience.since; 0 if never
	open  atomic.Int32 // requests that are being answered
	bytes atomic.Int64

	mu   sync.Mutex // guards play
	play playback
}

// watching tells whether the client was there at or after the time.
func (r *record) watching(since int64) bool {
	seen := r.seen.Load()
	return seen != 0 && (seen >= since || r.open.Load() > 0)
}

func (a *Audience) shard(id uint64) *shard { return &a.shards[id%shardCount] }

// find returns the record, or nil.
func (a *Audience) find(id uint64) *record {
	s := a.shard(id)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.records[id]
}

// admit returns the record of a visitor, which is made if there is none. It
// is nil for one too many.
func (a *Audience) admit(v *visitor, now time.Time) *record {
	if r := a.find(v.id); r != nil {
		return r
	}
	addr := v.addr()
	group := addressGroup(addr)
	a.mu.Lock()
	defer a.mu.Unlock()
	if r := a.find(v.id); r != nil {
		return r
	}
	if a.known >= MaxViewers || group.IsValid() && a.byAddr[group] >= MaxPerAddress {
		a.refused.Add(1)
		return nil
	}
	a.known++
	if group.IsValid() {
		a.byAddr[group]++
	}
	agent := v.r.UserAgent()
	if len(agent) > maxUserAgent {
		agent = strings.ToValidUTF8(agent[:maxUserAgent], "")
	}
	r := &record{
		id: v.id, viewer: v.fallback(), since: now, addr: addr,
		agent: strings.Clone(agent), counts: group, // the clone lets go of the rest of the headers
	}
	s := a.shard(v.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[v.id] = r
	return r
}

// addressGroup is what MaxPerAddress counts by; zero for addresses that it
// does not hold for.
func addressGroup(addr netip.Addr) netip.Prefix {
	switch {
	case !addr.IsValid(), addr.IsLoopback(), addr.IsPrivate(), addr.IsLinkLocalUnicast():
		return netip.Prefix{}
	case addr.Is4():
		return netip.PrefixFrom(addr, 32)
	}
	p, err := addr.Prefix(64)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// sweep removes who is gone and counts who is there. The caller holds mu.
func (a *Audience) sweep(now time.Time, window time.Duration) (viewers int) {
	since := a.since(now.Add(-window))
	// What was reported must be in a point of the series before it is lost.
	reported := min(a.since(now.Add(-staleAfter)), max(a.since(a.reduced), a.since(now.Add(-2*reduceEvery))))
	for i := range a.shards {
		s := &a.shards[i]
		s.mu.Lock()
		for id, r := range s.records {
			if r.watching(since) {
				viewers++
				continue
			}
			if r.open.Load() == 0 && !r.reporting(reported) {
				delete(s.records, id)
				a.release(r)
			}
		}
		s.mu.Unlock()
	}
	return viewers
}

// release takes a record off the accounts. The caller holds mu.
func (a *Audience) release(r *record) {
	a.known--
	if !r.counts.IsValid() {
		return
	}
	if a.byAddr[r.counts]--; a.byAddr[r.counts] <= 0 {
		delete(a.byAddr, r.counts)
	}
}

// clear forgets everybody. The caller holds mu.
func (a *Audience) clear() {
	for i := range a.shards {
		s := &a.shards[i]
		s.mu.Lock()
		s.records = map[uint64]*record{}
		s.mu.Unlock()
	}
	a.known = 0
	a.byAddr = map[netip.Prefix]int{}
}

// each calls f for every record. f must be quick and not call the Audience.
func (a *Audience) each(f func(*record)) {
	for i := range a.shards {
		s := &a.shards[i]
		s.mu.RLock()
		for _, r := range s.records {
			f(r)
		}
		s.mu.RUnlock()
	}
}

// name is an id as administrators see it.
func name(id uint64) string {
	var b [8]byte
	for i := range b {
		b[i] = byte(id >> (56 - 8*i))
	}
	return hex.EncodeToString(b[:])
}
