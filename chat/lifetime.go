package chat

import (
	"context"
	"runtime"
	"sync"
	"time"
)

const (
	// maxShards is how many goroutines write to clients at the most.
	maxShards = 8
	// partingTime is how long clients have to answer that the room closes.
	partingTime = time.Second
)

// Start opens the room. ctx bounds the start alone; its values are those of
// the contexts that hooks and stores get. It may be called once.
func (s *Server) Start(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running || s.closed {
		return ErrClosed
	}
	s.running = true
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for range min(runtime.NumCPU(), maxShards) {
		s.shards = append(s.shards, newShard())
	}
	// All of these end with Shutdown.
	for _, sh := range s.shards {
		s.engine.Go(sh.run)
	}
	s.engine.Go(s.deliver)
	s.engine.Go(func() { s.agenda.run(s.ctx) })
	s.engine.Go(func() { s.housekeeping(s.ctx) })
	s.keepers.Go(func() { s.past.run(s.ctx) })
	s.keepers.Go(func() { s.tales.run(s.ctx) })
	if s.cfg.Relay != nil {
		s.keepers.Go(func() { s.out.run(s.ctx) })
		s.unsubscribe = s.cfg.Relay.Receive(s.receiver())
	}
	return nil
}

// Shutdown closes the room: it tells the clients, stores what was said, and
// waits for everything that Start and the clients have started, or for ctx. It
// may be called any number of times.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	started, again := s.running, s.closed
	s.closed = true
	unsubscribe := s.unsubscribe
	s.unsubscribe = nil
	s.mu.Unlock()
	if !started {
		return nil
	}
	if !again {
		s.part(ctx)
	}
	s.past.close()
	if s.out != nil {
		s.out.close()
	}
	s.tales.close()
	waited(ctx, &s.keepers)
	if unsubscribe != nil {
		unsubscribe()
	}
	s.cancel()
	s.stream.stop()
	if waited(ctx, &s.engine) && waited(ctx, &s.readers) && waited(ctx, &s.asking) {
		return nil
	}
	return ctx.Err()
}

// part delivers what is left and sends everybody away.
func (s *Server) part(ctx context.Context) {
	s.stream.close()
	_ = s.stream.settled(ctx)
	for _, c := range s.everybody() {
		c.conn.leave(statusGoingAway)
	}
	ctx, cancel := context.WithTimeout(ctx, partingTime)
	defer cancel()
	if waited(ctx, &s.readers) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.clients {
		c.conn.cut()
	}
	for v := range s.visitors {
		v.cut()
	}
}

// everybody returns all clients.
func (s *Server) everybody() []*client {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*client, 0, len(s.clients))
	for _, c := range s.clients {
		all = append(all, c)
	}
	return all
}

// waited tells whether wg is done before ctx is.
func waited(ctx context.Context, wg *sync.WaitGroup) bool {
	idle := make(chan struct{})
	go func() { // ends with what wg is of
		wg.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return true
	case <-ctx.Done():
		select { // both may be ready
		case <-idle:
			return true
		default:
			return false
		}
	}
}
