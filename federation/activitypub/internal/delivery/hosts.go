package delivery

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub/internal/httpsig"
)

const (
	// maxHosts is how many hosts are remembered.
	maxHosts = 20_000
	// deadAfter is for how long a host may fail before nothing is sent there
	// any more.
	deadAfter = 7 * 24 * time.Hour
)

// holds are how long nothing is sent to a host after its first failure in a
// row, its second, and so on.
func holds() [5]time.Duration {
	return [5]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}
}

// Host is what is remembered of a host.
type Host struct {
	// Signature is the kind of signature that it reads, "" if unknown.
	Signature string `json:"signature,omitempty"`

	Failures  int       `json:"failures,omitempty"` // in a row
	Since     time.Time `json:"since,omitzero"`     // of the first of them
	NextTry   time.Time `json:"nextTry,omitzero"`
	LastError string    `json:"lastError,omitempty"`
	Suspended bool      `json:"suspended,omitempty"`
}

// Hosts remember how it went with each host. They are safe for concurrent use.
type Hosts struct {
	mu      sync.Mutex // guards the rest
	hosts   map[string]Host
	changed bool
}

// NewHosts returns Hosts that remember nothing yet.
func NewHosts() *Hosts { return &Hosts{hosts: map[string]Host{}} }

// Load remembers what was kept.
func (h *Hosts) Load(hosts map[string]Host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, host := range hosts {
		h.hosts[name] = host
	}
}

// Changed returns a copy of what is to be kept, if it is another than last
// time.
func (h *Hosts) Changed() (map[string]Host, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.changed {
		return nil, false
	}
	h.changed = false
	hosts := make(map[string]Host, len(h.hosts))
	for name, host := range h.hosts {
		hosts[name] = host
	}
	return hosts, true
}

// NotKept says that what Changed returned could not be kept.
func (h *Hosts) NotKept() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changed = true
}

// update changes what is remembered of a host.
func (h *Hosts) update(name string, fn func(*Host)) Host {
	h.mu.Lock()
	defer h.mu.Unlock()
	old := h.hosts[name]
	host := old
	fn(&host)
	if host == old {
		return host
	}
	h.changed = true
	if host == (Host{}) {
		delete(h.hosts, name)
		return host
	}
	if _, there := h.hosts[name]; !there && len(h.hosts) >= maxHosts {
		h.evict()
	}
	h.hosts[name] = host
	return host
}

// evict forgets a host that nothing bad is known of, or any.
func (h *Hosts) evict() {
	n := 0
	for name, host := range h.hosts {
		if n++; host.Failures == 0 || n > 100 {
			delete(h.hosts, name)
			return
		}
	}
}

// Kind returns the kind of signature that a host reads, as far as that is
// known: the older one otherwise, for there are servers that accept everything
// and look later, so that they cannot tell.
func (h *Hosts) Kind(host string) httpsig.Kind {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hosts[host].Signature == httpsig.RFC9421.String() {
		return httpsig.RFC9421
	}
	return httpsig.Cavage
}

// Prefer remembers the kind of signature that a host reads.
func (h *Hosts) Prefer(host string, k httpsig.Kind) {
	h.update(host, func(x *Host) {
		x.Signature = ""
		if k == httpsig.RFC9421 {
			x.Signature = k.String()
		}
	})
}

// Alive forgets all failures of a host: it was heard of.
func (h *Hosts) Alive(host string) {
	h.update(host, func(x *Host) { *x = Host{Signature: x.Signature} })
}

// failed remembers a failure of a host and returns until when nothing should
// be sent there, and whether it is dead.
func (h *Hosts) failed(host string, now time.Time, reason string) (until time.Time, dead bool) {
	x := h.update(host, func(x *Host) {
		if x.Failures++; x.Since.IsZero() {
			x.Since = now.UTC()
		}
		steps := holds()
		x.NextTry = now.Add(steps[min(x.Failures, len(steps))-1]).UTC()
		x.LastError = reason[:min(len(reason), 200)]
		if now.Sub(x.Since) >= deadAfter {
			x.Suspended = true
		}
	})
	return x.NextTry, x.Suspended
}

// Suspended tells whether nothing is sent to a host any more.
func (h *Hosts) Suspended(host string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hosts[host].Suspended
}

// Failing are the hosts that cannot be reached, those that fail for longest
// first.
func (h *Hosts) Failing() []federation.FailingHost {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []federation.FailingHost
	for name, x := range h.hosts {
		if x.Failures > 0 {
			list = append(list, federation.FailingHost{
				Host: name, Since: x.Since, Failures: x.Failures, NextTry: x.NextTry, LastError: x.LastError, Suspended: x.Suspended,
			})
		}
	}
	slices.SortFunc(list, func(a, b federation.FailingHost) int {
		return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.Host, b.Host))
	})
	return list
}
