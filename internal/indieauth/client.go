package indieauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/idn"
)

// Bounds of sign-ins.
const (
	maxPending  = 1000 // begun and not ended
	maxPerUser  = 5
	maxFetching = 16 // at a time

	maxStarts   = 20 // of an address in startWindow
	startWindow = 10 * time.Minute
)

// ClientConfig is what [NewClient] needs.
type ClientConfig struct {
	// Fetch reads documents of strangers, and follows some redirects. Post
	// redeems codes, and follows none. Both are guarded.
	Fetch, Post *http.Client
	Now         func() time.Time // nil is time.Now
}

// Client lets people prove that a URL is theirs. Create one with [NewClient].
// It is safe for concurrent use.
type Client struct {
	cfg      ClientConfig
	pending  *auth.Tickets[pending]
	starts   *auth.Quota
	fetching chan struct{}
}

// pending is a sign-in that was begun.
type pending struct {
	start    Start
	profile  string
	provider *provider
	verifier string
	browser  string
}

// NewClient returns a Client.
func NewClient(c ClientConfig) *Client {
	return &Client{
		cfg:      c,
		pending:  auth.NewTickets[pending](auth.TicketLimits{Life: pendingLife, Total: maxPending, PerOwner: maxPerUser}, c.Now),
		starts:   auth.NewQuota(maxStarts, startWindow, c.Now),
		fetching: make(chan struct{}, maxFetching),
	}
}

// Start is somebody who wants to prove to be at a URL. All is required but the
// Address.
type Start struct {
	Profile     string // as it was typed
	ClientID    string // URL of the channel, with a path
	RedirectURI string // where Finish is called
	User        string // id
	Token       string // of the user, which the proof will be for
	Address     netip.Addr
}

// Started is a sign-in that has begun.
type Started struct {
	Redirect string // where the browser is to go to
	// State names the sign-in. Browser is a secret of the browser that has
	// begun it, which has to show it at the end: who lures somebody else into a
	// sign-in has nothing of it.
	State, Browser string
}

// Life is how long a sign-in may take.
func (*Client) Life() time.Duration { return pendingLife }

// Begin finds where somebody signs in. The error is a [*RefusedError] or
// [*BusyError], or that of ctx.
func (c *Client) Begin(ctx context.Context, s Start) (Started, error) {
	profile, err := ProfileURL(s.Profile)
	switch {
	case errors.Is(err, errScheme):
		return Started{}, refuse("only servers secured with https are supported", err)
	case err != nil:
		return Started{}, refuse("unable to use provided host", err)
	}
	if wait := c.starts.Take(auth.AddressKey(s.Address)); wait > 0 {
		return Started{}, &BusyError{RetryAfter: wait}
	}
	var p *provider
	if err := c.fetch(func() (err error) {
		p, err = c.discover(ctx, profile)
		return err
	}); err != nil {
		return Started{}, explain(ctx, err)
	}
	one := pending{start: s, profile: profile, provider: p, verifier: auth.NewToken(), browser: auth.NewToken()}
	state, ok := c.pending.Issue(s.User, one)
	if !ok {
		return Started{}, &BusyError{RetryAfter: time.Minute}
	}
	redirect, err := c.redirect(one, state)
	if err != nil {
		return Started{}, refuse("the site names no place to sign in that can be used", err)
	}
	return Started{Redirect: redirect, State: state, Browser: one.browser}, nil
}

// redirect is the request to the authorization endpoint (section 5.2).
func (c *Client) redirect(p pending, state string) (string, error) {
	u, err := url.Parse(p.provider.endpoint)
	if err != nil {
		return "", err
	}
	q := u.Query()
	for key, value := range map[string]string{
		"response_type": "code", "client_id": p.start.ClientID, "redirect_uri": p.start.RedirectURI, "state": state,
		"code_challenge": challenge(p.verifier), "code_challenge_method": "S256", "me": p.profile,
	} {
		q.Set(key, value)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// fetch calls fn unless too many others are fetching.
func (c *Client) fetch(fn func() error) error {
	select {
	case c.fetching <- struct{}{}:
	default:
		return &BusyError{RetryAfter: FetchTimeout}
	}
	defer func() { <-c.fetching }()
	return fn()
}

// explain says what people may know of an error in finding a provider.
func explain(ctx context.Context, err error) error {
	busy := new(BusyError)
	switch {
	case errors.As(err, &busy), ctx.Err() != nil:
		return err
	case errors.Is(err, errNoEndpoint):
		return refuse("the site does not say where to sign in: it does not support IndieAuth", err)
	case errors.Is(err, errNoPKCE), errors.Is(err, errIssuer):
		return refuse("the place to sign in that the site names cannot be trusted", err)
	case errors.Is(err, errScheme), errors.Is(err, httpx.ErrURL):
		return refuse("only servers secured with https are supported", err)
	case errors.Is(err, httpx.ErrAddress), errors.Is(err, errHost):
		return refuse("unable to use provided host", err)
	default:
		return refuse("the site cannot be read", err)
	}
}

// Callback is how somebody comes back.
type Callback struct {
	State, Code, Issuer, Error string // parameters of the query
	Browser                    string // the secret that the browser has; "" if it has none
}

// Proof says who somebody is.
type Proof struct {
	Token   string // of the user who has begun
	Profile string // the URL, in canonical form
}

// Finish ends a sign-in, which can be done once. The error is a
// [*RefusedError] or [*BusyError], or that of ctx.
func (c *Client) Finish(ctx context.Context, back Callback) (Proof, error) {
	p, ok := c.pending.Take(back.State)
	switch {
	case !ok:
		return Proof{}, refuse("it was not begun here, or took too long", nil)
	case !same(back.Browser, p.browser):
		return Proof{}, refuse("it was begun in another browser", nil)
	}
	if err := p.checkIssuer(back.Issuer); err != nil {
		return Proof{}, refuse("the answer is not of the place where you were to sign in", err)
	}
	switch {
	case back.Error == "access_denied":
		return Proof{}, refuse("you have not allowed it", nil)
	case back.Error != "":
		return Proof{}, refuse("the place where you were to sign in has refused", fmt.Errorf("%.100q", back.Error))
	case back.Code == "" || len(back.Code) > maxParameter:
		return Proof{}, refuse("the place where you were to sign in has sent no code", nil)
	}
	var me string
	err := c.fetch(func() (err error) {
		if me, err = c.redeem(ctx, p, back.Code); err != nil {
			return err
		}
		return c.confirm(ctx, p, me)
	})
	refused, busy := new(RefusedError), new(BusyError)
	if err != nil && !errors.As(err, &refused) && !errors.As(err, &busy) && ctx.Err() == nil {
		err = refuse("the place where you were to sign in does not answer as it should", err)
	}
	return Proof{Token: p.start.Token, Profile: me}, err
}

// checkIssuer compares who an answer says that it is from (RFC 9207, section
// 2.4): otherwise one provider could make use of the codes of another.
func (p pending) checkIssuer(iss string) error {
	endpoint, err := url.Parse(p.provider.endpoint)
	if err != nil {
		return err
	}
	switch {
	case iss == "" && p.provider.saysIss:
		return errors.New("it does not say who has issued it")
	case iss == "":
		return nil
	case p.provider.issuer != "" && iss != p.provider.issuer:
		return errIssuer
	case p.provider.issuer != "":
		return nil
	}
	// The page has named no issuer; then it is at least the same origin.
	u, err := url.Parse(iss)
	if err != nil || !idn.URL(u) || origin(u) != origin(endpoint) {
		return errIssuer
	}
	return nil
}

// redeem asks whose code it is (section 5.3), and returns the canonical URL.
func (c *Client) redeem(ctx context.Context, p pending, code string) (string, error) {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "client_id": {p.start.ClientID},
		"redirect_uri": {p.start.RedirectURI}, "code_verifier": {p.verifier},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.provider.endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", mediaJSON)
	res, err := c.cfg.Post.Do(r)
	if err != nil {
		return "", err
	}
	var body struct {
		Me    string `json:"me"`
		Error string `json:"error"`
	}
	if err := readJSON(res, &body); err != nil {
		return "", err
	}
	if body.Error != "" { // some servers say so with status 200
		return "", refuse("the place where you were to sign in has refused", fmt.Errorf("%.100q", body.Error))
	}
	me, err := ProfileURL(body.Me)
	if err != nil || !strings.Contains(body.Me, "://") {
		return "", fmt.Errorf("me is %.100q: %w", body.Me, errURL)
	}
	return me, nil
}

// confirm makes sure that a provider may speak for a URL (section 5.4): that it
// was asked for, or that the URL names the same provider.
func (c *Client) confirm(ctx context.Context, p pending, me string) error {
	if slices.Contains(p.provider.known, me) {
		return nil
	}
	other, err := c.discover(ctx, me)
	if err != nil {
		return fmt.Errorf("confirm %.100q: %w", me, err)
	}
	if other.endpoint != p.provider.endpoint || other.issuer != p.provider.issuer {
		return refuse("the place where you were to sign in may not speak for that site", nil)
	}
	return nil
}
