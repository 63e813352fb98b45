package images

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/webp"
)

func (r Rules) png(data []byte) (Image, error) {
	picture, err := r.decodePNG(data, 0)
	if err != nil {
		return Image{}, err
	}
	return asPNG(picture)
}

// decodePNG decodes the first picture of an animation.
func (r Rules) decodePNG(data []byte, used int64) (image.Image, error) {
	c, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, damaged(err)
	}
	if err := r.size(int64(c.Width), int64(c.Height), used); err != nil {
		return nil, err
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, damaged(err)
	}
	return picture, nil
}

func asPNG(picture image.Image) (Image, error) {
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return Image{}, damaged(err)
	}
	size := picture.Bounds().Size()
	return Image{Format: PNG, Data: out.Bytes(), Width: size.X, Height: size.Y}, nil
}

// maxScans bounds the passes of a progressive JPEG: each costs as much time
// as the picture is large, and next to no bytes. Encoders write about ten,
// and thumbnails in the metadata count too.
const maxScans = 200

// jpegQuality is what a picture is written with that was compressed before.
const jpegQuality = 92

func (r Rules) jpeg(data []byte) (Image, error) {
	if err := within("scans", int64(bytes.Count(data, []byte{0xff, 0xda})), maxScans); err != nil {
		return Image{}, err
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return Image{}, damaged(err)
	}
	if err := r.size(int64(c.Width), int64(c.Height), 0); err != nil {
		return Image{}, err
	}
	picture, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return Image{}, damaged(err)
	}
	picture = turned(picture, orientation(data))
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: jpegQuality}); err != nil {
		return Image{}, damaged(err)
	}
	size := picture.Bounds().Size()
	return Image{Format: JPEG, Data: out.Bytes(), Width: size.X, Height: size.Y}, nil
}

func (r Rules) webp(data []byte) (Image, error) {
	if err := r.webpSizes(data); err != nil {
		return Image{}, err
	}
	picture, err := webp.Decode(bytes.NewReader(data))
	if err != nil {
		return Image{}, damaged(err)
	}
	if n, ok := picture.(*image.NYCbCrA); ok {
		picture = flat(n) // which the encoder would take an interface call per pixel for
	}
	return asPNG(picture)
}

func flat(from image.Image) image.Image {
	b := from.Bounds()
	to := image.NewNRGBA(b)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			to.SetNRGBA(x, y, color.NRGBAModel.Convert(from.At(x, y)).(color.NRGBA))
		}
	}
	return to
}

// webpSizes checks each size in the file: of the canvas and of the bitstream,
// of which the decoder would believe either (RFC 9649 §2.5-2.7).
func (r Rules) webpSizes(data []byte) error {
	found := false
	for rest := data[12:]; len(rest) >= 8; {
		name, size := string(rest[:4]), int64(binary.LittleEndian.Uint32(rest[4:]))
		body := rest[8:]
		if size > int64(len(body)) {
			break // the decoder will say so, or does not need it
		}
		width, height, ok := webpSize(name, body[:size])
		if ok {
			found = true
			if err := r.size(width, height, 0); err != nil {
				return err
			}
		}
		size = min(size+size%2, int64(len(body)))
		rest = body[size:]
	}
	if !found {
		return damaged(errors.New("no size"))
	}
	return nil
}

func webpSize(chunk string, b []byte) (width, height int64, ok bool) {
	switch {
	case chunk == "VP8X" && len(b) >= 10:
		return 1 + int64(uint24(b[4:])), 1 + int64(uint24(b[7:])), true
	case chunk == "VP8L" && len(b) >= 5:
		bits := binary.LittleEndian.Uint32(b[1:])
		return 1 + int64(bits&0x3fff), 1 + int64(bits>>14&0x3fff), true
	case chunk == "VP8 " && len(b) >= 10:
		return int64(binary.LittleEndian.Uint16(b[6:]) & 0x3fff), int64(binary.LittleEndian.Uint16(b[8:]) & 0x3fff), true
	}
	return 0, 0, false
}

func uint24(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }
