package activitypub

import (
	"context"
	"fmt"
	"time"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub/internal/vocab"
	"github.com/owncast-go/owncast/repository"
)

// onFollow takes a wish to follow: it is granted at once, unless the channel
// is private or it is a directory that asks.
func (s *Service) onFollow(ctx context.Context, in *inbound) (bool, error) {
	me := in.id.actor()
	switch {
	case in.Object.ID == me:
	case in.was(in.Object.ID): // it is told where the channel is now
		return false, s.refuse(ctx, in.scene, in.Object.ID, in.actor.Inbox, original(in.ID, in.actor.ID, in.Object.ID))
	default:
		return false, nil
	}
	old, err := s.cfg.Stores.Followers.Follower(ctx, in.actor.ID)
	if err != nil && !isNotFound(err) {
		return false, err
	}
	if err == nil && old.State() == repository.FollowersBlocked {
		return false, s.refuse(ctx, in.scene, me, in.actor.Inbox, original(in.ID, in.actor.ID, me))
	}
	isNew := err != nil
	if isNew {
		if err := s.followBudget.spend(hostOf(in.actor.ID)); err != nil {
			return false, err
		}
	}
	saved, err := s.saveFollow(ctx, in, isNew)
	if err != nil {
		return false, err
	}
	by := author(in.actor)
	if saved.State() == repository.FollowersPending {
		if isNew {
			tell(ctx, s, s.cfg.Events.FollowRequested, federation.FollowRequested{By: by, Directory: saved.Directory, At: time.Now().UTC()})
		}
		return false, nil
	}
	if err := s.accept(ctx, in.scene, saved, in.Stream.Present); err != nil {
		return false, err
	}
	return s.newFollower(ctx, saved, by, in.seenAs)
}

// saveFollow writes down a follower.
func (s *Service) saveFollow(ctx context.Context, in *inbound, isNew bool) (repository.Follower, error) {
	now := time.Now().UTC()
	fill := func(f *repository.Follower) error {
		fillFollower(f, in.actor)
		f.FollowIRI, f.Follow = in.ID, in.body
		f.Directory = in.Stream.Directory
		f.ValidatedAt, f.FailingSince = now, time.Time{}
		if f.ApprovedAt.IsZero() && !in.settings.Private && !f.Directory {
			f.ApprovedAt = now
		}
		return nil
	}
	if !isNew {
		return repository.UpdateFollower(ctx, s.cfg.Stores.Followers, in.actor.ID, fill)
	}
	f := repository.Follower{ActorIRI: in.actor.ID, CreatedAt: now}
	_ = fill(&f)
	return s.cfg.Stores.Followers.SaveFollower(ctx, f)
}

// newFollower tells of a follower the first time, and whether it was.
func (s *Service) newFollower(ctx context.Context, f repository.Follower, by federation.Author, activity string) (bool, error) {
	if f.Directory {
		return false, nil
	}
	first, err := s.first(ctx, "Follow", f.ActorIRI, "")
	if err != nil || !first {
		return false, err
	}
	tell(ctx, s, s.cfg.Events.Followed, federation.Followed{By: by, Activity: activity, At: time.Now().UTC()})
	return true, nil
}

// original is the activity that an answer is about. Servers find theirs by its
// id.
func original(id, actor, object string) vocab.Document {
	d := vocab.Document{"type": "Follow", "actor": actor, "object": object}
	if id != "" {
		d["id"] = id
	}
	return d
}

// accept tells a follower that it is one. Servers of streams are told of the
// stream at once.
func (s *Service) accept(ctx context.Context, x scene, f repository.Follower, streams bool) error {
	me := x.id.actor()
	a := vocab.OutActivity{
		Type: "Accept", ID: fresh(me, "accept"), Actor: me, To: []string{f.ActorIRI},
		Embedded: original(f.FollowIRI, f.ActorIRI, me),
	}
	if streams || f.Directory {
		a.Stream = x.stream(s.cfg.Live())
	}
	return s.send(ctx, kindAnswer, a, "answer|"+f.ActorIRI, f.InboxIRI)
}

// refuse tells somebody that he may not follow an actor.
func (s *Service) refuse(ctx context.Context, _ scene, me, inbox string, follow vocab.Document) error {
	actor, _ := follow["actor"].(string)
	a := vocab.OutActivity{Type: "Reject", ID: fresh(me, "reject"), Actor: me, To: []string{actor}, Embedded: follow}
	return s.send(ctx, kindAnswer, a, "answer|"+actor, inbox)
}

// Approve lets an actor follow.
func (s *Service) Approve(ctx context.Context, actorIRI string) error {
	x, err := s.running(ctx)
	if err != nil {
		return err
	}
	f, err := repository.UpdateFollower(ctx, s.cfg.Stores.Followers, actorIRI, func(f *repository.Follower) error {
		f.DisabledAt = time.Time{}
		if f.ApprovedAt.IsZero() {
			f.ApprovedAt = time.Now().UTC()
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.accept(ctx, x, f, false); err != nil {
		return err
	}
	isNew, err := s.newFollower(ctx, f, authorOf(f), f.FollowIRI)
	if err != nil || !isNew || f.FollowIRI == "" {
		return err
	}
	// It was seen before, and was not of interest then.
	if err := s.cfg.Stores.Inbound.ForgetActivity(ctx, f.FollowIRI); err != nil {
		return err
	}
	_, err = s.cfg.Stores.Inbound.SeeActivity(ctx, repository.InboundActivity{
		IRI: f.FollowIRI, ActorIRI: f.ActorIRI, Type: "Follow", At: time.Now().UTC(), Engagement: true,
	})
	return err
}

// Block refuses an actor, now and when it asks again.
func (s *Service) Block(ctx context.Context, actorIRI string) error {
	x, err := s.running(ctx)
	if err != nil {
		return err
	}
	f, err := repository.UpdateFollower(ctx, s.cfg.Stores.Followers, actorIRI, func(f *repository.Follower) error {
		if f.DisabledAt.IsZero() {
			f.DisabledAt = time.Now().UTC()
		}
		return nil
	})
	if err != nil {
		return err
	}
	me := x.id.actor()
	return s.refuse(ctx, x, me, f.InboxIRI, original(f.FollowIRI, f.ActorIRI, me))
}

// Remove takes a follower off: its server is told that it does not follow any
// more, so that it can ask again.
func (s *Service) Remove(ctx context.Context, actorIRI string) error {
	x, err := s.running(ctx)
	if err != nil {
		return err
	}
	f, err := s.cfg.Stores.Followers.Follower(ctx, actorIRI)
	if err != nil {
		return err
	}
	if err := s.cfg.Stores.Followers.DeleteFollower(ctx, actorIRI); err != nil {
		return err
	}
	me := x.id.actor()
	if err := s.refuse(ctx, x, me, f.InboxIRI, original(f.FollowIRI, f.ActorIRI, me)); err != nil {
		return fmt.Errorf("the follower is removed, and cannot be told: %w", err)
	}
	return nil
}
