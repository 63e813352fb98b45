package activitypub

import (
	"context"
	"errors"
	"time"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub/internal/delivery"
	"github.com/owncast-go/owncast/federation/activitypub/internal/vocab"
	"github.com/owncast-go/owncast/repository"
)

const (
	// settle is for how long changes are gathered before followers are told.
	settle = 2 * time.Second

	keepHostsEvery = time.Minute
	pruneEvery     = 6 * time.Hour

	// seenLifetime is for how long activities are remembered that are of no
	// interest: much longer than their signatures are good for.
	seenLifetime = 30 * 24 * time.Hour
)

// Changed says that the settings or the channel may have changed.
func (s *Service) Changed() { signal(s.changed) }

// StreamChanged says that the stream may have.
func (s *Service) StreamChanged() { signal(s.streamed) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// keep does what is to be done from time to time.
func (s *Service) keep(ctx context.Context) {
	ping, hosts, prune := time.NewTicker(pingEvery), time.NewTicker(keepHostsEvery), time.NewTicker(pruneEvery)
	defer ping.Stop()
	defer hosts.Stop()
	defer prune.Stop()
	settled := time.NewTimer(0) // at the start there may be changes, too
	defer settled.Stop()
	told := false // that the stream is live
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-s.changed:
			settled.Reset(settle)
			s.worker.Wake()
		case <-settled.C:
			err = s.reconcile(ctx)
		case <-s.streamed:
			told, err = s.tellStream(ctx, told)
		case <-ping.C:
			if told && s.cfg.Live() {
				told, err = s.tellStream(ctx, told)
			}
		case <-hosts.C:
			err = s.keepHosts(ctx)
		case <-prune.C:
			if !s.cfg.Lead() {
				continue
			}
			err = errors.Join(s.prune(ctx), s.reconcile(ctx)) // some events may be near by now
		}
		s.complain(ctx, err)
	}
}

// complain logs an error of housekeeping, unless it is that there is nothing
// to be kept.
func (s *Service) complain(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil && !errors.Is(err, federation.ErrDisabled) && !errors.Is(err, federation.ErrNoServerURL) {
		s.log.ErrorContext(ctx, "housekeeping of the federation failed", "err", err)
	}
}

func hostsSetting() repository.Setting[map[string]delivery.Host] {
	return repository.Setting[map[string]delivery.Host]{Section: "federation-hosts"}
}

func (s *Service) loadHosts(ctx context.Context) error {
	known, _, err := hostsSetting().Get(ctx, s.cfg.Stores.Settings)
	if err == nil {
		s.hosts.Load(known)
	}
	return err
}

// keepHosts writes down what is remembered of hosts.
func (s *Service) keepHosts(ctx context.Context) error {
	now, changed := s.hosts.Changed()
	if !changed {
		return nil
	}
	_, err := hostsSetting().Update(ctx, s.cfg.Stores.Settings, func(v *map[string]delivery.Host) error {
		*v = now
		return nil
	})
	if err != nil {
		s.hosts.NotKept()
	}
	return err
}

// reconcile makes what others know agree with what is: who the channel is,
// what its actor says, who is blocked, and the schedule. It can be done again at
// any time, so that a process that ends in the middle of it leaves nothing
// undone.
func (s *Service) reconcile(ctx context.Context) error {
	s.telling.Lock()
	defer s.telling.Unlock()
	x, err := s.scene(ctx)
	if err != nil {
		return err
	}
	if _, _, err := s.keys.get(ctx); err != nil {
		return err
	}
	rec, err := s.record(ctx)
	if err != nil {
		return err
	}
	if rec.Actor == "" {
		if rec, err = s.introduce(ctx, x); err != nil {
			return err
		}
	}
	if rec.Actor != x.id.actor() || rec.Moving != "" {
		if rec, err = s.move(ctx, x, rec); err != nil {
			return err
		}
	}
	if err := s.announce(ctx, x, rec, kindUpdate); err != nil {
		return err
	}
	if err := s.enforce(ctx, rec); err != nil {
		return err
	}
	return s.tellSchedule(ctx, x)
}

// introduce remembers who the channel is, for the first time.
func (s *Service) introduce(ctx context.Context, x scene) (record, error) {
	rec, err := s.updateRecord(ctx, func(r *record) {
		if r.Actor == "" {
			*r = record{Actor: x.id.actor(), Username: x.id.username, Base: x.id.base.String(), CreatedAt: time.Now().UTC().Truncate(time.Second), Secret: newID()}
		}
	})
	if err != nil {
		return rec, err
	}
	return s.known(ctx, x, rec)
}

// known remembers that followers need not be told of the actor as it is now.
func (s *Service) known(ctx context.Context, x scene, rec record) (record, error) {
	d, err := s.actorDocument(ctx, x, rec, x.id)
	if err != nil {
		return rec, err
	}
	sum, err := digest(d)
	if err != nil {
		return rec, err
	}
	return s.updateRecord(ctx, func(r *record) { r.Announced = sum })
}

// move tells followers of the actor before that it is another one now.
func (s *Service) move(ctx context.Context, x scene, rec record) (record, error) {
	now := x.id.actor()
	if before := rec.Actor; before != now {
		s.log.WarnContext(ctx, "the channel has another address in the fediverse: followers are asked to follow it there, for which the old one must still lead here",
			"from", before, "to", now)
		var err error
		if rec, err = s.updateRecord(ctx, func(r *record) { r.moveTo(x.id) }); err != nil {
			return rec, err
		}
	}
	from := rec.Moving
	a := vocab.OutActivity{Type: "Move", ID: fresh(from, "move"), Actor: from, Object: from, Target: now, To: []string{from + "/followers"}}
	if err := s.toFollowers(ctx, kindMove, a, "move|"+from); err != nil {
		return rec, err
	}
	rec, err := s.updateRecord(ctx, func(r *record) { r.Moving = "" })
	if err != nil {
		return rec, err
	}
	return s.known(ctx, x, rec)
}

// announce tells followers how the actor is now, unless they know.
func (s *Service) announce(ctx context.Context, x scene, rec record, kind string) error {
	d, err := s.actorDocument(ctx, x, rec, x.id)
	if err != nil {
		return err
	}
	sum, err := digest(d)
	if err != nil || sum == rec.Announced {
		return err
	}
	me := x.id.actor()
	to, cc := x.audience()
	a := vocab.OutActivity{Type: "Update", ID: fresh(me, "update"), Actor: me, Embedded: d, To: to, Cc: cc}
	if err := s.toFollowers(ctx, kind, a, "update"); err != nil {
		return err
	}
	_, err = s.updateRecord(ctx, func(r *record) { r.Announced = sum })
	return err
}

// enforce removes those who are blocked from what there is.
func (s *Service) enforce(ctx context.Context, rec record) error {
	now, err := s.blocks.state(ctx)
	if err != nil || now.sum == rec.Blocks {
		return err
	}
	hosts := map[string]bool{}
	err = s.eachFollower(ctx, func(f repository.Follower) error {
		if !s.blocks.blocksIRI(ctx, f.ActorIRI) && !s.blocks.blocksIRI(ctx, f.DeliveryInbox()) {
			return nil
		}
		hosts[hostOf(f.InboxIRI)], hosts[hostOf(f.DeliveryInbox())] = true, true
		if err := s.cfg.Stores.Followers.DeleteFollower(ctx, f.ActorIRI); err != nil && !isNotFound(err) {
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	v, err := s.servers(ctx)
	if err != nil {
		return err
	}
	for _, e := range v.List {
		if s.blocks.blocksIRI(ctx, e.Actor) {
			hosts[hostOf(e.Inbox)] = true
			if err := s.dropServer(ctx, e.Actor); err != nil {
				return err
			}
		}
	}
	for host := range hosts {
		if host == "" {
			continue
		}
		if _, err := s.cfg.Stores.Deliveries.DropHost(ctx, host); err != nil {
			return err
		}
	}
	_, err = s.updateRecord(ctx, func(r *record) { r.Blocks = now.sum })
	return err
}

// tellStream tells directories that the stream is live, or that it is over if
// they were told. It returns whether they know that it is live.
func (s *Service) tellStream(ctx context.Context, told bool) (bool, error) {
	live := s.cfg.Live()
	if !live && !told {
		return false, nil
	}
	x, err := s.scene(ctx)
	if err != nil {
		return told, err
	}
	list, _, err := s.cfg.Stores.Followers.Followers(ctx, repository.FollowerQuery{State: repository.FollowersApproved, Kind: repository.FollowersDirectories})
	if err != nil {
		return told, err
	}
	inboxes := make([]string, len(list))
	for i, f := range list {
		inboxes[i] = f.DeliveryInbox()
	}
	me := x.id.actor()
	a := vocab.OutActivity{Type: "Offer", ID: fresh(me, "offer"), Actor: me, Object: x.id.base.String(), To: []string{x.id.followers()}, Stream: x.stream(live)}
	if !live {
		a.Type, a.ID = "Leave", fresh(me, "leave")
	}
	return live, s.send(ctx, kindStream, a, "stream", inboxes...)
}

// prune forgets old activities.
func (s *Service) prune(ctx context.Context) error {
	for {
		n, err := s.cfg.Stores.Inbound.PruneActivities(ctx, time.Now().Add(-seenLifetime))
		if err != nil || n == 0 {
			return err
		}
	}
}

// Deliveries tells how the deliveries are doing.
func (s *Service) Deliveries(ctx context.Context) (federation.DeliveryStatus, error) {
	counts, err := s.cfg.Stores.Deliveries.CountDeliveries(ctx)
	return federation.DeliveryStatus{QueueCounts: counts, Failing: s.hosts.Failing()}, err
}

// RotateKeys makes a new pair of keys, and tells the followers.
func (s *Service) RotateKeys(ctx context.Context) error {
	x, err := s.running(ctx)
	if err != nil {
		return err
	}
	s.telling.Lock()
	defer s.telling.Unlock()
	before, err := s.keys.rotate(ctx)
	if err != nil {
		return err
	}
	rec, err := s.updateRecord(ctx, func(r *record) { r.PreviousKey, r.RotatedAt = before, time.Now().UTC() })
	if err != nil {
		return err
	}
	return s.announce(ctx, x, rec, kindRotate)
}
