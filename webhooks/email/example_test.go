package email_test

import (
	"fmt"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/webhooks/email"
)

// What it makes is given to owncast.WithNotifier.
func ExampleNew() {
	n, err := email.New(email.Config{
		Host:     "mail.example.org",
		Username: "live@example.org",
		Password: "from a file or a vault",
		From:     "My channel <live@example.org>",
		To:       []string{"fans@example.org"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	app, err := owncast.New(owncast.WithNotifier(n))
	fmt.Println(app != nil, err)
	// Output: true <nil>
}
