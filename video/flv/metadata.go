package flv

import (
	"strings"
	"unicode"

	"github.com/owncast-go/owncast/video"
)

const (
	maxEncoderRunes = 64
	maxDimension    = 16384
	maxFrameRate    = 300
	maxKilobits     = 1_000_000
)

// ParseMetadata reads the script data of onMetaData (Adobe's specification,
// section E.5), with or without the "@setDataFrame" that publishers put
// before it. It returns false if script is of something else or has no
// properties. Properties before a place that cannot be read count, as
// encoders are known to leave out the end.
//
// Numbers that are no numbers, negative or absurd are 0; the encoder's name
// is cut to 64 runes, those that cannot be printed left out.
func ParseMetadata(script []byte) (video.Metadata, bool) {
	r := amf0Reader{data: script}
	name, _ := r.value(0).(string)
	if name == "@setDataFrame" {
		name, _ = r.value(0).(string)
	}
	if name != "onMetaData" {
		return video.Metadata{}, false
	}
	var properties []Property
	switch v := r.value(0).(type) {
	case Object:
		properties = v
	case ECMAArray:
		properties = v
	}
	return metadataOf(properties), len(properties) > 0
}

func metadataOf(properties []Property) video.Metadata {
	var m video.Metadata
	for _, p := range properties {
		switch p.Name {
		case "width":
			m.Width = int(saneNumber(p.Value, maxDimension))
		case "height":
			m.Height = int(saneNumber(p.Value, maxDimension))
		case "framerate":
			m.FrameRate = saneNumber(p.Value, maxFrameRate)
		case "videodatarate":
			m.VideoBitrate = int(1000 * saneNumber(p.Value, maxKilobits))
		case "audiodatarate":
			m.AudioBitrate = int(1000 * saneNumber(p.Value, maxKilobits))
		case "encoder":
			s, _ := p.Value.(string)
			m.Encoder = printable(s)
		}
	}
	return m
}

// AppendMetadata appends the script data of onMetaData to dst and returns the
// longer slice. Fields that are zero are left out. [ParseMetadata] reads it
// back.
func AppendMetadata(dst []byte, m video.Metadata) []byte {
	var properties ECMAArray
	number := func(name string, v float64) {
		if v != 0 {
			properties = append(properties, Property{name, v})
		}
	}
	number("width", float64(m.Width))
	number("height", float64(m.Height))
	number("framerate", m.FrameRate)
	number("videodatarate", float64(m.VideoBitrate)/1000)
	number("audiodatarate", float64(m.AudioBitrate)/1000)
	if m.Encoder != "" {
		properties = append(properties, Property{"encoder", m.Encoder})
	}
	return AppendAMF0(dst, "onMetaData", properties)
}

// saneNumber is false to NaN, as every comparison with it is.
func saneNumber(value any, limit float64) float64 {
	if v, ok := value.(float64); ok && v > 0 && v <= limit {
		return v
	}
	return 0
}

func printable(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			continue
		}
		if n++; n > maxEncoderRunes {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}
