// Package otp has one-time codes: short numbers that are sent to an account
// elsewhere, and prove that who comes back with one can read what that account
// is sent. It sends nothing itself.
package otp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/internal/idn"
)

// Digits is how long codes are.
const Digits = 6

// Limits. A guesser has fifteen tries for an account in an hour, of a million.
const (
	Life = 10 * time.Minute // of a code

	maxTries   = 5    // of one code
	maxPending = 1000 // codes

	window        = time.Hour
	perAccount    = 3   // codes to an account in a window
	perHolder     = 10  // codes to whoever asks
	perAddress    = 20  // codes that are asked for from an address
	perServer     = 100 // codes to accounts of one server
	triesPerPlace = 60  // tries from an address
)

var (
	// ErrAccount is for what is no account, user@host.
	ErrAccount = errors.New("otp: not an account")
	// ErrWrong is for a code that is wrong, was used, is too old, or was tried
	// too often; nobody is told which.
	ErrWrong = errors.New("otp: wrong code")
)

// BusyError is for what comes too often.
type BusyError struct{ RetryAfter time.Duration }

func (e *BusyError) Error() string { return "otp: too often" }

// Codes are those that were sent. Each holder, such as an access token, has one
// at a time. Create one with [New]. It is safe for concurrent use.
type Codes struct {
	now                                 func() time.Time
	key                                 [32]byte // of the hashes; nobody else knows it
	accounts, holders, addresses, tries *auth.Quota
	servers                             *auth.Quota

	mu      sync.Mutex
	pending map[[sha256.Size]byte]pending // by holder; guarded by mu
}

type pending struct {
	account string
	hash    [sha256.Size]byte
	issued  time.Time
	tries   int
}

// New returns a Codes that uses now as its clock; nil is time.Now.
func New(now func() time.Time) *Codes {
	if now == nil {
		now = time.Now
	}
	c := &Codes{
		now: now, pending: map[[sha256.Size]byte]pending{},
		accounts: auth.NewQuota(perAccount, window, now), holders: auth.NewQuota(perHolder, window, now),
		addresses: auth.NewQuota(perAddress, window, now), tries: auth.NewQuota(triesPerPlace, window, now),
		servers: auth.NewQuota(perServer, window, now),
	}
	_, _ = rand.Read(c.key[:]) // never fails
	return c
}

// Account returns the canonical form of an account, user@host in lower case,
// with the host in ASCII. A leading "@" or "acct:" is taken off. The error is
// [ErrAccount].
func Account(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	s = strings.TrimPrefix(strings.TrimPrefix(s, "acct:"), "@")
	user, host, ok := strings.Cut(s, "@")
	if !ok || user == "" || len(s) > 320 {
		return "", ErrAccount
	}
	host, ok = idn.HostPort(host)
	if !ok || !isHost(host) || strings.Trim(user, "abcdefghijklmnopqrstuvwxyz0123456789._-~") != "" {
		return "", ErrAccount
	}
	return user + "@" + host, nil
}

// isHost tells whether s can be a host name, with a port or without. Whether
// it may be asked for anything is not decided here.
func isHost(s string) bool {
	name, port, hasPort := strings.Cut(s, ":")
	if hasPort && (port == "" || len(port) > 5 || strings.Trim(port, "0123456789") != "") {
		return false
	}
	return strings.Contains(name, ".") && !strings.HasPrefix(name, ".") && !strings.HasSuffix(name, ".") && !strings.Contains(name, "..") &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

// Issue makes a code for a holder and an account in canonical form, in place
// of one that the holder has. The error is a [*BusyError].
func (c *Codes) Issue(holder, account string, from netip.Addr) (code string, err error) {
	_, host, _ := strings.Cut(account, "@")
	for _, q := range []struct {
		quota *auth.Quota
		key   string
	}{{c.addresses, auth.AddressKey(from)}, {c.holders, holder}, {c.accounts, account}, {c.servers, host}} {
		if wait := q.quota.Take(q.key); wait > 0 {
			return "", &BusyError{RetryAfter: wait}
		}
	}
	code = randomCode()
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.hash(holder)
	if _, has := c.pending[at]; !has && len(c.pending) >= maxPending {
		c.forget(now)
		if len(c.pending) >= maxPending {
			return "", &BusyError{RetryAfter: time.Minute}
		}
	}
	c.pending[at] = pending{account: account, hash: c.hash(holder, account, code), issued: now}
	return code, nil
}

// Revoke forgets the code of a holder, if there is one: it could not be sent.
func (c *Codes) Revoke(holder string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, c.hash(holder))
}

// Redeem returns the account that a holder's code was sent to. A code is
// worth nothing after it was right once, or wrong five times. The error is
// [ErrWrong] or a [*BusyError].
func (c *Codes) Redeem(holder, code string, from netip.Addr) (account string, err error) {
	if wait := c.tries.Take(auth.AddressKey(from)); wait > 0 {
		return "", &BusyError{RetryAfter: wait}
	}
	code = strings.TrimSpace(code)
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.hash(holder)
	p, ok := c.pending[at]
	if !ok || c.now().Sub(p.issued) >= Life {
		delete(c.pending, at)
		return "", ErrWrong
	}
	hash := c.hash(holder, p.account, code)
	if hmac.Equal(hash[:], p.hash[:]) {
		delete(c.pending, at)
		return p.account, nil
	}
	if p.tries++; p.tries >= maxTries {
		delete(c.pending, at)
	} else {
		c.pending[at] = p
	}
	return "", ErrWrong
}

// forget drops what is too old. The caller holds mu.
func (c *Codes) forget(now time.Time) {
	for at, p := range c.pending {
		if now.Sub(p.issued) >= Life {
			delete(c.pending, at)
		}
	}
}

// hash keeps what is in memory from being of use elsewhere.
func (c *Codes) hash(parts ...string) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, c.key[:])
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p) // never fails
	}
	copy(sum[:], h.Sum(nil))
	return sum
}

// randomCode is one of a million, all as likely.
func randomCode() string {
	n, _ := rand.Int(rand.Reader, big.NewInt(1_000_000)) // never fails
	return fmt.Sprintf("%0*d", Digits, n.Int64())
}
