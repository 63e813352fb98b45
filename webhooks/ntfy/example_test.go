package ntfy_test

import (
	"fmt"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/webhooks/ntfy"
)

// What it makes is given to owncast.WithNotifier.
func ExampleNew() {
	n := ntfy.New(ntfy.Config{Topic: "my-channel-3f9d"})
	app, err := owncast.New(owncast.WithNotifier(n))
	fmt.Println(app != nil, err)
	// Output: true <nil>
}
