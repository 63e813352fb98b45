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

const (
	// snapshotTime is how long a snapshot may take to be written or read.
	snapshotTime = 5 * time.Minute
	// chunkSize is how many bytes of a snapshot are a message.
	chunkSize = 256 << 10
	// readAhead is how many bytes of one are asked for at a time.
	readAhead = 8 << 20
)

// Names of snapshots begin with these.
const (
	statePrefix   = "state-"   // of one that a log leads on from: the number of the record follows
	restorePrefix = "restore-" // of one that a record puts in the place of everything
)

// snapshots are those that NATS has: in a stream of their own, each with a
// subject for what it consists of, and another one for a message that tells
// that it is all there.
type snapshots struct {
	link   *link
	cfg    *Config
	verify func(ctx context.Context, seq uint64, id recordID) (bool, error) // whether a record of the log has the id
}

// endToken is behind the subject of a snapshot that is all there.
const endToken = ".end"

func (s *snapshots) subject(name string) string { return s.cfg.snapshotsName() + "." + name }

// stream returns the stream, which is made if there is none.
func (s *snapshots) stream(ctx context.Context) (js.Stream, error) {
	st, err := s.link.js.Stream(ctx, s.cfg.snapshotsName())
	if errors.Is(err, js.ErrStreamNotFound) {
		st, err = s.link.js.CreateOrUpdateStream(ctx, js.StreamConfig{
			Name: s.cfg.snapshotsName(), Subjects: []string{s.cfg.snapshotsName() + ".>"},
			Description: "snapshots of the repository of the owncast cluster " + s.cfg.Name,
			Storage:     js.FileStorage, Replicas: s.cfg.Replicas, Compression: js.S2Compression,
		})
	}
	return st, err
}

// save writes a version under a name that nobody else uses.
func (s *snapshots) save(ctx context.Context, v *version, name string) error {
	ctx, cancel := s.link.call(ctx, snapshotTime)
	defer cancel()
	if _, err := s.stream(ctx); err != nil {
		return err
	}
	w := &chunkWriter{ctx: ctx, s: s, subject: s.subject(name), room: min(chunkSize, int(s.link.nc.MaxPayload())-maxHeaders)}
	err := v.dump(w)
	if err == nil {
		err = w.flush()
	}
	if err == nil {
		_, err = s.link.js.Publish(ctx, w.subject+endToken, nil)
	}
	if err != nil {
		return errors.Join(err, s.delete(context.WithoutCancel(ctx), name))
	}
	return nil
}

// chunkWriter publishes what it is given.
type chunkWriter struct {
	ctx     context.Context //nolint:containedctx // of the one snapshot
	s       *snapshots
	subject string
	room    int
	buf     []byte
}

func (w *chunkWriter) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if len(w.buf) == w.room {
			if err := w.flush(); err != nil {
				return n - len(b), err
			}
		}
		take := min(len(b), w.room-len(w.buf))
		w.buf, b = append(w.buf, b[:take]...), b[take:]
	}
	return n, nil
}

func (w *chunkWriter) flush() error {
	_, err := w.s.link.js.Publish(w.ctx, w.subject, w.buf)
	w.buf = w.buf[:0]
	return err
}

// errNoSnapshot is a snapshot that is not there, or not any more.
var errNoSnapshot = errors.New("the snapshot is not there")

// load reads the snapshot of a name.
func (s *snapshots) load(ctx context.Context, name string) (*version, error) {
	ctx, cancel := s.link.call(ctx, snapshotTime)
	defer cancel()
	st, err := s.stream(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := st.GetLastMsgForSubject(ctx, s.subject(name)+endToken); err != nil {
		if errors.Is(err, js.ErrMsgNotFound) {
			err = fmt.Errorf("%w: %s", errNoSnapshot, name)
		}
		return nil, err
	}
	c, err := st.CreateConsumer(ctx, js.ConsumerConfig{
		FilterSubject: s.subject(name), DeliverPolicy: js.DeliverAllPolicy, AckPolicy: js.AckNonePolicy,
		InactiveThreshold: time.Minute, MemoryStorage: true, Replicas: 1,
	})
	if err != nil {
		return nil, err
	}
	messages, err := c.Messages(js.PullMaxMessagesWithBytesLimit(500, readAhead), js.PullHeartbeat(2*time.Second), js.PullExpiry(10*time.Second))
	if err != nil {
		return nil, err
	}
	defer messages.Stop()
	r := &chunkReader{ctx: ctx, messages: messages, left: c.CachedInfo().NumPending}
	v, err := readVersion(r, s.cfg.MaxBytes)
	if r.err != nil {
		return nil, unavailable(r.err) // whatever came of that
	}
	return v, err
}

// chunkReader reads what a chunkWriter has published.
type chunkReader struct {
	ctx      context.Context //nolint:containedctx // of the one snapshot
	messages js.MessagesContext
	left     uint64
	buf      []byte
	err      error // of NATS
}

func (r *chunkReader) Read(p []byte) (int, error) {
	for len(r.buf) == 0 {
		if r.left == 0 {
			return 0, io.EOF
		}
		// If somebody deletes it meanwhile, nothing comes any more.
		ctx, cancel := context.WithTimeout(r.ctx, callTime)
		m, err := r.messages.Next(js.NextContext(ctx))
		cancel()
		if err != nil {
			r.err = err
			return 0, err
		}
		r.left--
		r.buf = m.Data()
	}
	n := copy(p, r.buf)
	r.buf = r.buf[n:]
	return n, nil
}

// names are those of all snapshots that are there.
func (s *snapshots) names(ctx context.Context) ([]string, error) {
	ctx, cancel := s.link.call(ctx, callTime)
	defer cancel()
	st, err := s.stream(ctx)
	if err != nil {
		return nil, err
	}
	info, err := st.Info(ctx, js.WithSubjectFilter(s.cfg.snapshotsName()+".*"+endToken))
	if err != nil {
		return nil, err
	}
	var names []string
	for subject := range info.State.Subjects {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(subject, s.cfg.snapshotsName()+"."), endToken))
	}
	return names, nil
}

// saved is a state that was saved.
type saved struct {
	seq  uint64
	name string
}

// states are those there are, the newest first.
func (s *snapshots) states(ctx context.Context) ([]saved, error) {
	names, err := s.names(ctx)
	var list []saved
	for _, name := range names {
		rest, ok := strings.CutPrefix(name, statePrefix)
		digits, _, _ := strings.Cut(rest, "-")
		if n, err := strconv.ParseUint(digits, 10, 64); ok && err == nil {
			list = append(list, saved{n, name})
		}
	}
	slices.SortFunc(list, func(a, b saved) int { return cmp.Or(cmp.Compare(b.seq, a.seq), cmp.Compare(a.name, b.name)) })
	return list, err
}

func newStateName(seq uint64) string {
	return fmt.Sprintf("%s%d-%016x", statePrefix, seq, uint64(newRecordID()))
}

func newRestoreName() string { return fmt.Sprintf("%s%016x", restorePrefix, uint64(newRecordID())) }

// latest returns the newest state that a log of the records from first to last
// leads on from. It is empty if all records are there.
func (s *snapshots) latest(ctx context.Context, first, last uint64) (*version, error) {
	states, err := s.states(ctx)
	if err != nil {
		return nil, err
	}
	for _, st := range states {
		if st.seq > last || st.seq+1 < first {
			continue
		}
		v, err := s.load(ctx, st.name)
		if err != nil {
			return nil, err
		}
		same := true
		if st.seq >= first {
			if same, err = s.verify(ctx, st.seq, v.last); err != nil {
				return nil, err
			}
		}
		if same && v.seq == st.seq {
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
	name := newStateName(v.seq)
	if err := s.save(ctx, v, name); err != nil {
		return false, err
	}
	same, err := s.verify(ctx, v.seq, v.last)
	if err != nil || !same {
		return false, errors.Join(err, s.delete(ctx, name))
	}
	if v.seq > keep {
		if err := s.purgeLog(ctx, v.seq-keep+1); err != nil {
			return false, err
		}
	}
	states, err := s.states(ctx)
	older := 0
	for _, st := range states {
		if st.seq > v.seq || st.name == name {
			continue
		}
		if older++; older > 1 {
			err = errors.Join(err, s.delete(ctx, st.name))
		}
	}
	return true, err
}

// purgeLog takes the records before a number out of the log.
func (s *snapshots) purgeLog(ctx context.Context, before uint64) error {
	ctx, cancel := s.link.call(ctx, callTime)
	defer cancel()
	st, err := s.link.js.Stream(ctx, s.cfg.logName())
	if err != nil {
		return err
	}
	return st.Purge(ctx, js.WithPurgeSequence(before))
}

// delete deletes a snapshot, the end of it first.
func (s *snapshots) delete(ctx context.Context, name string) error {
	ctx, cancel := s.link.call(ctx, callTime)
	defer cancel()
	st, err := s.stream(ctx)
	if err != nil {
		return err
	}
	return errors.Join(st.Purge(ctx, js.WithPurgeSubject(s.subject(name)+endToken)), st.Purge(ctx, js.WithPurgeSubject(s.subject(name))))
}
