package hls

import "github.com/owncast-go/owncast/video"

// sample is one frame in the timescale of its track.
type sample struct {
	dts  int64
	cts  int32
	dur  uint32 // only of the last sample of a fragment; the others' follows from dts
	key  bool
	data []byte
}

// Sample flags (ISO/IEC 14496-12 §8.8.3.1).
const (
	flagsSync    = 0x02000000 // depends on no other
	flagsNonSync = 0x01010000 // depends on others, is no sync sample
)

func defaultFlags(t *video.Track) uint32 {
	if t.Kind == video.Audio {
		return flagsSync
	}
	return flagsNonSync
}

// fragment is the samples of one part, by track.
type fragment struct {
	video, audio []sample
}

func (f *fragment) empty() bool { return len(f.video) == 0 && len(f.audio) == 0 }

func (f *fragment) reset() {
	clear(f.video) // let the packets go
	clear(f.audio)
	f.video, f.audio = f.video[:0], f.audio[:0]
}

// Field presence flags of tfhd and trun (ISO/IEC 14496-12 §8.8.7, §8.8.8).
const (
	tfhdDescription = 0x000002
	tfhdFlags       = 0x000020
	tfhdBaseIsMoof  = 0x020000

	trunOffset   = 0x000001
	trunDuration = 0x000100
	trunSize     = 0x000200
	trunFlags    = 0x000400
	trunCTS      = 0x000800
)

const (
	tfhdSize       = 8 + 4 + 4 + 4 + 4
	tfdtSize       = 8 + 4 + 8
	trunHeaderSize = 8 + 4 + 4 + 4
	videoRowSize   = 16
	audioRowSize   = 8
)

// size is how many bytes write writes.
func (f *fragment) size() int {
	n := f.moofSize() + 8
	for _, s := range f.video {
		n += len(s.data)
	}
	for _, s := range f.audio {
		n += len(s.data)
	}
	return n
}

func (f *fragment) moofSize() int {
	n := 8 + 16
	if v := len(f.video); v > 0 {
		n += 8 + tfhdSize + tfdtSize + trunHeaderSize + v*videoRowSize
	}
	if a := len(f.audio); a > 0 {
		n += 8 + tfhdSize + tfdtSize + trunHeaderSize + a*audioRowSize
	}
	return n
}

// write renders the fragment as moof and mdat. It is the one place where
// media is copied: from the packets into the part that viewers are sent.
func (f *fragment) write(to *memory, sequence uint32) {
	moof, size := f.moofSize(), f.size()
	videoMedia := 0
	for _, s := range f.video {
		videoMedia += len(s.data)
	}
	b := u32(to.b, uint32(moof))
	b = append(b, "moof"...)
	b = u32(b, 16)
	b = append(b, "mfhd"...)
	b = u32(b, 0, sequence)
	if len(f.video) > 0 {
		b = appendTraf(b, videoTrackID, f.video, uint32(moof+8))
	}
	if len(f.audio) > 0 {
		b = appendTraf(b, audioTrackID, f.audio, uint32(moof+8+videoMedia))
	}
	b = u32(b, uint32(size-moof))
	b = append(b, "mdat"...)
	for _, s := range f.video {
		b = append(b, s.data...)
	}
	for _, s := range f.audio {
		b = append(b, s.data...)
	}
	to.b = b
}

func appendTraf(b []byte, id uint32, samples []sample, offset uint32) []byte {
	row, flags, def := audioRowSize, uint32(trunOffset|trunDuration|trunSize), uint32(flagsSync)
	if id == videoTrackID {
		row, flags, def = videoRowSize, flags|trunFlags|trunCTS, flagsNonSync
	}
	trun := trunHeaderSize + row*len(samples)
	b = u32(b, uint32(8+tfhdSize+tfdtSize+trun))
	b = append(b, "traf"...)
	b = u32(b, tfhdSize)
	b = append(b, "tfhd"...)
	b = u32(b, tfhdBaseIsMoof|tfhdDescription|tfhdFlags, id, 1, def)
	b = u32(b, tfdtSize)
	b = append(b, "tfdt"...)
	b = u64(u32(b, 1<<24), uint64(samples[0].dts))
	b = u32(b, uint32(trun))
	b = append(b, "trun"...)
	b = u32(b, 1<<24|flags, uint32(len(samples)), offset)
	for i, s := range samples {
		dur := s.dur
		if i+1 < len(samples) {
			dur = uint32(samples[i+1].dts - s.dts)
		}
		b = u32(b, dur, uint32(len(s.data)))
		if id == videoTrackID {
			fl := uint32(flagsNonSync)
			if s.key {
				fl = flagsSync
			}
			b = u32(b, fl, uint32(s.cts))
		}
	}
	return b
}
