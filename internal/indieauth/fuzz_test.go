package indieauth

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzProfileURL holds what is accepted to be canonical, and harmless.
func FuzzProfileURL(f *testing.F) {
	for _, s := range []string{
		"me.example", "https://Me.example/a?b", "https://me.example:443", "https://me.example/%2e%2E/x", "https://[::1]/", "https://a@b.example/",
		"https://me.example/\\x", "http://x.example", "//me.example", "https://me.example#", "https://ME.EXAMPLE:0443/", "https:me.example",
		"MÜNCHEN.example", "https://日本語。example:443/", "https://ｍｅ.example/ü?ü", "https://m%C3%BCnchen.example", "https://℀.example/",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, parse := range []func(string) (string, error){ProfileURL, ClientURL} {
			got, err := parse(s)
			if err != nil {
				continue
			}
			u, err := url.Parse(got)
			if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || !strings.HasPrefix(u.Path, "/") || u.Host != strings.ToLower(u.Host) ||
				strings.ContainsFunc(u.Host, func(r rune) bool { return r >= 0x80 }) || u.Scheme != "https" && !loopback(u.Hostname()) {
				t.Fatalf("%q is %q", s, got)
			}
			again, err := parse(got)
			if err != nil || again != got {
				t.Fatalf("%q is %q, and that %q, %v", s, got, again, err)
			}
		}
	})
}

// FuzzHeaderLinks looks for values that never end, or are too many.
func FuzzHeaderLinks(f *testing.F) {
	for _, s := range []string{
		`</auth>; rel="authorization_endpoint"`, `<a>;rel=x,<b>;rel="y z"`, `<a>; title="x, \"y"; rel=x`, `<a`, `a, <b>; rel=c`, `<>;rel=,`, `<a>;anchor="#x";rel=y`,
		`,,,,`, `<a>;;rel=x`, `<a>;rel="`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		links := headerLinks(http.Header{"Link": {s}})
		if len(links) > maxLinks {
			t.Fatalf("%d links", len(links))
		}
		base := &url.URL{Scheme: "https", Host: "me.example", Path: "/"}
		for _, l := range absolute(links, base) {
			if strings.Contains(l.href, ">") && !strings.Contains(s, ">") {
				t.Fatalf("%q in %q", l.href, s)
			}
			if u, err := endpointURL(base, l.href); err == nil && (u.Scheme != "https" || !publicName(u.Hostname())) {
				t.Fatalf("%q is an endpoint", u)
			}
		}
	})
}

// FuzzDocumentLinks does the same for pages.
func FuzzDocumentLinks(f *testing.F) {
	for _, s := range []string{
		`<link rel=authorization_endpoint href=/auth>`, `<base href=//x><link href="a" rel="B c">`, `<!--<link rel=x href=y>`, `<script><link rel=x href=y></script>`,
		`<title><link rel=x href=y></title>`, `<link rel rel=x href href=y>`, `<LINK/REL=x/HREF=y>`, "<link\x00 rel=x>", `<svg><link rel=x href=y>`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		links, base, err := documentLinks(strings.NewReader(s), func(link) bool { return false })
		if err != nil || len(links) > maxLinks {
			t.Fatalf("%d links, %v", len(links), err)
		}
		at := &url.URL{Scheme: "https", Host: "me.example", Path: "/"}
		for _, l := range absolute(links, rebase(at, base)) {
			if u, err := endpointURL(at, l.href); err == nil && (u.Scheme != "https" || !publicName(u.Hostname())) {
				t.Fatalf("%q is an endpoint", u)
			}
		}
	})
}
