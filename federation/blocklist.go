package federation

import (
	"net"
	"strings"
)

// Blocklist tells which hosts are blocked: those whose domain is one of a
// list, or below one.
type Blocklist struct {
	hosts     map[string]bool
	canonical func(string) (string, bool)
}

// NewBlocklist makes a Blocklist of domains as the settings have them. A
// domain with a port blocks that port alone. Canonical returns the one
// spelling of a host without a port, or false for what is none: in ASCII and
// lower case, without a dot at the end.
func NewBlocklist(domains []string, canonical func(host string) (string, bool)) *Blocklist {
	b := &Blocklist{hosts: make(map[string]bool, len(domains)), canonical: canonical}
	for _, d := range domains {
		if host, port, ok := b.split(d); ok {
			b.hosts[host+port] = true
		}
	}
	return b
}

// split returns the canonical host of one with or without a port, and the
// port with its colon.
func (b *Blocklist) split(hostport string) (host, port string, ok bool) {
	host = hostport
	if h, p, err := net.SplitHostPort(hostport); err == nil {
		host, port = h, ":"+p
	}
	host, ok = b.canonical(strings.Trim(host, "[]"))
	return host, port, ok && host != ""
}

// Blocks tells whether a host, with or without a port, is blocked. What is no
// host is.
func (b *Blocklist) Blocks(hostport string) bool {
	host, port, ok := b.split(hostport)
	if !ok {
		return true
	}
	for name := host; ; {
		if b.hosts[name] || port != "" && b.hosts[name+port] {
			return true
		}
		_, parent, ok := strings.Cut(name, ".")
		if !ok {
			return false
		}
		name = parent
	}
}

// Len is how many entries there are.
func (b *Blocklist) Len() int { return len(b.hosts) }
