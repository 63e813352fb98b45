package otp_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/internal/otp"
)

// clock is one that tests put forward.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newCodes() (*otp.Codes, *clock) {
	c := &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	return otp.New(c.Now), c
}

// place is an address like no other.
func place(i int) netip.Addr { return netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}) }

func issue(t *testing.T, c *otp.Codes, holder, account string, i int) string {
	t.Helper()
	code, err := c.Issue(holder, account, place(i))
	if err != nil || len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		t.Fatalf("Issue = %q, %v", code, err)
	}
	return code
}

// other is a code that is not this one.
func other(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func wants(t *testing.T, c *otp.Codes, holder, code, account string) {
	t.Helper()
	got, err := c.Redeem(holder, code, netip.Addr{})
	if got != account || account == "" && !errors.Is(err, otp.ErrWrong) || account != "" && err != nil {
		t.Errorf("Redeem = %q, %v; want %q", got, err, account)
	}
}

func TestACodeIsGoodOnce(t *testing.T) {
	c, _ := newCodes()
	code := issue(t, c, "h", "ann@a.test", 1)
	wants(t, c, "other", code, "") // somebody else's
	wants(t, c, "h", other(code), "")
	wants(t, c, "h", "", "")
	wants(t, c, "h", " "+code+"\n", "ann@a.test")
	wants(t, c, "h", code, "")
}

func TestACodeIsGoodForTenMinutes(t *testing.T) {
	c, clock := newCodes()
	code := issue(t, c, "h", "ann@a.test", 1)
	clock.now = clock.now.Add(otp.Life - 1)
	wants(t, c, "h", code, "ann@a.test")
	code = issue(t, c, "h", "ann@a.test", 1)
	clock.now = clock.now.Add(otp.Life)
	wants(t, c, "h", code, "")
}

func TestACodeIsGuessedFiveTimes(t *testing.T) {
	c, _ := newCodes()
	code := issue(t, c, "h", "ann@a.test", 1)
	for range 4 {
		wants(t, c, "h", other(code), "")
	}
	wants(t, c, "h", code, "ann@a.test")
	code = issue(t, c, "h", "ann@a.test", 1)
	for range 5 {
		wants(t, c, "h", other(code), "")
	}
	wants(t, c, "h", code, "")
}

func TestANewCodeTakesThePlaceOfTheOld(t *testing.T) {
	c, _ := newCodes()
	first := issue(t, c, "h", "ann@a.test", 1)
	second := issue(t, c, "h", "ben@a.test", 1)
	if first != second {
		wants(t, c, "h", first, "")
	}
	wants(t, c, "h", second, "ben@a.test")
	third := issue(t, c, "h", "ben@a.test", 1)
	c.Revoke("h")
	wants(t, c, "h", third, "")
	c.Revoke("nobody")
}

func TestCodesAreLimited(t *testing.T) {
	for name, tt := range map[string]struct {
		most int
		one  func(i int) (holder, account string, from netip.Addr)
	}{
		"to an account": {3, func(i int) (string, string, netip.Addr) { return fmt.Sprint(i), "ann@a.test", place(i) }},
		"to a holder":   {10, func(i int) (string, string, netip.Addr) { return "h", fmt.Sprintf("u%d@h%d.test", i, i), place(i) }},
		"from an address": {20, func(i int) (string, string, netip.Addr) {
			return fmt.Sprint(i), fmt.Sprintf("u%d@h%d.test", i, i), place(1)
		}},
		"to a server": {100, func(i int) (string, string, netip.Addr) { return fmt.Sprint(i), fmt.Sprintf("u%d@a.test", i), place(i) }},
		"at a time": {1000, func(i int) (string, string, netip.Addr) {
			return fmt.Sprint(i), fmt.Sprintf("u%d@h%d.test", i, i), place(i)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c, clock := newCodes()
			for i := range tt.most {
				if _, err := c.Issue(tt.one(i)); err != nil {
					t.Fatalf("%d: %v", i, err)
				}
			}
			_, err := c.Issue(tt.one(tt.most))
			busy := new(otp.BusyError)
			if !errors.As(err, &busy) || busy.RetryAfter <= 0 {
				t.Fatal(err)
			}
			clock.now = clock.now.Add(time.Hour)
			if _, err := c.Issue(tt.one(tt.most)); err != nil {
				t.Errorf("an hour later: %v", err)
			}
		})
	}
}

func TestTriesFromAnAddressAreLimited(t *testing.T) {
	c, clock := newCodes()
	code := issue(t, c, "h", "ann@a.test", 1)
	for i := range 60 {
		if _, err := c.Redeem(fmt.Sprint(i), code, place(9)); !errors.Is(err, otp.ErrWrong) {
			t.Fatal(err)
		}
	}
	busy := new(otp.BusyError)
	if _, err := c.Redeem("h", code, place(9)); !errors.As(err, &busy) {
		t.Error(err)
	}
	clock.now = clock.now.Add(time.Minute)
	wants(t, c, "h", code, "ann@a.test") // from elsewhere
}

func TestAccounts(t *testing.T) {
	for s, want := range map[string]string{
		"ann@a.test":                         "ann@a.test",
		" @Ann@A.Test ":                      "ann@a.test",
		"acct:ann_b.c-d@x.a.test":            "ann_b.c-d@x.a.test",
		"ann@a.test:8443":                    "ann@a.test:8443",
		"":                                   "",
		"ann":                                "",
		"@a.test":                            "",
		"ann@":                               "",
		"ann@a":                              "",
		"ann@@a.test":                        "",
		"ann@b@a.test":                       "",
		"ann@.test":                          "",
		"ann@a..test":                        "",
		"ann@a.test.":                        "",
		"ann@a.test/x":                       "",
		"ann@a.test:":                        "",
		"ann@a.test:x":                       "",
		"ann@a.test:123456":                  "",
		"a nn@a.test":                        "",
		"ann@a.test\r\nx: y":                 "",
		"<b>@a.test":                         "",
		"ann@münchen.test":                   "ann@xn--mnchen-3ya.test",
		"Ann@MÜNCHEN.test:8443":              "ann@xn--mnchen-3ya.test:8443",
		"ann@xn--MNCHEN-3ya.test":            "ann@xn--mnchen-3ya.test",
		"ann@℀.test":                         "",
		"änn@a.test":                         "",
		"ann@[::1]":                          "",
		"https://a.test/@ann":                "",
		strings.Repeat("a", 330) + "@a.test": "",
	} {
		if got, err := otp.Account(s); got != want || (err == nil) != (want != "") {
			t.Errorf("Account(%q) = %q, %v; want %q", s, got, err, want)
		}
	}
}

// TestCodesAreSpreadEvenly would fail once in some billions of runs.
func TestCodesAreSpreadEvenly(t *testing.T) {
	c, _ := newCodes()
	first := map[byte]int{}
	for i := range 900 {
		first[issue(t, c, fmt.Sprint(i), fmt.Sprintf("u@h%d.test", i), i)[0]]++
	}
	for d := byte('0'); d <= '9'; d++ {
		if first[d] < 30 || first[d] > 170 {
			t.Errorf("%d codes begin with %c", first[d], d)
		}
	}
}
