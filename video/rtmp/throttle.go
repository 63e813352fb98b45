package rtmp

import (
	"net/netip"
	"sync"
	"time"
)

// maxOffenders bounds the table of addresses that showed wrong keys.
const maxOffenders = 4096

// offender is an address that showed wrong keys.
type offender struct {
	failures int
	since    time.Time // the first of failures
	blocked  time.Time // until then
}

// throttle slows those down who guess stream keys.
type throttle struct {
	limits Limits

	mu        sync.Mutex // guards offenders
	offenders map[netip.Prefix]*offender
}

func newThrottle(l Limits) *throttle {
	return &throttle{limits: l, offenders: make(map[netip.Prefix]*offender)}
}

// blocked tells whether source is not to be listened to.
func (t *throttle) blocked(source netip.Prefix) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.offenders[source]
	return o != nil && time.Now().Before(o.blocked)
}

// fail counts a wrong key and returns how long to hold the answer back.
func (t *throttle) fail(source netip.Prefix) (delay time.Duration, blocked bool) {
	delay = t.limits.WrongKeyDelay
	if !source.IsValid() {
		return delay, false
	}
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.offenders[source]
	if o == nil {
		t.makeRoom(now)
		o = &offender{}
		t.offenders[source] = o
	}
	if t.over(o, now) {
		*o = offender{since: now}
	}
	o.failures++
	if o.failures >= t.limits.WrongKeys {
		o.blocked = now.Add(t.limits.WrongKeyBlock)
	}
	most := 5 * delay
	for range o.failures - 1 {
		if delay = min(2*delay, most); delay == most {
			break
		}
	}
	return delay, o.blocked.After(now)
}

// succeed forgets source's failures.
func (t *throttle) succeed(source netip.Prefix) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.offenders, source)
}

// over tells whether what o did does not count any more.
func (t *throttle) over(o *offender, now time.Time) bool {
	return now.Sub(o.since) > t.limits.WrongKeyWindow && !now.Before(o.blocked)
}

// makeRoom keeps the table within its bound: those whose time is over go
// first, then the one that has been there longest.
func (t *throttle) makeRoom(now time.Time) {
	if len(t.offenders) < maxOffenders {
		return
	}
	var oldest netip.Prefix
	for source, o := range t.offenders {
		if t.over(o, now) {
			delete(t.offenders, source)
			continue
		}
		if first := t.offenders[oldest]; first == nil || o.since.Before(first.since) {
			oldest = source
		}
	}
	if len(t.offenders) >= maxOffenders {
		delete(t.offenders, oldest)
	}
}
