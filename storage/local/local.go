// Package local keeps objects in files under one directory.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"github.com/owncast-go/owncast/storage"
)

// Files are for their owner and group: whether a stream is public is not for
// the file system to decide.
const (
	dirMode  = 0o750
	fileMode = 0o640
)

// Storage keeps each object in the file that its key names. It never leaves
// its directory, not by way of symbolic links either, and ignores what is in
// there that it could not have made.
//
// An object appears under its name when it is complete, by a rename; a process
// that is killed leaves the old object and a temporary file, which a later Put
// removes. Files are not synced, so that a power cut may lose the last ones.
// The whole directory must be on one file system. Where the file system takes
// "a" and "A" for the same name, so does the Storage.
//
// It holds no file open between calls and needs no closing. Objects that Open
// returns are *[os.File].
type Storage struct {
	dir   string
	swept atomic.Int64 // when temporary files were last looked for, in Unix seconds
}

var _ storage.Storage = (*Storage)(nil)

// New returns a Storage in dir, which a relative path means as seen from the
// working directory of now. It touches nothing: the first Put makes dir.
func New(dir string) *Storage {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return &Storage{dir: dir}
}

// Open implements [storage.Storage].
func (s *Storage) Open(ctx context.Context, key string) (io.ReadCloser, storage.Info, error) {
	name, err := fileName(ctx, key)
	if err != nil {
		return nil, storage.Info{}, err
	}
	f, info, err := s.open(name)
	if err != nil {
		return nil, storage.Info{}, fmt.Errorf("storage/local: open %q: %w", key, notExist(err))
	}
	return f, storage.Info{
		Key:         key,
		Size:        info.Size(),
		ModTime:     info.ModTime(),
		ContentType: storage.ContentType(key),
	}, nil
}

func (s *Storage) open(name string) (*os.File, fs.FileInfo, error) {
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	f, err := root.Open(name)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// Delete implements [storage.Storage]. Directories that it empties are removed.
func (s *Storage) Delete(ctx context.Context, key string) error {
	name, err := fileName(ctx, key)
	if err != nil {
		return err
	}
	if err := s.remove(name); err != nil && !errors.Is(notExist(err), fs.ErrNotExist) {
		return fmt.Errorf("storage/local: delete %q: %w", key, err)
	}
	return nil
}

func (s *Storage) remove(name string) error {
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if info, err := root.Lstat(name); err != nil {
		return err
	} else if info.IsDir() {
		return fs.ErrNotExist
	}
	if err := root.Remove(name); err != nil {
		return err
	}
	for dir := filepath.Dir(name); dir != "."; dir = filepath.Dir(dir) {
		// With the separator a file of that name, which may be newer than
		// the directory, is not removed.
		if root.Remove(dir+string(filepath.Separator)) != nil {
			break
		}
	}
	return nil
}

// fileName returns the name of the object's file, relative to the directory.
func fileName(ctx context.Context, key string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := storage.CheckKey(key); err != nil {
		return "", err
	}
	name, err := filepath.Localize(key)
	if err != nil {
		return "", fmt.Errorf("storage/local: key %q on this system: %w", key, fs.ErrInvalid)
	}
	return name, nil
}

// notExist makes one error of the two ways in which a file is not there: the
// file is missing, or what should be its directory is a file.
func notExist(err error) error {
	if errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return err
}
