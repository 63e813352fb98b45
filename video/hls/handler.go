package hls

import (
	"context"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/owncast-go/owncast/storage"
)

const (
	playlistType = "application/vnd.apple.mpegurl"
	mediaType    = "video/mp4"
	// slowest is how many bytes a second a viewer must take.
	slowest   = 16 << 10
	sendGrace = 10 * time.Second
)

// httpError is an answer other than what was asked for.
type httpError struct {
	code int
	text string
}

func (e *httpError) Error() string { return e.text }

var (
	errOffline   = &httpError{http.StatusNotFound, "there is no stream yet"}
	errNotFound  = &httpError{http.StatusNotFound, "not found"}
	errMethod    = &httpError{http.StatusMethodNotAllowed, "only GET and HEAD"}
	errBadReload = &httpError{http.StatusBadRequest, "_HLS_msn and _HLS_part ask for what is too far ahead or make no sense"}
	errTimeout   = &httpError{http.StatusServiceUnavailable, "nothing new has come"}
)

// ServeHTTP serves playlists and media, below the root of the request's path.
// It waits where low-latency players ask it to, for three target durations at
// the most.
func (p *Packager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	err := p.serve(w, r)
	var e *httpError
	if err == nil || !errors.As(err, &e) {
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-cache")
	if e.code == http.StatusMethodNotAllowed {
		h.Set("Allow", "GET, HEAD")
	}
	if e.code == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	w.WriteHeader(e.code)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": e.text}) // the client is gone then
}

func (p *Packager) serve(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return errMethod
	}
	s := p.shown.Load()
	if s == nil {
		return errOffline
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == mediaPlaylist {
		return s.serveMultivariant(w, r)
	}
	dir, file := path.Split(name)
	rendition := s.find(strings.TrimSuffix(dir, "/"))
	if rendition == nil || dir == "" {
		return errNotFound
	}
	if file == mediaPlaylist {
		return rendition.servePlaylist(w, r)
	}
	rest, ok := strings.CutPrefix(file, s.session.ID+"-")
	if !ok {
		return errNotFound
	}
	return p.serveMedia(w, r, rendition, file, rest)
}

func (s *stream) serveMultivariant(w http.ResponseWriter, r *http.Request) error {
	text := s.multivariant()
	tag := s.session.ID + "-" + strconv.FormatUint(uint64(crc32.ChecksumIEEE(text)), 16)
	return sendPlaylist(w, r, &rendered{text: text}, tag)
}

// servePlaylist answers with the playlist as it is, or as it is once it has
// what _HLS_msn and _HLS_part ask for (RFC 8216bis §6.2.5.2).
func (r *rendition) servePlaylist(w http.ResponseWriter, req *http.Request) error {
	q := req.URL.Query()
	s := r.cur.Load()
	if q.Has("_HLS_msn") || q.Has("_HLS_part") {
		msn, err := strconv.ParseUint(q.Get("_HLS_msn"), 10, 62)
		if err != nil {
			return errBadReload
		}
		part := -1
		if q.Has("_HLS_part") {
			n, err := strconv.ParseUint(q.Get("_HLS_part"), 10, 31)
			if err != nil {
				return errBadReload
			}
			part = int(n)
		}
		if s.tooFar(msn, part) {
			return errBadReload
		}
		if s, err = r.wait(w, req, func(s *snapshot) bool { return s.has(msn, part) }); err != nil {
			return err
		}
	}
	text := s.playlist(q.Get("_HLS_skip") == "YES" || q.Get("_HLS_skip") == "v2")
	tag := r.session + "-" + r.name + "-" + strconv.FormatUint(s.version, 10)
	if text.skipped {
		tag += "-d"
	}
	return sendPlaylist(w, req, text, tag)
}

// tooFar tells whether a request is for more than two segments ahead, or for
// more parts ahead than three seconds can have.
func (s *snapshot) tooFar(msn uint64, part int) bool {
	if s.ended {
		return false
	}
	if msn > s.nextMSN+1 {
		return true
	}
	ahead := 3
	if pt := s.r.partTarget; pt < time.Second {
		ahead = int((3*time.Second + pt - 1) / pt)
	}
	return msn == s.nextMSN && part > len(s.open)+ahead
}

// wait returns the first snapshot that is as wanted.
func (r *rendition) wait(w http.ResponseWriter, req *http.Request, wanted func(*snapshot) bool) (*snapshot, error) {
	s := r.cur.Load()
	if wanted(s) {
		return s, nil
	}
	limit := time.Duration(3*r.target) * time.Second
	// The host's write timeout counts from the start of the request. A
	// writer that knows no deadlines has none to be moved.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit + sendGrace))
	ctx, cancel := context.WithTimeout(req.Context(), limit)
	defer cancel()
	for !wanted(s) {
		select {
		case <-s.changed:
			s = r.cur.Load()
		case <-ctx.Done():
			return nil, errTimeout
		}
	}
	return s, nil
}

func sendPlaylist(w http.ResponseWriter, r *http.Request, list *rendered, tag string) error {
	h := w.Header()
	h.Set("Content-Type", playlistType)
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Encoding")
	text := list.text
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && list.gzip() != nil {
		h.Set("Content-Encoding", "gzip")
		text, tag = list.gzip(), tag+"-gz"
	}
	tag = `"` + tag + `"`
	h.Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		h.Del("Content-Type")
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return send(w, r, body{text})
}

// serveMedia answers with a segment, a part or a header. rest is the file's
// name behind the session's id.
func (p *Packager) serveMedia(w http.ResponseWriter, r *http.Request, rn *rendition, file, rest string) error {
	s := rn.cur.Load()
	if i := s.findInit(file); i != nil {
		return sendMedia(w, r, file, body{i.data})
	}
	number, ok := strings.CutSuffix(rest, ".m4s")
	if !ok {
		return errNotFound
	}
	if number, ok = strings.CutPrefix(number, "p"); ok {
		n, err := parseNumber(number)
		if err != nil {
			return errNotFound
		}
		return rn.servePart(w, r, file, n)
	}
	msn, err := parseNumber(number)
	if err != nil {
		return errNotFound
	}
	g := s.findSegment(msn)
	if g == nil {
		return errNotFound
	}
	if b, ok := g.body(); ok {
		return sendMedia(w, r, file, b)
	}
	return p.serveStored(w, r, segmentKey(rn.name, file))
}

// parseNumber takes a number as the names have it, and in no other form.
func parseNumber(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 62)
	if err == nil && strconv.FormatUint(n, 10) != s {
		err = strconv.ErrSyntax
	}
	return n, err
}

// servePart answers with a part, and waits for the one that the playlist
// hints at.
func (r *rendition) servePart(w http.ResponseWriter, req *http.Request, file string, number uint64) error {
	s := r.cur.Load()
	if number > s.nextPart || s.ended && number == s.nextPart {
		return errNotFound
	}
	s, err := r.wait(w, req, func(s *snapshot) bool { return number < s.nextPart || s.ended })
	if err != nil {
		return err
	}
	pt := s.findPart(number)
	if pt == nil {
		return errNotFound
	}
	return sendMedia(w, req, file, body{pt.data})
}

func (p *Packager) serveStored(w http.ResponseWriter, r *http.Request, key string) error {
	if re, ok := storage.As[storage.Redirector](p.cfg.Storage); ok {
		u, _, err := re.RedirectURL(r.Context(), key)
		if err != nil {
			return p.storageError(err)
		}
		http.Redirect(w, r, u.String(), http.StatusFound)
		return nil
	}
	rc, info, err := p.cfg.Storage.Open(r.Context(), key)
	if err != nil {
		return p.storageError(err)
	}
	defer rc.Close() //nolint:errcheck // only read from
	mediaHeader(w, path.Base(key))
	// A writer that knows no deadlines has none to be moved.
	_ = http.NewResponseController(w).SetWriteDeadline(sendDeadline(info.Size))
	if rs, ok := rc.(io.ReadSeeker); ok {
		http.ServeContent(w, r, key, time.Time{}, rs)
		return nil
	}
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size, 10))
	if r.Method == http.MethodHead {
		return nil
	}
	_, err = io.Copy(w, rc)
	return err
}

func (p *Packager) storageError(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errNotFound
	}
	p.cfg.Logger.Warn("a segment cannot be read", "err", err)
	return &httpError{http.StatusServiceUnavailable, "the storage does not answer"}
}

func mediaHeader(w http.ResponseWriter, file string) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"`+file+`"`)
}

func sendMedia(w http.ResponseWriter, r *http.Request, file string, b body) error {
	mediaHeader(w, file)
	if r.Header.Get("Range") != "" || r.Header.Get("If-None-Match") != "" {
		http.ServeContent(w, r, file, time.Time{}, b.reader())
		return nil
	}
	w.Header().Set("Accept-Ranges", "bytes")
	return send(w, r, b)
}

// send writes b from where it lies. A viewer that does not take it holds up
// nobody else, and itself no longer than the deadline.
func send(w http.ResponseWriter, r *http.Request, b body) error {
	size := b.size()
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	if r.Method == http.MethodHead {
		return nil
	}
	c := http.NewResponseController(w)
	deadlines := c.SetWriteDeadline(sendDeadline(size)) == nil
	for _, piece := range b {
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
	if !deadlines {
		return nil
	}
	if err := c.Flush(); err != nil {
		return err
	}
	return c.SetWriteDeadline(time.Time{}) // the connection serves others next
}

func sendDeadline(size int64) time.Time {
	return time.Now().Add(sendGrace + time.Duration(size/slowest)*time.Second)
}
