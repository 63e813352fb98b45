package activitypub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/owncast-go/owncast/federation/activitypub/internal/httpsig"
	"github.com/owncast-go/owncast/federation/activitypub/internal/vocab"
	"github.com/owncast-go/owncast/repository"
)

// The kinds of deliveries. What is about the stream is of no use a little
// later, a message with a code somewhat later, and all else for a week.
const (
	kindPost    = "post"
	kindEvent   = "event"  // as it is when it is delivered
	kindAnswer  = "answer" // to a follow or another request
	kindUpdate  = "update"
	kindStream  = "stream" // that it is live, or not any more
	kindMessage = "message"
	kindMove    = "move"
	kindRotate  = "rotate" // signed with the key before
)

// lifetime is for how long a delivery of a kind is of use.
func lifetime(kind string) time.Duration {
	switch kind {
	case kindStream:
		return 2 * pingEvery
	case kindMessage:
		return 15 * time.Minute
	}
	return 7 * 24 * time.Hour
}

const (
	// maxQueue is how many deliveries may wait.
	maxQueue = 250_000
	// batchSize is how many deliveries are queued in one step.
	batchSize = 5000
)

// send queues an activity for inboxes. Those with a key take the place of one
// with the same key that still waits for the same inbox.
func (s *Service) send(ctx context.Context, kind string, a vocab.OutActivity, key string, inboxes ...string) error {
	if a.At.IsZero() {
		a.At = time.Now().UTC()
	}
	d, err := a.Document()
	if err != nil {
		return err
	}
	return s.sendDocument(ctx, kind, d, key, inboxes...)
}

func (s *Service) sendDocument(ctx context.Context, kind string, d vocab.Document, key string, inboxes ...string) error {
	payload, err := d.Encode()
	if err != nil {
		return err
	}
	targets := s.targets(ctx, key, inboxes)
	for batch := range slices.Chunk(targets, batchSize) {
		if _, err := s.cfg.Stores.Deliveries.Enqueue(ctx, repository.Batch{
			Kind: kind, Payload: payload, At: time.Now(), Targets: batch, Max: maxQueue,
		}); err != nil {
			return fmt.Errorf("queue for delivery: %w", err)
		}
	}
	s.worker.Wake()
	return nil
}

// targets are inboxes, each once, of hosts that are neither blocked nor given
// up.
func (s *Service) targets(ctx context.Context, key string, inboxes []string) []repository.Target {
	targets := make([]repository.Target, 0, len(inboxes))
	seen := make(map[string]bool, len(inboxes))
	for _, inbox := range inboxes {
		host := hostOf(inbox)
		if host == "" || seen[inbox] || s.blocks.blocks(ctx, host) || s.hosts.Suspended(host) {
			continue
		}
		seen[inbox] = true
		t := repository.Target{Host: host, Address: inbox}
		if key != "" {
			if t.Key = key + "|" + inbox; len(t.Key) > repository.MaxKeyLen {
				t.Key = ""
			}
		}
		targets = append(targets, t)
	}
	return targets
}

// followerInboxes are where posts for all followers go.
func (s *Service) followerInboxes(ctx context.Context) ([]string, error) {
	list, err := s.cfg.Stores.Followers.Inboxes(ctx)
	if err != nil {
		return nil, err
	}
	inboxes := make([]string, len(list))
	for i, b := range list {
		inboxes[i] = b.IRI
	}
	return inboxes, nil
}

// deliver posts what was queued, signed as the actor that it is of.
func (s *Service) deliver(ctx context.Context, d repository.Delivery) error {
	var doc struct {
		Actor string `json:"actor"`
	}
	if err := json.Unmarshal(d.Payload, &doc); err != nil {
		return fmt.Errorf("read delivery: %w", err)
	}
	payload := d.Payload
	if d.Kind == kindEvent {
		var err error
		if payload, err = s.refreshed(ctx, payload); errors.Is(err, errNoEvent) {
			return nil // they need not hear of it
		} else if err != nil {
			return fmt.Errorf("read event: %w", err)
		}
	}
	key := httpsig.Key{ID: keyID(doc.Actor)}
	if d.Kind == kindRotate && d.Attempts%2 == 1 {
		// Who knows the key before will believe the update that it signs; who
		// does not will fetch the new one.
		if k, err := s.previousKey(ctx); err == nil {
			key = k
		}
	}
	return s.transport.Post(context.WithValue(ctx, signer{}, key), d.Address, payload)
}

// host is the canonical host of a URL, and whether requests may go there.
func (s *Service) host(ctx context.Context, u *url.URL) (string, bool) {
	host := hostPort(u)
	return host, host != "" && !s.blocks.blocks(ctx, host)
}

// inboxGone removes the followers of an inbox that is no more.
func (s *Service) inboxGone(ctx context.Context, inbox string) {
	err := s.eachFollower(ctx, func(f repository.Follower) error {
		if f.InboxIRI != inbox && f.SharedInboxIRI != inbox {
			return nil
		}
		return s.forgetActor(ctx, f.ActorIRI)
	})
	if err != nil {
		s.log.ErrorContext(ctx, "followers whose inbox is gone cannot be removed", "err", err)
	}
}

// eachFollower calls fn for all followers, in whatever state. Fn may remove
// them.
func (s *Service) eachFollower(ctx context.Context, fn func(repository.Follower) error) error {
	list, _, err := s.cfg.Stores.Followers.Followers(ctx, repository.FollowerQuery{})
	if err != nil {
		return err
	}
	for _, f := range list {
		if err := fn(f); err != nil {
			return err
		}
	}
	return nil
}
