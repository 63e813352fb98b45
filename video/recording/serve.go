package recording

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/owncast-go/owncast/storage"
)

const (
	playlistType = "application/vnd.apple.mpegurl"
	mediaCache   = "public, max-age=31536000, immutable"
	noCache      = "no-cache"
	// slowest is how many bytes a second a viewer must take, and sendGrace
	// what it has on top of that.
	slowest   = 16 << 10
	sendGrace = 10 * time.Second
)

// document is a playlist, in the two forms it is sent in.
type document struct {
	text   []byte
	once   sync.Once
	zipped []byte
}

// gzip returns the compressed text, or nil if that failed.
func (d *document) gzip() []byte {
	d.once.Do(func() {
		var b bytes.Buffer
		b.Grow(len(d.text)/4 + 64)
		z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
		if err != nil {
			return // the level is valid
		}
		if _, err := z.Write(d.text); err == nil && z.Close() == nil {
			d.zipped = b.Bytes()
		}
	})
	return d.zipped
}

// rendered are the playlists of a recording that grows, at one moment. They
// are rendered when first asked for, and shared.
type rendered struct {
	once                sync.Once
	media, multivariant document
	err                 error
}

func (t *take) render() (*rendered, error) {
	t.mu.Lock()
	if t.shown == nil {
		t.shown = new(rendered)
	}
	d, x, ended := t.shown, t.x, t.ended && len(t.arrived) == 0
	t.mu.Unlock()
	if len(x.records) == 0 {
		return nil, ErrNotFound
	}
	d.once.Do(func() {
		d.media.text, d.err = x.media(ended)
		d.multivariant.text = x.multivariant()
	})
	return d, d.err
}

// file is what a viewer can ask for.
type file struct {
	id, name string // name is below the recording
	playlist bool
}

// parsePath reads the path of a request. It accepts the names of what there
// can be, and nothing else.
func parsePath(p string) (file, bool) {
	id, name, ok := strings.Cut(strings.TrimPrefix(p, "/"), "/")
	if !ok || !validID(id) {
		return file{}, false
	}
	f := file{id: id, name: name}
	switch media, ok := strings.CutPrefix(name, rendition); {
	case name == playlistFile, ok && media == playlistFile:
		f.playlist = true
		return f, true
	case name == thumbnailFile:
		return f, true
	default:
		return f, ok && validFile(media)
	}
}

// validFile tells whether a segment or a header can be called so.
func validFile(name string) bool {
	base, ok := strings.CutSuffix(name, ".m4s")
	if !ok {
		base, ok = strings.CutSuffix(name, ".mp4")
	}
	return ok && base != "" && len(base) < 200 && strings.Trim(base, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// ServeHTTP serves the playlists and media of recordings, below the root of
// the request's path. Media are served with ranges, or redirected to where a
// [storage.Redirector] says that it has them. A viewer has ten seconds and a second for
// each 16 KiB to take an answer.
func (l *Library) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "only GET and HEAD")
		return
	}
	err := l.serve(w, r)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist):
		refuse(w, http.StatusNotFound, "not found")
	default:
		if r.Context().Err() == nil && !errors.Is(err, ErrClosed) {
			l.log.Warn("a recording cannot be read", "path", r.URL.Path, "err", err)
		}
		refuse(w, http.StatusServiceUnavailable, "try again later")
	}
}

func (l *Library) serve(w http.ResponseWriter, r *http.Request) error {
	f, ok := parsePath(r.URL.Path)
	if !ok {
		return ErrNotFound
	}
	t, err := l.find(r.Context(), f.id)
	if err != nil {
		return err
	}
	if !f.playlist {
		return l.serveMedia(w, r, root(f.id)+f.name)
	}
	d, err := l.playlist(r.Context(), f, t)
	if err != nil {
		return err
	}
	d.send(w, r, f.id)
	return nil
}

// find returns what makes the recording, or nil if it has ended.
func (l *Library) find(ctx context.Context, id string) (*take, error) {
	if _, ok := l.recording(id); !ok { // it may not have been read yet
		if err := l.ready(ctx); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.known[id]
	if e == nil || e.waiting {
		return nil, ErrNotFound
	}
	return e.take, nil
}

func (l *Library) playlist(ctx context.Context, f file, t *take) (*document, error) {
	if t == nil {
		text, err := l.read(ctx, root(f.id)+f.name)
		return &document{text: text}, err
	}
	d, err := t.render()
	switch {
	case err != nil:
		return nil, err
	case f.name == playlistFile:
		return &d.multivariant, nil
	default:
		return &d.media, nil
	}
}

func (d *document) send(w http.ResponseWriter, r *http.Request, id string) {
	text, h := d.text, w.Header()
	tag := fmt.Sprintf("%s-%x-%x", id, len(text), crc32.ChecksumIEEE(text))
	h.Set("Content-Type", playlistType)
	h.Set("Cache-Control", noCache)
	h.Set("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		if z := d.gzip(); z != nil {
			text, tag = z, tag+"-gz"
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	allow(w, int64(len(text)))
	if hasTag(r.Header.Get("If-None-Match"), `"`+tag+`"`) {
		h.Del("Content-Type")
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	// No ranges: players that ask for one count in bytes of the plain text.
	h.Set("Content-Length", strconv.Itoa(len(text)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(text) // the viewer is gone otherwise
	}
}

// hasTag reads If-None-Match (RFC 9110 §13.1.2).
func hasTag(list, tag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}

// acceptsGzip reads Accept-Encoding (RFC 9110 §12.5.3) as far as it speaks of
// gzip by name.
func acceptsGzip(list string) bool {
	for one := range strings.SplitSeq(list, ",") {
		name, q, weighed := strings.Cut(one, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		_, q, _ = strings.Cut(q, "=")
		v, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		return !weighed || err == nil && v > 0
	}
	return false
}

// redirect sends the viewer to where the storage serves an object, if it does
// that.
func (l *Library) redirect(w http.ResponseWriter, r *http.Request, key string) bool {
	re, ok := storage.As[storage.Redirector](l.cfg.Storage)
	if !ok {
		return false
	}
	u, _, err := re.RedirectURL(r.Context(), key)
	if err != nil {
		if !errors.Is(err, errors.ErrUnsupported) && r.Context().Err() == nil {
			l.log.Warn("the storage does not say where it serves a recording", "err", err)
		}
		return false
	}
	w.Header().Set("Cache-Control", noCache)
	http.Redirect(w, r, u.String(), http.StatusFound)
	return true
}

// serveMedia answers with an object, or with where the storage serves it.
func (l *Library) serveMedia(w http.ResponseWriter, r *http.Request, key string) error {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	limit := time.AfterFunc(writeTimeout, cancel)
	defer limit.Stop()
	h := w.Header()
	if l.redirect(w, r, key) {
		return nil
	}
	rc, info, err := l.cfg.Storage.Open(ctx, key)
	if err != nil {
		return err
	}
	defer rc.Close() //nolint:errcheck // only read from
	limit.Stop()     // from here on the viewer's deadline counts
	allow(w, info.Size)
	h.Set("Content-Type", storage.ContentType(key))
	h.Set("Cache-Control", mediaCache)
	h.Set("ETag", `"`+strings.TrimPrefix(strings.ReplaceAll(key, "/", "-"), "recorded-")+`"`)
	if rs, ok := rc.(io.ReadSeeker); ok {
		http.ServeContent(w, r, path.Base(key), time.Time{}, rs)
		return nil
	}
	h.Set("Content-Length", strconv.FormatInt(info.Size, 10))
	if r.Method != http.MethodHead {
		_, _ = io.Copy(w, rc) // the viewer notices what is missing
	}
	return nil
}

// allow gives the viewer the time to take that many bytes, which may be
// longer than the write timeout of the host's server.
func allow(w http.ResponseWriter, size int64) {
	d := sendGrace + time.Duration(size/slowest)*time.Second
	// A writer that knows no deadlines has none to be moved.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d))
}

func refuse(w http.ResponseWriter, code int, text string) {
	b, err := json.Marshal(map[string]string{"error": text})
	if err != nil {
		b = nil // a string can be marshaled
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", noCache)
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = w.Write(b) // the client is gone otherwise
}

var _ http.Handler = (*Library)(nil)
