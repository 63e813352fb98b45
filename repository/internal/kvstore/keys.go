package kvstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// Keys sort as their parts do, and no key with other parts begins like one
// with fewer.

// textKey appends a text that other parts follow: its length, and itself.
func textKey(key []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(key, uint16(len(s))), s...)
}

func numberKey(key []byte, n uint64) []byte { return binary.BigEndian.AppendUint64(key, n) }

const timeLen = 12

// timeKey appends a time: the seconds, with those before 1970 first, and the
// nanoseconds.
func timeKey(key []byte, t time.Time) []byte {
	key = binary.BigEndian.AppendUint64(key, uint64(t.Unix())^1<<63)
	return binary.BigEndian.AppendUint32(key, uint32(t.Nanosecond()))
}

// timeOf reads what timeKey wrote.
func timeOf(key []byte) (time.Time, error) {
	if len(key) < timeLen {
		return time.Time{}, corrupt("key of %d bytes", len(key))
	}
	seconds := int64(binary.BigEndian.Uint64(key) ^ 1<<63)
	return time.Unix(seconds, int64(binary.BigEndian.Uint32(key[8:]))).UTC(), nil
}

// numberOf reads what numberKey wrote at the end of a key, or a value.
func numberOf(b []byte) (uint64, error) {
	if len(b) < 8 {
		return 0, corrupt("number of %d bytes", len(b))
	}
	return binary.BigEndian.Uint64(b[len(b)-8:]), nil
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, repository.ErrCorrupt)...)
}

// present is the value of keys that say all themselves.
func present() []byte { return []byte{} }

// after returns the first key behind all that begin with prefix; nil if there
// is none.
func after(prefix []byte) []byte {
	key := bytes.Clone(prefix)
	for i := len(key) - 1; i >= 0; i-- {
		if key[i] < math.MaxUint8 {
			key[i]++
			return key[:i+1]
		}
	}
	return nil
}

// prefixed goes through the keys that begin with prefix.
func prefixed(tx Tx, b Bucket, prefix []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		for k, v := range tx.Ascend(b, prefix) {
			if !bytes.HasPrefix(k, prefix) || !yield(k, v) {
				return
			}
		}
	}
}

// prefixedDown goes backwards through those of them before a key; nil is
// behind the last.
func prefixedDown(tx Tx, b Bucket, prefix, before []byte) iter.Seq2[[]byte, []byte] {
	if before == nil {
		before = after(prefix)
	}
	return func(yield func(k, v []byte) bool) {
		for k, v := range tx.Descend(b, before) {
			if !bytes.HasPrefix(k, prefix) || !yield(k, v) {
				return
			}
		}
	}
}

// entry is a key in a bucket, and its value.
type entry struct {
	bucket     Bucket
	key, value []byte
}

func (e entry) compare(o entry) int {
	if e.bucket != o.bucket {
		return int(e.bucket) - int(o.bucket)
	}
	return bytes.Compare(e.key, o.key)
}

// reindex removes the entries of an index that are no more and adds those that
// are new.
func reindex(tx Tx, old, now []entry) {
	has := func(list []entry, e entry) bool {
		for _, o := range list {
			if o.compare(e) == 0 && bytes.Equal(o.value, e.value) {
				return true
			}
		}
		return false
	}
	for _, e := range old {
		if !has(now, e) {
			tx.Delete(e.bucket, e.key)
		}
	}
	for _, e := range now {
		if !has(old, e) {
			tx.Put(e.bucket, e.key, e.value)
		}
	}
}

// get returns a record, or an error matching [repository.ErrNotFound].
func get[T any](tx Tx, b Bucket, key []byte, fields func(*codec, *T)) (T, error) {
	data := tx.Get(b, key)
	if data == nil {
		var none T
		return none, repository.ErrNotFound
	}
	return decode(data, fields)
}

// The names of counters.
const (
	countUsers       = "users"
	countMessages    = "messages"
	countActivities  = "activities"
	countEngagements = "engagements"
	countFollowers   = "followers." // and a state
	countQueue       = "queue."     // and a queue and what is counted
	lastMessage      = "last message"
	lastAudit        = "last audit record"
	lastWebhook      = "last webhook"
)

// counter returns a counter, 0 if it was never changed.
func counter(tx Tx, name string) (uint64, error) {
	value := tx.Get(State, []byte(name))
	if value == nil {
		return 0, nil
	}
	if len(value) != 8 {
		return 0, corrupt("counter of %d bytes", len(value))
	}
	return binary.BigEndian.Uint64(value), nil
}

// count returns a counter that is the size of something.
func count(tx Tx, name string) (int, error) {
	n, err := counter(tx, name)
	if n > math.MaxInt {
		return 0, corrupt("count of %d", n)
	}
	return int(n), err
}

// add changes a counter and returns what it is then.
func add(tx Tx, name string, delta int) (uint64, error) {
	n, err := counter(tx, name)
	if err != nil || delta == 0 {
		return n, err
	}
	if delta < 0 && n < uint64(-delta) {
		return 0, corrupt("count of %d less %d", n, -delta)
	}
	n += uint64(delta)
	tx.Put(State, []byte(name), numberKey(nil, n))
	return n, nil
}

// bounds returns which part of a list of n records a page is.
func bounds(p repository.Page, n int) (from, to int) {
	from = min(max(p.Offset, 0), n)
	if p.Limit <= 0 {
		return from, n
	}
	return from, from + min(p.Limit, n-from)
}

// keyPage returns copies of the keys of a page of those that keys goes through.
func keyPage(keys iter.Seq2[[]byte, []byte], p repository.Page) [][]byte {
	var page [][]byte
	skip := max(p.Offset, 0)
	for k := range keys {
		if skip > 0 {
			skip--
			continue
		}
		page = append(page, bytes.Clone(k))
		if len(page) == p.Limit {
			break
		}
	}
	return page
}
