package auth_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/internal/auth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestASecretIsLongRandomAndSimple(t *testing.T) {
	form := regexp.MustCompile(`^([0-9a-hjkmnp-tv-z]{5}-){4}[0-9a-hjkmnp-tv-z]{5}$`)
	seen := map[string]bool{}
	used := map[rune]int{}
	for range 2000 {
		s := auth.GenerateSecret()
		if !form.MatchString(s) || url.PathEscape(s) != s || url.QueryEscape(s) != s {
			t.Fatalf("secret %q is not of the form %v", s, form)
		}
		if seen[s] {
			t.Fatalf("secret %q came twice", s)
		}
		seen[s] = true
		for _, c := range strings.ReplaceAll(s, "-", "") {
			used[c]++
		}
	}
	if len(used) != 32 {
		t.Errorf("%d different characters in 2000 secrets, want 32", len(used))
	}
	for c, n := range used { // 50,000 characters, so 1,562 of each
		if n < 1200 || n > 1950 {
			t.Errorf("%q comes %d times in 50000: not evenly random", c, n)
		}
	}
}

func TestASecretIsAStreamKey(t *testing.T) {
	if err := auth.ValidateStreamKeys([]auth.StreamKey{{Key: auth.GenerateSecret()}}); err != nil {
		t.Error(err)
	}
}
