package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/bolt"
)

// A file has one user at a time.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	db, err := bolt.Open(filepath.Join(dir, "owncast.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	_, err = bolt.Open(filepath.Join(dir, "owncast.db"), bolt.WithLockTimeout(1))
	fmt.Println(errors.Is(err, repository.ErrLocked))
	// Output: true
}

// A backup of a database in use, and what is made of it elsewhere.
func ExampleRestore() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	db, err := bolt.Open(filepath.Join(dir, "owncast.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	ctx := context.Background()
	if _, err := db.Repository().Users.SaveUser(ctx, repository.User{ID: "alice", DisplayName: "Alice"}); err != nil {
		fmt.Println(err)
		return
	}
	var backup bytes.Buffer // a file, mostly; it has secrets in it
	if err := db.Snapshot(ctx, &backup); err != nil {
		fmt.Println(err)
		return
	}

	path := filepath.Join(dir, "elsewhere", "owncast.db")
	if err := bolt.Restore(ctx, path, &backup); err != nil {
		fmt.Println(err)
		return
	}
	again, err := bolt.Open(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer again.Close()
	u, err := again.Repository().Users.User(ctx, "alice")
	fmt.Println(u.DisplayName, err)
	// Output: Alice <nil>
}
