// Package images takes bytes that somebody says are a picture, finds out
// whether they are, and writes the picture anew: what comes out has no
// metadata, nothing behind the picture, nothing that is a picture and a
// program at the same time, and in SVG nothing that runs or loads.
//
// Limits are checked on what a file says of itself before anything is decoded
// that could be larger than the file.
package images

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// Format is a file format of pictures.
type Format string

// The formats.
const (
	PNG  Format = "png"
	JPEG Format = "jpg"
	GIF  Format = "gif"
	WebP Format = "webp" // is read, and written as PNG
	ICO  Format = "ico"
	SVG  Format = "svg"
)

// ContentType returns the media type.
func (f Format) ContentType() string {
	switch f {
	case JPEG:
		return "image/jpeg"
	case ICO:
		return "image/x-icon"
	case SVG:
		return "image/svg+xml"
	default:
		return "image/" + string(f)
	}
}

// Ext returns the extension of file names, with its dot.
func (f Format) Ext() string { return "." + string(f) }

// Rules are what a picture may be.
type Rules struct {
	Formats []Format // others are an error matching [ErrFormat]
	Bytes   int      // in the file
	Pixels  int      // width times height, of all frames together
	Frames  int      // of an animation; pictures in an icon
}

// Image is a picture that is fit to be served.
type Image struct {
	Format Format
	Data   []byte // the whole file
	Width  int    // in pixels; 0 for SVG, which has any size
	Height int
}

// Errors of [Clean].
var (
	// ErrFormat reports what is no picture, or one in a format that the rules
	// do not have.
	ErrFormat = errors.New("images: not a picture of an accepted type")
	// ErrDamaged reports a picture that cannot be read to its end.
	ErrDamaged = errors.New("images: the picture is damaged")
	// ErrUnsafe reports an SVG document whose dangerous parts cannot be left
	// out: it declares entities, draws itself, or has a style sheet that
	// loads something.
	ErrUnsafe = errors.New("images: the SVG document declares entities, refers to itself or has a style sheet that loads something")
)

// TooLargeError reports a picture beyond the rules.
type TooLargeError struct {
	What       string // "bytes", "pixels", "frames", "elements" or "scans"
	Got, Limit int64
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("images: the picture has %d %s, more than %d", e.Got, e.What, e.Limit)
}

func within(what string, got, limit int64) error {
	if got > limit {
		return &TooLargeError{What: what, Got: got, Limit: limit}
	}
	return nil
}

// maxSide is what no side of a picture is longer than, so that products do
// not overflow.
const maxSide = 1 << 15

// size checks the size of a frame, given what others have used of the pixels.
func (r Rules) size(width, height, used int64) error {
	if width <= 0 || height <= 0 {
		return fmt.Errorf("%w: it is %d by %d pixels", ErrDamaged, width, height)
	}
	if side := max(width, height); side > maxSide {
		return &TooLargeError{What: "pixels", Got: side * min(width, height), Limit: int64(r.Pixels)}
	}
	return within("pixels", used+width*height, int64(r.Pixels))
}

// Sniff returns the format that data begins as, whatever it is called, or ""
// for none.
func Sniff(data []byte) Format {
	has := func(prefix string) bool { return bytes.HasPrefix(data, []byte(prefix)) }
	switch {
	case has("\x89PNG\r\n\x1a\n"):
		return PNG
	case has("\xff\xd8\xff"):
		return JPEG
	case has("GIF87a"), has("GIF89a"):
		return GIF
	case has("RIFF") && len(data) >= 12 && string(data[8:12]) == "WEBP":
		return WebP
	case has("\x00\x00\x01\x00"):
		return ICO
	case bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte("<")):
		return SVG // or it will be found to be none
	}
	return ""
}

// Clean reads a picture and writes it anew. The errors match [ErrFormat],
// [ErrDamaged] or [ErrUnsafe], or are a [*TooLargeError]. It does not keep
// data.
func Clean(data []byte, r Rules) (Image, error) {
	if err := within("bytes", int64(len(data)), int64(r.Bytes)); err != nil {
		return Image{}, err
	}
	format := Sniff(data)
	if !slices.Contains(r.Formats, format) {
		return Image{}, ErrFormat
	}
	switch format {
	case PNG:
		return r.png(data)
	case JPEG:
		return r.jpeg(data)
	case GIF:
		return r.gif(data)
	case WebP:
		return r.webp(data)
	case ICO:
		return r.ico(data)
	case SVG:
		return r.svg(data)
	}
	return Image{}, ErrFormat
}

// damaged is err of a decoder.
func damaged(err error) error { return fmt.Errorf("%w: %w", ErrDamaged, err) }
