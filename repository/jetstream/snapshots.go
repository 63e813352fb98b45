package jetstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	js "github.com/nats-io/nats.go/jetstream"

	"github.com/owncast-go/owncast/repository/internal/tree"
)

// Names of snapshots: one that a log leads on from, and one that a record puts
// in the place of everything.
const (
	statePrefix   = "state-" // and the number of the record, in 20 digits
	restorePrefix = "restore-"
)

// snapshotTime is how long a snapshot may take to be written or read.
const snapshotTime = 5 * time.Minute

// snapshots are those that NATS has, in an object store.
type snapshots struct {
	link   *link
	cfg    *Config
	verify func(ctx context.Context, seq uint64, id recordID) (bool, error) // whether a record of the log has the id
}

// bucket returns the object store, which is made if there is none.
func (s *snapshots) bucket(ctx context.Context) (js.ObjectStore, error) {
	b, err := s.link.js.ObjectStore(ctx, s.cfg.snapshotsName())
	if errors.Is(err, js.ErrBucketNotFound) {
		b, err = s.link.js.CreateOrUpdateObjectStore(ctx, js.ObjectStoreConfig{
			Bucket: s.cfg.snapshotsName(), Description: "snapshots of the repository of the owncast cluster " + s.cfg.Name,
			Storage: js.FileStorage, Replicas: s.cfg.Replicas, Compression: true,
		})
	}
	return b, err
}

// save writes a version under a name.
func (s *snapshots) save(ctx context.Context, v *version, name string) error {
	ctx, cancel := s.link.call(ctx, snapshotTime)
	defer cancel()
	b, err := s.bucket(ctx)
	if err != nil {
		return err
	}
	r, w := io.Pipe()
	written := make(chan struct{})
	go func() { // ends when the pipe is closed
		defer close(written)
		_ = w.CloseWithError(v.dump(w)) // never fails
	}()
	_, err = b.Put(ctx, js.ObjectMeta{Name: name}, r)
	_ = r.Close() // never fails
	<-written
	return err
}

// load reads the snapshot of a name.
func (s *snapshots) load(ctx context.Context, name string) (*version, error) {
	ctx, cancel := s.link.call(ctx, snapshotTime)
	defer cancel()
	b, err := s.bucket(ctx)
	if err != nil {
		return nil, err
	}
	o, err := b.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	defer o.Close() //nolint:errcheck // only read from
	v, err := readVersion(o, s.cfg.MaxBytes)
	if oerr := o.Error(); err != nil && oerr != nil && !errors.Is(oerr, io.EOF) {
		return nil, oerr // it could not be read, whatever came of that
	}
	return v, err
}

// numbers are those of the states there are, the newest first.
func (s *snapshots) numbers(ctx context.Context) ([]uint64, error) {
	ctx, cancel := s.link.call(ctx, callTime)
	defer cancel()
	b, err := s.bucket(ctx)
	if err != nil {
		return nil, err
	}
	list, err := b.List(ctx)
	if err != nil && !errors.Is(err, js.ErrNoObjectsFound) {
		return nil, err
	}
	var seqs []uint64
	for _, o := range list {
		digits, ok := strings.CutPrefix(o.Name, statePrefix)
		if n, err := strconv.ParseUint(digits, 10, 64); ok && err == nil {
			seqs = append(seqs, n)
		}
	}
	slices.SortFunc(seqs, func(a, b uint64) int { return cmp.Compare(b, a) })
	return seqs, nil
}

func newRestoreName() string { return fmt.Sprintf("%s%016x", restorePrefix, uint64(newRecordID())) }

func stateName(seq uint64) string { return fmt.Sprintf("%s%020d", statePrefix, seq) }

// latest returns the newest state that a log of the records from first to last
// leads on from. It is empty if all records are there.
func (s *snapshots) latest(ctx context.Context, first, last uint64) (*version, error) {
	seqs, err := s.numbers(ctx)
	if err != nil {
		return nil, err
	}
	for _, seq := range seqs {
		if seq > last || seq+1 < first {
			continue
		}
		v, err := s.load(ctx, stateName(seq))
		if err != nil {
			return nil, err
		}
		same := true
		if seq >= first {
			if same, err = s.verify(ctx, seq, v.last); err != nil {
				return nil, err
			}
		}
		if same && v.seq == seq {
			return v, nil
		}
	}
	if first > 1 {
		return nil, corrupt("the log begins with record %d, and there is no snapshot of what was before", first)
	}
	return &version{state: new(tree.State)}, nil
}

// compact saves a version, and takes out of the log what led to it, but for
// the last keep records, from which nodes that were away for a moment read on.
// It tells whether the version was of use: it is not if the log has become
// another one, or if somebody has saved a newer one.
func (s *snapshots) compact(ctx context.Context, v *version, keep uint64) (bool, error) {
	if err := s.save(ctx, v, stateName(v.seq)); err != nil {
		return false, err
	}
	ctx, cancel := s.link.call(ctx, snapshotTime)
	defer cancel()
	same, err := s.verify(ctx, v.seq, v.last)
	if err != nil || !same {
		return false, errors.Join(err, s.delete(ctx, stateName(v.seq)))
	}
	stream, err := s.link.js.Stream(ctx, s.cfg.logName())
	if err != nil {
		return false, err
	}
	if v.seq > keep {
		if err := stream.Purge(ctx, js.WithPurgeSequence(v.seq-keep+1)); err != nil {
			return false, err
		}
	}
	seqs, err := s.numbers(ctx)
	if err != nil {
		return false, err
	}
	older := 0
	for _, n := range seqs {
		if n >= v.seq {
			continue
		}
		if older++; older > 1 {
			err = errors.Join(err, s.delete(ctx, stateName(n)))
		}
	}
	return true, err
}

func (s *snapshots) delete(ctx context.Context, name string) error {
	b, err := s.bucket(ctx)
	if err != nil {
		return err
	}
	if err := b.Delete(ctx, name); !errors.Is(err, js.ErrObjectNotFound) {
		return err
	}
	return nil
}
