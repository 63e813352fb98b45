package kvstore

import (
	"bytes"
	"context"

	"github.com/owncast-go/owncast/repository"
)

type credentials struct{ store }

func (s credentials) Credential(ctx context.Context, hash repository.Hash) (c repository.Credential, err error) {
	err = s.view(ctx, "credential", func(tx Tx) error {
		c, err = get(tx, Credentials, hash[:], credentialFields)
		return err
	})
	return c, err
}

func credentialEntries(c repository.Credential) []entry {
	return []entry{{CredentialsByUser, append(textKey(nil, c.UserID), c.Hash[:]...), present()}}
}

func (s credentials) PutCredential(ctx context.Context, c repository.Credential) error {
	if err := c.Check(); err != nil {
		return err
	}
	return s.update(ctx, "put credential", func(tx Tx) error {
		var before []entry
		if data := tx.Get(Credentials, c.Hash[:]); data != nil {
			old, err := decode(data, credentialFields)
			if err != nil {
				return err
			}
			before = credentialEntries(old)
		}
		reindex(tx, before, credentialEntries(c))
		tx.Put(Credentials, c.Hash[:], encode(c, credentialFields))
		return nil
	})
}

func (s credentials) DeleteCredential(ctx context.Context, hash repository.Hash) error {
	return s.update(ctx, "delete credential", func(tx Tx) error {
		data := tx.Get(Credentials, hash[:])
		if data == nil {
			return nil
		}
		c, err := decode(data, credentialFields)
		if err != nil {
			return err
		}
		reindex(tx, credentialEntries(c), nil)
		tx.Delete(Credentials, hash[:])
		return nil
	})
}

func (s credentials) DeleteCredentials(ctx context.Context, userID string) (n int, err error) {
	if len(userID) > repository.MaxKeyLen {
		return 0, nil
	}
	err = s.update(ctx, "delete credentials", func(tx Tx) error {
		prefix := textKey(nil, userID)
		var keys [][]byte
		for k := range prefixed(tx, CredentialsByUser, prefix) {
			keys = append(keys, bytes.Clone(k))
		}
		for _, k := range keys {
			tx.Delete(CredentialsByUser, k)
			tx.Delete(Credentials, k[len(prefix):])
		}
		n = len(keys)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
