package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/owncast-go/owncast/storage"
)

// List implements [storage.Storage]. It reads one directory at a time, and
// none that cannot hold a key with the prefix.
func (s *Storage) List(ctx context.Context, prefix string) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		l := lister{ctx: ctx, prefix: prefix, yield: yield}
		if err := l.start(s.dir); err != nil && !errors.Is(err, errStopped) {
			yield(storage.Info{}, fmt.Errorf("storage/local: list %q: %w", prefix, err))
		}
	}
}

// errStopped ends the walk when the loop over it has ended.
var errStopped = errors.New("stopped")

type lister struct {
	ctx    context.Context
	prefix string
	yield  func(storage.Info, error) bool
}

// start opens the directory that the prefix names and walks it.
func (l *lister) start(dir string) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return missingIsEmpty(err)
	}
	defer root.Close()
	slash := strings.LastIndexByte(l.prefix, '/')
	if slash < 0 {
		return l.walk(root, "")
	}
	name, err := fileName(l.ctx, l.prefix[:slash])
	if err != nil {
		return l.ctx.Err() // nothing is below what is no key
	}
	sub, err := openDir(root, name)
	if err != nil {
		return missingIsEmpty(err)
	}
	defer sub.Close()
	return l.walk(sub, l.prefix[:slash+1])
}

// walk yields the objects in dir and below. parent is the part of their keys
// that dir stands for: "" or a path with a slash at its end.
func (l *lister) walk(dir *os.Root, parent string) error {
	names, err := l.read(dir)
	if err != nil {
		return missingIsEmpty(err)
	}
	for _, name := range names {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		key := parent + name
		if sub, isDir := strings.CutSuffix(name, "/"); isDir {
			err = l.descend(dir, sub, key)
		} else {
			err = l.object(dir, name, key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// read returns the names of the files and directories in dir, a slash behind
// those of directories, in the order of keys: "a-b" is before "a/b".
func (l *lister) read(dir *os.Root) ([]string, error) {
	f, err := dir.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		switch {
		case e.IsDir():
			names = append(names, e.Name()+"/")
		case e.Type().IsRegular():
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func (l *lister) descend(dir *os.Root, name, key string) error {
	if !strings.HasPrefix(key, l.prefix) && !strings.HasPrefix(l.prefix, key) {
		return nil
	}
	sub, err := openDir(dir, name)
	if err != nil {
		return missingIsEmpty(err)
	}
	defer sub.Close()
	return l.walk(sub, key)
}

// openDir opens a directory in dir. What is no directory does not exist.
func openDir(dir *os.Root, name string) (*os.Root, error) {
	sub, err := dir.OpenRoot(name)
	if err == nil {
		return sub, nil
	}
	if info, statErr := dir.Stat(name); statErr == nil && !info.IsDir() {
		return nil, fs.ErrNotExist
	}
	return nil, err
}

func (l *lister) object(dir *os.Root, name, key string) error {
	listed := strings.HasPrefix(key, l.prefix) && storage.CheckKey(key) == nil
	if !listed {
		return nil
	}
	info, err := dir.Lstat(name)
	if err != nil {
		return missingIsEmpty(err)
	}
	if !l.yield(storage.Info{Key: key, Size: info.Size(), ModTime: info.ModTime()}, nil) {
		return errStopped
	}
	return nil
}

// missingIsEmpty drops the error of what was deleted while it was looked at.
func missingIsEmpty(err error) error {
	if errors.Is(notExist(err), fs.ErrNotExist) {
		return nil
	}
	return err
}
