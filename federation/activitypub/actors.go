package activitypub

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"time"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub/internal/httpsig"
	"github.com/owncast-go/owncast/federation/activitypub/internal/transport"
	"github.com/owncast-go/owncast/federation/activitypub/internal/vocab"
)

// How long what was fetched of others is believed.
const (
	actorLifetime = time.Hour
	keyLifetime   = 24 * time.Hour
	// keyRefresh is how old a key must be to be fetched again because a
	// signature is wrong: it may have been replaced.
	keyRefresh = 30 * time.Second
	// failureLifetime is for how long what could not be fetched is not asked
	// for again.
	failureLifetime = 5 * time.Minute

	cacheSize = 2000
)

// errForeign is a document that says it is another one, of another host.
var errForeign = errors.New("activitypub: the document is not what it says it is")

// errIncomplete is an actor without what it needs.
var errIncomplete = errors.New("activitypub: the actor has no inbox, key or name")

// errKey is a key that is not the owner's.
var errKey = errors.New("activitypub: the key is not its owner's")

// signingKey is a key, and whose it is.
type signingKey struct {
	public crypto.PublicKey
	owner  vocab.Actor
}

// keepFailure tells whether a failure says something about what was asked for,
// and not about this moment.
func keepFailure(err error) bool {
	return !errors.Is(err, transport.ErrBusy) && !errors.Is(err, context.Canceled) && !errors.Is(err, errBudget)
}

// actor returns an actor by IRI, fetched unless it is known.
func (s *Service) actor(ctx context.Context, iri string, maxAge time.Duration) (vocab.Actor, error) {
	return s.actorFor(ctx, iri, maxAge, func() error { return nil })
}

// actorFor does the same for somebody else, whose spend is asked before
// something is fetched.
func (s *Service) actorFor(ctx context.Context, iri string, maxAge time.Duration, spend func() error) (vocab.Actor, error) {
	iri = withoutFragment(iri)
	return s.actors.get(ctx, iri, maxAge, keepFailure, func() (vocab.Actor, error) {
		if err := spend(); err != nil {
			return vocab.Actor{}, err
		}
		return s.fetchActor(ctx, iri)
	})
}

// fetchActor fetches an actor, which must be of the host that it is fetched
// from. One that says it has another IRI is fetched from there.
func (s *Service) fetchActor(ctx context.Context, iri string) (vocab.Actor, error) {
	for range 2 {
		doc, err := s.transport.Fetch(ctx, iri)
		if err != nil {
			return vocab.Actor{}, err
		}
		a, err := vocab.ParseActor(ctx, doc.Data)
		if err != nil {
			return vocab.Actor{}, err
		}
		if !sameHost(a.ID, doc.URL) {
			return vocab.Actor{}, errForeign
		}
		if a.ID == doc.URL || a.ID == iri {
			return a, complete(a)
		}
		iri = a.ID
	}
	return vocab.Actor{}, errForeign
}

func complete(a vocab.Actor) error {
	if a.Username == "" || hostOf(a.Inbox) == "" || len(a.Keys) == 0 {
		return errIncomplete
	}
	return nil
}

// signingKey returns the key of a signature, fetched unless it is known and not
// older than maxAge. Spend is asked before something is fetched.
func (s *Service) signingKey(ctx context.Context, id string, maxAge time.Duration, spend func() error) (signingKey, error) {
	return s.signingKeys.get(ctx, id, maxAge, keepFailure, func() (signingKey, error) {
		if err := spend(); err != nil {
			return signingKey{}, err
		}
		return s.fetchKey(ctx, id)
	})
}

// fetchKey fetches the document that a key's id is in: mostly its owner's, or
// one of the key's own.
func (s *Service) fetchKey(ctx context.Context, id string) (signingKey, error) {
	at := withoutFragment(id)
	doc, err := s.transport.Fetch(ctx, at)
	if err != nil {
		return signingKey{}, err
	}
	if !sameHost(doc.URL, at) {
		return signingKey{}, errForeign
	}
	owner, err := vocab.ParseActor(ctx, doc.Data)
	if err == nil && owner.ID != at {
		if !sameHost(owner.ID, at) {
			return signingKey{}, errForeign
		}
		owner, err = s.fetchActor(ctx, owner.ID)
	}
	if err != nil {
		k, keyErr := vocab.ParseKey(doc.Data)
		if keyErr != nil || k.ID != id || !sameHost(k.Owner, id) {
			return signingKey{}, fmt.Errorf("%w: %w", errKey, err)
		}
		if owner, err = s.fetchActor(ctx, k.Owner); err != nil {
			return signingKey{}, err
		}
	}
	key, err := keyOf(owner, id)
	if err != nil {
		return signingKey{}, err
	}
	public, err := httpsig.ParsePublicKey(key.PEM)
	if err != nil {
		return signingKey{}, err
	}
	s.actors.put(owner.ID, owner, nil)
	return signingKey{public: public, owner: owner}, nil
}

// keyOf is the key of an actor that has an id. Some servers name the actor
// where they should name the key.
func keyOf(a vocab.Actor, id string) (vocab.Key, error) {
	if err := complete(a); err != nil {
		return vocab.Key{}, err
	}
	for _, k := range a.Keys {
		if k.ID == id && (k.Owner == "" || k.Owner == a.ID) {
			return k, nil
		}
	}
	if id == a.ID && len(a.Keys) == 1 && (a.Keys[0].Owner == "" || a.Keys[0].Owner == a.ID) {
		return a.Keys[0], nil
	}
	return vocab.Key{}, errKey
}

// author is an actor as events have it.
func author(a vocab.Actor) federation.Author {
	at := a.URL
	if at == "" {
		at = a.ID
	}
	return federation.Author{IRI: a.ID, Name: a.Name, Account: account(a.Username, hostOf(a.ID)), URL: at, Picture: a.Icon}
}
