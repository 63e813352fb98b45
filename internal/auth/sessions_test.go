package auth

import (
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/repository"
)

func TestSessionsEnd(t *testing.T) {
	now := time.Unix(1000, 0)
	s := NewSessions(func() time.Time { return now })
	proof, other := repository.HashSecret("one password"), repository.HashSecret("another")
	u := repository.User{ID: "a", Role: repository.RoleAdmin}
	for name, end := range map[string]func(secret string){
		"by signing out":         s.End,
		"with the time":          func(string) { now = now.Add(SessionLifetime) },
		"with another password":  func(secret string) { s.User(secret, other) },
		"when they are the last": func(string) { fill(s, &now) },
	} {
		t.Run(name, func(t *testing.T) {
			secret := s.Begin(u, proof)
			if got, ok := s.User(secret, proof); !ok || got.ID != "a" {
				t.Fatalf("User = %+v, %v right after Begin", got, ok)
			}
			end(secret)
			if _, ok := s.User(secret, proof); ok {
				t.Error("the session goes on")
			}
		})
	}
}

// fill makes as many sessions as there may be, all later than others.
func fill(s *Sessions, now *time.Time) {
	*now = now.Add(time.Second)
	for range maxSessions {
		s.Begin(repository.User{}, repository.Hash{})
	}
}

func TestSessionsAreBoundedAndHaveSecretsOfTheirOwn(t *testing.T) {
	now := time.Unix(1000, 0)
	s := NewSessions(func() time.Time { return now })
	seen := map[string]bool{}
	for range 3 * maxSessions {
		seen[s.Begin(repository.User{}, repository.Hash{})] = true
	}
	if len(seen) != 3*maxSessions || len(s.byHash) != maxSessions {
		t.Errorf("%d secrets, %d sessions", len(seen), len(s.byHash))
	}
	for secret := range seen {
		if len(secret) != 43 {
			t.Fatalf("a secret of %d characters", len(secret))
		}
	}
	now = now.Add(SessionLifetime)
	s.Begin(repository.User{}, repository.Hash{})
	if len(s.byHash) != 1 {
		t.Errorf("%d sessions after all but one were over", len(s.byHash))
	}
}

func TestNobodyIsInByAGuess(t *testing.T) {
	s := NewSessions(nil)
	s.Begin(repository.User{}, repository.Hash{})
	for _, guess := range []string{"", "x", strings.Repeat("A", 43)} {
		if _, ok := s.User(guess, repository.Hash{}); ok {
			t.Errorf("%q is in", guess)
		}
	}
}
