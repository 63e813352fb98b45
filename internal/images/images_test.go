package images

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

func rules() Rules {
	return Rules{Formats: []Format{PNG, JPEG, GIF, WebP, ICO, SVG}, Bytes: 1 << 20, Pixels: 1 << 20, Frames: 100}
}

func testPicture(w, h int) *image.NRGBA {
	p := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			p.SetNRGBA(x, y, color.NRGBA{uint8(x * 8), uint8(y * 8), 100, uint8(255 - x)})
		}
	}
	return p
}

func encode(t testing.TB, fn func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := fn(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func testPNG(t testing.TB, w, h int) []byte {
	return encode(t, func(b *bytes.Buffer) error { return png.Encode(b, testPicture(w, h)) })
}

func testJPEG(t testing.TB) []byte {
	return encode(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, testPicture(20, 10), nil) })
}

func testGIF(t testing.TB, frames, w, h int) []byte {
	g := gif.GIF{LoopCount: 3}
	for i := range frames {
		p := image.NewPaletted(image.Rect(0, 0, w, h), palette.Plan9)
		p.Pix[0] = byte(i)
		g.Image, g.Delay, g.Disposal = append(g.Image, p), append(g.Delay, i), append(g.Disposal, gif.DisposalBackground)
	}
	return encode(t, func(b *bytes.Buffer) error { return gif.EncodeAll(b, &g) })
}

// testWebP is a picture of 2x1 pixels without loss.
func testWebP(t testing.TB) []byte {
	b, err := base64.StdEncoding.DecodeString("UklGRh4AAABXRUJQVlA4TBEAAAAvAQAAAAfQ//73v/+BiOh/AAA=")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPicturesAreWrittenAnew(t *testing.T) {
	tests := []struct {
		name          string
		in            []byte
		want          Format
		width, height int
	}{
		{"PNG", testPNG(t, 20, 10), PNG, 20, 10},
		{"JPEG", testJPEG(t), JPEG, 20, 10},
		{"GIF", testGIF(t, 3, 20, 10), GIF, 20, 10},
		{"WebP", testWebP(t), PNG, 2, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// The comment and what is behind the picture are gone.
			secret := []byte("<script>alert(1)</script>GPS 52.5N")
			got, err := Clean(append(bytes.Clone(tt.in), secret...), rules())
			if err != nil {
				t.Fatal(err)
			}
			if got.Format != tt.want || got.Width != tt.width || got.Height != tt.height {
				t.Errorf("%s of %dx%d", got.Format, got.Width, got.Height)
			}
			if bytes.Contains(got.Data, secret) || Sniff(got.Data) != tt.want {
				t.Errorf("it is %q", got.Data[:20])
			}
			if tt.want == JPEG {
				return // which loses something
			}
			before, _, err := image.Decode(bytes.NewReader(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			after, _, err := image.Decode(bytes.NewReader(got.Data))
			if err != nil {
				t.Fatal(err)
			}
			for y := range tt.height {
				for x := range tt.width {
					if color.NRGBAModel.Convert(before.At(x, y)) != color.NRGBAModel.Convert(after.At(x, y)) {
						t.Fatalf("the pixel at %d,%d is another one", x, y)
					}
				}
			}
		})
	}
}

func TestCommentsAreNotKept(t *testing.T) {
	in := testGIF(t, 1, 2, 2)
	script := "/*/;alert(1)//"
	comment := append([]byte{0x21, 0xfe, byte(len(script))}, script+"\x00"...)
	in = append(append(bytes.Clone(in[:13]), comment...), in[13:]...)
	got, err := Clean(in, rules())
	if err != nil || bytes.Contains(got.Data, []byte("alert")) {
		t.Errorf("GIF: %v, %q", err, got.Data)
	}
	in = testPNG(t, 2, 2)
	in = append(append(bytes.Clone(in[:33]), chunk("tEXt", []byte("Comment\x00<?php system($_GET[1])"))...), in[33:]...)
	got, err = Clean(in, rules())
	if err != nil || bytes.Contains(got.Data, []byte("php")) {
		t.Errorf("PNG: %v, %q", err, got.Data)
	}
}

func TestAnimationsStayAnimated(t *testing.T) {
	got, err := Clean(testGIF(t, 3, 20, 10), rules())
	if err != nil {
		t.Fatal(err)
	}
	g, err := gif.DecodeAll(bytes.NewReader(got.Data))
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Image) != 3 || g.LoopCount != 3 || g.Delay[2] != 2 || g.Disposal[1] != gif.DisposalBackground || g.Image[2].Pix[0] != 2 {
		t.Errorf("%d frames, loops %d, delays %v, disposals %v", len(g.Image), g.LoopCount, g.Delay, g.Disposal)
	}
}

func TestCamerasThatWereHeldSidewaysGiveUprightPictures(t *testing.T) {
	plain := testJPEG(t)
	for o := 1; o <= 8; o++ {
		exif := append([]byte("Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"), byte(o), 0, 0, 0, 0, 0, 0)
		app1 := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2))
		in := append(append(bytes.Clone(plain[:2]), append(app1, exif...)...), plain[2:]...)
		got, err := Clean(in, rules())
		if err != nil {
			t.Fatal(err)
		}
		if sideways := o >= 5; (got.Width == 10) != sideways || bytes.Contains(got.Data, []byte("Exif")) {
			t.Errorf("orientation %d: %dx%d", o, got.Width, got.Height)
		}
	}
	square := image.NewRGBA(image.Rect(0, 0, 2, 2))
	for i := range 4 {
		square.Set(i%2, i/2, color.RGBA{uint8('a' + i), 0, 0, 255})
	}
	for o, want := range map[int]string{1: "abcd", 2: "badc", 3: "dcba", 4: "cdab", 5: "acbd", 6: "cadb", 7: "dbca", 8: "bdac"} {
		got := ""
		for i := range 4 {
			got += string(color.RGBAModel.Convert(turned(square, o).At(i%2, i/2)).(color.RGBA).R)
		}
		if got != want {
			t.Errorf("orientation %d: %s, want %s", o, got, want)
		}
	}
}

// testDIB is a bitmap of 2x2 pixels: red, green, blue, transparent.
func testDIB(depth uint16) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 40)
	b = binary.LittleEndian.AppendUint32(b, 2)
	b = binary.LittleEndian.AppendUint32(b, 4) // with the mask
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint16(b, depth)
	b = append(b, make([]byte, 24)...)
	red, green, blue := []byte{0, 0, 255}, []byte{0, 255, 0}, []byte{255, 0, 0}
	table := append(append(append(append([]byte{}, red...), 0), append(green, 0)...), append(blue, 0)...)
	mask := []byte{0x40, 0, 0, 0, 0, 0, 0, 0}
	switch depth {
	case 32:
		for _, p := range [][]byte{blue, {0, 0, 0}, red, green} {
			b = append(append(b, p...), 255)
		}
		b[len(b)-9] = 0 // of the transparent one
		return b
	case 24:
		b = append(append(append(b, blue...), 0, 0, 0), 0, 0)
		return append(append(append(append(b, red...), green...), 0, 0), mask...)
	case 8:
		b = append(append(b, table...), make([]byte, 4*253)...)
		return append(append(b, 2, 3, 0, 0, 0, 1, 0, 0), mask...)
	case 4:
		b = append(append(b, table...), make([]byte, 4*13)...)
		return append(append(b, 0x23, 0, 0, 0, 0x01, 0, 0, 0), mask...)
	}
	return b
}

func testICO(pictures ...[]byte) []byte {
	b := binary.LittleEndian.AppendUint16([]byte{0, 0, 1, 0}, uint16(len(pictures)))
	at := 6 + 16*len(pictures)
	for _, p := range pictures {
		b = append(b, 2, 2, 0, 0, 1, 0, 32, 0)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p)))
		b = binary.LittleEndian.AppendUint32(b, uint32(at))
		at += len(p)
	}
	return append(b, bytes.Join(pictures, nil)...)
}

func TestIconsOfEveryDepthAreRead(t *testing.T) {
	got, err := Clean(testICO(testDIB(4), testDIB(8), testDIB(24), testDIB(32), testPNG(t, 16, 16)), rules())
	if err != nil {
		t.Fatal(err)
	}
	if n := binary.LittleEndian.Uint16(got.Data[4:]); n != 5 || got.Format != ICO || got.Width != 16 {
		t.Errorf("%d pictures, %s of %d", n, got.Format, got.Width)
	}
	for i := range 4 {
		e := got.Data[6+16*i:]
		size, at := binary.LittleEndian.Uint32(e[8:]), binary.LittleEndian.Uint32(e[12:])
		p, err := png.Decode(bytes.NewReader(got.Data[at : at+size]))
		if err != nil {
			t.Fatal(err)
		}
		want := []color.NRGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {}}
		for j, w := range want {
			if c := color.NRGBAModel.Convert(p.At(j%2, j/2)); c != w {
				t.Errorf("picture %d has %v at %d, want %v", i, c, j, w)
			}
		}
	}
	if again, err := Clean(got.Data, rules()); err != nil || !bytes.Equal(again.Data, got.Data) {
		t.Errorf("an icon of ours becomes another one: %v", err)
	}
}

func TestWhatIsNoPictureIsRefused(t *testing.T) {
	gzipped := "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
	whole := testPNG(t, 20, 10)
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 0xff
	tests := []struct {
		name string
		in   string
		want error
	}{
		{"nothing", "", ErrFormat},
		{"text", "hello", ErrFormat},
		{"HTML", "<!doctype html><script>alert(1)</script>", ErrFormat},
		{"XML", "<x/>", ErrFormat},
		{"XHTML as SVG", `<svg xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></svg>`, ErrFormat},
		{"an SVG document in gzip", gzipped, ErrFormat},
		{"a program", "\x7fELF", ErrFormat},
		{"a PDF", "%PDF-1.7", ErrFormat},
		{"a script that begins as a GIF", "GIF89a=1;/*  */alert(1)//" + strings.Repeat(" ", 20), new(TooLargeError)},
		{"a PNG wider than numbers go", string(hugePNG(t, 1<<31-1, 1<<31-1)), ErrDamaged},
		{"a GIF of nothing", "GIF89a", ErrDamaged},
		{"a script that begins as a PNG", "\x89PNG\r\n\x1a\n<script>alert(1)</script>", ErrDamaged},
		{"a PNG that ends early", string(whole[:len(whole)-20]), ErrDamaged},
		{"a PNG with a flipped byte", string(flipped), ErrDamaged},
		{"a JPEG of nothing", "\xff\xd8\xff", ErrDamaged},
		{"a GIF that ends early", string(testGIF(t, 2, 9, 9)[:900]), ErrDamaged},
		{"a WebP without a picture", string(testRIFF()), ErrDamaged},
		{"an animated WebP", string(testRIFF(webpOf("VP8X", 9, 9), []byte("ANIM\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00"))), ErrDamaged},
		{"an icon of nothing", "\x00\x00\x01\x00\x00\x00", ErrDamaged},
		{"an icon that points behind its end", "\x00\x00\x01\x00\x01\x00" + strings.Repeat("\xff", 16), ErrDamaged},
		{"an icon of junk", string(testICO([]byte("junk"))), ErrDamaged},
		{"an icon of a compressed bitmap", string(testICO(testDIB(16))), ErrDamaged},
		{"SVG that ends early", "<svg><g>", ErrDamaged},
	}
	for _, tt := range tests {
		got, err := Clean([]byte(tt.in), rules())
		if large := new(TooLargeError); errors.As(err, &large) && errors.As(tt.want, &large) {
			continue
		}
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, %v, want %v", tt.name, got.Format, err, tt.want)
		}
	}
	for _, f := range []Format{PNG, JPEG, GIF, WebP, ICO, SVG} {
		in := map[Format][]byte{PNG: whole, JPEG: testJPEG(t), GIF: testGIF(t, 1, 1, 1), WebP: testWebP(t), ICO: testICO(whole), SVG: []byte("<svg/>")}[f]
		if _, err := Clean(in, Rules{Bytes: 1 << 20, Pixels: 1 << 20, Frames: 9}); !errors.Is(err, ErrFormat) {
			t.Errorf("%s, which is not accepted: %v", f, err)
		}
	}
}

func TestDataURLs(t *testing.T) {
	tests := []struct {
		in   string
		want any
	}{
		{"data:image/png;base64,aGk=", "hi"},
		{"data:image/svg+xml;charset=utf-8;base64,aGk=", "hi"},
		{"DATA:IMAGE/PNG;BASE64,aGk=", "hi"},
		{"data:image/png;base64,", ""},
		{"", ErrDataURLData},
		{"aGk=", ErrDataURLData},
		{"image/png;base64,aGk=", ErrDataURLHeader},
		{"http://x/image/png;base64,aGk=", ErrDataURLHeader},
		{"data:image/png,aGk=", ErrDataURLHeader},
		{"data:,aGk=", ErrDataURLType},
		{"data:text/html;base64,aGk=", ErrDataURLType},
		{"data:image/../png;base64,aGk=", ErrDataURLType},
		{"data:image/png;base64,aGk", ErrDataURLBase64},   // no padding
		{"data:image/png;base64,aGk==", ErrDataURLBase64}, // too much
		{"data:image/png;base64,aGl=", ErrDataURLBase64},  // bits that are none
		{"data:image/png;base64,a-_k", ErrDataURLBase64},  // of URLs
		{"data:image/png;base64,a%47k=", ErrDataURLBase64},
		{"data:image/png;base64,aGk=,aGk=", ErrDataURLBase64},
	}
	for _, tt := range tests {
		b, err := ParseDataURL(tt.in)
		if want, ok := tt.want.(error); ok {
			if !errors.Is(err, want) {
				t.Errorf("%q: %q, %v, want %v", tt.in, b, err, want)
			}
		} else if err != nil || string(b) != tt.want {
			t.Errorf("%q: %q, %v, want %q", tt.in, b, err, tt.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, b := range [][]byte{
		testPNG(f, 3, 3), testJPEG(f), testGIF(f, 2, 3, 3), testWebP(f), testICO(testDIB(4), testDIB(8), testDIB(24), testDIB(32)),
		testRIFF(webpOf("VP8X", 3, 3), webpOf("VP8L", 3, 3)), []byte(drawing), []byte(billionUses()),
	} {
		f.Add(b)
	}
	for _, s := range svgAttacks() {
		f.Add([]byte(s))
	}
	r := rules()
	r.Pixels = 1 << 16
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := Clean(in, r)
		var large *TooLargeError
		if err != nil {
			if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUnsafe) && !errors.As(err, &large) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if Sniff(got.Data) != got.Format {
			t.Fatalf("%s begins as %q", got.Format, Sniff(got.Data))
		}
		r := r
		r.Bytes = 1 << 30
		again, err := Clean(got.Data, r)
		if err != nil {
			t.Fatalf("what was written is refused: %v", err)
		}
		if got.Format == SVG {
			if err := checkSVG(got.Data); err != nil {
				t.Fatalf("%v in %s", err, got.Data)
			}
			if !bytes.Equal(again.Data, got.Data) {
				t.Fatalf("cleaned again it is another document:\n%s\n%s", got.Data, again.Data)
			}
		}
	})
}
