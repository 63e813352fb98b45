package bolt

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// The size of the database that the benchmarks share.
const (
	bigMessages  = 1_000_000
	bigUsers     = 100_000
	bigFollowers = 100_000
	bigInboxes   = 10_000 // that the followers share
)

// bigDir is where the database is, once it was made.
var bigDir string

// RemoveBig removes it.
func RemoveBig() {
	if bigDir != "" {
		_ = os.RemoveAll(bigDir)
	}
}

// big is the path of the database, which is made once and removed by TestMain.
var big = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "owncast-bench-")
	if err != nil {
		return "", err
	}
	bigDir = dir
	path := filepath.Join(dir, "big.db")
	db, err := Open(path)
	if err != nil {
		return path, err
	}
	db.db.NoSync = true // it is only a benchmark's
	return path, errors.Join(fillBig(db), db.db.Sync(), db.Close())
})

func bigMessage(n int) repository.Message {
	return repository.Message{
		ID: fmt.Sprintf("%016x", rand.Uint64()), Kind: "CHAT", UserID: fmt.Sprint("user", n%bigUsers),
		Body: "a message of about as many characters as people write in one line of a chat, on the average", SentAt: time.Unix(1_700_000_000+int64(n), 5),
	}
}

func fillBig(db *DB) error {
	ctx := context.Background()
	r := db.Repository()
	for n := 0; n < bigMessages; n += 1000 {
		var ms []repository.Message
		for i := range 1000 {
			ms = append(ms, bigMessage(n+i))
		}
		// Not in groups, which wait for one another.
		if err := r.Chat.(chat).Chat.AppendMessages(ctx, ms...); err != nil {
			return err
		}
	}
	for n := range bigUsers {
		_, err := r.Users.SaveUser(ctx, repository.User{ID: fmt.Sprint("user", n), DisplayName: fmt.Sprint("name", n/2), CreatedAt: time.Unix(int64(n), 0)})
		if err != nil {
			return err
		}
	}
	for n := range bigFollowers {
		iri := fmt.Sprint("https://host", n%bigInboxes, ".example/users/", n)
		_, err := r.Followers.SaveFollower(ctx, repository.Follower{
			ActorIRI: iri, InboxIRI: iri + "/inbox", SharedInboxIRI: fmt.Sprint("https://host", n%bigInboxes, ".example/inbox"),
			Name: fmt.Sprint(n), Username: fmt.Sprint(n), CreatedAt: time.Unix(int64(n), 0), ApprovedAt: time.Unix(int64(n), 0),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// openBig opens the database, and leaves it as it is.
func openBig(b *testing.B) repository.Repository {
	b.Helper()
	path, err := big()
	if err != nil {
		b.Fatal(err)
	}
	db, err := Open(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	b.ReportAllocs()
	return db.Repository()
}

func BenchmarkBigOpen(b *testing.B) {
	path, err := big()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		db, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		_ = db.Close()
		b.StartTimer()
	}
}

func BenchmarkBigLast50Messages(b *testing.B) {
	r := openBig(b)
	for b.Loop() {
		ms, err := r.Chat.Messages(b.Context(), repository.MessageQuery{Limit: 50})
		if err != nil || len(ms) != 50 {
			b.Fatal(len(ms), err)
		}
	}
}

func BenchmarkBigMessagesOfAUser(b *testing.B) {
	r := openBig(b)
	for b.Loop() {
		ms, err := r.Chat.Messages(b.Context(), repository.MessageQuery{UserID: fmt.Sprint("user", rand.IntN(bigUsers)), Limit: 50})
		if err != nil || len(ms) != bigMessages/bigUsers {
			b.Fatal(len(ms), err)
		}
	}
}

func BenchmarkBigUser(b *testing.B) {
	r := openBig(b)
	for b.Loop() {
		if _, err := r.Users.User(b.Context(), fmt.Sprint("user", rand.IntN(bigUsers))); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBigUserPage(b *testing.B) {
	for name, q := range map[string]repository.UserQuery{
		"first":  {Page: repository.Page{Limit: 50}},
		"middle": {Page: repository.Page{Offset: bigUsers / 2, Limit: 50}},
		"name":   {Name: "name77", Page: repository.Page{Limit: 50}},
		"search": {Search: "name777", Page: repository.Page{Limit: 50}},
	} {
		b.Run(name, func(b *testing.B) {
			r := openBig(b)
			for b.Loop() {
				if page, _, err := r.Users.Users(b.Context(), q); err != nil || len(page) == 0 {
					b.Fatal(page, err)
				}
			}
		})
	}
}

func BenchmarkBigFollowersPage(b *testing.B) {
	r := openBig(b)
	for b.Loop() {
		page, total, err := r.Followers.Followers(b.Context(), repository.FollowerQuery{State: repository.FollowersApproved, Page: repository.Page{Offset: 1000, Limit: 50}})
		if err != nil || len(page) != 50 || total != bigFollowers {
			b.Fatal(len(page), total, err)
		}
	}
}

func BenchmarkBigInboxes(b *testing.B) {
	r := openBig(b)
	for b.Loop() {
		inboxes, err := r.Followers.Inboxes(b.Context())
		if err != nil || len(inboxes) != bigInboxes {
			b.Fatal(len(inboxes), err)
		}
	}
}

// BenchmarkBigAppend appends from as many goroutines as there are chatters, to
// a copy of the database, with fsync.
func BenchmarkBigAppend(b *testing.B) {
	path, err := big()
	if err != nil {
		b.Fatal(err)
	}
	for _, callers := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			data, err := os.ReadFile(path)
			if err != nil {
				b.Fatal(err)
			}
			own := filepath.Join(b.TempDir(), "own.db")
			if err := os.WriteFile(own, data, 0o600); err != nil {
				b.Fatal(err)
			}
			db, err := Open(own)
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			r := db.Repository()
			var n atomic.Int64
			var wg sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for {
						i := n.Add(1)
						if i > int64(b.N) {
							return
						}
						if err := r.Chat.AppendMessages(b.Context(), bigMessage(int(i))); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// BenchmarkBigQueue enqueues a post to all inboxes and delivers it.
func BenchmarkBigQueue(b *testing.B) {
	db, err := Open(filepath.Join(b.TempDir(), "queue.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	q := db.Repository().Deliveries
	var targets []repository.Target
	for n := range bigFollowers {
		host := fmt.Sprint("host", n%bigInboxes, ".example")
		targets = append(targets, repository.Target{Host: host, Address: fmt.Sprint("https://", host, "/users/", n, "/inbox"), Key: fmt.Sprint("post/", n)})
	}
	now := time.Unix(1_700_000_000, 0)
	b.ReportAllocs()
	var enqueued, delivered time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := q.Enqueue(b.Context(), repository.Batch{Payload: make([]byte, 3000), At: now, Targets: targets}); err != nil {
			b.Fatal(err)
		}
		enqueued += time.Since(start)
		start = time.Now()
		for left := len(targets); left > 0; {
			ds, _, err := q.Lease(b.Context(), repository.LeaseRequest{Now: now, Until: now.Add(time.Minute), Max: 500})
			if err != nil {
				b.Fatal(err)
			}
			outcomes := make([]repository.Outcome, len(ds))
			for i, d := range ds {
				outcomes[i] = repository.Outcome{ID: d.ID, Lease: d.Lease}
			}
			if err := q.Report(b.Context(), outcomes...); err != nil {
				b.Fatal(err)
			}
			left -= len(ds)
		}
		delivered += time.Since(start)
	}
	b.ReportMetric(enqueued.Seconds()/float64(b.N), "s/enqueue")
	b.ReportMetric(delivered.Seconds()/float64(b.N), "s/deliver-all")
}
