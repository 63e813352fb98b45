package kvstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// series stores the values of an hour together: a byte that says the form, and
// then, for each interval that has one, how many intervals are left out before
// it and the value. A number of viewers takes three or four bytes.
type series struct{ store }

const (
	samplesForm = 1
	chunkSlots  = int64(time.Hour / repository.SampleInterval)
	slotSeconds = int64(repository.SampleInterval / time.Second)
)

// slots are the values of an hour, by interval.
type slots [chunkSlots]struct {
	value float64
	set   bool
}

// slotOf returns the hour of a time and the interval in it.
func slotOf(t time.Time) (chunk, slot int64) {
	n := t.Unix() / slotSeconds
	return n / chunkSlots, n % chunkSlots
}

func timeOfSlot(chunk, slot int64) time.Time {
	return time.Unix((chunk*chunkSlots+slot)*slotSeconds, 0).UTC()
}

func encodeSlots(s *slots) []byte {
	b := []byte{samplesForm}
	left := uint64(0)
	for _, v := range s {
		if !v.set {
			left++
			continue
		}
		b = appendFloat(binary.AppendUvarint(b, left), v.value)
		left = 0
	}
	return b
}

func decodeSlots(data []byte) (*slots, error) {
	s := new(slots)
	if data == nil {
		return s, nil
	}
	if len(data) == 0 || data[0] != samplesForm {
		return nil, corrupt("samples of no known form")
	}
	next := uint64(0)
	for data = data[1:]; len(data) > 0; next++ {
		left, n := binary.Uvarint(data)
		if n <= 0 || left >= uint64(chunkSlots) {
			return nil, corrupt("samples")
		}
		value, m := float(data[n:])
		if next += left; m <= 0 || next >= uint64(chunkSlots) {
			return nil, corrupt("samples")
		}
		s[next].value, s[next].set = value, true
		data = data[n+m:]
	}
	return s, nil
}

func (s series) AppendSamples(ctx context.Context, samples ...repository.SeriesSample) error {
	for _, sample := range samples {
		if err := sample.Check(); err != nil {
			return err
		}
	}
	return s.update(ctx, "append samples", func(tx Tx) error {
		for _, sample := range samples {
			chunk, slot := slotOf(sample.At)
			key := numberKey(textKey(nil, sample.Series), uint64(chunk))
			values, err := decodeSlots(tx.Get(Samples, key))
			if err != nil {
				return err
			}
			values[slot].value, values[slot].set = sample.Value, true
			tx.Put(Samples, key, encodeSlots(values))
		}
		return nil
	})
}

// roundUp returns the begin of the first interval that begins at t or later.
func roundUp(t time.Time) time.Time {
	if t.IsZero() || t.Unix() < 0 {
		return time.Unix(0, 0)
	}
	up := time.Unix(t.Unix()/slotSeconds*slotSeconds, 0)
	if up.Before(t) {
		up = up.Add(repository.SampleInterval)
	}
	return up
}

func (s series) Samples(ctx context.Context, name string, from, to time.Time) (samples []repository.Sample, err error) {
	if len(name) > repository.MaxKeyLen {
		return nil, nil
	}
	prefix := textKey(nil, name)
	first, _ := slotOf(roundUp(from))
	err = s.view(ctx, "samples", func(tx Tx) error {
		samples = nil
		for k, data := range tx.Ascend(Samples, numberKey(bytes.Clone(prefix), uint64(first))) {
			if !bytes.HasPrefix(k, prefix) {
				break
			}
			chunk, err := numberOf(k)
			if err != nil {
				return err
			}
			if !to.IsZero() && !timeOfSlot(int64(chunk), 0).Before(to) {
				break
			}
			values, err := decodeSlots(data)
			if err != nil {
				return err
			}
			samples = appendSlots(samples, int64(chunk), values, from, to)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return samples, nil
}

func appendSlots(samples []repository.Sample, chunk int64, values *slots, from, to time.Time) []repository.Sample {
	for slot, v := range values {
		at := timeOfSlot(chunk, int64(slot))
		if v.set && !at.Before(from) && (to.IsZero() || at.Before(to)) {
			samples = append(samples, repository.Sample{At: at, Value: v.value})
		}
	}
	return samples
}

func (s series) PruneSamples(ctx context.Context, before time.Time) error {
	chunk, slot := slotOf(roundUp(before))
	return s.update(ctx, "prune samples", func(tx Tx) error {
		var old, cut []entry
		var skip []byte // the rest of a series, whose hours are recent
		for k, data := range tx.Ascend(Samples, nil) {
			if skip != nil && bytes.HasPrefix(k, skip) {
				continue
			}
			n, err := numberOf(k)
			switch {
			case err != nil:
				return err
			case int64(n) < chunk:
				old = append(old, entry{key: bytes.Clone(k)})
			case int64(n) == chunk:
				cut = append(cut, entry{key: bytes.Clone(k), value: data})
			default:
				skip = bytes.Clone(k[:len(k)-8])
			}
		}
		for _, e := range old {
			tx.Delete(Samples, e.key)
		}
		for _, e := range cut {
			if err := cutSlots(tx, e, slot); err != nil {
				return err
			}
		}
		return nil
	})
}

// cutSlots removes the values before a slot.
func cutSlots(tx Tx, e entry, before int64) error {
	values, err := decodeSlots(e.value)
	if err != nil {
		return err
	}
	left := false
	for slot := range values {
		if int64(slot) < before {
			values[slot].set = false
		}
		left = left || values[slot].set
	}
	if !left {
		tx.Delete(Samples, e.key)
		return nil
	}
	tx.Put(Samples, e.key, encodeSlots(values))
	return nil
}
