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

// followerList is a state and a kind, which is not FollowersAnyKind: people
// are listed under their state alone, and directories apart from them.
func followerList(state repository.FollowerState, kind repository.FollowerKind) byte {
	if kind == repository.FollowersDirectories {
		return byte(state) | 1<<7
	}
	return byte(state)
}

func followerKind(f repository.Follower) repository.FollowerKind {
	if f.Directory {
		return repository.FollowersDirectories
	}
	return repository.FollowersPeople
}

func listOf(f repository.Follower) byte { return followerList(f.State(), followerKind(f)) }

func followerEntries(f repository.Follower) []entry { return []entry{followerEntry(listOf(f), f)} }

func followerEntry(list byte, f repository.Follower) entry {
	return entry{FollowersByTime, append(timeKey([]byte{list}, f.CreatedAt), f.ActorIRI...), present()}
}

func followerCount(list byte) string { return countFollowers + strconv.Itoa(int(list)) }

// SplitDirectories moves directories from the lists of people, where they were
// before schema 3, to lists of their own.
func SplitDirectories(tx Tx) error {
	var moved []repository.Follower
	for _, data := range tx.Ascend(Followers, nil) {
		f, err := decode(data, followerFields)
		if err != nil {
			return err
		}
		if f.Directory {
			moved = append(moved, f)
		}
	}
	for _, f := range moved {
		before := followerList(f.State(), repository.FollowersPeople)
		reindex(tx, []entry{followerEntry(before, f)}, followerEntries(f))
		if _, err := add(tx, followerCount(before), -1); err != nil {
			return err
		}
		if _, err := add(tx, followerCount(listOf(f)), 1); err != nil {
			return err
		}
	}
	return nil
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
	if _, err := add(tx, followerCount(listOf(f)), delta); err != nil {
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
	if q.State == repository.FollowersAll || q.Kind == repository.FollowersAnyKind || !q.ValidatedBefore.IsZero() {
		return searchFollowers(tx, q)
	}
	list := followerList(q.State, q.Kind)
	if total, err = count(tx, followerCount(list)); err != nil {
		return nil, 0, err
	}
	keys = keyPage(prefixedDown(tx, FollowersByTime, []byte{list}, nil), q.Page)
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
		if q.State != repository.FollowersAll && f.State() != q.State ||
			q.Kind != repository.FollowersAnyKind && followerKind(f) != q.Kind ||
			!q.ValidatedBefore.IsZero() && !f.ValidatedAt.Before(q.ValidatedBefore) {
			continue
		}
		found = append(found, at(f.CreatedAt, f.ActorIRI))
	}
	return sortFound(found, false, q.Page), len(found), nil
}
