package kvstore

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"time"

	"github.com/owncast-go/owncast/repository"
)

type chat struct{ store }

func (s chat) AppendMessages(ctx context.Context, ms ...repository.Message) error {
	if err := CheckMessages(ms); err != nil {
		return err
	}
	return s.update(ctx, "append messages", func(tx Tx) error { return AppendMessages(tx, ms) })
}

// CheckMessages returns an error unless messages may be appended.
func CheckMessages(ms []repository.Message) error {
	for _, m := range ms {
		if err := m.Check(); err != nil {
			return err
		}
	}
	return nil
}

// AppendMessages stores messages that CheckMessages has found good. If there
// is an error it has written nothing, so that others may share the transaction.
func AppendMessages(tx Tx, ms []repository.Message) error {
	ids := make(map[string]bool, len(ms))
	for _, m := range ms {
		if ids[m.ID] || tx.Get(MessagesByID, []byte(m.ID)) != nil {
			return repository.ErrTaken
		}
		ids[m.ID] = true
	}
	last, err := counter(tx, lastMessage)
	if err != nil {
		return err
	}
	n, err := counter(tx, countMessages)
	if err != nil {
		return err
	}
	for _, m := range ms {
		last++
		key := numberKey(nil, last)
		tx.Put(Messages, key, encode(m, messageFields))
		for _, e := range messageEntries(m, key) {
			tx.Put(e.bucket, e.key, e.value)
		}
	}
	tx.Put(State, []byte(lastMessage), numberKey(nil, last))
	tx.Put(State, []byte(countMessages), numberKey(nil, n+uint64(len(ms))))
	return nil
}

// messageEntries are the indexes of a message.
func messageEntries(m repository.Message, key []byte) []entry {
	entries := []entry{{MessagesByID, []byte(m.ID), key}}
	if m.UserID != "" {
		entries = append(entries, entry{MessagesByUser, append(textKey(nil, m.UserID), key...), present()})
	}
	return entries
}

func (s chat) Messages(ctx context.Context, q repository.MessageQuery) (ms []repository.Message, err error) {
	if len(q.UserID) > repository.MaxKeyLen {
		return nil, nil
	}
	err = s.view(ctx, "messages", func(tx Tx) error {
		ms = nil
		for k, data := range messagesDown(tx, q) {
			m, err := decodeMessage(k, data)
			if err != nil {
				return err
			}
			if m.Hidden() && !q.Hidden || len(q.Kinds) > 0 && !slices.Contains(q.Kinds, m.Kind) {
				continue
			}
			if ms = append(ms, m); len(ms) == q.Limit {
				break
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ms, nil
}

// messagesDown goes backwards through the messages of q's user from its Before
// on.
func messagesDown(tx Tx, q repository.MessageQuery) iter.Seq2[[]byte, []byte] {
	var before []byte
	if q.UserID == "" {
		if q.Before > 0 {
			before = numberKey(nil, q.Before)
		}
		return tx.Descend(Messages, before)
	}
	prefix := textKey(nil, q.UserID)
	if q.Before > 0 {
		before = numberKey(bytes.Clone(prefix), q.Before)
	}
	return func(yield func(k, v []byte) bool) {
		for k := range prefixedDown(tx, MessagesByUser, prefix, before) {
			k = k[len(prefix):]
			if !yield(k, tx.Get(Messages, k)) {
				return
			}
		}
	}
}

func decodeMessage(key, data []byte) (repository.Message, error) {
	m, err := decode(data, messageFields)
	if err != nil {
		return m, err
	}
	m.Seq, err = numberOf(key)
	return m, err
}

func (s chat) CountMessages(ctx context.Context) (n int, err error) {
	err = s.view(ctx, "count messages", func(tx Tx) error {
		n, err = count(tx, countMessages)
		return err
	})
	return n, err
}

func (s chat) HideMessages(ctx context.Context, at time.Time, ids ...string) (changed []string, err error) {
	err = s.update(ctx, "hide messages", func(tx Tx) error {
		var keys [][]byte
		for _, id := range ids {
			if key := tx.Get(MessagesByID, []byte(id)); key != nil {
				keys = append(keys, bytes.Clone(key))
			}
		}
		changed, err = hide(tx, keys, at)
		return err
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

func (s chat) HideUserMessages(ctx context.Context, at time.Time, userID string) (changed []string, err error) {
	err = s.update(ctx, "hide messages of a user", func(tx Tx) error {
		changed, err = hide(tx, userMessages(tx, userID), at)
		return err
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// userMessages returns the keys of the messages of a user, the oldest first.
func userMessages(tx Tx, userID string) [][]byte {
	if userID == "" || len(userID) > repository.MaxKeyLen {
		return nil
	}
	prefix := textKey(nil, userID)
	var keys [][]byte
	for k := range prefixed(tx, MessagesByUser, prefix) {
		keys = append(keys, bytes.Clone(k[len(prefix):]))
	}
	return keys
}

// hide sets when messages were hidden, where that changes whether they are, and
// returns the ids of these.
func hide(tx Tx, keys [][]byte, at time.Time) ([]string, error) {
	var changed []string
	for _, key := range keys {
		m, err := get(tx, Messages, key, messageFields)
		if err != nil {
			return nil, lost(err)
		}
		if m.Hidden() == !at.IsZero() {
			continue
		}
		m.HiddenAt = at
		tx.Put(Messages, key, encode(m, messageFields))
		changed = append(changed, m.ID)
	}
	return changed, nil
}

func (s chat) DeleteUserMessages(ctx context.Context, userID string) (n int, err error) {
	err = s.update(ctx, "delete messages of a user", func(tx Tx) error {
		keys := userMessages(tx, userID)
		n = len(keys)
		return deleteMessages(tx, keys)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func deleteMessages(tx Tx, keys [][]byte) error {
	for _, key := range keys {
		m, err := get(tx, Messages, key, messageFields)
		if err != nil {
			return lost(err)
		}
		reindex(tx, messageEntries(m, key), nil)
		tx.Delete(Messages, key)
	}
	_, err := add(tx, countMessages, -len(keys))
	return err
}

func (s chat) PruneMessages(ctx context.Context, r repository.Retention) (n int, err error) {
	err = s.update(ctx, "prune messages", func(tx Tx) error {
		total, err := count(tx, countMessages)
		if err != nil {
			return err
		}
		keys, err := prunable(tx, Messages, r, total, func(data []byte) (time.Time, error) {
			m, err := decode(data, messageFields)
			return m.SentAt, err
		})
		if err != nil {
			return err
		}
		n = len(keys)
		return deleteMessages(tx, keys)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// prunable returns the keys of the first of total records that r does not keep.
func prunable(tx Tx, b Bucket, r repository.Retention, total int, timeOf func([]byte) (time.Time, error)) ([][]byte, error) {
	var keys [][]byte
	for k, data := range tx.Ascend(b, nil) {
		at, err := timeOf(data)
		if err != nil {
			return nil, err
		}
		tooOld := !r.Before.IsZero() && at.Before(r.Before)
		tooMany := r.Keep > 0 && total-len(keys) > r.Keep
		if !tooOld && !tooMany || len(keys) == repository.MaxPrune {
			break
		}
		keys = append(keys, bytes.Clone(k))
	}
	return keys, nil
}
