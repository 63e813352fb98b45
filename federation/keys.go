package federation

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"

	"github.com/owncast-go/owncast/repository"
)

// Bounds of the size of a key, in bits. Servers of the fediverse expect 2048.
const (
	minKeyBits = 2048
	maxKeyBits = 8192
)

// Keys is the RSA key pair that the server signs its requests with. Servers
// that follow it remember the public key, so the pair must survive a move to
// another host. The zero Keys stands for a pair that was never made.
type Keys struct {
	// PrivateKeyPEM is a PEM block of type "RSA PRIVATE KEY" (PKCS #1) or
	// "PRIVATE KEY" (PKCS #8). It is a secret.
	PrivateKeyPEM string `json:"privateKeyPem"`
	// PublicKeyPEM is a PEM block of type "PUBLIC KEY" (PKIX): the public half
	// of PrivateKeyPEM. Where it is empty, saving the Keys fills it in.
	PublicKeyPEM string `json:"publicKeyPem"`
}

// IsZero reports whether there is no key pair.
func (k Keys) IsZero() bool { return k == Keys{} }

// PrivateKey decodes the key pair. The error does not quote the key.
func (k Keys) PrivateKey() (*rsa.PrivateKey, error) {
	block, rest := pem.Decode([]byte(k.PrivateKeyPEM))
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, &repository.FieldError{Field: "privateKeyPem", Reason: "is not a single PEM block"}
	}
	key, err := parsePrivateKey(block)
	if err != nil {
		return nil, &repository.FieldError{Field: "privateKeyPem", Reason: "is not an RSA private key"}
	}
	if n := key.N.BitLen(); n < minKeyBits || n > maxKeyBits {
		return nil, &repository.FieldError{Field: "privateKeyPem", Reason: "is not a key of 2048 to 8192 bits"}
	}
	return key, nil
}

// KeysSetting is the section that the Keys are kept in, "federation-keys". The
// default is no key pair. All of it is secret: an export of the settings has it
// only if secrets are asked for.
func KeysSetting() repository.Setting[Keys] {
	return repository.Setting[Keys]{Section: "federation-keys", Validate: (*Keys).validate}
}

// validate checks that both keys are there and belong together.
func (k *Keys) validate() error {
	if k.IsZero() {
		return nil
	}
	private, err := k.PrivateKey()
	if err != nil {
		return err
	}
	if k.PublicKeyPEM == "" {
		der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
		if err != nil {
			return err
		}
		k.PublicKeyPEM = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		return nil
	}
	block, rest := pem.Decode([]byte(k.PublicKeyPEM))
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return &repository.FieldError{Field: "publicKeyPem", Reason: "is not a single PEM block"}
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil || !private.PublicKey.Equal(public) {
		return &repository.FieldError{Field: "publicKeyPem", Reason: "is not the public half of the private key"}
	}
	return nil
}

func parsePrivateKey(block *pem.Block) (*rsa.PrivateKey, error) {
	if block.Type == "RSA PRIVATE KEY" {
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	if key, ok := parsed.(*rsa.PrivateKey); ok {
		return key, nil
	}
	return nil, errors.New("federation: not an RSA key")
}
