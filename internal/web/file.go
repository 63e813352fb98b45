package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
)

const (
	forGood    = "public, max-age=31536000, immutable"
	revalidate = "no-cache"
)

// file serves one file of the application, or a compressed copy of it.
func (a *app) file(w http.ResponseWriter, r *http.Request, name string) error {
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	accept := r.Header.Get("Accept-Encoding")
	if r.Header.Get("Range") != "" {
		accept = "" // a range is one of the file itself
	}
	v, err := a.open(name, accept)
	if errors.Is(err, fs.ErrNotExist) {
		return notFound(w, r)
	}
	if err != nil {
		return fmt.Errorf("web application: %w", err)
	}
	defer func() { _ = v.file.Close() }()
	immutable := strings.HasPrefix(name, "assets/")
	tag, err := v.entityTag(immutable)
	if err != nil {
		return fmt.Errorf("web application: %w", err)
	}
	h.Set("ETag", tag)
	h.Set("Content-Type", httpx.ContentType(name))
	h.Set("Cache-Control", revalidate)
	if immutable {
		h.Set("Cache-Control", forGood)
	}
	if v.encoding != "" {
		h.Set("Content-Encoding", v.encoding)
	}
	http.ServeContent(w, r, name, time.Time{}, v.content)
	return nil
}

// variant is a file, or a compressed copy of one.
type variant struct {
	name     string
	encoding string // "" for the file itself
	content  io.ReadSeeker
	file     fs.File // to be closed
}

// open opens the best copy of a file for an Accept-Encoding header. A file
// that is there as a gzip copy alone is unpacked for who takes neither.
func (a *app) open(name, accept string) (*variant, error) {
	if a.files == nil || !fs.ValidPath(name) {
		return nil, fs.ErrNotExist
	}
	for _, enc := range [...]struct{ token, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if !httpx.AcceptsEncoding(accept, enc.token) {
			continue
		}
		v, err := openFile(a.files, name+enc.suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		v.encoding = enc.token
		return v, nil
	}
	v, err := openFile(a.files, name)
	if errors.Is(err, fs.ErrNotExist) {
		return unpack(a.files, name)
	}
	return v, err
}

// maxUnpacked is more than any file of an application takes.
const maxUnpacked = 32 << 20

func unpack(files fs.FS, name string) (*variant, error) {
	v, err := openFile(files, name+".gz")
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(v.content)
	if err != nil {
		return nil, errors.Join(err, v.file.Close())
	}
	data, err := io.ReadAll(io.LimitReader(z, maxUnpacked))
	if err != nil {
		return nil, errors.Join(err, v.file.Close())
	}
	v.name, v.content = name, bytes.NewReader(data)
	return v, nil
}

func openFile(files fs.FS, name string) (*variant, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if seeker, ok := f.(io.ReadSeeker); ok {
		return &variant{name: name, content: seeker, file: f}, nil
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &variant{name: name, content: bytes.NewReader(data), file: f}, nil
}

// entityTag makes an ETag of the content, or of a name that stands for it. The
// content is at its end afterwards.
func (v *variant) entityTag(immutable bool) (string, error) {
	sum := sha256.New()
	if immutable {
		_, _ = io.WriteString(sum, v.name) // a hash never fails
	} else if _, err := io.Copy(sum, v.content); err != nil {
		return "", err
	}
	return `"` + base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:12]) + `"`, nil
}
