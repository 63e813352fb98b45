package geoip

import (
	"encoding/binary"
	"math"
	"net/netip"
	"os"
	"slices"
	"testing"
)

// writeDB writes a file in the MaxMind DB format, version 2.0, with values for
// networks that do not overlap.
func writeDB(t testing.TB, path string, networks map[string]any) {
	t.Helper()
	if err := os.WriteFile(path, encodeDB(networks), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A record of a node is the number of a node, nobody, or, from there on, an
// offset in the data.
type node [2]int

const nobody = -1

func encodeDB(networks map[string]any) []byte {
	nodes := []node{{nobody, nobody}}
	data := []byte{}
	for _, cidr := range sorted(networks) {
		p := netip.MustParsePrefix(cidr)
		addr, length := p.Addr().As16(), p.Bits()
		if p.Addr().Is4() {
			addr, length = [16]byte{}, length+96 // IPv4 is ::/96 here
			v4 := p.Addr().As4()
			copy(addr[12:], v4[:])
		}
		n := 0
		for i := range length {
			bit := addr[i/8] >> (7 - i%8) & 1
			switch next := nodes[n][bit]; {
			case i == length-1:
				nodes[n][bit] = -2 - len(data)
			case next == nobody:
				nodes = append(nodes, node{nobody, nobody})
				nodes[n][bit] = len(nodes) - 1
				n = len(nodes) - 1
			default:
				n = next
			}
		}
		data = encodeValue(data, networks[cidr])
	}
	var b []byte
	for _, n := range nodes {
		for _, r := range n {
			switch {
			case r == nobody:
				r = len(nodes)
			case r < nobody:
				r = len(nodes) + 16 - 2 - r
			}
			b = append(b, byte(r>>16), byte(r>>8), byte(r))
		}
	}
	b = append(append(b, make([]byte, 16)...), data...)
	return encodeValue(append(b, "\xab\xcd\xefMaxMind.com"...), map[string]any{
		"binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0), "build_epoch": uint64(1),
		"database_type": "Test", "description": map[string]any{}, "ip_version": uint16(6), "languages": []any{"en"},
		"node_count": uint32(len(nodes)), "record_size": uint16(24),
	})
}

func sorted(m map[string]any) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func encodeValue(b []byte, v any) []byte {
	control := func(kind, size int) {
		extra := []byte{}
		if size >= 29 {
			extra, size = []byte{byte(size - 29)}, 29 // of up to 284 bytes
		}
		if kind > 7 {
			b = append(b, byte(size), byte(kind-7))
		} else {
			b = append(b, byte(kind<<5|size))
		}
		b = append(b, extra...)
	}
	switch v := v.(type) {
	case string:
		control(2, len(v))
		b = append(b, v...)
	case float64:
		control(3, 8)
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(v))
	case uint16:
		control(5, 2)
		b = binary.BigEndian.AppendUint16(b, v)
	case uint32:
		control(6, 4)
		b = binary.BigEndian.AppendUint32(b, v)
	case uint64:
		control(9, 8)
		b = binary.BigEndian.AppendUint64(b, v)
	case bool:
		control(14, map[bool]int{true: 1}[v])
	case []any:
		control(11, len(v))
		for _, e := range v {
			b = encodeValue(b, e)
		}
	case map[string]any:
		control(7, len(v))
		for _, k := range sorted(v) {
			b = encodeValue(encodeValue(b, k), v[k])
		}
	}
	return b
}

// city is an entry as GeoLite2-City has them.
func city(country, region, zone string) map[string]any {
	return map[string]any{
		"country":      map[string]any{"iso_code": country, "names": map[string]any{"de": "Land", "en": "Country"}, "geoname_id": uint32(7)},
		"subdivisions": []any{map[string]any{"iso_code": "X", "names": map[string]any{"de": "Gegend", "en": region}}, map[string]any{"names": map[string]any{"en": "of it"}}},
		"location":     map[string]any{"latitude": 52.5, "time_zone": zone},
		"traits":       map[string]any{"is_anonymous_proxy": false},
	}
}
