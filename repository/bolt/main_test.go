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

// writeForEver writes to several stores, and prints what is stored when it is:
// "doc" and the number of a document, "msg" and the id of a message of the
// chat, "job" and the number of a delivery.
func writeForEver(path string) error {
	db, err := bolt.Open(path)
	if err != nil {
		return err
	}
	r := db.Repository()
	ctx := context.Background()
	failed := make(chan error)
	for g := range 4 {
		go func() {
			for i := 0; ; i++ {
				m := repository.Message{ID: fmt.Sprint(os.Getpid(), "/", g, "/", i), UserID: fmt.Sprint(g), Body: strings.Repeat("x", i*7919%500)}
				if err := r.Chat.AppendMessages(ctx, m); err != nil {
					failed <- err
				}
				fmt.Println("msg", m.ID)
			}
		}()
	}
	go func() {
		for i := 0; ; i++ {
			b := repository.Batch{Payload: make([]byte, i*7919%5000), Targets: []repository.Target{{Host: fmt.Sprint(i % 5), Address: "x"}}}
			if _, err := r.Deliveries.Enqueue(ctx, b); err != nil {
				failed <- err
			}
			fmt.Println("job", i)
		}
	}()
	go func() { failed <- saveForEver(r.Settings) }()
	return <-failed
}

func saveForEver(st repository.Settings) error {
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
		fmt.Println("doc", n)
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

// atLength tells whether tests may take their time, as those of make test do.
func atLength() bool { return os.Getenv("OWNCAST_TEST_LONG") != "" }

func TestAKilledWriterLosesNothingItWasToldIsSaved(t *testing.T) {
	kills := 20
	if atLength() {
		kills = 100
	}
	path := filepath.Join(t.TempDir(), "test.db")
	jobs := 0
	for kill := range kills {
		a := writeAndKill(t, path, 1+kill*17%60)
		jobs += a.jobs
		checkPages(t, path)
		db, err := bolt.Open(path)
		if err != nil {
			t.Fatalf("Open after kill %d = %v", kill, err)
		}
		r := db.Repository()
		if last, err := lastWritten(r.Settings); err != nil || last < a.doc {
			t.Errorf("after kill %d: %d documents (%v), but %d were acknowledged", kill, last, err, a.doc)
		}
		ms, err := r.Chat.Messages(t.Context(), repository.MessageQuery{})
		if err != nil {
			t.Error(err)
		}
		there := map[string]bool{}
		for _, m := range ms {
			there[m.ID] = true
		}
		for _, id := range a.messages {
			if !there[id] {
				t.Errorf("after kill %d: message %s was acknowledged and is not there", kill, id)
			}
		}
		if n, err := r.Chat.CountMessages(t.Context()); err != nil || n != len(ms) {
			t.Errorf("after kill %d: %d messages are counted, %v, and %d there", kill, n, err, len(ms))
		}
		if c, err := r.Deliveries.CountDeliveries(t.Context()); err != nil || c.Waiting < jobs {
			t.Errorf("after kill %d: %+v, %v, but %d deliveries were acknowledged", kill, c, err, jobs)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// acknowledged is what a writer was told is stored.
type acknowledged struct {
	doc, jobs int // the last document, and how many deliveries
	messages  []string
}

// writeAndKill has another process write to the database at path, kills it when
// it has printed so many lines, and returns what it has printed.
func writeAndKill(t *testing.T, path string, count int) acknowledged {
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
	var a acknowledged
	lines := 0
	for s := bufio.NewScanner(out); s.Scan(); {
		kind, what, _ := strings.Cut(s.Text(), " ")
		switch kind {
		case "doc":
			if a.doc, err = strconv.Atoi(what); err != nil {
				t.Fatal(err)
			}
		case "job":
			a.jobs++
		case "msg":
			a.messages = append(a.messages, what)
		default:
			t.Fatalf("the writer failed: %s", s.Text())
		}
		if lines++; lines == count {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait()
	return a
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
