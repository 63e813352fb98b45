// Package assets keeps the pictures of a channel: its logo, its favicon and
// the emoji of its chat.
//
// What comes in goes through package images; what is stored was written anew.
// The files have generated names, and the index that gives them the names
// that people know is a section of the settings, so that no name from outside
// ever becomes one of a file.
package assets

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/owncast-go/owncast/internal/images"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/storage"
)

// Limits of what is kept.
const (
	MaxLogoBytes    = 2 << 20
	MaxFaviconBytes = 200 << 10
	MaxEmojiBytes   = 512 << 10
	MaxEmoji        = 2000

	maxPixels = 1 << 22 // of all frames
	maxFrames = 300
)

// ErrTooMany reports an emoji beyond [MaxEmoji].
var ErrTooMany = errors.New("assets: there are too many emoji")

// Config is what a Store needs.
type Config struct {
	// Storage keeps the files, under keys that begin with "assets/".
	Storage storage.Storage
	// Settings keep the index, in the section "assets".
	Settings repository.Settings
	// LogoChanged hears of another logo, or none; it may be nil.
	LogoChanged func()
}

// File is a stored picture.
type File struct {
	ID     string        `json:"id"` // another one for every upload
	Format images.Format `json:"format"`
}

// Picture is a File with its content.
type Picture struct {
	File
	Data []byte // shared; not to be changed
}

// Store keeps pictures. Its methods are safe for concurrent use.
type Store struct {
	files    storage.Storage
	settings repository.Settings
	changed  func()        // of the logo
	busy     chan struct{} // holds one while a picture is cleaned and stored: that takes memory
	cache    cache

	mu  sync.Mutex // guards the rest
	now *snapshot  // nil before the first use
}

// New returns a Store. It opens nothing.
func New(c Config) (*Store, error) {
	files, err := storage.Sub(c.Storage, "assets")
	if err != nil {
		return nil, err
	}
	s := &Store{files: files, settings: c.Settings, changed: c.LogoChanged, busy: make(chan struct{}, 1)}
	if s.changed == nil {
		s.changed = func() {}
	}
	return s, nil
}

// Logo returns the logo, or an error matching [fs.ErrNotExist] if none was
// set.
func (s *Store) Logo(ctx context.Context) (Picture, error) {
	now, err := s.load(ctx)
	if err != nil {
		return Picture{}, err
	}
	return s.open(ctx, "logo", now.index.Logo)
}

// LogoFile returns the logo without its content, and the zero File if none was
// set.
func (s *Store) LogoFile(ctx context.Context) (File, error) {
	now, err := s.load(ctx)
	if err != nil || now.index.Logo == nil {
		return File{}, err
	}
	return *now.index.Logo, nil
}

// SetLogo replaces the logo by a picture in PNG, JPEG, GIF, WebP or SVG of at
// most [MaxLogoBytes]. Errors are those of [images.Clean], or of the stores.
func (s *Store) SetLogo(ctx context.Context, data []byte) error {
	defer s.changed()
	return s.replace(ctx, "logo", data, pictureRules(MaxLogoBytes), func(x *index) **File { return &x.Logo })
}

// ResetLogo removes the logo.
func (s *Store) ResetLogo(ctx context.Context) error {
	defer s.changed()
	return s.reset(ctx, "logo", func(x *index) **File { return &x.Logo })
}

// Favicon returns the favicon, or an error matching [fs.ErrNotExist] if none
// was set.
func (s *Store) Favicon(ctx context.Context) (Picture, error) {
	now, err := s.load(ctx)
	if err != nil {
		return Picture{}, err
	}
	return s.open(ctx, "favicon", now.index.Favicon)
}

// SetFavicon replaces the favicon by a picture in PNG or ICO of at most
// [MaxFaviconBytes], as SetLogo does.
func (s *Store) SetFavicon(ctx context.Context, data []byte) error {
	rules := images.Rules{Formats: []images.Format{images.PNG, images.ICO}, Bytes: MaxFaviconBytes, Pixels: 1 << 20, Frames: 16}
	return s.replace(ctx, "favicon", data, rules, func(x *index) **File { return &x.Favicon })
}

// ResetFavicon removes the favicon.
func (s *Store) ResetFavicon(ctx context.Context) error {
	return s.reset(ctx, "favicon", func(x *index) **File { return &x.Favicon })
}

func pictureRules(bytes int) images.Rules {
	return images.Rules{
		Formats: []images.Format{images.PNG, images.JPEG, images.GIF, images.WebP, images.SVG},
		Bytes:   bytes, Pixels: maxPixels, Frames: maxFrames,
	}
}

// replace stores a picture in the place that at finds in the index.
func (s *Store) replace(ctx context.Context, dir string, data []byte, rules images.Rules, at func(*index) **File) error {
	return s.put(ctx, dir, data, rules, func(x *index, f File) (*File, error) {
		place := at(x)
		old := *place
		*place = &f
		return old, nil
	})
}

func (s *Store) reset(ctx context.Context, dir string, at func(*index) **File) error {
	var old *File
	_, err := setting().Update(ctx, s.settings, func(x *index) error {
		place := at(x)
		old, *place = *place, nil
		return nil
	})
	if err != nil {
		return err
	}
	return s.remove(ctx, dir, old)
}

// put cleans a picture, stores it and enters it into the index with enter,
// which returns what it replaces and may be called more than once. When put
// fails, everything is as before.
func (s *Store) put(ctx context.Context, dir string, data []byte, rules images.Rules, enter func(*index, File) (*File, error)) error {
	select {
	case s.busy <- struct{}{}:
		defer func() { <-s.busy }()
	case <-ctx.Done():
		return ctx.Err()
	}
	picture, err := images.Clean(data, rules)
	if err != nil {
		return err
	}
	f := File{ID: strings.ToLower(rand.Text()), Format: picture.Format}
	err = s.files.Put(ctx, f.key(dir), bytes.NewReader(picture.Data), storage.PutOptions{ContentType: f.Format.ContentType()})
	if err != nil {
		return fmt.Errorf("store picture: %w", err)
	}
	var old *File
	_, err = setting().Update(ctx, s.settings, func(x *index) (err error) {
		old, err = enter(x, f)
		return err
	})
	if err != nil {
		return errors.Join(err, s.remove(context.WithoutCancel(ctx), dir, &f))
	}
	s.cache.put(f.ID, picture.Data)
	return s.remove(ctx, dir, old)
}

// remove deletes a file that is not in the index any more.
func (s *Store) remove(ctx context.Context, dir string, f *File) error {
	if f == nil {
		return nil
	}
	s.cache.drop(f.ID)
	if err := s.files.Delete(ctx, f.key(dir)); err != nil {
		return fmt.Errorf("delete picture: %w", err)
	}
	return nil
}

func (f *File) key(dir string) string { return dir + "/" + f.ID + f.Format.Ext() }

// open returns the content of a file.
func (s *Store) open(ctx context.Context, dir string, f *File) (Picture, error) {
	if f == nil {
		return Picture{}, fs.ErrNotExist
	}
	if data, ok := s.cache.get(f.ID); ok {
		return Picture{File: *f, Data: data}, nil
	}
	r, _, err := s.files.Open(ctx, f.key(dir))
	if err != nil {
		return Picture{}, fmt.Errorf("open picture: %w", err)
	}
	defer func() { _ = r.Close() }()
	// Written anew, a picture may be larger than what came in.
	const limit = 64 << 20
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return Picture{}, fmt.Errorf("read picture: %w", err)
	}
	if len(data) > limit {
		return Picture{}, errors.New("assets: a stored picture is too large")
	}
	s.cache.put(f.ID, data)
	return Picture{File: *f, Data: data}, nil
}
