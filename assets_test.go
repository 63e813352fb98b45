package owncast_test

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/storage/local"
)

func TestAssetsAreForHostsToo(t *testing.T) {
	app, err := owncast.New(discard(), owncast.WithDataDir(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Assets().SetLogo(t.Context(), nil); !errors.Is(err, owncast.ErrNotStarted) {
		t.Errorf("before Start: %v", err)
	}
	store := local.New(t.TempDir())
	stored := func() (keys []string) {
		for info, err := range store.List(t.Context(), "") {
			if err != nil {
				t.Error(err)
			}
			keys = append(keys, info.Key)
		}
		return keys
	}
	c := run(t, owncast.WithStorage(store))
	a, ctx := c.app.Assets(), t.Context()
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 9, 9)), nil); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(a.SetLogo(ctx, photo.Bytes()), a.SetFavicon(ctx, pngOf(t, 16)), a.AddEmoji(ctx, "b", pngOf(t, 9)), a.AddEmoji(ctx, "A", pngOf(t, 9))); err != nil {
		t.Fatal(err)
	}
	if h, _ := c.picture("/logo/external"); h.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%v", h)
	}
	if names, err := a.Emoji(ctx); err != nil || !slices.Equal(names, []string{"A", "b"}) {
		t.Errorf("%q, %v", names, err)
	}
	if keys := stored(); len(keys) != 4 || !strings.HasPrefix(keys[0], "assets/") {
		t.Errorf("stored are %q", keys)
	}
	for want, err := range map[error]error{
		owncast.ErrPictureFormat:  a.SetLogo(ctx, []byte("x")),
		owncast.ErrPictureDamaged: a.SetLogo(ctx, pngOf(t, 9)[:50]),
		owncast.ErrPictureUnsafe:  a.SetLogo(ctx, []byte(`<svg><style>@import "x"</style></svg>`)),
		owncast.ErrEmojiName:      a.AddEmoji(ctx, "a b", pngOf(t, 9)),
		owncast.ErrEmojiExists:    a.AddEmoji(ctx, "B", pngOf(t, 9)),
		fs.ErrNotExist:            a.RemoveEmoji(ctx, "c"),
	} {
		if !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	var large *owncast.PictureTooLargeError
	if err := a.SetLogo(ctx, make([]byte, 3<<20)); !errors.As(err, &large) {
		t.Error(err)
	}
	if err := errors.Join(a.ResetLogo(ctx), a.ResetFavicon(ctx), a.RemoveEmoji(ctx, "a"), a.RemoveEmoji(ctx, "b")); err != nil {
		t.Error(err)
	}
	if keys := stored(); len(keys) != 0 {
		t.Errorf("left are %q", keys)
	}
}
