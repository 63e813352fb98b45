package otp_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/internal/otp"
)

// FuzzAccount holds what is accepted to be canonical, and to be a user and a
// host in every URL it ends up in.
func FuzzAccount(f *testing.F) {
	for _, s := range []string{"ann@a.test", "@Ann@A.Test:8443", "acct:@a@b.c", "a@b.c/d", "a@b@c.d", "İ@a.test", "~@-.-", "a@MÜNCHEN.test:1", "a@ｂ。c", "a@℀.d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := otp.Account(s)
		if err != nil {
			return
		}
		user, host, _ := strings.Cut(got, "@")
		u, err := url.Parse("https://" + host + "/x?resource=acct:" + got)
		if err != nil || u.Host != host || u.User != nil || u.Path != "/x" || u.Query().Get("resource") != "acct:"+user+"@"+host {
			t.Fatalf("%q is %q: %v, %v", s, got, u, err)
		}
		if again, err := otp.Account(got); err != nil || again != got {
			t.Fatalf("%q is %q, and that %q, %v", s, got, again, err)
		}
	})
}
