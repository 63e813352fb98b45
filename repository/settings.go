package repository

import (
	"context"
	"encoding/json"
	"fmt"
)

// MaxSectionLen is the maximum length of the name of a section, in bytes.
const MaxSectionLen = 255

// Document is one section of the settings.
type Document struct {
	// Revision counts how often the section was saved, beginning with 1. No
	// stored document has revision 0.
	Revision int64
	// Data is the saved JSON value. Its whitespace and escapes may differ from
	// what was saved.
	Data json.RawMessage
}

// Settings stores one JSON document per section. The package that uses a
// section owns its name, type, defaults, and rules, and declares them in a
// [Setting].
//
// The name of a section is any string of 1 to [MaxSectionLen] bytes.
type Settings interface {
	// Load returns the section, or an error matching [ErrNotFound] if it was
	// never saved.
	Load(ctx context.Context, section string) (Document, error)
	// Save stores data as the revision that follows rev, and returns the
	// stored document. rev is 0 for a section that was never saved. The error
	// matches [ErrConflict] if rev is not the current revision, and
	// [ErrInvalid] if the name is invalid or data is not JSON. Once Save has
	// returned without an error, the document is durable.
	Save(ctx context.Context, section string, rev int64, data json.RawMessage) (Document, error)
}

// CheckSection returns an error matching [ErrInvalid] unless section may name
// a section.
func CheckSection(section string) error {
	if section == "" || len(section) > MaxSectionLen {
		return fmt.Errorf("repository: name of a section of %d bytes: %w", len(section), ErrInvalid)
	}
	return nil
}

// CheckDocument returns an error matching [ErrInvalid] unless data may be
// saved as section. Implementations call it first in Save.
func CheckDocument(section string, data json.RawMessage) error {
	if err := CheckSection(section); err != nil {
		return err
	}
	if !json.Valid(data) {
		return fmt.Errorf("repository: section %q is not JSON: %w", section, ErrInvalid)
	}
	return nil
}
