package video_test

import (
	"encoding/hex"
	"fmt"
)

const hevcMain = "01016000000090000000000078f000fcfdf8f800000f03a00001001840010c01ffff016000000300900000030000030078959409" +
	"a10001002b420101016000000300900000030000030078a003c0801107cb965654a4c2f0168080000003008000000f04a2000100064401c073c189"

// bitWriter builds what no encoder at hand writes.
type bitWriter struct {
	data []byte
	n    int
}

func (w *bitWriter) put(bits int, v uint64) {
	for i := bits - 1; i >= 0; i-- {
		if w.n%8 == 0 {
			w.data = append(w.data, 0)
		}
		w.data[w.n/8] |= byte(v>>i&1) << (7 - w.n%8)
		w.n++
	}
}

func (w *bitWriter) bytes(bs ...byte) {
	for _, b := range bs {
		w.put(8, uint64(b))
	}
}

func (w *bitWriter) golomb(vs ...uint64) {
	for _, v := range vs {
		bits := 0
		for (v+1)>>bits > 1 {
			bits++
		}
		w.put(bits, 0)
		w.put(bits+1, v+1)
	}
}

// escaped returns header and data as a NAL unit, with emulation prevention.
func (w *bitWriter) escaped(header ...byte) []byte {
	out := header
	zeros := 0
	for _, b := range w.data {
		if zeros >= 2 && b <= 3 {
			out = append(out, 3)
			zeros = 0
		}
		if zeros++; b != 0 {
			zeros = 0
		}
		out = append(out, b)
	}
	return out
}

func h264Config(sps []byte) string {
	return fmt.Sprintf("01%xffe1%04x%x01000468ce0fc8", sps[1:4], len(sps), sps)
}

func h264WithTiming(units, scale uint64) string {
	var w bitWriter
	w.bytes(0x42, 0xc0, 0x1f)
	w.golomb(0, 0, 0, 0, 1) // id, frame number, order count type and length, references
	w.put(1, 0)
	w.golomb(53, 29) // 864x480
	w.put(3, 0b101)  // frames only; crop
	w.golomb(0, 5, 0, 0)
	w.put(1, 1) // VUI
	w.put(4, 0)
	w.put(1, 1) // timing
	w.put(32, units)
	w.put(32, scale)
	w.put(1, 1)
	w.put(4, 0)
	w.put(1, 1)
	sps := w.escaped(0x67)
	return h264Config(sps)
}

func hevcWithSubLayers() string {
	var w bitWriter
	w.put(4, 0)
	w.put(3, 2) // two sub-layers below the highest
	w.put(1, 1)
	w.put(8, 1) // main profile, main tier
	w.put(32, 0x60000000)
	w.bytes(0xb0, 0, 0, 0, 0, 0, 93)
	w.put(2, 0b11) // profile and level of the first
	w.put(2, 0b01) // level of the second
	w.put(2*6, 0)
	w.bytes(make([]byte, 11)...)
	w.bytes(63, 90)
	w.golomb(0, 1, 640, 368)
	w.put(1, 1)
	w.golomb(0, 0, 0, 4)
	w.golomb(0, 0)
	w.put(8, 0xff)
	sps := w.escaped(0x42, 1)
	head := "010160000000b000000000005df000fcfdf8f81900" + "1f03" // 25 frames a second in the record
	return head + fmt.Sprintf("a00001000440010c01"+"a10001%04x%x"+"a2000100064401c073c189", len(sps), sps)
}

func av1WithEverything() string {
	var w bitWriter
	w.put(3, 2) // professional
	w.put(2, 0)
	w.put(1, 1) // timing
	w.put(32, 1)
	w.put(32, 100)
	w.put(1, 1)
	w.golomb(1) // two ticks a picture
	w.put(1, 1) // decoder model
	w.put(5, 9)
	w.put(32, 1)
	w.put(10, 0)
	w.put(1, 1) // initial display delay
	w.put(5, 1) // two operating points
	w.put(12, 0x101)
	w.put(5, 13)
	w.put(1, 1) // high tier
	w.put(1, 1)
	w.put(21, 0x155555)
	w.put(1, 1)
	w.put(4, 9)
	w.put(12, 0)
	w.put(5, 4)
	w.put(2, 0)
	w.put(4, 11)
	w.put(4, 11)
	w.put(12, 3839)
	w.put(12, 2159)
	w.put(1, 1) // frame ids
	w.put(7, 0)
	w.put(3, 0)
	w.put(4, 0)
	w.put(1, 1) // order hint
	w.put(2, 0)
	w.put(2, 0b01) // screen content tools forced
	w.put(2, 0b00) // integer motion vectors off
	w.put(3, 6)
	w.put(3, 0)
	w.put(2, 0b11) // 12 bits
	w.put(8, 0)
	return fmt.Sprintf("814d78000a%02x%x", len(w.data), w.data)
}

func av1Monochrome() string {
	var w bitWriter
	w.put(3, 0)
	w.put(2, 0b11) // still, with the reduced header
	w.put(5, 0)
	w.put(4, 5)
	w.put(4, 5)
	w.put(6, 63)
	w.put(6, 63)
	w.put(3, 0)
	w.put(3, 0)
	w.put(2, 0b11) // 10 bits, monochrome
	w.put(3, 0)
	return fmt.Sprintf("810050000a%02x%x", len(w.data), w.data)
}

func aacWithProgramConfig() string {
	var w bitWriter
	w.put(5, 2)
	w.put(4, 3)
	w.put(4, 0) // channels: see below
	w.put(3, 0)
	w.put(10, 1<<4|3)
	w.put(4, 2) // front: center, pair
	w.put(4, 0)
	w.put(4, 1) // back: pair
	w.put(2, 1) // subwoofer
	w.put(7, 0)
	w.put(3, 0)
	w.put(5, 0)
	w.put(5, 0x10)
	w.put(5, 0x11)
	w.put(4, 0)
	w.put((8-w.n%8)%8, 0)
	w.bytes(2, 'h', 'i')
	w.put(11, 0x2b7)
	w.put(5, 5)
	w.put(1, 1)
	w.put(4, 0) // 96 kHz
	return hex.EncodeToString(w.data)
}

func opusHead(channels, family byte, table string) string {
	return hex.EncodeToString([]byte("OpusHead")) + fmt.Sprintf("01%02x3801"+"80bb0000"+"0000%02x", channels, family) + table
}
