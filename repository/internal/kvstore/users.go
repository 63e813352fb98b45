package kvstore

import (
	"cmp"
	"context"
	"sort"
	"strings"
	"time"

	"github.com/owncast-go/owncast/repository"
)

type users struct{ store }

func (s users) User(ctx context.Context, id string) (u repository.User, err error) {
	err = s.view(ctx, "user", func(tx Tx) error {
		u, err = get(tx, Users, []byte(id), userFields)
		return err
	})
	return u, err
}

func identityKey(kind, subject string) []byte { return append(textKey(nil, kind), subject...) }

func (s users) UserByIdentity(ctx context.Context, kind, subject string) (u repository.User, err error) {
	err = s.view(ctx, "user by identity", func(tx Tx) error {
		id := tx.Get(UsersByIdentity, identityKey(kind, subject))
		if id == nil {
			return repository.ErrNotFound
		}
		u, err = get(tx, Users, id, userFields)
		return err
	})
	return u, err
}

// userEntries are the indexes of a user.
func userEntries(u repository.User) []entry {
	entries := []entry{
		{UsersByTime, append(timeKey(nil, u.CreatedAt), u.ID...), present()},
		{UsersByName, append(textKey(nil, foldName(u.DisplayName)), u.ID...), present()},
	}
	for _, i := range u.Identities {
		entries = append(entries, entry{UsersByIdentity, identityKey(i.Kind, i.Subject), []byte(u.ID)})
	}
	return entries
}

// foldName makes names equal that differ in upper and lower case. It cuts what
// lower case makes longer than a key may be.
func foldName(name string) string {
	name = strings.ToLower(name)
	return name[:min(len(name), repository.MaxKeyLen)]
}

func (s users) SaveUser(ctx context.Context, u repository.User) (repository.User, error) {
	if err := u.Check(); err != nil {
		return repository.User{}, err
	}
	rev := u.Revision
	u.Revision++
	data := encode(u, userFields)
	err := s.update(ctx, "save user", func(tx Tx) error {
		old, err := storedUser(tx, u.ID)
		if err != nil {
			return err
		}
		if old.Revision != rev {
			if rev == 0 {
				return repository.ErrTaken
			}
			return repository.ErrConflict
		}
		for _, i := range u.Identities {
			if id := tx.Get(UsersByIdentity, identityKey(i.Kind, i.Subject)); id != nil && string(id) != u.ID {
				return repository.ErrTaken
			}
		}
		var before []entry
		if rev > 0 {
			before = userEntries(old)
		} else if _, err := add(tx, countUsers, 1); err != nil {
			return err
		}
		reindex(tx, before, userEntries(u))
		tx.Put(Users, []byte(u.ID), data)
		return nil
	})
	if err != nil {
		return repository.User{}, err
	}
	return decode(data, userFields)
}

// storedUser returns a user, or the zero User if there is none.
func storedUser(tx Tx, id string) (repository.User, error) {
	data := tx.Get(Users, []byte(id))
	if data == nil {
		return repository.User{}, nil
	}
	return decode(data, userFields)
}

func (s users) DeleteUser(ctx context.Context, id string) error {
	return s.update(ctx, "delete user", func(tx Tx) error {
		u, err := get(tx, Users, []byte(id), userFields)
		if err != nil {
			return err
		}
		reindex(tx, userEntries(u), nil)
		tx.Delete(Users, []byte(id))
		_, err = add(tx, countUsers, -1)
		return err
	})
}

func (s users) Users(ctx context.Context, q repository.UserQuery) (page []repository.User, total int, err error) {
	err = s.view(ctx, "users", func(tx Tx) error {
		var keys [][]byte
		if keys, total, err = selectUsers(tx, q); err != nil {
			return err
		}
		page, err = records(tx, Users, keys, 0, userFields)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	return page, total, nil
}

// lost makes a record that an index leads to, and that is not there, a damage.
func lost(err error) error {
	if err == repository.ErrNotFound { //nolint:errorlint // get returns it as it is
		return corrupt("an index leads nowhere")
	}
	return err
}

// selectUsers returns the keys of the page that q asks for, and how many users it
// selects.
func selectUsers(tx Tx, q repository.UserQuery) (keys [][]byte, total int, err error) {
	all := q
	all.OldestFirst, all.Page = false, repository.Page{}
	if all != (repository.UserQuery{}) {
		return searchUsers(tx, q)
	}
	if total, err = count(tx, countUsers); err != nil {
		return nil, 0, err
	}
	index := tx.Descend(UsersByTime, nil)
	if q.OldestFirst {
		index = tx.Ascend(UsersByTime, nil)
	}
	keys = keyPage(index, q.Page)
	for i, k := range keys {
		if len(k) < timeLen {
			return nil, 0, corrupt("key of %d bytes", len(k))
		}
		keys[i] = k[timeLen:]
	}
	return keys, total, nil
}

// searchUsers looks at all users, or at those of a name.
func searchUsers(tx Tx, q repository.UserQuery) ([][]byte, int, error) {
	var found []found
	look := func(data []byte) error {
		u, err := decode(data, userFields)
		if err == nil && selects(q, u) {
			found = append(found, at(u.CreatedAt, u.ID))
		}
		return err
	}
	if q.Name == "" {
		for _, data := range tx.Ascend(Users, nil) {
			if err := look(data); err != nil {
				return nil, 0, err
			}
		}
		return sortFound(found, q.OldestFirst, q.Page), len(found), nil
	}
	prefix := textKey(nil, foldName(q.Name))
	for k := range prefixed(tx, UsersByName, prefix) {
		data := tx.Get(Users, k[len(prefix):])
		if data == nil {
			return nil, 0, lost(repository.ErrNotFound)
		}
		if err := look(data); err != nil {
			return nil, 0, err
		}
	}
	return sortFound(found, q.OldestFirst, q.Page), len(found), nil
}

func selects(q repository.UserQuery, u repository.User) bool {
	switch {
	case u.Role < q.MinRole,
		q.Status == repository.UsersEnabled && u.Disabled(),
		q.Status == repository.UsersDisabled && !u.Disabled(),
		q.Kind == repository.UsersPeople && u.Bot,
		q.Kind == repository.UsersBots && !u.Bot:
		return false
	}
	return q.Search == "" || strings.Contains(strings.ToLower(u.DisplayName), strings.ToLower(q.Search))
}

// found is the key of a record, and its time.
type found struct {
	at  time.Time
	key string
}

func at(t time.Time, key string) found { return found{t, key} }

// sortFound returns the keys of a page, with the newest first or the oldest.
func sortFound(all []found, oldestFirst bool, p repository.Page) [][]byte {
	sort.Slice(all, func(i, j int) bool {
		c := cmp.Or(all[i].at.Compare(all[j].at), cmp.Compare(all[i].key, all[j].key))
		return c < 0 == oldestFirst && c != 0
	})
	from, to := bounds(p, len(all))
	var keys [][]byte
	for _, f := range all[from:to] {
		keys = append(keys, []byte(f.key))
	}
	return keys
}
