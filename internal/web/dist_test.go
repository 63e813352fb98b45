//go:build !owncast_noui

package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"sort"
	"strings"
	"testing"
)

// The sources of dist are everything in ui but these, and no dot files but
// .npmrc; ui/scripts/finish.mjs goes by the same rule.
func isSource(name string) bool {
	base := path.Base(name)
	return name != "node_modules" && name != "e2e" && (!strings.HasPrefix(base, ".") || base == ".npmrc" || base == ".")
}

func TestDistIsBuiltFromTheSourcesBesideIt(t *testing.T) {
	var names []string
	ui := os.DirFS("ui")
	err := fs.WalkDir(ui, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !isSource(name) && d.IsDir():
			return fs.SkipDir
		case isSource(name) && !d.IsDir():
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(names)
	sum := sha256.New()
	for _, name := range names {
		data, err := fs.ReadFile(ui, name)
		if err != nil {
			t.Fatal(err)
		}
		sum.Write([]byte(name + "\x00"))
		sum.Write(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
		sum.Write([]byte{0})
	}
	want, err := os.ReadFile("dist/.source-hash")
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != strings.TrimSpace(string(want)) {
		t.Errorf("ui has changed since dist was built (%s): run npm run build in internal/web/ui", got)
	}
}

func TestAllOfDistIsEmbedded(t *testing.T) {
	err := fs.WalkDir(os.DirFS("dist"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == ".source-hash" {
			return err
		}
		_, err = fs.Stat(FS(), name)
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestTheCompressedCopiesAreCopies(t *testing.T) {
	copies := 0
	err := fs.WalkDir(FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".gz") {
			return err
		}
		copies++
		plain, err := fs.ReadFile(FS(), strings.TrimSuffix(name, ".gz"))
		if err != nil {
			return err
		}
		f, err := FS().Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		if gunzip(t, f) != string(plain) {
			t.Errorf("%s is something else", name)
		}
		return nil
	})
	if err != nil || copies == 0 {
		t.Errorf("%d copies, %v", copies, err)
	}
}

// What the first visit loads: the page, everything it refers to, and the
// player's engine, which the script asks for.
func TestTheFirstLoadIsSmall(t *testing.T) {
	const most = 200_000
	total := 0
	for _, pattern := range []string{"index.html.gz", "assets/*.js.gz", "assets/*.css.gz"} {
		names, err := fs.Glob(FS(), pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v, %v", pattern, names, err)
		}
		for _, name := range names {
			info, err := fs.Stat(FS(), name)
			if err != nil {
				t.Fatal(err)
			}
			total += int(info.Size())
		}
	}
	t.Logf("%d bytes by gzip", total)
	if total > most {
		t.Errorf("the first load is %d bytes by gzip, more than %d", total, most)
	}
}

var references = regexp.MustCompile(`\b(?:src|href|action|poster)="([^"]*)"`)

func TestThePageRefersToNothingByAbsoluteURL(t *testing.T) {
	html, err := fs.ReadFile(FS(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	found := references.FindAllStringSubmatch(string(html), -1)
	for _, ref := range found {
		if strings.HasPrefix(ref[1], "/") || strings.Contains(ref[1], ":") {
			t.Errorf("refers to %q", ref[1])
		}
		if file, ok := strings.CutPrefix(ref[1], "./"); ok {
			if _, err := fs.Stat(FS(), file); err != nil {
				t.Error(err)
			}
		}
	}
	if len(found) < 4 {
		t.Errorf("found only %v", found)
	}
	for _, forbidden := range []string{"<base", "<style", " style=", " onclick=", "{{"} {
		if strings.Contains(string(html), forbidden) {
			t.Errorf("the page has %s", forbidden)
		}
	}
}

func TestTheLockfileNamesNoRegistry(t *testing.T) {
	lock, err := os.ReadFile("ui/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(lock, []byte(`"resolved"`)) {
		t.Error("package-lock.json says where packages come from: install with ui/.npmrc in place")
	}
}

func gunzip(t *testing.T, r io.Reader) string {
	t.Helper()
	z, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
