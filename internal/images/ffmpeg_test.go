package images

import (
	"bytes"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Files of another encoder than the ones that write here.
func TestFilesOfFFmpegAreRead(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("there is no ffmpeg")
	}
	tests := []struct {
		file string
		args []string
		want Format
	}{
		{"a.png", nil, PNG},
		{"deep.png", []string{"-pix_fmt", "rgba64be"}, PNG},
		{"gray.png", []string{"-pix_fmt", "gray"}, PNG},
		{"a.jpg", nil, JPEG},
		{"a.gif", []string{"-frames:v", "5"}, GIF},
		{"lossy.webp", []string{"-c:v", "libwebp", "-pix_fmt", "yuv420p"}, PNG},
		{"alpha.webp", []string{"-c:v", "libwebp", "-pix_fmt", "yuva420p"}, PNG},
		{"lossless.webp", []string{"-c:v", "libwebp", "-lossless", "1", "-pix_fmt", "bgra"}, PNG},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), tt.file)
			args := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc=s=65x33", "-frames:v", "1"}, append(tt.args, file)...)
			if out, err := exec.CommandContext(t.Context(), ffmpeg, args...).CombinedOutput(); err != nil {
				t.Skipf("ffmpeg cannot write it: %v: %s", err, out)
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Clean(data, rules())
			if err != nil || got.Format != tt.want || got.Width != 65 || got.Height != 33 {
				t.Fatalf("%v, %s of %dx%d", err, got.Format, got.Width, got.Height)
			}
			c, _, err := image.DecodeConfig(bytes.NewReader(got.Data))
			if err != nil || c.Width != 65 || c.Height != 33 {
				t.Errorf("what was written: %v, %dx%d", err, c.Width, c.Height)
			}
		})
	}
}
