package owncast

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
)

// adminUser is the name that HTTP Basic authentication asks for.
const adminUser = "admin"

// NewSecret returns a new secret of 125 random bits, fit for a stream key or
// a password: it needs no escaping and can be read out.
func NewSecret() string { return auth.GenerateSecret() }

// admin is the default Authenticator: one administrator, known by a password
// sent with every request (RFC 7617), or once for the cookie of a session.
type admin struct {
	settings *settingsSource
	hasher   *auth.Hasher
	attempts *auth.Attempts
	sessions *auth.Sessions
	trusted  []netip.Prefix
	base     string // path of the App, without a slash at the end; "" if requests tell

	// known spares the next request of the same administrator the hashing,
	// which is slow on purpose.
	known atomic.Pointer[knownPassword]
}

type knownPassword struct {
	hash string
	sum  [sha256.Size]byte
}

func newAdmin(c config, s *settingsSource) *admin {
	return &admin{
		settings: s, hasher: s.hasher, attempts: auth.NewAttempts(nil), sessions: auth.NewSessions(nil),
		trusted: c.trusted, base: strings.TrimSuffix(c.base.Path, "/"),
	}
}

// Authenticate returns the administrator. Without a password to compare with
// there is no admin API, which is the error then.
func (a *admin) Authenticate(r *http.Request) (User, error) {
	name, password, ok := r.BasicAuth()
	if !ok {
		return a.session(r)
	}
	named := subtle.ConstantTimeCompare([]byte(name), []byte(adminUser)) == 1
	return a.check(r, password, named)
}

// check compares a password. It takes as long with a wrong user name.
func (a *admin) check(r *http.Request, password string, named bool) (User, error) {
	verify, err := a.verifier(r.Context())
	if err != nil {
		return User{}, err
	}
	ok, err := a.attempts.Try(r.Context(), httpx.ClientIP(r, a.trusted), func(ctx context.Context) (bool, error) {
		right, err := verify(ctx, password)
		return right && named, err
	})
	if many := new(auth.TooManyAttemptsError); errors.As(err, &many) {
		return User{}, httpx.TooManyRequests(many.RetryAfter)
	}
	if err != nil {
		return User{}, err
	}
	if !ok {
		return User{}, ErrUnauthorized
	}
	return User{ID: adminUser, DisplayName: adminUser, Role: repository.RoleAdmin}, nil
}

// verifier returns what tells whether a password is the right one.
func (a *admin) verifier(ctx context.Context) (func(context.Context, string) (bool, error), error) {
	if want := a.settings.cfg.adminPassword; want != nil {
		return func(_ context.Context, given string) (bool, error) {
			x, y := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(*want))
			return subtle.ConstantTimeCompare(x[:], y[:]) == 1, nil
		}, nil
	}
	hash, err := a.settings.adminHash(ctx)
	if err != nil {
		return nil, err
	}
	if hash == "" {
		return nil, httpx.ErrNotFound
	}
	return func(ctx context.Context, given string) (bool, error) { return a.verifyHash(ctx, hash, given) }, nil
}

func (a *admin) verifyHash(ctx context.Context, hash, given string) (bool, error) {
	sum := sha256.Sum256([]byte(hash + given))
	if k := a.known.Load(); k != nil && k.hash == hash && subtle.ConstantTimeCompare(k.sum[:], sum[:]) == 1 {
		return true, nil
	}
	ok, err := a.hasher.VerifyPassword(ctx, hash, given)
	if ok {
		a.known.Store(&knownPassword{hash: hash, sum: sum})
	}
	return ok, err
}
