package bolt

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
)

// SchemaError is a database that a newer version of this package has written.
type SchemaError struct {
	File      string
	Version   uint64 // of the schema in the file
	Supported uint64 // the newest that this package knows
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("schema %d of %s is newer than %d, the newest this program knows", e.Version, e.File, e.Supported)
}

// The names of the first buckets, and of the key in metaBucket that holds the
// version of the schema as eight bytes, the highest first.
const (
	metaBucket     = "meta"
	settingsBucket = "settings"
	versionKey     = "schema"
)

// migration brings a database from one version of the schema to the next.
type migration func(tx *bbolt.Tx) error

// migrations returns all of them: the first makes version 1 of an empty file.
// Those that were released are never changed.
func migrations() []migration {
	return []migration{
		createSettings,
		createRecords,
		createWebhookLog,
		inside(kvstore.SplitDirectories),
	}
}

// createSettings makes the bucket of the settings: from the name of a section
// to its revision in eight bytes, the highest first, and its JSON.
func createSettings(tx *bbolt.Tx) error {
	_, err := tx.CreateBucket([]byte(settingsBucket))
	return err
}

// createRecords makes the buckets of everything else. What is in them is said
// in package kvstore.
func createRecords(tx *bbolt.Tx) error {
	for _, name := range []string{
		"state",
		"users", "usersByTime", "usersByName", "usersByIdentity", "credentials", "credentialsByUser",
		"messages", "messagesByUser", "bans", "audit",
		"followers", "followersByTime", "inboxes",
		"activities", "activitiesByTime", "inbound", "inboundByTime",
		"deliveries", "deliveriesByKey", "deliveriesByHost", "hosts", "hostsByTime", "payloads", "payloadRefs",
		"destinations", "webhooks", "tokens", "tokensByHash",
		"events", "eventsByTime", "eventsBySeries", "eventSeries",
		"samples",
	} {
		if _, err := tx.CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	return nil
}

// createWebhookLog makes the bucket of what was sent to webhooks.
func createWebhookLog(tx *bbolt.Tx) error {
	_, err := tx.CreateBucket([]byte("webhookLog"))
	return err
}

// migrate runs the steps that db has not seen yet, each in a transaction.
func migrate(db *bbolt.DB, file string, steps []migration) error {
	var version uint64
	err := db.View(func(tx *bbolt.Tx) (err error) {
		version, err = schemaVersion(tx)
		return err
	})
	if err != nil {
		return err
	}
	supported := uint64(len(steps))
	if version > supported {
		return &SchemaError{File: file, Version: version, Supported: supported}
	}
	for ; version < supported; version++ {
		next := version + 1
		err := db.Update(func(tx *bbolt.Tx) error {
			if err := steps[version](tx); err != nil {
				return err
			}
			return setSchemaVersion(tx, next)
		})
		if err != nil {
			return fmt.Errorf("migrate to schema %d: %w", next, err)
		}
	}
	return nil
}

// schemaVersion returns 0 for a file without anything in it.
func schemaVersion(tx *bbolt.Tx) (uint64, error) {
	meta := tx.Bucket([]byte(metaBucket))
	if meta == nil {
		if name, _ := tx.Cursor().First(); name != nil {
			return 0, fmt.Errorf("this is some other program's database: %w", repository.ErrCorrupt)
		}
		return 0, nil
	}
	v := meta.Get([]byte(versionKey))
	if len(v) != 8 {
		return 0, fmt.Errorf("no version of the schema: %w", repository.ErrCorrupt)
	}
	return binary.BigEndian.Uint64(v), nil
}

func setSchemaVersion(tx *bbolt.Tx, version uint64) error {
	meta, err := tx.CreateBucketIfNotExists([]byte(metaBucket))
	if err != nil {
		return err
	}
	return meta.Put([]byte(versionKey), binary.BigEndian.AppendUint64(nil, version))
}
