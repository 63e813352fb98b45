// Package geoip tells where an address is thought to be, by a file in the
// MaxMind DB format such as GeoLite2-City.mmdb, which the host brings.
package geoip

import (
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/oschwald/maxminddb-golang/v2"
)

const (
	maxFile    = 1 << 30
	maxText    = 100  // bytes of each part of a Place
	cacheSize  = 4096 // addresses; there are two caches of them at the most
	checkEvery = time.Minute
)

// Place is where an address is thought to be.
type Place struct {
	CountryCode string // ISO 3166-1 alpha-2; "N/A" for this machine
	RegionName  string // in English; "Unknown" if the file does not tell
	TimeZone    string // such as "Europe/Berlin"; empty if the file does not tell
}

// FileError is a database that cannot be used.
type FileError struct {
	Path string
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("geoip: %s: %v", e.Path, e.Err) }

// Unwrap returns e.Err.
func (e *FileError) Unwrap() error { return e.Err }

// DB is a database. It is read into memory, so that nothing happens to who
// uses it if the file is cut short; when the file has been replaced, it is
// read again within a minute of use. Make one with [Open]. It is safe for
// concurrent use.
type DB struct {
	path string
	log  *slog.Logger
	now  func() time.Time

	reloading sync.Mutex

	mu      sync.RWMutex // guards the rest
	reader  *maxminddb.Reader
	file    fs.FileInfo // as it was last read, or could not be
	checked time.Time
	// An address that is looked up is in recent; when that is full it
	// becomes older, and what was older is forgotten.
	recent, older map[netip.Addr]answer
}

type answer struct {
	place Place
	known bool
}

// Open reads the file. The error is a [*FileError]. The logger gets why a file
// that has replaced it cannot be used; nil discards that.
func Open(path string, log *slog.Logger) (*DB, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	reader, info, err := read(path)
	if err != nil {
		return nil, &FileError{Path: path, Err: err}
	}
	db := &DB{path: path, log: log, now: time.Now}
	db.use(reader, info)
	return db, nil
}

func read(path string) (*maxminddb.Reader, fs.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, nil, err
	case !info.Mode().IsRegular():
		return nil, info, fmt.Errorf("not a file")
	case info.Size() > maxFile:
		return nil, info, fmt.Errorf("larger than %d bytes", maxFile)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, info, err
	}
	reader, err := maxminddb.OpenBytes(data)
	return reader, info, err
}

// use takes a reader in place of the one before.
func (db *DB) use(r *maxminddb.Reader, info fs.FileInfo) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.reader, db.file, db.checked = r, info, db.now()
	db.recent, db.older = map[netip.Addr]answer{}, nil
}

// Lookup tells where an address is; false if that is not known, or if it is
// of an anonymous proxy.
func (db *DB) Lookup(addr netip.Addr) (Place, bool) {
	addr = addr.WithZone("").Unmap()
	if !addr.IsValid() {
		return Place{}, false
	}
	if addr.IsLoopback() {
		return Place{CountryCode: "N/A", RegionName: "Localhost"}, true
	}
	db.reload()
	db.mu.RLock()
	a, ok := db.recent[addr]
	if !ok {
		a, ok = db.older[addr]
	}
	reader := db.reader
	db.mu.RUnlock()
	if !ok {
		a.place, a.known = lookup(reader, addr)
		db.remember(reader, addr, a)
	}
	return a.place, a.known
}

func (db *DB) remember(reader *maxminddb.Reader, addr netip.Addr, a answer) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.reader != reader {
		return // it is of the file before
	}
	if len(db.recent) >= cacheSize {
		db.recent, db.older = map[netip.Addr]answer{}, db.recent
	}
	db.recent[addr] = a
}

// reload reads a file that has replaced the one that is used. Others use that
// one meanwhile.
func (db *DB) reload() {
	now := db.now()
	db.mu.RLock()
	due := now.Sub(db.checked) >= checkEvery
	db.mu.RUnlock()
	if !due || !db.reloading.TryLock() {
		return
	}
	defer db.reloading.Unlock()
	info, err := os.Stat(db.path)
	db.mu.Lock()
	db.checked = now
	before := db.file
	db.mu.Unlock()
	if err != nil || os.SameFile(info, before) && info.ModTime().Equal(before.ModTime()) && info.Size() == before.Size() {
		return // a file that has gone is about to be replaced
	}
	reader, info, err := read(db.path)
	if err == nil {
		db.use(reader, info)
		return
	}
	db.log.Warn("the GeoIP database was replaced by one that cannot be used", "err", err)
	if info != nil {
		db.mu.Lock()
		db.file = info // and is not tried again
		db.mu.Unlock()
	}
}

// record is what is read of an entry.
type record struct {
	Country struct {
		ISOCode string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	Subdivisions []struct {
		Names struct {
			English string `maxminddb:"en"`
		} `maxminddb:"names"`
	} `maxminddb:"subdivisions"`
	Location struct {
		TimeZone string `maxminddb:"time_zone"`
	} `maxminddb:"location"`
	Traits struct {
		AnonymousProxy bool `maxminddb:"is_anonymous_proxy"`
	} `maxminddb:"traits"`
}

// lookup reads an entry. One that is damaged is not known.
func lookup(r *maxminddb.Reader, addr netip.Addr) (Place, bool) {
	var rec record
	if err := r.Lookup(addr).Decode(&rec); err != nil {
		return Place{}, false
	}
	p := Place{CountryCode: text(rec.Country.ISOCode), RegionName: "Unknown", TimeZone: text(rec.Location.TimeZone)}
	if p.CountryCode == "" || rec.Traits.AnonymousProxy {
		return Place{}, false
	}
	if len(rec.Subdivisions) > 0 {
		if name := text(rec.Subdivisions[0].Names.English); name != "" {
			p.RegionName = name
		}
	}
	return p, true
}

// text is s if it is text of a likely length.
func text(s string) string {
	if len(s) > maxText || !utf8.ValidString(s) {
		return ""
	}
	return s
}
