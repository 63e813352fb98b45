package recording

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/owncast-go/owncast/storage"
)

// batch is how many objects are deleted at once.
const batch = 1000

// maintain reads what there is, and from then on completes, applies the
// policy and deletes.
func (l *Library) maintain() {
	defer l.wg.Done()
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		err := l.load(l.ctx)
		if err == nil {
			break
		}
		l.log.Error("recordings cannot be read", "err", err)
		if !l.pause(wait) {
			return
		}
	}
	close(l.loaded)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for last := false; !last; {
		select {
		case <-l.closing:
			last = true
		default:
		}
		l.completeAll(l.ctx)
		l.retain(l.ctx)
		l.collect(l.ctx)
		if last {
			return
		}
		select {
		case <-l.kick:
		case <-tick.C:
		case <-l.closing:
		}
	}
}

// pause waits, and tells whether the Library is still open.
func (l *Library) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-l.closing:
		return false
	}
}

// load reads the metadata of everything.
func (l *Library) load(ctx context.Context) error {
	marked, documented := map[string]bool{}, map[string]bool{}
	for info, err := range l.cfg.Storage.List(ctx, metadataPrefix) {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(info.Key, metadataPrefix)
		if id, ok := strings.CutSuffix(name, metadataSuffix); ok && validID(id) {
			documented[id] = true
		} else if id, ok := strings.CutSuffix(name, markSuffix); ok && validID(id) {
			marked[id] = true
		}
	}
	found := map[string]*entry{}
	for id := range documented {
		if _, known := l.recording(id); known {
			continue
		}
		var r Recording
		switch err := l.readJSON(ctx, metadataKey(id), &r); {
		case errors.Is(err, errFormat), err == nil && r.ID != id:
			l.log.Error("the metadata of a recording makes no sense; it is left alone", "id", id, "err", err)
			continue
		case err != nil:
			return err
		}
		found[id] = &entry{rec: r, waiting: r.State == Live}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range marked {
		if !documented[id] && l.isNew(id) {
			l.garbage[id] = true // a deletion that was cut off
		}
	}
	for id, e := range found {
		if l.isNew(id) {
			l.known[id] = e
		}
	}
	return nil
}

// isNew tells whether nothing is known of an id, and it is not about to be. The
// caller holds mu.
func (l *Library) isNew(id string) bool { return l.known[id] == nil && l.begins != id }

// completeAll completes what was live when its process ended.
func (l *Library) completeAll(ctx context.Context) {
	l.mu.Lock()
	var waiting []string
	for id, e := range l.known {
		if e.waiting {
			waiting = append(waiting, id)
		}
	}
	l.mu.Unlock()
	for _, id := range waiting {
		if err := l.restore(ctx, id); err != nil {
			l.notRestored(id, err)
		}
	}
}

// notRestored tells of the first failure; there will be other tries.
func (l *Library) notRestored(id string, err error) {
	l.mu.Lock()
	e := l.known[id]
	first := e != nil && !e.failing
	if first {
		e.failing = true
	}
	l.mu.Unlock()
	if first {
		l.failed(e.rec, err)
	}
}

// restore completes a recording from what is there. What its index does not
// know is deleted, and what is missing marked.
func (l *Library) restore(ctx context.Context, id string) error {
	x, err := l.readIndex(ctx, id)
	if err != nil {
		return err
	}
	there, err := l.media(ctx, id)
	if err != nil {
		return err
	}
	key := func(name string) string { return root(id) + rendition + name }
	kept := x.records[:0:0]
	var lost time.Duration
	for _, r := range x.records {
		if !there[key(r.Name)] || !there[key(x.headers[r.Header].Name)] {
			lost += r.Duration + r.Lost
			continue
		}
		if lost > 0 {
			r.Discontinuity = true
			r.Lost += lost
			lost = 0
		}
		kept = append(kept, r)
	}
	changed := len(kept) < len(x.records)
	x.records = kept
	if changed {
		if err := l.rewrite(ctx, id, x); err != nil {
			return err
		}
	}
	for _, r := range x.records {
		delete(there, key(r.Name))
	}
	for _, h := range x.headers {
		delete(there, key(h.Name))
	}
	delete(there, key(playlistFile))
	if err := l.complete(ctx, id, x, lost, Interrupted); err != nil {
		return err
	}
	return storage.DeleteAll(ctx, l.cfg.Storage, slices.Collect(maps.Keys(there)))
}

// media lists the objects of the rendition, and notes whether there is a
// thumbnail.
func (l *Library) media(ctx context.Context, id string) (map[string]bool, error) {
	there := map[string]bool{}
	thumbnail := false
	for info, err := range l.cfg.Storage.List(ctx, root(id)) {
		if err != nil {
			return nil, err
		}
		thumbnail = thumbnail || info.Key == root(id)+thumbnailFile
		if strings.HasPrefix(info.Key, root(id)+rendition) {
			there[info.Key] = true
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.known[id]; e != nil {
		e.rec.Thumbnail = thumbnail
	}
	return there, nil
}

// rewrite replaces the whole index by a shorter one.
func (l *Library) rewrite(ctx context.Context, id string, x index) error {
	if err := l.writePages(ctx, id, x, 0); err != nil {
		return err
	}
	var surplus []string
	for info, err := range l.cfg.Storage.List(ctx, root(id)+"index-") {
		if err != nil {
			return err
		}
		surplus = append(surplus, info.Key)
	}
	for n := 0; n*pageSize < len(x.records); n++ {
		surplus = slices.DeleteFunc(surplus, func(k string) bool { return k == pageKey(id, n) })
	}
	return storage.DeleteAll(ctx, l.cfg.Storage, surplus)
}

// retain applies the policy.
func (l *Library) retain(ctx context.Context) {
	l.mu.Lock()
	var all []Recording
	for _, e := range l.known {
		if !e.waiting {
			all = append(all, e.rec)
		}
	}
	l.mu.Unlock()
	for _, id := range l.policy.surplus(all, l.now()) {
		err := l.remove(ctx, id)
		if err != nil && !errors.Is(err, ErrNotFound) && ctx.Err() == nil {
			l.log.Warn("an old recording cannot be deleted", "id", id, "err", err)
			return
		}
		l.log.Info("an old recording was deleted", "id", id)
	}
}

// collect deletes the media that nobody needs any more.
func (l *Library) collect(ctx context.Context) {
	l.mu.Lock()
	var ids []string
	for id := range l.garbage {
		if l.held[id] == 0 {
			ids = append(ids, id)
		}
	}
	l.mu.Unlock()
	for _, id := range ids {
		if err := l.erase(ctx, id); err != nil {
			if ctx.Err() == nil {
				l.log.Warn("the media of a recording cannot be deleted", "id", id, "err", err)
			}
			continue
		}
		l.mu.Lock()
		delete(l.garbage, id)
		l.mu.Unlock()
	}
}

// erase deletes everything of an id, its mark last. There may be metadata of
// a clip, where writing them has failed and not failed.
func (l *Library) erase(ctx context.Context, id string) error {
	if err := l.cfg.Storage.Delete(ctx, metadataKey(id)); err != nil {
		return err
	}
	var keys []string
	for info, err := range l.cfg.Storage.List(ctx, root(id)) {
		if err != nil {
			return err
		}
		keys = append(keys, info.Key)
	}
	for part := range slices.Chunk(keys, batch) {
		if err := storage.DeleteAll(ctx, l.cfg.Storage, part); err != nil {
			return err
		}
	}
	return l.cfg.Storage.Delete(ctx, markKey(id))
}
