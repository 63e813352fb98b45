package discord_test

import (
	"fmt"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/webhooks/discord"
)

// What it makes is given to owncast.WithNotifier.
func ExampleNew() {
	n := discord.New(discord.Config{URL: "https://discord.com/api/webhooks/1/secret"})
	app, err := owncast.New(owncast.WithNotifier(n))
	fmt.Println(app != nil, err)
	// Output: true <nil>
}
