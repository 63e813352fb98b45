// Package hls turns packets into what players fetch: HTTP Live Streaming
// (RFC 8216) and its low-latency form (draft-pantos-hls-rfc8216bis) from the
// same URLs, with media in fragmented MP4 made in Go.
//
// A [Packager] serves, below the path it is mounted on:
//
//	stream.m3u8           the multivariant playlist
//	0/stream.m3u8         the broadcast as it came
//	1/stream.m3u8         the first rendition of the ladder, if there is one; and so on
//	audio/stream.m3u8     the sound alone, if there is a picture too
//	0/<session>-7.m4s     a segment; and parts and headers beside it
//
// The URLs of the playlists never change. Names of media carry the id of
// their session, so that no name is ever used twice and caches may keep them.
package hls

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/video"
)

// Config is what a Packager is made of. The zero Config keeps the live window
// in memory and nothing else.
type Config struct {
	// Storage takes every finished segment. What is listed but no longer in
	// memory is served from it. If it is a [storage.Redirector], viewers are
	// sent to it for all that it has confirmed, unless writes to it fail at
	// the time: what is still in memory is served from there then. It belongs
	// to the Packager alone, which deletes what is under "hls/" and of no
	// session that can be watched: two Packagers share a storage only through
	// a wrapper that gives each its own keys, or if never more than one has a
	// session; see Sweep and [Replica]. Nil keeps no segment beyond the live
	// window.
	Storage storage.Storage
	// Sweep is asked, when a session can be watched first, whether what other
	// sessions have left in the Storage may be deleted; otherwise the next
	// session does it. It must not block. Nil stands for always.
	Sweep func() bool
	// DVR is for how long a viewer can go back. The live window, which the
	// session's Latency sets, is the least and the default, and what there is
	// without a Storage.
	DVR time.Duration
	// Slate is shown before the first session, and when the last one has been
	// over for five minutes, or for as long as its playlists go back if that
	// is longer. Nil answers with 404 before the first session, and shows the
	// last one until there is another.
	Slate *Slate
	// Recorder keeps sessions in the Storage for longer. Nil keeps none, as
	// does a Packager without a Storage.
	Recorder Recorder
	// Events are told when the storage fails and when it works again.
	Events Events
	// Logger gets what goes wrong with the storage. Nil discards it.
	Logger *slog.Logger
}

// Stats counts what becomes of segments that a storage is to have. All but
// StorageQueued only grow, over all sessions.
type Stats struct {
	SegmentsStored int64
	StorageErrors  int64 // writes that failed; most are tried again
	StorageRetries int64 // writes that were another try
	StorageDropped int64 // segments that left the memory before the storage took them
	StorageQueued  int64 // segments of the newest session that wait or are being written
}

// Packager makes the playlists and media of one session after another, and
// serves them. It is a [video.LadderPackager] for its Server and an [http.Handler]
// for any number of viewers. Make one with [New].
//
// A session can be watched when it has a segment, and each rendition of its
// ladder has one: players read once what there is to choose from. A rendition
// that has failed, or has none when four more seconds of the broadcast have
// come, is not waited for.
//
// The last session is kept, in memory as far as it was there, until the next
// one can be watched.
type Packager struct {
	cfg    Config
	now    func() time.Time
	stats  counters
	health health
	zips   sync.Pool // of *gzip.Writer

	published func(*snapshot) // of tests

	stream *stream                 // of the calls for the broadcast, which change it under mu
	shown  atomic.Pointer[stream]  // the newest that can be watched; changed under mu
	feeds  atomic.Pointer[[]*Feed] // changed under mu

	ctx    context.Context // ends writes to the storage
	cancel context.CancelFunc
	mu     sync.Mutex     // guards closed, changes of stream, and adding to wg
	wg     sync.WaitGroup // of the archives
	closed bool
	quit   chan struct{} // closed when Shutdown begins: no write is tried again
	newest atomic.Pointer[archive]
}

type counters struct{ stored, failed, retries, dropped atomic.Int64 }

var (
	_ video.LadderPackager = (*Packager)(nil)
	_ http.Handler         = (*Packager)(nil)
)

// New returns a Packager without a session. It starts nothing.
func New(cfg Config) *Packager {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Packager{cfg: cfg, now: time.Now, quit: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// Begin starts a session. What the last one left is served until the new one
// can be watched. After Shutdown the error is [video.ErrServerClosed].
func (p *Packager) Begin(session video.Session) error {
	p.End()
	s := newStream(p, session)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return video.ErrServerClosed
	}
	s.archive = newArchive(p, session.ID)
	p.newest.Store(s.archive)
	p.stream = s
	return nil
}

// WritePacket adds a packet. The error matches [video.CodecError], or is
// [video.ErrServerClosed] if there is no session.
func (p *Packager) WritePacket(pkt video.Packet) error {
	s := p.stream
	if s == nil {
		return video.ErrServerClosed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(pkt)
}

// Interrupt ends the open segment. The next packet begins a discontinuity.
func (p *Packager) Interrupt() {
	if s := p.stream; s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.interrupt()
	}
}

// End closes the playlists. They and their media are served until the next
// session can be watched.
func (p *Packager) End() {
	s := p.stream
	if s == nil {
		return
	}
	p.mu.Lock()
	p.stream = nil
	p.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end()
	s.archive.close()
}

// show puts a session in the place of the one that was shown.
func (p *Packager) show(s *stream) {
	p.mu.Lock()
	old := p.shown.Swap(s)
	p.mu.Unlock()
	if old != nil {
		old.archive.abandon()
	}
	p.feed()
	s.archive.sweep()
	if s.session.Playable != nil {
		s.session.Playable()
	}
}

// Stats returns the counters.
func (p *Packager) Stats() Stats {
	s := Stats{
		SegmentsStored: p.stats.stored.Load(),
		StorageErrors:  p.stats.failed.Load(),
		StorageRetries: p.stats.retries.Load(),
		StorageDropped: p.stats.dropped.Load(),
	}
	if a := p.newest.Load(); a != nil {
		s.StorageQueued = int64(a.uploads.waiting())
	}
	return s
}

// Shutdown ends the session and waits until the storage has had one chance to
// take each segment that is queued, or ctx is done; then writes under way are
// canceled, which a storage is given a second for. It may be called more than once, but not
// while one of the methods that a [video.Server] calls is running.
func (p *Packager) Shutdown(ctx context.Context) error {
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	p.mu.Unlock()
	if first {
		p.End()
		close(p.quit)
	}
	defer p.cancel()
	idle := make(chan struct{})
	go func() { // ends with the archives, which end soon after p.ctx
		p.wg.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
	}
	p.cancel()
	t := time.NewTimer(time.Second)
	defer t.Stop()
	select {
	case <-idle:
	case <-t.C:
	}
	return ctx.Err()
}
