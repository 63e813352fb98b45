//go:build !owncast_noui

package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
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

func TestCompressedFilesCanBeUnpacked(t *testing.T) {
	found := 0
	err := fs.WalkDir(FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".gz") {
			return err
		}
		found++
		plain := strings.TrimSuffix(name, ".gz")
		if _, err := fs.Stat(FS(), plain); err == nil {
			t.Errorf("%s is there twice", plain)
		}
		if unpacked(t, plain) == "" {
			t.Errorf("%s is empty", name)
		}
		return nil
	})
	if err != nil || found == 0 {
		t.Errorf("%d files, %v", found, err)
	}
}

// unpacked returns a file of the application, whatever it is there as.
func unpacked(t *testing.T, name string) string {
	t.Helper()
	rec := get(New(Config{FS: FS()}), "/"+name)
	if rec.Code != http.StatusOK {
		t.Fatalf("%s: %d", name, rec.Code)
	}
	return rec.Body.String()
}

var imports = regexp.MustCompile(`(?:from|import)\s*"\./([^"]+)"`)

// What the first visit loads: the page, everything it refers to and that
// imports at once, and the player's engine, which the script asks for.
func TestTheFirstLoadIsSmall(t *testing.T) {
	const most = 200_000
	html, err := fs.ReadFile(FS(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	var add func(string)
	add = func(name string) {
		if _, ok := seen[name]; ok {
			return
		}
		info, err := fs.Stat(FS(), name+".gz")
		if errors.Is(err, fs.ErrNotExist) {
			info, err = fs.Stat(FS(), name) // too small to be compressed, or an address that is no file
		}
		if err != nil {
			return
		}
		seen[name] = int(info.Size())
		if _, err := fs.Stat(FS(), name+".br"); err != nil && info.Name() != path.Base(name) {
			t.Errorf("brotli: %v", err)
		}
		if !strings.HasSuffix(name, ".js") {
			return
		}
		for _, ref := range imports.FindAllStringSubmatch(unpacked(t, name), -1) {
			add("assets/" + ref[1])
		}
	}
	for _, ref := range references.FindAllStringSubmatch(string(html), -1) {
		add(strings.TrimPrefix(ref[1], "./"))
	}
	engines, err := fs.Glob(FS(), "assets/hls-engine-*.js.gz")
	if err != nil || len(engines) != 1 {
		t.Fatalf("%v, %v", engines, err)
	}
	add(strings.TrimSuffix(engines[0], ".gz"))
	total := len(packed(string(html)))
	for _, size := range seen {
		total += size
	}
	t.Logf("%d bytes by gzip in %d files", total, len(seen)+1)
	if total > most || len(seen) < 4 {
		t.Errorf("the first load is %d bytes by gzip in %d files, of at most %d: %v", total, len(seen), most, seen)
	}
}

var references = regexp.MustCompile(`\b(?:src|href|action|poster)="([^"]*)"`)

func TestThePagesReferToNothingByAbsoluteURL(t *testing.T) {
	pages, err := fs.Glob(FS(), "*.html")
	if err != nil || len(pages) < 2 {
		t.Fatalf("%v, %v", pages, err)
	}
	for _, page := range pages {
		html, err := fs.ReadFile(FS(), page)
		if err != nil {
			t.Fatal(err)
		}
		found := references.FindAllStringSubmatch(string(html), -1)
		for _, ref := range found {
			if strings.HasPrefix(ref[1], "/") || strings.Contains(ref[1], ":") {
				t.Errorf("%s refers to %q", page, ref[1])
			}
			if file, ok := strings.CutPrefix(ref[1], "./"); ok {
				unpacked(t, file)
			}
		}
		if len(found) < 3 {
			t.Errorf("found only %v", found)
		}
		for _, forbidden := range []string{"<base", "<style", " style=", " onclick=", "{{"} {
			if strings.Contains(string(html), forbidden) {
				t.Errorf("%s has %s", page, forbidden)
			}
		}
		if strings.Count(string(html), "<head>") != 1 || strings.Count(string(html), headPlace) != 1 {
			t.Errorf("%s has no place for what the server adds", page)
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
