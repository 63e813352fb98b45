package stats

import (
	"cmp"
	"net/netip"
	"sort"
	"time"
)

// Count is how many viewers there are.
type Count struct {
	Now         int // 0 while there is no stream
	SessionPeak int // of this session, or the last one
	Peak        int // of all sessions
}

// Count returns how many viewers there are. It is at most a second old.
func (a *Audience) Count() Count {
	a.refresh(a.now())
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.count
}

// Own is how many of them are this process's: all but those of
// [Config.Elsewhere].
func (a *Audience) Own() int {
	a.refresh(a.now())
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.own
}

// Refused is how many requests were of clients that there was no place for,
// by [MaxViewers] or [MaxPerAddress].
func (a *Audience) Refused() int64 { return a.refused.Load() }

// refresh counts anew, if the last count is a second old or of another
// session.
func (a *Audience) refresh(now time.Time) {
	session := a.cfg.Session()
	if !a.outdated(session, now) {
		return
	}
	extra := 0
	if session != "" && a.cfg.Extra != nil && a.cfg.Lead() {
		a.guard("viewer count", func() { extra = max(a.cfg.Extra(), 0) })
	}
	others := 0
	if session != "" && a.cfg.Elsewhere != nil {
		others = a.cfg.Elsewhere()
	}
	stream := a.cfg.Stream()
	a.mu.Lock()
	defer a.mu.Unlock()
	session = a.cfg.Session() // the one from before may be over
	if session != a.session {
		a.enter(session, now)
	}
	a.swept = now
	a.target.Store(int64(stream.Target))
	if session == "" {
		a.count.Now, a.own = 0, 0
		return
	}
	a.own = a.sweep(now, max(leastWindow, windowLength*stream.Target)) + extra
	a.count.Now = a.own + others
	if a.count.Now > a.past.SessionPeak || a.count.Now > a.past.Peak {
		a.past.SessionPeak = max(a.past.SessionPeak, a.count.Now)
		a.past.Peak = max(a.past.Peak, a.count.Now)
		a.dirty = true
	}
	a.count.SessionPeak, a.count.Peak = a.past.SessionPeak, a.past.Peak
}

func (a *Audience) outdated(session string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return session != a.session || now.Sub(a.swept) >= sweepEvery
}

// enter begins with nobody: the players of the session before make themselves
// known soon, if they are still there. The caller holds mu.
func (a *Audience) enter(session string, now time.Time) {
	a.ended = a.ended || a.session != ""
	a.session = session
	a.entered.Store(&session)
	a.clear()
	a.health, a.clients = nil, reportingClients{}
	a.dirty = true
	if session == "" {
		a.rememberEnd()
		return
	}
	a.past.SessionPeak = 0
	a.reduced = now
}

// Viewer is a playback session that is being watched.
type Viewer struct {
	ID        string // within this process
	FirstSeen time.Time
	LastSeen  time.Time
	Addr      netip.Addr // the zero Addr if there is none
	UserAgent string     // 256 bytes of it at the most
	Bytes     int64      // of what was sent to it under this identity
	Geo       *Geo       // nil if unknown
}

// Viewers lists the viewers, who have come first first. Those of
// [Config.Extra] are not among them.
func (a *Audience) Viewers() []Viewer {
	now := a.now()
	a.refresh(now)
	since := a.since(now.Add(-a.window()))
	list := []Viewer{}
	a.each(func(r *record) {
		if r.watching(since) {
			list = append(list, Viewer{
				ID: name(r.id), FirstSeen: r.since.UTC(), LastSeen: a.when(r.seen.Load()),
				Addr: r.addr, UserAgent: r.agent, Bytes: r.bytes.Load(),
			})
		}
	})
	for i := range list {
		list[i].Geo = a.Locate(list[i].Addr)
	}
	sort.Slice(list, func(i, j int) bool { return earlier(list[i].FirstSeen, list[i].ID, list[j].FirstSeen, list[j].ID) })
	return list
}

// earlier reports whether one time, with an ID, comes before another.
func earlier(t time.Time, id string, u time.Time, other string) bool {
	return cmp.Or(t.Compare(u), cmp.Compare(id, other)) < 0
}

// Locate asks where an address is; nil means that nobody knows.
func (a *Audience) Locate(addr netip.Addr) (geo *Geo) {
	if a.cfg.Geo == nil || !addr.IsValid() {
		return nil
	}
	a.guard("geo", func() {
		if g, ok := a.cfg.Geo(addr); ok {
			geo = &g
		}
	})
	return geo
}

// window is for how long a viewer who was seen is there.
func (a *Audience) window() time.Duration {
	return max(leastWindow, windowLength*time.Duration(a.target.Load()))
}

// segment is how long a segment may be.
func (a *Audience) segment() time.Duration { return time.Duration(a.target.Load()) }

// Client is a client that something of its playback is known of.
type Client struct {
	ID        string // as of the [Viewer], if it is one
	ViewerID  string // of all clients of the same address and User-Agent
	FirstSeen time.Time
	Addr      netip.Addr
	UserAgent string
	Geo       *Geo
	Health    *ClientHealth // nil if nothing is known of it
}

// Clients lists the viewers and whoever else has reported, who came first
// first, with how it plays at each.
func (a *Audience) Clients() []Client {
	now := a.now()
	a.refresh(now)
	since := a.since(now.Add(-a.window()))
	list := []Client{}
	a.each(func(r *record) {
		h := a.healthOf(r, now)
		if h == nil && !r.watching(since) {
			return
		}
		list = append(list, Client{
			ID: name(r.id), ViewerID: name(r.viewer), FirstSeen: r.since.UTC(), Addr: r.addr, UserAgent: r.agent, Health: h,
		})
	})
	for i := range list {
		list[i].Geo = a.Locate(list[i].Addr)
	}
	sort.Slice(list, func(i, j int) bool { return earlier(list[i].FirstSeen, list[i].ID, list[j].FirstSeen, list[j].ID) })
	return list
}
