package stats

import (
	"math"
	"strconv"
	"strings"
)

// maxCMCD is how many bytes of one CMCD value are read. The values that
// players send have a few hundred.
const maxCMCD = 2048

// The most that is believed of a player.
const (
	maxKbps    = 10_000_000
	maxSeconds = 3600
	maxEvents  = 1000 // errors or changes in one report
)

// Report is what a player says of its playback. Zero fields say nothing.
type Report struct {
	SessionID string
	Event     string // CMCD's e: "e" is an error, "ps" a change of state, "t" the time
	State     string // one of p, a, w, k, e as in CMCD's sta: playing, paused, waiting, seeking, ended

	Throughput float64 // of the network, kbit/s
	Bitrate    float64 // of what is played, kbit/s
	Latency    float64 // behind the live edge, seconds
	Download   float64 // of the last segment, seconds

	Errors  float64 // since the last report
	Changes float64 // of the rendition, since the last report

	ErrorCode string
	Starved   bool // the buffer ran empty
	// Object is the type of what was asked for, such as "v". A change of
	// Bitrate counts as a change of the rendition if it is of video.
	Object string

	Time     float64 // milliseconds of Unix time, by the player's clock
	Sequence float64
}

// Usable tells whether the report says anything of playback.
func (r *Report) Usable() bool {
	return r.Event != "" || r.State != "" || r.Throughput > 0 || r.Bitrate > 0 || r.Latency > 0 ||
		r.Download > 0 || r.Errors > 0 || r.Changes > 0 || r.ErrorCode != "" || r.Starved
}

// failures is how many errors the report stands for.
func (r *Report) failures() float64 {
	if r.Errors == 0 && (r.Event == "e" || r.ErrorCode != "" || r.Starved) {
		return 1
	}
	return r.Errors
}

// ParseCMCD reads a value of Common Media Client Data as it stands in a
// header, or in a query once that is unescaped: key=value pairs between commas
// (CTA-5004 §3). Keys that are not used, and values that make no sense, are
// skipped. It tells whether there was a session id or anything of playback.
func ParseCMCD(s string) (Report, bool) {
	var r Report
	ok := parseCMCD(s, &r)
	return r, ok
}

// parseCMCD is ParseCMCD into a report that may have something already.
func parseCMCD(s string, r *Report) bool {
	if len(s) > maxCMCD {
		return false
	}
	for s != "" {
		var key, value string
		key, value, s = nextPair(s)
		r.set(key, value)
	}
	return r.SessionID != "" || r.Usable()
}

// nextPair cuts the first pair off. A key without value is true, which is
// told by "?1", as structured fields have it (RFC 9651).
func nextPair(s string) (key, value, rest string) {
	i := strings.IndexAny(s, "=,")
	if i < 0 {
		return strings.TrimSpace(s), "?1", ""
	}
	key = strings.TrimSpace(s[:i])
	if s[i] == ',' {
		return key, "?1", s[i+1:]
	}
	s = s[i+1:]
	end := valueEnd(s)
	value = strings.TrimSpace(s[:end])
	if end < len(s) {
		end++ // the comma
	}
	return key, value, s[end:]
}

// valueEnd finds the comma behind a value, which is none within a string or
// a list.
func valueEnd(s string) int {
	quoted, depth := false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth <= 0:
			return i
		}
	}
	return len(s)
}

func (r *Report) set(key, value string) {
	switch key {
	case "sid":
		r.SessionID = sessionID(text(value))
	case "e":
		r.Event = short(text(value))
	case "sta":
		r.State = playerState(text(value))
	case "ot":
		r.Object = short(text(value))
	case "ec":
		r.ErrorCode = short(text(value))
	case "bs":
		r.Starved = value == "?1" || value == "true"
	case "mtp":
		r.Throughput = number(value, maxKbps)
	case "br":
		r.Bitrate = number(value, maxKbps)
	case "ltc":
		r.Latency = number(value, maxSeconds*1000) / 1000
	case "ttlb":
		r.Download = number(value, maxSeconds*1000) / 1000
	case "ts":
		r.Time = number(value, math.MaxInt64)
	case "sn":
		r.Sequence = number(value, math.MaxInt32)
	}
}

// text is a string or a token, the first one of a list.
func text(s string) string {
	s = strings.TrimLeft(s, "( ")
	if s == "" || s[0] != '"' {
		if i := strings.IndexAny(s, " ;)"); i >= 0 {
			s = s[:i]
		}
		return s
	}
	s = s[1:]
	i := strings.IndexAny(s, `"\`)
	switch {
	case i < 0:
		return "" // it does not end
	case s[i] == '"':
		return s[:i]
	}
	return unescape(s)
}

// unescape reads a string up to its end quote; "" without one.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String()
		case '\\':
			if i++; i == len(s) {
				return ""
			}
		}
		b.WriteByte(s[i])
	}
	return ""
}

// number is a number, the first one of a list, and 0 for what is none or is
// not within 0 and most.
func number(s string, most float64) float64 {
	s = strings.TrimLeft(s, "( ")
	if i := strings.IndexAny(s, " ;)"); i >= 0 {
		s = s[:i]
	}
	if len(s) > 32 {
		return 0
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0
	}
	return within(v, most)
}

// within is v, or 0 if it is not within 0 and most, or not finite.
func within(v, most float64) float64 {
	if v > 0 && v <= most {
		return v
	}
	return 0
}

// short is a name of a few letters, and nothing for anything else.
func short(s string) string {
	if len(s) > 32 {
		return ""
	}
	return s
}

// sessionID is a session id if it can be one.
func sessionID(s string) string {
	if len(s) > maxSessionID {
		return ""
	}
	return s
}

// playerState is a state as administrators are told it.
func playerState(s string) string {
	switch s {
	case "p", "a", "w", "k", "e":
		return s
	case "r", "s", "d": // rebuffering, starting, preloading
		return "w"
	default:
		return ""
	}
}
