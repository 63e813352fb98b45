package indieauth

import (
	"errors"
	"net/netip"
	"net/url"
	"path"
	"strings"

	"github.com/owncast-go/owncast/internal/idn"
)

// Why a URL is refused.
var (
	errURL    = errors.New("not a URL of a site")
	errScheme = errors.New("not https")
	errHost   = errors.New("not a host of the Internet")
)

// ProfileURL returns the canonical form of the URL that somebody is known by
// (section 3.2), which is https and has a host name and a path. Without a
// scheme it is that of an https URL.
func ProfileURL(s string) (string, error) {
	s = strings.TrimSpace(s)
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := parse(s)
	if err != nil {
		return "", err
	}
	if u.Port() == "443" {
		u.Host = u.Hostname()
	}
	switch {
	case u.Scheme != "https":
		return "", errScheme
	case u.Port() != "" || !publicName(u.Hostname()):
		return "", errHost
	}
	return u.String(), nil
}

// ClientURL returns the canonical form of the URL that a client is known by
// (section 3.3). Clients are reached by https, or by http on the machine of the
// browser.
func ClientURL(s string) (string, error) {
	u, err := parse(s)
	if err != nil {
		return "", err
	}
	host := u.Hostname()
	switch {
	case loopback(host):
	case u.Scheme != "https":
		return "", errScheme
	case !publicName(host):
		return "", errHost
	}
	return u.String(), nil
}

// parse reads an http or https URL without a fragment or credentials, makes
// its scheme and host lower-case, and the host ASCII, and gives it a path.
func parse(s string) (*url.URL, error) {
	if len(s) > MaxURL || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return nil, errURL
	}
	u, err := url.Parse(s)
	switch {
	case err != nil, u.Host == "", u.Opaque != "", u.User != nil, u.Fragment != "", strings.HasSuffix(s, "#"):
		return nil, errURL
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errScheme
	}
	if !idn.URL(u) {
		return nil, errHost
	}
	if strings.HasSuffix(u.Host, ":") {
		return nil, errURL
	}
	if u.Path == "" {
		u.Path = "/"
	}
	if dotted(u.Path) || dotted(u.EscapedPath()) {
		return nil, errURL
	}
	return u, nil
}

// dotted tells whether a path has segments that lead to another path.
func dotted(p string) bool {
	for segment := range strings.SplitSeq(strings.ToLower(p), "/") {
		if s := strings.ReplaceAll(segment, "%2e", "."); s == "." || s == ".." {
			return true
		}
	}
	return false
}

// publicName tells whether a host is a name that the Internet may have: no
// address, none of a network of its own (RFC 6761, RFC 6762, RFC 7686), and in
// ASCII. Where it leads the client looks at itself.
func publicName(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || len(host) > 253 || !strings.Contains(host, ".") {
		return false
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if !publicLabel(label) {
			return false
		}
	}
	switch last := labels[len(labels)-1]; last {
	case "local", "localhost", "internal", "onion", "invalid", "lan", "home", "corp":
		return false
	default:
		// What ends in a number is an address, however it is written.
		return strings.Trim(last, "0123456789") != "" && !strings.HasPrefix(last, "0x")
	}
}

// publicLabel tells whether a name may have a label.
func publicLabel(label string) bool {
	return label != "" && len(label) <= 63 && label[0] != '-' && label[len(label)-1] != '-' &&
		!strings.ContainsFunc(label, func(c rune) bool {
			return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_'
		})
}

// loopback tells whether a host is the machine that asks.
func loopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

// endpointURL reads the URL of an endpoint, which is https.
func endpointURL(base *url.URL, href string) (*url.URL, error) {
	if len(href) > MaxURL {
		return nil, errURL
	}
	ref, err := url.Parse(strings.TrimSpace(href))
	if err != nil {
		return nil, errURL
	}
	u := base.ResolveReference(ref)
	ok := idn.URL(u)
	switch {
	case u.Scheme != "https":
		return nil, errScheme
	case !ok:
		return nil, errHost
	case u.Host == "" || u.User != nil || u.Fragment != "" || len(u.String()) > MaxURL:
		return nil, errURL
	case !publicName(u.Hostname()):
		return nil, errHost
	}
	return u, nil
}

// origin is the scheme, host and port of a URL whose host is canonical.
func origin(u *url.URL) string {
	host := u.Host
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host
}

// issuedBy tells whether an issuer (RFC 8414, section 2) may have metadata at a
// URL: it is a prefix of it (section 4.1.1).
func issuedBy(issuer string, metadata *url.URL) bool {
	u, err := url.Parse(issuer)
	if err != nil || !idn.URL(u) || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" ||
		origin(u) != origin(metadata) || len(issuer) > MaxURL {
		return false
	}
	under := path.Clean("/" + metadata.Path)
	prefix := strings.TrimSuffix(u.Path, "/")
	return u.Path == "" || under == prefix || strings.HasPrefix(under, prefix+"/")
}
