package kvstore

import (
	"bytes"
	"context"

	"github.com/owncast-go/owncast/repository"
)

type webhooks struct{ store }

func (s webhooks) CreateWebhook(ctx context.Context, w repository.Webhook) (repository.Webhook, error) {
	if err := w.Check(); err != nil {
		return repository.Webhook{}, err
	}
	var data []byte
	err := s.update(ctx, "create webhook", func(tx Tx) error {
		id, err := add(tx, lastWebhook, 1)
		if err != nil {
			return err
		}
		w.ID = int64(id)
		data = encode(w, webhookFields)
		tx.Put(Webhooks, numberKey(nil, id), data)
		return nil
	})
	if err != nil {
		return repository.Webhook{}, err
	}
	return decode(data, webhookFields)
}

func (s webhooks) Webhooks(ctx context.Context) (all []repository.Webhook, err error) {
	err = s.view(ctx, "webhooks", func(tx Tx) error {
		all, err = every(tx, Webhooks, webhookFields)
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// every returns all records of a bucket.
func every[T any](tx Tx, b Bucket, fields func(*codec, *T)) ([]T, error) {
	var all []T
	for _, data := range tx.Ascend(b, nil) {
		v, err := decode(data, fields)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func (s webhooks) DeleteWebhook(ctx context.Context, id int64) error {
	return s.update(ctx, "delete webhook", func(tx Tx) error {
		key := numberKey(nil, uint64(id))
		if tx.Get(Webhooks, key) == nil {
			return repository.ErrNotFound
		}
		tx.Delete(Webhooks, key)
		return trimLog(tx, key, 0)
	})
}

func (s webhooks) RecordDeliveries(ctx context.Context, keep int, ds ...repository.WebhookDelivery) error {
	for _, d := range ds {
		if err := d.Check(); err != nil {
			return err
		}
	}
	return s.update(ctx, "record deliveries of webhooks", func(tx Tx) error {
		trim := map[int64]bool{}
		for _, d := range ds {
			isNew, err := recordDelivery(tx, d)
			if err != nil {
				return err
			}
			if isNew && keep > 0 {
				trim[d.WebhookID] = true
			}
		}
		for id := range trim {
			if err := trimLog(tx, numberKey(nil, uint64(id)), keep); err != nil {
				return err
			}
		}
		return nil
	})
}

// recordDelivery writes an entry of a log, and reports whether it is a new
// one.
func recordDelivery(tx Tx, d repository.WebhookDelivery) (isNew bool, err error) {
	key := numberKey(nil, uint64(d.WebhookID))
	data := tx.Get(Webhooks, key)
	if data == nil {
		return false, nil
	}
	w, err := decode(data, webhookFields)
	if err != nil {
		return false, err
	}
	if !w.Last.At.After(d.Last.At) && w.Last != d.Last {
		w.Last = d.Last
		tx.Put(Webhooks, key, encode(w, webhookFields))
	}
	at := logKey(d.WebhookID, d.ID)
	isNew = tx.Get(WebhookLog, at) == nil
	tx.Put(WebhookLog, at, encode(d, webhookDeliveryFields))
	return isNew, nil
}

func logKey(webhook int64, id string) []byte {
	return append(numberKey(nil, uint64(webhook)), id...)
}

// trimLog removes all entries of a log but the newest.
func trimLog(tx Tx, prefix []byte, keep int) error {
	var old [][]byte
	for k := range prefixedDown(tx, WebhookLog, prefix, nil) {
		if keep--; keep < 0 {
			old = append(old, bytes.Clone(k))
		}
	}
	for _, k := range old {
		tx.Delete(WebhookLog, k)
	}
	return nil
}

func (s webhooks) LoggedDelivery(ctx context.Context, webhook int64, id string) (d repository.WebhookDelivery, err error) {
	if id == "" || len(id) > repository.MaxKeyLen {
		return d, s.failed("logged delivery", repository.ErrNotFound)
	}
	err = s.view(ctx, "logged delivery", func(tx Tx) error {
		d, err = get(tx, WebhookLog, logKey(webhook, id), webhookDeliveryFields)
		return err
	})
	return d, err
}

func (s webhooks) LoggedDeliveries(ctx context.Context, webhook int64, before string, limit int) (ds []repository.WebhookDelivery, err error) {
	if len(before) > repository.MaxKeyLen {
		before = before[:repository.MaxKeyLen]
	}
	err = s.view(ctx, "logged deliveries", func(tx Tx) error {
		ds = nil
		prefix := logKey(webhook, "")
		var end []byte
		if before != "" {
			end = logKey(webhook, before)
		}
		for _, data := range prefixedDown(tx, WebhookLog, prefix, end) {
			d, err := decode(data, webhookDeliveryFields)
			if err != nil {
				return err
			}
			if ds = append(ds, d); len(ds) == limit {
				break
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ds, nil
}
