// Command oidc lets people administer the stream who sign in with a provider
// of OpenID Connect, such as Keycloak, Authentik, Dex or Google. Register
// http://localhost:8080/oidc/callback there, and start it with the issuer:
//
//	oidc -issuer https://id.example.org -client owncast -admins alice@example.org
//
// The secret of the client is in the environment, as OIDC_CLIENT_SECRET.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/owncast-go/owncast"
)

func main() {
	issuer := flag.String("issuer", "", "URL of the provider")
	client := flag.String("client", "owncast", "ID of this client at the provider")
	admins := flag.String("admins", "", "e-mail addresses of the administrators, with commas between them")
	base := flag.String("url", "http://localhost:8080", "where browsers see this server")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	p, err := discover(ctx, settings{
		Issuer: *issuer, ClientID: *client, ClientSecret: os.Getenv("OIDC_CLIENT_SECRET"),
		BaseURL: *base, Admins: strings.Split(*admins, ","),
	})
	if err != nil {
		log.Fatal(err)
	}
	key := owncast.NewSecret()
	app, err := owncast.New(owncast.WithAuthenticator(p), owncast.WithBaseURL(*base), owncast.WithStreamKeys(key))
	if err != nil {
		log.Fatal(err)
	}
	rtmp, err := net.Listen("tcp", ":1935")
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	p.routes(mux)
	mux.Handle("/", app.Handler())
	go func() { log.Fatal(http.ListenAndServe(":8080", mux)) }()
	log.Print("the stream key is ", key)
	if err := app.Run(ctx, rtmp); err != nil {
		log.Fatal(err)
	}
}
