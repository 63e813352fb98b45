package storage_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/local"
)

func TestPartsDoNotSeeEachOther(t *testing.T) {
	whole := local.New(t.TempDir())
	ctx := t.Context()
	var parts []storage.Storage
	for _, dir := range []string{"a", "ab"} {
		p, err := storage.Sub(whole, dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Put(ctx, "x", strings.NewReader(dir), storage.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		parts = append(parts, p)
	}
	for info, err := range parts[0].List(ctx, "") {
		if err != nil || info.Key != "x" {
			t.Errorf("listed %q, %v", info.Key, err)
		}
	}
	if err := storage.DeleteAll(ctx, parts[0], []string{"../ab/x", "x"}); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("deleting a key outside: %v", err)
	}
	if _, _, err := parts[0].Open(ctx, "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("deleted: %v", err)
	}
	rc, info, err := parts[1].Open(ctx, "x")
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	if b, _ := io.ReadAll(rc); string(b) != "ab" || info.Key != "x" {
		t.Errorf("the other part has %q under %q", b, info.Key)
	}
	if err := parts[1].Put(ctx, "../a/x", strings.NewReader(""), storage.PutOptions{}); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a key that leaves the part: %v", err)
	}
	if _, err := storage.Sub(whole, "../a"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a part outside: %v", err)
	}
}

type redirecting struct{ storage.Storage }

func (redirecting) RedirectURL(_ context.Context, key string) (*url.URL, time.Time, error) {
	u, err := url.Parse("https://cdn.example/" + key)
	return u, time.Time{}, err
}

func TestAPartRedirectsWithTheWholeKey(t *testing.T) {
	p, err := storage.Sub(redirecting{local.New(t.TempDir())}, "a")
	if err != nil {
		t.Fatal(err)
	}
	r, ok := storage.As[storage.Redirector](p)
	if !ok {
		t.Fatal("not a Redirector")
	}
	if u, _, err := r.RedirectURL(t.Context(), "x"); err != nil || u.String() != "https://cdn.example/a/x" {
		t.Errorf("got %v, %v", u, err)
	}
	plain, err := storage.Sub(local.New(t.TempDir()), "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := storage.As[storage.Redirector](plain); ok {
		t.Error("a Redirector of nothing")
	}
}
