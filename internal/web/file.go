package web

import (
	"bytes"
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
	h.Set("Content-Type", contentType(name))
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

// open opens the best copy of a file for an Accept-Encoding header.
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
	return openFile(a.files, name)
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

// contentType goes by the extension, and not by what the system thinks of it.
func contentType(name string) string {
	switch ext := name[strings.LastIndexByte(name, '.')+1:]; ext {
	case "html":
		return "text/html; charset=utf-8"
	case "js", "mjs":
		return "text/javascript; charset=utf-8"
	case "css":
		return "text/css; charset=utf-8"
	case "json", "map":
		return "application/json"
	case "webmanifest":
		return "application/manifest+json"
	case "txt":
		return "text/plain; charset=utf-8"
	case "svg":
		return "image/svg+xml"
	case "png", "gif", "webp", "avif":
		return "image/" + ext
	case "jpg", "jpeg":
		return "image/jpeg"
	case "ico":
		return "image/x-icon"
	case "woff2":
		return "font/woff2"
	case "mp4":
		return "video/mp4"
	case "wasm":
		return "application/wasm"
	default:
		return "application/octet-stream"
	}
}
