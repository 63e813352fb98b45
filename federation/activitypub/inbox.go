package activitypub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/owncast-go/owncast/federation/activitypub/internal/httpsig"
	"github.com/owncast-go/owncast/federation/activitypub/internal/transport"
	"github.com/owncast-go/owncast/federation/activitypub/internal/vocab"
	"github.com/owncast-go/owncast/internal/httpx"
)

const (
	// MaxInboxBody is how many bytes an activity may have.
	MaxInboxBody = 64 << 10

	// inboxSlots is how many activities are looked at at the same time.
	inboxSlots = 32

	// Keys that one source can have fetched at once, and how soon one more.
	keyBurst = 60
	keyEvery = 200 * time.Millisecond

	// New followers of one host at once, and how soon one more.
	followBurst = 200
	followEvery = 5 * time.Second

	// busyRetry is when to try again where there are too many.
	busyRetry = 15 * time.Second
)

// clock is how far the clocks of other servers may be from ours.
func clock() httpsig.Clock { return httpsig.Clock{Past: time.Hour, Future: 5 * time.Minute} }

// inbound is an activity that has passed all checks.
type inbound struct {
	scene
	record
	vocab.Activity
	// seenAs is the id of the activity, or one made of what it says.
	seenAs string
	actor  vocab.Actor
	body   []byte
	// spend is asked before something more is fetched for it.
	spend func() error
}

// serveInbox takes an activity. The order of the checks is such that nothing
// is fetched for what is refused anyway. What it answers with 202 is done, and
// kept: there is no queue that could be lost.
func (s *Service) serveInbox(w http.ResponseWriter, r *http.Request) error {
	x, rec, id, err := s.named(r)
	if err != nil {
		return err
	}
	select {
	case s.inboxSlots <- struct{}{}:
		defer func() { <-s.inboxSlots }()
	default:
		return httpx.TooManyRequests(busyRetry)
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return httpx.ErrMediaType
	}
	body, err := httpx.ReadBody(w, r, MaxInboxBody)
	if err != nil {
		return err
	}
	err = s.take(r, x, rec, id, body)
	if err != nil && !errors.Is(err, errIgnored) {
		s.log.DebugContext(r.Context(), "an activity is refused", "err", err, "from", s.cfg.ClientIP(r))
		return refusal(err)
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// errIgnored is an activity that is neither refused nor of interest.
var errIgnored = errors.New("activitypub: ignored")

// errPolicy refuses who the channel has nothing to do with.
var errPolicy = errors.New("activitypub: refused by policy")

// errKeyUnavailable is a signature whose key cannot be fetched at present.
var errKeyUnavailable = errors.New("activitypub: the key cannot be fetched")

// refusal is what a sender is answered with. Servers try again what is
// answered with 401, 429 and 503, and give up others.
func refusal(err error) error {
	switch {
	case errors.Is(err, vocab.ErrDocument):
		return &httpx.BadRequestError{Message: "this activity is not understood", Err: err}
	case errors.Is(err, errPolicy):
		return fmt.Errorf("%w: %w", httpx.ErrForbidden, err)
	case errors.Is(err, errBudget), errors.Is(err, transport.ErrBusy), errors.Is(err, errKeyUnavailable):
		return httpx.TooManyRequests(busyRetry)
	case errors.Is(err, httpsig.ErrNone), errors.Is(err, httpsig.ErrMalformed), errors.Is(err, httpsig.ErrCoverage),
		errors.Is(err, httpsig.ErrTime), errors.Is(err, httpsig.ErrDigest), errors.Is(err, httpsig.ErrAlgorithm),
		errors.Is(err, httpsig.ErrSignature), errors.Is(err, httpsig.ErrKey), errors.Is(err, errKey), errors.Is(err, errForeign),
		errors.Is(err, errIncomplete):
		return fmt.Errorf("%w: %w", httpx.ErrUnauthorized, err)
	default:
		return err
	}
}

// take checks an activity, and does what it is about once.
func (s *Service) take(r *http.Request, x scene, rec record, to identity, body []byte) error {
	ctx := r.Context()
	sig, err := httpsig.Parse(s.message(r, to, body))
	if err != nil {
		return err
	}
	glance, err := vocab.Glance(body)
	if err != nil {
		return err
	}
	if err := s.checkPolicy(ctx, sig.KeyID, glance); err != nil {
		return err
	}
	if err := errors.Join(sig.CheckTime(time.Now(), clock()), sig.CheckContent()); err != nil {
		return err
	}
	if s.strangersFarewell(ctx, glance) {
		return errIgnored
	}
	key, err := s.verified(r, sig, glance)
	if err != nil {
		return err
	}
	a, err := vocab.ParseActivity(ctx, body)
	if err != nil {
		return err
	}
	in := &inbound{scene: x, record: rec, Activity: a, seenAs: activityID(a, body), body: body, actor: key.owner, spend: s.spending(r)}
	if !sameHost(a.Actor, key.owner.ID) || a.ID != "" && !sameHost(a.ID, a.Actor) {
		return fmt.Errorf("%w: the key is of another host", errPolicy)
	}
	s.hosts.Alive(hostOf(a.Actor))
	return s.once(ctx, in)
}

// message is a request as its signature is about it: to where the world sees
// the server.
func (s *Service) message(r *http.Request, id identity, body []byte) *httpsig.Message {
	at, err := url.Parse(id.base.String() + r.URL.EscapedPath())
	if err != nil {
		at = id.base
	}
	target := *at
	target.RawQuery = r.URL.RawQuery
	return &httpsig.Message{Method: r.Method, URL: &target, Header: r.Header, Body: body}
}

// checkPolicy refuses who is blocked, and who speaks for others.
func (s *Service) checkPolicy(ctx context.Context, keyIRI string, g vocab.Peek) error {
	keyHost := hostOf(keyIRI)
	switch {
	case keyHost == "":
		return fmt.Errorf("%w: the key has no URL of https", errPolicy)
	case s.blocks.blocks(ctx, keyHost), s.blocks.blocksIRI(ctx, g.Actor):
		return fmt.Errorf("%w: blocked", errPolicy)
	case hostOf(g.Actor) != keyHost:
		return fmt.Errorf("%w: the key is of another host", errPolicy)
	}
	return nil
}

// strangersFarewell tells whether somebody nobody knows has deleted his
// account: servers tell everybody, and the key is gone already.
func (s *Service) strangersFarewell(ctx context.Context, g vocab.Peek) bool {
	if g.Type != "Delete" || g.Object != g.Actor || g.Actor == "" {
		return false
	}
	_, err := s.cfg.Stores.Followers.Follower(ctx, g.Actor)
	return isNotFound(err) && !s.isServer(ctx, g.Actor)
}

// spending returns what takes a fetch from the budgets of a request's source
// and of all.
func (s *Service) spending(r *http.Request) func() error {
	source := network(s.cfg.ClientIP(r))
	return func() error {
		return errors.Join(s.keyBudget.spend(source), s.keyBudgetOfAll.spend(struct{}{}))
	}
}

// verified returns the key that made the signature.
func (s *Service) verified(r *http.Request, sig *httpsig.Signature, g vocab.Peek) (signingKey, error) {
	ctx, spend := r.Context(), s.spending(r)
	key, err := s.signingKey(ctx, sig.KeyID, keyLifetime, spend)
	if err != nil {
		if transport.Gone(err) && s.departed(ctx, sig.KeyID, g, spend) {
			if err := s.forgetActor(ctx, g.Actor); err != nil {
				return signingKey{}, err
			}
			return signingKey{}, errIgnored
		}
		return signingKey{}, keyFailure(err)
	}
	err = sig.Verify(key.public)
	if errors.Is(err, httpsig.ErrSignature) {
		// The key may have been replaced since.
		if newer, fetchErr := s.signingKey(ctx, sig.KeyID, keyRefresh, spend); fetchErr == nil {
			key, err = newer, sig.Verify(newer.public)
		}
	}
	if err == nil && sig.Kind == httpsig.RFC9421 {
		s.hosts.Prefer(hostOf(key.owner.ID), httpsig.RFC9421) // who writes it reads it
	}
	return key, err
}

// departed tells whether an actor has deleted himself: that may be signed with
// whatever key, for the key is gone with its owner, and it is he who must be. A
// key that has a URL of its own says nothing about that.
func (s *Service) departed(ctx context.Context, keyID string, g vocab.Peek, spend func() error) bool {
	if g.Type != "Delete" || g.Object != g.Actor {
		return false
	}
	if withoutFragment(keyID) == g.Actor {
		return true
	}
	if spend() != nil {
		return false
	}
	_, err := s.fetchActor(ctx, g.Actor)
	return transport.Gone(err)
}

// keyFailure is what to say of a key that cannot be fetched.
func keyFailure(err error) error {
	var status *transport.StatusError
	switch {
	case errors.As(err, &status) && status.Status < 500 && status.Status != http.StatusTooManyRequests:
		return fmt.Errorf("%w: %w", errKey, err)
	case errors.Is(err, transport.ErrHost), errors.Is(err, httpx.ErrAddress), errors.Is(err, httpx.ErrURL):
		return fmt.Errorf("%w: %w", errPolicy, err)
	case errors.Is(err, vocab.ErrDocument), errors.Is(err, httpx.ErrContentType), errors.Is(err, httpx.ErrTooLarge), errors.Is(err, httpx.ErrRedirects):
		return fmt.Errorf("%w: %w", errKey, errors.New(err.Error()))
	case errors.Is(err, errBudget), errors.Is(err, errForeign), errors.Is(err, errKey), errors.Is(err, errIncomplete), errors.Is(err, httpsig.ErrKey):
		return err
	}
	return fmt.Errorf("%w: %w", errKeyUnavailable, err)
}

// activityID is the id of an activity, or one made of what it says.
func activityID(a vocab.Activity, body []byte) string {
	if a.ID != "" {
		return a.ID
	}
	sum := sha256.Sum256(body)
	return "urn:sha256:" + hex.EncodeToString(sum[:])
}

// once does what an activity is about, unless that was done. If it fails, it
// is as if the activity had not come.
func (s *Service) once(ctx context.Context, in *inbound) error {
	handle := s.reaction(in.Type)
	if handle == nil {
		return errIgnored
	}
	release := s.handling.hold(in.seenAs)
	defer release()
	seen, err := s.cfg.Stores.Inbound.ActivitySeen(ctx, in.seenAs)
	if err != nil {
		return err
	}
	if seen {
		return errIgnored
	}
	if in.Activity.Actor != in.actor.ID { // another actor of the same server signs for this one
		if in.actor, err = s.actorFor(ctx, in.Activity.Actor, actorLifetime, in.spend); err != nil {
			return keyFailure(err)
		}
	}
	engagement, err := handle(ctx, in)
	if err != nil {
		return err
	}
	return s.saw(ctx, in, engagement)
}
