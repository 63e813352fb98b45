package video

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLadderValidate(t *testing.T) {
	good := Rendition{Name: "480p", Height: 480, VideoBitrate: 1_000_000}
	for _, tt := range []struct {
		ladder Ladder
		want   string // in the error; "" for none
	}{
		{Ladder{}, ""},
		{Ladder{Renditions: []Rendition{good, {AudioBitrate: 64_000}}, Source: Never, SourceName: "Übertragung"}, ""},
		{Ladder{Source: Never}, "neither"},
		{Ladder{Source: 3}, "listing"},
		{Ladder{SourceName: `a "b"`}, "character"},
		{Ladder{Renditions: []Rendition{{Name: "a\nb", VideoBitrate: 1_000_000}}}, "character"},
		{Ladder{Renditions: []Rendition{{Name: strings.Repeat("a", 200), VideoBitrate: 1_000_000}}}, "bytes"},
		{Ladder{Renditions: slices.Repeat([]Rendition{good}, 11)}, "11 renditions"},
		{Ladder{Renditions: []Rendition{good, {Height: 481, VideoBitrate: 1_000_000}}}, "rendition 1"},
		{Ladder{Renditions: []Rendition{{}}}, "source again"},
		{Ladder{Renditions: []Rendition{{Height: 480, AudioBitrate: 64_000}}}, "copied video"},
	} {
		err := tt.ladder.Validate()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%+v: %v, want %q", tt.ladder, err, tt.want)
		}
	}
}

func TestListingAsText(t *testing.T) {
	for _, l := range []Listing{Always, Fallback, Never} {
		text, err := json.Marshal(l)
		var back Listing
		if err != nil || json.Unmarshal(text, &back) != nil || back != l {
			t.Errorf("%v is %s, which is %v", l, text, back)
		}
	}
	if _, err := json.Marshal(Listing(7)); err == nil {
		t.Error("an unknown listing has a text")
	}
	if err := new(Listing).UnmarshalText([]byte("sometimes")); err == nil {
		t.Error("an unknown text is a listing")
	}
}

func TestTheRenditionThatCostsTheMost(t *testing.T) {
	source := &Track{Width: 1920, Height: 1080, FrameRate: 60}
	order := []Rendition{
		{AudioBitrate: 64_000},
		{Height: 360, VideoBitrate: 500_000},
		{Height: 720, FrameRate: 30, VideoBitrate: 2_000_000},
		{Width: 1280, VideoBitrate: 1_000_000},
		{Width: 1280, Height: 720, VideoBitrate: 3_000_000},
		{FrameRate: 30, VideoBitrate: 2_000_000},
		{VideoBitrate: 2_000_000},
	}
	if !slices.IsSortedFunc(order, func(a, b Rendition) int { return compareCost(a, b, source) }) {
		for _, r := range order {
			t.Errorf("%+v costs %v", r, r.cost(source))
		}
	}
}

func TestBackoffDoublesUpToItsEnd(t *testing.T) {
	for n, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second, 7: time.Minute, 1000: time.Minute} {
		if got := backoff(n, firstBackoff, lastBackoff); got != want {
			t.Errorf("pause %d of %v, want %v", n, got, want)
		}
	}
}

func TestWholeUnits(t *testing.T) {
	h264 := &Track{Kind: Video, Codec: H264, Config: []byte{1, 0x64, 0, 0x1f, 0xff}}
	for _, tt := range []struct {
		data string
		want bool
	}{
		{"\x00\x00\x00\x01a", true},
		{"\x00\x00\x00\x01a\x00\x00\x00\x02bc", true},
		{"\x00\x00\x00\x02a", false},
		{"\x00\x00\x00", false},
		{"\xff\xff\xff\xffaaaa", false},
	} {
		if got := wholeUnits(h264, []byte(tt.data)); got != tt.want {
			t.Errorf("%q: %v", tt.data, got)
		}
	}
}

func TestOutputMeterMeasuresTheLastTenSeconds(t *testing.T) {
	var m outputMeter
	now := time.Now()
	track := &Track{Kind: Video}
	for i := range 1200 { // of 25 a second, at half the speed from the second half on
		now = now.Add(40 * time.Millisecond)
		if i >= 600 {
			now = now.Add(40 * time.Millisecond)
		}
		m.add(&Packet{Track: track, DTS: time.Duration(i) * 40 * time.Millisecond, Data: make([]byte, 1000)}, now)
		if i%10 != 9 {
			continue
		}
		speed, rate, bits := m.look(now)
		if i == 599 && (speed < 0.99 || speed > 1.01) || i == 1199 && (speed < 0.49 || speed > 0.51) {
			t.Errorf("picture %d: speed %v", i, speed)
		}
		if i > 600 && (rate != 25 || bits != 200_000) {
			t.Errorf("picture %d: %v frames a second, %d bits", i, rate, bits)
		}
	}
}
