package idn_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/internal/idn"
)

func TestASCII(t *testing.T) {
	for host, want := range map[string]string{
		"":                       "",
		"Me.Example":             "me.example",
		"xn--MNCHEN-3ya.example": "xn--mnchen-3ya.example",
		"_dmarc.example":         "_dmarc.example",
		"münchen.example":        "xn--mnchen-3ya.example",
		"MÜNCHEN.Example":        "xn--mnchen-3ya.example",
		"mu\u0308nchen.example":  "xn--mnchen-3ya.example", // decomposed
		"münchen。example":        "xn--mnchen-3ya.example", // an ideographic full stop
		"ｍｅ.example":             "me.example",             // full width
		"straße.example":         "xn--strae-oqa.example",  // and not strasse
		"日本語.example":            "xn--wgv71a119e.example",
		"мойдомен.рф":            "xn--d1acklchcc.xn--p1ai",
		"שלום.example":           "xn--9dbne9b.example",
		"①.example":              "1.example",
		"１２７.０.０.１":              "127.0.0.1", // which is for the caller to refuse
	} {
		if got, ok := idn.ASCII(host); !ok || got != want {
			t.Errorf("ASCII(%q) = %q, %v; want %q", host, got, ok, want)
		}
	}
	for _, host := range []string{
		"mün chen.example", "mü/x.example", "mü@x.example", "mü:x.example", "mü?.example", "mü#.example", "mü%41.example", "℀.example", // a/c
		"-mü.example", "mü-.example", "mü..example", "\xff.example", "mü\x00.example", "mü\n.example", "a\u200dü.example", // a joiner
		"אa.example", "1א.example", // mixed directions
		"\u00ad.", strings.Repeat("ü", 64) + ".example",
	} {
		if got, ok := idn.ASCII(host); ok {
			t.Errorf("ASCII(%q) = %q", host, got)
		}
	}
}

func TestLookup(t *testing.T) {
	for host, want := range map[string]string{
		"Me.Example": "me.example", "xn--MNCHEN-3ya.example": "xn--mnchen-3ya.example", "MÜNCHEN.example": "xn--mnchen-3ya.example",
		"": "", ".": "", "me.example.": "", "a..example": "", "_dmarc.example": "", "a b.example": "", "a/b.example": "", "-a.example": "",
		"xn--a.example": "", "xn--mnchen-.example": "", strings.Repeat("a", 64) + ".example": "", strings.Repeat("a.", 127) + "example": "",
	} {
		if got, ok := idn.Lookup(host); got != want || ok != (want != "") {
			t.Errorf("Lookup(%q) = %q, %v; want %q", host, got, ok, want)
		}
	}
}

func TestURL(t *testing.T) {
	for s, want := range map[string]string{
		"https://MÜNCHEN.example/ü?ü":       "https://xn--mnchen-3ya.example/%C3%BC?ü",
		"https://m%C3%BCnchen.example:8443": "https://xn--mnchen-3ya.example:8443",
		"https://Me.Example:1/":             "https://me.example:1/",
		"https://me.example:":               "https://me.example:",
		"http://[::1]:8080/":                "http://[::1]:8080/",
		"http://[::1]/":                     "http://[::1]/",
		"https://℀.example/":                "",
	} {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		before := *u
		if ok := idn.URL(u); ok != (want != "") || ok && u.String() != want || !ok && *u != before {
			t.Errorf("URL(%q) = %v: %q, want %q", s, ok, u, want)
		}
	}
}

// FuzzASCII holds what comes of other scripts to be a host of a URL, and to be
// what it is.
func FuzzASCII(f *testing.F) {
	for _, host := range []string{"münchen.example", "ｍｅ.example", "日本語。example", "℀.example", "xn--a", "İ.example", "ẞ", "א1.example", "ü\u200d.x"} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		got, ok := idn.ASCII(host)
		if !ok {
			if got != "" {
				t.Fatalf("%q is %q and false", host, got)
			}
			return
		}
		again, ok := idn.ASCII(got)
		if !ok || again != got {
			t.Fatalf("%q is %q, and that %q, %v", host, got, again, ok)
		}
		if strings.ToLower(host) == got {
			return // it was in ASCII
		}
		if again, ok := idn.Lookup(got); !ok || again != got {
			t.Fatalf("%q is %q, and that %q, %v", host, got, again, ok)
		}
		if strings.Trim(got, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
			t.Fatalf("%q is %q", host, got)
		}
		if u, err := url.Parse("https://" + got + "/x"); err != nil || u.Host != got || u.Path != "/x" {
			t.Fatalf("%q is %q: %v, %v", host, got, u, err)
		}
	})
}
