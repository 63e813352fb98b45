package hls

import (
	"context"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/owncast-go/owncast/storage"
)

const (
	storagePrefix = "hls/"
	queueLength   = 16 // lists of deletions waiting for the storage
	storeTimeout  = 30 * time.Second
	segmentMaxAge = 365 * 24 * time.Hour
)

// archive writes the segments of one session to the storage, behind a bounded
// queue (see uploads), and deletes what can no longer be asked for.
type archive struct {
	p         *Packager
	session   string
	jobs      chan archiveJob // nil without a storage
	uploads   uploads
	ledger    *ledger     // nil if the session is not recorded
	abandoned atomic.Bool // another session is shown

	garbage []string // of the writer: keys that did not fit into the queue yet

	// Of the worker alone.
	undeleted []string
	deleting  fault
}

// archiveJob is keys to be deleted, or a sweep.
type archiveJob struct {
	expired []string
	sweep   bool
}

// fault remembers whether something fails, so that it is logged when it
// begins and when it ends.
type fault struct{ on bool }

func (f *fault) changed(err error) bool {
	was := f.on
	f.on = err != nil
	return f.on != was
}

// newArchive starts the worker; close ends it. It is called under p.mu.
func newArchive(p *Packager, session string) *archive {
	a := &archive{p: p, session: session}
	a.uploads.a = a
	if p.cfg.Storage == nil {
		return a
	}
	a.jobs = make(chan archiveJob, queueLength)
	a.ledger = newLedger(&p.cfg, session)
	p.wg.Add(1)
	go a.run()
	return a
}

func (a *archive) close() {
	if a.jobs != nil {
		close(a.jobs)
	}
}

func segmentKey(rendition, name string) string {
	return path.Join(storagePrefix, rendition, name)
}

// put queues a closed segment. It never blocks.
func (a *archive) put(r *rendition, s *segment) {
	if a.jobs == nil {
		a.giveUp(s)
		return
	}
	a.ledger.add(r, s)
	a.uploads.add(upload{rendition: r.name, segment: s, deadline: time.Now().Add(r.live)})
}

// expire queues the deletion of segments that nobody can ask for any more. It
// never blocks: what does not fit into the queue goes with the next ones.
func (a *archive) expire(r *rendition, gone []*segment) {
	if a.jobs == nil {
		return
	}
	for _, s := range gone {
		a.giveUp(s) // if it is not stored by now
		if s.stored.Load() == storeDone && s.dir != "" {
			continue // it is the recorder's
		}
		a.garbage = append(a.garbage, segmentKey(r.name, s.name))
	}
	if len(a.garbage) == 0 {
		return
	}
	select {
	case a.jobs <- archiveJob{expired: a.garbage}:
		a.garbage = nil
	default:
	}
}

// sweep queues the deletion of everything that is not of this session. There
// may be such of the session before, and of a process that was killed.
func (a *archive) sweep() {
	if a.jobs == nil || a.p.cfg.Sweep != nil && !a.p.cfg.Sweep() {
		return
	}
	select {
	case a.jobs <- archiveJob{sweep: true}:
	default: // the next session does it
	}
}

// abandon tells that another session is shown: what is queued is not stored,
// and what is being stored is deleted, but for what is recorded.
func (a *archive) abandon() {
	a.abandoned.Store(true)
	a.ledger.release()
}

// run ends when close was called and the queues are empty, or soon after the
// Packager's context is done.
func (a *archive) run() {
	defer a.p.wg.Done()
	defer a.ledger.end()
	for j := range a.jobs {
		switch {
		case a.abandoned.Load(): // the sweep of the other session deletes
		case j.sweep:
			a.deleteOthers()
		default:
			a.delete(j.expired)
		}
	}
	a.uploads.wait()
	a.delete(nil)
}

func (a *archive) deleteOthers() {
	ctx, cancel := context.WithTimeout(a.p.ctx, storeTimeout)
	defer cancel()
	var keys []string
	var failed error
	for info, err := range a.p.cfg.Storage.List(ctx, storagePrefix) {
		if err != nil {
			failed = err
			break
		}
		if !strings.HasPrefix(path.Base(info.Key), a.session+"-") {
			keys = append(keys, info.Key)
		}
	}
	if failed != nil {
		a.p.cfg.Logger.Warn("old segments cannot be listed", "err", failed)
	}
	a.delete(keys)
}

// delete deletes keys, and those that could not be deleted before.
func (a *archive) delete(keys []string) {
	keys = slices.Concat(a.undeleted, a.uploads.takeLate(), keys)
	a.undeleted = nil
	if len(keys) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(a.p.ctx, storeTimeout)
	defer cancel()
	err := storage.DeleteAll(ctx, a.p.cfg.Storage, keys)
	if err != nil {
		a.undeleted = keys
	}
	if a.deleting.changed(err) && err != nil {
		a.p.cfg.Logger.Warn("old segments cannot be deleted", "segments", len(keys), "err", err)
	}
}
