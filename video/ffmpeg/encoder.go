package ffmpeg

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Encoder is one of ffmpeg's encoders for H.264.
type Encoder string

// The encoders.
const (
	X264         Encoder = "libx264"           // software, on any machine
	NVENC        Encoder = "h264_nvenc"        // NVIDIA
	VAAPI        Encoder = "h264_vaapi"        // Intel and AMD on Linux
	QSV          Encoder = "h264_qsv"          // Intel Quick Sync Video
	VideoToolbox Encoder = "h264_videotoolbox" // macOS
	V4L2         Encoder = "h264_v4l2m2m"      // Video4Linux, such as on a Raspberry Pi
	OMX          Encoder = "h264_omx"          // OpenMAX, such as on an old Raspberry Pi
)

// Encoders returns the encoders that this package knows, X264 first.
func Encoders() []Encoder {
	return []Encoder{X264, NVENC, VAAPI, QSV, VideoToolbox, V4L2, OMX}
}

func (e Encoder) known() bool {
	for _, known := range Encoders() {
		if e == known {
			return true
		}
	}
	return false
}

// gopSize is for how many pictures an encoder goes without a key frame if the
// source has none: longer than any publisher would. It fits into the 16 bits
// that QSV has for it.
const gopSize = 36000

// vbvPercent is how much of the bitrate may be used for a moment.
const vbvPercent = 108

// deviceArgs are those before the input.
func (e Encoder) deviceArgs(device string) []string {
	switch e {
	case NVENC:
		if device != "" {
			return []string{"-hwaccel", "cuda", "-hwaccel_device", device}
		}
		return []string{"-hwaccel", "cuda"}
	case VAAPI:
		return []string{
			"-vaapi_device", cmp.Or(device, "/dev/dri/renderD128"),
			"-hwaccel", "vaapi", "-hwaccel_output_format", "vaapi",
		}
	case QSV:
		hw := "qsv=hw"
		if device != "" {
			hw += ",child_device=" + device
		}
		return []string{"-init_hw_device", hw, "-filter_hw_device", "hw"}
	default:
		return nil
	}
}

// encoderArgs are those of the encoder itself. bits is the bitrate.
func (e Encoder) encoderArgs(bits, cpuLevel, threads int, device string) []string {
	peak := strconv.Itoa(bits / 100 * vbvPercent)
	args := []string{"-c:v", string(e), "-b:v", strconv.Itoa(bits), "-maxrate", peak, "-bufsize", peak, "-g", strconv.Itoa(gopSize)}
	preset := e.preset(cpuLevel)
	if preset != "" {
		args = append(args, "-preset", preset)
	}
	switch e {
	case X264:
		args = append(
			args, "-threads", strconv.Itoa(threads), "-tune", "zerolatency", "-profile:v", "high",
			"-x264-params", "scenecut=0:open_gop=0", "-forced-idr", "1",
		)
	case NVENC:
		args = append(args, "-tune", "ll", "-zerolatency", "1", "-delay", "0", "-bf", "0", "-forced-idr", "1", "-profile:v", "high")
		if device != "" {
			args = append(args, "-gpu", device)
		}
	case VAAPI:
		args = append(args, "-bf", "0", "-profile:v", "high")
	case QSV:
		args = append(args, "-bf", "0", "-async_depth", "1", "-forced_idr", "1", "-profile:v", "high")
	case VideoToolbox:
		args = append(args, "-bf", "0", "-profile:v", "high")
		if cpuLevel < 3 {
			args = append(args, "-realtime", "true")
		}
	case V4L2, OMX:
		// They put the configuration in front of key frames, and FLV needs it
		// apart.
		args = append(args, "-bsf:v", "extract_extradata")
	}
	return args
}

// preset is how thorough the encoder is. Encoders without presets have none.
func (e Encoder) preset(cpuLevel int) string {
	level := min(max(cpuLevel, 0), 4)
	switch e {
	case X264:
		return [...]string{"ultrafast", "superfast", "veryfast", "faster", "fast"}[level]
	case NVENC:
		return "p" + strconv.Itoa(level+1)
	case QSV:
		return [...]string{"veryfast", "fast", "medium", "slow", "veryslow"}[level]
	default:
		return ""
	}
}

// pixelFormat is what the encoder takes, and "" if the filters end with it.
func (e Encoder) pixelFormat() string {
	switch e {
	case X264, NVENC, OMX:
		return "yuv420p"
	case V4L2, VideoToolbox:
		return "nv12"
	default:
		return ""
	}
}

// filters make pictures of w and h pixels for the encoder, which may be the
// size they have. What is decoded without the hardware's help is uploaded.
func (e Encoder) filters(w, h int, scaled bool) []string {
	size := fmt.Sprintf("w=%d:h=%d", w, h)
	switch e {
	case VAAPI, QSV:
		name := strings.TrimPrefix(string(e), "h264_")
		filters := []string{"format=nv12|" + name, "hwupload=extra_hw_frames=64"}
		if scaled || e == VAAPI { // which makes 8 bits of 10, too
			filters = append(filters, "scale_"+name+"="+size+":format=nv12")
		}
		return filters
	default:
		if scaled {
			return []string{"scale=" + size + ":flags=bilinear"}
		}
		return nil
	}
}
