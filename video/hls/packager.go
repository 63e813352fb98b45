// Package hls turns packets into what players fetch: HTTP Live Streaming
// (RFC 8216) and its low-latency form (draft-pantos-hls-rfc8216bis) from the
// same URLs, with media in fragmented MP4 made in Go.
//
// A [Packager] serves, below the path it is mounted on:
//
//	stream.m3u8           the multivariant playlist
//	0/stream.m3u8         the broadcast as it came
//	audio/stream.m3u8     its sound alone, if it has a picture too
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
	// memory is served from it. It belongs to the Packager alone: objects
	// under "hls/" that no playlist names are deleted. Nil keeps no segment
	// beyond the live window.
	Storage storage.Storage
	// DVR is for how long a viewer can go back. The live window, which the
	// session's Latency sets, is the least and the default.
	DVR time.Duration
	// Logger gets what goes wrong with the storage. Nil discards it.
	Logger *slog.Logger
}

// Stats counts what a Packager could not do. Counters only grow.
type Stats struct {
	SegmentsStored int64
	StorageErrors  int64 // failed writes
	StorageDropped int64 // segments not written because the storage was too slow
}

// Packager makes the playlists and media of one session after another, and
// serves them. It is a [video.Packager] for its Server and an [http.Handler]
// for any number of viewers.
type Packager struct {
	cfg   Config
	now   func() time.Time
	stats counters

	published func(*snapshot) // of tests

	stream *stream                // of the writer alone
	shown  atomic.Pointer[stream] // the newest that can be watched

	mu     sync.Mutex // guards closed and adding to wg
	closed bool
	wg     sync.WaitGroup // of the archives
	cancel context.CancelFunc
	ctx    context.Context // ends writes to the storage
}

type counters struct{ stored, failed, dropped atomic.Int64 }

var (
	_ video.Packager = (*Packager)(nil)
	_ http.Handler   = (*Packager)(nil)
)

// New returns a Packager without a session. It starts nothing.
func New(cfg Config) *Packager {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Packager{cfg: cfg, now: time.Now}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// Begin starts a session. What the last one left is served until the new one
// can be watched.
func (p *Packager) Begin(session video.Session) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return video.ErrServerClosed
	}
	p.finish()
	s := &stream{p: p, session: session}
	s.archive = newArchive(p, session.ID)
	playable := session.Playable
	s.session.Playable = func() {
		p.shown.Store(s)
		if playable != nil {
			playable()
		}
	}
	p.stream = s
	return nil
}

// WritePacket adds a packet. The error matches [video.CodecError].
func (p *Packager) WritePacket(pkt video.Packet) error {
	if p.stream == nil {
		return video.ErrServerClosed
	}
	return p.stream.write(pkt)
}

// Interrupt ends the open segment. The next packet begins a discontinuity.
func (p *Packager) Interrupt() {
	if p.stream != nil {
		p.stream.interrupt()
	}
}

// End closes the playlists. They and their media are served until the next
// session can be watched.
func (p *Packager) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish()
}

// finish ends the session, if there is one. It is called under mu.
func (p *Packager) finish() {
	if p.stream != nil {
		p.stream.end()
		p.stream.archive.close()
		p.stream = nil
	}
}

// Stats returns the counters.
func (p *Packager) Stats() Stats {
	return Stats{
		SegmentsStored: p.stats.stored.Load(),
		StorageErrors:  p.stats.failed.Load(),
		StorageDropped: p.stats.dropped.Load(),
	}
}

// Shutdown ends the session and waits until the storage has the segments that
// are queued, or ctx is done; then writes under way are canceled. It may be
// called more than once, but not while packets are written.
func (p *Packager) Shutdown(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	p.finish()
	p.mu.Unlock()
	idle := make(chan struct{})
	go func() { // ends with the archives, which end with p.ctx at the latest
		p.wg.Wait()
		close(idle)
	}()
	defer p.cancel()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		p.cancel()
		<-idle
		return ctx.Err()
	}
}
