package activitypub_test

import (
	"fmt"
	"net/http"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/federation/activitypub"
)

// The App makes the Service with what it has, and asks it from then on. An
// administrator enables it.
func ExampleNew() {
	app, err := owncast.New(owncast.WithFederation(activitypub.New), owncast.WithBaseURL("https://example.org/live"))
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/live/", app.Handler())
	mux.Handle("/.well-known/", app.WellKnown())
	fmt.Println(app.Federation() != nil)
	// Output: true
}
