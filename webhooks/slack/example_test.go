package slack_test

import (
	"fmt"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/webhooks/slack"
)

// What it makes is given to owncast.WithNotifier.
func ExampleNew() {
	n := slack.New(slack.Config{URL: "https://hooks.slack.com/services/T0/B0/secret"})
	app, err := owncast.New(owncast.WithNotifier(n))
	fmt.Println(app != nil, err)
	// Output: true <nil>
}
