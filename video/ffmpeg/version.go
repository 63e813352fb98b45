package ffmpeg

import (
	"errors"
	"regexp"
	"strconv"
)

// version is what "ffmpeg -version" says.
type version struct {
	name   string // such as "5.1.9-0+deb12u1" or "N-118000-g0123456789"
	format lavf
}

// lavf is the version of libavformat, which is told by builds of no release
// too.
type lavf struct{ major, minor int }

func (v lavf) before(w lavf) bool {
	return v.major < w.major || v.major == w.major && v.minor < w.minor
}

var (
	versionLine = regexp.MustCompile(`(?m)^ffmpeg version (\S{1,64})`)
	formatLine  = regexp.MustCompile(`(?m)^libavformat\s+(\d{1,4})\.\s*(\d{1,4})\.`)
)

func parseVersion(out []byte) (version, error) {
	name, format := versionLine.FindSubmatch(out), formatLine.FindSubmatch(out)
	if name == nil || format == nil {
		return version{}, errors.New("ffmpeg: the program does not say its version")
	}
	major, _ := strconv.Atoi(string(format[1])) // digits
	minor, _ := strconv.Atoi(string(format[2]))
	return version{name: string(name[1]), format: lavf{major, minor}}, nil
}
