package geoip

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

var update = flag.Bool("update", false, "write testdata")

// example is the file that tests of other packages read.
const example = "testdata/example.mmdb"

func TestTheExampleIsUpToDate(t *testing.T) {
	networks := map[string]any{
		"127.0.0.0/8": city("XX", "not asked", "UTC"), "203.0.113.0/24": city("DE", "Berlin", "Europe/Berlin"),
		"2001:db8::/32": city("SE", "Skåne", "Europe/Stockholm"),
	}
	if *update {
		writeDB(t, example, networks)
	}
	if b, err := os.ReadFile(example); err != nil || !bytes.Equal(b, encodeDB(networks)) {
		t.Errorf("%s is not what the tests encode, %v: run with -update", example, err)
	}
}

func open(t testing.TB, networks map[string]any) (*DB, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "city.mmdb")
	writeDB(t, path, networks)
	db, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return db, path
}

func TestAddressesAreLookedUp(t *testing.T) {
	proxy := city("DE", "Berlin", "Europe/Berlin")
	proxy["traits"] = map[string]any{"is_anonymous_proxy": true}
	bare := map[string]any{"country": map[string]any{"iso_code": "FR"}}
	db, _ := open(t, map[string]any{
		"203.0.113.0/24":  city("DE", "Berlin", "Europe/Berlin"),
		"2001:db8::/32":   city("SE", "Skåne", "Europe/Stockholm"),
		"198.51.100.0/25": proxy, "198.51.100.128/25": bare,
		"192.0.2.0/25": map[string]any{"location": map[string]any{"time_zone": "UTC"}}, "192.0.2.128/25": "not a map",
		"100.64.0.0/10": city("DE", strings.Repeat("x", 101), "\xff"),
	})
	for addr, want := range map[string]string{
		"203.0.113.7": "{DE Berlin Europe/Berlin} true", "::ffff:203.0.113.7": "{DE Berlin Europe/Berlin} true",
		"2001:db8::1": "{SE Skåne Europe/Stockholm} true", "2001:db8::1%eth0": "{SE Skåne Europe/Stockholm} true",
		"198.51.100.1": "{  } false", "198.51.100.200": "{FR Unknown } true",
		"192.0.2.1": "{  } false", "192.0.2.200": "{  } false", "8.8.8.8": "{  } false",
		"100.64.0.1": "{DE Unknown } true",
		"127.0.0.1":  "{N/A Localhost } true", "::1": "{N/A Localhost } true", "10.0.0.1": "{  } false",
	} {
		for range 2 { // the second is of the cache
			p, ok := db.Lookup(netip.MustParseAddr(addr))
			if got := fmt.Sprint(p, ok); got != want {
				t.Errorf("%s: %s, want %s", addr, got, want)
			}
		}
	}
	if p, ok := db.Lookup(netip.Addr{}); ok {
		t.Errorf("no address: %v", p)
	}
}

func TestAFileThatIsNoDatabaseIsAnError(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x.mmdb")
	if err := os.WriteFile(file, []byte("not a database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "missing"), dir, file} {
		_, err := Open(path, nil)
		wrong := new(FileError)
		if !errors.As(err, &wrong) || wrong.Path != path || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
		if missing := errors.Is(err, fs.ErrNotExist); missing != strings.HasSuffix(path, "missing") {
			t.Errorf("%s: %v matches fs.ErrNotExist: %v", path, err, missing)
		}
	}
}

func TestAFileThatWasReplacedIsReadAgain(t *testing.T) {
	db, path := open(t, map[string]any{"203.0.113.0/24": city("DE", "a", "b")})
	var log bytes.Buffer
	db.log = slog.New(slog.NewTextHandler(&log, nil))
	now := time.Now()
	db.now = func() time.Time { return now }
	addr := netip.MustParseAddr("203.0.113.7")
	want := func(when, country string) {
		t.Helper()
		if p, _ := db.Lookup(addr); p.CountryCode != country {
			t.Errorf("%s: %+v, want %s", when, p, country)
		}
	}
	replace := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(path+".new", b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	want("at first", "DE")
	replace(encodeDB(map[string]any{"203.0.113.0/24": city("SE", "a", "b")}))
	want("at once", "DE")
	now = now.Add(checkEvery)
	want("after a minute", "SE")
	replace([]byte("broken"))
	for range 3 {
		now = now.Add(checkEvery)
		want("with a broken file", "SE")
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 {
		t.Errorf("%d warnings:\n%s", n, log.String())
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	now = now.Add(checkEvery)
	want("without a file", "SE")
	replace(encodeDB(map[string]any{"203.0.113.0/24": city("FI", "a", "b")}))
	now = now.Add(checkEvery)
	want("with a good file again", "FI")
	if err := os.Truncate(path, 10); err != nil {
		t.Fatal(err)
	}
	want("cut short", "FI")
}

func TestTheCacheIsBounded(t *testing.T) {
	db, _ := open(t, map[string]any{"203.0.0.0/8": city("DE", "a", "b")})
	addr := netip.MustParseAddr("203.0.0.0")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for a, i := addr, 0; i < 3*cacheSize; i++ {
				if p, ok := db.Lookup(a); !ok || p.CountryCode != "DE" {
					t.Errorf("%s: %v", a, p)
				}
				a = a.Next()
			}
		})
	}
	wg.Wait()
	if len(db.recent) > cacheSize || len(db.older) > cacheSize {
		t.Errorf("%d and %d are cached", len(db.recent), len(db.older))
	}
}

func FuzzLookup(f *testing.F) {
	good := encodeDB(map[string]any{"203.0.113.0/24": city("DE", "Berlin", "Europe/Berlin")})
	f.Add(good)
	f.Add(good[:len(good)-10])
	f.Add([]byte("\xab\xcd\xefMaxMind.com"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := maxminddb.OpenBytes(data)
		if err != nil {
			return
		}
		for _, addr := range []string{"203.0.113.7", "2001:db8::1", "0.0.0.0"} {
			p, ok := lookup(r, netip.MustParseAddr(addr))
			if ok != (p.CountryCode != "") || len(p.CountryCode+p.RegionName+p.TimeZone) > 3*maxText {
				t.Errorf("%+v, %v", p, ok)
			}
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	db, _ := open(b, map[string]any{"203.0.113.0/24": city("DE", "Berlin", "Europe/Berlin")})
	addr := netip.MustParseAddr("203.0.113.7")
	b.Run("cached", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			db.Lookup(addr)
		}
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			lookup(db.reader, addr)
		}
	})
}
