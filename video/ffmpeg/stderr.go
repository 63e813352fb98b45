package ffmpeg

import (
	"bytes"
	"strings"
	"sync"
	"unicode"
)

const (
	tailLines = 20
	maxLine   = 512 // bytes
)

// tail keeps the last lines that are written to it.
type tail struct {
	mu      sync.Mutex
	partial []byte
	lines   []string
	reason  known // the most precise of all lines there were
}

// Write takes what ffmpeg prints to its standard error. It never fails: a
// process must not end because it complained too much.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(p)
	for {
		line, rest, ended := bytes.Cut(p, []byte("\n"))
		if room := maxLine - len(t.partial); len(line) > room {
			line = line[:room]
		}
		t.partial = append(t.partial, line...)
		if !ended {
			return n, nil
		}
		t.add(string(t.partial))
		t.partial, p = t.partial[:0], rest
	}
}

func (t *tail) add(line string) {
	line = clean(line)
	if line == "" || noise(line) {
		return
	}
	if k, ok := recognize(line); ok && (t.reason.fragment == "" || k.rank < t.reason.rank) {
		t.reason = k
	}
	if n := len(t.lines); n > 0 && t.lines[n-1] == line {
		return
	}
	if len(t.lines) == tailLines {
		copy(t.lines, t.lines[1:])
		t.lines = t.lines[:tailLines-1]
	}
	t.lines = append(t.lines, line)
}

// end returns the last lines, and what they mean.
func (t *tail) end() (lines []string, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.partial) > 0 {
		t.add(string(t.partial))
		t.partial = nil
	}
	return t.lines, t.reason.reason
}

// clean leaves out what is no text, and the addresses that ffmpeg names its
// parts with, so that a line is the same in each run.
func clean(line string) string {
	line = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, line)
	for {
		before, after, ok := strings.Cut(line, " @ 0x")
		if !ok {
			return strings.TrimSpace(line)
		}
		line = before + strings.TrimLeft(after, "0123456789abcdef")
	}
}

// noise tells whether a line says nothing of what is wrong.
func noise(line string) bool {
	for _, s := range []string{
		"not enough frames to estimate rate", // of a probe that is meant to be short
		"Could not find codec parameters",
		"Consider increasing the value for the 'analyzeduration'",
		"Failed to update header with correct",
		"Last message repeated",
		"deprecated pixel format used",
	} {
		if strings.Contains(line, s) {
			return true
		}
	}
	return false
}

// known is what a part of a line means. Of several the lowest rank counts.
type known struct {
	fragment, reason string
	rank             int
}

// reasons have what is precise before what ffmpeg says in many cases.
func reasons() [][2]string {
	return [][2]string{
		{"Unknown encoder", "this ffmpeg was built without the encoder"},
		{"Encoder not found", "this ffmpeg was built without the encoder"},
		{"Unknown decoder", "this ffmpeg was built without the decoder"},
		{"Unknown input format", "this ffmpeg was built without a format that is needed"},
		{"Requested output format", "this ffmpeg was built without a format that is needed"},
		{"No such filter", "this ffmpeg was built without a filter that is needed"},
		{"Cannot load libcuda", "there is no NVIDIA driver"},
		{"Cannot load nvcuda", "there is no NVIDIA driver"},
		{"Cannot load libnvidia-encode", "there is no NVIDIA driver for encoding"},
		{"required nvenc API version", "the NVIDIA driver is too old for this ffmpeg"},
		{"No NVENC capable devices found", "there is no NVIDIA GPU that can encode"},
		{"No capable devices found", "there is no NVIDIA GPU that can encode"},
		{"incompatible client key", "the NVIDIA driver allows no more encoding at once"},
		{"CUDA_ERROR_NO_DEVICE", "there is no NVIDIA GPU"},
		{"CUDA_ERROR_OUT_OF_MEMORY", "the GPU is out of memory"},
		{"No VA display found", "there is no GPU for VAAPI"},
		{"Failed to initialise VAAPI", "there is no driver for VAAPI"},
		{"vaInitialize failed", "there is no driver for VAAPI"},
		{"No usable encoding", "the GPU does not encode H.264"},
		{"No usable profile", "the GPU does not encode H.264"},
		{"Error initializing an MFX session", "there is no GPU or driver for Quick Sync Video"},
		{"Error creating a MFX session", "there is no GPU or driver for Quick Sync Video"},
		{"Error initializing an internal MFX session", "there is no GPU or driver for Quick Sync Video"},
		{"libOMX_Core.so", "there is no OpenMAX"},
		{"OMX_Init failed", "there is no OpenMAX"},
		{"Could not find a valid device", "there is no Video4Linux device that encodes"},
		{"Error setting up the compression session", "VideoToolbox does not encode this"},
		{"Cannot create compression session", "VideoToolbox does not encode this"},
		{"Failed to set value 'qsv=", "there is no GPU or driver for Quick Sync Video"},
		{"Device creation failed", "the device cannot be used"},
		{"Failed to open the drm device", "the device cannot be used"},
		{"Unrecognized option", "ffmpeg does not know one of the arguments"},
		{"Option not found", "ffmpeg does not know one of the arguments"},
		{"Error splitting the argument list", "ffmpeg does not know one of the arguments"},
		{"Error setting profile", "the encoder does not take one of the arguments"},
		{"Error setting option", "the encoder does not take one of the arguments"},
		{"Error applying encoder options", "the encoder does not take one of the arguments"},
		{"Failed to set value", "ffmpeg does not take one of the arguments"},
		{"Cannot allocate memory", "there is not enough memory"},
		{"Out of memory", "there is not enough memory"},
		{"bad_alloc", "there is not enough memory"},
		{"malloc of size", "there is not enough memory"},
		{"Resource temporarily unavailable", "the system allows no more threads or processes"},
		{"Too many open files", "the system allows no more open files"},
		{"could not find codec parameters", "ffmpeg cannot read the broadcast"},
		{"Invalid data found when processing input", "ffmpeg cannot read the broadcast"},
		{"Error initializing output stream", "the encoder cannot be opened"},
		{"Error while opening encoder", "the encoder cannot be opened"},
		{"Could not open encoder", "the encoder cannot be opened"},
		{"Error reinitializing filters", "the pictures cannot be converted"},
		{"Impossible to convert between the formats", "the pictures cannot be converted"},
	}
}

// recognize says what a line means, if that is known.
func recognize(line string) (known, bool) {
	for i, r := range reasons() {
		if strings.Contains(line, r[0]) {
			return known{fragment: r[0], reason: r[1], rank: i}, true
		}
	}
	return known{}, false
}
