package storagetest

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/storage"
)

func contextChecks() []check {
	return []check{
		{"CanceledContext", testCanceledContext},
		{"CancelDuringPut", testCancelDuringPut},
		{"CancelDuringList", testCancelDuringList},
	}
}

// canceled fails the test unless err is that of a canceled context.
func canceled(t *testing.T, op string, err error) {
	t.Helper()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%s with a canceled context: got error %v, want context.Canceled", op, err)
	}
}

func testCanceledContext(t *testing.T, s storage.Storage) {
	put(t, s, "a", "old")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	canceled(t, "Put", s.Put(ctx, "a", strings.NewReader("new"), storage.PutOptions{}))
	canceled(t, "Put", s.Put(ctx, "b", strings.NewReader("new"), storage.PutOptions{}))
	r, _, err := s.Open(ctx, "a")
	if err == nil {
		r.Close()
	}
	canceled(t, "Open", err)
	canceled(t, "Delete", s.Delete(ctx, "a"))
	canceled(t, "DeleteAll", storage.DeleteAll(ctx, s, []string{"a"}))
	canceled(t, "List", listError(ctx, s))
	if b, ok := storage.As[storage.BatchDeleter](s); ok {
		canceled(t, "DeleteBatch", b.DeleteBatch(ctx, []string{"a"}))
	}
	want(t, s, "a", "old")
	if keys := list(t, s, ""); len(keys) != 1 {
		t.Errorf("after operations with a canceled context: List yields %q", keys)
	}
}

// listError returns the error that ends the list of s.
func listError(ctx context.Context, s storage.Storage) error {
	for _, err := range s.List(ctx, "") {
		if err != nil {
			return err
		}
	}
	return nil
}

// cancelReader cancels a context after its first read, and then goes on for
// as long as it is asked, but for no more than 16 MB.
type cancelReader struct {
	cancel context.CancelFunc
	left   int
}

func (c *cancelReader) Read(p []byte) (int, error) {
	c.cancel()
	if c.left <= 0 {
		return 0, io.EOF
	}
	c.left -= len(p)
	return len(p), nil
}

func testCancelDuringPut(t *testing.T, s storage.Storage) {
	put(t, s, "a", "old")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	canceled(t, "Put", s.Put(ctx, "a", &cancelReader{cancel: cancel, left: 16 << 20}, storage.PutOptions{}))
	want(t, s, "a", "old")
}

func testCancelDuringList(t *testing.T, s storage.Storage) {
	for _, key := range []string{"a", "b", "c", "d"} {
		put(t, s, key, "x")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	objects, errs := 0, 0
	for _, err := range s.List(ctx, "") {
		cancel()
		if err != nil {
			canceled(t, "List", err)
			errs++
		} else {
			objects++
		}
	}
	// What was fetched before may still come, but it ends with the error or
	// with the last object.
	if errs > 1 || errs == 0 && objects != 4 {
		t.Errorf("List with a context that ends yields %d objects and %d errors", objects, errs)
	}
}
