package hls

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"time"

	"github.com/owncast-go/owncast/storage"
)

// redirect sends the viewer to where the storage serves the segment, if it
// does that.
func (p *Packager) redirect(x *exchange, key string) bool {
	re, ok := storage.As[storage.Redirector](p.cfg.Storage)
	if !ok {
		return false
	}
	u, _, err := re.RedirectURL(x.r.Context(), key)
	if err != nil {
		if !errors.Is(err, errors.ErrUnsupported) && x.r.Context().Err() == nil {
			p.cfg.Logger.Warn("the storage does not say where it serves a segment", "err", err)
		}
		return false
	}
	x.w.Header().Set("Cache-Control", "no-cache")
	http.Redirect(x.w, x.r, u.String(), http.StatusFound)
	return true
}

// serveStored answers with a segment that only the storage has, or with where
// the storage serves it.
func (p *Packager) serveStored(x *exchange, key string) *httpError {
	if p.redirect(x, key) {
		return nil
	}
	ctx, cancel := context.WithCancel(x.r.Context())
	defer cancel()
	limit := time.AfterFunc(storeTimeout, cancel)
	defer limit.Stop()
	x.allow(storeTimeout + sendGrace)
	rc, info, err := p.cfg.Storage.Open(ctx, key)
	if err != nil {
		return p.storageError(x, err)
	}
	defer rc.Close() //nolint:errcheck // only read from
	x.allowSize(info.Size)
	limit.Stop() // from here on the viewer's deadline counts
	file := path.Base(key)
	h := x.header(mediaType, mediaCache, `"`+file+`"`)
	if rs, ok := rc.(io.ReadSeeker); ok {
		http.ServeContent(x.w, x.r, file, time.Time{}, rs)
		return nil
	}
	h.Set("Content-Length", strconv.FormatInt(info.Size, 10))
	if x.r.Method != http.MethodHead {
		_, _ = io.Copy(x.w, rc) // the viewer notices what is missing
	}
	return nil
}

func (p *Packager) storageError(x *exchange, err error) *httpError {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errNotFound
	case x.r.Context().Err() == nil:
		p.cfg.Logger.Warn("a segment cannot be read from the storage", "err", err)
	}
	return errStorage
}
