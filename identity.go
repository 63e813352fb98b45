package owncast

import (
	"net/http"

	"github.com/owncast-go/owncast/internal/httpapi"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/indieauth"
	"github.com/owncast-go/owncast/internal/otp"
)

// identity lets users of the chat prove who they are elsewhere, and the
// channel prove who it is.
type identity struct {
	fetch, post *http.Client
	client      *indieauth.Client
	server      *indieauth.Server
}

func newIdentity(c config) *identity {
	reach := c.strangers
	reach.Timeout, reach.MaxBody, reach.UserAgent = indieauth.FetchTimeout, indieauth.MaxDocument, userAgent
	i := &identity{fetch: httpx.NewClient(reach)}
	reach.MaxRedirects = -1
	i.post = httpx.NewClient(reach)
	i.client = indieauth.NewClient(indieauth.ClientConfig{Fetch: i.fetch, Post: i.post})
	i.server = indieauth.NewServer(indieauth.ServerConfig{Fetch: i.fetch})
	return i
}

// offer gives the API what it needs of it.
func (i *identity) offer(api *httpapi.Config) {
	api.IndieAuth, api.Provider, api.Codes = i.client, i.server, otp.New(nil)
}

// close lets the connections go that wait for another request.
func (i *identity) close() {
	i.fetch.CloseIdleConnections()
	i.post.CloseIdleConnections()
}
