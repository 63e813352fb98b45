package auth

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Bounds of what is accepted from a stored hash, so that a forged one costs
// no more than a few times an own one.
const (
	maxHashMemory  = 128 * 1024 // KiB
	maxHashTime    = 16
	maxHashThreads = 8
	minHashSalt    = 8 // bytes, RFC 9106 §3.1
	minHashKey     = 16
	maxHashBytes   = 64 // of salt and of key
)

// passwordHash is a hash with the parameters it was made with.
type passwordHash struct {
	memory  uint32 // KiB
	time    uint32
	threads uint8
	salt    []byte
	key     []byte
}

// String returns the hash in PHC string format:
// $argon2id$v=19$m=19456,t=2,p=1$salt$key
func (p passwordHash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads,
		base64.RawStdEncoding.EncodeToString(p.salt), base64.RawStdEncoding.EncodeToString(p.key))
}

// CheckPasswordHash returns an error matching [ErrPasswordHash], which does not
// quote hash, unless [Hasher.VerifyPassword] can check passwords against it.
func CheckPasswordHash(hash string) error {
	if isBcrypt(hash) {
		return checkBcrypt(hash)
	}
	_, err := parseHash(hash)
	return err
}

// parseHash parses what String returns. Its errors match [ErrPasswordHash] and
// do not quote the hash.
func parseHash(s string) (passwordHash, error) {
	fields := strings.Split(s, "$")
	if len(fields) != 6 || fields[0] != "" || fields[1] != "argon2id" {
		return passwordHash{}, fmt.Errorf("%w: want argon2id in PHC format", ErrPasswordHash)
	}
	if fields[2] != "v="+strconv.Itoa(argon2.Version) {
		return passwordHash{}, fmt.Errorf("%w: unknown version of argon2", ErrPasswordHash)
	}
	p, err := parseParameters(fields[3])
	if err != nil {
		return passwordHash{}, err
	}
	if p.salt, err = decodeHashBytes(fields[4], minHashSalt); err != nil {
		return passwordHash{}, err
	}
	if p.key, err = decodeHashBytes(fields[5], minHashKey); err != nil {
		return passwordHash{}, err
	}
	return p, nil
}

// parseParameters parses "m=19456,t=2,p=1".
func parseParameters(s string) (p passwordHash, err error) {
	fields := strings.Split(s, ",")
	if len(fields) != 3 {
		return p, fmt.Errorf("%w: want parameters m, t and p", ErrPasswordHash)
	}
	var n [3]uint32
	for i, limit := range [3]uint64{maxHashMemory, maxHashTime, maxHashThreads} {
		digits, ok := strings.CutPrefix(fields[i], "mtp"[i:i+1]+"=")
		v, err := strconv.ParseUint(digits, 10, 32)
		// Formatting again finds signs and leading zeros.
		if !ok || err != nil || v == 0 || v > limit || strconv.FormatUint(v, 10) != digits {
			return p, fmt.Errorf("%w: parameter %d is not one of use", ErrPasswordHash, i+1)
		}
		n[i] = uint32(v)
	}
	return passwordHash{memory: n[0], time: n[1], threads: uint8(n[2])}, nil
}

func decodeHashBytes(s string, minimum int) ([]byte, error) {
	b, err := base64.RawStdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < minimum || len(b) > maxHashBytes || strings.ContainsAny(s, "\r\n") {
		return nil, fmt.Errorf("%w: salt or key is not one of use", ErrPasswordHash)
	}
	return b, nil
}
