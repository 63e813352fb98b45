// Package logring keeps the last log records of a program in memory, as text,
// on their way to wherever else they go.
package logring

import (
	"log/slog"
	"sync"
	"time"
)

// Size is how many entries a [Ring] keeps, and how many of warnings and worse.
const Size = 500

// Entry is a log record as it is shown.
type Entry struct {
	Time    time.Time // in UTC
	Level   slog.Level
	Message string // with the attributes as key=value, of bounded length
}

// Ring keeps the last entries. Make one with [New]. It is safe for concurrent
// use.
type Ring struct {
	buffers sync.Pool // of *[]byte

	mu       sync.Mutex // guards the rest
	all      list
	warnings list
}

// New returns an empty Ring.
func New() *Ring {
	return &Ring{buffers: sync.Pool{New: func() any { return new([]byte) }}}
}

// All returns the last entries, the oldest first.
func (r *Ring) All() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all.entries()
}

// Warnings returns the last entries of level Warn and above, the oldest first.
func (r *Ring) Warnings() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.warnings.entries()
}

// add copies text.
func (r *Ring) add(t time.Time, level slog.Level, text []byte) {
	if t.IsZero() {
		t = time.Now()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all.add(t, level, text)
	if level >= slog.LevelWarn {
		r.warnings.add(t, level, text)
	}
}

// slot is an entry whose memory is used again.
type slot struct {
	time  time.Time
	level slog.Level
	text  []byte
}

// list has Size slots at the most, of which next is the oldest once it is
// full.
type list struct {
	slots []slot
	next  int
}

func (l *list) add(t time.Time, level slog.Level, text []byte) {
	if len(l.slots) < Size {
		l.slots = append(l.slots, slot{t, level, append([]byte(nil), text...)})
		return
	}
	s := &l.slots[l.next]
	s.time, s.level, s.text = t, level, append(s.text[:0], text...)
	l.next = (l.next + 1) % Size
}

func (l *list) entries() []Entry {
	entries := make([]Entry, 0, len(l.slots))
	for i := range l.slots {
		s := &l.slots[(l.next+i)%len(l.slots)]
		entries = append(entries, Entry{s.time.UTC(), s.level, string(s.text)})
	}
	return entries
}
