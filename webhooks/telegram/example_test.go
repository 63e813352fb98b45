package telegram_test

import (
	"fmt"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/webhooks/telegram"
)

// What it makes is given to owncast.WithNotifier.
func ExampleNew() {
	n := telegram.New(telegram.Config{Token: "123:secret", ChatID: "@mychannel"})
	app, err := owncast.New(owncast.WithNotifier(n))
	fmt.Println(app != nil, err)
	// Output: true <nil>
}
