// Package tree is a database of package kvstore in memory: sorted trees that
// never change, so that whoever has one state of it can read on while the next
// ones are made.
package tree

import (
	"iter"

	"github.com/owncast-go/owncast/repository/internal/kvstore"
)

// State is one state of a database. It never changes; the zero State is empty.
type State struct {
	trees [kvstore.NumBuckets]*node
	size  int64
}

// Size is how many bytes the keys and values have. What holds them takes about
// 75 bytes more for each key.
func (s *State) Size() int64 { return s.size }

// Begin returns a transaction that starts from s.
func (s *State) Begin() *Tx { return &Tx{state: *s} }

// Tx is a transaction. It is its owner's alone until it is over; to give up
// what it wrote is to forget it.
type Tx struct {
	state State
	// Wrote, if not nil, hears of what is written, in order; the value is nil
	// for a key that was deleted. It must not change what it is given.
	Wrote func(b kvstore.Bucket, key string, value []byte)
	// ReadOnly makes Put and Delete do nothing.
	ReadOnly bool
}

var _ kvstore.Tx = (*Tx)(nil)

// State returns the state with what was written so far.
func (t *Tx) State() *State {
	s := t.state
	return &s
}

// Reset takes the transaction back, or forth, to a state.
func (t *Tx) Reset(s *State) { t.state = *s }

// Get returns a value, nil if there is none.
func (t *Tx) Get(b kvstore.Bucket, key []byte) []byte {
	if n := t.state.trees[b].find(string(key)); n != nil {
		return n.value
	}
	return nil
}

// Put stores a copy of a value.
func (t *Tx) Put(b kvstore.Bucket, key, value []byte) {
	if !t.ReadOnly {
		t.Set(b, string(key), append([]byte{}, value...))
	}
}

// Set is Put for a value that nobody changes any more. It must not be nil.
func (t *Tx) Set(b kvstore.Bucket, key string, value []byte) {
	if old := t.state.trees[b].find(key); old != nil {
		t.state.size -= int64(len(key) + len(old.value))
		t.state.trees[b] = t.state.trees[b].set(key, value)
	} else {
		t.state.trees[b] = t.state.trees[b].insert(key, value)
	}
	t.state.size += int64(len(key) + len(value))
	if t.Wrote != nil {
		t.Wrote(b, key, value)
	}
}

// Delete removes a key, if it is there.
func (t *Tx) Delete(b kvstore.Bucket, key []byte) {
	if !t.ReadOnly {
		t.Remove(b, string(key))
	}
}

// Remove is Delete.
func (t *Tx) Remove(b kvstore.Bucket, key string) {
	old := t.state.trees[b].find(key)
	if old == nil {
		return
	}
	t.state.size -= int64(len(key) + len(old.value))
	t.state.trees[b] = t.state.trees[b].without(key)
	if t.Wrote != nil {
		t.Wrote(b, key, nil)
	}
}

// Ascend goes through the keys from one on.
func (t *Tx) Ascend(b kvstore.Bucket, from []byte) iter.Seq2[[]byte, []byte] {
	root, start := t.state.trees[b], string(from)
	return func(yield func(k, v []byte) bool) { root.ascend(start, yield) }
}

// Descend goes backwards through those before one; nil is behind the last.
func (t *Tx) Descend(b kvstore.Bucket, before []byte) iter.Seq2[[]byte, []byte] {
	root, end, bounded := t.state.trees[b], string(before), before != nil
	return func(yield func(k, v []byte) bool) { root.descend(end, bounded, yield) }
}
