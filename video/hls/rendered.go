package hls

import (
	"bytes"
	"compress/gzip"
	"sync"
)

// rendered is a playlist's text, in the two forms it is sent in.
type rendered struct {
	text, zipped []byte
	tag, zipTag  string // ETags
	skipped      bool   // it is a delta update

	once, zipOnce sync.Once
}

func (d *rendered) set(text []byte, tag string) {
	d.text, d.tag, d.zipTag = text, `"`+tag+`"`, `"`+tag+`-gz"`
}

// gzip returns the compressed text, or nil if that failed. zips keeps
// writers, which are larger than what they write.
func (d *rendered) gzip(zips *sync.Pool) []byte {
	d.zipOnce.Do(func() {
		w, ok := zips.Get().(*gzip.Writer)
		if !ok {
			w, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid
		}
		defer zips.Put(w)
		var z bytes.Buffer
		z.Grow(len(d.text)/4 + 64)
		w.Reset(&z)
		if _, err := w.Write(d.text); err == nil && w.Close() == nil {
			d.zipped = z.Bytes()
		}
	})
	return d.zipped
}
