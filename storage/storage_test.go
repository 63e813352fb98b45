package storage_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/storage"
)

func TestCheckKeyTellsValidKeysFromOthers(t *testing.T) {
	long := strings.Repeat("a", storage.MaxElementLen)
	deep := strings.Repeat("a/", storage.MaxKeyLen/2-1) + "bc"
	for key, valid := range map[string]bool{
		"a": true, "hls/0/x.m4s": true, ".hidden": true, "...": true, "a b/ü/日本": true,
		"%2e%2e/a": true, "a:b?c#d": true, "tmp-a": true, "a.tmp-b": true, long: true, deep: true,

		"": false, ".": false, "..": false, "/": false, "/a": false, "a/": false, "a//b": false,
		"../a": false, "a/..": false, "a/../b": false, "./a": false, "a/./b": false,
		`a\b`: false, `..\a`: false, "a\x00": false, "a\nb": false, "a\x7f": false, "\xff": false,
		long + "a": false, deep + "d": false, ".tmp-a": false, "a/.tmp-b/c": false,
	} {
		err := storage.CheckKey(key)
		if (err == nil) != valid {
			t.Errorf("CheckKey(%.40q) = %v, want valid: %v", key, err, valid)
		}
		if err != nil && !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("CheckKey(%.40q) = %v, which is no fs.ErrInvalid", key, err)
		}
	}
}

func FuzzCheckKey(f *testing.F) {
	f.Add("hls/0/x.m4s")
	f.Add("../../etc/passwd")
	f.Add("a/.tmp-b")
	f.Fuzz(func(t *testing.T, key string) {
		if storage.CheckKey(key) != nil {
			return
		}
		for element := range strings.SplitSeq(key, "/") {
			if element == "" || element == "." || element == ".." || strings.ContainsAny(element, "\x00\\") {
				t.Errorf("CheckKey let %q pass", key)
			}
		}
	})
}

func TestContentTypeIsThatOfTheExtension(t *testing.T) {
	for key, want := range map[string]string{
		"hls/stream.m3u8": "application/vnd.apple.mpegurl",
		"a.b/x.M4S":       "video/mp4",
		"logo.svg":        "image/svg+xml",
		"logo.png/x":      "application/octet-stream",
		"x":               "application/octet-stream",
	} {
		if got := storage.ContentType(key); got != want {
			t.Errorf("ContentType(%q) = %q, want %q", key, got, want)
		}
	}
}

// fake is a Storage of which only Delete works.
type fake struct {
	deleted []string
	fail    map[string]error
	deletes func() // called by Delete
}

func (f *fake) Put(context.Context, string, io.Reader, storage.PutOptions) error {
	return errors.ErrUnsupported
}

func (f *fake) Open(context.Context, string) (io.ReadCloser, storage.Info, error) {
	return nil, storage.Info{}, errors.ErrUnsupported
}

func (f *fake) List(context.Context, string) iter.Seq2[storage.Info, error] {
	return func(func(storage.Info, error) bool) {}
}

func (f *fake) Delete(_ context.Context, key string) error {
	f.deleted = append(f.deleted, key)
	if f.deletes != nil {
		f.deletes()
	}
	return f.fail[key]
}

type batch struct {
	fake
	batches [][]string
}

func (b *batch) DeleteBatch(_ context.Context, keys []string) error {
	b.batches = append(b.batches, keys)
	return nil
}

type wrapper struct{ storage.Storage }

func (w wrapper) Unwrap() storage.Storage { return w.Storage }

func TestAsLooksThroughWrappers(t *testing.T) {
	b := &batch{}
	if got, ok := storage.As[storage.BatchDeleter](wrapper{wrapper{b}}); !ok || got != b {
		t.Errorf("As of a wrapped batch deleter = %v, %v", got, ok)
	}
	if _, ok := storage.As[storage.Redirector](wrapper{b}); ok {
		t.Error("As found a redirector where there is none")
	}
	if _, ok := storage.As[storage.BatchDeleter](wrapper{}); ok {
		t.Error("As found something in a wrapper of nothing")
	}
}

func TestDeleteAllDeletesWhatItCan(t *testing.T) {
	boom := errors.New("boom")
	f := &fake{fail: map[string]error{"b": boom}}
	if err := storage.DeleteAll(t.Context(), f, []string{"a", "b", "c"}); !errors.Is(err, boom) {
		t.Errorf("DeleteAll = %v, want the error of b", err)
	}
	if want := []string{"a", "b", "c"}; !slices.Equal(f.deleted, want) {
		t.Errorf("deleted %q, want %q", f.deleted, want)
	}
}

func TestDeleteAllUsesBatches(t *testing.T) {
	b := &batch{}
	keys := []string{"a", "b"}
	if err := storage.DeleteAll(t.Context(), wrapper{b}, keys); err != nil {
		t.Fatal(err)
	}
	if len(b.batches) != 1 || !slices.Equal(b.batches[0], keys) || len(b.deleted) != 0 {
		t.Errorf("batches %q and single deletes %q, want one batch", b.batches, b.deleted)
	}
	if err := storage.DeleteAll(t.Context(), b, nil); err != nil || len(b.batches) != 1 {
		t.Errorf("DeleteAll of nothing = %v and made %d batches", err, len(b.batches)-1)
	}
}

func TestDeleteAllStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := &fake{}
	if err := storage.DeleteAll(ctx, f, []string{"a"}); !errors.Is(err, context.Canceled) || len(f.deleted) != 0 {
		t.Errorf("DeleteAll = %v after deleting %q, want context.Canceled and nothing", err, f.deleted)
	}
	ctx, cancel = context.WithCancel(t.Context())
	f.deletes = cancel
	_ = storage.DeleteAll(ctx, f, []string{"a", "b", "c"})
	if !slices.Equal(f.deleted, []string{"a"}) {
		t.Errorf("deleted %q, want only what came before the context ended", f.deleted)
	}
}
