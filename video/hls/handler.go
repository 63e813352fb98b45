package hls

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

const (
	playlistType = "application/vnd.apple.mpegurl"
	mediaType    = "video/mp4"
	mediaCache   = "public, max-age=31536000, immutable"
)

var (
	errOffline   = &httpError{http.StatusNotFound, "there is no stream yet"}
	errNotFound  = &httpError{http.StatusNotFound, "not found"}
	errMethod    = &httpError{http.StatusMethodNotAllowed, "only GET and HEAD"}
	errBadReload = &httpError{http.StatusBadRequest, "_HLS_msn and _HLS_part ask for what is too far ahead or make no sense"}
	errTimeout   = &httpError{http.StatusServiceUnavailable, "nothing new has come"}
	errStorage   = &httpError{http.StatusServiceUnavailable, "the storage does not answer"}
)

// ServeHTTP serves playlists and media, below the root of the request's path.
// It waits where low-latency players ask it to, for three target durations at
// the most.
//
// A viewer has ten seconds and a second for each 16 KiB to take an answer, by
// way of [http.ResponseController]: a writer around the server's should have
// a method Unwrap.
func (p *Packager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{w: w, r: r}
	w.Header()["Access-Control-Allow-Origin"] = []string{"*"}
	if e := p.serve(x); e != nil {
		x.refuse(e)
	}
}

func (p *Packager) serve(x *exchange) *httpError {
	if x.r.Method != http.MethodGet && x.r.Method != http.MethodHead {
		return errMethod
	}
	s := p.visible()
	if s == nil {
		return errOffline
	}
	name := strings.TrimPrefix(x.r.URL.Path, "/")
	if name == mediaPlaylist {
		d := s.master.Load()
		if d == nil {
			return errOffline
		}
		return x.sendPlaylist(d, p)
	}
	dir, file := path.Split(name)
	if file != mediaPlaylist {
		if s = p.owner(file); s == nil {
			return errNotFound
		}
	}
	r := s.find(strings.TrimSuffix(dir, "/"))
	switch {
	case r == nil:
		return errNotFound
	case file == mediaPlaylist:
		return p.servePlaylist(x, r)
	}
	return p.serveMedia(x, r, file, strings.TrimPrefix(file, s.session.ID+"-"))
}

// servePlaylist answers with the playlist as it is, or as it is once it has
// what _HLS_msn and _HLS_part ask for (RFC 8216bis §6.2.5.2).
func (p *Packager) servePlaylist(x *exchange, r *rendition) *httpError {
	s := r.cur.Load()
	if s.dropped {
		return errNotFound
	}
	if x.r.URL.RawQuery == "" {
		return x.sendPlaylist(s.playlist(false), p)
	}
	q := x.r.URL.Query()
	msn, part, blocking, ok := reload(q)
	if !ok || blocking && s.tooFar(msn, part) {
		return errBadReload
	}
	if blocking {
		var e *httpError
		if s, e = x.wait(r, func(s *snapshot) bool { return s.has(msn, part) }); e != nil {
			return e
		}
	}
	skip := q.Get("_HLS_skip")
	return x.sendPlaylist(s.playlist(skip == "YES" || skip == "v2"), p)
}

// reload reads what a blocking reload waits for; part is -1 for all of the
// segment.
func reload(q url.Values) (msn uint64, part int, blocking, ok bool) {
	if !q.Has("_HLS_msn") && !q.Has("_HLS_part") {
		return 0, 0, false, true
	}
	msn, err := strconv.ParseUint(q.Get("_HLS_msn"), 10, 62)
	if err != nil {
		return 0, 0, true, false
	}
	if !q.Has("_HLS_part") {
		return msn, -1, true, true
	}
	n, err := strconv.ParseUint(q.Get("_HLS_part"), 10, 31)
	return msn, int(n), true, err == nil
}

// wait returns the first snapshot that is as wanted. A rendition that is
// dropped is not waited for.
func (x *exchange) wait(r *rendition, wanted func(*snapshot) bool) (*snapshot, *httpError) {
	s := r.cur.Load()
	if s.dropped {
		return nil, errNotFound
	}
	if wanted(s) {
		return s, nil
	}
	limit := time.Duration(3*r.target) * time.Second
	x.allow(limit + sendGrace)
	ctx, cancel := context.WithTimeout(x.r.Context(), limit)
	defer cancel()
	for !wanted(s) {
		select {
		case <-s.changed:
			s = r.cur.Load()
			if s.dropped {
				return nil, errNotFound
			}
		case <-ctx.Done():
			return nil, errTimeout
		}
	}
	return s, nil
}

func (x *exchange) sendPlaylist(d *rendered, p *Packager) *httpError {
	text, tag, encoding := d.text, d.tag, ""
	if acceptsGzip(x.r.Header.Get("Accept-Encoding")) {
		if z := d.gzip(&p.zips); z != nil {
			text, tag, encoding = z, d.zipTag, "gzip"
		}
	}
	h := x.header(playlistType, "no-cache", tag)
	h["Vary"] = []string{"Accept-Encoding"}
	if hasTag(x.r.Header.Get("If-None-Match"), tag) {
		delete(h, "Content-Type")
		x.allow(sendGrace)
		x.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if encoding != "" {
		h["Content-Encoding"] = []string{encoding}
	}
	x.send(body{text})
	return nil
}

// serveMedia answers with a segment, a part or a header. rest is the file's
// name behind the session's id.
func (p *Packager) serveMedia(x *exchange, r *rendition, file, rest string) *httpError {
	s := r.cur.Load()
	if i := s.findInit(file); i != nil {
		return x.sendMedia(file, body{i.data})
	}
	number, ok := strings.CutSuffix(rest, ".m4s")
	if !ok {
		return errNotFound
	}
	number, isPart := strings.CutPrefix(number, "p")
	n, err := parseNumber(number)
	if err != nil {
		return errNotFound
	}
	if isPart {
		return x.sendPart(r, file, n)
	}
	g := s.findSegment(n)
	if g == nil {
		return errNotFound
	}
	// What a storage that viewers are sent to has confirmed is its to serve,
	// as long as it seems to work.
	stored := r.stored(g)
	if stored && !r.archive.uploads.failing.Load() && p.redirect(x, g.key(r.name)) {
		return nil
	}
	if b, ok := g.body(); ok {
		return x.sendMedia(file, b)
	}
	if !stored {
		return errNotFound
	}
	return p.serveStored(x, g.key(r.name))
}

// parseNumber takes a number as the names have it, and in no other form.
func parseNumber(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 62)
	if err == nil && strconv.FormatUint(n, 10) != s {
		err = errors.New("hls: not as it is written")
	}
	return n, err
}

// sendPart answers with a part, and waits for the one that the playlist hints
// at.
func (x *exchange) sendPart(r *rendition, file string, number uint64) *httpError {
	s := r.cur.Load()
	if number > s.nextPart || s.ended && number == s.nextPart {
		return errNotFound
	}
	if number == s.nextPart {
		var e *httpError
		if s, e = x.wait(r, func(s *snapshot) bool { return number < s.nextPart || s.ended }); e != nil {
			return e
		}
	}
	p := s.findPart(number)
	if p == nil {
		return errNotFound
	}
	return x.sendMedia(file, body{p.data})
}

func (x *exchange) sendMedia(file string, b body) *httpError {
	h := x.header(mediaType, mediaCache, `"`+file+`"`)
	if x.r.Header.Get("Range") != "" || x.r.Header.Get("If-None-Match") != "" {
		x.allowSize(b.size())
		http.ServeContent(x.w, x.r, file, time.Time{}, b.reader())
		return nil
	}
	h["Accept-Ranges"] = []string{"bytes"}
	x.send(b)
	return nil
}
