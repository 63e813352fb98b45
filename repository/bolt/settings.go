package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"go.etcd.io/bbolt"

	"github.com/owncast-go/owncast/repository"
)

// settings is the store of settings. The layout is said at createSettings.
type settings struct {
	db *DB
}

var _ repository.Settings = settings{}

func (s settings) Load(ctx context.Context, section string) (doc repository.Document, err error) {
	err = s.db.view(ctx, func(tx *bbolt.Tx) error {
		doc, err = loadDocument(tx, section)
		return err
	})
	if err != nil {
		return repository.Document{}, fmt.Errorf("repository/bolt: load section %q: %w", section, err)
	}
	return doc, nil
}

func (s settings) Save(ctx context.Context, section string, rev int64, data json.RawMessage) (repository.Document, error) {
	if err := ctx.Err(); err != nil {
		return repository.Document{}, err
	}
	if err := repository.CheckDocument(section, data); err != nil {
		return repository.Document{}, err
	}
	doc := repository.Document{Revision: rev + 1, Data: bytes.Clone(data)}
	err := s.db.update(ctx, func(tx *bbolt.Tx) error {
		stored, err := storedRevision(tx, section)
		if err != nil {
			return err
		}
		if stored != rev {
			return repository.ErrConflict
		}
		value := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(data)), uint64(doc.Revision))
		return tx.Bucket([]byte(settingsBucket)).Put([]byte(section), append(value, doc.Data...))
	})
	if err != nil {
		return repository.Document{}, fmt.Errorf("repository/bolt: save section %q: %w", section, err)
	}
	return doc, nil
}

// loadDocument returns a copy of the section.
func loadDocument(tx *bbolt.Tx, section string) (repository.Document, error) {
	value, err := documentValue(tx, section)
	if err != nil {
		return repository.Document{}, err
	}
	if value == nil {
		return repository.Document{}, repository.ErrNotFound
	}
	return repository.Document{
		Revision: int64(binary.BigEndian.Uint64(value)),
		Data:     bytes.Clone(value[8:]),
	}, nil
}

// storedRevision returns the section's revision, 0 if there is none.
func storedRevision(tx *bbolt.Tx, section string) (int64, error) {
	value, err := documentValue(tx, section)
	if err != nil || value == nil {
		return 0, err
	}
	return int64(binary.BigEndian.Uint64(value)), nil
}

// documentValue returns the section as it is stored, at least eight bytes
// long, or nil if there is none.
func documentValue(tx *bbolt.Tx, section string) ([]byte, error) {
	settings := tx.Bucket([]byte(settingsBucket))
	if settings == nil {
		return nil, fmt.Errorf("no settings: %w", repository.ErrCorrupt)
	}
	value := settings.Get([]byte(section))
	if value == nil {
		return nil, nil
	}
	// A value that is longer than the file is the work of a damaged page.
	if len(value) < 8 || int64(len(value)) > tx.Size() {
		return nil, fmt.Errorf("document of %d bytes: %w", len(value), repository.ErrCorrupt)
	}
	if rev := binary.BigEndian.Uint64(value); rev == 0 || rev > math.MaxInt64 {
		return nil, fmt.Errorf("document of revision %d: %w", rev, repository.ErrCorrupt)
	}
	return value, nil
}
