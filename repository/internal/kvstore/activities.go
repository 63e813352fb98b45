package kvstore

import (
	"bytes"
	"context"
	"time"

	"github.com/owncast-go/owncast/repository"
)

type outbox struct{ store }

func (s outbox) Activity(ctx context.Context, iri string) (a repository.Activity, err error) {
	err = s.view(ctx, "activity", func(tx Tx) error {
		a, err = get(tx, Activities, []byte(iri), activityFields)
		return err
	})
	return a, err
}

func activityEntries(a repository.Activity) []entry {
	return []entry{{ActivitiesByTime, append(timeKey(nil, a.CreatedAt), a.IRI...), present()}}
}

func (s outbox) PutActivity(ctx context.Context, a repository.Activity) error {
	if err := a.Check(); err != nil {
		return err
	}
	return s.update(ctx, "put activity", func(tx Tx) error {
		var before []entry
		if data := tx.Get(Activities, []byte(a.IRI)); data != nil {
			old, err := decode(data, activityFields)
			if err != nil {
				return err
			}
			before = activityEntries(old)
		} else if _, err := add(tx, countActivities, 1); err != nil {
			return err
		}
		reindex(tx, before, activityEntries(a))
		tx.Put(Activities, []byte(a.IRI), encode(a, activityFields))
		return nil
	})
}

func (s outbox) DeleteActivity(ctx context.Context, iri string) error {
	return s.update(ctx, "delete activity", func(tx Tx) error {
		a, err := get(tx, Activities, []byte(iri), activityFields)
		if err != nil {
			return err
		}
		reindex(tx, activityEntries(a), nil)
		tx.Delete(Activities, []byte(iri))
		_, err = add(tx, countActivities, -1)
		return err
	})
}

func (s outbox) Activities(ctx context.Context, p repository.Page) (page []repository.Activity, total int, err error) {
	err = s.view(ctx, "activities", func(tx Tx) error {
		if total, err = count(tx, countActivities); err != nil {
			return err
		}
		page, err = records(tx, Activities, keyPage(tx.Descend(ActivitiesByTime, nil), p), timeLen, activityFields)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	return page, total, nil
}

// records returns the records that keys of an index lead to: what is behind
// the first skip bytes of each is a record's.
func records[T any](tx Tx, b Bucket, keys [][]byte, skip int, fields func(*codec, *T)) ([]T, error) {
	var all []T
	for _, k := range keys {
		if len(k) < skip {
			return nil, corrupt("key of %d bytes", len(k))
		}
		v, err := get(tx, b, k[skip:], fields)
		if err != nil {
			return nil, lost(err)
		}
		all = append(all, v)
	}
	return all, nil
}

type inbound struct{ store }

// inboundPrefix keeps engagements apart from the rest.
func inboundPrefix(engagement bool) []byte {
	if engagement {
		return []byte{1}
	}
	return []byte{0}
}

func inboundEntries(a repository.InboundActivity) []entry {
	return []entry{{InboundByTime, append(timeKey(inboundPrefix(a.Engagement), a.At), a.IRI...), present()}}
}

func (s inbound) SeeActivity(ctx context.Context, a repository.InboundActivity) (first bool, err error) {
	if err := a.Check(); err != nil {
		return false, err
	}
	err = s.update(ctx, "see activity", func(tx Tx) error {
		if first = tx.Get(Inbound, []byte(a.IRI)) == nil; !first {
			return nil
		}
		tx.Put(Inbound, []byte(a.IRI), encode(a, inboundFields))
		reindex(tx, nil, inboundEntries(a))
		return countEngagement(tx, a, 1)
	})
	return first && err == nil, err
}

func (s inbound) ActivitySeen(ctx context.Context, iri string) (seen bool, err error) {
	err = s.view(ctx, "activity seen", func(tx Tx) error {
		seen = tx.Get(Inbound, []byte(iri)) != nil
		return nil
	})
	return seen && err == nil, err
}

func countEngagement(tx Tx, a repository.InboundActivity, delta int) error {
	if !a.Engagement {
		return nil
	}
	_, err := add(tx, countEngagements, delta)
	return err
}

func (s inbound) ForgetActivity(ctx context.Context, iri string) error {
	return s.update(ctx, "forget activity", func(tx Tx) error {
		data := tx.Get(Inbound, []byte(iri))
		if data == nil {
			return nil
		}
		a, err := decode(data, inboundFields)
		if err != nil {
			return err
		}
		reindex(tx, inboundEntries(a), nil)
		tx.Delete(Inbound, []byte(iri))
		return countEngagement(tx, a, -1)
	})
}

func (s inbound) Engagements(ctx context.Context, p repository.Page) (page []repository.InboundActivity, total int, err error) {
	err = s.view(ctx, "engagements", func(tx Tx) error {
		if total, err = count(tx, countEngagements); err != nil {
			return err
		}
		keys := keyPage(prefixedDown(tx, InboundByTime, inboundPrefix(true), nil), p)
		page, err = records(tx, Inbound, keys, 1+timeLen, inboundFields)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	return page, total, nil
}

func (s inbound) PruneActivities(ctx context.Context, before time.Time) (n int, err error) {
	err = s.update(ctx, "prune activities", func(tx Tx) error {
		var keys [][]byte
		end := timeKey(inboundPrefix(false), before)
		for k := range prefixed(tx, InboundByTime, inboundPrefix(false)) {
			if bytes.Compare(k, end) >= 0 || len(keys) == repository.MaxPrune {
				break
			}
			keys = append(keys, bytes.Clone(k))
		}
		for _, k := range keys {
			tx.Delete(InboundByTime, k)
			tx.Delete(Inbound, k[min(1+timeLen, len(k)):])
		}
		n = len(keys)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
