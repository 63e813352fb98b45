package recording

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"sort"
	"sync"
	"time"

	"github.com/owncast-go/owncast/storage"
)

const (
	writeTimeout = 30 * time.Second
	// patience is how long a caller waits for a storage that has not told yet
	// what there is.
	patience = 5 * time.Second
	// interval is how often the policy is applied, and what failed tried
	// again.
	interval = 10 * time.Minute
)

// Config is what a [Library] is made of.
type Config struct {
	// Storage has everything that is recorded, and is the Packager's.
	// Required. What is under "recordings/" and "recorded/" in it is the
	// Library's alone.
	Storage storage.Storage
	// Policy is what is kept.
	Policy Policy
	// Title is asked for the title of a session when it begins. It may block
	// for a few seconds. Nil stands for none.
	Title func(context.Context) (string, error)
	// Thumbnail is asked for a picture in JPEG of the session as it is now,
	// when the recording has the length that the policy wants, and again with
	// each segment until it has one; not after an error. It holds up the
	// recording's own notes and nothing else. Nil leaves recordings without.
	Thumbnail func(ctx context.Context, session string) ([]byte, error)
	// Events are told what becomes of recordings.
	Events Events
	// Logger gets what goes wrong with the storage. Nil discards it.
	Logger *slog.Logger
}

// Events are what a Library tells its owner, from goroutines of its own. The
// functions may be called at the same time for different recordings, and may
// call the Library's methods, but Shutdown. Nil functions are skipped; a panic
// in one is logged.
type Events struct {
	Ready  func(context.Context, Ready)
	Failed func(context.Context, Failed)
}

// Ready is the event of a recording that has ended and will not change, and
// of a clip.
type Ready struct{ Recording Recording }

// Failed is the event of a recording that cannot be begun, noted or
// completed at present. It is told once for each time that this begins; what
// can be tried again is.
type Failed struct {
	Recording Recording
	Err       error
}

// Library has the recordings in a storage. It is a hls.Recorder and an
// [http.Handler] for viewers. A storage has one Library at a time. Make one
// with [New]; its methods are safe for concurrent use.
type Library struct {
	cfg    Config
	policy Policy
	log    *slog.Logger
	now    func() time.Time

	ctx     context.Context // ends what the storage is asked
	cancel  context.CancelFunc
	closing chan struct{} // closed when Shutdown begins
	loaded  chan struct{} // closed when known has what the storage has
	kick    chan struct{} // there is something for maintain
	turn    chan struct{} // held while metadata is changed in the storage
	cutting chan struct{} // held while a clip is made

	mu      sync.Mutex // guards the rest, and adding to wg
	known   map[string]*entry
	garbage map[string]bool // ids whose media are to be deleted
	held    map[string]int  // ids whose media are in use, and by how many
	begins  string          // the id that is about to be known
	refused string          // the session that last could not be begun
	started bool
	closed  bool
	wg      sync.WaitGroup // of maintain, takes and clips
}

// entry is what is known of a recording. Library.mu guards it.
type entry struct {
	rec     Recording
	take    *take // nil when it has ended
	waiting bool  // it is to be completed, and not to be seen before
	failing bool  // that was tried, and told of
}

// New returns a Library that has read nothing yet. It starts nothing.
func New(cfg Config) (*Library, error) {
	if cfg.Storage == nil {
		return nil, errors.New("recording: config without a Storage")
	}
	if err := cfg.Policy.Validate(); err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	l := &Library{
		cfg: cfg, policy: cfg.Policy.withDefaults(), log: cfg.Logger, now: time.Now,
		closing: make(chan struct{}), loaded: make(chan struct{}), kick: make(chan struct{}, 1),
		turn: make(chan struct{}, 1), cutting: make(chan struct{}, 1),
		known: map[string]*entry{}, garbage: map[string]bool{}, held: map[string]int{},
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l, nil
}

// Start reads what there is, completes what a killed process was recording,
// and applies the policy, all of it in the background: methods that need it
// wait for the reading, for some seconds. A storage that does not answer is
// asked again. A second call does nothing.
func (l *Library) Start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.started || l.closed {
		return
	}
	l.started = true
	l.wg.Add(1)
	go l.maintain() // ends with closing
}

// Shutdown completes the recordings whose session has ended, and waits for
// that or for ctx; what is not completed then, is with the next Start. It may
// be called more than once. End the Packager first.
func (l *Library) Shutdown(ctx context.Context) error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.closing)
	}
	l.mu.Unlock()
	idle := make(chan struct{})
	go func() { // ends soon after l.ctx
		l.wg.Wait()
		close(idle)
	}()
	defer l.cancel()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
	}
	l.cancel()
	t := time.NewTimer(time.Second)
	defer t.Stop()
	select {
	case <-idle:
	case <-t.C:
	}
	return ctx.Err()
}

// List returns recordings and clips, the newest first, and how many there
// are: limit of them from offset on. A limit of 0 returns all. A recording is
// listed when it is long enough to be kept.
func (l *Library) List(ctx context.Context, offset, limit int) (page []Recording, total int, err error) {
	if err := l.ready(ctx); err != nil {
		return nil, 0, err
	}
	l.mu.Lock()
	all := make([]Recording, 0, len(l.known))
	for _, e := range l.known {
		if l.visible(e) {
			all = append(all, e.rec)
		}
	}
	l.mu.Unlock()
	sort.Slice(all, func(i, j int) bool { return older(all[j], all[i]) < 0 })
	total = len(all)
	offset = min(max(offset, 0), total)
	if limit <= 0 || limit > total-offset {
		limit = total - offset
	}
	return all[offset : offset+limit], total, nil
}

// visible is called under mu.
func (l *Library) visible(e *entry) bool {
	return e.take == nil && !e.waiting || e.take != nil && e.rec.Segments > 0 && e.rec.Duration >= l.policy.MinDuration
}

// Lookup returns a recording that List would, or [ErrNotFound].
func (l *Library) Lookup(ctx context.Context, id string) (Recording, error) {
	if err := l.ready(ctx); err != nil {
		return Recording{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.known[id]
	if e == nil || !l.visible(e) {
		return Recording{}, ErrNotFound
	}
	return e.rec, nil
}

// Update is a change of a recording. Nil leaves things as they are.
type Update struct {
	Title  *string // of 300 characters at the most
	Pinned *bool   // the policy does not delete what is pinned
}

// Update changes a recording, which may be live, and returns it.
func (l *Library) Update(ctx context.Context, id string, u Update) (Recording, error) {
	if err := l.ready(ctx); err != nil {
		return Recording{}, err
	}
	if err := l.lockTurn(ctx); err != nil {
		return Recording{}, err
	}
	defer l.unlockTurn()
	r, err := l.Lookup(ctx, id)
	if err != nil {
		return Recording{}, err
	}
	if u.Title != nil {
		if r.Title, err = cleanTitle(*u.Title); err != nil {
			return Recording{}, err
		}
	}
	if u.Pinned != nil {
		r.Pinned = *u.Pinned
	}
	if err := l.writeJSON(ctx, metadataKey(id), r); err != nil {
		return Recording{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.known[id]
	e.rec.Title, e.rec.Pinned = r.Title, r.Pinned
	return e.rec, nil
}

// Delete deletes a recording: at once for whoever asks for it, and its media
// soon after, when nothing that is being watched or copied needs them. The
// live one is refused with [ErrLive].
func (l *Library) Delete(ctx context.Context, id string) error {
	if err := l.ready(ctx); err != nil {
		return err
	}
	return l.remove(ctx, id)
}

func (l *Library) remove(ctx context.Context, id string) error {
	if err := l.lockTurn(ctx); err != nil {
		return err
	}
	defer l.unlockTurn()
	l.mu.Lock()
	e := l.known[id]
	l.mu.Unlock()
	switch {
	case e == nil:
		return ErrNotFound
	case e.take != nil:
		return ErrLive
	}
	return l.discard(ctx, id)
}

// discard deletes the metadata and leaves the media to maintain. It is called
// by the holder of the turn.
func (l *Library) discard(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if err := l.cfg.Storage.Delete(ctx, metadataKey(id)); err != nil {
		return err
	}
	l.mu.Lock()
	delete(l.known, id)
	l.mu.Unlock()
	l.litter(id)
	return nil
}

// litter has the media of an id deleted.
func (l *Library) litter(id string) {
	l.mu.Lock()
	l.garbage[id] = true
	l.mu.Unlock()
	l.wakeUp()
}

func (l *Library) wakeUp() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// ready waits until it is known what there is.
func (l *Library) ready(ctx context.Context) error {
	select {
	case <-l.closing:
		return ErrClosed
	default:
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-l.loaded:
		return nil
	case <-l.closing:
		return ErrClosed
	case <-t.C:
		return ErrUnavailable
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *Library) lockTurn(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *Library) unlockTurn() { <-l.turn }

// release lets the media of an id be deleted, unless somebody else needs them.
func (l *Library) release(id string) {
	l.mu.Lock()
	if l.held[id]--; l.held[id] <= 0 {
		delete(l.held, id)
	}
	l.mu.Unlock()
	l.wakeUp()
}

// failed logs a fault that has begun, and tells of it.
func (l *Library) failed(r Recording, err error) {
	if l.ctx.Err() != nil {
		return // it was ended by Shutdown
	}
	l.log.Error("a recording cannot be kept at present", "session", r.Session, "err", err)
	tell(l, l.cfg.Events.Failed, Failed{Recording: r, Err: err})
}

func tell[E any](l *Library, f func(context.Context, E), e E) {
	if f != nil {
		_ = l.guard("recording event", func() error { f(l.ctx, e); return nil }) // which is logged
	}
}

// guard calls code of the host.
func (l *Library) guard(what string, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			l.log.Error("panic recovered", "in", what, "panic", v, "stack", string(debug.Stack()))
			err = errors.New("recording: panic in " + what)
		}
	}()
	return f()
}

// title is what the host calls the session now.
func (l *Library) title(ctx context.Context) (title string) {
	if l.cfg.Title == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := l.guard("title", func() error {
		t, err := l.cfg.Title(ctx)
		title = plain(t)
		return err
	})
	if err != nil {
		l.log.Warn("a recording has no title", "err", err)
	}
	return title
}
