package webpush

import (
	"context"
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/webhooks"
)

const (
	// MaxSubscriptions is how many browsers there may be.
	MaxSubscriptions = 10_000
	maxSubscription  = 4 << 10 // bytes of one
	maxEndpoint      = 2 << 10 // bytes
	authLen          = 16      // RFC 8291, section 3.2
)

// subscription is what a browser is sent to with, as its PushSubscription has
// it in JSON.
type subscription struct {
	Endpoint string `json:"endpoint"`
	Keys     struct {
		Auth   string `json:"auth"`
		P256dh string `json:"p256dh"`
	} `json:"keys"`

	address string // in the repository
}

// parse reads a subscription and returns it with keys in base64url without
// padding, so that one that is written in another way is the same. Errors match
// [webhooks.ErrSubscription].
func parse(text string) (subscription, error) {
	refuse := func(why string) (subscription, error) {
		return subscription{}, fmt.Errorf("%w: %s", webhooks.ErrSubscription, why)
	}
	var s subscription
	if len(text) > maxSubscription || json.Unmarshal([]byte(text), &s) != nil {
		return refuse("it is no JSON, or too long")
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || len(s.Endpoint) > maxEndpoint {
		return refuse("the endpoint is no https URL")
	}
	public, err := decode(s.Keys.P256dh)
	if err != nil {
		return refuse("the key p256dh is no base64")
	}
	if _, err := ecdh.P256().NewPublicKey(public); err != nil {
		return refuse("the key p256dh is none of P-256")
	}
	auth, err := decode(s.Keys.Auth)
	if err != nil || len(auth) != authLen {
		return refuse("the key auth is not 16 bytes in base64")
	}
	s.Keys.P256dh, s.Keys.Auth = base64.RawURLEncoding.EncodeToString(public), base64.RawURLEncoding.EncodeToString(auth)
	return s, nil
}

// decode reads base64 or base64url, with padding or without.
func decode(s string) ([]byte, error) {
	s = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(s, "="))
	return base64.RawURLEncoding.DecodeString(s)
}

// subscriptions are the browsers in the repository.
type subscriptions struct {
	store repository.Notifications

	mu    sync.Mutex        // guards the rest
	known map[string]string // endpoint: address; nil before the first use
}

// all returns every browser once. What cannot be read, or was kept twice, is
// removed.
func (x *subscriptions) all(ctx context.Context) ([]subscription, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.read(ctx)
}

// read does so. The caller holds mu.
func (x *subscriptions) read(ctx context.Context) ([]subscription, error) {
	list, err := x.store.Destinations(ctx, webhooks.ChannelBrowserPush)
	if err != nil {
		return nil, err
	}
	x.known = make(map[string]string, len(list))
	all := make([]subscription, 0, len(list))
	for _, d := range list {
		s, err := parse(d.Address)
		if _, twice := x.known[s.Endpoint]; err != nil || twice {
			if err := x.store.DeleteDestination(ctx, d.Channel, d.Address); err != nil {
				return nil, err
			}
			continue
		}
		s.address = d.Address
		x.known[s.Endpoint] = d.Address
		all = append(all, s)
	}
	return all, nil
}

// load reads the browsers if that was not done yet. The caller holds mu.
func (x *subscriptions) load(ctx context.Context) error {
	if x.known != nil {
		return nil
	}
	_, err := x.read(ctx)
	return err
}

func (x *subscriptions) count(ctx context.Context) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.load(ctx); err != nil {
		return 0, err
	}
	return len(x.known), nil
}

// add keeps a browser, in the place of one with the same endpoint.
func (x *subscriptions) add(ctx context.Context, text string) error {
	s, err := parse(text)
	if err != nil {
		return err
	}
	address, err := json.Marshal(s)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.load(ctx); err != nil {
		return err
	}
	old, there := x.known[s.Endpoint]
	switch {
	case there && old == string(address):
		return nil
	case !there && len(x.known) >= MaxSubscriptions:
		return webhooks.ErrSubscriptions
	}
	err = x.store.PutDestination(ctx, repository.Destination{Channel: webhooks.ChannelBrowserPush, Address: string(address), CreatedAt: time.Now().UTC()})
	if err != nil {
		return err
	}
	x.known[s.Endpoint] = string(address)
	if there {
		return x.store.DeleteDestination(ctx, webhooks.ChannelBrowserPush, old)
	}
	return nil
}

// remove forgets a browser.
func (x *subscriptions) remove(ctx context.Context, s subscription) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.store.DeleteDestination(ctx, webhooks.ChannelBrowserPush, s.address); err != nil {
		return err
	}
	if x.known[s.Endpoint] == s.address {
		delete(x.known, s.Endpoint)
	}
	return nil
}
