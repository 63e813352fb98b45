package httpx

import (
	"strconv"
	"strings"
)

// AcceptsEncoding tells whether an Accept-Encoding header with the value
// header names coding, such as "gzip", with a quality over 0, or accepts any
// by "*" (RFC 9110, section 12.5.3). An empty header accepts none.
func AcceptsEncoding(header, coding string) bool {
	wildcard := false
	for rest, more := header, true; more; {
		var item string
		item, rest, more = strings.Cut(rest, ",")
		name, params, _ := strings.Cut(item, ";")
		name = strings.TrimSpace(name)
		switch {
		case strings.EqualFold(name, coding):
			return quality(params) > 0
		case name == "*":
			wildcard = quality(params) > 0
		}
	}
	return wildcard
}

// quality returns the q of the parameters of a header's item, which is 1 if
// it is missing and 0 if it is no number.
func quality(params string) float64 {
	for rest, more := params, true; more; {
		var param string
		param, rest, more = strings.Cut(rest, ";")
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if !strings.EqualFold(name, "q") {
			continue
		}
		q, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0
		}
		return q
	}
	return 1
}
