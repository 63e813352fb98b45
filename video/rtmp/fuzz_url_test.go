package rtmp

import (
	"strings"
	"testing"
)

// FuzzCheckURL checks any URL and key. No error repeats the key, and nothing
// that ends a line or a command gets through.
func FuzzCheckURL(f *testing.F) {
	f.Add("rtmp://live.example/app/key?a=b", "")
	f.Add("rtmps://[::1]:443/app/instance", "live_123")
	f.Add("rtmp://user:secret@host/app/key", "")
	f.Add("rtmp://host", "")
	f.Add("RTMP://:1935//", "k\r\n")
	f.Add("rtmp://[/x/y", "")
	f.Fuzz(func(t *testing.T, rawURL, key string) {
		target, err := parseTarget(rawURL, key)
		if err != nil {
			if len(key) > 8 && !strings.Contains("rtmp: URL or stream key with a space or a control character", key) && strings.Contains(err.Error(), key) {
				t.Errorf("%q repeats the key", err)
			}
			return
		}
		if target.host == "" || target.key == "" || target.addr == "" {
			t.Errorf("%q, %q: taken as %+v", rawURL, key, target)
		}
		for _, s := range []string{target.host, target.addr, target.app, target.key, target.url} {
			if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
				t.Errorf("%q, %q: taken as %+v", rawURL, key, target)
			}
		}
		if target.secrets().Replace(target.key) == target.key && strings.Trim(target.key, "*") != "" {
			t.Errorf("the key %q is not replaced", target.key)
		}
	})
}
