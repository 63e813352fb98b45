package activitypub

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"sync"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub/internal/httpsig"
	"github.com/owncast-go/owncast/repository"
)

const keyBits = 2048

// keyring has the keys of the settings, read once.
type keyring struct {
	store repository.Settings

	mu      sync.Mutex // guards the rest, and making keys
	text    federation.Keys
	private *rsa.PrivateKey // of text; nil before the first use
}

// get returns the pair, which it makes if there is none.
func (k *keyring) get(ctx context.Context) (*rsa.PrivateKey, string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	stored, _, err := federation.KeysSetting().Get(ctx, k.store)
	if err != nil {
		return nil, "", err
	}
	if stored.PrivateKeyPEM == "" {
		if stored, err = k.replace(ctx, true); err != nil {
			return nil, "", err
		}
	}
	if err := k.read(stored); err != nil {
		return nil, "", err
	}
	return k.private, k.text.PublicKeyPEM, nil
}

func (k *keyring) read(stored federation.Keys) error {
	if k.private != nil && stored == k.text {
		return nil
	}
	private, err := stored.PrivateKey()
	if err != nil {
		return fmt.Errorf("keys of the federation: %w", err)
	}
	k.text, k.private = stored, private
	return nil
}

// replace makes a new pair; if that is only because there is none, one that
// somebody else has made meanwhile stays.
func (k *keyring) replace(ctx context.Context, onlyFirst bool) (federation.Keys, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return federation.Keys{}, fmt.Errorf("make keys: %w", err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)}))
	return federation.KeysSetting().Update(ctx, k.store, func(stored *federation.Keys) error {
		if !onlyFirst || stored.PrivateKeyPEM == "" {
			stored.PrivateKeyPEM, stored.PublicKeyPEM = text, "" // which is filled in
		}
		return nil
	})
}

// rotate makes a new pair and returns the private key of the one before.
func (k *keyring) rotate(ctx context.Context) (before string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	stored, _, err := federation.KeysSetting().Get(ctx, k.store)
	if err != nil {
		return "", err
	}
	_, err = k.replace(ctx, false)
	return stored.PrivateKeyPEM, err
}

// signer is what a request's context may have the key under that it is to be
// signed with, in place of the present one of the present actor.
type signer struct{}

// key is the one to sign a request with.
func (s *Service) key(ctx context.Context) (httpsig.Key, error) {
	if k, ok := ctx.Value(signer{}).(httpsig.Key); ok && k.Private != nil {
		return k, nil
	}
	private, _, err := s.keys.get(ctx)
	if err != nil {
		return httpsig.Key{}, err
	}
	if k, ok := ctx.Value(signer{}).(httpsig.Key); ok {
		return httpsig.Key{ID: k.ID, Private: private}, nil
	}
	x, err := s.scene(ctx)
	if err != nil {
		return httpsig.Key{}, err
	}
	return httpsig.Key{ID: keyID(x.id.actor()), Private: private}, nil
}

// previousKey is the key before the present one.
func (s *Service) previousKey(ctx context.Context) (httpsig.Key, error) {
	x, err := s.scene(ctx)
	if err != nil {
		return httpsig.Key{}, err
	}
	rec, err := s.record(ctx)
	if err != nil {
		return httpsig.Key{}, err
	}
	private, err := federation.Keys{PrivateKeyPEM: rec.PreviousKey}.PrivateKey()
	if err != nil {
		return httpsig.Key{}, err
	}
	return httpsig.Key{ID: keyID(x.id.actor()), Private: private}, nil
}
