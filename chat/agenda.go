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
	at    time.Time
	do    func()
	index int // in the heap; negative if it was done or called off
}

func newAgenda() *agenda { return &agenda{wake: make(chan struct{}, 1)} }

// after does something after a while.
func (a *agenda) after(d time.Duration, do func()) *task {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := &task{at: time.Now().Add(d), do: do}
	heap.Push(&a.tasks, t)
	if a.tasks[0] == t {
		signal(a.wake)
	}
	return t
}

// cancel calls a task off. It tells whether that was in time.
func (a *agenda) cancel(t *task) bool {
	if t == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if t.index < 0 {
		return false
	}
	heap.Remove(&a.tasks, t.index)
	return true
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
	if len(a.tasks) == 0 {
		return nil, time.Hour
	}
	if next := time.Until(a.tasks[0].at); next > 0 {
		return nil, next
	}
	return heap.Pop(&a.tasks).(*task).do, 0
}

// taskHeap has the next task first.
type taskHeap []*task

func (h taskHeap) Len() int           { return len(h) }
func (h taskHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

// Swap is for package heap.
func (h taskHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push is for package heap.
func (h *taskHeap) Push(x any) {
	t := x.(*task)
	t.index = len(*h)
	*h = append(*h, t)
}

// Pop is for package heap.
func (h *taskHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last], t.index = nil, -1
	*h = (*h)[:last]
	return t
}
