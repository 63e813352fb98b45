package ffmpeg

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// What ffmpeg 5.1 prints, and other versions are known to.
func TestWhatFFmpegSaysIsUnderstood(t *testing.T) {
	const opening = "[error] Error initializing output stream 0:0 -- Error while opening encoder for output stream #0:0 - maybe incorrect parameters such as bit_rate, rate, width or height\n"
	tests := map[string]struct{ printed, reason string }{
		"no NVIDIA driver":        {"[h264_nvenc @ 0x5636f7b8dc80] [error] Cannot load libcuda.so.1\n" + opening, "there is no NVIDIA driver"},
		"an old NVIDIA driver":    {"[h264_nvenc @ 0x1] [error] Driver does not support the required nvenc API version. Required: 12.1 Found: 11.1\n" + opening, "the NVIDIA driver is too old for this ffmpeg"},
		"too many NVENC sessions": {"[h264_nvenc @ 0x1] [error] OpenEncodeSessionEx failed: incompatible client key (21): (no details)\n" + opening, "the NVIDIA driver allows no more encoding at once"},
		"no NVENC":                {"[h264_nvenc @ 0x1] [error] No capable devices found\n" + opening, "there is no NVIDIA GPU that can encode"},
		"no VAAPI":                {"[AVHWDeviceContext @ 0x55a5bf266a00] [error] No VA display found for device /dev/dri/renderD128.\n[error] Device creation failed: -22.\n[error] Failed to set value '/dev/dri/renderD128' for option 'vaapi_device': Invalid argument\n", "there is no GPU for VAAPI"},
		"no QSV":                  {"[error] Device creation failed: -542398533.\n[error] Failed to set value 'qsv=hw' for option 'init_hw_device': Generic error in an external library\n", "there is no GPU or driver for Quick Sync Video"},
		"no V4L2":                 {"[h264_v4l2m2m @ 0x5611b5639c80] [error] Could not find a valid device\n" + opening, "there is no Video4Linux device that encodes"},
		"no OpenMAX":              {"[h264_omx @ 0x558303e2fc80] [warning] libOMX_Core.so not found\n" + opening, "there is no OpenMAX"},
		"not built in":            {"[fatal] Unknown encoder 'h264_videotoolbox'\n", "this ffmpeg was built without the encoder"},
		"a wrong argument":        {"[error] Unrecognized option 'nonsense'.\n[fatal] Error splitting the argument list: Option not found\n", "ffmpeg does not know one of the arguments"},
		"a wrong profile":         {"[libx264 @ 0x559293b72c40] [error] Error setting profile foo.\n" + opening, "the encoder does not take one of the arguments"},
		"no memory":               {"x264 [error]: malloc of size 5353683 failed\n" + opening, "there is not enough memory"},
		"no filter":               {"[AVFilterGraph @ 0x55d0f038f800] [error] No such filter: 'nonsense'\n[error] Error reinitializing filters!\n", "this ffmpeg was built without a filter that is needed"},
		"garbage":                 {"[flv @ 0x55bde97d08c0] [warning] Read FLV header error\n[fatal] pipe:0: could not find codec parameters\n", "ffmpeg cannot read the broadcast"},
		"something else":          {opening, "the encoder cannot be opened"},
		"something unknown":       {"[error] the sky is falling\n", ""},
		"a line without an end":   {"[fatal] Unknown encoder 'libx264'", "this ffmpeg was built without the encoder"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var kept tail
			if _, err := io.WriteString(&kept, tt.printed); err != nil {
				t.Fatal(err)
			}
			if _, got := kept.end(); got != tt.reason {
				t.Errorf("reason = %q, want %q", got, tt.reason)
			}
		})
	}
}

func TestTheTailIsShort(t *testing.T) {
	var kept tail
	for i := range 1000 {
		fmt.Fprintf(&kept, "[h264 @ 0x%012x] [error] line %d\x1b[0m \xff%s\n", i, i, strings.Repeat("x", i))
		fmt.Fprintf(&kept, "    Last message repeated 3 times\n")
	}
	fmt.Fprint(&kept, "one\none\ntwo")
	lines, _ := kept.end()
	if len(lines) != tailLines {
		t.Fatalf("%d lines, want %d", len(lines), tailLines)
	}
	if last := lines[tailLines-2:]; !slices.Equal(last, []string{"one", "two"}) {
		t.Errorf("the last lines are %q", last)
	}
	if l := lines[0]; len(l) > maxLine || !strings.HasPrefix(l, "[h264] [error] line 982[0m x") {
		t.Errorf("the first line is %q", l)
	}
}
