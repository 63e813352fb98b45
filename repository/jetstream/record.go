package jetstream

import (
	"encoding/binary"
	"fmt"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
	"github.com/owncast-go/owncast/repository/internal/tree"
)

// recordForm is the version of how records are written.
const recordForm = 1

// Kinds of records.
const (
	kindWrites  = 1 // what a transaction wrote
	kindRestore = 2 // the name of a snapshot that takes the place of everything
	kindTurn    = 3 // nothing: the next record is to be that of who wrote this one
)

// maxPieces bounds the records that a transaction is cut into.
const maxPieces = 4096

// recordID names a record; it is random. No record has the ID 0, which stands
// for the beginning of the log.
type recordID uint64

// record is a message of the log. It names the one before it, so that a node
// notices when the log is another one than that it has followed.
type record struct {
	id, prev recordID
	kind     byte
	// A transaction that is too large for one message comes in pieces, one
	// directly behind the other.
	piece, pieces int
	data          []byte
}

// Offsets within a record, all numbers with the highest byte first.
const (
	recordHeader = 1 + 8 + 8 + 1 + 2 + 2
	maxHeaders   = 512 // bytes that NATS's own headers of a message may take
)

func (r *record) encode() []byte {
	b := make([]byte, 0, recordHeader+len(r.data))
	b = append(b, recordForm)
	b = binary.BigEndian.AppendUint64(b, uint64(r.id))
	b = binary.BigEndian.AppendUint64(b, uint64(r.prev))
	b = append(b, r.kind)
	b = binary.BigEndian.AppendUint16(b, uint16(r.piece))
	b = binary.BigEndian.AppendUint16(b, uint16(r.pieces))
	return append(b, r.data...)
}

// decodeRecord reads what encode wrote. It keeps b.
func decodeRecord(b []byte) (record, error) {
	if len(b) == 0 {
		return record{}, corrupt("empty record")
	}
	if b[0] > recordForm {
		return record{}, &SchemaError{Version: uint64(b[0]), Supported: recordForm}
	}
	if b[0] != recordForm || len(b) < recordHeader {
		return record{}, corrupt("record of form %d and %d bytes", b[0], len(b))
	}
	r := record{
		id:     recordID(binary.BigEndian.Uint64(b[1:])),
		prev:   recordID(binary.BigEndian.Uint64(b[9:])),
		kind:   b[17],
		piece:  int(binary.BigEndian.Uint16(b[18:])),
		pieces: int(binary.BigEndian.Uint16(b[20:])),
		data:   b[recordHeader:],
	}
	if r.id == 0 || r.pieces == 0 || r.pieces > maxPieces || r.piece >= r.pieces {
		return record{}, corrupt("record %d of %d with the id %d", r.piece, r.pieces, r.id)
	}
	return r, nil
}

// cut divides what a record would hold into records of at most size bytes.
func cut(kind byte, data []byte, size int, newID func() recordID, prev recordID) ([]record, error) {
	room := size - recordHeader - maxHeaders
	n := max((len(data)+room-1)/room, 1)
	if n > maxPieces {
		return nil, fmt.Errorf("transaction of %d bytes: %w", len(data), repository.ErrInvalid)
	}
	rs := make([]record, n)
	for i := range rs {
		part := data[i*room : min((i+1)*room, len(data))]
		rs[i] = record{id: newID(), prev: prev, kind: kind, piece: i, pieces: n, data: part}
		prev = rs[i].id
	}
	return rs, nil
}

// writes are what transactions write, each key once: a later write takes the
// place of an earlier one.
type writes struct {
	list  []write
	index map[writeKey]int
}

type writeKey struct {
	bucket kvstore.Bucket
	key    string
}

type write struct {
	writeKey
	value []byte // nil: deleted
}

func (w *writes) add(b kvstore.Bucket, key string, value []byte) {
	k := writeKey{b, key}
	if i, ok := w.index[k]; ok {
		w.list[i].value = value
		return
	}
	if w.index == nil {
		w.index = map[writeKey]int{}
	}
	w.index[k] = len(w.list)
	w.list = append(w.list, write{k, value})
}

// encode writes the names of the buckets, and then the writes: the place of
// the bucket's name, the key, and the value behind its length plus one, or 0
// if it was deleted.
func (w *writes) encode() []byte {
	size := 0
	for i := range w.list {
		size += len(w.list[i].key) + len(w.list[i].value) + 8
	}
	b := make([]byte, 0, size+64)
	var place [kvstore.NumBuckets]int
	var names []kvstore.Bucket
	for i := range w.list {
		if bucket := w.list[i].bucket; place[bucket] == 0 {
			names = append(names, bucket)
			place[bucket] = len(names)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(names)))
	for _, n := range names {
		b = appendText(b, n.String())
	}
	b = binary.AppendUvarint(b, uint64(len(w.list)))
	for i := range w.list {
		e := &w.list[i]
		b = binary.AppendUvarint(b, uint64(place[e.bucket]-1))
		b = appendText(b, e.key)
		if e.value == nil {
			b = binary.AppendUvarint(b, 0)
			continue
		}
		b = binary.AppendUvarint(b, uint64(len(e.value))+1)
		b = append(b, e.value...)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// parser reads what was written with appendText and uvarints. After a failure
// all it returns is zero.
type parser struct {
	b      []byte
	failed bool
}

// number reads a number that is no larger than limit.
func (p *parser) number(limit int) int {
	n, size := binary.Uvarint(p.b)
	if size <= 0 || n > uint64(limit) {
		p.failed, p.b = true, nil
		return 0
	}
	p.b = p.b[size:]
	return int(n)
}

func (p *parser) bytes(n int) []byte {
	if p.failed || n > len(p.b) {
		p.failed, p.b = true, nil
		return nil
	}
	b := p.b[:n:n]
	p.b = p.b[n:]
	return b
}

func (p *parser) text() []byte { return p.bytes(p.number(len(p.b))) }

// applyWrites writes into t what encode wrote into data. A bucket that is not
// known is an error matching [SchemaError]: a newer program has it.
func applyWrites(t *tree.Tx, data []byte, known map[string]kvstore.Bucket) error {
	p := parser{b: data}
	names := make([]kvstore.Bucket, p.number(int(kvstore.NumBuckets)*4))
	for i := range names {
		name := p.text()
		b, ok := known[string(name)]
		if !ok && !p.failed {
			return &SchemaError{Version: kvstore.Schema + 1, Supported: kvstore.Schema}
		}
		names[i] = b
	}
	for range p.number(len(p.b)) {
		place := p.number(max(len(names)-1, 0))
		key := p.text()
		size := p.number(len(p.b))
		value := p.bytes(max(size-1, 0))
		switch {
		case p.failed || len(names) == 0:
			return corrupt("a record ends early")
		case size == 0:
			t.Remove(names[place], string(key))
		default:
			t.Set(names[place], string(key), append([]byte{}, value...))
		}
	}
	if p.failed || len(p.b) > 0 {
		return corrupt("a record is longer or shorter than it says")
	}
	return nil
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, repository.ErrCorrupt)...)
}
