package activitypub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub/internal/vocab"
	"github.com/owncast-go/owncast/repository"
)

// reaction returns what does one kind of activity, and tells whether it is one
// that administrators want to see; nil for kinds that mean nothing here.
func (s *Service) reaction(kind string) func(context.Context, *inbound) (engagement bool, err error) {
	switch kind {
	case "Follow":
		return s.onFollow
	case "Undo":
		return s.onUndo
	case "Like", "EmojiReact":
		return s.onLike
	case "Announce":
		return s.onAnnounce
	case "Create":
		return s.onCreate
	case "Update":
		return s.onUpdate
	case "Delete":
		return s.onDelete
	case "Block":
		return s.onBlock
	case "Accept", "Reject":
		return s.onAnswer
	case "Offer", "Leave":
		return s.onStream
	case "Move":
		return s.onMove
	case "QuoteRequest":
		return s.onQuoteRequest
	case "Flag":
		return s.onFlag
	}
	return nil
}

func isNotFound(err error) bool { return errors.Is(err, repository.ErrNotFound) }

// saw remembers an activity, so that it is done once.
func (s *Service) saw(ctx context.Context, in *inbound, engagement bool) error {
	kind := in.Type
	if kind == "EmojiReact" {
		kind = "Like"
	}
	_, err := s.cfg.Stores.Inbound.SeeActivity(ctx, repository.InboundActivity{
		IRI: in.seenAs, ActorIRI: in.actor.ID, Type: kind, At: time.Now().UTC(), Engagement: engagement,
	})
	return err
}

// first tells whether an actor does something to an object for the first time
// that anybody remembers.
func (s *Service) first(ctx context.Context, kind, actor, object string) (bool, error) {
	sum := sha256.Sum256([]byte(kind + "\n" + actor + "\n" + object))
	return s.cfg.Stores.Inbound.SeeActivity(ctx, repository.InboundActivity{
		IRI: "urn:owncast:first:" + hex.EncodeToString(sum[:]), ActorIRI: actor, Type: "first " + kind, At: time.Now().UTC(),
	})
}

// tell calls an event's function, from which a panic goes no further.
func tell[E any](ctx context.Context, s *Service, fn func(context.Context, E), e E) {
	if fn == nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			s.log.ErrorContext(ctx, "who hears of the fediverse panicked", "panic", v)
		}
	}()
	fn(ctx, e)
}

// maxPostAge is how old a post may be for others to hear that it is liked.
const maxPostAge = 36 * time.Hour

// post returns a post of ours by its IRI, or that of the activity that posted
// it, unless it is too old. Others match repository.ErrNotFound.
func (s *Service) post(ctx context.Context, iri string, maxAge time.Duration) (repository.Activity, error) {
	a, err := s.cfg.Stores.Outbox.Activity(ctx, objectIRI(iri))
	if err == nil && maxAge > 0 && time.Since(a.CreatedAt) > maxAge {
		return a, repository.ErrNotFound
	}
	return a, err
}

func (s *Service) onLike(ctx context.Context, in *inbound) (bool, error) {
	return s.engaged(ctx, in, "Like", func(e federation.Liked) { tell(ctx, s, s.cfg.Events.Liked, e) })
}

func (s *Service) onAnnounce(ctx context.Context, in *inbound) (bool, error) {
	return s.engaged(ctx, in, "Announce", func(e federation.Liked) { tell(ctx, s, s.cfg.Events.Shared, federation.Shared(e)) })
}

// engaged does a like or the sharing of a post, once for each actor.
func (s *Service) engaged(ctx context.Context, in *inbound, kind string, tell func(federation.Liked)) (bool, error) {
	post, err := s.post(ctx, in.Object.ID, maxPostAge)
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	first, err := s.first(ctx, kind, in.actor.ID, post.IRI)
	if err != nil || !first {
		return false, err
	}
	tell(federation.Liked{By: author(in.actor), Activity: in.seenAs, Post: post.IRI, Live: post.Live, At: time.Now().UTC()})
	return true, nil
}

// onUndo takes back a follow, or makes administrators no longer see what was
// taken back.
func (s *Service) onUndo(ctx context.Context, in *inbound) (bool, error) {
	f, err := s.cfg.Stores.Followers.Follower(ctx, in.actor.ID)
	if err != nil && !isNotFound(err) {
		return false, err
	}
	follows, o := err == nil, in.Object
	switch {
	case o.Embedded && o.Type == "Follow" && (!follows || o.Actor != "" && o.Actor != in.actor.ID):
		return false, nil
	case o.Embedded && o.Type == "Follow", follows && o.ID != "" && o.ID == f.FollowIRI:
		return false, s.unfollowed(ctx, f)
	case sameHost(o.ID, in.actor.ID):
		return false, s.cfg.Stores.Inbound.ForgetActivity(ctx, o.ID)
	}
	return false, nil
}

// unfollowed takes a follower off, unless it is blocked: it stays so.
func (s *Service) unfollowed(ctx context.Context, f repository.Follower) error {
	if f.State() == repository.FollowersBlocked {
		return nil
	}
	if err := s.cfg.Stores.Followers.DeleteFollower(ctx, f.ActorIRI); err != nil && !isNotFound(err) {
		return err
	}
	if f.State() == repository.FollowersApproved {
		tell(ctx, s, s.cfg.Events.Unfollowed, federation.Unfollowed{By: authorOf(f), At: time.Now().UTC()})
	}
	return nil
}

// authorOf is a follower as events have it.
func authorOf(f repository.Follower) federation.Author {
	return federation.Author{IRI: f.ActorIRI, Name: f.Name, Account: f.Username, URL: f.ActorIRI, Picture: f.ImageURL}
}

// onBlock treats somebody who blocks the channel as one who leaves.
func (s *Service) onBlock(ctx context.Context, in *inbound) (bool, error) {
	if in.Object.ID != in.id.actor() && !in.was(in.Object.ID) {
		return false, nil
	}
	f, err := s.cfg.Stores.Followers.Follower(ctx, in.actor.ID)
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return false, s.unfollowed(ctx, f)
}

// onUpdate looks again at an actor that says that it has changed.
func (s *Service) onUpdate(ctx context.Context, in *inbound) (bool, error) {
	if in.Object.ID != in.actor.ID || in.Object.Embedded && !vocab.IsActor(in.Object.Type) {
		return false, nil
	}
	_, err := s.cfg.Stores.Followers.Follower(ctx, in.actor.ID)
	if err != nil && !isNotFound(err) {
		return false, err
	}
	known := err == nil || s.isServer(ctx, in.actor.ID)
	if known {
		if err := in.spend(); err != nil {
			return false, err
		}
	}
	s.actors.forget(in.actor.ID)
	for _, k := range in.actor.Keys {
		s.signingKeys.forget(k.ID)
	}
	if !known {
		return false, nil
	}
	fresh, err := s.actor(ctx, in.actor.ID, 0)
	if err != nil {
		return false, fmt.Errorf("%w: %w", errKeyUnavailable, err)
	}
	if err := s.refreshFollower(ctx, fresh); err != nil {
		return false, err
	}
	return false, s.refreshServer(ctx, fresh)
}

// refreshFollower writes down how a follower is now.
func (s *Service) refreshFollower(ctx context.Context, a vocab.Actor) error {
	_, err := repository.UpdateFollower(ctx, s.cfg.Stores.Followers, a.ID, func(f *repository.Follower) error {
		fillFollower(f, a)
		f.ValidatedAt, f.FailingSince = time.Now().UTC(), time.Time{}
		return nil
	})
	if isNotFound(err) {
		return nil
	}
	return err
}

// fillFollower writes what an actor says of itself.
func fillFollower(f *repository.Follower, a vocab.Actor) {
	f.InboxIRI, f.SharedInboxIRI = a.Inbox, ""
	if hostOf(a.SharedInbox) != "" {
		f.SharedInboxIRI = a.SharedInbox
	}
	f.Name, f.Username, f.ImageURL = a.Name, account(a.Username, hostOf(a.ID)), a.Icon
}

// onDelete forgets who has deleted himself.
func (s *Service) onDelete(ctx context.Context, in *inbound) (bool, error) {
	if in.Object.ID != in.actor.ID {
		return false, nil
	}
	return false, s.forgetActor(ctx, in.actor.ID)
}

// forgetActor removes an actor that is no more.
func (s *Service) forgetActor(ctx context.Context, iri string) error {
	s.actors.forget(iri)
	f, err := s.cfg.Stores.Followers.Follower(ctx, iri)
	if err == nil {
		if err = s.cfg.Stores.Followers.DeleteFollower(ctx, iri); err == nil && f.State() == repository.FollowersApproved {
			tell(ctx, s, s.cfg.Events.Unfollowed, federation.Unfollowed{By: authorOf(f), At: time.Now().UTC()})
		}
	}
	if err != nil && !isNotFound(err) {
		return err
	}
	return s.dropServer(ctx, iri)
}

// onFlag tells the operator that somebody has complained.
func (s *Service) onFlag(ctx context.Context, in *inbound) (bool, error) {
	s.log.WarnContext(ctx, "somebody in the fediverse has reported the channel", "from", in.actor.ID)
	return false, nil
}

// onMove follows a featured server that has moved, if its new actor says so,
// too.
func (s *Service) onMove(ctx context.Context, in *inbound) (bool, error) {
	if in.Object.ID != in.actor.ID || in.Target == "" || !s.isServer(ctx, in.actor.ID) || s.blocks.blocksIRI(ctx, in.Target) {
		return false, nil
	}
	to, err := s.actorFor(ctx, in.Target, 0, in.spend)
	if err != nil {
		return false, fmt.Errorf("%w: %w", errKeyUnavailable, err)
	}
	if !slices.Contains(to.AlsoKnownAs, in.actor.ID) {
		return false, nil
	}
	return false, s.moveServer(ctx, in.scene, in.actor.ID, to)
}

// onCreate tells of posts that answer, name or quote the channel.
func (s *Service) onCreate(ctx context.Context, in *inbound) (bool, error) {
	o := in.Object
	if !o.Embedded || !isPost(o.Type) || !slices.Contains(o.AttributedTo, in.Activity.Actor) || !sameHost(o.ID, in.Activity.Actor) {
		return false, nil
	}
	now := time.Now().UTC()
	if in.settings.AllowQuotes && o.Quote != "" {
		if post, err := s.post(ctx, o.Quote, 0); err == nil {
			tell(ctx, s, s.cfg.Events.Quoted, federation.Quoted{By: author(in.actor), Note: s.note(o), Post: post.IRI, At: now})
			return false, nil
		} else if !isNotFound(err) {
			return false, err
		}
	}
	if o.InReplyTo != "" {
		if post, err := s.post(ctx, o.InReplyTo, 0); err == nil {
			tell(ctx, s, s.cfg.Events.Replied, federation.Replied{By: author(in.actor), Note: s.note(o), Post: post.IRI, At: now})
			return false, nil
		} else if !isNotFound(err) {
			return false, err
		}
	}
	me := in.id.actor()
	if o.AddressedTo(me) || slices.Contains(in.To, me) || slices.Contains(in.Cc, me) {
		tell(ctx, s, s.cfg.Events.Mentioned, federation.Mentioned{By: author(in.actor), Note: s.note(o), At: now})
	}
	return false, nil
}

// isPost tells whether objects of a type are what people write.
func isPost(kind string) bool {
	switch kind {
	case "Note", "Article", "Page", "Question":
		return true
	}
	return false
}

// note is a post as events have it.
func (s *Service) note(o vocab.Object) federation.Note {
	n := federation.Note{
		IRI: o.ID, URL: o.URL, InReplyTo: o.InReplyTo, Language: o.Language, Published: o.Published,
		HTML: s.cfg.Text.Note(o.Content), Text: s.cfg.Text.Plain(o.Content),
	}
	if n.URL == "" {
		n.URL = o.ID
	}
	for _, a := range o.Attachments {
		n.Attachments = append(n.Attachments, federation.Attachment{URL: a.URL, MediaType: a.MediaType, Alt: a.Alt})
	}
	return n
}
