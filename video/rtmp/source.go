package rtmp

import (
	"net"
	"net/netip"
)

// sourceOf returns the network that limits per address count for: an IPv4
// address or an IPv6 /64, which is what one customer has. It is invalid for
// peers without an IP address.
func sourceOf(c net.Conn) netip.Prefix {
	addr := c.RemoteAddr()
	if addr == nil {
		return netip.Prefix{}
	}
	var ip netip.Addr
	if tcp, ok := addr.(*net.TCPAddr); ok {
		ip = tcp.AddrPort().Addr()
	} else if ap, err := netip.ParseAddrPort(addr.String()); err == nil {
		ip = ap.Addr()
	}
	ip = ip.Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	prefix, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}

func addrString(c net.Conn) string {
	if addr := c.RemoteAddr(); addr != nil {
		return addr.String()
	}
	return ""
}
