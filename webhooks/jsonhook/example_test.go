package jsonhook_test

import (
	"fmt"
	"net/http"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/webhooks/jsonhook"
)

// What it makes is given to owncast.WithNotifier.
func ExampleNew() {
	n := jsonhook.New(jsonhook.Config{
		URL:    "https://example.org/live",
		Secret: "checked by webhooks.Verify",
		Header: http.Header{"Authorization": {"Bearer a-token-of-theirs"}},
	})
	app, err := owncast.New(owncast.WithNotifier(n))
	fmt.Println(app != nil, err)
	// Output: true <nil>
}
