package httpx

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// ClientIP returns the address of the client r came from, as an IPv4 address
// if it is one, without zone.
//
// It is the peer of the connection, unless that is one of the trusted
// proxies: then it is the right-most address in X-Forwarded-For that is not
// trusted, or the left-most if all are. What stands left of it was written by
// strangers and is ignored; so is the header of a peer that is not trusted. A
// peer without an address (a Unix socket) is trusted if 127.0.0.1 is. The
// zero Addr is returned if there is no address at all.
func ClientIP(r *http.Request, trusted []netip.Prefix) netip.Addr {
	client, ok := parseHop(r.RemoteAddr)
	probe := client
	if !ok {
		probe = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	headers := r.Header["X-Forwarded-For"]
	for i := len(headers) - 1; i >= 0; i-- {
		for rest, more := headers[i], true; more; {
			if !contains(trusted, probe) {
				return client
			}
			var hop string
			rest, hop, more = cutLast(rest)
			if strings.TrimSpace(hop) == "" {
				continue
			}
			addr, ok := parseHop(hop)
			if !ok {
				return client // the proxy before it saw something that is no address
			}
			client, probe = addr, addr
		}
	}
	return client
}

// IsHTTPS tells whether the client of r uses TLS: with this program, or with a
// trusted proxy that says so in X-Forwarded-Proto.
func IsHTTPS(r *http.Request, trusted []netip.Prefix) bool {
	if r.TLS != nil {
		return true
	}
	if !FromTrusted(r, trusted) {
		return false
	}
	proto, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	return strings.EqualFold(strings.TrimSpace(proto), "https")
}

// FromTrusted tells whether r comes from one of the trusted proxies, whose
// headers say who sent it. A peer without an address is trusted if 127.0.0.1
// is.
func FromTrusted(r *http.Request, trusted []netip.Prefix) bool {
	peer, ok := parseHop(r.RemoteAddr)
	if !ok {
		peer = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return contains(trusted, peer)
}

// Mount is the path that r was sent to without the end that the handler sees:
// what those around it have taken off, without a slash at the end.
func Mount(r *http.Request) string {
	sent, _, _ := strings.Cut(r.RequestURI, "?")
	if u, err := url.ParseRequestURI(r.RequestURI); err == nil {
		sent = u.Path
	}
	mount, ok := strings.CutSuffix(sent, r.URL.Path)
	if !ok {
		return ""
	}
	return strings.TrimSuffix(mount, "/")
}

// cutLast cuts s at its last comma. more is false if there is none.
func cutLast(s string) (before, last string, more bool) {
	i := strings.LastIndexByte(s, ',')
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}

// parseHop reads an address as proxies write it: with or without port, IPv6
// with or without brackets.
func parseHop(s string) (addr netip.Addr, ok bool) {
	s = strings.TrimSpace(s)
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		s = s[1 : len(s)-1]
	}
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, false
	}
	return addr.Unmap().WithZone(""), true
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
