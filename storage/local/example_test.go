package local_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/local"
)

// Objects are files, and a key leads nowhere else.
func ExampleNew() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	s := local.New(dir)
	ctx := context.Background()
	if err := s.Put(ctx, "pictures/logo.svg", strings.NewReader("<svg/>"), storage.PutOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	r, info, err := s.Open(ctx, "pictures/logo.svg")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	fmt.Println(string(b), info.Size, err)
	// Output: <svg/> 6 <nil>
}
