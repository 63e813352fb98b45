package kvstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"math"

	"github.com/owncast-go/owncast/repository"
)

// settings stores a section as its revision, in eight bytes, and its JSON.
type settings struct{ store }

func (s settings) Load(ctx context.Context, section string) (doc repository.Document, err error) {
	if repository.CheckSection(section) != nil {
		return doc, s.failed("load section", repository.ErrNotFound)
	}
	err = s.view(ctx, "load section", func(tx Tx) error {
		value := tx.Get(Settings, []byte(section))
		if value == nil {
			return repository.ErrNotFound
		}
		doc, err = decodeDocument(value)
		return err
	})
	return doc, err
}

func (s settings) Save(ctx context.Context, section string, rev int64, data json.RawMessage) (doc repository.Document, err error) {
	if err := ctx.Err(); err != nil {
		return doc, err
	}
	if err := repository.CheckDocument(section, data); err != nil {
		return doc, err
	}
	err = s.update(ctx, "save section", func(tx Tx) error {
		stored, err := revision(tx, section)
		if err != nil {
			return err
		}
		if stored != rev {
			return repository.ErrConflict
		}
		putDocument(tx, section, rev+1, data)
		return nil
	})
	if err != nil {
		return doc, err
	}
	return repository.Document{Revision: rev + 1, Data: bytes.Clone(data)}, nil
}

// revision returns that of a stored section, 0 if there is none.
func revision(tx Tx, section string) (int64, error) {
	value := tx.Get(Settings, []byte(section))
	if value == nil {
		return 0, nil
	}
	doc, err := decodeDocument(value)
	return doc.Revision, err
}

func putDocument(tx Tx, section string, rev int64, data []byte) {
	value := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(data)), uint64(rev))
	tx.Put(Settings, []byte(section), append(value, data...))
}

func decodeDocument(value []byte) (repository.Document, error) {
	if len(value) < 8 {
		return repository.Document{}, corrupt("document of %d bytes", len(value))
	}
	rev := binary.BigEndian.Uint64(value)
	if rev == 0 || rev > math.MaxInt64 {
		return repository.Document{}, corrupt("document of revision %d", rev)
	}
	return repository.Document{Revision: int64(rev), Data: bytes.Clone(value[8:])}, nil
}
