package hls

import (
	"fmt"

	"github.com/owncast-go/owncast/video"
)

// The track ids of every file.
const (
	videoTrackID = 1
	audioTrackID = 2
)

// videoTimescale divides milliseconds and the usual frame rates.
const videoTimescale = 90000

func timescale(t *video.Track) uint32 {
	if t.Kind == video.Audio {
		return uint32(t.SampleRate)
	}
	return videoTimescale
}

func trackID(t *video.Track) uint32 {
	if t.Kind == video.Audio {
		return audioTrackID
	}
	return videoTrackID
}

// initSegment is the header of the segments of one set of tracks.
type initSegment struct {
	name   string
	tracks []*video.Track
	data   []byte
}

// header is what a recorder gets.
func (i *initSegment) header() *video.SegmentHeader {
	return &video.SegmentHeader{Name: i.name, Data: i.data, Tracks: i.tracks}
}

// video returns the picture's track, or nil.
func (i *initSegment) video() *video.Track { return i.track(video.Video) }

// audio returns the sound's track, or nil.
func (i *initSegment) audio() *video.Track { return i.track(video.Audio) }

func (i *initSegment) track(k video.Kind) *video.Track {
	if i == nil {
		return nil
	}
	for _, t := range i.tracks {
		if t.Kind == k {
			return t
		}
	}
	return nil
}

// newInit renders the header of tracks, none of which is nil.
func newInit(name string, tracks ...*video.Track) (*initSegment, error) {
	entries := make([][]byte, len(tracks))
	for i, t := range tracks {
		e, err := sampleEntry(t)
		if err != nil {
			return nil, err
		}
		entries[i] = e
	}
	brands := "iso6\x00\x00\x02\x00iso6mp41hlsf"
	if len(tracks) == 1 {
		brands += "cmfc" // ISO/IEC 23000-19 §7.2: a CMAF track is one
	}
	b := box(nil, "ftyp", raw([]byte(brands)...))
	b = box(b, "moov", func(b []byte) []byte {
		b = fullBox(b, "mvhd", 0, 0, func(b []byte) []byte {
			b = u32(b, 0, 0, 1000, 0, 0x00010000)
			b = u16(b, 0x0100, 0)
			b = u32(b, 0, 0)
			b = matrix(b)
			b = zeros(b, 24)
			return u32(b, audioTrackID+1) // next_track_ID
		})
		for i, t := range tracks {
			b = trak(b, t, entries[i])
		}
		return box(b, "mvex", func(b []byte) []byte {
			for _, t := range tracks {
				b = fullBox(b, "trex", 0, 0, func(b []byte) []byte {
					return u32(b, trackID(t), 1, 0, 0, defaultFlags(t))
				})
			}
			return b
		})
	})
	return &initSegment{name: name, tracks: tracks, data: b}, nil
}

func matrix(b []byte) []byte {
	return u32(b, 0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000)
}

func trak(b []byte, t *video.Track, entry []byte) []byte {
	return box(b, "trak", func(b []byte) []byte {
		b = fullBox(b, "tkhd", 0, 3, func(b []byte) []byte { // enabled, in movie
			b = u32(b, 0, 0, trackID(t), 0, 0)
			b = zeros(b, 8)
			volume := uint16(0)
			if t.Kind == video.Audio {
				volume = 0x0100
			}
			b = u16(b, 0, 0, volume, 0)
			b = matrix(b)
			return u32(b, uint32(t.Width)<<16, uint32(t.Height)<<16)
		})
		return box(b, "mdia", func(b []byte) []byte {
			b = fullBox(b, "mdhd", 0, 0, func(b []byte) []byte {
				return u32(b, 0, 0, timescale(t), 0, 0x55c40000) // language "und"
			})
			b = fullBox(b, "hdlr", 0, 0, func(b []byte) []byte {
				b = u32(b, 0)
				if t.Kind == video.Audio {
					b = append(b, "soun"...)
				} else {
					b = append(b, "vide"...)
				}
				return zeros(b, 13)
			})
			return box(b, "minf", func(b []byte) []byte { return mediaInformation(b, t, entry) })
		})
	})
}

func mediaInformation(b []byte, t *video.Track, entry []byte) []byte {
	if t.Kind == video.Audio {
		b = fullBox(b, "smhd", 0, 0, func(b []byte) []byte { return u32(b, 0) })
	} else {
		b = fullBox(b, "vmhd", 0, 1, func(b []byte) []byte { return u32(b, 0, 0) })
	}
	b = box(b, "dinf", func(b []byte) []byte {
		return fullBox(b, "dref", 0, 0, func(b []byte) []byte {
			return fullBox(u32(b, 1), "url ", 0, 1, empty) // in this file
		})
	})
	return box(b, "stbl", func(b []byte) []byte {
		b = fullBox(b, "stsd", 0, 0, func(b []byte) []byte { return append(u32(b, 1), entry...) })
		b = fullBox(b, "stts", 0, 0, func(b []byte) []byte { return u32(b, 0) })
		b = fullBox(b, "stsc", 0, 0, func(b []byte) []byte { return u32(b, 0) })
		b = fullBox(b, "stsz", 0, 0, func(b []byte) []byte { return u32(b, 0, 0) })
		return fullBox(b, "stco", 0, 0, func(b []byte) []byte { return u32(b, 0) })
	})
}

// sampleEntry renders the box that carries the codec's configuration.
func sampleEntry(t *video.Track) ([]byte, error) {
	switch t.Codec {
	case video.H264:
		return visualEntry("avc1", "avcC", t), nil
	case video.HEVC:
		return visualEntry("hvc1", "hvcC", t), nil
	case video.AV1:
		return visualEntry("av01", "av1C", t), nil
	case video.AAC:
		return audioEntry("mp4a", t, func(b []byte) []byte { return esds(b, 0x40, t.Config) }), nil
	case video.MP3:
		objectType := byte(0x6b) // MPEG-1
		if t.SampleRate < 32000 {
			objectType = 0x69 // MPEG-2
		}
		return audioEntry("mp4a", t, func(b []byte) []byte { return esds(b, objectType, nil) }), nil
	case video.Opus:
		return opusEntry(t)
	default:
		return nil, &video.CodecError{Codec: string(t.Codec), Reason: "cannot be packaged"}
	}
}

func visualEntry(typ, config string, t *video.Track) []byte {
	return box(nil, typ, func(b []byte) []byte {
		b = zeros(b, 6)
		b = u16(b, 1) // data_reference_index
		b = zeros(b, 16)
		b = u16(b, uint16(t.Width), uint16(t.Height))
		b = u32(b, 0x00480000, 0x00480000, 0) // 72 dpi
		b = u16(b, 1)                         // frame_count
		b = zeros(b, 32)                      // compressorname
		b = u16(b, 0x0018, 0xffff)
		return box(b, config, raw(t.Config...))
	})
}

func audioEntry(typ string, t *video.Track, config func([]byte) []byte) []byte {
	return box(nil, typ, func(b []byte) []byte {
		b = zeros(b, 6)
		b = u16(b, 1) // data_reference_index
		b = zeros(b, 8)
		b = u16(b, uint16(t.Channels), 16, 0, 0)
		rate := uint32(0) // does not fit above 65535 Hz; the codec's configuration has it
		if t.SampleRate < 1<<16 {
			rate = uint32(t.SampleRate)
		}
		b = u32(b, rate<<16)
		return config(b)
	})
}

// esds appends the elementary stream descriptor (ISO/IEC 14496-1 §7.2.6.5,
// 14496-14 §3.1: ES_ID 0 in a file).
func esds(b []byte, objectType byte, config []byte) []byte {
	decoder := []byte{objectType, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	if config != nil {
		decoder = descriptor(decoder, 0x05, config)
	}
	es := descriptor([]byte{0, 0, 0}, 0x04, decoder)
	es = descriptor(es, 0x06, []byte{2})
	return fullBox(b, "esds", 0, 0, func(b []byte) []byte { return descriptor(b, 0x03, es) })
}

func descriptor(b []byte, tag byte, body []byte) []byte {
	n := len(body)
	b = append(b, tag, 0x80|byte(n>>21), 0x80|byte(n>>14), 0x80|byte(n>>7), byte(n&0x7f))
	return append(b, body...)
}

// opusEntry turns the identification header (RFC 7845 §5.1, little-endian)
// into the OpusSpecificBox (big-endian).
func opusEntry(t *video.Track) ([]byte, error) {
	h := t.Config
	if len(h) < 19 || string(h[:8]) != "OpusHead" {
		return nil, &video.CodecError{Codec: "opus", Reason: fmt.Sprintf("identification header of %d bytes", len(h))}
	}
	return audioEntry("Opus", t, func(b []byte) []byte {
		return box(b, "dOps", func(b []byte) []byte {
			b = append(b, 0, h[9])
			b = append(b, h[11], h[10])
			b = append(b, h[15], h[14], h[13], h[12])
			b = append(b, h[17], h[16])
			return append(b, h[18:]...)
		})
	}), nil
}
