package images

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"
)

// chunk returns a chunk of a PNG file.
func chunk(name string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, name...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// hugePNG is a PNG of w by h pixels in a few kB.
func hugePNG(t testing.TB, w, h uint32) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	idat := encode(t, func(b *bytes.Buffer) error {
		z := zlib.NewWriter(b)
		if _, err := z.Write(make([]byte, 1<<20)); err != nil {
			return err
		}
		return z.Close()
	})
	out := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(head, 8, 6, 0, 0, 0))...)
	return append(append(out, chunk("IDAT", idat)...), chunk("IEND", nil)...)
}

// webpOf says it is w by h pixels, in a chunk of the name.
func webpOf(name string, w, h uint32) []byte {
	var body []byte
	switch name {
	case "VP8X":
		body = []byte{0, 0, 0, 0, byte(w - 1), byte((w - 1) >> 8), byte((w - 1) >> 16), byte(h - 1), byte((h - 1) >> 8), byte((h - 1) >> 16)}
	case "VP8L":
		body = append(binary.LittleEndian.AppendUint32([]byte{0x2f}, (w-1)|(h-1)<<14), 0)
	case "VP8 ":
		body = []byte{0, 0, 0, 0x9d, 1, 0x2a, byte(w), byte(w >> 8), byte(h), byte(h >> 8)}
	}
	b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
	return append(b, body...)
}

func testRIFF(chunks ...[]byte) []byte {
	body := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func TestBombsAreRefusedBeforeTheyGoOff(t *testing.T) {
	manyFrames := bytes.Clone(testGIF(t, 1, 1, 1))
	frame := manyFrames[bytes.IndexByte(manyFrames, 0x2c) : len(manyFrames)-1]
	manyFrames = append(bytes.Join([][]byte{manyFrames[:len(manyFrames)-1], bytes.Repeat(frame, 10000)}, nil), 0x3b)
	bigFrames := testGIF(t, 1, 1000, 1000)
	oneBig := bigFrames[bytes.IndexByte(bigFrames, 0x2c) : len(bigFrames)-1]
	bigFrames = append(bytes.Join([][]byte{bigFrames[:len(bigFrames)-1], bytes.Repeat(oneBig, 50)}, nil), 0x3b)
	scans := testJPEG(t)
	sos := bytes.Index(scans, []byte{0xff, 0xda})
	scans = append(bytes.Clone(scans[:sos]), bytes.Repeat(scans[sos:len(scans)-2], 500)...)

	tests := []struct {
		name string
		in   []byte
		what string
	}{
		{"a PNG of 50000x50000 pixels", hugePNG(t, 50000, 50000), "pixels"},
		{"a PNG as wide as numbers go", hugePNG(t, 1<<24, 1<<24), "pixels"},
		{"a PNG that is only wide", hugePNG(t, 1<<30, 1), "pixels"},
		{"a GIF of 10000 frames", manyFrames, "frames"},
		{"a GIF of 50 million pixels in frames", bigFrames, "pixels"},
		{"a JPEG of 500 scans", scans, "scans"},
		{"a WebP canvas", testRIFF(webpOf("VP8X", 1<<24, 1<<24)), "pixels"},
		{"a WebP picture", testRIFF(webpOf("VP8 ", 16383, 16383)), "pixels"},
		{"a WebP picture behind a small canvas", testRIFF(webpOf("VP8X", 1, 1), webpOf("VP8L", 16384, 16384)), "pixels"},
		{"an icon of many pictures", testICO(make([][]byte, 101)...), "frames"},
		{"an icon of a huge PNG", testICO(hugePNG(t, 50000, 50000)), "pixels"},
		{"a large file", append(testPNG(t, 1, 1), make([]byte, 8<<20)...), "bytes"},
		{"an SVG document of 20000 elements", []byte("<svg>" + strings.Repeat("<g/>", 20000) + "</svg>"), "elements"},
		{"an SVG document in deep layers", []byte("<svg>" + strings.Repeat("<g>", 100) + strings.Repeat("</g>", 100) + "</svg>"), "elements"},
		{"deep layers that are left out", []byte("<svg>" + strings.Repeat("<x>", 100) + strings.Repeat("</x>", 100) + "</svg>"), "elements"},
		{"an SVG document that uses what uses", []byte(billionUses()), "elements"},
	}
	r := rules()
	r.Bytes = 8 << 20
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var large *TooLargeError
			if _, err := Clean(tt.in, r); !errors.As(err, &large) || large.What != tt.what || large.Got <= large.Limit {
				t.Errorf("%d bytes: %v, want too many %s", len(tt.in), err, tt.what)
			}
		})
	}
}
