package stats

import (
	"net/http"
	"time"
)

const (
	// staleAfter is how long a report tells something of its client, and
	// measureFor how long one measurement does.
	staleAfter = time.Minute
	measureFor = 30 * time.Second

	// A transfer is measured here only if it is no smaller than leastSample
	// and took at least the time of playing it by realTime: what is faster
	// has only filled the buffers of the network. Nor is more than
	// mostSampled believed.
	leastSample = 64 << 10
	realTime    = 3
	mostSampled = 50_000 // kbit/s
)

// measure is a value and when it was had, see Audience.since.
type measure struct {
	value float64
	at    int64
}

// since returns the value, unless it is 0 or older.
func (m measure) since(t int64) (float64, bool) {
	return m.value, m.value > 0 && m.at > t
}

// playback is what is known of how it plays at a client.
type playback struct {
	reported int64 // when the client last said something; 0 if never
	sampled  int64 // when a transfer was last looked at; 0 if never

	state        string
	unmeasurable bool // the last transfer could not be measured

	throughput measure // kbit/s
	bitrate    measure // kbit/s
	latency    measure // seconds
	download   measure // seconds

	errors, changes        float64 // since the last reduction
	allErrors, allChanges  float64
	lastTime, lastSequence float64
}

// Report takes what a player has sent in event mode, in the order it was
// sent: reports with a session id are that session's, the others the sender's.
// Reports that come while there is no stream are dropped.
func (a *Audience) Report(r *http.Request, reports ...Report) {
	if !a.present() {
		return
	}
	now := a.now()
	v := visitor{a: a, r: r}
	sid, _ := queryValue(r.URL.RawQuery, "sid")
	for i := range reports {
		own := reports[i].SessionID
		if own == "" {
			own = sid
		}
		v.identify(own)
		if rec := a.admit(&v, now); rec != nil {
			rec.report(&reports[i], a.since(now))
		}
	}
}

// RequestReport returns the CMCD that a request carries in its query or its
// headers; false without any.
func RequestReport(r *http.Request) (report Report, ok bool) {
	ok = readCMCD(r, &report)
	return report, ok
}

// report takes a report.
func (r *record) report(rep *Report, now int64) {
	if !rep.Usable() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.play
	if rep.Sequence > 0 && rep.Sequence == p.lastSequence && rep.Time == p.lastTime {
		return // sent twice
	}
	if rep.Sequence > 0 {
		p.lastSequence, p.lastTime = rep.Sequence, rep.Time
	}
	p.reported = now
	if rep.State != "" {
		p.state = rep.State
	}
	p.throughput.take(rep.Throughput, now)
	p.latency.take(rep.Latency, now)
	p.download.take(rep.Download, now)
	changes := rep.Changes
	if rep.Bitrate > 0 && (rep.Object == "" || rep.Object == "v" || rep.Object == "av") {
		if p.bitrate.value > 0 && p.bitrate.value != rep.Bitrate {
			changes++
		}
		p.bitrate.take(rep.Bitrate, now)
	}
	failures := rep.failures()
	p.errors += failures
	p.allErrors += failures
	p.changes += changes
	p.allChanges += changes
}

func (m *measure) take(value float64, now int64) {
	if value > 0 {
		*m = measure{value, now}
	}
}

// sample takes the measurement of a transfer. segment is how long what was
// transferred may play, at the most.
func (r *record) sample(bytes int64, took, segment time.Duration, now int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.play
	p.sampled = now
	kbps := float64(bytes) * 8 / float64(max(took, time.Microsecond)) * float64(time.Millisecond)
	p.unmeasurable = took*realTime <= segment || kbps > mostSampled
	if p.unmeasurable || p.reported > now-int64(staleAfter) {
		return // the client knows better
	}
	p.throughput = measure{kbps, now}
	p.download = measure{took.Seconds(), now}
}

// reporting tells whether anything was reported or measured after the time.
func (r *record) reporting(after int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.play.reported > after || r.play.sampled > after
}

// Where the health of a client is known from.
const (
	SourceClient = "client"
	SourceServer = "server"
)

// ClientHealth is how it plays at a client. Nil fields are unknown.
type ClientHealth struct {
	Source       string // SourceClient or SourceServer
	LastUpdate   time.Time
	State        string // see [Report].State; "" if unknown
	Unmeasurable bool   // transfers say nothing of the network, for they are too fast

	Bandwidth *float64 // kbit/s
	Latency   *float64 // seconds
	Download  *float64 // of a segment, seconds
	Bitrate   *float64 // kbit/s
	Errors    *float64 // so far
	Changes   *float64 // so far
}

// healthOf is what is known of a client; nil if nothing is.
func (a *Audience) healthOf(r *record, now time.Time) *ClientHealth {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.play
	stale := a.since(now.Add(-staleAfter))
	h := new(ClientHealth)
	switch {
	case p.reported > stale:
		h.Source, h.LastUpdate, h.State = SourceClient, a.when(p.reported), p.state
		h.Errors, h.Changes = new(p.allErrors), new(p.allChanges)
	case p.sampled > stale:
		h.Source, h.LastUpdate = SourceServer, a.when(p.sampled)
		h.Unmeasurable = p.unmeasurable
	default:
		return nil
	}
	since := a.since(now.Add(-measureFor))
	for _, f := range []struct {
		m  measure
		to **float64
	}{{p.throughput, &h.Bandwidth}, {p.latency, &h.Latency}, {p.download, &h.Download}, {p.bitrate, &h.Bitrate}} {
		if v, ok := f.m.since(since); ok {
			*f.to = &v
		}
	}
	return h
}
