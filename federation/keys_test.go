package federation_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

func block(t *testing.T, kind string, der []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestKeysAreSavedOnlyAsAPair(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err8 := x509.MarshalPKCS8PrivateKey(key)
	pkix, errX := x509.MarshalPKIXPublicKey(&key.PublicKey)
	pkixOther, errO := x509.MarshalPKIXPublicKey(&other.PublicKey)
	ec, errE := x509.MarshalPKCS8PrivateKey(curve)
	private, public := block(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key), nil), block(t, "PUBLIC KEY", pkix, errX)
	for name, tt := range map[string]struct {
		keys federation.Keys
		bad  string // the field, "" if none is
	}{
		"none":               {federation.Keys{}, ""},
		"PKCS #1":            {federation.Keys{PrivateKeyPEM: private, PublicKeyPEM: public}, ""},
		"PKCS #8":            {federation.Keys{PrivateKeyPEM: block(t, "PRIVATE KEY", pkcs8, err8), PublicKeyPEM: public}, ""},
		"no public key":      {federation.Keys{PrivateKeyPEM: private}, ""},
		"no private key":     {federation.Keys{PublicKeyPEM: public}, "privateKeyPem"},
		"another's":          {federation.Keys{PrivateKeyPEM: private, PublicKeyPEM: block(t, "PUBLIC KEY", pkixOther, errO)}, "publicKeyPem"},
		"an elliptic curve":  {federation.Keys{PrivateKeyPEM: block(t, "PRIVATE KEY", ec, errE)}, "privateKeyPem"},
		"no PEM":             {federation.Keys{PrivateKeyPEM: "hush"}, "privateKeyPem"},
		"public: no PEM":     {federation.Keys{PrivateKeyPEM: private, PublicKeyPEM: "hush"}, "publicKeyPem"},
		"something after it": {federation.Keys{PrivateKeyPEM: private + "hush", PublicKeyPEM: public}, "privateKeyPem"},
		"swapped":            {federation.Keys{PrivateKeyPEM: public, PublicKeyPEM: private}, "privateKeyPem"},
	} {
		t.Run(name, func(t *testing.T) {
			store := memory.New().Settings
			saved, err := federation.KeysSetting().Update(t.Context(), store, func(k *federation.Keys) error {
				*k = tt.keys
				return nil
			})
			if field := new(repository.FieldError); tt.bad != "" {
				if !errors.As(err, &field) || field.Field != tt.bad || strings.Contains(err.Error(), "hush") {
					t.Fatalf("%v, want an error about %s", err, tt.bad)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if saved.IsZero() {
				return
			}
			got, err := saved.PrivateKey()
			if err != nil || !got.Equal(key) || saved.PublicKeyPEM != public {
				t.Errorf("%v, public key %s", err, saved.PublicKeyPEM)
			}
		})
	}
}

func TestShortKeysAreRefused(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	k := federation.Keys{PrivateKeyPEM: block(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key), nil)}
	if _, err := k.PrivateKey(); err == nil {
		t.Error("a key of 1024 bits is accepted")
	}
}
