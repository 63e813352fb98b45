package s3_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/s3"
)

// The Store is handed to owncast.WithStorage.
func ExampleNew() {
	store, err := s3.New(s3.Config{
		Endpoint:  "https://s3.example.org",
		Region:    "eu-central-1",
		Bucket:    "live",
		PathStyle: true,
		AccessKey: "AKEXAMPLE",
		Secret:    "from a file or a vault",
		Prefix:    "channel-1",
		PublicURL: "https://cdn.example.org",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	fmt.Println(store)

	u, _, err := store.RedirectURL(context.Background(), "hls/0/segment-7.m4s")
	fmt.Println(u, err)
	// Output:
	// s3 bucket live/channel-1 at https://s3.example.org
	// https://cdn.example.org/channel-1/hls/0/segment-7.m4s <nil>
}

// Administrators may set up the service, and change it, where the host lets
// them.
func Example_administrators() {
	app, err := owncast.New(owncast.WithS3(func(_ context.Context, c owncast.S3Settings) (owncast.Storage, error) {
		return s3.New(s3.Config{
			Endpoint: c.Endpoint, Region: c.Region, Bucket: c.Bucket, PathStyle: c.ForcePathStyle,
			AccessKey: c.AccessKey, Secret: c.Secret, ACL: c.ACL, Prefix: c.PathPrefix, PublicURL: c.PublicURL,
		})
	}))
	fmt.Println(app != nil, err)
	// Output: true <nil>
}

// Probe says what is wrong before a broadcast does.
func ExampleStore_Probe() {
	store, err := s3.New(s3.Config{
		Endpoint: "http://127.0.0.1:1", Bucket: "live", PathStyle: true,
		AccessKey: "AKEXAMPLE", Secret: "secret", Attempts: 1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var probe *s3.ProbeError
	if err := store.Probe(ctx); errors.As(err, &probe) {
		fmt.Println("cannot", probe.Op+":", probe.Hint)
	}
	// Output: cannot write: the server cannot be reached: look at the endpoint
}

// A Store works without a broadcast, too.
func ExampleStore_Put() {
	store, err := s3.New(s3.Config{Bucket: "live", AccessKey: "AKEXAMPLE", Secret: "secret"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // this is an example
	err = store.Put(ctx, "pictures/logo.png", strings.NewReader("…"), storage.PutOptions{MaxAge: time.Hour})
	fmt.Println(err)
	// Output: context canceled
}
