package webhooks

import (
	"crypto/ecdh"
	"encoding/base64"
	"strings"

	"github.com/owncast-go/owncast/repository"
)

// PushKeys is the VAPID key pair (RFC 8292) that the server is known by to the
// push services of browsers. A subscription is bound to the public key, so the
// pair must survive a move to another host. The zero PushKeys stands for a pair
// that was never made.
//
// Both keys are in base64url without padding, as RFC 8292, section 3.2, has the
// public key and as browsers take it.
type PushKeys struct {
	PublicKey  string `json:"publicKey"`  // an uncompressed point on P-256: 65 bytes
	PrivateKey string `json:"privateKey"` // the scalar: 32 bytes; a secret
}

// IsZero reports whether there is no key pair.
func (k PushKeys) IsZero() bool { return k == PushKeys{} }

// PushKeysSetting is the section that the PushKeys are kept in, "push-keys".
// The default is no key pair. All of it is secret: an export of the settings
// has it only if secrets are asked for.
func PushKeysSetting() repository.Setting[PushKeys] {
	return repository.Setting[PushKeys]{Section: "push-keys", Validate: (*PushKeys).validate}
}

// validate checks that the keys belong together, and removes padding. Where
// the public key is missing it is filled in.
func (k *PushKeys) validate() error {
	if k.IsZero() {
		return nil
	}
	k.PublicKey, k.PrivateKey = strings.TrimRight(k.PublicKey, "="), strings.TrimRight(k.PrivateKey, "=")
	scalar, err := base64.RawURLEncoding.DecodeString(k.PrivateKey)
	if err != nil {
		return &repository.FieldError{Field: "privateKey", Reason: "is not base64url"}
	}
	private, err := ecdh.P256().NewPrivateKey(scalar)
	if err != nil {
		return &repository.FieldError{Field: "privateKey", Reason: "is not a private key on P-256"}
	}
	public := base64.RawURLEncoding.EncodeToString(private.PublicKey().Bytes())
	if k.PublicKey == "" {
		k.PublicKey = public
	}
	if k.PublicKey != public {
		return &repository.FieldError{Field: "publicKey", Reason: "is not the public half of the private key"}
	}
	return nil
}
