package logring

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// How long the parts of an entry may be, in bytes.
const (
	maxMessage = 512
	maxValue   = 256
	maxEntry   = 1024
	maxDepth   = 8 // of groups in groups
)

const redacted = "[redacted]"

// secret tells whether a key names something that must not be shown. A word
// too many is hidden rather than one too few.
func secret(key string) bool {
	if len(key) > 64 {
		key = key[len(key)-64:]
	}
	var b [64]byte
	n := 0
	for i := range len(key) {
		switch c := key[i]; {
		case c >= 'A' && c <= 'Z':
			b[n] = c + 'a' - 'A'
			n++
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b[n] = c
			n++
		}
	}
	k := b[:n]
	for _, suffix := range [...]string{
		"key", "keys", "password", "passwd", "passphrase", "secret", "token", "authorization", "cookie", "credentials", "signature",
	} {
		if len(k) >= len(suffix) && string(k[len(k)-len(suffix):]) == suffix {
			return true
		}
	}
	return false
}

// appendAttr appends a space, the key, "=" and the value; of a group, its
// attributes.
func appendAttr(b []byte, group string, a slog.Attr) []byte { return appendNested(b, group, a, 0) }

func appendNested(b []byte, group string, a slog.Attr, depth int) []byte {
	if a.Equal(slog.Attr{}) {
		return b
	}
	if a.Key != "" && secret(a.Key) {
		return append(appendKey(b, group, a.Key), redacted...)
	}
	v := a.Value.Resolve()
	if v.Kind() != slog.KindGroup {
		return appendValue(appendKey(b, group, a.Key), v)
	}
	if depth >= maxDepth {
		return b
	}
	if a.Key != "" {
		group += a.Key + "."
	}
	for _, inner := range v.Group() {
		if len(b) >= maxEntry {
			break
		}
		b = appendNested(b, group, inner, depth+1)
	}
	return b
}

func appendKey(b []byte, group, key string) []byte {
	b = append(b, ' ')
	b = appendText(b, group, maxValue)
	b = appendText(b, key, maxValue)
	return append(b, '=')
}

func appendValue(b []byte, v slog.Value) []byte {
	switch v.Kind() {
	case slog.KindString:
		return appendText(b, v.String(), maxValue)
	case slog.KindTime:
		return v.Time().UTC().AppendFormat(b, time.RFC3339)
	case slog.KindAny:
		if u, ok := v.Any().(*url.URL); ok && u != nil {
			return appendText(b, withoutSecrets(u), maxValue)
		}
		start := len(b)
		b = fmt.Append(b, v.Any())
		return tidy(b, start, maxValue)
	default:
		return fmt.Append(b, v.Any())
	}
}

// withoutSecrets is u without its password and its query.
func withoutSecrets(u *url.URL) string {
	c := *u
	c.RawQuery, c.Fragment, c.RawFragment = "", "", ""
	return c.Redacted()
}

// appendText appends at most n bytes of s, without what is not printable.
func appendText(b []byte, s string, n int) []byte {
	start := len(b)
	if len(s) > n {
		s = s[:n+1] // and tidy cuts it where a rune begins
	}
	return tidy(append(b, s...), start, n)
}

// tidy makes of b[start:] valid UTF-8 of at most n bytes on one line.
func tidy(b []byte, start, n int) []byte {
	b = append(b[:start], cut(b[start:], n)...)
	plain := true
	for _, c := range b[start:] {
		if c < ' ' || c >= utf8.RuneSelf || c == 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return b
	}
	s := strings.ToValidUTF8(string(b[start:]), "?")
	return append(b[:start], strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)...)
}

// cut shortens b to n bytes at the most, the last of which are "…" then.
func cut(b []byte, n int) []byte {
	const ellipsis = "…"
	if len(b) <= n {
		return b
	}
	end := n - len(ellipsis)
	for end > 0 && !utf8.RuneStart(b[end]) {
		end--
	}
	return append(b[:end], ellipsis...)
}
