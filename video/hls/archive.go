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
	queueLength   = 16 // segments waiting for the storage, of all renditions
	storeTimeout  = 30 * time.Second
	segmentMaxAge = 365 * 24 * time.Hour
)

// archive writes the segments of one session to the storage, in order and
// behind a bounded queue, and deletes what no playlist names any more.
type archive struct {
	p       *Packager
	session string
	jobs    chan archiveJob
	failing atomic.Bool
	expired []expiry // of the worker alone
}

type archiveJob struct {
	rendition string
	segment   *segment // to be stored, or
	expired   []string // keys to be deleted after wait
	wait      time.Duration
}

type expiry struct {
	at   time.Time
	keys []string
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

// expire queues segments that are no longer listed. A player that has read
// the last playlist which did may still ask for them for as long as that
// playlist was.
func (a *archive) expire(r *rendition, gone []*segment) {
	if a.jobs == nil || len(gone) == 0 {
		return
	}
	keys := make([]string, len(gone))
	for i, s := range gone {
		keys[i] = segmentKey(r.name, s.name)
	}
	select {
	case a.jobs <- archiveJob{expired: keys, wait: r.window}:
	default: // the sweep of the next session finds them
	}
}

// run ends when close was called and the queue is empty, or soon after the
// Packager's context is done.
func (a *archive) run() {
	defer a.p.wg.Done()
	a.sweep()
	for j := range a.jobs {
		if j.segment != nil {
			a.store(j.rendition, j.segment)
		} else {
			a.expired = append(a.expired, expiry{at: time.Now().Add(j.wait), keys: j.expired})
		}
		for len(a.expired) > 0 && time.Now().After(a.expired[0].at) {
			a.delete(a.expired[0].keys)
			a.expired = a.expired[1:]
		}
	}
}

func (a *archive) store(rendition string, s *segment) {
	b, ok := s.body()
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(a.p.ctx, storeTimeout)
	defer cancel()
	err := a.p.cfg.Storage.Put(ctx, segmentKey(rendition, s.name), b.reader(),
		storage.PutOptions{ContentType: mediaType, MaxAge: segmentMaxAge})
	if err != nil {
		s.stored.Store(storeFailed)
		a.p.stats.failed.Add(1)
		if !a.failing.Swap(true) {
			a.p.cfg.Logger.Error("segments cannot be stored; serving the live window from memory", "err", err)
		}
		return
	}
	s.stored.Store(storeDone)
	a.p.stats.stored.Add(1)
	if a.failing.Swap(false) {
		a.p.cfg.Logger.Info("segments can be stored again")
	}
}

// sweep deletes what earlier sessions left, in this process or one that was
// killed.
func (a *archive) sweep() {
	var keys []string
	for info, err := range a.p.cfg.Storage.List(a.p.ctx, storagePrefix) {
		if err != nil {
			a.p.cfg.Logger.Warn("old segments cannot be listed", "err", err)
			break
		}
		if !strings.HasPrefix(path.Base(info.Key), a.session+"-") {
			keys = append(keys, info.Key)
		}
	}
	a.delete(keys)
}

func (a *archive) delete(keys []string) {
	if len(keys) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(a.p.ctx, storeTimeout)
	defer cancel()
	if err := storage.DeleteAll(ctx, a.p.cfg.Storage, keys); err != nil {
		a.p.cfg.Logger.Warn("old segments cannot be deleted", "segments", len(keys), "err", err)
	}
}
