package video

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode"
)

// Rendition is one step of a quality ladder: what a [Transcoder] makes of the
// broadcast. Zero values keep what the broadcast has.
type Rendition struct {
	Name         string `json:"name,omitempty"`         // for people, such as "720p"
	Width        int    `json:"width,omitempty"`        // in pixels, even; 0 keeps the aspect ratio, or the size if Height is 0 too
	Height       int    `json:"height,omitempty"`       // in the same manner
	FrameRate    int    `json:"frameRate,omitempty"`    // at most, frames per second
	VideoBitrate int    `json:"videoBitrate,omitempty"` // bits per second; 0 copies the video as it came
	AudioBitrate int    `json:"audioBitrate,omitempty"` // bits per second; 0 copies the audio as it came
	CPULevel     int    `json:"cpuLevel,omitempty"`     // from 0, the least work for the encoder, to 4, the best picture for the bitrate
}

// Listing says when a multivariant playlist lists the broadcast as it came,
// beside the renditions of the ladder.
type Listing uint8

// The listings of the source.
const (
	Always   Listing = iota
	Fallback         // while no rendition of the ladder can be watched
	Never            // not even then: a broadcast without its ladder cannot be watched
)

// listingNames are the listings as text has them.
func listingNames() []string { return []string{"always", "fallback", "never"} }

// String returns "always", "fallback" or "never".
func (l Listing) String() string {
	if names := listingNames(); int(l) < len(names) {
		return names[l]
	}
	return "unknown"
}

// MarshalText is String for the known listings.
func (l Listing) MarshalText() ([]byte, error) {
	if l > Never {
		return nil, fmt.Errorf("video: unknown listing %d", l)
	}
	return []byte(l.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (l *Listing) UnmarshalText(text []byte) error {
	i := slices.Index(listingNames(), string(text))
	if i < 0 {
		return fmt.Errorf("video: unknown listing %q", text)
	}
	*l = Listing(i)
	return nil
}

// Ladder is what viewers can choose from. Players read once what there is:
// one that has begun with a rendition that fails later changes to another, if
// it was listed then.
type Ladder struct {
	Renditions []Rendition `json:"renditions,omitempty"` // made by a Transcoder
	Source     Listing     `json:"source"`               // of the broadcast as it came
	SourceName string      `json:"sourceName,omitempty"` // for people; "" stands for its height, such as "1080p"
}

// maxRenditions bounds what one broadcast is made into.
const maxRenditions = 10

// Validate says what cannot work.
func (l Ladder) Validate() error {
	var errs []error
	if len(l.Renditions) > maxRenditions {
		errs = append(errs, fmt.Errorf("video: %d renditions, the most are %d", len(l.Renditions), maxRenditions))
	}
	if l.Source > Never {
		errs = append(errs, fmt.Errorf("video: unknown listing %d", l.Source))
	}
	if err := validateName(l.SourceName); err != nil {
		errs = append(errs, fmt.Errorf("video: source: %w", err))
	}
	if l.Source == Never && len(l.Renditions) == 0 {
		errs = append(errs, errors.New("video: neither the source nor a rendition is listed"))
	}
	for i, r := range l.Renditions {
		if err := r.validate(); err != nil {
			errs = append(errs, fmt.Errorf("video: rendition %d: %w", i, err))
		}
	}
	return errors.Join(errs...)
}

func (r Rendition) validate() error {
	between := func(name string, v, least, most int) error {
		if v != 0 && (v < least || v > most) {
			return fmt.Errorf("%s %d is not from %d to %d", name, v, least, most)
		}
		return nil
	}
	errs := []error{
		validateName(r.Name),
		between("width", r.Width, 16, 8192), between("height", r.Height, 16, 8192),
		between("frame rate", r.FrameRate, 1, 240),
		between("video bitrate", r.VideoBitrate, 50_000, 100_000_000),
		between("audio bitrate", r.AudioBitrate, 8_000, 1_000_000),
		between("CPU level", r.CPULevel, 0, 4),
	}
	switch {
	case r.Width%2 != 0 || r.Height%2 != 0:
		errs = append(errs, errors.New("width and height must be even"))
	case r.VideoBitrate == 0 && (r.Width != 0 || r.Height != 0 || r.FrameRate != 0):
		errs = append(errs, errors.New("a copied video keeps its size and frame rate"))
	case r.VideoBitrate == 0 && r.AudioBitrate == 0:
		errs = append(errs, errors.New("it would be the source again"))
	}
	return errors.Join(errs...)
}

// validateName keeps out what a playlist cannot quote.
func validateName(name string) error {
	if len(name) > maxName {
		return fmt.Errorf("name of %d bytes, the most are %d", len(name), maxName)
	}
	for _, r := range name {
		if r == '"' || r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return fmt.Errorf("name %q has a character that a playlist cannot have", name)
		}
	}
	return nil
}

// Transcoder makes renditions of a broadcast.
//
// Transcode reads src to its end, which is [io.EOF], and writes the packets of
// the renditions to sink, by their index in ladder, which is the session's or
// a part of it: those of one rendition and kind in order of DTS, on src's
// clock. Where src has a key frame, an encoded rendition has one of the
// same presentation time, give or take a frame of its own: there segments can
// begin. From its first packet to its end, src has one configuration of video
// and no break, and it begins with a key frame; Transcode is called again for
// what comes after.
//
// It returns nil when src ended and everything was written, and an error if
// it could not go on; if the error matches a [*RenditionError], only that
// rendition is to blame. An error of src or of sink it returns as it is. It
// leaves no process, file or goroutine behind. If ctx is done it returns soon.
//
// It is safe for concurrent use: what it made for one session may still be
// ending when the next one begins.
//
// A Transcoder may be slow, hang, or write what makes no sense: a Server
// notices, ends it by its context, and calls it again later.
type Transcoder interface {
	Transcode(ctx context.Context, src PacketReader, ladder []Rendition, sink RenditionWriter) error
}

// EncoderSelector is an optional interface of Transcoders that have several
// encoders, for administrators to choose from. Its methods are safe for
// concurrent use.
type EncoderSelector interface {
	Transcoder
	// Encoder is the name of the one that is used.
	Encoder() string
	// UseEncoder returns a Transcoder like this one that uses another encoder.
	// It does not try it.
	UseEncoder(name string) (Transcoder, error)
	// ListEncoders returns the names of those that may work on this machine,
	// the usual one first. It returns soon.
	ListEncoders(ctx context.Context) ([]string, error)
	// TestEncoders tries all that the Transcoder knows, which may take a minute.
	TestEncoders(ctx context.Context) []EncoderTest
}

// EncoderTest is what came of trying an encoder.
type EncoderTest struct {
	Name string
	Err  error // for people; nil if it works
}

// TranscoderFunc lets a function be a Transcoder.
type TranscoderFunc func(ctx context.Context, src PacketReader, ladder []Rendition, sink RenditionWriter) error

// Transcode calls f.
func (f TranscoderFunc) Transcode(ctx context.Context, src PacketReader, ladder []Rendition, sink RenditionWriter) error {
	return f(ctx, src, ladder, sink)
}

// PacketReader yields packets until it returns [io.EOF]. [Subscription] is
// one.
type PacketReader interface {
	Read(ctx context.Context) (Packet, error)
}

// RenditionWriter takes the packets of renditions, by their index in the
// ladder that Transcode was given. It is safe for concurrent use and does not
// block. After an error there is no use in writing more.
type RenditionWriter interface {
	WriteRendition(i int, p Packet) error
}

// RenditionError is what went wrong with one rendition.
type RenditionError struct {
	Index int // in the ladder that Transcode was given
	Err   error
}

func (e *RenditionError) Error() string {
	return fmt.Sprintf("video: rendition %d: %v", e.Index, e.Err)
}

// Unwrap returns e.Err.
func (e *RenditionError) Unwrap() error { return e.Err }
