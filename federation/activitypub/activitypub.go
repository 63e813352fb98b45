// Package activitypub lets people in the fediverse follow a channel. It is the
// part that owncast.WithFederation takes:
//
//	app, err := owncast.New(owncast.WithFederation(activitypub.New), …)
//	…
//	mux.Handle("/", app.Handler())
//	mux.Handle("/.well-known/", app.WellKnown())
//
// A channel is one actor, of the type Service. It posts when a stream begins,
// takes follows, likes, shares, replies and quotes, and lists the streams of
// other servers. It does nothing until the settings enable it and have the URL
// of the server.
//
// # What comes in
//
// An activity passes, in this order: the limit of its size, the form of its
// signature (RFC 9421 or draft-cavage-http-signatures-12), the block list, the
// clock and the digest, what its source may still cost, the fetching of the key
// if it is not known, the signature, whether actor and key are of one host, and
// whether it was done before. It is answered with 202 when it is done and
// stored; nothing waits in memory, so that nothing is lost with the process.
//
// # What goes out
//
// Activities are stored in a queue, one for each inbox that several followers
// may share, and delivered one at a time for each host, eight at a time in all,
// and one at a time while the machine is busy. Hosts that cannot be reached are
// tried again after 1, 5, 15 and 30 minutes and then hourly; after a week
// nothing is sent there until they are heard of.
//
// Every request to other servers, GET ones too, is signed, goes to https alone,
// and never to an address that is not public.
package activitypub

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub/internal/delivery"
	"github.com/owncast-go/owncast/federation/activitypub/internal/transport"
	"github.com/owncast-go/owncast/federation/activitypub/internal/vocab"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/keeper"
)

const (
	fetches      = 32
	fetchTimeout = 8 * time.Second
	postTimeout  = 15 * time.Second

	// maxDocument is how many bytes a document may have that is fetched.
	maxDocument = 256 << 10
)

// Service is a channel's part in the fediverse. Make one with [New].
type Service struct {
	cfg federation.Config
	log *slog.Logger

	http      *http.Client
	transport *transport.Client
	keys      *keyring
	blocks    *blocks
	hosts     *delivery.Hosts
	worker    *delivery.Worker

	actors      *cache[vocab.Actor]
	signingKeys *cache[signingKey]

	inboxSlots     chan struct{}
	handling       lock
	keyBudget      *budget[netip.Prefix]
	keyBudgetOfAll *budget[struct{}]
	followBudget   *budget[string]

	telling  sync.Mutex    // held while followers are told of what has changed
	rest     time.Duration // between two followers that are validated
	started  atomic.Bool
	changed  chan struct{} // has one if the actor may have changed
	streamed chan struct{} // has one if the stream may have changed

	deliveries, housekeeping, validation keeper.Keeper

	handler, wellKnown http.Handler
}

var _ federation.Service = (*Service)(nil)

// New returns a Service. It starts nothing, and makes no keys.
func New(c federation.Config) (federation.Service, error) {
	if err := check(c); err != nil {
		return nil, err
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Lead == nil {
		c.Lead = func() bool { return true }
	}
	s := &Service{
		cfg: c, log: c.Logger, keys: &keyring{store: c.Stores.Settings}, blocks: &blocks{settings: c.Settings},
		hosts:  delivery.NewHosts(),
		actors: newCache[vocab.Actor](cacheSize, actorLifetime, failureLifetime), signingKeys: newCache[signingKey](cacheSize, keyLifetime, failureLifetime),
		rest: validateRest, inboxSlots: make(chan struct{}, inboxSlots), handling: lock{held: map[string]*holder{}},
		keyBudget: newBudget[netip.Prefix](keyBurst, keyEvery), keyBudgetOfAll: newBudget[struct{}](4*keyBurst, keyEvery/10),
		followBudget: newBudget[string](followBurst, followEvery),
		changed:      make(chan struct{}, 1), streamed: make(chan struct{}, 1),
	}
	s.http = httpx.NewClient(httpx.ClientConfig{
		Allowed: c.Network.Allowed, Resolver: c.Network.Resolver, RootCAs: c.Network.RootCAs,
		Timeout: postTimeout, MaxBody: maxDocument, MaxRedirects: -1, HTTP1: true,
	})
	s.transport = transport.New(transport.Config{
		HTTP: s.http, Key: s.key, Host: s.host, Preferences: s.hosts,
		Fetches: fetches, FetchTimeout: fetchTimeout, PostTimeout: postTimeout,
		UserAgent: "Owncast v" + c.Version + "; https://owncast.online",
	})
	s.worker = delivery.New(delivery.Config{
		Queue: c.Stores.Deliveries, Hosts: s.hosts, Post: s.deliver, Ready: s.ready,
		Allowed:  func(ctx context.Context, host string) bool { return !s.blocks.blocks(ctx, host) },
		Lifetime: lifetime, Gone: s.inboxGone, Busy: c.Busy, Log: s.log,
	})
	s.routes()
	return s, nil
}

func check(c federation.Config) error {
	for name, missing := range map[string]bool{
		"Stores":   c.Stores.Settings == nil || c.Stores.Followers == nil || c.Stores.Outbox == nil || c.Stores.Inbound == nil || c.Stores.Deliveries == nil,
		"Settings": c.Settings == nil, "Channel": c.Channel == nil, "Live": c.Live == nil, "Text": c.Text == nil, "ClientIP": c.ClientIP == nil,
	} {
		if missing {
			return errors.New("activitypub: Config lacks " + name)
		}
	}
	return nil
}

// ready tells whether deliveries can be made.
func (s *Service) ready(ctx context.Context) bool {
	_, err := s.scene(ctx)
	return err == nil
}

// Start starts the work.
func (s *Service) Start(ctx context.Context) error {
	err := s.housekeeping.Start(ctx, func(ctx context.Context) error { return s.loadHosts(ctx) }, s.keep)
	if err != nil {
		return err
	}
	s.started.Store(true)
	nothing := func(context.Context) error { return nil }
	return errors.Join(s.deliveries.Start(ctx, nothing, s.worker.Run), s.validation.Start(ctx, nothing, s.watchFollowers))
}

// Shutdown ends the work.
func (s *Service) Shutdown(ctx context.Context) error {
	s.started.Store(false)
	_, first := s.deliveries.Shutdown(ctx)
	_, second := s.validation.Shutdown(ctx)
	wasStarted, third := s.housekeeping.Shutdown(ctx)
	err := errors.Join(first, second, third)
	if err == nil && wasStarted {
		err = s.keepHosts(ctx)
	}
	s.http.CloseIdleConnections()
	return err
}

// Handler serves the actor and what belongs to it.
func (s *Service) Handler() http.Handler { return s.handler }

// WellKnown serves what is below /.well-known/.
func (s *Service) WellKnown() http.Handler { return s.wellKnown }

func (s *Service) routes() {
	handle := func(mux *http.ServeMux, pattern string, fn httpx.HandlerFunc) {
		mux.Handle(pattern, httpx.Handler(s.log, func(w http.ResponseWriter, r *http.Request) error { return status(fn(w, r)) }))
	}
	missing := func(_ http.ResponseWriter, r *http.Request) error {
		_, err := s.running(r.Context())
		if err == nil {
			err = errNoObject
		}
		return err
	}
	mux := http.NewServeMux()
	handle(mux, "GET "+pathActors+"{name}", s.serveActor)
	handle(mux, "POST "+pathActors+"{name}/inbox", s.serveInbox)
	handle(mux, "GET "+pathActors+"{name}/inbox", s.noMethod)
	handle(mux, "GET "+pathActors+"{name}/outbox", s.serveOutbox)
	handle(mux, "GET "+pathActors+"{name}/followers", s.serveFollowers)
	handle(mux, "GET "+pathEvents+"{event}", s.serveObject)
	handle(mux, "GET "+pathCreates+"{id}", s.serveObject)
	handle(mux, "GET "+pathCreates+"event/{event}", s.serveObject)
	handle(mux, "GET "+pathQuotes+"{note}/{mac}/{quoting}", s.serveStamp)
	handle(mux, "GET "+pathObjects+"{id}", s.serveObject)
	handle(mux, "GET /nodeinfo/2.0", s.serveNodeInfo)
	handle(mux, "GET /nodeinfo/2.1", s.serveNodeInfo)
	handle(mux, "GET /api/v1/instance", s.serveInstance)
	handle(mux, "GET /", missing)
	handle(mux, "/", s.noMethod)
	s.handler = mux

	wellKnown := http.NewServeMux()
	handle(wellKnown, "GET /.well-known/webfinger", s.serveWebfinger)
	handle(wellKnown, "GET /.well-known/host-meta", s.serveHostMeta)
	handle(wellKnown, "GET /.well-known/nodeinfo", s.serveNodeInfoIndex)
	handle(wellKnown, "GET /.well-known/x-nodeinfo2", s.serveNodeInfo2)
	handle(wellKnown, "GET /", missing)
	handle(wellKnown, "/", s.noMethod)
	s.wellKnown = wellKnown
}

func (s *Service) noMethod(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodOptions {
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return httpx.ErrMethodNotAllowed
}
