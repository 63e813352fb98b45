package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/owncast-go/owncast/storage"
)

// maxTempAge is how long a temporary file may go without a write before it
// is taken for one that a killed process has left.
const maxTempAge = time.Hour

// Put implements [storage.Storage]. It ignores the options: the media type is
// what [storage.ContentType] says of the key.
func (s *Storage) Put(ctx context.Context, key string, r io.Reader, _ storage.PutOptions) error {
	name, err := fileName(ctx, key)
	if err != nil {
		return err
	}
	if err := s.put(ctx, name, r); err != nil {
		return fmt.Errorf("storage/local: put %q: %w", key, err)
	}
	return nil
}

func (s *Storage) put(ctx context.Context, name string, r io.Reader) error {
	root, err := s.makeRoot()
	if err != nil {
		return err
	}
	defer root.Close()
	s.sweep(root, time.Now())

	temp := storage.TempPrefix + rand.Text()
	stored := false
	defer func() {
		if !stored { // r may have panicked, too
			_ = root.Remove(temp)
		}
	}()
	if err := write(ctx, root, temp, r); err != nil {
		return err
	}
	if err := move(root, temp, name); err != nil {
		return err
	}
	stored = true
	return nil
}

// makeRoot opens the directory, which it makes if need be.
func (s *Storage) makeRoot() (*os.Root, error) {
	root, err := os.OpenRoot(s.dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return root, err
	}
	if err := os.MkdirAll(s.dir, dirMode); err != nil {
		return nil, err
	}
	return os.OpenRoot(s.dir)
}

// write makes a file of what r yields.
func write(ctx context.Context, root *os.Root, name string, r io.Reader) (err error) {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(contextWriter{ctx, f}, r)
	return err
}

// contextWriter is a Writer that fails once its context is done. The context
// is asked at the writer and not at the reader so that a reader's WriteTo
// still saves io.Copy its buffer.
type contextWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c contextWriter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}

// move renames a file to name. Deletes remove the directories they empty, at
// any moment, so making name's directory may take more than one try.
func move(root *os.Root, temp, name string) error {
	for tries := 0; ; tries++ {
		err := root.Rename(temp, name)
		if !errors.Is(err, fs.ErrNotExist) || tries == 100 {
			return err
		}
		err = root.MkdirAll(filepath.Dir(name), dirMode)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
}

// sweep removes temporary files that a killed process has left. It does so
// once every maxTempAge, and does not mind failing: it will come again.
func (s *Storage) sweep(root *os.Root, now time.Time) {
	last := s.swept.Load()
	if now.Unix()-last < int64(maxTempAge/time.Second) || !s.swept.CompareAndSwap(last, now.Unix()) {
		return
	}
	dir, err := root.Open(".")
	if err != nil {
		return
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		if !strings.HasPrefix(name, storage.TempPrefix) {
			continue
		}
		if info, err := root.Lstat(name); err == nil && info.Mode().IsRegular() && now.Sub(info.ModTime()) > maxTempAge {
			_ = root.Remove(name)
		}
	}
}
