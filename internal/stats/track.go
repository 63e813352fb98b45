package stats

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// Track returns a handler that passes everything on to next, which serves
// playlists and media, and takes those for viewers who get what they ask for.
// The writer that next gets wraps the server's; flushing, hijacking and
// deadlines work through [http.ResponseController].
func (a *Audience) Track(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.present() {
			next.ServeHTTP(w, r)
			return
		}
		v := a.visitor(r)
		rec := a.find(v.id)
		if rec != nil {
			// Who waits for what is still to come is there.
			rec.open.Add(1)
			defer rec.open.Add(-1)
		}
		t := tracked{ResponseWriter: w, now: a.now}
		next.ServeHTTP(&t, r)
		a.served(rec, &v, &t)
	})
}

// served takes the visitor of a request that was answered for a viewer. rec
// is nil for one who is not known yet. Only playlists make a viewer: a player
// may name its session there and nowhere else, so that its media comes from
// caches, or from a storage on another site that knows nothing of the header.
func (a *Audience) served(rec *record, v *visitor, t *tracked) {
	now := a.now()
	if rec == nil {
		if !strings.HasSuffix(v.r.URL.Path, ".m3u8") || !t.answered() {
			return
		}
		if rec = a.admit(v, now); rec == nil {
			return
		}
	}
	nanos := a.since(now)
	rec.bytes.Add(t.bytes)
	if !t.answered() && (t.failed || v.r.Context().Err() != nil) {
		return // the viewer has gone while it waited, or in the middle of a transfer
	}
	rec.seen.Store(nanos)
	if v.told {
		rec.report(&v.report, nanos)
	}
	if t.bytes >= leastSample {
		rec.sample(t.bytes, now.Sub(t.begun), a.segment(), nanos)
	}
}

// Ping takes the sender of a request for a viewer, where somebody else serves
// the playlists. It does nothing while there is no stream.
func (a *Audience) Ping(r *http.Request) {
	if !a.present() {
		return
	}
	v := a.visitor(r)
	now := a.now()
	if rec := a.admit(&v, now); rec != nil {
		rec.seen.Store(a.since(now))
		if v.told {
			rec.report(&v.report, a.since(now))
		}
	}
}

// tracked remembers what became of an answer.
type tracked struct {
	http.ResponseWriter
	now    func() time.Time
	begun  time.Time // when the first bytes that are worth measuring were sent
	bytes  int64
	status int // 0 until it is written
	failed bool
}

// worthATime is from how many bytes on a write may be the beginning of a
// transfer that is measured. Playlists are spared the look at the clock.
const worthATime = 4 << 10

// answered tells whether the client got what it asked for.
func (t *tracked) answered() bool {
	return !t.failed && t.status < http.StatusBadRequest && (t.status != 0 || t.bytes > 0)
}

func (t *tracked) begin(n int) {
	if n >= worthATime && t.begun.IsZero() {
		t.begun = t.now()
	}
}

func (t *tracked) wrote(n int64, err error) {
	t.bytes += n
	t.failed = t.failed || err != nil
}

// WriteHeader notes the status.
func (t *tracked) WriteHeader(status int) {
	if t.status == 0 && status >= http.StatusOK {
		t.status = status
	}
	t.ResponseWriter.WriteHeader(status)
}

// Write counts.
func (t *tracked) Write(p []byte) (int, error) {
	t.begin(len(p))
	n, err := t.ResponseWriter.Write(p)
	t.wrote(int64(n), err)
	return n, err
}

// ReadFrom lets io.Copy use what the server's writer has for files.
func (t *tracked) ReadFrom(src io.Reader) (int64, error) {
	t.begin(worthATime)
	rf, ok := t.ResponseWriter.(io.ReaderFrom)
	if !ok {
		return io.Copy(struct{ io.Writer }{t}, src)
	}
	n, err := rf.ReadFrom(src)
	t.wrote(n, err)
	return n, err
}

// Unwrap is for http.ResponseController.
func (t *tracked) Unwrap() http.ResponseWriter { return t.ResponseWriter }
