// Package webpush sends notifications to browsers: encrypted as RFC 8291 has
// it, with the server's keys as RFC 8292 has them, to the push service that each
// browser has named. Hosts that want it give its constructor to
// owncast.WithPush.
//
// What arrives at the service worker of the page is a JSON object:
//
//	title  what the server is called
//	body   the message, and the title of the stream or event
//	icon   path of a picture of the server, below where its page is
//	url    page to open; absent for that of the server
//	tag    replaces an earlier notification of the same tag
package webpush

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	push "github.com/SherClockHolmes/webpush-go"

	"github.com/owncast-go/owncast/webhooks"
)

const (
	// senders is how many browsers are sent to at a time.
	senders = 16
	// patience is how many requests to one push service may fail in a row
	// before the rest of its browsers are left for the next try.
	patience = 5
	// ttl is how long a push service keeps a message for a browser that is
	// not there: news of a stream is soon old.
	ttl = 2 * time.Minute
	// maxText is how many bytes of a message are sent. A push service takes
	// 4096, encrypted.
	maxText = 2000
	// icon is a picture that is no SVG.
	icon = "/logo/external"
	// defaultContact is that of servers whose operator has not said more.
	defaultContact = "owncast@owncast.online"
)

// Push is a [webhooks.Push].
type Push struct {
	cfg  webhooks.PushConfig
	log  *slog.Logger
	subs subscriptions

	mu   sync.Mutex // guards keys
	keys webhooks.PushKeys

	sent progress // of Notify, which is called by one goroutine at a time
}

var _ webhooks.Push = (*Push)(nil)

// New returns a Push. It makes the keys of the server when they are first
// asked for.
func New(c webhooks.PushConfig) (webhooks.Push, error) {
	if c.Subscriptions == nil || c.Settings == nil || c.Client == nil || c.Contact == nil {
		return nil, errors.New("webpush: config without Subscriptions, Settings, Client or Contact")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Push{cfg: c, log: c.Logger, subs: subscriptions{store: c.Subscriptions}}, nil
}

// Name returns "browser".
func (*Push) Name() string { return "browser" }

// PublicKey is that of [webhooks.Push].
func (p *Push) PublicKey(ctx context.Context) (string, error) {
	k, err := p.pair(ctx)
	return k.PublicKey, err
}

// pair returns the keys of the server, which are made if there are none.
func (p *Push) pair(ctx context.Context) (webhooks.PushKeys, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.keys.IsZero() {
		return p.keys, nil
	}
	k, err := webhooks.PushKeysSetting().Update(ctx, p.cfg.Settings, func(k *webhooks.PushKeys) (err error) {
		if k.IsZero() {
			k.PrivateKey, k.PublicKey, err = push.GenerateVAPIDKeys()
		}
		return err
	})
	if err != nil {
		return webhooks.PushKeys{}, fmt.Errorf("keys of web push: %w", err)
	}
	p.keys = k
	return k, nil
}

// Subscribe is that of [webhooks.Push].
func (p *Push) Subscribe(ctx context.Context, subscription string) error {
	return p.subs.add(ctx, subscription)
}

// Subscriptions is that of [webhooks.Push].
func (p *Push) Subscriptions(ctx context.Context) (int, error) { return p.subs.count(ctx) }

// payload is what the service worker gets.
type payload struct {
	Title string `json:"title"`
	Body  string `json:"body"`
	Icon  string `json:"icon,omitempty"`
	URL   string `json:"url,omitempty"`
	Tag   string `json:"tag"`
}

// tag is what push services and browsers replace older messages by.
func tag(kind webhooks.NotificationKind) string {
	switch kind {
	case webhooks.NotifyReminder:
		return "owncast-reminder"
	case webhooks.NotifyTest:
		return "owncast-test"
	default:
		return "owncast-go-live"
	}
}

func (p *Push) payload(n webhooks.Notification) ([]byte, error) {
	body := strings.Join(lines(n.Message, n.Title, n.When), "\n")
	if len(body) > maxText {
		body = strings.ToValidUTF8(body[:maxText], "")
	}
	title := n.Server
	if len(title) > maxText/4 {
		title = strings.ToValidUTF8(title[:maxText/4], "")
	}
	x := payload{Title: title, Body: body, Icon: icon, URL: n.URL, Tag: tag(n.Kind)}
	if n.Kind != webhooks.NotifyReminder {
		x.URL = "" // its own page
	}
	return json.Marshal(x)
}

// lines are those that are not empty.
func lines(all ...string) (list []string) {
	for _, s := range all {
		if s != "" {
			list = append(list, s)
		}
	}
	return list
}

// progress is which browsers have got the notification of an ID, for another
// try.
type progress struct {
	id   string
	mu   sync.Mutex
	done map[string]bool // by endpoint
}

func (p *progress) begin(id string) {
	if p.id != id || p.done == nil {
		p.id, p.done = id, map[string]bool{}
	}
}

func (p *progress) has(endpoint string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done[endpoint]
}

func (p *progress) mark(endpoint string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done[endpoint] = true
}

// Notify sends n to every browser. Those that are gone, by the word of their
// push service, are forgotten. If some cannot be reached the error says how
// many, and another try with the same ID is for them alone.
func (p *Push) Notify(ctx context.Context, n webhooks.Notification) error {
	keys, err := p.pair(ctx)
	if err != nil {
		return err
	}
	body, err := p.payload(n)
	if err != nil {
		return fmt.Errorf("%w: %w", webhooks.ErrPermanent, err)
	}
	all, err := p.subs.all(ctx)
	if err != nil {
		return err
	}
	p.sent.begin(n.ID)
	r := &run{push: p, body: body, options: push.Options{
		HTTPClient: p.cfg.Client, Subscriber: p.contact(ctx), Topic: tag(n.Kind), TTL: int(ttl / time.Second), Urgency: push.UrgencyHigh,
		VAPIDPublicKey: keys.PublicKey, VAPIDPrivateKey: keys.PrivateKey,
	}}
	return r.send(ctx, all)
}

// contact is what webpush-go makes a URL of, if it is none.
func (p *Push) contact(ctx context.Context) string {
	contact := cmp.Or(p.cfg.Contact(ctx), defaultContact)
	if u, err := url.Parse(contact); err == nil && u.Scheme != "" && u.Scheme != "https" {
		return defaultContact
	}
	return contact
}

// run is one call of Notify.
type run struct {
	push    *Push
	body    []byte
	options push.Options

	mu       sync.Mutex     // guards the rest
	failures map[string]int // in a row, by the origin of the push service
	failed   int
	retry    bool // one of them is worth another try
	last     error
	after    time.Duration // that a push service has asked for
}

func (r *run) send(ctx context.Context, all []subscription) error {
	r.failures = map[string]int{}
	work := make(chan subscription)
	var workers sync.WaitGroup
	for range min(senders, len(all)) {
		workers.Go(func() { // ends with work
			for s := range work {
				r.one(ctx, s)
			}
		})
	}
	for _, s := range all {
		if !r.push.sent.has(s.Endpoint) {
			work <- s
		}
	}
	close(work)
	workers.Wait()
	return r.outcome(len(all))
}

// outcome is the error of all.
func (r *run) outcome(all int) error {
	if r.failed == 0 {
		return nil
	}
	err := fmt.Errorf("%d of %d browsers not reached: %w", r.failed, all, r.last)
	if !r.retry {
		return fmt.Errorf("%w: %w", webhooks.ErrPermanent, err)
	}
	if r.after > 0 {
		return &webhooks.RetryError{After: r.after, Err: err}
	}
	return err
}

// one sends to one browser.
func (r *run) one(ctx context.Context, s subscription) {
	if ctx.Err() != nil {
		r.fail(s, ctx.Err(), true, 0)
		return
	}
	if r.tired(s) {
		r.fail(s, errors.New("its push service does not answer"), true, 0)
		return
	}
	// Where a message has room behind it webpush-go writes there.
	res, err := push.SendNotificationWithContext(ctx, slices.Clip(r.body), &push.Subscription{Endpoint: s.Endpoint, Keys: push.Keys{Auth: s.Keys.Auth, P256dh: s.Keys.P256dh}}, &r.options)
	if err != nil {
		if u := new(url.Error); errors.As(err, &u) {
			err = u.Err // the endpoint is a secret of the browser's
		}
		r.fail(s, err, true, 0)
		return
	}
	_ = res.Body.Close()
	switch code := res.StatusCode; {
	case code/100 == 2:
		r.push.sent.mark(s.Endpoint)
		r.reached(s)
	case code == http.StatusNotFound, code == http.StatusGone:
		r.reached(s)
		if err := r.push.subs.remove(ctx, s); err != nil {
			r.push.log.WarnContext(ctx, "push subscription not removed", "err", err)
		}
	default:
		busy := code == http.StatusTooManyRequests || code/100 == 5
		r.reached(s)
		r.fail(s, fmt.Errorf("its push service answered with %d %s", code, http.StatusText(code)), busy, retryAfter(res.Header))
	}
}

// origin is the push service of a browser.
func (s subscription) origin() string {
	u, err := url.Parse(s.Endpoint)
	if err != nil {
		return ""
	}
	return u.Host
}

// tired tells whether a push service has failed too often.
func (r *run) tired(s subscription) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failures[s.origin()] >= patience
}

// reached tells that a push service answers.
func (r *run) reached(s subscription) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.failures, s.origin())
}

func (r *run) fail(s subscription, err error, retry bool, after time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures[s.origin()]++
	r.failed++
	r.retry = r.retry || retry
	r.last = err
	r.after = max(r.after, after)
	if !retry {
		r.push.sent.mark(s.Endpoint) // it is no use to send it again
	}
}

// retryAfter reads the header of that name, in seconds.
func retryAfter(h http.Header) time.Duration {
	d, err := time.ParseDuration(h.Get("Retry-After") + "s")
	if err != nil || d < 0 {
		return 0
	}
	return d
}
