package assets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/owncast-go/owncast/internal/images"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/local"
)

// rig is a Store on a real directory.
type rig struct {
	*Store
	files    *faulty
	settings repository.Settings
}

// faulty is a storage that fails when it is told to, and counts.
type faulty struct {
	storage.Storage
	putErr, deleteErr error
	opened            int
}

func (f *faulty) Put(ctx context.Context, key string, r io.Reader, o storage.PutOptions) error {
	if f.putErr != nil {
		return f.putErr
	}
	return f.Storage.Put(ctx, key, r, o)
}

func (f *faulty) Open(ctx context.Context, key string) (io.ReadCloser, storage.Info, error) {
	f.opened++
	return f.Storage.Open(ctx, key)
}

func (f *faulty) Delete(ctx context.Context, key string) error {
	if f.deleteErr != nil {
		return f.deleteErr
	}
	return f.Storage.Delete(ctx, key)
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{files: &faulty{Storage: local.New(t.TempDir())}, settings: memory.New().Settings}
	r.reopen(t)
	return r
}

// reopen is what a new process has.
func (r *rig) reopen(t testing.TB) {
	t.Helper()
	s, err := New(Config{Storage: r.files, Settings: r.settings})
	if err != nil {
		t.Fatal(err)
	}
	r.Store = s
}

func (r *rig) keys(t testing.TB) []string {
	t.Helper()
	var keys []string
	for info, err := range r.files.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}

func picture(t testing.TB, side int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTheLogoIsKeptUntilThereIsAnother(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	if _, err := r.Logo(ctx); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("before there is one: %v", err)
	}
	if err := r.SetLogo(ctx, picture(t, 3)); err != nil {
		t.Fatal(err)
	}
	first, err := r.Logo(ctx)
	if err != nil || first.Format != images.PNG || !bytes.Equal(first.Data, picture(t, 3)) {
		t.Fatalf("%v, %s", err, first.Format)
	}
	r.reopen(t)
	again, err := r.Logo(ctx)
	if err != nil || again.ID != first.ID || !bytes.Equal(again.Data, first.Data) {
		t.Fatalf("in a new process: %v, %s", err, again.ID)
	}
	if err := r.SetLogo(ctx, []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="x"/>`)); err != nil {
		t.Fatal(err)
	}
	second, err := r.Logo(ctx)
	if err != nil || second.ID == first.ID || second.Format != images.SVG || bytes.Contains(second.Data, []byte("onload")) {
		t.Fatalf("another: %v, %s, %s", err, second.ID, second.Data)
	}
	if f, err := r.LogoFile(ctx); err != nil || f != second.File {
		t.Errorf("LogoFile = %+v, %v", f, err)
	}
	if keys := r.keys(t); len(keys) != 1 || keys[0] != "assets/logo/"+second.ID+".svg" {
		t.Errorf("stored are %q", keys)
	}
	if err := r.ResetLogo(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Logo(ctx); !errors.Is(err, fs.ErrNotExist) || len(r.keys(t)) != 0 {
		t.Errorf("after the reset: %v, %q", err, r.keys(t))
	}
	if f, err := r.LogoFile(ctx); err != nil || f != (File{}) || r.ResetLogo(ctx) != nil {
		t.Errorf("LogoFile = %+v, %v", f, err)
	}
}

func TestAFailureLosesNothingAndLeavesNothing(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	if err := r.SetLogo(ctx, picture(t, 3)); err != nil {
		t.Fatal(err)
	}
	before, keys := must(r.Logo(ctx)), r.keys(t)
	full := errors.New("disk full")
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	check := func(name string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
		if now := must(r.Logo(ctx)); now.ID != before.ID || !slices.Equal(r.keys(t), keys) {
			t.Errorf("%s: the logo is %s, stored are %q", name, now.ID, r.keys(t))
		}
	}
	check("no picture", r.SetLogo(ctx, []byte("hello")), images.ErrFormat)
	check("an icon", r.SetLogo(ctx, []byte("\x00\x00\x01\x00\x00\x00")), images.ErrFormat)
	check("a context that is done", r.SetLogo(canceled, picture(t, 4)), context.Canceled)
	r.files.putErr = full
	check("a full disk", r.SetLogo(ctx, picture(t, 4)), full)
	r.files.putErr = nil
	good := r.settings
	r.settings = failing{good, full}
	r.reopen(t)
	err := r.SetLogo(ctx, picture(t, 4))
	r.settings = good
	r.reopen(t)
	check("a full disk at the index", err, full)
}

type failing struct {
	repository.Settings
	err error
}

func (f failing) Save(context.Context, string, int64, json.RawMessage) (repository.Document, error) {
	return repository.Document{}, f.err
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestFaviconsAreIcons(t *testing.T) {
	r := newRig(t)
	if err := r.SetFavicon(t.Context(), []byte("<svg/>")); !errors.Is(err, images.ErrFormat) {
		t.Errorf("SVG: %v", err)
	}
	if err := r.SetFavicon(t.Context(), picture(t, 16)); err != nil {
		t.Error(err)
	}
	var large *images.TooLargeError
	if err := r.SetFavicon(t.Context(), make([]byte, MaxFaviconBytes+1)); !errors.As(err, &large) || large.What != "bytes" {
		t.Errorf("a large one: %v", err)
	}
	if p, err := r.Favicon(t.Context()); err != nil || p.Format != images.PNG {
		t.Errorf("%v, %s", err, p.Format)
	}
	if err := r.ResetFavicon(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := r.Favicon(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestEmojiAreFoundByNameInAnyCase(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	if list, err := r.Emoji(ctx); err != nil || len(list) != 0 {
		t.Fatalf("at first there are %v, %v", list, err)
	}
	for _, name := range []string{"Wave", "banana.png", "-x_9", "apple.JPEG"} {
		if err := r.AddEmoji(ctx, name, picture(t, 2)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"Wave", "wave", "WAVE.gif", "Banana"} {
		if err := r.AddEmoji(ctx, name, picture(t, 2)); !errors.Is(err, ErrExists) {
			t.Errorf("%s again: %v", name, err)
		}
	}
	r.reopen(t)
	list, err := r.Emoji(ctx)
	var names []string
	for _, e := range list {
		names = append(names, e.FileName())
	}
	if err != nil || strings.Join(names, " ") != "-x_9.png apple.png banana.png Wave.png" {
		t.Errorf("%q, %v", names, err)
	}
	for file, want := range map[string]error{
		"Wave.png": nil, "wave.PNG": nil, "Wave.gif": fs.ErrNotExist, "Wave": fs.ErrNotExist, "x.png": fs.ErrNotExist, "../Wave.png": fs.ErrNotExist,
	} {
		if _, err := r.EmojiPicture(ctx, file); !errors.Is(err, want) {
			t.Errorf("%s: %v", file, err)
		}
	}
	if err := r.RemoveEmoji(ctx, "wAVE.png"); err != nil {
		t.Error(err)
	}
	if err := r.RemoveEmoji(ctx, "Wave"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("twice: %v", err)
	}
	if _, err := r.FindEmoji(ctx, "wave"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("afterwards: %v", err)
	}
	if keys := r.keys(t); len(keys) != 3 {
		t.Errorf("stored are %q", keys)
	}
}

func TestNamesOfEmoji(t *testing.T) {
	good := map[string]string{
		"a": "a", "Smile": "Smile", "smile.png": "smile", "smile.SVG": "smile", "a-b_c9": "a-b_c9",
		strings.Repeat("x", 64): strings.Repeat("x", 64), "console": "console", "com": "com", "com10": "com10",
	}
	for in, want := range good {
		if got, err := CheckName(in); err != nil || got != want {
			t.Errorf("CheckName(%q) = %q, %v", in, got, err)
		}
	}
	for _, in := range []string{
		"", ".", "..", ".png", "../x", "../../owncast.db", "x/y", "x/../y", `x\y`, `..\x`, "/etc/passwd", `C:\x`, "C:x", "%2e%2e%2fx", "..%2fx", "%00",
		"x\x00", "x\x00.png", "x\n", "x y", " x", "x ", "x.", "x.png ", "x.exe", "x.png.exe", "x.tar.png", "x:y", "x*", "x?", `x"`, "x<y>", "x|y", "~", "$x", "x'",
		"con", "CON", "con.png", "Nul.gif", "aux", "prn", "COM1", "lpt9.svg", "com0",
		"é", "ſ", "😀", "a\u200bb", "ａ", "x\xff", strings.Repeat("x", 65), strings.Repeat("x", 4096), strings.Repeat("../", 1000), "file://x", "http://x/y.png",
		"@", "[", "`", "{", "\x1a", "P\x00", "\x60", "^", "~a", "!a", "\x7f",
	} {
		if got, err := CheckName(in); !errors.Is(err, ErrName) {
			t.Errorf("CheckName(%.80q) = %.80q, %v", in, got, err)
		}
	}
	r := newRig(t)
	if err := r.AddEmoji(t.Context(), "../x", picture(t, 2)); !errors.Is(err, ErrName) {
		t.Errorf("AddEmoji: %v", err)
	}
	if err := r.RemoveEmoji(t.Context(), "../x"); !errors.Is(err, ErrName) {
		t.Errorf("RemoveEmoji: %v", err)
	}
}

func TestOneOfManyWhoAddTheSameNameWins(t *testing.T) {
	r := newRig(t)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { errs[i] = r.AddEmoji(t.Context(), []string{"same", "SAME"}[i%2], picture(t, 2+i)) })
		wg.Go(func() { _, _ = r.Emoji(t.Context()) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, ErrExists):
			t.Error(err)
		}
	}
	if won != 1 || len(r.keys(t)) != 1 {
		t.Errorf("%d have won, stored are %q", won, r.keys(t))
	}
}

func TestThereIsALimitOfEmoji(t *testing.T) {
	r := newRig(t)
	x := index{}
	for i := range MaxEmoji {
		x.Emoji = append(x.Emoji, Emoji{Name: fmt.Sprintf("e%05d", i), File: File{ID: fmt.Sprint(i), Format: images.PNG}})
	}
	if _, err := setting().Update(t.Context(), r.settings, func(old *index) error { *old = x; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := r.AddEmoji(t.Context(), "one-more", picture(t, 2)); !errors.Is(err, ErrTooMany) || len(r.keys(t)) != 0 {
		t.Errorf("%v, stored are %q", err, r.keys(t))
	}
	if list, err := r.Emoji(t.Context()); err != nil || len(list) != MaxEmoji {
		t.Errorf("%d, %v", len(list), err)
	}
}

func TestPicturesAreReadFromTheStorageOnce(t *testing.T) {
	r := newRig(t)
	if err := r.SetLogo(t.Context(), picture(t, 3)); err != nil {
		t.Fatal(err)
	}
	r.reopen(t)
	for range 5 {
		must(r.Logo(t.Context()))
	}
	if r.files.opened != 1 {
		t.Errorf("it was opened %d times", r.files.opened)
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	var c cache
	for i := range 100 {
		c.put(fmt.Sprint(i), make([]byte, maxCached/10))
	}
	if c.size > maxCached || len(c.data) != 10 || len(c.order) != 10 {
		t.Errorf("%d bytes in %d of %d", c.size, len(c.data), len(c.order))
	}
	if _, ok := c.get("99"); !ok {
		t.Error("the last one is not there")
	}
	c.put("large", make([]byte, maxCached))
	if _, ok := c.get("large"); ok || len(c.data) != 10 {
		t.Error("one took the place of all")
	}
	for i := range 100 {
		c.drop(fmt.Sprint(i))
	}
	if c.size != 0 || len(c.order) != 0 {
		t.Errorf("%d bytes are left in %q", c.size, c.order)
	}
}

func TestADamagedIndexIsAnError(t *testing.T) {
	r := newRig(t)
	if _, err := r.settings.Save(t.Context(), "assets", 0, json.RawMessage(`"text"`)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Logo(t.Context()); !errors.Is(err, repository.ErrCorrupt) {
		t.Error(err)
	}
}

func BenchmarkFindEmoji(b *testing.B) {
	r := newRig(b)
	x := index{}
	for i := range 1000 {
		x.Emoji = append(x.Emoji, Emoji{Name: fmt.Sprintf("emoji%05d", i), File: File{ID: strings.Repeat("x", 26), Format: images.PNG}})
	}
	if _, err := setting().Update(b.Context(), r.settings, func(old *index) error { *old = x; return nil }); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.FindEmoji(b.Context(), "Emoji00500"); err != nil {
			b.Fatal(err)
		}
	}
}
