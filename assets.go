package owncast

import (
	"context"

	"github.com/owncast-go/owncast/internal/assets"
	"github.com/owncast-go/owncast/internal/images"
)

// Errors of pictures and emoji.
var (
	// ErrPictureFormat is returned for what is no picture, or one of a type
	// that is not accepted.
	ErrPictureFormat = images.ErrFormat
	// ErrPictureDamaged is returned for a picture that cannot be read.
	ErrPictureDamaged = images.ErrDamaged
	// ErrPictureUnsafe is returned for an SVG document whose dangerous parts
	// cannot be left out.
	ErrPictureUnsafe = images.ErrUnsafe
	// ErrEmojiName is returned for a name that is not of 1 to 64 letters,
	// digits, - and _.
	ErrEmojiName = assets.ErrName
	// ErrEmojiExists is returned for a name that is taken, in whatever case.
	ErrEmojiExists = assets.ErrExists
	// ErrTooManyEmoji is returned for one more than 2,000.
	ErrTooManyEmoji = assets.ErrTooMany
)

// PictureTooLargeError is returned for a picture with too many bytes, pixels,
// frames or elements.
type PictureTooLargeError = images.TooLargeError

// Assets are the pictures of the channel. They are kept in the [Storage], and
// what they are called in the settings.
//
// Pictures are files in PNG, JPEG, GIF, WebP or SVG, whatever they are called,
// of at most 4 million pixels in all frames. They are written anew, so that
// metadata and whatever else was in the files is not kept; WebP becomes PNG.
// Of SVG documents only what draws is kept.
//
// Before Start, methods return [ErrNotStarted]. They are safe for concurrent
// use.
type Assets struct{ app *App }

// Assets are the pictures of the channel.
func (a *App) Assets() *Assets { return &Assets{app: a} }

// SetLogo replaces the logo by a picture of at most 2 MiB.
func (a *Assets) SetLogo(ctx context.Context, file []byte) error {
	p, err := a.app.live()
	if err != nil {
		return err
	}
	return p.assets.SetLogo(ctx, file)
}

// ResetLogo brings the built-in logo back.
func (a *Assets) ResetLogo(ctx context.Context) error {
	p, err := a.app.live()
	if err != nil {
		return err
	}
	return p.assets.ResetLogo(ctx)
}

// SetFavicon replaces the favicon by a picture of at most 200 KiB, in PNG or
// ICO.
func (a *Assets) SetFavicon(ctx context.Context, file []byte) error {
	p, err := a.app.live()
	if err != nil {
		return err
	}
	return p.assets.SetFavicon(ctx, file)
}

// ResetFavicon brings the built-in favicon back.
func (a *Assets) ResetFavicon(ctx context.Context) error {
	p, err := a.app.live()
	if err != nil {
		return err
	}
	return p.assets.ResetFavicon(ctx)
}

// Emoji returns the names of all emoji of the chat, in alphabetical order.
// There are none that were not added.
func (a *Assets) Emoji(ctx context.Context) ([]string, error) {
	p, err := a.app.live()
	if err != nil {
		return nil, err
	}
	list, err := p.assets.Emoji(ctx)
	names := make([]string, len(list))
	for i, e := range list {
		names[i] = e.Name
	}
	return names, err
}

// AddEmoji lets a picture of at most 512 KiB stand in chat messages for
// ":name:".
func (a *Assets) AddEmoji(ctx context.Context, name string, file []byte) error {
	p, err := a.app.live()
	if err != nil {
		return err
	}
	return p.assets.AddEmoji(ctx, name, file)
}

// RemoveEmoji removes an emoji. The error matches [fs.ErrNotExist] if there is
// none of this name.
func (a *Assets) RemoveEmoji(ctx context.Context, name string) error {
	p, err := a.app.live()
	if err != nil {
		return err
	}
	return p.assets.RemoveEmoji(ctx, name)
}
