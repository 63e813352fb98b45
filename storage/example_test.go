package storage_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/local"
)

// A store that belongs to several Apps, and what one of them sees of it.
func ExampleSub() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	whole := local.New(dir)
	part, err := storage.Sub(whole, "channel-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	if err := part.Put(ctx, "hls/0/a.m4s", strings.NewReader("media"), storage.PutOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	for info, err := range whole.List(ctx, "") {
		fmt.Println(info.Key, info.Size, err)
	}
	_, _, err = part.Open(ctx, "../channel-2/hls/0/a.m4s")
	fmt.Println(err)
	// Output:
	// channel-1/hls/0/a.m4s 5 <nil>
	// storage: key "../channel-2/hls/0/a.m4s": invalid argument
}

// counted is a store that wraps another one. Unwrap keeps what the other one
// can do.
type counted struct {
	storage.Storage
	puts int
}

// Put counts.
func (c *counted) Put(ctx context.Context, key string, r io.Reader, o storage.PutOptions) error {
	c.puts++
	return c.Storage.Put(ctx, key, r, o)
}

// Unwrap returns the store below.
func (c *counted) Unwrap() storage.Storage { return c.Storage }

// What a store can do beyond the interface is asked of As, which looks through
// those that wrap another one.
func ExampleAs() {
	var s storage.Storage = &counted{Storage: local.New("video")}
	_, found := storage.As[*local.Storage](s)
	_, redirects := storage.As[storage.Redirector](s)
	fmt.Println(found, redirects)
	// Output: true false
}
