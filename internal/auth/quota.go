package auth

import (
	"net/netip"
	"sync"
	"time"
)

// maxQuotaKeys is how many keys a Quota counts for; beyond it, new ones share
// one count.
const maxQuotaKeys = 50_000

// Quota limits how often something happens for a key within a window of time,
// which begins with the first time. How many keys it remembers is bounded.
//
// Create one with [NewQuota]. It is safe for concurrent use.
type Quota struct {
	most   int
	window time.Duration
	now    func() time.Time

	mu   sync.Mutex
	keys map[string]quotaWindow // guarded by mu
}

type quotaWindow struct {
	until time.Time
	n     int
}

// NewQuota returns a Quota of most times within a window. It uses now as its
// clock; nil stands for [time.Now].
func NewQuota(most int, window time.Duration, now func() time.Time) *Quota {
	if now == nil {
		now = time.Now
	}
	return &Quota{most: most, window: window, now: now, keys: map[string]quotaWindow{}}
}

// Take counts one time for key, and returns 0. If there were too many it counts
// nothing, and returns how long that will be so.
func (q *Quota) Take(key string) (wait time.Duration) {
	now := q.now()
	q.mu.Lock()
	defer q.mu.Unlock()
	w, known := q.keys[key]
	if !known && len(q.keys) >= maxQuotaKeys {
		q.forget(now)
		if len(q.keys) >= maxQuotaKeys {
			key = ""
			w = q.keys[key]
		}
	}
	if !now.Before(w.until) {
		w = quotaWindow{until: now.Add(q.window)}
	}
	if w.n >= q.most {
		return w.until.Sub(now)
	}
	w.n++
	q.keys[key] = w
	return 0
}

// forget drops what is over. The caller holds mu.
func (q *Quota) forget(now time.Time) {
	for key, w := range q.keys {
		if !now.Before(w.until) {
			delete(q.keys, key)
		}
	}
}

// AddressKey is what an address is counted under: itself, or in IPv6 the /64
// that it is in. Those without an address share one key.
func AddressKey(addr netip.Addr) string { return attemptKey(addr).String() }
