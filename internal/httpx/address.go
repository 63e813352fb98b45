package httpx

import "net/netip"

// nat64 is how IPv6 networks reach IPv4 (RFC 6052, section 2.1), and sixToFour
// how IPv4 hosts are reached by IPv6 (RFC 3056).
const (
	nat64     = "64:ff9b::/96"
	sixToFour = "2002::/16"
)

// notGlobal are the networks that are no part of the Internet, by the
// registries of special-purpose addresses (RFC 6890). Of IPv6, that is besides
// everything outside of 2000::/3.
func notGlobal() []netip.Prefix {
	list := []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
		"192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
		"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20",
	}
	prefixes := make([]netip.Prefix, len(list))
	for i, s := range list {
		prefixes[i] = netip.MustParsePrefix(s)
	}
	return prefixes
}

// never are networks that are nobody's own servers: those that do not leave
// the link, where clouds have their metadata, groups, and what is no address.
func never() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("224.0.0.0/3"),
		netip.MustParsePrefix("100.100.100.200/32"), netip.MustParsePrefix("::/128"), netip.MustParsePrefix("fe80::/10"),
		netip.MustParsePrefix("ff00::/8"), netip.MustParsePrefix("fd00:ec2::/32"), netip.MustParsePrefix("64:ff9b:1::/48"),
	}
}

// addressRules decide where to connect.
type addressRules struct {
	allowed          []netip.Prefix
	notGlobal, never []netip.Prefix
	global6          netip.Prefix
	nat64, sixToFour netip.Prefix
	private          bool
}

func newAddressRules(private bool, allowed []netip.Prefix) *addressRules {
	return &addressRules{
		allowed: allowed, notGlobal: notGlobal(), never: never(), global6: netip.MustParsePrefix("2000::/3"),
		nat64: netip.MustParsePrefix(nat64), sixToFour: netip.MustParsePrefix(sixToFour), private: private,
	}
}

// allow tells whether to connect to addr.
func (r *addressRules) allow(addr netip.Addr) bool {
	if !addr.IsValid() || addr.Zone() != "" {
		return false
	}
	addr = addr.Unmap()
	if contains(r.allowed, addr) {
		return true
	}
	if inner, ok := r.embedded(addr); ok {
		return r.allow(inner)
	}
	switch {
	case contains(r.never, addr):
		return false
	case r.private:
		return true
	case addr.Is6() && !r.global6.Contains(addr):
		return false
	default:
		return !contains(r.notGlobal, addr)
	}
}

// embedded returns the IPv4 address that packets for addr end at.
func (r *addressRules) embedded(addr netip.Addr) (netip.Addr, bool) {
	b := addr.As16()
	switch {
	case !addr.Is6():
	case r.nat64.Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:])), true
	case r.sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}
