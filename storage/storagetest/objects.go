package storagetest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/owncast-go/owncast/storage"
)

func objectChecks() []check {
	return []check{
		{"PutThenOpen", testPutThenOpen},
		{"PutReplaces", testPutReplaces},
		{"PutOfAnyReader", testPutOfAnyReader},
		{"PutOntoItself", testPutOntoItself},
		{"EmptyObject", testEmptyObject},
		{"BigObject", testBigObject},
		{"ContentType", testContentType},
		{"Missing", testMissing},
		{"FailedPutKeepsOld", testFailedPutKeepsOld},
		{"FailedPutLeavesNothing", testFailedPutLeavesNothing},
		{"Seek", testSeek},
		{"Redirect", testRedirect},
	}
}

func testPutThenOpen(t *testing.T, s storage.Storage) {
	put(t, s, "hls/0/a.m4s", "one")
	put(t, s, "hls/1/a.m4s", "other")
	want(t, s, "hls/0/a.m4s", "one")
	want(t, s, "hls/1/a.m4s", "other")
	r, info, err := s.Open(t.Context(), "hls/0/a.m4s")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if info.ModTime.IsZero() {
		t.Error("Open does not tell when the object was stored")
	}
}

func testPutReplaces(t *testing.T, s storage.Storage) {
	for _, body := range []string{"first, the longest", "second", "", "third"} {
		put(t, s, "a", body)
		want(t, s, "a", body)
	}
}

// closeCounter is a reader that must not be closed.
type closeCounter struct {
	io.Reader
	closed int
}

func (c *closeCounter) Close() error {
	c.closed++
	return nil
}

func testPutOfAnyReader(t *testing.T, s storage.Storage) {
	body := strings.Repeat("0123456789", 1000)
	for name, r := range map[string]io.Reader{
		"one byte at a time":     iotest.OneByteReader(strings.NewReader(body)),
		"data together with EOF": iotest.DataErrReader(strings.NewReader(body)),
		"half of what is asked":  iotest.HalfReader(strings.NewReader(body)),
		"with WriteTo":           bytes.NewReader([]byte(body)),
	} {
		c := &closeCounter{Reader: r}
		if err := s.Put(t.Context(), name, c, storage.PutOptions{}); err != nil {
			t.Errorf("Put of a reader of %s = %v", name, err)
			continue
		}
		want(t, s, name, body)
		if c.closed != 0 {
			t.Error("Put closed the reader, which is the caller's")
		}
	}
}

func testPutOntoItself(t *testing.T, s storage.Storage) {
	body := strings.Repeat("x", 1<<17)
	put(t, s, "a", body)
	r, _, err := s.Open(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := s.Put(t.Context(), "a", io.MultiReader(r, strings.NewReader("y")), storage.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	want(t, s, "a", body+"y")
}

func testEmptyObject(t *testing.T, s storage.Storage) {
	put(t, s, "a", "")
	want(t, s, "a", "")
	if keys := list(t, s, ""); len(keys) != 1 {
		t.Errorf("List yields %q, want the empty object", keys)
	}
}

func testBigObject(t *testing.T, s storage.Storage) {
	const size = 24 << 20
	stream := func() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{1}), size) }
	if err := s.Put(t.Context(), "big", stream(), storage.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	r, info, err := s.Open(t.Context(), "big")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, wanted := sha256.New(), sha256.New()
	n, err := io.Copy(got, r)
	if err != nil || n != size || info.Size != size {
		t.Fatalf("read %d bytes (%v) of an object of %d, want %d", n, err, info.Size, size)
	}
	if _, err := io.Copy(wanted, stream()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Sum(nil), wanted.Sum(nil)) {
		t.Error("the object differs from what was put")
	}
}

func testContentType(t *testing.T, s storage.Storage) {
	for key, o := range map[string]storage.PutOptions{
		"given.m3u8":   {ContentType: storage.ContentType("x.m3u8")},
		"derived.m3u8": {},
		"unknown":      {},
	} {
		if err := s.Put(t.Context(), key, strings.NewReader("x"), o); err != nil {
			t.Fatal(err)
		}
		r, info, err := s.Open(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		if want := storage.ContentType(key); info.ContentType != want {
			t.Errorf("Open(%q) says media type %q, want %q", key, info.ContentType, want)
		}
	}
}

func testMissing(t *testing.T, s storage.Storage) {
	missing := func(key string) {
		t.Helper()
		r, _, err := s.Open(t.Context(), key)
		if err == nil {
			r.Close()
		}
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open(%q), which is not there: got error %v, want fs.ErrNotExist", key, err)
		}
	}
	missing("a")
	missing("dir/a")
	put(t, s, "dir/abc", "x")
	for _, key := range []string{"nothing", "dir", "dir/ab", "dir/abcd", "dir/abc/d"} {
		missing(key)
	}
}

// failing returns a reader that fails with err after n bytes.
func failing(n int, err error) io.Reader {
	return io.MultiReader(strings.NewReader(strings.Repeat("n", n)), iotest.ErrReader(err))
}

func testFailedPutKeepsOld(t *testing.T, s storage.Storage) {
	put(t, s, "a", "old")
	boom := errors.New("boom")
	for _, n := range []int{0, 1, 1 << 20} {
		if err := s.Put(t.Context(), "a", failing(n, boom), storage.PutOptions{}); !errors.Is(err, boom) {
			t.Errorf("Put of a reader that fails after %d bytes: got error %v, want the reader's", n, err)
		}
		want(t, s, "a", "old")
	}
}

func testFailedPutLeavesNothing(t *testing.T, s storage.Storage) {
	boom := errors.New("boom")
	if err := s.Put(t.Context(), "dir/a", failing(1<<20, boom), storage.PutOptions{}); !errors.Is(err, boom) {
		t.Errorf("Put of a failing reader: got error %v, want the reader's", err)
	}
	if _, _, err := s.Open(t.Context(), "dir/a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open after a failed Put: got error %v, want fs.ErrNotExist", err)
	}
	if keys := list(t, s, ""); len(keys) != 0 {
		t.Errorf("List after a failed Put yields %q", keys)
	}
}

func testSeek(t *testing.T, s storage.Storage) {
	put(t, s, "a", "0123456789")
	r, _, err := s.Open(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	sk, ok := r.(io.ReadSeeker)
	if !ok {
		t.Skip("objects of this storage cannot seek")
	}
	for _, c := range []struct {
		offset int64
		whence int
		pos    int64
		rest   string
	}{
		{4, io.SeekStart, 4, "456789"},
		{0, io.SeekStart, 0, "0123456789"},
		{-3, io.SeekEnd, 7, "789"},
		{0, io.SeekCurrent, 10, ""},
		{0, io.SeekEnd, 10, ""},
		{-9, io.SeekCurrent, 1, "123456789"},
	} {
		pos, err := sk.Seek(c.offset, c.whence)
		if err != nil || pos != c.pos {
			t.Fatalf("Seek(%d, %d) = %d, %v; want %d", c.offset, c.whence, pos, err, c.pos)
		}
		if b, err := io.ReadAll(sk); err != nil || string(b) != c.rest {
			t.Errorf("after Seek(%d, %d): read %q, %v; want %q", c.offset, c.whence, b, err, c.rest)
		}
	}
	if _, err := sk.Seek(-1, io.SeekStart); err == nil {
		t.Error("Seek to before the start is no error")
	}
}

func testRedirect(t *testing.T, s storage.Storage) {
	rd, ok := storage.As[storage.Redirector](s)
	if !ok {
		t.Skip("this storage is no Redirector")
	}
	put(t, s, "dir/a b.txt", "x")
	u, _, err := rd.RedirectURL(t.Context(), "dir/a b.txt")
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("this storage is configured to redirect nobody")
	}
	if err != nil {
		t.Fatal(err)
	}
	if !u.IsAbs() || u.Host == "" {
		t.Errorf("RedirectURL = %q, which is not absolute", u)
	}
}
