package owncast_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"sync"

	"github.com/owncast-go/owncast"
)

// logTo logs everything to b.
func logTo(b *syncBuffer) owncast.Option {
	return owncast.WithLogger(slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug})))
}

// syncBuffer is a buffer that several goroutines write to.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// namesFS tells the names of what is opened.
type namesFS struct {
	fs.FS
	tell func(string)
}

func (n namesFS) Open(name string) (fs.File, error) {
	n.tell(name)
	return n.FS.Open(name)
}
