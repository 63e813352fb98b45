package main

import (
	"bytes"
	"encoding/gob"
	"testing"
	"time"
)

// FuzzValue decodes what a database may have as every type there is.
func FuzzValue(f *testing.F) {
	for _, v := range []any{
		"text", 4.5, true,
		[]string{"a", "b"},
		map[string]string{"k": "v"},
		owncastNullTime{day(), true},
		[]owncastVariant{{Name: "x", VideoBitrate: 1}},
		[]owncastKey{{"k", "c"}},
		owncastS3{Bucket: "b"},
	} {
		var buf bytes.Buffer
		if err := gob.NewEncoder(&buf).Encode(v); err != nil {
			f.Fatal(err)
		}
		f.Add(buf.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tried := []error{
			second(decode[string](data)), second(decode[bool](data)), second(decode[[]string](data)), second(decode[map[string]string](data)),
			second(decode[[]socialHandle](data)), second(decode[[]externalAction](data)), second(decode[[]streamKey](data)),
			second(decode[[]outputVariant](data)), second(decode[s3Config](data)), second(decode[discordConfig](data)),
			second(decode[browserConfig](data)), second(decode[nullTime](data)), second(decodeNumber(data)),
		}
		for i, err := range tried {
			if err == nil && len(data) == 0 {
				t.Errorf("type %d is made of nothing", i)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func FuzzTime(f *testing.F) {
	for _, text := range []string{
		"2026-03-04 05:06:07.8+00:00", "2026-03-04 05:06:07", "2026-03-04T05:06:07Z", "2026-03-04 05:06:07.8 +0000 UTC m=+1.5", "2026-03-04",
		"1772600767", "", "never", "9999-12-31 23:59:59+14:00",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at := row{"at": []byte(text)}.time("at")
		if at.Location() != time.UTC {
			t.Errorf("%q is %v", text, at)
		}
	})
}

func TestTimesOfEveryDriverAreRead(t *testing.T) {
	want := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, text := range []string{
		"2026-03-04 05:06:07+00:00", "2026-03-04 06:06:07+01:00", "2026-03-04 05:06:07", "2026-03-04T05:06:07Z", "2026-03-04T05:06:07",
		"2026-03-04 05:06:07 +0000 UTC", "2026-03-04 05:06:07 +0000 UTC m=+1.5", "2026-03-04 06:06:07 +0100 +0100", "1772600767",
	} {
		if at := (row{"at": []byte(text)}).time("at"); !at.Equal(want) {
			t.Errorf("%q is %v", text, at)
		}
	}
	for _, text := range []string{"", "never", "0000-00-00", "-5"} {
		if at := (row{"at": []byte(text)}).time("at"); !at.IsZero() {
			t.Errorf("%q is %v", text, at)
		}
	}
}
