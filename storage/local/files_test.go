package local_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/local"
)

func put(t *testing.T, s storage.Storage, key, body string) {
	t.Helper()
	if err := s.Put(t.Context(), key, strings.NewReader(body), storage.PutOptions{}); err != nil {
		t.Fatalf("Put(%q) = %v", key, err)
	}
}

// files returns the names and contents of all files below dir, with a slash
// behind the names of directories.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	m := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		name, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		if d.IsDir() {
			m[filepath.ToSlash(name)+"/"] = ""
			return nil
		}
		if !d.Type().IsRegular() {
			m[filepath.ToSlash(name)] = d.Type().String()
			return nil
		}
		b, err := os.ReadFile(p)
		m[filepath.ToSlash(name)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func wantFiles(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	if got := files(t, dir); !maps.Equal(got, want) {
		t.Errorf("the directory holds %q, want %q", got, want)
	}
}

func TestOnlyPutMakesTheDirectory(t *testing.T) {
	parent := t.TempDir()
	s := local.New(filepath.Join(parent, "made", "later"))
	if _, _, err := s.Open(t.Context(), "a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open = %v, want fs.ErrNotExist", err)
	}
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Errorf("Delete = %v", err)
	}
	for info, err := range s.List(t.Context(), "") {
		t.Errorf("List yields %v, %v", info, err)
	}
	wantFiles(t, parent, map[string]string{})
	put(t, s, "a", "x")
	wantFiles(t, parent, map[string]string{"made/": "", "made/later/": "", "made/later/a": "x"})
}

func TestARelativeDirectoryStaysWhereItWas(t *testing.T) {
	first := t.TempDir()
	t.Chdir(first)
	s := local.New("data")
	t.Chdir(t.TempDir())
	put(t, s, "a", "x")
	wantFiles(t, first, map[string]string{"data/": "", "data/a": "x"})
}

func TestDeleteRemovesEmptyDirectories(t *testing.T) {
	dir := t.TempDir()
	s := local.New(dir)
	put(t, s, "a/b/c/d", "x")
	put(t, s, "a/e", "x")
	if err := s.Delete(t.Context(), "a/b/c/d"); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, map[string]string{"a/": "", "a/e": "x"})
	if err := s.Delete(t.Context(), "a/e"); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, map[string]string{})
}

func TestAFailedPutLeavesNoFile(t *testing.T) {
	dir := t.TempDir()
	s := local.New(dir)
	put(t, s, "a", "old")
	ctx, cancel := context.WithCancel(t.Context())
	boom := errors.New("boom")
	for _, r := range []io.Reader{
		io.MultiReader(strings.NewReader("new"), readerFunc(func([]byte) (int, error) { return 0, boom })),
		readerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil }),
	} {
		if err := s.Put(ctx, "a", r, storage.PutOptions{}); !errors.Is(err, boom) && !errors.Is(err, context.Canceled) {
			t.Errorf("Put = %v", err)
		}
		wantFiles(t, dir, map[string]string{"a": "old"})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestAPanickingReaderLeavesNoFile(t *testing.T) {
	dir := t.TempDir()
	s := local.New(dir)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("Put swallowed the panic of its reader")
			}
		}()
		_ = s.Put(t.Context(), "a", readerFunc(func([]byte) (int, error) { panic("boom") }), storage.PutOptions{})
	}()
	wantFiles(t, dir, map[string]string{})
}

func TestPutRemovesWhatAKilledProcessLeft(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-2 * time.Hour)
	for name, mod := range map[string]time.Time{
		storage.TempPrefix + "crashed": old,
		storage.TempPrefix + "running": time.Now(),
		"object":                       old,
	} {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(p, mod, mod); err != nil {
			t.Fatal(err)
		}
	}
	s := local.New(dir)
	put(t, s, "a", "x")
	wantFiles(t, dir, map[string]string{storage.TempPrefix + "running": "", "object": "", "a": "x"})
	for info, err := range s.List(t.Context(), "") {
		if err != nil || strings.HasPrefix(info.Key, storage.TempPrefix) {
			t.Errorf("List yields %q, %v", info.Key, err)
		}
	}
}

func TestNothingOutsideIsReached(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "store")
	outside := map[string]string{"secret": "s", "store/": "", "other/": "", "other/b": "s"}
	for name, body := range outside {
		p := filepath.Join(parent, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(p, 0o700); err != nil {
				t.Fatal(err)
			}
		} else if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o700), os.WriteFile(p, []byte(body), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"relative": "../secret",
		"absolute": filepath.Join(parent, "secret"),
		"dir":      filepath.Join("..", "other"),
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	s := local.New(dir)
	for _, key := range []string{"../secret", "relative", "absolute", "dir/b", `..\secret`, "a/../../secret", "/secret"} {
		if r, _, err := s.Open(t.Context(), key); err == nil {
			r.Close()
			t.Errorf("Open(%q) reaches outside", key)
		}
		// A Put may replace a link, as nothing else of it is the store's.
		_ = s.Put(t.Context(), key, strings.NewReader("bad"), storage.PutOptions{})
		_ = s.Delete(t.Context(), key)
	}
	for info, err := range s.List(t.Context(), "dir/") {
		if err == nil {
			t.Errorf("List yields %q from outside", info.Key)
		}
	}
	put(t, s, "%2e%2e/secret", "x")
	got := files(t, parent)
	for name, body := range outside {
		if got[name] != body {
			t.Errorf("outside, %q holds %q now", name, got[name])
		}
	}
	if got["store/%2e%2e/secret"] != "x" {
		t.Error("an escaped name was taken for another one")
	}
}

func TestWhatIsNoObjectIsIgnored(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{`back\slash`, "new\nline", "\xff", "dir/.tmp-x", "dir/object"} {
		p := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o700), os.WriteFile(p, nil, 0o600)); err != nil {
			t.Skip("this file system has no such names: ", err)
		}
	}
	var keys []string
	for info, err := range local.New(dir).List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	if !slices.Equal(keys, []string{"dir/object"}) {
		t.Errorf("List yields %q", keys)
	}
}

func TestFilesAreNotForEverybody(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := local.New(dir)
	put(t, s, "a/b", "x")
	for name, forbidden := range map[string]fs.FileMode{"": 0o027, "a": 0o027, "a/b": 0o137} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got&forbidden != 0 {
			t.Errorf("mode of %q is %v", name, got)
		}
	}
}

func BenchmarkPutSegment(b *testing.B) {
	s := local.New(b.TempDir())
	segment := make([]byte, 750_000)
	r := bytes.NewReader(nil)
	b.SetBytes(int64(len(segment)))
	b.ReportAllocs()
	for b.Loop() {
		r.Reset(segment)
		if err := s.Put(b.Context(), "hls/session/0/segment.m4s", r, storage.PutOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenSegment(b *testing.B) {
	s := local.New(b.TempDir())
	const key = "hls/session/0/segment.m4s"
	if err := s.Put(b.Context(), key, bytes.NewReader(make([]byte, 750_000)), storage.PutOptions{}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r, _, err := s.Open(b.Context(), key)
		if err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
}

func BenchmarkList(b *testing.B) {
	s := local.New(b.TempDir())
	for i := range 1000 {
		key := "hls/session/0/" + strings.Repeat("x", i%7) + time.Duration(i).String()
		if err := s.Put(b.Context(), key, strings.NewReader("x"), storage.PutOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range s.List(b.Context(), "hls/session/") {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 1000 {
			b.Fatal(n)
		}
	}
}
