package activitypub

import (
	"context"
	"net/netip"
	"time"

	"github.com/owncast-go/owncast/federation"
)

// AgeKeys makes the keys of others that s knows older.
func AgeKeys(s federation.Service, by time.Duration) { age(s.(*Service).signingKeys, by) }

// AgeActors does the same for actors.
func AgeActors(s federation.Service, by time.Duration) { age(s.(*Service).actors, by) }

func age[V any](c *cache[V], by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := c.order.Front(); e != nil; e = e.Next() {
		e.Value.(*cached[V]).at = e.Value.(*cached[V]).at.Add(-by)
	}
}

// Validate validates followers now.
func Validate(ctx context.Context, s federation.Service) error {
	s.(*Service).rest = time.Millisecond
	return s.(*Service).validate(ctx)
}

// Reconcile tells followers of changes now.
func Reconcile(ctx context.Context, s federation.Service) error { return s.(*Service).reconcile(ctx) }

// LimitKeys lets each source have n keys fetched in the next hour.
func LimitKeys(s federation.Service, n int) {
	s.(*Service).keyBudget = newBudget[netip.Prefix](n, time.Hour)
}

// LimitFollows lets each host have n new followers in the next hour.
func LimitFollows(s federation.Service, n int) {
	s.(*Service).followBudget = newBudget[string](n, time.Hour)
}

// StopDeliveries leaves what is to be delivered to the next Service.
func StopDeliveries(ctx context.Context, s federation.Service) error {
	_, err := s.(*Service).deliveries.Shutdown(ctx)
	return err
}

// Fetch gets a document from another server.
func Fetch(ctx context.Context, s federation.Service, at string) ([]byte, error) {
	d, err := s.(*Service).transport.Fetch(ctx, at)
	return d.Data, err
}
