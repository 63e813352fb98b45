// Package idn has the one spelling of host names of all scripts: that in ASCII
// which is asked for in the DNS (RFC 5891).
package idn

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Lookup returns a host name, without a port and a dot at the end, in ASCII
// and lower case. It is mapped as browsers do it (UTS #46, nontransitional), so
// that capitals, full-width letters and composed characters end up as the same
// name. False is for what cannot be a host name: signs that none may have,
// directions that are mixed, what is too long. What looks like an address may
// come out of it, which is for the caller to refuse.
func Lookup(host string) (string, bool) {
	if !utf8.ValidString(host) {
		return "", false
	}
	profile := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.VerifyDNSLength(true))
	ascii, err := profile.ToASCII(host)
	if err != nil || !isASCII(ascii) || strings.HasSuffix(ascii, ".") {
		return "", false
	}
	return strings.ToLower(ascii), true
}

// ASCII is Lookup for callers with rules of their own: what is in ASCII already
// is made lower-case, and is otherwise as it was, whatever it is.
func ASCII(host string) (string, bool) {
	if isASCII(host) {
		return strings.ToLower(host), true
	}
	return Lookup(host)
}

// HostPort does what ASCII does with a host that may have a port, which stays
// as it is.
func HostPort(host string) (string, bool) {
	port := ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host, port = host[:i], host[i:]
	}
	host, ok := ASCII(host)
	if !ok {
		return "", false
	}
	return host + port, true
}

// URL does what HostPort does with the host of a URL. It returns false, and the
// URL as it was, where HostPort does.
func URL(u *url.URL) bool {
	host, ok := HostPort(u.Host)
	if ok {
		u.Host = host
	}
	return ok
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
