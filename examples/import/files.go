package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/owncast-go/owncast"
)

const (
	kindPictures = "logo and favicon"
	kindEmoji    = "emoji"
	kindPublic   = "public files"
)

// maxPicture is more than the App takes of any picture.
const maxPicture = 4 << 20

// files carries over pictures and public files.
func (im *importer) files(ctx context.Context, app *owncast.App, v values) error {
	from, err := os.OpenRoot(im.from)
	if err != nil {
		return err
	}
	defer from.Close()
	im.picture(ctx, from, v, "logo_path", app.Assets().SetLogo)
	im.picture(ctx, from, v, "favicon_path", app.Assets().SetFavicon)
	if err := im.emoji(ctx, from, app); err != nil {
		return err
	}
	if err := im.public(ctx, from); err != nil {
		return err
	}
	if _, err := from.Stat("GeoLite2-City.mmdb"); err == nil {
		im.rep.note("GeoLite2-City.mmdb stays where it is: name it with WithGeoIP, or -geoip of examples/standalone")
	}
	return ctx.Err()
}

// picture carries over the file that a setting names.
func (im *importer) picture(ctx context.Context, from *os.Root, v values, key string, set func(context.Context, []byte) error) {
	name, ok := take[string](im, v, key)
	if !ok {
		return
	}
	if name == "" {
		im.rep.took(kindSettings)
		return
	}
	data, err := readPicture(from, name)
	if err == nil {
		err = set(ctx, data)
	}
	im.stored(err, key)
	im.tookFile(kindPictures, name, err)
}

// emoji carries over the pictures below emoji, whatever packs they are in.
func (im *importer) emoji(ctx context.Context, from *os.Root, app *owncast.App) error {
	return walk(ctx, from, "emoji", func(name string, regular bool) error {
		base := filepath.Base(name)
		if strings.HasPrefix(base, ".") || !isPicture(base) {
			im.rep.skip(kindEmoji, "not a picture", name)
			return nil
		}
		if !regular {
			im.rep.skip(kindEmoji, "not a file", name)
			return nil
		}
		data, err := readPicture(from, name)
		if err == nil {
			err = app.Assets().AddEmoji(ctx, base, data)
		}
		im.tookFile(kindEmoji, name, err)
		return nil
	})
}

func isPicture(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".png", ".gif", ".jpg", ".jpeg", ".svg", ".webp":
		return true
	}
	return false
}

// tookFile counts a picture.
func (im *importer) tookFile(kind, name string, err error) {
	var large *owncast.PictureTooLargeError
	switch {
	case err == nil:
		im.rep.took(kind)
	case errors.Is(err, owncast.ErrEmojiName):
		im.rep.skip(kind, "a name with other characters than letters, digits, - and _", name)
	case errors.Is(err, owncast.ErrEmojiExists):
		im.rep.skip(kind, "a name that is taken", name)
	case errors.Is(err, owncast.ErrTooManyEmoji):
		im.rep.skip(kind, "one too many", name)
	case errors.Is(err, fs.ErrNotExist):
		im.rep.skip(kind, "not there", name)
	case errors.As(err, &large):
		im.rep.skip(kind, "too large", name)
	case errors.Is(err, owncast.ErrPictureFormat), errors.Is(err, owncast.ErrPictureDamaged), errors.Is(err, owncast.ErrPictureUnsafe):
		im.rep.skip(kind, "not a picture that is taken", name+" ("+err.Error()+")")
	default:
		im.rep.skip(kind, "not readable", name+" ("+err.Error()+")")
	}
}

func readPicture(from *os.Root, name string) ([]byte, error) {
	f, err := from.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPicture+1))
	if err == nil && len(data) > maxPicture {
		err = fmt.Errorf("over %d bytes", maxPicture)
	}
	return data, err
}

// public copies the files that visitors may fetch.
func (im *importer) public(ctx context.Context, from *os.Root) error {
	if err := os.MkdirAll(im.data, 0o700); err != nil {
		return err
	}
	to, err := os.OpenRoot(im.data)
	if err != nil {
		return err
	}
	defer to.Close()
	return walk(ctx, from, "public", func(name string, regular bool) error {
		if !regular {
			im.rep.skip(kindPublic, "not a file", name)
			return nil
		}
		err := copyBelow(from, to, name)
		switch {
		case err == nil:
			im.rep.took(kindPublic)
		case errors.Is(err, fs.ErrExist):
			im.rep.skip(kindPublic, "there already", name)
		case errors.Is(err, fs.ErrPermission):
			im.rep.skip(kindPublic, "not readable", name)
		default:
			return err
		}
		return nil
	})
}

// copyBelow copies a file to the same place below another root.
func copyBelow(from, to *os.Root, name string) (err error) {
	src, err := from.Open(name)
	if err != nil {
		return err
	}
	defer src.Close()
	if err := to.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	dst, err := to.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}

// walk calls f with what is below a directory that may be missing, but for
// directories.
func walk(ctx context.Context, root *os.Root, dir string, f func(name string, regular bool) error) error {
	err := fs.WalkDir(root.FS(), dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return err
		case d.IsDir():
			return nil
		}
		return f(filepath.FromSlash(name), d.Type().IsRegular())
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
