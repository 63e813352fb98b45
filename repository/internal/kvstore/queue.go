package kvstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"sort"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// queue keeps deliveries by host, and hosts by when they have something to do:
// when the first of their deliveries is due, or the leased one's lease ends, or
// they are no longer held, whichever is last. So finding the next ones takes as
// long with a hundred deliveries as with a hundred thousand. A leased delivery
// is due when its lease ends.
type queue struct {
	store
	id byte // begins all its keys
}

func (q queue) number(n uint64) []byte  { return numberKey([]byte{q.id}, n) }
func (q queue) text(s string) []byte    { return append([]byte{q.id}, s...) }
func (q queue) byHost(h string) []byte  { return textKey([]byte{q.id}, h) }
func (q queue) counter(s string) string { return countQueue + string(q.id) + "." + s }

func (q queue) due(d *delivery, id uint64) []byte {
	return numberKey(timeKey(q.byHost(d.host), d.dueAt), id)
}

func (q queue) ready(name string, h *host) []byte {
	return append(timeKey([]byte{q.id}, h.readyAt), name...)
}

// The names of the counters of a queue.
const (
	queueIDs       = "ids" // of deliveries, payloads and leases
	queueWaiting   = "waiting"
	queueHosts     = "hosts"
	queueDelivered = "delivered"
	queueGivenUp   = "given up"
)

func (q queue) Enqueue(ctx context.Context, b repository.Batch) (added int, err error) {
	if err := b.Check(); err != nil {
		return 0, err
	}
	err = q.update(ctx, "enqueue", func(tx Tx) error {
		added = 0
		e := newEnqueuer(tx, q, b)
		for _, t := range b.Targets {
			isNew, err := e.add(t)
			if err != nil {
				return err
			}
			if isNew {
				added++
			}
		}
		waiting, err := add(tx, q.counter(queueWaiting), added)
		if err != nil {
			return err
		}
		if b.Max > 0 && added > 0 && waiting > uint64(b.Max) {
			return repository.ErrFull
		}
		return e.flush()
	})
	if err != nil {
		return 0, err
	}
	return added, nil
}

// enqueuer writes a batch. It puts keys in order before it writes them: adding
// many to a bucket at random places takes time that grows with the square of
// their number.
type enqueuer struct {
	tx      Tx
	q       queue
	b       repository.Batch
	next    uint64 // the id that was given last
	payload uint64
	refs    int
	hosts   map[string]*host
	keys    map[string]uint64 // of this batch
	writes  map[uint64]*delivery
	ids     []uint64 // of writes
}

func newEnqueuer(tx Tx, q queue, b repository.Batch) *enqueuer {
	return &enqueuer{tx: tx, q: q, b: b, hosts: map[string]*host{}, keys: map[string]uint64{}, writes: map[uint64]*delivery{}}
}

// id returns a new id.
func (e *enqueuer) id() (uint64, error) {
	if e.next == 0 {
		var err error
		if e.next, err = counter(e.tx, e.q.counter(queueIDs)); err != nil {
			return 0, err
		}
	}
	e.next++
	return e.next, nil
}

// add adds or replaces a delivery, and reports whether it is a new one.
func (e *enqueuer) add(t repository.Target) (isNew bool, err error) {
	if e.payload == 0 {
		if e.payload, err = e.id(); err != nil {
			return false, err
		}
	}
	id, old, err := e.waiting(t.Key)
	if err != nil {
		return false, err
	}
	d := &delivery{
		payload: e.payload, kind: e.b.Kind, host: t.Host, address: t.Address, key: t.Key,
		createdAt: e.b.At, dueAt: e.b.At,
	}
	if old != nil && old.host == t.Host {
		e.refs++
		return false, e.replace(id, old, d)
	}
	if old != nil { // it goes to another host now
		if err := e.drop(id, old); err != nil {
			return false, err
		}
	}
	if id, err = e.id(); err != nil {
		return false, err
	}
	h, err := e.host(t.Host)
	if err != nil {
		return false, err
	}
	e.refs++
	h.waiting++
	e.write(id, d)
	if t.Key != "" {
		e.keys[t.Key] = id
	}
	return old == nil, nil
}

// waiting returns the delivery that has a key.
func (e *enqueuer) waiting(key string) (uint64, *delivery, error) {
	if key == "" {
		return 0, nil, nil
	}
	id, ok := e.keys[key]
	if !ok {
		value := e.tx.Get(DeliveriesByKey, e.q.text(key))
		if value == nil {
			return 0, nil, nil
		}
		var err error
		if id, err = numberOf(value); err != nil {
			return 0, nil, err
		}
	}
	if d := e.writes[id]; d != nil {
		return id, d, nil
	}
	d, err := get(e.tx, Deliveries, e.q.number(id), deliveryFields)
	return id, &d, lost(err)
}

func (e *enqueuer) write(id uint64, d *delivery) {
	if e.writes[id] == nil {
		e.ids = append(e.ids, id)
	}
	e.writes[id] = d
}

// replace makes a delivery another one. If it is leased it keeps its place, to
// be due when the lease ends.
func (e *enqueuer) replace(id uint64, old, d *delivery) error {
	h, err := e.host(old.host)
	if err != nil {
		return err
	}
	if err := e.release(old); err != nil {
		return err
	}
	if h.leased == id {
		d.lease, d.leasedUntil, d.dueAt, d.replaced = old.lease, old.leasedUntil, old.dueAt, true
		d.attempts = old.attempts
	}
	e.tx.Delete(DeliveriesByHost, e.q.due(old, id))
	e.write(id, d)
	return nil
}

// drop removes a delivery.
func (e *enqueuer) drop(id uint64, d *delivery) error {
	h, err := e.host(d.host)
	if err != nil {
		return err
	}
	if h.waiting--; h.leased == id {
		h.leased, h.leasedUntil = 0, time.Time{}
	}
	if err := e.release(d); err != nil {
		return err
	}
	e.tx.Delete(DeliveriesByHost, e.q.due(d, id))
	e.tx.Delete(Deliveries, e.q.number(id))
	e.ids = slices.DeleteFunc(e.ids, func(o uint64) bool { return o == id })
	delete(e.writes, id)
	return nil
}

// release takes a delivery from its payload.
func (e *enqueuer) release(d *delivery) error {
	if d.payload == e.payload {
		e.refs--
		return nil
	}
	return release(e.tx, e.q, d.payload, 1)
}

func (e *enqueuer) host(name string) (*host, error) {
	if h := e.hosts[name]; h != nil {
		return h, nil
	}
	h, err := getHost(e.tx, e.q, name)
	e.hosts[name] = &h
	return &h, err
}

// getHost returns a host, which is zero if nothing waits for it.
func getHost(tx Tx, q queue, name string) (host, error) {
	data := tx.Get(Hosts, q.text(name))
	if data == nil {
		return host{}, nil
	}
	return decode(data, hostFields)
}

// flush writes it all.
func (e *enqueuer) flush() error {
	var entries []entry
	for _, id := range e.ids {
		d := e.writes[id]
		entries = append(entries, entry{Deliveries, e.q.number(id), encode(*d, deliveryFields)},
			entry{DeliveriesByHost, e.q.due(d, id), present()})
		if d.key != "" {
			entries = append(entries, entry{DeliveriesByKey, e.q.text(d.key), numberKey(nil, id)})
		}
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].compare(entries[j]) < 0 })
	for _, w := range entries {
		e.tx.Put(w.bucket, w.key, w.value)
	}
	if e.refs > 0 {
		e.tx.Put(Payloads, e.q.number(e.payload), append([]byte{}, e.b.Payload...))
		e.tx.Put(PayloadRefs, e.q.number(e.payload), binary.AppendUvarint(nil, uint64(e.refs)))
	}
	if e.next > 0 {
		e.tx.Put(State, []byte(e.q.counter(queueIDs)), numberKey(nil, e.next))
	}
	return putHosts(e.tx, e.q, e.hosts)
}

// release takes n deliveries from a payload, which goes with the last.
func release(tx Tx, q queue, payload uint64, n uint64) error {
	key := q.number(payload)
	refs, size := binary.Uvarint(tx.Get(PayloadRefs, key))
	if size <= 0 || refs < n {
		return corrupt("payload with too few deliveries")
	}
	if refs -= n; refs == 0 {
		tx.Delete(PayloadRefs, key)
		tx.Delete(Payloads, key)
		return nil
	}
	tx.Put(PayloadRefs, key, binary.AppendUvarint(nil, refs))
	return nil
}

// putHosts writes what became of hosts, whose deliveries are written: when they
// have something to do, or nothing at all if nothing waits for them.
func putHosts(tx Tx, q queue, hosts map[string]*host) error {
	var entries []entry
	delta := 0
	for name, h := range hosts {
		had, err := getHost(tx, q, name)
		if err != nil {
			return err
		}
		if had.waiting > 0 {
			tx.Delete(HostsByTime, q.ready(name, &had))
			delta--
		}
		if h.waiting <= 0 {
			tx.Delete(Hosts, q.text(name))
			continue
		}
		delta++
		if h.readyAt, err = firstDue(tx, q, name); err != nil {
			return err
		}
		h.readyAt = latest(h.readyAt, h.heldUntil, h.leasedUntil)
		entries = append(entries, entry{Hosts, q.text(name), encode(*h, hostFields)}, entry{HostsByTime, q.ready(name, h), present()})
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].compare(entries[j]) < 0 })
	for _, e := range entries {
		tx.Put(e.bucket, e.key, e.value)
	}
	_, err := add(tx, q.counter(queueHosts), delta)
	return err
}

func latest(first time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if t.After(first) {
			first = t
		}
	}
	return first
}

// firstDue returns when the first delivery of a host is due.
func firstDue(tx Tx, q queue, name string) (time.Time, error) {
	prefix := q.byHost(name)
	for k := range prefixed(tx, DeliveriesByHost, prefix) {
		return timeOf(k[len(prefix):])
	}
	return time.Time{}, corrupt("a host without deliveries")
}

func (q queue) DropHost(ctx context.Context, name string) (n int, err error) {
	if len(name) > repository.MaxKeyLen {
		return 0, nil
	}
	err = q.update(ctx, "drop deliveries", func(tx Tx) error {
		var ids []uint64
		var dues [][]byte
		for k := range prefixed(tx, DeliveriesByHost, q.byHost(name)) {
			id, err := numberOf(k)
			if err != nil {
				return err
			}
			ids, dues = append(ids, id), append(dues, bytes.Clone(k))
		}
		payloads := map[uint64]uint64{}
		for i, id := range ids {
			d, err := get(tx, Deliveries, q.number(id), deliveryFields)
			if err != nil {
				return lost(err)
			}
			payloads[d.payload]++
			tx.Delete(DeliveriesByHost, dues[i])
			tx.Delete(Deliveries, q.number(id))
			if d.key != "" {
				tx.Delete(DeliveriesByKey, q.text(d.key))
			}
		}
		for payload, refs := range payloads {
			if err := release(tx, q, payload, refs); err != nil {
				return err
			}
		}
		n = len(ids)
		if _, err := add(tx, q.counter(queueWaiting), -n); err != nil {
			return err
		}
		return putHosts(tx, q, map[string]*host{name: {}})
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (q queue) CountHost(ctx context.Context, name string) (n int, err error) {
	if len(name) > repository.MaxKeyLen {
		return 0, ctx.Err()
	}
	err = q.view(ctx, "count deliveries of a host", func(tx Tx) error {
		h, err := getHost(tx, q, name)
		n = h.waiting
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (q queue) CountDeliveries(ctx context.Context) (c repository.QueueCounts, err error) {
	err = q.view(ctx, "count deliveries", func(tx Tx) error {
		for _, v := range []struct {
			name string
			n    *int
		}{
			{queueWaiting, &c.Waiting},
			{queueHosts, &c.Hosts},
			{queueDelivered, &c.Delivered},
			{queueGivenUp, &c.GivenUp},
		} {
			if *v.n, err = count(tx, q.counter(v.name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return repository.QueueCounts{}, err
	}
	return c, nil
}
