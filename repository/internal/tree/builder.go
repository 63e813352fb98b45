package tree

import (
	"errors"
	"math/rand/v2"

	"github.com/owncast-go/owncast/repository/internal/kvstore"
)

// ErrOrder is returned for a key that is not behind the one before it.
var ErrOrder = errors.New("tree: keys out of order")

// Builder makes a State of keys in order, in a time that grows with their
// number alone. The zero Builder is ready.
type Builder struct {
	state  State
	bucket kvstore.Bucket
	// spine is the path from the root of the bucket's tree to its last key. What
	// is on it may still be changed.
	spine []*node
}

// Add adds a key. Those of a bucket come one after the other, in order, and
// buckets do, too. The value is kept, and must not be nil.
func (b *Builder) Add(bucket kvstore.Bucket, key string, value []byte) error {
	if bucket != b.bucket {
		if bucket < b.bucket {
			return ErrOrder
		}
		b.bucket, b.spine = bucket, nil
	}
	if n := len(b.spine); n > 0 && key <= b.spine[n-1].key {
		return ErrOrder
	}
	added := &node{key: key, value: value, weight: rand.Uint64()}
	// What is lighter goes below it, to the left, as it has smaller keys.
	for n := len(b.spine); n > 0 && b.spine[n-1].weight <= added.weight; n-- {
		added.left = b.spine[n-1]
		b.spine = b.spine[:n-1]
	}
	if n := len(b.spine); n > 0 {
		b.spine[n-1].right = added
	} else {
		b.state.trees[bucket] = added
	}
	b.spine = append(b.spine, added)
	b.state.size += int64(len(key) + len(value))
	return nil
}

// State returns the state. The Builder must not be used any more.
func (b *Builder) State() *State { return &b.state }
