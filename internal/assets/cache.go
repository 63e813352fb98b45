package assets

import "sync"

// maxCached is how many bytes of pictures are kept in memory, where the next
// viewer needs them again.
const maxCached = 16 << 20

// cache keeps the content of files, which never changes. The zero cache is
// empty.
type cache struct {
	mu    sync.Mutex // guards the rest
	data  map[string][]byte
	order []string // oldest first
	size  int
}

func (c *cache) get(id string) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	data, ok := c.data[id]
	return data, ok
}

func (c *cache) put(id string, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.data[id]; ok || len(data) > maxCached/4 {
		return
	}
	if c.data == nil {
		c.data = map[string][]byte{}
	}
	c.data[id] = data
	c.order = append(c.order, id)
	c.size += len(data)
	for c.size > maxCached {
		oldest := c.order[0]
		c.order = c.order[1:]
		c.size -= len(c.data[oldest])
		delete(c.data, oldest)
	}
}

// drop forgets a file. It may come back by a reader that has begun before,
// which costs its bytes until others take their place.
func (c *cache) drop(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size -= len(c.data[id])
	delete(c.data, id)
	for i, other := range c.order {
		if other == id {
			c.order = append(c.order[:i:i], c.order[i+1:]...)
			break
		}
	}
}
