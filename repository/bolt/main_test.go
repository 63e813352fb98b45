package bolt_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/bolt"
)

// writerPath is set, to the path of a database, in the process that writes
// until it is killed.
const writerPath = "REPOSITORY_BOLT_TEST_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(writerPath); path != "" {
		fmt.Println(writeForEver(path))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		bolt.RemoveBig()
		os.Exit(code)
	}))
}

// sections is how many sections the writer goes through.
const sections = 7

// writeForEver saves documents, and prints the number of each that is saved.
func writeForEver(path string) error {
	db, err := bolt.Open(path)
	if err != nil {
		return err
	}
	st := db.Repository().Settings
	n, err := lastWritten(st)
	if err != nil {
		return err
	}
	for {
		n++
		data := fmt.Sprintf(`{"n":%d,"fill":%q}`, n, strings.Repeat("x", n*7919%50000))
		if _, err := st.Save(context.Background(), section(n), revision(n), json.RawMessage(data)); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

func section(n int) string { return fmt.Sprint("section", n%sections) }

// revision is that of the section before the n-th document is saved.
func revision(n int) int64 { return int64((n - 1) / sections) }

// lastWritten returns the number of the last document in st, and an error if
// one before it is missing.
func lastWritten(st repository.Settings) (int, error) {
	last := 0
	written := map[int]bool{}
	for i := range sections {
		doc, err := st.Load(context.Background(), fmt.Sprint("section", i))
		if err != nil {
			continue
		}
		var v struct{ N int }
		if err := json.Unmarshal(doc.Data, &v); err != nil {
			return 0, err
		}
		if doc.Revision != revision(v.N)+1 {
			return 0, fmt.Errorf("document %d is revision %d", v.N, doc.Revision)
		}
		written[v.N] = true
		last = max(last, v.N)
	}
	for n := max(1, last-sections+1); n <= last; n++ {
		if !written[n] {
			return 0, fmt.Errorf("document %d of %d is missing", n, last)
		}
	}
	return last, nil
}

func TestAKilledWriterLosesNothingItWasToldIsSaved(t *testing.T) {
	kills := 6
	if testing.Short() {
		kills = 3
	}
	path := filepath.Join(t.TempDir(), "test.db")
	for kill := range kills {
		acknowledged := writeAndKill(t, path, 1+kill*17)
		checkPages(t, path)
		db, err := bolt.Open(path)
		if err != nil {
			t.Fatalf("Open after kill %d = %v", kill, err)
		}
		last, err := lastWritten(db.Repository().Settings)
		if err != nil || last < acknowledged {
			t.Errorf("after kill %d: %d documents (%v), but %d were acknowledged", kill, last, err, acknowledged)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// writeAndKill has another process write at least count documents to the
// database at path, kills it, and returns the last that was acknowledged.
func writeAndKill(t *testing.T, path string, count int) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), writerPath+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last, lines := 0, 0
	for s := bufio.NewScanner(out); s.Scan(); {
		n, err := strconv.Atoi(s.Text())
		if err != nil {
			t.Fatalf("the writer failed: %s", s.Text())
		}
		last = n
		if lines++; lines == count {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait()
	return last
}

// checkPages has bbolt check every page of the database.
func checkPages(t *testing.T, path string) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			t.Error(err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
