package kvstore

import (
	"context"
	"crypto/sha256"
	"sort"
	"time"

	"github.com/owncast-go/owncast/repository"
)

type notifications struct{ store }

func destinationKey(channel, address string) []byte {
	hash := sha256.Sum256([]byte(address))
	return append(textKey(nil, channel), hash[:]...)
}

func (s notifications) PutDestination(ctx context.Context, d repository.Destination) error {
	if err := d.Check(); err != nil {
		return err
	}
	return s.update(ctx, "put destination", func(tx Tx) error {
		tx.Put(Destinations, destinationKey(d.Channel, d.Address), encode(d, destinationFields))
		return nil
	})
}

func (s notifications) DeleteDestination(ctx context.Context, channel, address string) error {
	if len(channel) > repository.MaxKeyLen {
		return nil
	}
	return s.update(ctx, "delete destination", func(tx Tx) error {
		tx.Delete(Destinations, destinationKey(channel, address))
		return nil
	})
}

func (s notifications) Destinations(ctx context.Context, channel string) (all []repository.Destination, err error) {
	if len(channel) > repository.MaxKeyLen {
		return nil, nil
	}
	err = s.view(ctx, "destinations", func(tx Tx) error {
		all = nil
		for _, data := range prefixed(tx, Destinations, textKey(nil, channel)) {
			d, err := decode(data, destinationFields)
			if err != nil {
				return err
			}
			all = append(all, d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

type tokens struct{ store }

func (s tokens) CreateToken(ctx context.Context, t repository.Token) error {
	if err := t.Check(); err != nil {
		return err
	}
	return s.update(ctx, "create token", func(tx Tx) error {
		if tx.Get(Tokens, []byte(t.ID)) != nil || tx.Get(TokensByHash, t.Hash[:]) != nil {
			return repository.ErrTaken
		}
		tx.Put(Tokens, []byte(t.ID), encode(t, tokenFields))
		tx.Put(TokensByHash, t.Hash[:], []byte(t.ID))
		return nil
	})
}

func (s tokens) TokenByHash(ctx context.Context, hash repository.Hash) (t repository.Token, err error) {
	err = s.view(ctx, "token", func(tx Tx) error {
		id := tx.Get(TokensByHash, hash[:])
		if id == nil {
			return repository.ErrNotFound
		}
		t, err = get(tx, Tokens, id, tokenFields)
		return lost(err)
	})
	return t, err
}

func (s tokens) Tokens(ctx context.Context) (all []repository.Token, err error) {
	err = s.view(ctx, "tokens", func(tx Tx) error {
		all, err = every(tx, Tokens, tokenFields)
		return err
	})
	if err != nil {
		return nil, err
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].CreatedAt.Before(all[j].CreatedAt) })
	return all, nil
}

func (s tokens) TouchToken(ctx context.Context, id string, at time.Time) error {
	return s.update(ctx, "touch token", func(tx Tx) error {
		t, err := get(tx, Tokens, []byte(id), tokenFields)
		if err != nil || t.LastUsedAt.After(at) {
			return err
		}
		t.LastUsedAt = at
		tx.Put(Tokens, []byte(id), encode(t, tokenFields))
		return nil
	})
}

func (s tokens) DeleteToken(ctx context.Context, id string) error {
	return s.update(ctx, "delete token", func(tx Tx) error {
		t, err := get(tx, Tokens, []byte(id), tokenFields)
		if err != nil {
			return err
		}
		tx.Delete(Tokens, []byte(id))
		tx.Delete(TokensByHash, t.Hash[:])
		return nil
	})
}
