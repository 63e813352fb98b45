package federation

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/repository"
)

// lower stands for what makes hosts canonical.
func lower(host string) (string, bool) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "münchen.example" {
		host = "xn--mnchen-3ya.example"
	}
	return host, host != "" && !strings.ContainsAny(host, " :/@")
}

func TestBlockedDomainsCoverWhatIsBelow(t *testing.T) {
	b := NewBlocklist([]string{"example.com", "münchen.example", "Port.example:8443", "nonsense domain"}, lower)
	for host, want := range map[string]bool{
		"example.com": true, "EXAMPLE.com": true, "example.com.": true, "example.com:443": true, "example.com:8443": true,
		"sub.example.com": true, "a.b.example.com:1": true,
		"notexample.com": false, "example.com.evil.example": false, "com": false, "example.org": false, "xample.com": false,
		"münchen.example": true, "xn--mnchen-3ya.example": true, "www.xn--mnchen-3ya.example": true, "mnchen-3ya.example": false,
		"port.example": false, "port.example:443": false, "port.example:8443": true, "www.port.example:8443": true,
		"": true, "a b": true, ":443": true, "[::1]": true, "[::1]:443": true, "a@b": true,
	} {
		if got := b.Blocks(host); got != want {
			t.Errorf("Blocks(%q) = %v", host, got)
		}
	}
	if b.Len() != 3 {
		t.Errorf("%d entries", b.Len())
	}
}

func TestListsOfDomainsAreImported(t *testing.T) {
	type skipped = SkippedDomain
	for name, tt := range map[string]struct {
		csv     string
		domains []string
		skipped []skipped
	}{
		"of Mastodon": {
			"#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n" +
				"bad.example,suspend,TRUE,TRUE,\"spam, and more\nof it\",FALSE\n" +
				"loud.example,silence,FALSE,FALSE,,FALSE\nfine.example,noop,FALSE,FALSE,,FALSE\nh*****n.example,suspend,TRUE,TRUE,,TRUE\nworse.example,suspend,,,,\n",
			[]string{"bad.example", "worse.example"},
			[]skipped{{4, "loud.example", "its severity is silence"}, {5, "fine.example", "its severity is noop"}, {6, "h*****n.example", "part of it is hidden"}},
		},
		"columns in another order": {"severity,public_comment,domain\r\nSUSPEND,x,A.example.\r\nother,x,b.example\r\n", []string{"a.example"}, []skipped{{3, "b.example", "its severity is unknown"}}},
		"one in each line":         {"\ufeffone.example\n\n  two.example \nMÜNCHEN.example\nnot a domain\nhttps://three.example/\n", []string{"one.example", "two.example", "münchen.example"}, []skipped{{5, "not a domain", "it is no domain"}, {6, "https://three.example/", "it is no domain"}}},
		"nothing":                  {"", nil, nil},
		"a header alone":           {"#domain\n", nil, nil},
		"a short line":             {"#severity,#domain\nsuspend\n", nil, nil},
	} {
		domains, skips, err := ImportDomains(tt.csv)
		if err != nil || !reflect.DeepEqual(domains, tt.domains) || !reflect.DeepEqual(skips, tt.skipped) {
			t.Errorf("%s: %q, %+v, %v", name, domains, skips, err)
		}
	}
	var field *repository.FieldError
	if _, _, err := ImportDomains(strings.Repeat("a.example\n", MaxCSV/10+1)); !errors.As(err, &field) {
		t.Errorf("too much: %v", err)
	}
}

func TestWhatIsExportedCanBeImported(t *testing.T) {
	var domains []string
	for i := range 5000 {
		domains = append(domains, fmt.Sprintf("bad%d.example", i))
	}
	csv, err := ExportDomains(domains)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(csv), "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\nbad0.example,suspend,") {
		t.Errorf("%.200s", csv)
	}
	got, skipped, err := ImportDomains(string(csv))
	if err != nil || len(skipped) > 0 || !reflect.DeepEqual(got, domains) {
		t.Errorf("%d domains, %v, %v", len(got), skipped, err)
	}
}

func FuzzImportDomains(f *testing.F) {
	f.Add("#domain,#severity\nbad.example,suspend\n")
	f.Add("one.example\ntwo.example\n")
	f.Add("\"a\nb\",x\n")
	f.Fuzz(func(t *testing.T, csv string) {
		domains, skipped, err := ImportDomains(csv)
		if err != nil {
			return
		}
		s := Setting()
		v := s.Default()
		v.BlockedDomains = domains
		if len(domains) <= MaxBlockedDomains {
			if err := s.Validate(&v); err != nil {
				t.Errorf("what was imported is not valid: %v", err)
			}
		}
		for _, x := range skipped {
			if x.Line < 1 || x.Reason == "" {
				t.Errorf("%+v", x)
			}
		}
	})
}
