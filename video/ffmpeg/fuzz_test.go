package ffmpeg

import (
	"slices"
	"strings"
	"testing"
	"unicode"
)

// FuzzTail prints anything, in pieces of any size. What is kept is bounded and
// plain text, and does not depend on the pieces.
func FuzzTail(f *testing.F) {
	f.Add([]byte("[libx264 @ 0x559293b72c40] [error] Error setting profile foo.\n[fatal] Unknown encoder 'libx264'"), 7)
	f.Add([]byte("ffmpeg version 5.1.9-0+deb12u1 Copyright\nlibavformat    59. 27.100 / 59. 27.100\n"), 1)
	f.Add([]byte(strings.Repeat("a line\r\n\x1b[31m", 100)+" @ 0x @ 0x0 @ 0x"), 3)
	f.Fuzz(func(t *testing.T, printed []byte, size int) {
		var whole, pieces tail
		_, _ = whole.Write(printed)
		for piece := range slices.Chunk(printed, 1+(size&0xff)) {
			if n, err := pieces.Write(piece); n != len(piece) || err != nil {
				t.Fatalf("Write = %d, %v", n, err)
			}
		}
		lines, reason := whole.end()
		if l, r := pieces.end(); !slices.Equal(l, lines) || r != reason {
			t.Errorf("in pieces %q, %q; at once %q, %q", l, r, lines, reason)
		}
		if len(lines) > tailLines {
			t.Errorf("%d lines are kept", len(lines))
		}
		for _, line := range lines {
			if line == "" || len(line) > maxLine || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("kept %q", line)
			}
		}
		if v, err := parseVersion(printed); err == nil && (v.name == "" || len(v.name) > 64*4) {
			t.Errorf("version %q", v.name)
		}
	})
}
