package webpush_test

import (
	"fmt"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/webhooks/webpush"
)

// The App makes it with what it has: its client reaches no private network.
func ExampleNew() {
	app, err := owncast.New(owncast.WithPush(webpush.New))
	fmt.Println(app != nil, err)
	// Output: true <nil>
}
