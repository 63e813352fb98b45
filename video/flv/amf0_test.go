package flv_test

import (
	"encoding/hex"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/owncast-go/owncast/video/flv"
)

func TestAMF0ValuesDecodeAndEncode(t *testing.T) {
	tests := []struct {
		name  string
		hex   string
		want  []any
		other bool // AppendAMF0 writes it in another way
	}{
		{"nothing", "", nil, false},
		{"number", "003ff8000000000000", []any{1.5}, false},
		{"infinity", "00fff0000000000000", []any{math.Inf(-1)}, false},
		{"true and false", "01010100", []any{true, false}, false},
		{"true as another byte", "0107", []any{true}, true},
		{"string", "020003666fc3", []any{"fo\xc3"}, false},
		{"empty string", "020000", []any{""}, false},
		{"null", "05", []any{nil}, false},
		{"undefined and unsupported", "060d", []any{nil, nil}, true},
		{"object", "030001620500016101010000" + "09", []any{flv.Object{{"b", nil}, {"a", true}}}, false},
		{"empty object", "03000009", []any{flv.Object{}}, false},
		{"property without a name", "030000050000" + "09", []any{flv.Object{{"", nil}}}, false},
		{"typed object", "1000014300016105000009", []any{flv.Object{{"a", nil}}}, true},
		{"ECMA array", "08000000010001610101000009", []any{flv.ECMAArray{{"a", true}}}, false},
		{"ECMA array whose count is a guess", "08ffffffff0001610101000009", []any{flv.ECMAArray{{"a", true}}}, true},
		{"strict array", "0a00000002050101", []any{[]any{nil, true}}, false},
		{"array of arrays", "0a000000020a000000000a0000000105", []any{[]any{[]any{}, []any{nil}}}, false},
		{"date", "0b42764f5483b480000000", []any{time.UnixMilli(1533123509064).UTC()}, false},
		{"date that is no number", "0b7ff80000000000010000", []any{time.Time{}}, false},
		{"date beyond time", "0b7fe00000000000010000", []any{time.Time{}}, true},
		{"long string", "0c00000001" + "61", []any{"a"}, true},
		{"XML", "0f00000004" + "3c612f3e", []any{"<a/>"}, true},
		{"eight arrays", strings.Repeat("0a00000001", 8) + "05", []any{[]any{[]any{[]any{[]any{[]any{[]any{[]any{[]any{nil}}}}}}}}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := unhex(t, tt.hex)
			got, err := flv.DecodeAMF0(in)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Fatalf("got %#v, %v; want %#v", got, err, tt.want)
			}
			if err := flv.CheckAMF0(in); err != nil {
				t.Errorf("CheckAMF0: %v", err)
			}
			if out := hex.EncodeToString(flv.AppendAMF0(nil, got...)); (out == tt.hex) == tt.other {
				t.Errorf("written again: %s", out)
			}
		})
	}
}

func TestAMF0ThatCannotBeRead(t *testing.T) {
	tests := []struct {
		name, hex, reason string
		before            []any
	}{
		{"number cut off", "003ff80000000000", "7 bytes of 8", nil},
		{"boolean cut off", "0501", "0 bytes of 1", []any{nil}},
		{"string cut off", "020003666f", "2 bytes of 3", nil},
		{"long string of 4 GiB", "0cffffffff61", "1 bytes of", nil},
		{"object without an end", "0300016105", "0 bytes of 2", nil},
		{"object whose end is cut off", "03000161050000", "0 bytes of 1", nil},
		{"property that is an end", "0300016109", "marker 9", nil},
		{"typed object without its class", "100005", "0 bytes of 5", nil},
		{"ECMA array without a count", "08000000", "3 bytes of 4", nil},
		{"strict array of more than there is", "0a00000003" + "0505", "array of 3 in 2 bytes", nil},
		{"strict array of 4 G", "0affffffff05", "in 1 bytes", nil},
		{"date without a zone", "0b427634cf9a5b2000", "0 bytes of 2", nil},
		{"nine arrays", strings.Repeat("0a00000001", 9) + "05", "nested more than 8 deep", nil},
		{"nine objects", strings.Repeat("03000161", 9) + "05", "nested more than 8 deep", nil},
		{"a great many objects", strings.Repeat("03000161", 100000), "nested more than 8 deep", nil},
		{"too many values", strings.Repeat("05", 65537), "more than 65536 values", nil},
		{"object end on its own", "09", "marker 9", nil},
		{"movie clip", "04", "marker 4", nil},
		{"reference", "070000", "marker 7", nil},
		{"record set", "0e", "marker 14", nil},
		{"AMF3", "1101", "marker 17", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := unhex(t, tt.hex)
			got, err := flv.DecodeAMF0(in)
			if !errors.Is(err, flv.ErrMalformed) || !strings.Contains(err.Error(), tt.reason) {
				t.Errorf("error = %v, want one with %q", err, tt.reason)
			}
			if tt.before != nil && !reflect.DeepEqual(got, tt.before) {
				t.Errorf("before it: %#v, want %#v", got, tt.before)
			}
			if checked := flv.CheckAMF0(in); checked == nil || checked.Error() != err.Error() {
				t.Errorf("CheckAMF0 = %v, want %v", checked, err)
			}
		})
	}
}

func TestAppendAMF0WritesWhatItCan(t *testing.T) {
	long := strings.Repeat("x", 65536)
	deep := any("too deep")
	for range 9 {
		deep = []any{deep}
	}
	got, err := flv.DecodeAMF0(flv.AppendAMF0(nil, 7, long, struct{}{}, flv.Object{{Name: long}}, deep))
	if err != nil {
		t.Fatal(err)
	}
	var nulls any
	for range 8 {
		nulls = []any{nulls}
	}
	want := []any{7.0, long, nil, flv.Object{{Name: long[1:]}}, nulls}
	if !reflect.DeepEqual(got, want) {
		t.Error("values came back changed")
	}
}

func TestAMF0ValuesSurviveARoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOf(amf0Value(3)).Draw(t, "values")
		b := flv.AppendAMF0([]byte("before"), values...)[len("before"):]
		if err := flv.CheckAMF0(b); err != nil {
			t.Fatal(err)
		}
		got, err := flv.DecodeAMF0(b)
		if err != nil || len(got)+len(values) > 0 && !reflect.DeepEqual(got, values) {
			t.Fatalf("got %#v, %v; want %#v", got, err, values)
		}
	})
}

func amf0Value(depth int) *rapid.Generator[any] {
	kinds := []*rapid.Generator[any]{
		rapid.Float64().AsAny(),
		rapid.Bool().AsAny(),
		rapid.String().AsAny(),
		rapid.Just[any](nil),
		rapid.Map(rapid.Int64Range(-8.64e15, 8.64e15), func(ms int64) any { return time.UnixMilli(ms).UTC() }),
	}
	if depth > 0 {
		inner := amf0Value(depth - 1)
		property := rapid.Custom(func(t *rapid.T) flv.Property {
			return flv.Property{Name: rapid.String().Draw(t, "name"), Value: inner.Draw(t, "value")}
		})
		properties := rapid.SliceOfN(property, 0, 5)
		kinds = append(kinds,
			rapid.SliceOfN(inner, 0, 5).AsAny(),
			rapid.Map(properties, func(p []flv.Property) any { return flv.Object(p) }),
			rapid.Map(properties, func(p []flv.Property) any { return flv.ECMAArray(p) }),
		)
	}
	return rapid.OneOf(kinds...)
}

func TestCheckAMF0DoesNotAllocate(t *testing.T) {
	b := flv.AppendAMF0(nil, "connect", 1, flv.Object{{"app", "live"}, {"list", []any{1.0, "two", time.Unix(3, 0)}}})
	if n := testing.AllocsPerRun(100, func() {
		if err := flv.CheckAMF0(b); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzDecodeAMF0(f *testing.F) {
	f.Add(flv.AppendAMF0(nil, "connect", 1, flv.Object{{"app", "live"}, {"fpad", false}, {"capsEx", 4.0}}))
	f.Add(flv.AppendAMF0(nil, "@setDataFrame", "onMetaData", flv.ECMAArray{{"width", 1280.0}, {"encoder", "obs"}}))
	f.Add(flv.AppendAMF0(nil, nil, true, []any{1.0, []any{}, flv.Object{}}, time.UnixMilli(1), "é"))
	f.Add([]byte("\x10\x00\x01C\x00\x00\x0c\x00\x00\x00\x02hi\x00\x00\x09\x0d\x06\x0f\x00\x00\x00\x00"))
	f.Add([]byte("\x0a\xff\xff\xff\xff\x05"))
	f.Fuzz(func(t *testing.T, b []byte) {
		values, err := flv.DecodeAMF0(b)
		checked := flv.CheckAMF0(b)
		if (err == nil) != (checked == nil) || err != nil && (err.Error() != checked.Error() || !errors.Is(err, flv.ErrMalformed)) {
			t.Fatalf("DecodeAMF0: %v, CheckAMF0: %v", err, checked)
		}
		flv.ParseMetadata(b)
		first := flv.AppendAMF0(nil, values...)
		again, err := flv.DecodeAMF0(first)
		if err != nil || len(again) != len(values) {
			t.Fatalf("written again: %v", err)
		}
		if second := flv.AppendAMF0(nil, again...); string(first) != string(second) {
			t.Fatalf("written twice: %x, then %x", first, second)
		}
	})
}
