package hls

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// listPart, listSegment and list are a playlist as a player reads it.
type listPart struct {
	dur         float64
	uri         string
	independent bool
}

type listSegment struct {
	msn           uint64
	dur           float64
	uri, init     string
	at            time.Time
	discontinuity bool
	parts         []listPart
}

type list struct {
	target                           int
	msn, dsn                         uint64
	skipped                          int
	segs                             []listSegment
	open                             listSegment
	partTarget, partHold, hold, skip float64
	hint                             string
	reports                          []string
	last                             map[string]string // LAST-MSN and LAST-PART, by the URI of the report
	ended, independent, canBlock     bool
	version                          int
	kind                             string // EXT-X-PLAYLIST-TYPE
	text                             string
}

func attributes(s string) map[string]string {
	m := map[string]string{}
	for s != "" {
		k, rest, _ := strings.Cut(s, "=")
		var v string
		if strings.HasPrefix(rest, `"`) {
			v, rest, _ = strings.Cut(rest[1:], `"`)
			rest = strings.TrimPrefix(rest, ",")
		} else {
			v, rest, _ = strings.Cut(rest, ",")
		}
		m[k], s = v, rest
	}
	return m
}

// parseList reads a media playlist strictly: what it does not know is an error.
func parseList(text string) (*list, error) {
	l := &list{text: text, last: map[string]string{}}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != "#EXTM3U" {
		return nil, fmt.Errorf("first line %q", lines[0])
	}
	var cur listSegment
	var init string
	var err error
	num := func(s string) float64 {
		f, e := strconv.ParseFloat(s, 64)
		if e != nil && err == nil {
			err = e
		}
		return f
	}
	for _, line := range lines[1:] {
		if !strings.HasPrefix(line, "#") {
			cur.uri, cur.init, cur.msn = line, init, l.msn+uint64(l.skipped+len(l.segs))
			l.segs = append(l.segs, cur)
			cur = listSegment{}
			continue
		}
		tag, value, _ := strings.Cut(line, ":")
		a := attributes(value)
		switch tag {
		case "#EXT-X-VERSION":
			l.version = int(num(value))
		case "#EXT-X-TARGETDURATION":
			l.target = int(num(value))
		case "#EXT-X-PLAYLIST-TYPE":
			l.kind = value
		case "#EXT-X-MEDIA-SEQUENCE":
			l.msn = uint64(num(value))
		case "#EXT-X-DISCONTINUITY-SEQUENCE":
			l.dsn = uint64(num(value))
		case "#EXT-X-SERVER-CONTROL":
			l.canBlock = a["CAN-BLOCK-RELOAD"] == "YES"
			l.skip, l.partHold, l.hold = num(a["CAN-SKIP-UNTIL"]), num(a["PART-HOLD-BACK"]), num(a["HOLD-BACK"])
		case "#EXT-X-PART-INF":
			l.partTarget = num(a["PART-TARGET"])
		case "#EXT-X-INDEPENDENT-SEGMENTS":
			l.independent = true
		case "#EXT-X-SKIP":
			l.skipped = int(num(a["SKIPPED-SEGMENTS"]))
		case "#EXT-X-DISCONTINUITY":
			cur.discontinuity = true
		case "#EXT-X-MAP":
			if a["URI"] == init {
				return nil, fmt.Errorf("%q is repeated", line)
			}
			init = a["URI"]
		case "#EXT-X-PROGRAM-DATE-TIME":
			if cur.at, err = time.Parse(time.RFC3339Nano, value); err != nil {
				return nil, err
			}
		case "#EXT-X-PART":
			cur.parts = append(cur.parts, listPart{num(a["DURATION"]), a["URI"], a["INDEPENDENT"] == "YES"})
		case "#EXTINF":
			cur.dur = num(strings.TrimSuffix(value, ","))
		case "#EXT-X-PRELOAD-HINT":
			l.hint = a["URI"]
		case "#EXT-X-RENDITION-REPORT":
			l.reports = append(l.reports, a["URI"])
			l.last[a["URI"]] = a["LAST-MSN"] + "." + a["LAST-PART"]
		case "#EXT-X-ENDLIST":
			l.ended = true
		default:
			return nil, fmt.Errorf("unknown tag %q", line)
		}
	}
	cur.init = init
	l.open = cur
	return l, err
}
