package matrix_test

import (
	"fmt"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/webhooks/matrix"
)

// What it makes is given to owncast.WithNotifier.
func ExampleNew() {
	n := matrix.New(matrix.Config{
		Homeserver:  "https://matrix.example.org",
		AccessToken: "a-token-of-the-user",
		RoomID:      "!abc:example.org",
	})
	app, err := owncast.New(owncast.WithNotifier(n))
	fmt.Println(app != nil, err)
	// Output: true <nil>
}
