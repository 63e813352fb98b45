package webhooks_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/webhooks"
)

func TestPushKeysAreSavedOnlyAsAPair(t *testing.T) {
	pair := func() (public, private string) {
		key, err := ecdh.P256().GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()), base64.RawURLEncoding.EncodeToString(key.Bytes())
	}
	public, private := pair()
	other, _ := pair()
	for name, tt := range map[string]struct {
		keys webhooks.PushKeys
		bad  string // the field, "" if none is
	}{
		"none":           {webhooks.PushKeys{}, ""},
		"a pair":         {webhooks.PushKeys{PublicKey: public, PrivateKey: private}, ""},
		"padded":         {webhooks.PushKeys{PublicKey: public + "=", PrivateKey: private + "="}, ""},
		"no public key":  {webhooks.PushKeys{PrivateKey: private}, ""},
		"no private key": {webhooks.PushKeys{PublicKey: public}, "privateKey"},
		"another's":      {webhooks.PushKeys{PublicKey: other, PrivateKey: private}, "publicKey"},
		"swapped":        {webhooks.PushKeys{PublicKey: private, PrivateKey: public}, "privateKey"},
		"no base64":      {webhooks.PushKeys{PublicKey: public, PrivateKey: "hush!"}, "privateKey"},
	} {
		t.Run(name, func(t *testing.T) {
			saved, err := webhooks.PushKeysSetting().Update(t.Context(), memory.New().Settings, func(k *webhooks.PushKeys) error {
				*k = tt.keys
				return nil
			})
			if field := new(repository.FieldError); tt.bad != "" {
				if !errors.As(err, &field) || field.Field != tt.bad || strings.Contains(err.Error(), "hush") {
					t.Fatalf("%v, want an error about %s", err, tt.bad)
				}
				return
			}
			if err != nil || !saved.IsZero() && saved != (webhooks.PushKeys{PublicKey: public, PrivateKey: private}) {
				t.Errorf("saved %+v, %v", saved, err)
			}
		})
	}
}
