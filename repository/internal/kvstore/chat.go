package kvstore

import (
	"bytes"
	"context"
	"errors"
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
		tx.Put(Messages, numberKey(nil, last), encode(m, messageFields))
		if m.UserID != "" {
			tx.Put(MessagesByUser, userMessageKey(last, m.UserID), present())
		}
	}
	tx.Put(State, []byte(lastMessage), numberKey(nil, last))
	tx.Put(State, []byte(countMessages), numberKey(nil, n+uint64(len(ms))))
	return nil
}

// blockSize is how many numbers of messages a block of the index of their users
// has. Blocks keep what is added to the index at its end, on a few pages; who
// looks for a user has to look into each.
const blockSize = 4096

func userBlock(block uint64, userID string) []byte {
	return textKey(numberKey(nil, block), userID)
}

func userMessageKey(seq uint64, userID string) []byte {
	return numberKey(userBlock(seq/blockSize, userID), seq)
}

func (s chat) Messages(ctx context.Context, q repository.MessageQuery) (ms []repository.Message, err error) {
	if len(q.UserID) > repository.MaxKeyLen {
		return nil, nil
	}
	err = s.view(ctx, "messages", func(tx Tx) error {
		ms = make([]repository.Message, 0, min(max(q.Limit, 0), 100))
		for k, data := range messagesDown(tx, q) {
			ms = append(ms, repository.Message{})
			m := &ms[len(ms)-1]
			if err := decodeMessage(k, data, m); err != nil {
				return err
			}
			if m.Hidden() && !q.Hidden || len(q.Kinds) > 0 && !slices.Contains(q.Kinds, m.Kind) {
				ms = ms[:len(ms)-1]
				continue
			}
			if len(ms) == q.Limit {
				break
			}
		}
		return nil
	})
	if err != nil || len(ms) == 0 {
		return nil, err
	}
	return ms, nil
}

// messagesDown goes backwards through the messages of q's user from its Before
// on.
func messagesDown(tx Tx, q repository.MessageQuery) iter.Seq2[[]byte, []byte] {
	if q.UserID != "" {
		return func(yield func(k, v []byte) bool) {
			for k := range userMessages(tx, q.UserID, q.Before) {
				if !yield(k, tx.Get(Messages, k)) {
					return
				}
			}
		}
	}
	var before []byte
	if q.Before > 0 {
		before = numberKey(nil, q.Before)
	}
	return tx.Descend(Messages, before)
}

// userMessages goes backwards through the keys of the messages of a user from
// before a number on, 0 being behind the last.
func userMessages(tx Tx, userID string, before uint64) iter.Seq[[]byte] {
	return func(yield func(k []byte) bool) {
		first, last, ok := messageRange(tx)
		if !ok || userID == "" || len(userID) > repository.MaxKeyLen {
			return
		}
		if before > 0 {
			last = min(last, before-1)
		}
		for block := last / blockSize; block >= first/blockSize; block-- {
			prefix := userBlock(block, userID)
			for k := range prefixedDown(tx, MessagesByUser, prefix, numberKey(bytes.Clone(prefix), last+1)) {
				if !yield(k[len(prefix):]) {
					return
				}
			}
			if block == 0 {
				return
			}
		}
	}
}

// messageRange returns the numbers of the first message and the last.
func messageRange(tx Tx) (first, last uint64, ok bool) {
	for k := range tx.Ascend(Messages, nil) {
		first, _ = numberOf(k)
		break
	}
	for k := range tx.Descend(Messages, nil) {
		last, _ = numberOf(k)
		break
	}
	return first, last, first > 0
}

func decodeMessage(key, data []byte, m *repository.Message) (err error) {
	if err := decodeInto(data, m, messageFields); err != nil {
		return err
	}
	m.Seq, err = numberOf(key)
	return err
}

func (s chat) CountMessages(ctx context.Context) (n int, err error) {
	err = s.view(ctx, "count messages", func(tx Tx) error {
		n, err = count(tx, countMessages)
		return err
	})
	return n, err
}

func (s chat) HideMessages(ctx context.Context, at time.Time, ids ...string) (changed []string, err error) {
	// There is no index by id, which would cost every message more than all
	// the others together: what is hidden is recent, and found from the end.
	// Nobody has to wait with writing meanwhile.
	var keys [][]byte
	err = s.view(ctx, "hide messages", func(tx Tx) error {
		keys = findMessages(tx, ids)
		return nil
	})
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	err = s.update(ctx, "hide messages", func(tx Tx) error {
		changed, err = hide(tx, keys, at)
		return err
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// findMessages returns the keys of the messages that have these ids.
func findMessages(tx Tx, ids []string) [][]byte {
	found := make(map[string][]byte, len(ids))
	for _, id := range ids {
		found[id] = nil
	}
	left := len(found)
	if left == 0 {
		return nil
	}
	for k, data := range tx.Descend(Messages, nil) {
		id := messageID(data)
		if key, asked := found[string(id)]; asked && key == nil {
			found[string(id)] = bytes.Clone(k)
			if left--; left == 0 {
				break
			}
		}
	}
	var keys [][]byte
	for _, id := range ids {
		if found[id] != nil {
			keys = append(keys, found[id])
			found[id] = nil
		}
	}
	return keys
}

// messageID returns the id of a message, without reading the rest.
func messageID(data []byte) []byte {
	if len(data) == 0 || data[0] != codecForm {
		return nil
	}
	c := codec{buf: data[1:], reading: true}
	if !c.next(1, kindBytes) {
		return nil
	}
	return c.take()
}

func (s chat) HideUserMessages(ctx context.Context, at time.Time, userID string) (changed []string, err error) {
	err = s.update(ctx, "hide messages of a user", func(tx Tx) error {
		changed, err = hide(tx, userKeys(tx, userID), at)
		return err
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// userKeys returns the keys of all messages of a user.
func userKeys(tx Tx, userID string) [][]byte {
	var keys [][]byte
	for k := range userMessages(tx, userID, 0) {
		keys = append(keys, bytes.Clone(k))
	}
	return keys
}

// hide sets when messages were hidden, where that changes whether they are, and
// returns the ids of these.
func hide(tx Tx, keys [][]byte, at time.Time) ([]string, error) {
	var changed []string
	for _, key := range keys {
		m, err := get(tx, Messages, key, messageFields)
		if errors.Is(err, repository.ErrNotFound) {
			continue // it was pruned a moment ago
		}
		if err != nil {
			return nil, err
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

func (s chat) DeleteMessages(ctx context.Context, ids ...string) (n int, err error) {
	// As for hiding: nobody has to wait while they are looked for.
	var keys [][]byte
	err = s.view(ctx, "delete messages", func(tx Tx) error {
		keys = findMessages(tx, ids)
		return nil
	})
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	err = s.update(ctx, "delete messages", func(tx Tx) error {
		keys = slices.DeleteFunc(keys, func(k []byte) bool { return tx.Get(Messages, k) == nil }) // pruned a moment ago
		n = len(keys)
		return deleteMessages(tx, keys)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (s chat) DeleteUserMessages(ctx context.Context, userID string) (n int, err error) {
	err = s.update(ctx, "delete messages of a user", func(tx Tx) error {
		keys := userKeys(tx, userID)
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
		var m repository.Message
		data := tx.Get(Messages, key)
		if data == nil {
			return lost(repository.ErrNotFound)
		}
		if err := decodeMessage(key, data, &m); err != nil {
			return err
		}
		if m.UserID != "" {
			tx.Delete(MessagesByUser, userMessageKey(m.Seq, m.UserID))
		}
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
