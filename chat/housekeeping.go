package chat

import (
	"context"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// How often the room looks after things.
const (
	tidyEvery  = time.Minute
	pruneEvery = 5 * time.Minute
	countEvery = 2 * time.Minute
)

// housekeeping does what is due from time to time, until ctx is done.
func (s *Server) housekeeping(ctx context.Context) {
	presence, tidy, prune := time.NewTicker(presenceEvery), time.NewTicker(tidyEvery), time.NewTicker(pruneEvery)
	count := time.NewTicker(countEvery)
	defer count.Stop()
	defer presence.Stop()
	defer tidy.Stop()
	defer prune.Stop()
	s.prune(ctx)
	s.takeStock(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-presence.C:
			s.headcount()
		case <-tidy.C:
			s.forgetRestraints(ctx)
			s.forgetRegistrations()
			s.takeStock(ctx)
		case <-prune.C:
			s.prune(ctx)
		case <-count.C:
			s.sample(ctx)
		}
	}
}

// takeStock counts what is stored.
func (s *Server) takeStock(ctx context.Context) {
	if _, n, err := s.cfg.Stores.Users.Users(ctx, repository.UserQuery{Page: repository.Page{Limit: 1}}); err == nil {
		s.count.registered.Store(int64(n))
	}
	if n, err := s.cfg.Stores.Messages.CountMessages(ctx); err == nil {
		s.count.kept.Store(int64(n))
	}
}

// clientSeries is the name of the history of the number of clients.
const clientSeries = "chatClients"

// sample notes how many clients there are, unless there are none and were none
// before.
func (s *Server) sample(ctx context.Context) {
	if s.cfg.Stores.Series == nil {
		return
	}
	s.mu.Lock()
	n := s.total()
	idle := n == 0 && s.sampled == 0
	s.sampled = n
	s.mu.Unlock()
	if idle || !s.cfg.Lead() {
		return
	}
	err := s.cfg.Stores.Series.AppendSamples(ctx, repository.SeriesSample{
		Series: clientSeries, Sample: repository.Sample{At: time.Now().UTC(), Value: float64(n)},
	})
	if err != nil {
		s.log.WarnContext(ctx, "chat: number of clients not kept", "err", err)
	}
}

// ClientsOverTime returns how many clients there were, every two minutes that
// there were any, from a time on.
func (s *Server) ClientsOverTime(ctx context.Context, since time.Time) ([]repository.Sample, error) {
	if s.cfg.Stores.Series == nil {
		return nil, nil
	}
	return s.cfg.Stores.Series.Samples(ctx, clientSeries, since, time.Time{})
}

// prune removes messages that are too old.
func (s *Server) prune(ctx context.Context) {
	set, err := s.cfg.Settings(ctx)
	if err != nil || set.RetentionHours == 0 {
		return
	}
	before := time.Now().UTC().Add(-time.Duration(set.RetentionHours) * time.Hour)
	s.forgetHeld(before)
	if !s.cfg.Lead() {
		return
	}
	for ctx.Err() == nil {
		n, err := s.cfg.Stores.Messages.PruneMessages(ctx, repository.Retention{Before: before})
		if err != nil {
			s.log.WarnContext(ctx, "chat: old messages not removed", "err", err)
			return
		}
		if n == 0 {
			return
		}
		s.recent.forget()
	}
}

// Stats are figures of a room.
type Stats struct {
	Clients  int   // connections
	Users    int   // that these are of
	Sent     int64 // messages of users since the start
	Dropped  int64 // of these refused by filters
	Held     int64 // of these held for moderators
	Refused  int64 // connections that there was no place for
	Slow     int64 // connections that were cut off for not reading
	Floods   int64 // connections that were closed for sending too much
	Lost     int64 // messages that were not kept
	Unheard  int64 // events that no hook heard of
	StoreErr error // why messages are not kept at present; nil if they are

	Registered int64 // users, programs among them, as of the last minute
	Kept       int64 // messages in the store, as of the last minute
}

// Stats returns the figures as they are now.
func (s *Server) Stats() Stats {
	lost, failure := s.past.state()
	st := Stats{
		Sent: s.count.sent.Load(), Dropped: s.count.dropped.Load(), Held: s.count.held.Load(),
		Refused: s.count.refused.Load(), Slow: s.count.slow.Load(), Floods: s.count.floods.Load(),
		Lost: lost, Unheard: s.tales.lost.Load(), StoreErr: failure,
		Registered: s.count.registered.Load(), Kept: s.count.kept.Load(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Clients = s.total()
	for _, m := range s.members {
		if len(m.clients) > 0 {
			st.Users++
		}
	}
	for id := range s.elsewhere.users {
		if m := s.members[id]; m == nil || len(m.clients) == 0 {
			st.Users++
		}
	}
	return st
}
