package tree

import "math/rand/v2"

// node is the root of a sorted tree that never changes: to put and to remove
// make new nodes along one path, and share the rest. It is a treap: sorted by
// key from left to right, and by a random weight from top to bottom, which
// keeps it about as deep as the logarithm of its size. Nil is the empty tree.
type node struct {
	key         string
	value       []byte
	weight      uint64
	left, right *node
}

func (n *node) find(key string) *node {
	for n != nil && n.key != key {
		if key < n.key {
			n = n.left
		} else {
			n = n.right
		}
	}
	return n
}

// insert returns the tree with a value under a key that it does not have.
func (n *node) insert(key string, value []byte) *node {
	left, right := n.split(key)
	return join(join(left, &node{key: key, value: value, weight: rand.Uint64()}), right)
}

// set returns the tree with another value under a key that it has.
func (n *node) set(key string, value []byte) *node {
	c := *n
	switch {
	case key < n.key:
		c.left = n.left.set(key, value)
	case key > n.key:
		c.right = n.right.set(key, value)
	default:
		c.value = value
	}
	return &c
}

// without returns the tree without a key that it has.
func (n *node) without(key string) *node {
	if key == n.key {
		return join(n.left, n.right)
	}
	c := *n
	if key < n.key {
		c.left = n.left.without(key)
	} else {
		c.right = n.right.without(key)
	}
	return &c
}

// split returns the trees of the keys before key and of the others.
func (n *node) split(key string) (left, right *node) {
	if n == nil {
		return nil, nil
	}
	c := *n
	if n.key < key {
		c.right, right = n.right.split(key)
		return &c, right
	}
	left, c.left = n.left.split(key)
	return left, &c
}

// join returns the tree of both, where all keys of a are before those of b.
func join(a, b *node) *node {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.weight > b.weight:
		c := *a
		c.right = join(a.right, b)
		return &c
	default:
		c := *b
		c.left = join(a, b.left)
		return &c
	}
}

// ascend calls yield for the keys from one on, until it returns false.
func (n *node) ascend(from string, yield func(k, v []byte) bool) bool {
	if n == nil {
		return true
	}
	if n.key < from {
		return n.right.ascend(from, yield)
	}
	return n.left.ascend(from, yield) && yield([]byte(n.key), n.value) && n.right.ascend("", yield)
}

// descend does so for the keys before one, if bounded, from the last to the
// first.
func (n *node) descend(before string, bounded bool, yield func(k, v []byte) bool) bool {
	if n == nil {
		return true
	}
	if bounded && n.key >= before {
		return n.left.descend(before, true, yield)
	}
	return n.right.descend(before, bounded, yield) && yield([]byte(n.key), n.value) && n.left.descend("", false, yield)
}
