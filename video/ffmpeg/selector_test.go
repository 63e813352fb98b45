package ffmpeg

import (
	"errors"
	"slices"
	"testing"
)

func TestAnotherEncoderIsChosen(t *testing.T) {
	tr, err := New(Config{})
	if errors.Is(err, ErrNotFound) {
		t.Skip("ffmpeg is not installed")
	}
	if err != nil {
		t.Fatal(err)
	}
	list, err := tr.ListEncoders(t.Context())
	if err != nil || tr.Encoder() != "libx264" {
		t.Fatal(tr.Encoder(), err)
	}
	for _, name := range list {
		if !Encoder(name).known() {
			t.Errorf("%s is listed", name)
		}
	}
	reports := tr.Probe(t.Context())
	for i, r := range tr.TestEncoders(t.Context()) {
		if r.Name != string(reports[i].Encoder) || (r.Err == nil) != (reports[i].Err == nil) {
			t.Errorf("%+v, want %+v", r, reports[i])
		}
		if r.Err == nil && !slices.Contains(list, r.Name) {
			t.Errorf("%s works, and is not listed", r.Name)
		}
	}
	other, err := tr.UseEncoder("h264_nvenc")
	if err != nil {
		t.Fatal(err)
	}
	chosen, ok := other.(*Transcoder)
	if !ok || chosen.Encoder() != "h264_nvenc" || tr.Encoder() != "libx264" || chosen.tests != tr.tests {
		t.Errorf("%T with %q, %q before", other, chosen.Encoder(), tr.Encoder())
	}
	if _, err := tr.UseEncoder("libx265"); err == nil {
		t.Error("an unknown encoder is taken")
	}
}
