package chat

import (
	"sync/atomic"
	"time"
)

// shard is a part of the clients, with the goroutine that writes to them.
type shard struct {
	passes chan *pass
	done   chan struct{} // a value after each pass
	gone   atomic.Int32  // clients in the list that have left

	list []*client // the goroutine's alone
}

// pass is what a shard writes.
type pass struct {
	number  uint64
	common  *frame    // for all of the list; nil if there is none
	special []special // gets something else
}

// special is a client that does not get what all get, for it joins or
// something is for it alone.
type special struct {
	client *client
	frame  *frame // nil if it gets nothing
	joins  bool
}

func newShard() *shard { return &shard{passes: make(chan *pass), done: make(chan struct{})} }

// run writes passes until there are no more.
func (sh *shard) run() {
	for p := range sh.passes {
		sh.write(p)
		sh.done <- struct{}{}
	}
}

func (sh *shard) write(p *pass) {
	for _, x := range p.special {
		x.client.passed = p.number
		if x.frame != nil {
			x.client.conn.send(x.frame)
		}
		if x.joins {
			sh.list = append(sh.list, x.client)
		}
	}
	if p.common != nil {
		for _, c := range sh.list {
			if c.passed != p.number {
				c.conn.send(p.common)
			}
		}
	}
	if gone := int(sh.gone.Load()); gone >= sweepAt || gone > len(sh.list)/2 {
		sh.sweep()
	}
}

// sweepAt is how many clients that have left are worth a look through the
// list.
const sweepAt = 256

// sweep takes those who have left off the list. Writing to one in the meantime
// does nothing.
func (sh *shard) sweep() {
	left := sh.list[:0]
	for _, c := range sh.list {
		if !c.conn.over.Load() {
			left = append(left, c)
		}
	}
	swept := len(sh.list) - len(left)
	clear(sh.list[len(left):])
	sh.list = left
	sh.gone.Add(int32(-swept))
}

// deliver hands batches of the stream to the shards, until the stream stops.
// It alone sees events between the stream and the shards, so that every client
// sees them in one order.
func (s *Server) deliver() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	defer func() {
		for _, sh := range s.shards {
			close(sh.passes)
		}
	}()
	var number uint64
	for {
		batch, slots := s.stream.take()
		if batch == nil {
			return
		}
		begun := time.Now()
		number++
		s.dispatch(number, batch)
		s.stream.delivered(len(batch), slots)
		s.stream.collect(begun, timer)
	}
}

// dispatch writes a batch to everybody that it is for.
func (s *Server) dispatch(number uint64, batch []event) {
	common, specials := split(batch)
	passes := make([]*pass, len(s.shards))
	for i := range passes {
		passes[i] = &pass{number: number, common: common}
	}
	for c, own := range specials {
		p := passes[c.shard]
		p.special = append(p.special, special{client: c, frame: own.frame(batch), joins: own.joins})
	}
	var busy []*shard
	for i, sh := range s.shards {
		if common != nil || len(passes[i].special) > 0 || sh.gone.Load() >= sweepAt {
			sh.passes <- passes[i]
			busy = append(busy, sh)
		}
	}
	for _, sh := range busy {
		<-sh.done
	}
}

// own is what one client gets of a batch.
type own struct {
	from  int   // the index of the first event that it gets if it is for everybody
	only  []int // the indexes of those that are for it
	joins bool
}

// split makes the frame that is for everybody, nil if there is none, and says
// who gets something else.
func split(batch []event) (common *frame, specials map[*client]*own) {
	docs := make([][]byte, 0, len(batch))
	specials = map[*client]*own{}
	of := func(c *client) *own {
		if specials[c] == nil {
			specials[c] = &own{}
		}
		return specials[c]
	}
	for i, e := range batch {
		if e.joins != nil {
			x := of(e.joins)
			x.from, x.joins = i, true
		}
		switch {
		case e.doc == nil:
		case e.to == nil:
			docs = append(docs, e.doc)
		default:
			for _, c := range e.to {
				x := of(c)
				x.only = append(x.only, i)
			}
		}
	}
	if len(docs) > 0 {
		common = newFrame(docs...)
	}
	return common, specials
}

// frame makes the frame of what the client gets; nil if that is nothing.
func (x *own) frame(batch []event) *frame {
	var docs [][]byte
	only := x.only
	for i, e := range batch {
		switch {
		case len(only) > 0 && only[0] == i:
			only = only[1:]
			docs = append(docs, e.doc)
		case e.to == nil && e.doc != nil && i >= x.from:
			docs = append(docs, e.doc)
		}
	}
	if docs == nil {
		return nil
	}
	return newFrame(docs...)
}
