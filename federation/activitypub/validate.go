package activitypub

import (
	"context"
	"time"

	"github.com/owncast-go/owncast/repository"
)

const (
	validateEvery = time.Hour
	// validFor is for how long a follower that was found is not looked at
	// again.
	validFor = 7 * 24 * time.Hour
	// Followers that are looked at in an hour, and the time between two.
	validateMin  = 5
	validateMax  = 60
	validateRest = 2 * time.Second
	// goneAfter is for how long an actor must not be found to be no follower
	// any more.
	goneAfter = 7 * 24 * time.Hour
)

// watchFollowers validates followers from time to time.
func (s *Service) watchFollowers(ctx context.Context) {
	t := time.NewTicker(validateEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			s.complain(ctx, s.validate(ctx))
		}
	}
}

// validate looks whether some of the followers are still there.
func (s *Service) validate(ctx context.Context) error {
	if _, err := s.scene(ctx); err != nil {
		return err
	}
	query := repository.FollowerQuery{State: repository.FollowersApproved, ValidatedBefore: time.Now().Add(-validFor)}
	query.Page.Limit = validateMax
	list, total, err := s.cfg.Stores.Followers.Followers(ctx, query)
	if err != nil {
		return err
	}
	n := min(len(list), max(validateMin, total/(7*24))) // in a week all of them
	for _, f := range list[len(list)-n:] {
		if err := s.validateFollower(ctx, f); err != nil {
			return err
		}
		t := time.NewTimer(s.rest)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
	return nil
}

func (s *Service) validateFollower(ctx context.Context, f repository.Follower) error {
	a, err := s.actor(ctx, f.ActorIRI, 0)
	if err == nil {
		s.hosts.Alive(hostOf(f.ActorIRI))
		return s.refreshFollower(ctx, a)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	gone := false
	_, err = repository.UpdateFollower(ctx, s.cfg.Stores.Followers, f.ActorIRI, func(f *repository.Follower) error {
		now := time.Now().UTC()
		f.ValidatedAt = now.Add(24*time.Hour - validFor) // it is looked at again tomorrow
		if f.FailingSince.IsZero() {
			f.FailingSince = now
		}
		gone = now.Sub(f.FailingSince) >= goneAfter
		return nil
	})
	if err == nil && gone {
		err = s.forgetActor(ctx, f.ActorIRI)
	}
	if isNotFound(err) {
		return nil
	}
	return err
}
