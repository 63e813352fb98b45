package hls

import (
	"context"
	"runtime/debug"
	"sync"
)

// Events are what a Packager tells its owner. The functions are called one at
// a time, must not block for long and must not call the Packager. Nil
// functions are skipped; a panic in one is logged.
type Events struct {
	StorageFailed    func(context.Context, StorageFailed)
	StorageRecovered func(context.Context, StorageRecovered)
}

// StorageFailed is the event of a Storage that did not take a segment after
// it took the one before. The live window goes on from memory.
type StorageFailed struct {
	Session string
	Err     error // as the Storage returned it
}

// StorageRecovered is the event of a Storage that takes segments again.
type StorageRecovered struct{ Session string }

// health remembers over sessions whether the storage takes segments.
type health struct {
	mu     sync.Mutex // guards failed, and puts the events in order
	failed bool
}

// storeResult notes what became of a write, and tells of a change.
func (p *Packager) storeResult(session string, err error) {
	if err != nil && p.ctx.Err() != nil {
		return // it was ended by Shutdown
	}
	p.health.mu.Lock()
	defer p.health.mu.Unlock()
	if p.health.failed == (err != nil) {
		return
	}
	p.health.failed = err != nil
	if err != nil {
		p.cfg.Logger.Error("segments cannot be stored; serving the live window from memory", "err", err)
		tell(p, p.cfg.Events.StorageFailed, StorageFailed{Session: session, Err: err})
		return
	}
	p.cfg.Logger.Info("segments can be stored again")
	tell(p, p.cfg.Events.StorageRecovered, StorageRecovered{Session: session})
}

func tell[E any](p *Packager, f func(context.Context, E), e E) {
	if f == nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			p.cfg.Logger.Error("panic recovered", "in", "storage event", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	f(p.ctx, e)
}
