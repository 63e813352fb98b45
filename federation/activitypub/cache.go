package activitypub

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// cache keeps what was fetched, and that it could not be, for a while. What
// several ask for at the same time is fetched once. It is safe for concurrent
// use.
type cache[V any] struct {
	size     int
	lifetime time.Duration // of values
	patience time.Duration // after failures

	mu      sync.Mutex // guards the rest
	entries map[string]*list.Element
	order   *list.List // of *cached[V], the one used last in front
	flights map[string]*flight[V]
}

type cached[V any] struct {
	key   string
	value V
	err   error
	at    time.Time
}

// flight is a fetch that is under way.
type flight[V any] struct {
	done  chan struct{} // closed when the rest is set
	value V
	err   error
}

func newCache[V any](size int, lifetime, patience time.Duration) *cache[V] {
	return &cache[V]{
		size: size, lifetime: lifetime, patience: patience,
		entries: map[string]*list.Element{}, order: list.New(), flights: map[string]*flight[V]{},
	}
}

// look returns what is known of a key; nil if nothing is.
func (c *cache[V]) look(key string) *cached[V] {
	e, there := c.entries[key]
	if !there {
		return nil
	}
	x, _ := e.Value.(*cached[V])
	if age := time.Since(x.at); x.err != nil && age > c.patience || age > c.lifetime {
		c.order.Remove(e)
		delete(c.entries, key)
		return nil
	}
	c.order.MoveToFront(e)
	return x
}

// get returns what is known of a key if that is not older than maxAge, or else
// fetches it. Failures that keep tells to keep are remembered.
func (c *cache[V]) get(ctx context.Context, key string, maxAge time.Duration, keep func(error) bool, fetch func() (V, error)) (V, error) {
	c.mu.Lock()
	if x := c.look(key); x != nil && (x.err != nil || time.Since(x.at) <= maxAge) {
		c.mu.Unlock()
		return x.value, x.err
	}
	if f := c.flights[key]; f != nil {
		c.mu.Unlock()
		select {
		case <-f.done:
			return f.value, f.err
		case <-ctx.Done():
			var none V
			return none, ctx.Err()
		}
	}
	f := &flight[V]{done: make(chan struct{})}
	c.flights[key] = f
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.flights, key)
		c.mu.Unlock()
		close(f.done)
	}()
	f.value, f.err = fetch()
	if f.err == nil || keep(f.err) {
		c.put(key, f.value, f.err)
	}
	return f.value, f.err
}

// put remembers a value, or a failure.
func (c *cache[V]) put(key string, v V, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[key]; ok {
		c.order.Remove(e)
	}
	c.entries[key] = c.order.PushFront(&cached[V]{key: key, value: v, err: err, at: time.Now()})
	for len(c.entries) > c.size {
		last := c.order.Back()
		x, _ := last.Value.(*cached[V])
		c.order.Remove(last)
		delete(c.entries, x.key)
	}
}

// forget removes a key.
func (c *cache[V]) forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[key]; ok {
		c.order.Remove(e)
		delete(c.entries, key)
	}
}
