package owncast_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository/memory"
)

// A program joins the chat as everybody does: it registers, which gives it an
// access token to keep, and connects to the WebSocket with it. It needs to know
// nothing but the URL of the channel.
func Example_joinTheChat() {
	app, err := owncast.New(owncast.WithRepository(memory.New()), owncast.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := app.Start(ctx); err != nil {
		log.Fatal(err)
	}
	srv := httptest.NewServer(app.Handler())
	defer srv.Close()
	defer app.Shutdown(ctx)

	// Register, once: the token is the user, and outlives connections.
	res, err := http.Post(srv.URL+"/api/chat/register", "application/json", strings.NewReader(`{"displayName": "Greeter"}`))
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	var user struct{ ID, AccessToken, DisplayName string }
	if err := json.NewDecoder(res.Body).Decode(&user); err != nil {
		log.Fatal(err)
	}

	// Connect: a message of the WebSocket is one event or several, a line each.
	ws, _, err := websocket.Dial(ctx, srv.URL+"/ws?accessToken="+user.AccessToken, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer ws.CloseNow()
	if err := ws.Write(ctx, websocket.MessageText, []byte(`{"type": "CHAT", "body": "Hello, *all*"}`)); err != nil {
		log.Fatal(err)
	}
	for {
		_, message, err := ws.Read(ctx)
		if err != nil {
			log.Fatal(err)
		}
		for line := range bytes.Lines(message) {
			var event struct {
				Type, Body string
				User       struct{ DisplayName string }
			}
			if err := json.Unmarshal(line, &event); err != nil {
				log.Fatal(err)
			}
			if event.Type == "CHAT" {
				fmt.Printf("%s: %s\n", event.User.DisplayName, event.Body)
				return
			}
		}
	}
	// Output: Greeter: <p>Hello, <em>all</em></p>
}
