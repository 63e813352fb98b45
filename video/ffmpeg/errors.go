package ffmpeg

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNotFound is what [New] and [NewThumbnailer] answer if there is no ffmpeg.
var ErrNotFound = errors.New("ffmpeg: program not found")

// ErrNotBuilt is an encoder that the program does not have.
var ErrNotBuilt = errors.New("ffmpeg: the program was built without the encoder")

// ExitError is an ffmpeg that ended when it should not have.
type ExitError struct {
	// Reason is what went wrong, for people; "" if ffmpeg's words are not
	// known to this package.
	Reason string
	// Code is the exit status, or -1 if the process was killed.
	Code int
	// State is how the process ended, in the system's words, such as
	// "exit status 1" or "signal: killed".
	State string
	// Tail are the last lines of what ffmpeg printed. No stream key,
	// password or file name is in it: ffmpeg is told none.
	Tail []string
}

func (e *ExitError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ffmpeg: ended early (%s)", e.State)
	switch {
	case e.Reason != "":
		b.WriteString(": " + e.Reason)
	case len(e.Tail) > 0:
		b.WriteString(": " + e.Tail[len(e.Tail)-1])
	}
	return b.String()
}

// EncoderError is an encoder that does not work on this machine.
type EncoderError struct {
	Encoder Encoder
	Err     error // why not; usually an [*ExitError]
}

func (e *EncoderError) Error() string {
	return fmt.Sprintf("ffmpeg: %s does not work here: %v", e.Encoder, e.Err)
}

// Unwrap returns e.Err.
func (e *EncoderError) Unwrap() error { return e.Err }
