package kvstore

import (
	"context"
	"encoding/binary"
	"strconv"

	"github.com/owncast-go/owncast/repository"
)

type followers struct{ store }

func (s followers) Follower(ctx context.Context, actorIRI string) (f repository.Follower, err error) {
	err = s.view(ctx, "follower", func(tx Tx) error {
		f, err = get(tx, Followers, []byte(actorIRI), followerFields)
		return err
	})
	return f, err
}

func followerEntries(f repository.Follower) []entry {
	return []entry{{FollowersByTime, append(timeKey([]byte{byte(f.State())}, f.CreatedAt), f.ActorIRI...), present()}}
}

func followerCount(state repository.FollowerState) string {
	return countFollowers + strconv.Itoa(int(state))
}

func (s followers) SaveFollower(ctx context.Context, f repository.Follower) (repository.Follower, error) {
	if err := f.Check(); err != nil {
		return repository.Follower{}, err
	}
	rev := f.Revision
	f.Revision++
	data := encode(f, followerFields)
	err := s.update(ctx, "save follower", func(tx Tx) error {
		var old repository.Follower
		if stored := tx.Get(Followers, []byte(f.ActorIRI)); stored != nil {
			var err error
			if old, err = decode(stored, followerFields); err != nil {
				return err
			}
		}
		if old.Revision != rev {
			if rev == 0 {
				return repository.ErrTaken
			}
			return repository.ErrConflict
		}
		var before []entry
		if rev > 0 {
			before = followerEntries(old)
			if err := countFollower(tx, old, -1); err != nil {
				return err
			}
		}
		reindex(tx, before, followerEntries(f))
		tx.Put(Followers, []byte(f.ActorIRI), data)
		return countFollower(tx, f, 1)
	})
	if err != nil {
		return repository.Follower{}, err
	}
	return decode(data, followerFields)
}

// countFollower adds to the number of followers in f's state, and of those
// with its inbox.
func countFollower(tx Tx, f repository.Follower, delta int) error {
	if _, err := add(tx, followerCount(f.State()), delta); err != nil {
		return err
	}
	if f.State() != repository.FollowersApproved {
		return nil
	}
	inbox := []byte(f.DeliveryInbox())
	n := 0
	if value := tx.Get(Inboxes, inbox); value != nil {
		var err error
		if n, err = inboxCount(value); err != nil {
			return err
		}
	}
	if n += delta; n <= 0 {
		tx.Delete(Inboxes, inbox)
		return nil
	}
	tx.Put(Inboxes, inbox, binary.AppendUvarint(nil, uint64(n)))
	return nil
}

func inboxCount(value []byte) (int, error) {
	n, size := binary.Uvarint(value)
	if size <= 0 || n > 1<<31 {
		return 0, corrupt("number of followers of an inbox")
	}
	return int(n), nil
}

func (s followers) DeleteFollower(ctx context.Context, actorIRI string) error {
	return s.update(ctx, "delete follower", func(tx Tx) error {
		f, err := get(tx, Followers, []byte(actorIRI), followerFields)
		if err != nil {
			return err
		}
		reindex(tx, followerEntries(f), nil)
		tx.Delete(Followers, []byte(actorIRI))
		return countFollower(tx, f, -1)
	})
}

func (s followers) Inboxes(ctx context.Context) (inboxes []repository.Inbox, err error) {
	err = s.view(ctx, "inboxes", func(tx Tx) error {
		inboxes = nil
		for k, value := range tx.Ascend(Inboxes, nil) {
			n, err := inboxCount(value)
			if err != nil {
				return err
			}
			inboxes = append(inboxes, repository.Inbox{IRI: string(k), Followers: n})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return inboxes, nil
}

func (s followers) Followers(ctx context.Context, q repository.FollowerQuery) (page []repository.Follower, total int, err error) {
	err = s.view(ctx, "followers", func(tx Tx) error {
		var keys [][]byte
		if keys, total, err = followerKeys(tx, q); err != nil {
			return err
		}
		page, err = records(tx, Followers, keys, 0, followerFields)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	return page, total, nil
}

// followerKeys returns the keys of the page that q asks for, and how many
// followers it selects.
func followerKeys(tx Tx, q repository.FollowerQuery) (keys [][]byte, total int, err error) {
	if q.State == repository.FollowersAll || q.Directory || !q.ValidatedBefore.IsZero() {
		return searchFollowers(tx, q)
	}
	if total, err = count(tx, followerCount(q.State)); err != nil {
		return nil, 0, err
	}
	keys = keyPage(prefixedDown(tx, FollowersByTime, []byte{byte(q.State)}, nil), q.Page)
	for i, k := range keys {
		if len(k) < 1+timeLen {
			return nil, 0, corrupt("key of %d bytes", len(k))
		}
		keys[i] = k[1+timeLen:]
	}
	return keys, total, nil
}

func searchFollowers(tx Tx, q repository.FollowerQuery) ([][]byte, int, error) {
	var found []found
	for _, data := range tx.Ascend(Followers, nil) {
		f, err := decode(data, followerFields)
		if err != nil {
			return nil, 0, err
		}
		if q.State != repository.FollowersAll && f.State() != q.State || q.Directory && !f.Directory ||
			!q.ValidatedBefore.IsZero() && !f.ValidatedAt.Before(q.ValidatedBefore) {
			continue
		}
		found = append(found, at(f.CreatedAt, f.ActorIRI))
	}
	return sortFound(found, false, q.Page), len(found), nil
}
