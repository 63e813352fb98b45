package webhooks_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/webhooks"
)

// What OpenSSL has computed:
//
//	printf '1764375600.{"type":"CHAT"}' | openssl dgst -sha256 -hmac secret
const (
	vectorBody   = `{"type":"CHAT"}`
	vectorHeader = "t=1764375600.s=c6611fedd896b12b1f845b00975c6e86076c5070d159ead80206330988210d85"
)

func vectorTime() time.Time { return time.Unix(1764375600, 0) }

func TestSignaturesAreThoseOfOthers(t *testing.T) {
	if got := webhooks.Sign("secret", vectorTime(), []byte(vectorBody)); got != vectorHeader {
		t.Errorf("Sign = %s, want %s", got, vectorHeader)
	}
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	for _, body := range []string{"", "{}", "\x00\xff\n", strings.Repeat("ü", 10_000)} {
		at := time.Now()
		header := webhooks.Sign("k e y", at, []byte(body))
		signed, sum, _ := strings.Cut(header, ".s=")
		cmd := exec.Command(openssl, "dgst", "-sha256", "-hmac", "k e y", "-r")
		cmd.Stdin = strings.NewReader(strings.TrimPrefix(signed, "t=") + "." + body)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if want, _, _ := bytes.Cut(out, []byte(" ")); string(want) != sum {
			t.Errorf("body %.10q: %s, openssl has %s", body, sum, want)
		}
	}
}

func TestVerify(t *testing.T) {
	now := vectorTime()
	for name, tt := range map[string]struct {
		secret, header, body string
		now                  time.Time
		ok                   bool
	}{
		"right":               {"secret", vectorHeader, vectorBody, now, true},
		"five minutes old":    {"secret", vectorHeader, vectorBody, now.Add(5 * time.Minute), true},
		"too old":             {"secret", vectorHeader, vectorBody, now.Add(5*time.Minute + time.Second), false},
		"of the future":       {"secret", vectorHeader, vectorBody, now.Add(-6 * time.Minute), false},
		"of another secret":   {"Secret", vectorHeader, vectorBody, now, false},
		"of no secret":        {"", webhooks.Sign("", now, []byte(vectorBody)), vectorBody, now, false},
		"of another body":     {"secret", vectorHeader, vectorBody + " ", now, false},
		"of another time":     {"secret", strings.Replace(vectorHeader, "600", "601", 1), vectorBody, now, false},
		"shorter":             {"secret", vectorHeader[:len(vectorHeader)-2], vectorBody, now, false},
		"empty":               {"secret", "", vectorBody, now, false},
		"without a time":      {"secret", "s=" + vectorHeader[15:], vectorBody, now, false},
		"without a signature": {"secret", "t=1764375600.s=", vectorBody, now, false},
		"no time":             {"secret", signedAs("now", vectorBody), vectorBody, now, false},
		"a long time ago":     {"secret", signedAs("-9223372036854775808", vectorBody), vectorBody, now, false},
		"in a long time":      {"secret", signedAs("9223372036854775807", vectorBody), vectorBody, now, false},
	} {
		err := webhooks.Verify(tt.secret, tt.header, []byte(tt.body), tt.now)
		if tt.ok != (err == nil) || err != nil && !errors.Is(err, webhooks.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// signedAs is a header with a right signature of something in the place of the
// time.
func signedAs(t, body string) string {
	m := hmac.New(sha256.New, []byte("secret"))
	m.Write([]byte(t + "." + body))
	return "t=" + t + ".s=" + hex.EncodeToString(m.Sum(nil))
}

func FuzzVerify(f *testing.F) {
	f.Add("secret", vectorHeader, []byte(vectorBody))
	f.Add("secret", "t=.s=", []byte(nil))
	f.Add("", "t=1.s=00", []byte("x"))
	f.Fuzz(func(t *testing.T, secret, header string, body []byte) {
		now := vectorTime()
		if webhooks.Verify(secret, header, body, now) != nil {
			return
		}
		// What is right is what Sign makes of the same time.
		signed, _, _ := strings.Cut(strings.TrimPrefix(header, "t="), ".")
		for s := -webhooks.SignatureTolerance; s <= webhooks.SignatureTolerance; s += time.Second {
			if strings.EqualFold(webhooks.Sign(secret, now.Add(s), body), header) {
				return
			}
		}
		t.Errorf("Verify takes %q, of %q", header, signed)
	})
}
