package web

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

var noticeRow = regexp.MustCompile(`(?m)^\| (?:\[)?([^ |\]]+)[^|]* \| v?([0-9.]+) \| `)

func TestTheNoticesNameTheVersionsInUse(t *testing.T) {
	read := func(name string) string {
		t.Helper()
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var packages struct{ Dependencies map[string]string }
	if err := json.Unmarshal([]byte(read("ui/package.json")), &packages); err != nil {
		t.Fatal(err)
	}
	goMod := read("../../go.mod")
	named := map[string]string{}
	for _, row := range noticeRow.FindAllStringSubmatch(read("../../NOTICES.md"), -1) {
		named[row[1]] = row[2]
		if strings.Contains(row[1], "/") && row[1][0] != '@' && !strings.Contains(goMod, row[1]+" v"+row[2]) {
			t.Errorf("go.mod does not require %s v%s", row[1], row[2])
		}
	}
	for name, version := range packages.Dependencies {
		if named[name] != version {
			t.Errorf("%s is %s, and in the notices %q", name, version, named[name])
		}
	}
}
