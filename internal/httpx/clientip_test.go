package httpx

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func TestClientIPBelievesOnlyTrustedProxies(t *testing.T) {
	proxies := prefixes("127.0.0.0/8", "10.0.0.0/8", "fd00::/8")
	tests := []struct {
		name, remote string
		forwarded    []string
		trusted      []netip.Prefix
		want         string
	}{
		{"a direct client", "203.0.113.5:4000", nil, proxies, "203.0.113.5"},
		{"nobody is trusted", "127.0.0.1:4000", []string{"203.0.113.5"}, nil, "127.0.0.1"},
		{"a stranger forwards", "203.0.113.5:4000", []string{"198.51.100.1"}, proxies, "203.0.113.5"},
		{"one proxy", "127.0.0.1:4000", []string{"203.0.113.5"}, proxies, "203.0.113.5"},
		{"two proxies", "127.0.0.1:4000", []string{"203.0.113.5, 10.1.2.3"}, proxies, "203.0.113.5"},
		{"what stands left was made up", "127.0.0.1:4000", []string{"1.1.1.1, 203.0.113.5,10.1.2.3"}, proxies, "203.0.113.5"},
		{"several headers", "127.0.0.1:4000", []string{"1.1.1.1", "203.0.113.5", "10.1.2.3"}, proxies, "203.0.113.5"},
		{"only proxies", "127.0.0.1:4000", []string{"10.9.9.9, 10.1.2.3"}, proxies, "10.9.9.9"},
		{"no address from a proxy", "127.0.0.1:4000", []string{"1.1.1.1, unknown"}, proxies, "127.0.0.1"},
		{"no address behind a proxy", "127.0.0.1:4000", []string{"garbage, 10.1.2.3"}, proxies, "10.1.2.3"},
		{"empty parts", "127.0.0.1:4000", []string{" , 203.0.113.5, ,"}, proxies, "203.0.113.5"},
		{"an empty header", "127.0.0.1:4000", []string{""}, proxies, "127.0.0.1"},
		{"with ports", "127.0.0.1:4000", []string{"203.0.113.5:99"}, proxies, "203.0.113.5"},
		{"IPv6", "[::1]:4000", []string{"2001:db8::1"}, prefixes("::1/128"), "2001:db8::1"},
		{"IPv6 in brackets", "127.0.0.1:1", []string{"[2001:db8::1]"}, proxies, "2001:db8::1"},
		{"IPv6 in brackets with port", "127.0.0.1:1", []string{"[2001:db8::1]:80"}, proxies, "2001:db8::1"},
		{"IPv4 mapped to IPv6", "[::ffff:127.0.0.1]:1", []string{"::ffff:203.0.113.5"}, proxies, "203.0.113.5"},
		{"a zone", "[fe80::1%eth0]:1", nil, proxies, "fe80::1"},
		{"a trusted zone", "[fd00::1%eth0]:1", []string{"203.0.113.5"}, proxies, "203.0.113.5"},
		{"a Unix socket", "@", []string{"203.0.113.5"}, proxies, "203.0.113.5"},
		{"a Unix socket that is not trusted", "@", []string{"203.0.113.5"}, prefixes("10.0.0.0/8"), "invalid IP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: tt.remote, Header: http.Header{"X-Forwarded-For": tt.forwarded}}
			if got := ClientIP(r, tt.trusted); got.String() != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func FuzzClientIP(f *testing.F) {
	f.Add("127.0.0.1:1", "203.0.113.5, 10.1.2.3")
	f.Add("[::1%lo]:1", "[2001:db8::1]:80,,x")
	f.Add("@", ",")
	trusted := prefixes("127.0.0.0/8", "10.0.0.0/8", "::1/128")
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		got := ClientIP(r, trusted)
		if got.Zone() != "" || got.Is4In6() {
			t.Errorf("%v is not in its plain form", got)
		}
		peer, ok := parseHop(remote)
		if ok && !contains(trusted, peer) && got != peer {
			t.Errorf("believed the untrusted %v: %v", peer, got)
		}
		// Whatever a stranger writes on the left changes nothing once there
		// is an address that is not a proxy's.
		if got.IsValid() && !contains(trusted, got) {
			r.Header.Set("X-Forwarded-For", "1.2.3.4,"+forwarded)
			if again := ClientIP(r, trusted); again != got {
				t.Errorf("%v became %v by a forged hop", got, again)
			}
		}
	})
}

func TestAcceptsEncodingFollowsTheQualities(t *testing.T) {
	tests := []struct {
		header, coding string
		want           bool
	}{
		{"", "gzip", false},
		{"gzip", "gzip", true},
		{"deflate, GZIP , br", "gzip", true},
		{"deflate", "gzip", false},
		{"gzip;q=0", "gzip", false},
		{"gzip; q=0.000", "gzip", false},
		{"gzip; q=0.5", "gzip", true},
		{"gzip;x=y;q=0", "gzip", false},
		{"gzip;q=no", "gzip", false},
		{"*", "br", true},
		{"*;q=0", "br", false},
		{"gzip;q=0, *", "gzip", false},
		{"*, gzip;q=0", "gzip", false},
		{"xgzip", "gzip", false},
		{strings.Repeat(",", 100), "gzip", false},
	}
	for _, tt := range tests {
		t.Run(tt.header, func(t *testing.T) {
			if got := AcceptsEncoding(tt.header, tt.coding); got != tt.want {
				t.Errorf("AcceptsEncoding(%q, %q) = %v", tt.header, tt.coding, got)
			}
		})
	}
}

func FuzzAcceptsEncoding(f *testing.F) {
	for _, s := range []string{"gzip, br;q=0.5", "*;q=0", "gzip;q=0,*", ";;,=q;q=="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if AcceptsEncoding(header, "gzip") && !strings.Contains(strings.ToLower(header), "gzip") && !strings.Contains(header, "*") {
			t.Errorf("%q accepts no gzip", header)
		}
	})
}

func BenchmarkClientIP(b *testing.B) {
	trusted := prefixes("127.0.0.0/8", "10.0.0.0/8")
	r := &http.Request{RemoteAddr: "127.0.0.1:4000", Header: http.Header{"X-Forwarded-For": {"203.0.113.5, 10.1.2.3"}}}
	b.ReportAllocs()
	for b.Loop() {
		ClientIP(r, trusted)
	}
}
