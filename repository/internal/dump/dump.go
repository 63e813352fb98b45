// Package dump writes and reads all of a database of package kvstore, in one
// form for all kinds of them.
package dump

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
	"github.com/owncast-go/owncast/repository/internal/tree"
)

// magic begins a dump. What follows are the schema and two numbers of the
// writer's, and then for each bucket its name and its keys and values, in
// order, each behind its length plus one. A 0 ends a bucket and, in place of a
// name, the dump; then comes a SHA-256 of it all.
const magic = "owncast repository 1\n"

// maxText bounds a key or value that is read.
const maxText = 1 << 30

// ErrTooLarge reports a dump of more bytes than are wanted.
var ErrTooLarge = errors.New("dump: too large")

// SchemaError is a dump that a newer version of this module has written.
type SchemaError struct {
	Version   uint64 // of the dump
	Supported uint64 // the newest that is known
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("schema %d is newer than %d, the newest this program knows", e.Version, e.Supported)
}

// Place is where in a history of changes a dump is; what the numbers mean is
// up to who writes them.
type Place struct{ Seq, ID uint64 }

// Write writes what tx sees.
func Write(to io.Writer, tx kvstore.Tx, at Place) error {
	sum := sha256.New()
	w := writer{w: bufio.NewWriterSize(io.MultiWriter(to, sum), 64<<10)}
	w.write([]byte(magic))
	w.number(kvstore.Schema)
	w.number(at.Seq)
	w.number(at.ID)
	for b := range kvstore.NumBuckets {
		w.text([]byte(b.String()))
		for k, v := range tx.Ascend(b, nil) {
			w.text(k)
			w.text(v)
			if w.err != nil {
				return w.err
			}
		}
		w.number(0)
	}
	w.number(0)
	if w.err == nil {
		w.err = w.w.Flush()
	}
	if w.err != nil {
		return w.err
	}
	_, err := to.Write(sum.Sum(nil))
	return err
}

// writer writes until there is an error.
type writer struct {
	w   *bufio.Writer
	buf [binary.MaxVarintLen64]byte
	err error
}

func (w *writer) write(b []byte) {
	if w.err == nil {
		_, w.err = w.w.Write(b)
	}
}

func (w *writer) number(n uint64) { w.write(binary.AppendUvarint(w.buf[:0], n)) }

func (w *writer) text(b []byte) {
	w.number(uint64(len(b)) + 1)
	w.write(b)
}

// Read reads what Write wrote, of at most limit bytes of keys and values. The
// error matches [repository.ErrCorrupt] if that is not what it is, is
// [ErrTooLarge], or is a [*SchemaError].
func Read(from io.Reader, limit int64) (*tree.State, Place, error) {
	r := reader{r: bufio.NewReaderSize(from, 64<<10), sum: sha256.New(), limit: limit}
	s, at, err := r.read()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = corrupt("a dump ends early")
	}
	return s, at, err
}

type reader struct {
	r     *bufio.Reader
	sum   hash.Hash
	limit int64
}

func (r *reader) read() (*tree.State, Place, error) {
	none := Place{}
	found, err := r.take(len(magic))
	if err != nil {
		return nil, none, err
	}
	if string(found) != magic {
		return nil, none, corrupt("not a dump of a repository")
	}
	var head [3]uint64
	for i := range head {
		if head[i], err = r.number(); err != nil {
			return nil, none, err
		}
	}
	if head[0] > kvstore.Schema {
		return nil, none, &SchemaError{Version: head[0], Supported: kvstore.Schema}
	}
	known := kvstore.Buckets()
	var b tree.Builder
	for {
		name, err := r.text()
		if err != nil {
			return nil, none, err
		}
		if name == nil {
			break
		}
		bucket, ok := known[string(name)]
		if !ok {
			return nil, none, &SchemaError{Version: kvstore.Schema + 1, Supported: kvstore.Schema}
		}
		if err := r.bucket(&b, bucket); err != nil {
			return nil, none, err
		}
	}
	want := r.sum.Sum(nil)
	var got [sha256.Size]byte
	if _, err := io.ReadFull(r.r, got[:]); err != nil {
		return nil, none, err
	}
	if string(want) != string(got[:]) {
		return nil, none, corrupt("a dump has changed since it was written")
	}
	return b.State(), Place{head[1], head[2]}, nil
}

// bucket reads the keys and values of a bucket.
func (r *reader) bucket(b *tree.Builder, bucket kvstore.Bucket) error {
	for {
		key, err := r.text()
		if err != nil {
			return err
		}
		if key == nil {
			return nil
		}
		value, err := r.text()
		if err != nil {
			return err
		}
		if value == nil {
			return corrupt("a key without a value")
		}
		if err := b.Add(bucket, string(key), value); err != nil {
			return fmt.Errorf("%w: %w", repository.ErrCorrupt, err)
		}
	}
}

func (r *reader) number() (uint64, error) {
	n, err := binary.ReadUvarint(r.r)
	if err != nil {
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, corrupt("a number of a dump: %v", err)
		}
		return 0, err
	}
	_, _ = r.sum.Write(binary.AppendUvarint(nil, n)) // a hash takes everything
	return n, nil
}

// text returns nil for the end of a list.
func (r *reader) text() ([]byte, error) {
	n, err := r.number()
	if err != nil || n == 0 {
		return nil, err
	}
	if n > maxText {
		return nil, corrupt("a text of %d bytes", n)
	}
	if r.limit -= int64(n - 1); r.limit < 0 {
		return nil, ErrTooLarge
	}
	return r.take(int(n - 1))
}

// take returns the next n bytes, for which it makes room as they come.
func (r *reader) take(n int) ([]byte, error) {
	const step = 1 << 20
	b := make([]byte, 0, min(n, step))
	for len(b) < n {
		at, more := len(b), min(n-len(b), step)
		b = append(b, make([]byte, more)...)
		if _, err := io.ReadFull(r.r, b[at:]); err != nil {
			return nil, err
		}
	}
	_, _ = r.sum.Write(b) // a hash takes everything
	return b, nil
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, repository.ErrCorrupt)...)
}
