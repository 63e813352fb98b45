package httpsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"time"
)

// Algorithms of RFC 9421, section 6.2.2.
const (
	algRSA    = "rsa-v1_5-sha256"
	algRSAPSS = "rsa-pss-sha512"
	algECDSA  = "ecdsa-p256-sha256"
	algEd     = "ed25519"
)

// Bits that an RSA key may have.
const (
	minRSA = 2048
	maxRSA = 8192
)

// maxPEM is how many bytes a key may have.
const maxPEM = 8 << 10

// ErrKey is a key that is none, or of a kind that is not supported.
var ErrKey = errors.New("httpsig: not a key that can be used")

// Key signs requests.
type Key struct {
	ID      string // what others find the public key by
	Private *rsa.PrivateKey
}

func (k Key) sign(base []byte) ([]byte, error) {
	sum := sha256.Sum256(base)
	value, err := rsa.SignPKCS1v15(rand.Reader, k.Private, crypto.SHA256, sum[:])
	if err != nil {
		return nil, fmt.Errorf("sign request: %w", err)
	}
	return value, nil
}

// Sign signs r, whose body is body, as of now: it sets the headers that belong
// to that, in place of any that were there. The URL of r must be absolute.
func Sign(r *http.Request, body []byte, key Key, kind Kind, now time.Time) error {
	for _, name := range []string{"Date", "Digest", "Content-Digest", "Signature", "Signature-Input"} {
		r.Header.Del(name)
	}
	if kind == RFC9421 {
		return sign9421(r, body, key, now)
	}
	return signCavage(r, body, key, now)
}

// ParsePublicKey reads a public key in PEM: RSA of 2048 to 8192 bits, Ed25519,
// or ECDSA on P-256. Errors match [ErrKey].
func ParsePublicKey(text string) (crypto.PublicKey, error) {
	if len(text) > maxPEM {
		return nil, fmt.Errorf("%w: %d bytes", ErrKey, len(text))
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, fmt.Errorf("%w: no PEM", ErrKey)
	}
	if block.Type == "RSA PUBLIC KEY" {
		key, err := x509.ParsePKCS1PublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrKey, err)
		}
		return usable(key)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return usable(key)
}

func usable(key crypto.PublicKey) (crypto.PublicKey, error) {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < minRSA || n > maxRSA {
			return nil, fmt.Errorf("%w: RSA of %d bits", ErrKey, n)
		}
		return k, nil
	case ed25519.PublicKey:
		return k, nil
	case *ecdsa.PublicKey:
		if k.Params().BitSize != 256 {
			return nil, fmt.Errorf("%w: %s", ErrKey, k.Params().Name)
		}
		return k, nil
	default:
		return nil, fmt.Errorf("%w: %T", ErrKey, key)
	}
}

// verify checks a signature by the algorithm that is stated, if it is one of
// the key's, or by those that are usual for the key.
func verify(key crypto.PublicKey, kind Kind, algorithm string, base, value []byte) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return verifyRSA(k, kind, algorithm, base, value)
	case ed25519.PublicKey:
		if !stated(kind, algorithm, algEd) {
			return ErrAlgorithm
		}
		return right(ed25519.Verify(k, base, value))
	case *ecdsa.PublicKey:
		if kind != RFC9421 || !stated(kind, algorithm, algECDSA) {
			return ErrAlgorithm
		}
		if len(value) != 64 {
			return ErrSignature
		}
		sum := sha256.Sum256(base)
		r, s := new(big.Int).SetBytes(value[:32]), new(big.Int).SetBytes(value[32:])
		return right(ecdsa.Verify(k, sum[:], r, s))
	default:
		return ErrAlgorithm
	}
}

// stated tells whether an algorithm is the only one of a key, or left open:
// the draft's hs2019 leaves it to the key.
func stated(kind Kind, algorithm, only string) bool {
	return algorithm == "" || algorithm == only || kind == Cavage && algorithm == "hs2019"
}

func verifyRSA(k *rsa.PublicKey, kind Kind, algorithm string, base, value []byte) error {
	s256, s512 := sha256.Sum256(base), sha512.Sum512(base)
	v256 := func() error { return right(rsa.VerifyPKCS1v15(k, crypto.SHA256, s256[:], value) == nil) }
	v512 := func() error { return right(rsa.VerifyPKCS1v15(k, crypto.SHA512, s512[:], value) == nil) }
	switch {
	case kind == RFC9421 && algorithm == algRSAPSS:
		return right(rsa.VerifyPSS(k, crypto.SHA512, s512[:], value, &rsa.PSSOptions{SaltLength: sha512.Size, Hash: crypto.SHA512}) == nil)
	case kind == RFC9421 && (algorithm == algRSA || algorithm == ""):
		return v256()
	case kind == Cavage && algorithm == "rsa-sha512":
		return v512()
	case kind == Cavage && algorithm == "rsa-sha256":
		return v256()
	case kind == Cavage && (algorithm == "" || algorithm == "hs2019"):
		if v256() == nil {
			return nil
		}
		return v512()
	default:
		return ErrAlgorithm
	}
}

func right(ok bool) error {
	if !ok {
		return ErrSignature
	}
	return nil
}
