package images

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image/gif"
)

func (r Rules) gif(data []byte) (Image, error) {
	if err := r.gifSizes(data); err != nil {
		return Image{}, err
	}
	g, err := gif.DecodeAll(bytes.NewReader(data))
	if err != nil {
		return Image{}, damaged(err)
	}
	var out bytes.Buffer
	if err := gif.EncodeAll(&out, g); err != nil {
		return Image{}, damaged(err)
	}
	return Image{Format: GIF, Data: out.Bytes(), Width: g.Config.Width, Height: g.Config.Height}, nil
}

var errGIF = errors.New("its blocks end early")

// gifSizes walks over the blocks of a file (GIF89a §§17-25) and adds up what
// decoding would take, without decoding.
func (r Rules) gifSizes(data []byte) error {
	if len(data) < 13 {
		return damaged(errGIF)
	}
	if err := r.size(int64(binary.LittleEndian.Uint16(data[6:])), int64(binary.LittleEndian.Uint16(data[8:])), 0); err != nil {
		return err
	}
	rest := data[13:]
	rest = skip(rest, colorTable(data[10]))
	var frames, pixels int64
	for len(rest) > 0 {
		switch rest[0] {
		case 0x21: // extension, with a label
			rest = subBlocks(skip(rest, 2))
		case 0x2c: // a frame, with a table of colors and a code size
			if len(rest) < 10 {
				return damaged(errGIF)
			}
			width, height := int64(binary.LittleEndian.Uint16(rest[5:])), int64(binary.LittleEndian.Uint16(rest[7:]))
			if err := r.size(width, height, pixels); err != nil {
				return err
			}
			frames, pixels = frames+1, pixels+width*height
			if err := within("frames", frames, int64(r.Frames)); err != nil {
				return err
			}
			rest = subBlocks(skip(rest, 10+colorTable(rest[9])+1))
		case 0x3b: // the end
			return nil
		default:
			return damaged(errors.New("unknown block"))
		}
	}
	return damaged(errGIF)
}

// colorTable returns how many bytes the table takes that packed tells of.
func colorTable(packed byte) int {
	if packed&0x80 == 0 {
		return 0
	}
	return 3 << (packed&7 + 1)
}

func skip(b []byte, n int) []byte { return b[min(n, len(b)):] }

// subBlocks skips blocks with a length each, up to the empty one.
func subBlocks(b []byte) []byte {
	for len(b) > 0 {
		n := int(b[0])
		b = skip(b, 1+n)
		if n == 0 {
			break
		}
	}
	return b
}
