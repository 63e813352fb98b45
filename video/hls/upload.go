package hls

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/owncast-go/owncast/storage"
)

const (
	parallelUploads = 4   // at a time, of one session
	maxQueued       = 256 // segments that wait, of all renditions
	// leastTry is how long a write may take at least: a shorter one only
	// makes a slow storage slower.
	leastTry   = 5 * time.Second
	firstPause = 500 * time.Millisecond // before a write is tried again
	longPause  = 5 * time.Second
)

// uploads writes the segments of one session to the storage, in the order in
// which they come but several at a time, and tries again what fails.
//
// Playlists do not need the order: a segment is served from memory until its
// own write is confirmed, and one that leaves the memory before takes those
// before it off the list (rendition.trim). What needs an order is the
// deletion of a segment whose write is not over. Whoever comes first changes
// segment.stored from storePending, and only once: if that was expire, the
// upload deletes what it has written.
//
// The memory that it holds is that of the live window, from which a segment
// is written until it leaves, and of the writes that are under way then.
type uploads struct {
	a       *archive
	failing atomic.Bool  // the last write failed, or one takes long
	took    atomic.Int64 // how long the last write took that did not fail

	wg      sync.WaitGroup // of the workers
	mu      sync.Mutex     // guards what follows
	queue   []upload
	workers int
	busy    int      // workers that write
	late    []string // keys to be deleted as they were written too late
}

// upload is a segment to be stored by a time: when it will have left the
// memory.
type upload struct {
	rendition string
	key       string // decided when it is about to be written
	recorded  bool   // the key is a recorder's
	segment   *segment
	deadline  time.Time
}

// settle is called by whoever decides what becomes of a segment. It tells
// whether nobody did before.
func (s *segment) settle(state int32) bool { return s.stored.CompareAndSwap(storePending, state) }

// giveUp marks a segment that the storage does not get.
func (a *archive) giveUp(s *segment) {
	if s.settle(storeFailed) && a.jobs != nil {
		a.p.stats.dropped.Add(1)
		a.ledger.settle()
	}
}

// add queues a segment. It never blocks. It is not called after wait.
func (u *uploads) add(j upload) {
	u.mu.Lock()
	defer u.mu.Unlock()
	// What nobody can ask for any more need not be kept in memory.
	u.queue = slices.DeleteFunc(u.queue, func(q upload) bool { return q.segment.stored.Load() != storePending })
	if len(u.queue) >= maxQueued {
		u.a.giveUp(j.segment)
		return
	}
	u.queue = append(u.queue, j)
	if u.workers < parallelUploads {
		u.workers++
		u.wg.Go(u.work)
	}
}

// waiting is how many segments are queued or being written.
func (u *uploads) waiting() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.queue) + u.busy
}

// wait returns when the queue is empty and no write is under way.
func (u *uploads) wait() { u.wg.Wait() }

// work ends when the queue is empty.
func (u *uploads) work() {
	for {
		u.mu.Lock()
		if len(u.queue) == 0 {
			u.queue = nil
			u.workers--
			u.mu.Unlock()
			return
		}
		j := u.queue[0]
		u.queue[0] = upload{} // which would keep its bytes
		u.queue = u.queue[1:]
		u.busy++
		u.mu.Unlock()
		u.store(j)
		u.mu.Lock()
		u.busy--
		u.mu.Unlock()
	}
}

// store writes one segment, until it is stored or no longer wanted.
func (u *uploads) store(j upload) {
	ctx, cancel := context.WithDeadline(u.a.p.ctx, j.deadline)
	defer cancel()
	if j.segment.stored.Load() == storePending {
		j.segment.dir = u.a.ledger.dir(ctx, j.rendition)
	}
	j.key, j.recorded = j.segment.key(j.rendition), j.segment.dir != ""
	tries := 0
	for pause := firstPause; u.wanted(j) && u.inTime(j); pause = min(2*pause, longPause) {
		if tries++; tries > 1 {
			u.a.p.stats.retries.Add(1)
		}
		err := u.put(ctx, j)
		u.result(err, tries > 1)
		if err == nil && !u.dropped(j) && j.segment.settle(storeDone) {
			u.a.p.stats.stored.Add(1)
			u.a.ledger.settle()
			return
		}
		if err == nil || !u.pause(ctx, pause) {
			break
		}
	}
	if tries > 0 && !u.wanted(j) {
		u.tooLate(j.key) // it may be there, whatever the storage said
	}
	u.a.giveUp(j.segment)
}

// wanted tells whether anybody may still ask for the segment.
func (u *uploads) wanted(j upload) bool {
	return !u.dropped(j) && j.segment.stored.Load() == storePending
}

// dropped tells whether the segment's session cannot be watched any more,
// neither live nor as a recording.
func (u *uploads) dropped(j upload) bool { return u.a.abandoned.Load() && !j.recorded }

// inTime tells whether a write that begins now can be expected to end in
// time. Of a storage that is too slow for all segments, some get all of it.
func (u *uploads) inTime(j upload) bool {
	return u.a.p.ctx.Err() == nil && time.Until(j.deadline) > time.Duration(u.took.Load())
}

var errGone = errors.New("hls: the segment is no longer in memory")

// put writes a segment once. It takes half of the time that is left, so that
// a connection that hangs leaves some for another one.
func (u *uploads) put(ctx context.Context, j upload) error {
	b, ok := j.segment.body()
	if !ok {
		return errGone
	}
	// Nobody is sent to a storage that does not answer.
	slow := time.AfterFunc(leastTry, func() { u.failing.Store(true) })
	defer slow.Stop()
	ctx, cancel := context.WithTimeout(ctx, min(max(time.Until(j.deadline)/2, leastTry), storeTimeout))
	defer cancel()
	start := time.Now()
	err := u.a.p.cfg.Storage.Put(ctx, j.key, b.reader(), storage.PutOptions{ContentType: mediaType, MaxAge: segmentMaxAge})
	if err == nil {
		u.took.Store(int64(time.Since(start)))
	}
	return err
}

// pause waits before another try, about as long as d, and tells whether there
// is to be one: not once the Packager shuts down.
func (u *uploads) pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d/2 + rand.N(d))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-u.a.p.quit:
	}
	return false
}

// result tells when the storage begins to fail, and when it works again. A
// failure that is gone with the next try is only counted.
func (u *uploads) result(err error, lasting bool) {
	u.failing.Store(err != nil)
	if err != nil {
		u.a.p.stats.failed.Add(1)
	}
	select {
	case <-u.a.p.quit:
		lasting = true
	default:
	}
	if err == nil || lasting {
		u.a.p.storeResult(u.a.session, err)
	}
}

// tooLate remembers an object that nothing will name.
func (u *uploads) tooLate(key string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.late = append(u.late, key)
}

// takeLate returns what tooLate has remembered.
func (u *uploads) takeLate() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	keys := u.late
	u.late = nil
	return keys
}
