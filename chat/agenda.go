package chat

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// agenda does things later, all in one goroutine. They must be quick.
type agenda struct {
	wake chan struct{}

	mu    sync.Mutex // guards the rest
	tasks taskHeap
}

// task is something to do. It is the agenda's, but for cancel.
type task struct {
	at time.Time
	do func() // nil if it was called off
}

func newAgenda() *agenda { return &agenda{wake: make(chan struct{}, 1)} }

// after does something after a while.
func (a *agenda) after(d time.Duration, do func()) *task {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := &task{time.Now().Add(d), do}
	heap.Push(&a.tasks, t)
	if a.tasks[0] == t {
		signal(a.wake)
	}
	return t
}

// cancel calls a task off. It tells whether that was in time. What the task
// refers to is let go; the task itself stays until it is due.
func (a *agenda) cancel(t *task) bool {
	if t == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	inTime := t.do != nil
	t.do = nil
	return inTime
}

// run does what is due until ctx is done.
func (a *agenda) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		do, next := a.due()
		if do != nil {
			do()
			continue
		}
		timer.Reset(next)
		select {
		case <-timer.C:
		case <-a.wake:
		case <-ctx.Done():
			return
		}
	}
}

// due takes the next task if it is due, and otherwise tells when it will be.
func (a *agenda) due() (do func(), next time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.tasks) > 0 {
		t := a.tasks[0]
		if next := time.Until(t.at); next > 0 && t.do != nil {
			return nil, next
		}
		heap.Pop(&a.tasks)
		if do := t.do; do != nil {
			t.do = nil
			return do, 0
		}
	}
	return nil, time.Hour
}

// taskHeap has the next task first.
type taskHeap []*task

func (h taskHeap) Len() int           { return len(h) }
func (h taskHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h taskHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is for package heap.
func (h *taskHeap) Push(x any) { *h = append(*h, x.(*task)) }

// Pop is for package heap.
func (h *taskHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return t
}
