package jetstream

import (
	"errors"
	"io"
	"slices"

	"github.com/owncast-go/owncast/repository/internal/dump"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
	"github.com/owncast-go/owncast/repository/internal/tree"
)

// errDiverged is a record that does not follow the one before it: what this
// node has is not what the log leads to.
var errDiverged = errors.New("the log is another one than before")

// version is the repository as it is after a record of the log. It never
// changes.
type version struct {
	state *tree.State
	seq   uint64   // of the record
	last  recordID // its id
	// open is the pieces that have come of a transaction, without its last.
	open []byte
	next int // the piece that open waits for; 0 if there is none
	// turn tells that whoever wrote the record wants to write the next one.
	turn bool
}

// busy tells whether others than the writer of the record should wait a little.
func (v *version) busy() bool { return v.next != 0 || v.turn }

// dump writes the state, and what it is that of.
func (v *version) dump(w io.Writer) error {
	t := v.state.Begin()
	t.ReadOnly = true
	return dump.Write(w, t, dump.Place{Seq: v.seq, ID: uint64(v.last)})
}

// readVersion reads what dump wrote, of at most limit bytes.
func readVersion(r io.Reader, limit int64) (*version, error) {
	s, at, err := dump.Read(r, limit)
	if err != nil {
		return nil, err
	}
	return &version{state: s, seq: at.Seq, last: recordID(at.ID)}, nil
}

// restore is what a record wants that names a snapshot: it is to be read, and
// to take the place of everything.
type restore struct {
	snapshot string
}

// after returns the version after the record with the number seq, which must
// be the next one. If the record names a snapshot, the version has everything
// but its state, and restore is not nil.
func (v *version) after(seq uint64, data []byte, known map[string]kvstore.Bucket) (*version, *restore, error) {
	r, err := decodeRecord(data)
	if err != nil {
		return nil, nil, err
	}
	// What takes the place of everything may follow anything.
	if r.prev != v.last && r.kind != kindRestore {
		return nil, nil, errDiverged
	}
	n := &version{state: v.state, seq: seq, last: r.id}
	if r.piece != 0 && r.piece != v.next {
		return n, nil, nil // of a transaction that came to nothing
	}
	body := r.data
	if r.piece > 0 {
		body = append(slices.Clip(v.open), r.data...)
	}
	if r.piece+1 < r.pieces {
		n.open, n.next = body, r.piece+1
		return n, nil, nil
	}
	switch r.kind {
	case kindWrites:
		t := v.state.Begin()
		if err := applyWrites(t, body, known); err != nil {
			return nil, nil, err
		}
		n.state = t.State()
		return n, nil, nil
	case kindTurn:
		n.turn = true
		return n, nil, nil
	case kindRestore:
		n.state = nil
		return n, &restore{string(body)}, nil
	default:
		return nil, nil, &SchemaError{Version: kvstore.Schema + 1, Supported: kvstore.Schema}
	}
}
