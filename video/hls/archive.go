package hls

import (
	"context"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/owncast-go/owncast/storage"
)

const (
	storagePrefix = "hls/"
	queueLength   = 16 // jobs waiting for the storage, of all renditions
	storeTimeout  = 30 * time.Second
	segmentMaxAge = 365 * 24 * time.Hour
)

// archive writes the segments of one session to the storage, in order and
// behind a bounded queue, and deletes what can no longer be asked for.
type archive struct {
	p         *Packager
	session   string
	jobs      chan archiveJob
	abandoned atomic.Bool // another session is shown

	garbage []string // of the writer: keys that did not fit into the queue yet

	// Of the worker alone.
	undeleted         []string
	storing, deleting fault
}

// archiveJob is a segment to be stored, keys to be deleted, or a sweep.
type archiveJob struct {
	rendition string
	segment   *segment
	expired   []string
	sweep     bool
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
	if p.cfg.Storage == nil {
		return a
	}
	a.jobs = make(chan archiveJob, queueLength)
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
		s.stored.Store(storeFailed)
		return
	}
	select {
	case a.jobs <- archiveJob{rendition: r.name, segment: s}:
	default:
		s.stored.Store(storeFailed)
		a.p.stats.dropped.Add(1)
	}
}

// expire queues the deletion of segments that nobody can ask for any more. It
// never blocks: what does not fit into the queue goes with the next ones.
func (a *archive) expire(r *rendition, gone []*segment) {
	if a.jobs == nil {
		return
	}
	for _, s := range gone {
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
	if a.jobs == nil {
		return
	}
	select {
	case a.jobs <- archiveJob{sweep: true}:
	default: // the next session does it
	}
}

// abandon tells that another session is shown: what is queued is not stored,
// and what is being stored is deleted.
func (a *archive) abandon() { a.abandoned.Store(true) }

// run ends when close was called and the queue is empty, or soon after the
// Packager's context is done.
func (a *archive) run() {
	defer a.p.wg.Done()
	for j := range a.jobs {
		switch {
		case a.abandoned.Load():
		case j.sweep:
			a.deleteOthers()
		case j.segment != nil:
			a.store(j.rendition, j.segment)
		default:
			a.delete(j.expired)
		}
	}
}

func (a *archive) store(rendition string, s *segment) {
	b, ok := s.body()
	if !ok {
		return
	}
	key := segmentKey(rendition, s.name)
	ctx, cancel := context.WithTimeout(a.p.ctx, storeTimeout)
	defer cancel()
	err := a.p.cfg.Storage.Put(ctx, key, b.reader(), storage.PutOptions{ContentType: mediaType, MaxAge: segmentMaxAge})
	if err != nil {
		s.stored.Store(storeFailed)
		a.p.stats.failed.Add(1)
	} else {
		s.stored.Store(storeDone)
		a.p.stats.stored.Add(1)
	}
	switch changed := a.storing.changed(err); {
	case changed && err != nil:
		a.p.cfg.Logger.Error("segments cannot be stored; serving the live window from memory", "err", err)
	case changed:
		a.p.cfg.Logger.Info("segments can be stored again")
	}
	if err == nil && a.abandoned.Load() {
		a.delete([]string{key})
	}
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
	keys = append(a.undeleted, keys...)
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
