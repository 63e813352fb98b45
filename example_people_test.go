package owncast_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/webhooks/webpush"
)

// What has a link waits for a moderator, unless a moderator writes it.
func ExampleWithChatFilter() {
	_, err := owncast.New(owncast.WithChatFilter(chat.FilterFunc(
		func(_ context.Context, d chat.Draft) (chat.Verdict, error) {
			if strings.Contains(d.Body, "http") && d.User.Role < repository.RoleModerator {
				return chat.Hold("It has a link."), nil
			}
			return chat.Verdict{}, nil
		})))
	fmt.Println(err)
	// Output: <nil>
}

// A large room, with fewer messages from each.
func ExampleWithChatLimits() {
	limits := chat.DefaultLimits()
	limits.Clients = 10_000
	limits.Messages = 10 // in a minute
	_, err := owncast.New(owncast.WithChatLimits(limits))
	fmt.Println(err)
	// Output: <nil>
}

// What is said is forgotten with the process; everything else is kept.
func ExampleWithChatStore() {
	_, err := owncast.New(owncast.WithChatStore(memory.New().Chat))
	fmt.Println(err)
	// Output: <nil>
}

// Viewers may have notifications in their browsers.
func ExampleWithPush() {
	_, err := owncast.New(owncast.WithPush(webpush.New))
	fmt.Println(err)
	// Output: <nil>
}

// People follow the channel from Mastodon, if the host gives the constructor
// of a federation.Service: activitypub.New, whose package has this example in
// full. Start makes it, and tells if that fails.
func ExampleWithFederation() {
	newService := func(c federation.Config) (federation.Service, error) {
		return nil, errors.New("this program has no such part")
	}
	app, err := owncast.New(owncast.WithFederation(newService), owncast.WithRepository(memory.New()))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	fmt.Println(app.Start(ctx))
	_ = app.Shutdown(ctx)
	// Output: owncast: WithFederation: this program has no such part
}

// A directory of the host's own in place of owncast.directory.
func ExampleWithDirectory() {
	_, err := owncast.New(owncast.WithDirectory("https://streams.example.org"))
	fmt.Println(err)
	// Output: <nil>
}

// Users of the site chat under the name that the site knows them by.
func ExampleChatAuthenticator() {
	_, err := owncast.New(owncast.WithAuthenticator(members{}))
	fmt.Println(err)
	// Output: <nil>
}

type members struct{}

// Authenticate is for the administration.
func (members) Authenticate(r *http.Request) (owncast.User, error) {
	return members{}.AuthenticateChat(r)
}

// AuthenticateChat makes members an owncast.ChatAuthenticator.
func (members) AuthenticateChat(r *http.Request) (owncast.User, error) {
	c, err := r.Cookie("session")
	if err != nil {
		return owncast.User{}, owncast.ErrUnauthorized // a guest
	}
	return owncast.User{ID: c.Value, DisplayName: "Alice"}, nil
}
