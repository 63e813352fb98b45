package jetstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	js "github.com/nats-io/nats.go/jetstream"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
)

const (
	// readBuffer is how many bytes of the log are asked for at a time.
	readBuffer = 16 << 20
	// firstPause and longPause are between two tries to read the log.
	firstPause = 100 * time.Millisecond
	longPause  = 5 * time.Second
)

// Keys of the metadata of the log's stream.
const (
	metaLineage = "owncast-lineage" // tells repositories apart
	metaSchema  = "owncast-schema"
)

// reader follows the log.
type reader struct {
	link    *link
	store   *store
	backups *snapshots
	writer  *writer
	cfg     *Config
	lineage string // of the repository; "" until it is known
	ready   chan struct{}
	fresh   bool // nothing was read yet

	mu   sync.Mutex // guards last
	last error      // why the log was read anew
}

// trouble is what went wrong last.
func (r *reader) trouble() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

func (r *reader) setTrouble(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = err
}

// errGap is a record that is not the next one.
var errGap = errors.New("records are missing")

// run follows the log until ctx is done, whatever becomes of NATS.
func (r *reader) run(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		epoch, err := r.link.session(ctx)
		if err != nil {
			return
		}
		before := r.store.current.Load().seq
		err = r.read(epoch)
		r.store.setBehind(true)
		r.setTrouble(err)
		if r.fatal(err) {
			r.store.fail(err)
			r.announce()
			return
		}
		if r.store.current.Load().seq > before || epoch.Err() != nil {
			pause = firstPause
		}
		if ctx.Err() == nil && epoch.Err() == nil {
			r.store.log.Warn("the log of the repository is read anew", "err", err)
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
		pause = min(2*pause, longPause)
	}
}

// fatal tells whether no further try can help.
func (r *reader) fatal(err error) bool {
	return errors.Is(err, ErrReplaced) || errors.Is(err, repository.ErrCorrupt) || errors.As(err, new(*SchemaError))
}

// announce tells who waits for the first reading that it is over.
func (r *reader) announce() {
	if r.fresh {
		r.fresh = false
		close(r.ready)
	}
}

// read follows the log until there is an error.
func (r *reader) read(ctx context.Context) error {
	info, err := r.stream(ctx)
	if err != nil {
		return err
	}
	v, err := r.start(ctx, info)
	if err != nil {
		return err
	}
	// What is read up to where the log is now is not seen before it is all
	// there, unless it is just the next records of what is seen.
	end := info.State.LastSeq
	seen := v == r.store.current.Load()
	caughtUp := func() {
		if !seen {
			r.store.replace(v)
			seen = true
		}
		r.store.setBehind(false)
		r.announce()
	}
	if v.seq >= end {
		caughtUp()
	}
	return r.link.follow(ctx, r.cfg.logName(), v.seq+1, readBuffer, func(seq, _ uint64, data []byte) error {
		if seen {
			v = r.store.current.Load() // the writer advances it, too
		}
		if seq <= v.seq {
			return nil
		}
		if seq != v.seq+1 {
			return errGap
		}
		n, err := r.next(ctx, v, seq, data)
		if err != nil {
			return err
		}
		if seen {
			r.store.advance(n, len(data))
		}
		v = n
		if seq >= end {
			caughtUp()
		}
		return nil
	})
}

// next is the version after a record.
func (r *reader) next(ctx context.Context, v *version, seq uint64, data []byte) (*version, error) {
	n, restore, err := v.after(seq, data, r.store.buckets)
	if err != nil || restore == nil {
		return n, err
	}
	loaded, err := r.backups.load(ctx, restore.snapshot)
	if err != nil {
		return nil, err
	}
	n.state = loaded.state
	r.store.restoring(restore.snapshot)
	return n, nil
}

// stream returns what NATS knows of the log, which is made if there is none.
func (r *reader) stream(ctx context.Context) (*js.StreamInfo, error) {
	ctx, cancel := r.link.call(ctx, callTime)
	defer cancel()
	s, err := r.link.js.Stream(ctx, r.cfg.logName())
	if errors.Is(err, js.ErrStreamNotFound) {
		s, err = r.create(ctx)
	}
	if err != nil {
		return nil, err
	}
	info, err := s.Info(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkSchema(info.Config.Metadata[metaSchema]); err != nil {
		return nil, err
	}
	lineage := info.Config.Metadata[metaLineage]
	if r.lineage != "" && lineage != r.lineage {
		return nil, fmt.Errorf("%w: lineage %q in place of %q", ErrReplaced, lineage, r.lineage)
	}
	r.lineage = lineage
	return info, nil
}

func (r *reader) create(ctx context.Context) (js.Stream, error) {
	lineage := r.lineage
	if lineage == "" {
		lineage = fmt.Sprintf("%016x", uint64(newRecordID()))
	}
	r.store.log.Info("the log of the repository is made", "stream", r.cfg.logName())
	s, err := r.link.js.CreateStream(ctx, js.StreamConfig{
		Name: r.cfg.logName(), Subjects: []string{r.cfg.logName()}, Description: "the repository of the owncast cluster " + r.cfg.Name,
		Storage: js.FileStorage, Replicas: r.cfg.Replicas, Compression: js.S2Compression,
		Metadata: map[string]string{metaLineage: lineage, metaSchema: fmt.Sprint(kvstore.Schema)},
	})
	if errors.Is(err, js.ErrStreamNameAlreadyInUse) { // somebody else was faster
		return r.link.js.Stream(ctx, r.cfg.logName())
	}
	return s, err
}

func checkSchema(s string) error {
	var version uint64
	if _, err := fmt.Sscan(s, &version); err != nil {
		return corrupt("the log has the schema %q", s)
	}
	if version > kvstore.Schema {
		return &SchemaError{Version: version, Supported: kvstore.Schema}
	}
	return nil
}

// start returns the version that the log, as it is, leads on from: the current
// one if that can be, and a snapshot otherwise. If NATS has lost what this node
// still has, it gets it back.
func (r *reader) start(ctx context.Context, info *js.StreamInfo) (*version, error) {
	v := r.store.current.Load()
	first, last := info.State.FirstSeq, info.State.LastSeq
	if info.State.Msgs == 0 {
		first = last + 1
	}
	switch {
	case last < v.seq:
		ours, err := r.truncated(ctx, last)
		if err != nil {
			return nil, err
		}
		if ours {
			return nil, r.reseed(ctx, v, last)
		}
		r.store.log.Error("NATS has lost a part of the log; what other nodes had is taken over", "had", v.seq, "has", last)
		return r.backups.latest(ctx, first, last)
	case first > v.seq+1, v.seq == 0: // a snapshot is faster to read than what led to it
		return r.backups.latest(ctx, first, last)
	case v.seq > 0 && last >= v.seq && first <= v.seq:
		same, err := r.is(ctx, v.seq, v.last)
		if err != nil {
			return nil, err
		}
		if !same {
			r.store.log.Error("the log is another one than before; what other nodes had is taken over", "record", v.seq)
			return r.backups.latest(ctx, first, last)
		}
	}
	return v, nil
}

// truncated tells whether the log, which ends before what this node has, is
// the beginning of that.
func (r *reader) truncated(ctx context.Context, last uint64) (bool, error) {
	if last == 0 {
		return true, nil
	}
	rec, err := r.record(ctx, last)
	if errors.Is(err, js.ErrMsgNotFound) {
		return true, nil // all of it is gone
	}
	return err == nil && r.store.follows(last, rec.id), err
}

// is tells whether the record with the number has the id.
func (r *reader) is(ctx context.Context, seq uint64, id recordID) (bool, error) {
	rec, err := r.record(ctx, seq)
	if errors.Is(err, js.ErrMsgNotFound) {
		return false, nil
	}
	return err == nil && rec.id == id, err
}

func (r *reader) record(ctx context.Context, seq uint64) (record, error) {
	ctx, cancel := r.link.call(ctx, callTime)
	defer cancel()
	s, err := r.link.js.Stream(ctx, r.cfg.logName())
	if err != nil {
		return record{}, err
	}
	m, err := s.GetMsg(ctx, seq)
	if err != nil {
		return record{}, err
	}
	return decodeRecord(m.Data)
}

// errReseeded asks for another look at the log, to which something was added.
var errReseeded = errors.New("the log was written anew")

// reseed writes what this node has behind the end of a log that has lost it.
func (r *reader) reseed(ctx context.Context, v *version, last uint64) error {
	r.store.log.Error("NATS has lost a part of the log; it gets back what this node has", "had", v.seq, "has", last)
	name := newRestoreName()
	if err := r.backups.save(ctx, v, name); err != nil {
		return err
	}
	rec := record{id: newRecordID(), kind: kindRestore, pieces: 1, data: []byte(name)}
	if err := r.writer.send(ctx, last, &rec); err != nil {
		return err
	}
	return errReseeded
}
