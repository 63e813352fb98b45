package activitypub

import (
	"net/url"
	"strings"

	"github.com/owncast-go/owncast/internal/idn"
)

// canonicalHost is the one spelling of a host name without a port, in ASCII
// and lower case, without a dot at the end. Addresses, in whatever spelling,
// are no names, and nobody in the fediverse has one.
func canonicalHost(host string) (string, bool) {
	ascii, ok := idn.Lookup(strings.TrimSuffix(strings.TrimSpace(host), "."))
	if !ok {
		return "", false
	}
	last := ascii[strings.LastIndexByte(ascii, '.')+1:]
	if last == "" || strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") {
		return "", false
	}
	return ascii, true
}

// hostOf is the canonical host of an IRI of https, with its port unless that
// goes without saying; "" if it has none.
func hostOf(iri string) string {
	u, err := url.Parse(iri)
	if err != nil || u.Scheme != "https" || u.User != nil {
		return ""
	}
	return hostPort(u)
}

func hostPort(u *url.URL) string {
	host, ok := canonicalHost(u.Hostname())
	if !ok {
		return ""
	}
	if port := u.Port(); port != "" && port != "443" {
		return host + ":" + port
	}
	return host
}

// sameHost tells whether two IRIs are of one host.
func sameHost(a, b string) bool {
	host := hostOf(a)
	return host != "" && host == hostOf(b)
}

// withoutFragment is an IRI without what is behind its "#".
func withoutFragment(iri string) string {
	before, _, _ := strings.Cut(iri, "#")
	return before
}

// account is user@host as people write it.
func account(username, host string) string { return username + "@" + host }
