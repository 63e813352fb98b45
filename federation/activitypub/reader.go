package activitypub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/owncast-go/owncast/federation/activitypub/internal/httpsig"
	"github.com/owncast-go/owncast/federation/activitypub/internal/vocab"
	"github.com/owncast-go/owncast/repository"
)

// reader is who asks for a document.
type reader struct {
	follower bool // a server with followers of the channel
}

// reader finds out who asks by the signature, if there is one: without it,
// anybody. Somebody whose server is blocked is refused, as is a signature that
// is wrong.
func (s *Service) reader(r *http.Request, x scene) (reader, error) {
	sig, err := httpsig.Parse(s.message(r, x.id, nil))
	if errors.Is(err, httpsig.ErrNone) {
		return reader{}, nil
	}
	if err != nil {
		return reader{}, refusal(err)
	}
	ctx := r.Context()
	host := hostOf(sig.KeyID)
	if host == "" || s.blocks.blocks(ctx, host) {
		return reader{}, refusal(fmt.Errorf("%w: blocked", errPolicy))
	}
	if !x.settings.Private {
		return reader{}, nil // everybody may, so it need not be found out
	}
	if err := errors.Join(sig.CheckTime(time.Now(), clock()), sig.CheckContent()); err != nil {
		return reader{}, refusal(err)
	}
	key, err := s.verified(r, sig, vocab.Peek{})
	if err != nil {
		return reader{}, refusal(err)
	}
	follower, err := s.hasFollowerOf(ctx, key.owner)
	return reader{follower: follower}, err
}

// hasFollowerOf tells whether an actor follows, or another one of its server
// for which it may fetch things.
func (s *Service) hasFollowerOf(ctx context.Context, a vocab.Actor) (bool, error) {
	f, err := s.cfg.Stores.Followers.Follower(ctx, a.ID)
	if err == nil {
		return f.State() == repository.FollowersApproved, nil
	}
	if !isNotFound(err) {
		return false, err
	}
	if a.Type != "Application" && a.Type != "Service" {
		return false, nil
	}
	inboxes, err := s.cfg.Stores.Followers.Inboxes(ctx)
	if err != nil {
		return false, err
	}
	for _, b := range inboxes {
		if sameHost(b.IRI, a.ID) {
			return true, nil
		}
	}
	return false, nil
}
