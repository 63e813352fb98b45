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

// Assets are the pictures of the channel: its logo, favicon, and emoji. The files
// are kept in the [Storage], and their names in the settings.
//
// Pictures are PNG, JPEG, GIF, WebP, or SVG files, recognized by their content,
// of at most 4 million pixels in all frames together. They are decoded and
// encoded again, which drops metadata and anything else in the files; WebP
// becomes PNG. SVG documents are reduced to elements that draw.
//
// Before Start, methods return [ErrNotStarted]. They are safe for concurrent
// use.
type Assets struct{ app *App }

// Assets returns the pictures of the channel.
func (a *App) Assets() *Assets { return &Assets{app: a} }

// SetLogo replaces the logo by a picture of at most 2 MiB.
func (a *Assets) SetLogo(ctx context.Context, file []byte) error {
	p, err := a.app.live()
	if err != nil {
		return err
	}
	return p.assets.SetLogo(ctx, file)
}

// ResetLogo restores the built-in logo.
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

// ResetFavicon restores the built-in favicon.
func (a *Assets) ResetFavicon(ctx context.Context) error {
	p, err := a.app.live()
	if err != nil {
		return err
	}
	return p.assets.ResetFavicon(ctx)
}

// Emoji returns the names of all emoji of the chat in alphabetical order. None
// are built in.
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

// AddEmoji adds a picture of at most 512 KiB that replaces ":name:" in chat
// messages.
func (a *Assets) AddEmoji(ctx context.Context, name string, file []byte) error {
	p, err := a.app.live()
	if err != nil {
		return err
	}
	return p.assets.AddEmoji(ctx, name, file)
}

// RemoveEmoji removes an emoji. The error matches [fs.ErrNotExist] if there is no
// emoji with this name.
func (a *Assets) RemoveEmoji(ctx context.Context, name string) error {
	p, err := a.app.live()
	if err != nil {
		return err
	}
	return p.assets.RemoveEmoji(ctx, name)
}
