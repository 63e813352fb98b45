package jetstream

import (
	"context"
	"errors"
	"time"

	js "github.com/nats-io/nats.go/jetstream"
)

// LeaseTime is how long a lease lasts that is not renewed.
const LeaseTime = 10 * time.Second

// leases are what one node at a time has, in a key-value bucket whose keys
// expire.
type leases struct {
	link *link
	cfg  *Config
}

func (l *leases) bucket(ctx context.Context) (js.KeyValue, error) {
	kv, err := l.link.js.KeyValue(ctx, l.cfg.leasesName())
	if errors.Is(err, js.ErrBucketNotFound) {
		kv, err = l.link.js.CreateOrUpdateKeyValue(ctx, js.KeyValueConfig{
			Bucket: l.cfg.leasesName(), Description: "what one node of the owncast cluster " + l.cfg.Name + " has at a time",
			TTL: LeaseTime, Storage: js.FileStorage, Replicas: l.cfg.Replicas,
		})
	}
	return kv, err
}

// acquire takes the lease of a name or, if owner has it, renews it. It returns
// whether owner has it, and who has it otherwise.
func (l *leases) acquire(ctx context.Context, name, owner string) (held bool, holder string, err error) {
	ctx, cancel := l.link.call(ctx, callTime)
	defer cancel()
	kv, err := l.bucket(ctx)
	if err != nil {
		return false, "", err
	}
	e, err := kv.Get(ctx, name)
	switch {
	case errors.Is(err, js.ErrKeyNotFound): // or deleted
		_, err = kv.Create(ctx, name, []byte(owner))
	case err != nil:
		return false, "", err
	case string(e.Value()) != owner:
		return false, string(e.Value()), nil
	default:
		_, err = kv.Update(ctx, name, []byte(owner), e.Revision())
	}
	if errors.Is(err, js.ErrKeyExists) || errors.Is(err, js.ErrKeyRevisionMismatch) {
		return false, "", nil // somebody was faster
	}
	return err == nil, owner, err
}

// release gives a lease back, if owner has it.
func (l *leases) release(ctx context.Context, name, owner string) error {
	ctx, cancel := l.link.call(ctx, callTime)
	defer cancel()
	kv, err := l.bucket(ctx)
	if err != nil {
		return err
	}
	e, err := kv.Get(ctx, name)
	if errors.Is(err, js.ErrKeyNotFound) || err == nil && string(e.Value()) != owner {
		return nil
	}
	if err != nil {
		return err
	}
	err = kv.Delete(ctx, name, js.LastRevision(e.Revision()))
	if errors.Is(err, js.ErrKeyExists) || errors.Is(err, js.ErrKeyRevisionMismatch) {
		return nil
	}
	return err
}
