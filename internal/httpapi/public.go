package httpapi

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/owncast-go/owncast/internal/httpx"
)

// PublicDir returns the files in a directory, which need not exist. It never
// leaves the directory, not by way of symbolic links either, and opens
// nothing but regular files and directories.
func PublicDir(dir string) fs.FS {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return publicDir(dir)
}

type publicDir string

func (d publicDir) Open(name string) (fs.File, error) {
	refuse := func(err error) (fs.File, error) { return nil, &fs.PathError{Op: "open", Path: name, Err: err} }
	if !fs.ValidPath(name) {
		return refuse(fs.ErrInvalid)
	}
	local, err := filepath.Localize(name)
	if err != nil {
		return refuse(fs.ErrInvalid)
	}
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return refuse(fs.ErrNotExist)
	}
	defer root.Close()
	info, err := root.Stat(local)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		return refuse(fs.ErrNotExist) // opening a pipe may wait for ever
	}
	return root.Open(local)
}

// public serves the files that the host or the administrator has put there.
// They are as trusted as the page: a script in one runs in its origin.
func (a *api) public(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("path")
	dir := name == "" || strings.HasSuffix(name, "/")
	if dir {
		name += "index.html"
	}
	if a.Public == nil || !fs.ValidPath(name) || hidden(name) {
		return httpx.ErrNotFound
	}
	f, err := a.Public.Open(name)
	if err != nil {
		return fmt.Errorf("%w: %w", httpx.ErrNotFound, err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("public file: %w", err)
	}
	switch {
	case info.IsDir() && !dir:
		return addSlash(w, r, name)
	case !info.Mode().IsRegular():
		return httpx.ErrNotFound
	}
	content, ok := f.(io.ReadSeeker)
	if !ok {
		data, err := io.ReadAll(f)
		if err != nil {
			return fmt.Errorf("public file: %w", err)
		}
		content = bytes.NewReader(data)
	}
	h := w.Header()
	h.Set("Content-Type", httpx.ContentType(name))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache") // which asks whether it was modified
	http.ServeContent(w, r, name, info.ModTime(), content)
	return nil
}

// addSlash sends a browser to the page of a directory, if there is one.
func addSlash(w http.ResponseWriter, r *http.Request, name string) error {
	location := (&url.URL{Path: "./" + path.Base(name) + "/", RawQuery: r.URL.RawQuery}).String()
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusTemporaryRedirect)
	return nil
}

// hidden tells whether a file is none of a visitor's business, such as what
// version control leaves in directories.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.Contains(name, "/.")
}
