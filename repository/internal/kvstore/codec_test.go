package kvstore

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/owncast-go/owncast/repository"
)

// fill sets every field that can be reached to something that is not zero, and
// different from the others.
func fill(v reflect.Value, n *int) {
	if !v.CanSet() {
		return // of a type of the standard library
	}
	*n++
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Unix(int64(*n)*1e9, int64(*n)).UTC()
		return
	case *repository.Hash:
		*x = repository.HashSecret(fmt.Sprint(*n))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n) * -1001)
	case reflect.Uint8:
		v.SetUint(uint64(*n%255 + 1))
	case reflect.Uint64:
		v.SetUint(math.MaxUint64 - uint64(*n))
	}
}

// roundTrip checks that what is written of a record is what is read, for one
// with something in all fields but those of the key, and for one with nothing.
func roundTrip[T any](t *testing.T, fields func(*codec, *T), clearKey func(*T)) {
	t.Helper()
	var empty, full T
	n := 0
	fill(reflect.ValueOf(&full).Elem(), &n)
	if clearKey != nil {
		clearKey(&full)
	}
	for _, want := range []T{empty, full} {
		data := encode(want, fields)
		for _, data := range [][]byte{data, append(bytes.Clone(data), 0xfe, 0x07, 1)} { // with a field of the future
			got, err := decode(data, fields)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("read %+v, %v; want %+v", got, err, want)
			}
		}
		for cut := range data {
			if got, err := decode(data[:cut], fields); err == nil && cut > 0 && reflect.DeepEqual(got, want) {
				t.Errorf("%T: %d of %d bytes are enough", want, cut, len(data))
			}
		}
	}
}

func TestEveryFieldOfARecordIsStored(t *testing.T) {
	roundTrip(t, userFields, nil)
	roundTrip(t, credentialFields, nil)
	roundTrip(t, messageFields, func(m *repository.Message) { m.Seq = 0 })
	roundTrip(t, banFields, func(b *repository.Ban) { b.Prefix = repository.Ban{}.Prefix })
	roundTrip(t, auditFields, func(r *repository.AuditRecord) { r.Seq = 0 })
	roundTrip(t, followerFields, nil)
	roundTrip(t, activityFields, nil)
	roundTrip(t, inboundFields, nil)
	roundTrip(t, destinationFields, nil)
	roundTrip(t, webhookFields, nil)
	roundTrip(t, webhookDeliveryFields, nil)
	roundTrip(t, tokenFields, nil)
	roundTrip(t, eventFields, nil)
	roundTrip(t, eventSeriesFields, nil)

	now := time.Unix(5, 6).UTC()
	d := delivery{1, "k", "h", "a", "key", now, now.Add(1), 2, math.MaxUint64, now.Add(2), true, "e"}
	if got, err := decode(encode(d, deliveryFields), deliveryFields); err != nil || got != d {
		t.Errorf("read %+v, %v; want %+v", got, err, d)
	}
	h := host{1, now, 2, now.Add(1), now.Add(2)}
	if got, err := decode(encode(h, hostFields), hostFields); err != nil || got != h {
		t.Errorf("read %+v, %v; want %+v", got, err, h)
	}
}

func TestTimesAreKeptToTheNanosecond(t *testing.T) {
	for _, want := range []time.Time{
		{},
		time.Unix(0, 0), time.Unix(0, 1), time.Unix(-1, 999_999_999), time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		got, err := decode(encode(repository.Ban{CreatedAt: want}, banFields), banFields)
		if err != nil || got.CreatedAt != want.UTC() {
			t.Errorf("read %v, %v; want %v", got.CreatedAt, err, want)
		}
	}
}

func TestAFieldOfAnotherKindIsCorrupt(t *testing.T) {
	c := codec{buf: []byte{codecForm}}
	c.put(2, "text") // is the Revision of a user
	if _, err := decode(c.buf, userFields); !errors.Is(err, repository.ErrCorrupt) {
		t.Errorf("decode = %v, want ErrCorrupt", err)
	}
	big := 300
	c = codec{buf: []byte{codecForm}}
	number(&c, 6, &big) // is the Role
	if _, err := decode(c.buf, userFields); !errors.Is(err, repository.ErrCorrupt) {
		t.Errorf("decode of a role of 300 = %v, want ErrCorrupt", err)
	}
}

func TestKeysSortLikeTheirParts(t *testing.T) {
	times := []time.Time{
		time.Unix(-1<<40, 0), {}, time.Unix(-1, 0), time.Unix(-1, 1), time.Unix(0, 0), time.Unix(0, 1), time.Unix(1, 0), time.Unix(1<<40, 0),
	}
	var last []byte
	for _, want := range times {
		key := timeKey(nil, want)
		if bytes.Compare(last, key) >= 0 {
			t.Errorf("the key of %v is not behind that of the one before", want)
		}
		if got, err := timeOf(key); err != nil || !got.Equal(want) {
			t.Errorf("time of the key is %v, %v; want %v", got, err, want)
		}
		last = key
	}
	for prefix, want := range map[string]string{"a": "b", "a\xff": "b", "a\xff\xff": "b", "\xff": "", "": ""} {
		if got := string(after([]byte(prefix))); got != want {
			t.Errorf("first key after those with %q is %q, want %q", prefix, got, want)
		}
	}
}

func TestSlotsAreStoredAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := new(slots)
		for range rapid.IntRange(0, 400).Draw(t, "n") {
			slot := rapid.IntRange(0, int(chunkSlots)-1).Draw(t, "slot")
			want[slot].value, want[slot].set = rapid.Float64().Draw(t, "value"), true
		}
		got, err := decodeSlots(encodeSlots(want))
		if err != nil || *got != *want {
			t.Fatalf("read %v, %v", got, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	n := 0
	var u repository.User
	fill(reflect.ValueOf(&u).Elem(), &n)
	f.Add(byte(Users), []byte("key"), encode(u, userFields))
	var m repository.Message
	fill(reflect.ValueOf(&m).Elem(), &n)
	f.Add(byte(Messages), numberKey(nil, 1), encode(m, messageFields))
	s := new(slots)
	s[3].value, s[3].set = 17, true
	f.Add(byte(Samples), []byte("key"), encodeSlots(s))
	f.Add(byte(Bans), []byte{32, 8, 10, 0, 0, 0}, encode(repository.Ban{By: "x"}, banFields))
	readers := readers()
	f.Fuzz(func(t *testing.T, bucket byte, key, value []byte) {
		read := readers[Bucket(bucket)]
		if read == nil {
			return
		}
		if err := read(key, value); err != nil && !errors.Is(err, repository.ErrCorrupt) {
			t.Errorf("error %v is not ErrCorrupt", err)
		}
		if u, err := decode(value, userFields); err == nil {
			again, err := decode(encode(u, userFields), userFields)
			if err != nil || !reflect.DeepEqual(u, again) {
				t.Errorf("%+v is read again as %+v, %v", u, again, err)
			}
		}
		if s, err := decodeSlots(value); err == nil {
			again, err := decodeSlots(encodeSlots(s))
			if err != nil || !bytes.Equal(encodeSlots(s), encodeSlots(again)) {
				t.Errorf("samples are read again as others: %v", err)
			}
		}
	})
}

func BenchmarkDecodeMessage(b *testing.B) {
	m := repository.Message{ID: "0123456789", Kind: "CHAT", UserID: "user77", Body: "a message of a usual length, or so", SentAt: time.Unix(1_700_000_000, 5)}
	data, key := encode(m, messageFields), numberKey(nil, 7)
	b.ReportAllocs()
	for b.Loop() {
		var m repository.Message
		if err := decodeMessage(key, data, &m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeMessage(b *testing.B) {
	m := repository.Message{ID: "0123456789", Kind: "CHAT", UserID: "user77", Body: "a message of a usual length, or so", SentAt: time.Unix(1_700_000_000, 5)}
	b.ReportAllocs()
	for b.Loop() {
		encode(m, messageFields)
	}
}
