package repository

import (
	"context"
	"encoding/json"
	"fmt"
)

// MaxSectionLen is how many bytes the name of a section may have.
const MaxSectionLen = 255

// Document is one section of the settings.
type Document struct {
	// Revision counts the times the section was saved: 1 after the first,
	// and 0 in no stored document.
	Revision int64
	// Data is what was saved: a JSON value of the same meaning, if not of
	// the same spelling.
	Data json.RawMessage
}

// Settings stores one JSON document per section. The package that uses a
// section owns its name, type, defaults and rules, and says so in a [Setting].
//
// The name of a section is any string of 1 to [MaxSectionLen] bytes.
type Settings interface {
	// Load returns the section, or an error matching [ErrNotFound] if it was
	// never saved.
	Load(ctx context.Context, section string) (Document, error)
	// Save stores data as the revision after rev, where rev is 0 for a
	// section that was never saved, and returns what it stored. The error
	// matches [ErrConflict] if rev is not the revision of the stored section,
	// and [ErrInvalid] if the name is not valid or data not JSON. Once Save
	// has returned without error, the document survives the end of the
	// process.
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
