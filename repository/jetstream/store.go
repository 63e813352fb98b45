package jetstream

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
	"github.com/owncast-go/owncast/repository/internal/tree"
)

// remembered is how many records back the ids are known.
const remembered = 1024

// store is the repository of this node: what the log has led to so far.
type store struct {
	log     *slog.Logger
	buckets map[string]kvstore.Bucket
	current atomic.Pointer[version]
	closed  atomic.Bool

	mu     sync.Mutex // guards the rest, and changes of current
	moved  chan struct{}
	least  growth               // of the log before it is shortened
	ids    [remembered]recordID // by number
	behind bool                 // nothing is known of the log for the time being
	broken error                // why nothing will be known of it any more
	grown  growth               // since the last snapshot that is known
	// restored is a snapshot that a record has put in the place of everything,
	// as long as the log has that record; "" if there is none.
	restored string
}

// growth is how much has been added to the log.
type growth struct{ records, bytes int64 }

func newStore(log *slog.Logger) *store {
	s := &store{log: log, buckets: kvstore.Buckets(), moved: make(chan struct{}), behind: true, least: growth{compactRecords, compactBytes}}
	s.current.Store(&version{state: new(tree.State)})
	return s
}

func newRecordID() recordID {
	var b [8]byte
	for {
		_, _ = rand.Read(b[:]) // never fails
		if id := binary.BigEndian.Uint64(b[:]); id != 0 {
			return recordID(id)
		}
	}
}

// View calls fn with what this node knows, whether NATS is there or not.
func (s *store) View(ctx context.Context, fn func(kvstore.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed.Load() {
		return repository.ErrClosed
	}
	t := s.current.Load().state.Begin()
	t.ReadOnly = true
	return fn(t)
}

// advance makes v the current version, if it follows the one that is: n is
// how many bytes its record has. It tells whether it did.
func (s *store) advance(v *version, n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current.Load().seq+1 != v.seq {
		return false
	}
	s.ids[v.seq%remembered] = v.last
	s.grown.bytes += int64(n)
	s.grown.records++
	s.publish(v)
	return true
}

// replace makes v the current version, whatever that is.
func (s *store) replace(v *version) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids = [remembered]recordID{}
	s.ids[v.seq%remembered] = v.last
	s.grown = growth{}
	s.publish(v)
}

// publish wakes who waits for a change. The caller holds mu.
func (s *store) publish(v *version) {
	s.current.Store(v)
	close(s.moved)
	s.moved = make(chan struct{})
}

// changed returns the current version and what is closed when it is no longer.
func (s *store) changed() (*version, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current.Load(), s.moved
}

// wait waits until the version is as wanted.
func (s *store) wait(ctx context.Context, wanted func(*version) bool) error {
	for {
		v, moved := s.changed()
		if wanted(v) {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// follows tells whether the record with the number is the one with the id,
// as far as that is remembered.
func (s *store) follows(seq uint64, id recordID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.current.Load().seq
	return seq <= at && at-seq < remembered && s.ids[seq%remembered] == id
}

// fail notes that the log cannot be followed any further.
func (s *store) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken == nil {
		s.log.Error("the repository cannot be followed any further; writes fail until this node is started anew", "err", err)
	}
	s.broken = err
}

// writable returns an error unless writes may be tried.
func (s *store) writable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.broken != nil:
		return s.broken
	case s.behind:
		return unavailable(errors.New("the log is being read"))
	}
	return nil
}

func (s *store) setBehind(behind bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behind = behind
}

// restoring notes that a record has put a snapshot in the place of everything.
func (s *store) restoring(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restored = name
}

// compactable returns the current version if the log has become so long that
// it should be saved, and what was restored since that was last done.
func (s *store) compactable() (v *version, restored string, due bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v = s.current.Load()
	long := s.grown.records >= s.least.records && s.grown.bytes >= max(s.least.bytes, 2*v.state.Size())
	return v, s.restored, (long || s.restored != "") && s.broken == nil && !s.behind && !v.busy()
}

// compacted notes that a version was saved.
func (s *store) compacted(v *version, restored string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grown = growth{records: int64(s.current.Load().seq - v.seq)}
	if s.restored == restored {
		s.restored = ""
	}
}

// failure is why the log cannot be followed any further; nil if it can.
func (s *store) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}
