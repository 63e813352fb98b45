package kvstore

import (
	"bytes"
	"context"
	"time"

	"github.com/owncast-go/owncast/repository"
)

func (q queue) Lease(ctx context.Context, r repository.LeaseRequest) (ds []repository.Delivery, next time.Time, err error) {
	if !r.Until.After(r.Now) {
		return nil, time.Time{}, q.failed("lease until before now", repository.ErrInvalid)
	}
	// Most calls find nothing, and need not write to say so.
	due := false
	err = q.view(ctx, "lease", func(tx Tx) error {
		var names []string
		names, next, err = readyHosts(tx, q, r.Now, min(r.Max, 1))
		due = len(names) > 0
		return err
	})
	if err != nil || !due {
		return nil, next, err
	}
	err = q.update(ctx, "lease", func(tx Tx) error {
		names, _, err := readyHosts(tx, q, r.Now, r.Max)
		if err != nil {
			return err
		}
		ds = nil
		hosts := map[string]*host{}
		for _, name := range names {
			d, h, err := leaseFirst(tx, q, name, r.Until)
			if err != nil {
				return err
			}
			ds = append(ds, d)
			hosts[name] = &h
		}
		if err := putHosts(tx, q, hosts); err != nil {
			return err
		}
		_, next, err = readyHosts(tx, q, r.Now, 0)
		return err
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	return ds, next, nil
}

// readyHosts returns up to so many hosts that have something to do, and when
// the first one behind these has.
func readyHosts(tx Tx, q queue, now time.Time, limit int) (names []string, next time.Time, err error) {
	prefix := []byte{q.id}
	for k := range prefixed(tx, HostsByTime, prefix) {
		at, err := timeOf(k[len(prefix):])
		if err != nil {
			return nil, time.Time{}, err
		}
		if at.After(now) || len(names) >= limit {
			return names, at, nil
		}
		names = append(names, string(k[len(prefix)+timeLen:]))
	}
	return names, time.Time{}, nil
}

// leaseFirst leases the first delivery of a host.
func leaseFirst(tx Tx, q queue, name string, until time.Time) (leased repository.Delivery, h host, err error) {
	if h, err = getHost(tx, q, name); err != nil {
		return leased, h, err
	}
	prefix := q.byHost(name)
	var due []byte
	for k := range prefixed(tx, DeliveriesByHost, prefix) {
		due = bytes.Clone(k)
		break
	}
	id, err := numberOf(due)
	if err != nil {
		return leased, h, err
	}
	d, err := get(tx, Deliveries, q.number(id), deliveryFields)
	if err != nil {
		return leased, h, lost(err)
	}
	payload := tx.Get(Payloads, q.number(d.payload))
	if payload == nil {
		return leased, h, lost(repository.ErrNotFound)
	}
	if d.lease, err = add(tx, q.counter(queueIDs), 1); err != nil {
		return leased, h, err
	}
	if d.replaced { // the lease of what it was is over
		d.replaced, d.attempts = false, 0
	}
	d.attempts++
	d.leasedUntil = until
	h.leased, h.leasedUntil = id, until
	moveDue(tx, q, id, &d, until)
	return repository.Delivery{
		ID: id, Lease: d.lease, Kind: d.kind, Payload: bytes.Clone(payload), Host: d.host, Address: d.address, Key: d.key,
		Attempts: d.attempts, CreatedAt: d.createdAt, LastError: d.lastError,
	}, h, nil
}

// moveDue writes a delivery, which is due at another time now.
func moveDue(tx Tx, q queue, id uint64, d *delivery, due time.Time) {
	tx.Delete(DeliveriesByHost, q.due(d, id))
	d.dueAt = due
	tx.Put(DeliveriesByHost, q.due(d, id), present())
	tx.Put(Deliveries, q.number(id), encode(*d, deliveryFields))
}

func (q queue) Report(ctx context.Context, outcomes ...repository.Outcome) error {
	if len(outcomes) == 0 {
		return ctx.Err()
	}
	return q.update(ctx, "report", func(tx Tx) error {
		hosts := map[string]*host{}
		for _, o := range outcomes {
			if err := report(tx, q, hosts, o); err != nil {
				return err
			}
		}
		return putHosts(tx, q, hosts)
	})
}

// report writes what became of one delivery, and changes its host.
func report(tx Tx, q queue, hosts map[string]*host, o repository.Outcome) error {
	data := tx.Get(Deliveries, q.number(o.ID))
	if data == nil {
		return nil
	}
	d, err := decode(data, deliveryFields)
	if err != nil || d.lease != o.Lease || d.lease == 0 || d.leasedUntil.IsZero() {
		return err
	}
	h := hosts[d.host]
	if h == nil {
		stored, err := getHost(tx, q, d.host)
		if err != nil {
			return err
		}
		h = &stored
		hosts[d.host] = h
	}
	if h.leased == o.ID {
		h.leased, h.leasedUntil = 0, time.Time{}
	}
	if o.HoldUntil.After(h.heldUntil) || o.Error == "" && o.RetryAt.IsZero() {
		h.heldUntil = o.HoldUntil
	}
	d.leasedUntil = time.Time{}
	switch {
	case d.replaced:
		d.replaced, d.attempts = false, 0
		moveDue(tx, q, o.ID, &d, d.createdAt)
		return over(tx, q, o)
	case !o.RetryAt.IsZero():
		d.lastError = o.Error
		moveDue(tx, q, o.ID, &d, o.RetryAt)
		return nil
	}
	h.waiting--
	if err := finish(tx, q, o.ID, &d); err != nil {
		return err
	}
	return over(tx, q, o)
}

// over counts what was done or given up.
func over(tx Tx, q queue, o repository.Outcome) error {
	if !o.RetryAt.IsZero() {
		return nil
	}
	name := queueGivenUp
	if o.Error == "" {
		name = queueDelivered
	}
	_, err := add(tx, q.counter(name), 1)
	return err
}

// finish removes a delivery that is over.
func finish(tx Tx, q queue, id uint64, d *delivery) error {
	tx.Delete(DeliveriesByHost, q.due(d, id))
	tx.Delete(Deliveries, q.number(id))
	if d.key != "" {
		tx.Delete(DeliveriesByKey, q.text(d.key))
	}
	if err := release(tx, q, d.payload, 1); err != nil {
		return err
	}
	_, err := add(tx, q.counter(queueWaiting), -1)
	return err
}
