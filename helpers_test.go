package owncast_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"testing"

	"github.com/owncast-go/owncast"
)

// onlyAtLength skips what takes too long for every run of the tests; make test
// runs it.
func onlyAtLength(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("OWNCAST_TEST_LONG") == "" {
		t.Skip("OWNCAST_TEST_LONG is not set: " + why)
	}
}

// atLength is how many of something there are: fewer in a run that is to be
// short.
func atLength(many, few int) int {
	if os.Getenv("OWNCAST_TEST_LONG") == "" {
		return few
	}
	return many
}

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
