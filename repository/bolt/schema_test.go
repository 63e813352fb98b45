package bolt

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
)

// openRaw makes or opens a bbolt file until the test ends.
func openRaw(t *testing.T, path string) *bbolt.DB {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func version(t *testing.T, db *bbolt.DB) (v uint64) {
	t.Helper()
	err := db.View(func(tx *bbolt.Tx) (err error) {
		v, err = schemaVersion(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestMigrationsRunOnceAndInOrder(t *testing.T) {
	db := openRaw(t, filepath.Join(t.TempDir(), "test.db"))
	var ran []int
	step := func(n int) migration {
		return func(*bbolt.Tx) error { ran = append(ran, n); return nil }
	}
	for _, steps := range [][]migration{nil, {step(1)}, {step(1), step(2), step(3)}, {step(1), step(2), step(3)}} {
		if err := migrate(db, "test.db", steps); err != nil {
			t.Fatal(err)
		}
		if v := version(t, db); v != uint64(len(steps)) {
			t.Errorf("version %d after %d migrations", v, len(steps))
		}
	}
	if !slices.Equal(ran, []int{1, 2, 3}) {
		t.Errorf("migrations ran: %v, want each once and in order", ran)
	}
}

func TestAFailedMigrationLeavesTheVersionBefore(t *testing.T) {
	db := openRaw(t, filepath.Join(t.TempDir(), "test.db"))
	boom := errors.New("boom")
	create := func(name string, err error) migration {
		return func(tx *bbolt.Tx) error {
			_, createErr := tx.CreateBucket([]byte(name))
			return errors.Join(createErr, err)
		}
	}
	if err := migrate(db, "test.db", []migration{create("a", nil), create("b", boom), create("c", nil)}); !errors.Is(err, boom) {
		t.Fatalf("migrate = %v, want the error of the second step", err)
	}
	if v := version(t, db); v != 1 {
		t.Errorf("version %d, want 1", v)
	}
	if err := migrate(db, "test.db", []migration{create("a", nil), create("b", nil), create("c", nil)}); err != nil {
		t.Errorf("migrate once the second step works = %v", err)
	}
}

func TestANewerSchemaIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db := openRaw(t, path)
	newer := uint64(len(migrations()) + 1)
	if err := db.Update(func(tx *bbolt.Tx) error { return setSchemaVersion(tx, newer) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := Open(path)
	var schema *SchemaError
	if !errors.As(err, &schema) || schema.Version != newer || schema.Supported != newer-1 || schema.File != path {
		t.Errorf("Open = %v, want a SchemaError of version %d", err, newer)
	}
	if errors.Is(err, repository.ErrCorrupt) {
		t.Error("a newer schema is called corrupt")
	}
}

func TestAVersionThatIsNoneIsCorrupt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db := openRaw(t, path)
	err := db.Update(func(tx *bbolt.Tx) error {
		meta, err := tx.CreateBucket([]byte(metaBucket))
		if err != nil {
			return err
		}
		return meta.Put([]byte(versionKey), []byte("one"))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, repository.ErrCorrupt) {
		t.Errorf("Open = %v, want ErrCorrupt", err)
	}
}

func TestRecordsThatAreNoneAreCorrupt(t *testing.T) {
	for name, value := range map[string]string{
		"shorter than a revision": "1234567",
		"revision 0":              "\x00\x00\x00\x00\x00\x00\x00\x00{}",
		"negative revision":       "\xff\xff\xff\xff\xff\xff\xff\xff{}",
	} {
		db, err := Open(filepath.Join(t.TempDir(), "test.db"))
		if err != nil {
			t.Fatal(err)
		}
		err = db.db.Update(func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte(settingsBucket)).Put([]byte("a"), []byte(value))
		})
		if err != nil {
			t.Fatal(err)
		}
		st := db.Repository().Settings
		if _, err := st.Load(t.Context(), "a"); !errors.Is(err, repository.ErrCorrupt) {
			t.Errorf("Load of a record that is %s = %v, want ErrCorrupt", name, err)
		}
		if _, err := st.Save(t.Context(), "a", 0, json.RawMessage(`1`)); !errors.Is(err, repository.ErrCorrupt) {
			t.Errorf("Save over a record that is %s = %v, want ErrCorrupt", name, err)
		}
		if _, err := st.Save(t.Context(), "b", 0, json.RawMessage(`1`)); err != nil {
			t.Errorf("Save beside it = %v", err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// schema1 are the documents of testdata/schema1.db, which the program wrote
// when there was no other schema: the section, each saved as often as it has
// values.
func schema1() map[string][]string {
	return map[string][]string{
		"admin":      {`{"passwordHash":""}`, `{"passwordHash":"$argon2id$"}`},
		"streamkeys": {`[{"key":"one/two","comment":"ü"}]`},
		"ü/\x00":     {`null`, `1`, `{"a":[1,2,3]}`},
	}
}

func TestADatabaseOfSchema1IsStillRead(t *testing.T) {
	db := openGolden(t, "schema1.db", 1)
	writeRecords(t, db.Repository()) // it has all buckets now
	wantRecords(t, db.Repository())
	st := db.Repository().Settings
	for section, values := range schema1() {
		doc, err := st.Load(t.Context(), section)
		if err != nil || doc.Revision != int64(len(values)) || string(doc.Data) != values[len(values)-1] {
			t.Errorf("section %q: revision %d, %s, %v", section, doc.Revision, doc.Data, err)
		}
		if _, err := st.Save(t.Context(), section, doc.Revision, json.RawMessage(`"new"`)); err != nil {
			t.Errorf("Save of section %q = %v", section, err)
		}
	}
}

// openGolden opens a copy of a file in testdata that is of a schema.
func openGolden(t *testing.T, name string, schema uint64) *DB {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "test.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	raw := openRaw(t, path)
	if v := version(t, raw); v != schema {
		t.Fatalf("the file is of schema %d", v)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

var update = flag.Bool("update", false, "write testdata/schema4.db, which must not change once released")

func TestADatabaseOfSchema2IsStillRead(t *testing.T) {
	db := openGolden(t, "schema2.db", 2)
	wantRecords(t, db.Repository())
	if err := db.view(t.Context(), inside(kvstore.Check)); err != nil {
		t.Errorf("Check = %v", err)
	}
	// It has the buckets that came later.
	if err := db.Repository().Webhooks.RecordDeliveries(t.Context(), 1, loggedDelivery()); err != nil {
		t.Errorf("RecordDeliveries = %v", err)
	}
}

func TestADatabaseOfSchema3IsStillRead(t *testing.T) {
	db := openGolden(t, "schema3.db", 3)
	d, err := db.Repository().Webhooks.LoggedDelivery(t.Context(), 1, "d")
	if want := loggedDelivery(); err != nil || !reflect.DeepEqual(d, want) {
		t.Errorf("the log has %+v, %v; want %+v", d, err, want)
	}
	if err := db.view(t.Context(), inside(kvstore.Check)); err != nil {
		t.Errorf("Check = %v", err)
	}
}

func TestADatabaseOfSchema4IsStillRead(t *testing.T) {
	if *update {
		path := filepath.Join("testdata", "schema4.db")
		_ = os.Remove(path)
		db, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		writeRecords(t, db.Repository())
		writeDirectory(t, db.Repository())
		if err := db.Repository().Webhooks.RecordDeliveries(t.Context(), 1, loggedDelivery()); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	db := openGolden(t, "schema4.db", 4)
	wantDirectories(t, db.Repository(), 1, 1)
	d, err := db.Repository().Webhooks.LoggedDelivery(t.Context(), 1, "d")
	if want := loggedDelivery(); err != nil || !reflect.DeepEqual(d, want) {
		t.Errorf("the log has %+v, %v; want %+v", d, err, want)
	}
	if err := db.view(t.Context(), inside(kvstore.Check)); err != nil {
		t.Errorf("Check = %v", err)
	}
}

func directory() repository.Follower {
	return repository.Follower{ActorIRI: "https://d/u", InboxIRI: "https://d/u/in", CreatedAt: recordTime, ApprovedAt: recordTime, Directory: true}
}

func writeDirectory(t *testing.T, r repository.Repository) {
	t.Helper()
	if _, err := r.Followers.SaveFollower(t.Context(), directory()); err != nil {
		t.Fatal(err)
	}
}

// wantDirectories fails the test unless so many directories and other
// followers are approved. Those that are not listed as such are removed, for
// wantRecords.
func wantDirectories(t *testing.T, r repository.Repository, directories, people int) {
	t.Helper()
	for kind, want := range map[repository.FollowerKind]int{repository.FollowersDirectories: directories, repository.FollowersPeople: people} {
		list, total, err := r.Followers.Followers(t.Context(), repository.FollowerQuery{State: repository.FollowersApproved, Kind: kind})
		if err != nil || len(list) != want || total != want {
			t.Errorf("followers of kind %d: %d in the list, %d counted, %v; want %d", kind, len(list), total, err, want)
		}
	}
	if err := r.Followers.DeleteFollower(t.Context(), directory().ActorIRI); err != nil {
		t.Error(err)
	}
}

func TestSchema4ListsDirectoriesApart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	writeRecords(t, db.Repository())
	writeDirectory(t, db.Repository())
	// As schema 3 had it: in the list of people, and counted there.
	err = db.db.Update(func(tx *bbolt.Tx) error {
		index, state := tx.Bucket([]byte("followersByTime")), tx.Bucket([]byte("state"))
		moved := 0
		for k := range keysOf(index) {
			if k[0] > 0x7f {
				moved++
				if err := errors.Join(index.Delete([]byte(k)), index.Put([]byte(string(k[0]&0x7f)+k[1:]), []byte{})); err != nil {
					return err
				}
			}
		}
		if moved != 1 {
			t.Fatalf("%d directories in the index", moved)
		}
		return errors.Join(
			state.Put([]byte("followers.1"), binary.BigEndian.AppendUint64(nil, 2)),
			state.Delete([]byte("followers.129")), setSchemaVersion(tx, 3),
		)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is of schema 4
		if db, err = Open(path); err != nil {
			t.Fatal(err)
		}
		wantDirectories(t, db.Repository(), 1, 1)
		writeDirectory(t, db.Repository())
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// keysOf returns copies of the keys of a bucket.
func keysOf(b *bbolt.Bucket) map[string]bool {
	keys := map[string]bool{}
	_ = b.ForEach(func(k, _ []byte) error { keys[string(k)] = true; return nil })
	return keys
}

func TestTheSchemaHasTheBucketsOfTheStores(t *testing.T) {
	db, err := Open(filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.db.View(func(tx *bbolt.Tx) error {
		buckets := 0
		for name := range bucketNames(tx) {
			if name != metaBucket {
				buckets++
			}
		}
		for b := range kvstore.NumBuckets {
			if tx.Bucket([]byte(b.String())) == nil {
				t.Errorf("bucket %q is not in the schema", b)
			}
		}
		if buckets != int(kvstore.NumBuckets) {
			t.Errorf("the schema has %d buckets, and the stores use %d", buckets, kvstore.NumBuckets)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func bucketNames(tx *bbolt.Tx) map[string]bool {
	names := map[string]bool{}
	_ = tx.ForEach(func(name []byte, _ *bbolt.Bucket) error { names[string(name)] = true; return nil })
	return names
}

func TestAValueThatIsLongerThanTheFileIsCorrupt(t *testing.T) {
	db := openRaw(t, filepath.Join(t.TempDir(), "test.db"))
	err := db.View(func(btx *bbolt.Tx) error {
		for name, c := range map[string]struct{ key, value []byte }{
			"long value": {[]byte("k"), make([]byte, btx.Size()+1)},
			"long key":   {make([]byte, bbolt.MaxKeySize+1), []byte("v")},
			"bucket":     {[]byte("k"), nil},
		} {
			v := &tx{tx: btx}
			if v.sane(c.key, c.value) || !errors.Is(v.err, repository.ErrCorrupt) {
				t.Errorf("%s: %v, want ErrCorrupt", name, v.err)
			}
		}
		if v := (&tx{tx: btx}); !v.sane([]byte("k"), []byte{}) || v.err != nil {
			t.Errorf("an empty value: %v", v.err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
