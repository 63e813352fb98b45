package logring

import (
	"context"
	"log/slog"
	"slices"
)

// handler hands records on and keeps those of its level.
type handler struct {
	ring  *Ring
	level slog.Leveler
	next  slog.Handler
	attrs []byte // of WithAttrs, written already
	group string // of WithGroup, each followed by a dot
}

var _ slog.Handler = (*handler)(nil)

// Handler returns a handler that keeps records of at least a level in the Ring
// and hands those that next is enabled for on to it, unchanged. What is kept
// does not depend on next's level.
func (r *Ring) Handler(next slog.Handler, level slog.Leveler) slog.Handler {
	return &handler{ring: r, level: level, next: next}
}

// Enabled tells whether either wants the record.
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.level.Level() || h.next.Enabled(ctx, level)
}

// Handle keeps the record and hands it on. The error is next's.
func (h *handler) Handle(ctx context.Context, rec slog.Record) error {
	if rec.Level >= h.level.Level() {
		h.keep(rec)
	}
	if !h.next.Enabled(ctx, rec.Level) {
		return nil
	}
	return h.next.Handle(ctx, rec)
}

// keep writes the record before it locks the Ring: a value may log as it is
// written.
func (h *handler) keep(rec slog.Record) {
	buf, ok := h.ring.buffers.Get().(*[]byte)
	if !ok {
		buf = new([]byte)
	}
	b := appendText((*buf)[:0], rec.Message, maxMessage)
	b = append(b, h.attrs...)
	rec.Attrs(func(a slog.Attr) bool {
		b = appendAttr(b, h.group, a)
		return len(b) < maxEntry
	})
	b = cut(b, maxEntry)
	h.ring.add(rec.Time, rec.Level, b)
	*buf = b
	h.ring.buffers.Put(buf)
}

// WithAttrs returns a handler with attributes in each record.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.next = h.next.WithAttrs(attrs)
	c.attrs = slices.Clone(h.attrs)
	for _, a := range attrs {
		if len(c.attrs) < maxEntry {
			c.attrs = appendAttr(c.attrs, h.group, a)
		}
	}
	return &c
}

// WithGroup returns a handler that puts the attributes that are to come into
// a group.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	c.next = h.next.WithGroup(name)
	c.group = h.group + name + "."
	return &c
}
