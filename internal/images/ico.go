package images

import (
	"encoding/binary"
	"errors"
	"image"
	"image/color"
)

var errICO = errors.New("it ends early")

const (
	icoEntry   = 16 // bytes of an entry of the directory
	dibHeader  = 40 // bytes of a BITMAPINFOHEADER
	maxICOSide = 512
)

// ico writes the pictures of an icon as PNG, which all that read icons have
// read for long.
func (r Rules) ico(data []byte) (Image, error) {
	if len(data) < 6 {
		return Image{}, damaged(errICO)
	}
	n := int(binary.LittleEndian.Uint16(data[4:]))
	if err := within("frames", int64(n), int64(r.Frames)); err != nil {
		return Image{}, err
	}
	if n == 0 || len(data) < 6+n*icoEntry {
		return Image{}, damaged(errICO)
	}
	var pictures []Image
	var used int64
	for i := range n {
		e := data[6+i*icoEntry:]
		size, at := int64(binary.LittleEndian.Uint32(e[8:])), int64(binary.LittleEndian.Uint32(e[12:]))
		if at+size > int64(len(data)) {
			return Image{}, damaged(errICO)
		}
		picture, err := r.iconPicture(data[at:at+size], used)
		if err != nil {
			return Image{}, err
		}
		p, err := asPNG(picture)
		if err != nil {
			return Image{}, err
		}
		used += int64(p.Width * p.Height)
		pictures = append(pictures, p)
	}
	return packICO(pictures), nil
}

func (r Rules) iconPicture(data []byte, used int64) (image.Image, error) {
	if Sniff(data) == PNG {
		return r.decodePNG(data, used)
	}
	return r.decodeDIB(data, used)
}

func packICO(pictures []Image) Image {
	icon := Image{Format: ICO}
	head := binary.LittleEndian.AppendUint16([]byte{0, 0, 1, 0}, uint16(len(pictures)))
	at := len(head) + len(pictures)*icoEntry
	var body []byte
	for _, p := range pictures {
		side := func(n int) byte { return byte(min(n, 256)) } // 256 is written as 0
		head = append(head, side(p.Width), side(p.Height), 0, 0, 1, 0, 32, 0)
		head = binary.LittleEndian.AppendUint32(head, uint32(len(p.Data)))
		head = binary.LittleEndian.AppendUint32(head, uint32(at+len(body)))
		body = append(body, p.Data...)
		if p.Width > icon.Width {
			icon.Width, icon.Height = p.Width, p.Height
		}
	}
	icon.Data = append(head, body...)
	return icon
}

// decodeDIB decodes the other kind of picture in an icon: a bitmap without
// compression, bottom row first, then one bit per pixel that is set where the
// picture is transparent.
func (r Rules) decodeDIB(b []byte, used int64) (image.Image, error) {
	if len(b) < dibHeader || binary.LittleEndian.Uint32(b) != dibHeader {
		return nil, damaged(errors.New("unknown kind of bitmap"))
	}
	width, height := int64(int32(binary.LittleEndian.Uint32(b[4:]))), int64(int32(binary.LittleEndian.Uint32(b[8:])))/2
	depth, compression := binary.LittleEndian.Uint16(b[14:]), binary.LittleEndian.Uint32(b[16:])
	if err := r.size(width, height, used); err != nil {
		return nil, err
	}
	if width > maxICOSide || height > maxICOSide {
		return nil, &TooLargeError{What: "pixels", Got: width * height, Limit: maxICOSide * maxICOSide}
	}
	d := dib{width: int(width), height: int(height), depth: int(depth), pixels: b[dibHeader:]}
	switch depth {
	case 1, 4, 8:
		colors := int(binary.LittleEndian.Uint32(b[32:]))
		if colors <= 0 || colors > 1<<depth {
			colors = 1 << depth
		}
		d.palette, d.pixels = d.pixels[:min(4*colors, len(d.pixels))], skip(d.pixels, 4*colors)
	case 24, 32:
	default:
		compression = 1
	}
	if compression != 0 {
		return nil, damaged(errors.New("unknown kind of bitmap"))
	}
	return d.decode()
}

type dib struct {
	width, height, depth int
	palette, pixels      []byte
}

// stride is the length of a row, which is a multiple of four bytes.
func stride(bits int) int { return (bits + 31) / 32 * 4 }

func (d dib) decode() (image.Image, error) {
	row, maskRow := stride(d.width*d.depth), stride(d.width)
	if len(d.pixels) < row*d.height {
		return nil, damaged(errICO)
	}
	mask := d.pixels[row*d.height:]
	to := image.NewNRGBA(image.Rect(0, 0, d.width, d.height))
	opaque := d.depth == 32 && !d.alpha(row)
	for y := range d.height {
		from := d.pixels[(d.height-1-y)*row:]
		for x := range d.width {
			c := d.at(from, x)
			if d.depth < 32 || opaque {
				c.A = 0xff
				if at := (d.height-1-y)*maskRow + x/8; at < len(mask) && mask[at]>>(7-x%8)&1 == 1 {
					c = color.NRGBA{}
				}
			}
			to.SetNRGBA(x, y, c)
		}
	}
	return to, nil
}

// alpha tells whether the fourth byte of pixels is used.
func (d dib) alpha(row int) bool {
	rows := d.pixels[:row*d.height]
	for i := 3; i < len(rows); i += 4 {
		if rows[i] != 0 {
			return true
		}
	}
	return false
}

func (d dib) at(row []byte, x int) color.NRGBA {
	switch d.depth {
	case 32:
		return color.NRGBA{R: row[4*x+2], G: row[4*x+1], B: row[4*x], A: row[4*x+3]}
	case 24:
		return color.NRGBA{R: row[3*x+2], G: row[3*x+1], B: row[3*x]}
	}
	perByte := 8 / d.depth
	index := int(row[x/perByte]>>(8-d.depth*(x%perByte+1))) & (1<<d.depth - 1)
	if entry := 4 * index; entry+3 < len(d.palette) {
		return color.NRGBA{R: d.palette[entry+2], G: d.palette[entry+1], B: d.palette[entry]}
	}
	return color.NRGBA{}
}
