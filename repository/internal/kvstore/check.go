package kvstore

import (
	"encoding/json"
	"unicode/utf8"

	"github.com/owncast-go/owncast/repository"
)

// Check reads everything, and returns an error matching
// [repository.ErrCorrupt] if something cannot be read.
func Check(tx Tx) error {
	readers := readers()
	for b := range NumBuckets {
		for k, v := range tx.Ascend(b, nil) {
			if read := readers[b]; read != nil {
				if err := read(k, v); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// reader returns an error if it cannot read a value.
type reader func(key, value []byte) error

// readers returns those of the buckets whose values are more than a key.
func readers() map[Bucket]reader {
	return map[Bucket]reader{
		Settings:     func(_, v []byte) error { _, err := decodeDocument(v); return err },
		Users:        readerOf(userFields),
		Credentials:  readerOf(credentialFields),
		Messages:     func(k, v []byte) error { return decodeMessage(k, v, new(repository.Message)) },
		Bans:         func(k, v []byte) error { _, err := decodeBan(k, v); return err },
		Audit:        readerOf(auditFields),
		Followers:    readerOf(followerFields),
		Inboxes:      func(_, v []byte) error { _, err := inboxCount(v); return err },
		Activities:   readerOf(activityFields),
		Inbound:      readerOf(inboundFields),
		Deliveries:   readerOf(deliveryFields),
		Hosts:        readerOf(hostFields),
		Destinations: readerOf(destinationFields),
		Webhooks:     readerOf(webhookFields),
		WebhookLog:   readerOf(webhookDeliveryFields),
		Tokens:       readerOf(tokenFields),
		Events:       readerOf(eventFields),
		EventSeries:  readerOf(eventSeriesFields),
		Samples:      func(_, v []byte) error { _, err := decodeSlots(v); return err },
	}
}

func readerOf[T any](fields func(*codec, *T)) reader {
	return func(_, v []byte) error { _, err := decode(v, fields); return err }
}

// ExportSettings returns all sections of the settings.
func ExportSettings(tx Tx) (map[string]json.RawMessage, error) {
	sections := map[string]json.RawMessage{}
	for k, v := range tx.Ascend(Settings, nil) {
		doc, err := decodeDocument(v)
		if err != nil {
			return nil, err
		}
		if !utf8.Valid(k) {
			return nil, repository.ErrInvalid
		}
		sections[string(k)] = doc.Data
	}
	return sections, nil
}

// ImportSettings saves sections, whatever their revision is.
func ImportSettings(tx Tx, sections map[string]json.RawMessage) error {
	for section, data := range sections {
		rev, err := revision(tx, section)
		if err != nil {
			return err
		}
		putDocument(tx, section, rev+1, data)
	}
	return nil
}
