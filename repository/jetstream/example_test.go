package jetstream_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/owncast-go/owncast/repository/jetstream"
)

// What is wrong with a Config is told before anything is connected. Repository
// is what owncast.WithRepository takes, between Open and Close.
func ExampleCluster() {
	c := jetstream.New(jetstream.Config{URL: "nats://nats.example.org:4222", Replicas: 3})
	if err := c.Validate(); err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // this is an example
	err := c.Open(ctx, slog.New(slog.DiscardHandler))
	fmt.Println(err != nil, c.Close())
	// Output: true <nil>
}
