package auth

import (
	"crypto/rand"
	"encoding/base64"
	"sync"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// SessionLifetime is how long a session lasts.
const SessionLifetime = 8 * time.Hour

// maxSessions is how many there may be. The one that ends first makes room.
const maxSessions = 1024

// secretSize is how many random bytes a secret has that nobody types.
const secretSize = 32

// newToken returns a secret of 256 random bits that needs no escaping in a
// URL, a header or a cookie.
func newToken() string {
	var b [secretSize]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Sessions keeps track of who is signed in. It holds only hashes of the secrets,
// in memory, so a memory dump does not let anybody in. Create one with
// [NewSessions]. It is safe for concurrent use.
type Sessions struct {
	now func() time.Time

	mu     sync.Mutex
	byHash map[repository.Hash]session // guarded by mu
}

type session struct {
	user    repository.User
	proof   repository.Hash // of what the user signed in with
	expires time.Time
}

// NewSessions returns an empty Sessions that uses now as its clock; nil stands
// for [time.Now].
func NewSessions(now func() time.Time) *Sessions {
	if now == nil {
		now = time.Now
	}
	return &Sessions{now: now, byHash: map[repository.Hash]session{}}
}

// Begin signs a user in for [SessionLifetime] and returns the secret of the
// session. proof is a hash of what the user signed in with, such as the stored
// hash of the password. The session ends when that changes.
func (s *Sessions) Begin(u repository.User, proof repository.Hash) (secret string) {
	secret = newToken()
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byHash) >= maxSessions {
		s.makeRoom(now)
	}
	s.byHash[repository.HashSecret(secret)] = session{user: u, proof: proof, expires: now.Add(SessionLifetime)}
	return secret
}

// makeRoom drops the sessions that are over, or, if none is, the one that
// would be first: s is locked.
func (s *Sessions) makeRoom(now time.Time) {
	var first repository.Hash
	var expires time.Time
	for hash, e := range s.byHash {
		switch {
		case !now.Before(e.expires):
			delete(s.byHash, hash)
		case expires.IsZero() || e.expires.Before(expires):
			first, expires = hash, e.expires
		}
	}
	if len(s.byHash) >= maxSessions {
		delete(s.byHash, first)
	}
}

// User returns the user of the session with this secret, unless it has ended.
// proof is the current value of what was given to Begin.
func (s *Sessions) User(secret string, proof repository.Hash) (repository.User, bool) {
	// The hash of a guess says nothing about the next guess, so that the time
	// the map takes does not either.
	hash := repository.HashSecret(secret)
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.byHash[hash]
	if !ok {
		return repository.User{}, false
	}
	if e.proof != proof || !now.Before(e.expires) {
		delete(s.byHash, hash)
		return repository.User{}, false
	}
	return e.user, true
}

// End ends the session with this secret, if there is one.
func (s *Sessions) End(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byHash, repository.HashSecret(secret))
}
