package activitypub

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"slices"
	"strings"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// record is what the Service remembers of itself.
type record struct {
	// Actor is who followers know the channel as; Username and Base are what
	// its IRI was made of.
	Actor    string `json:"actor"`
	Username string `json:"username"`
	Base     string `json:"base"`
	// Former are those that it was before.
	Former []former `json:"former,omitempty"`
	// Moving is the one that followers have to be told of that it is no more.
	Moving    string    `json:"moving,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	// Announced and Blocks stand for what followers were told last of the
	// actor, and for the domains that were acted on.
	Announced string `json:"announced"`
	Blocks    string `json:"blocks,omitempty"`
	// Secret makes IRIs that nobody can guess.
	Secret string `json:"secret"`
	// PreviousKey is the private key before the present one.
	PreviousKey string    `json:"previousKeyPem,omitempty"`
	RotatedAt   time.Time `json:"rotatedAt,omitzero"`
}

// former is an actor that the channel was.
type former struct {
	Actor    string    `json:"actor"`
	Username string    `json:"username"`
	Base     string    `json:"base"`
	MovedAt  time.Time `json:"movedAt"`
}

// maxFormer is how many former actors are remembered.
const maxFormer = 10

func recordSetting() repository.Setting[record] {
	return repository.Setting[record]{Section: "federation-identity"}
}

func (s *Service) record(ctx context.Context) (record, error) {
	r, _, err := recordSetting().Get(ctx, s.cfg.Stores.Settings)
	return r, err
}

func (s *Service) updateRecord(ctx context.Context, fn func(*record)) (record, error) {
	return recordSetting().Update(ctx, s.cfg.Stores.Settings, func(r *record) error {
		fn(r)
		return nil
	})
}

// moveTo makes an identity the present one, and the present one a former one.
func (r *record) moveTo(id identity) {
	if r.Actor == id.actor() {
		return
	}
	kept := []former{{Actor: r.Actor, Username: r.Username, Base: r.Base, MovedAt: time.Now().UTC()}}
	for _, f := range r.Former {
		if f.Actor != r.Actor && f.Actor != id.actor() && len(kept) < maxFormer {
			kept = append(kept, f)
		}
	}
	r.Former, r.Moving = kept, r.Actor
	r.Actor, r.Username, r.Base = id.actor(), id.username, id.base.String()
}

// identities are all that a path may be of: the present one first.
func (r record) identities(now identity) []identity {
	list := []identity{now}
	for _, f := range r.Former {
		if id, err := newIdentity(f.Base, f.Username); err == nil && f.Actor != now.actor() {
			list = append(list, id)
		}
	}
	return list
}

// was tells whether an IRI is that of a former actor.
func (r record) was(iri string) bool {
	return slices.ContainsFunc(r.Former, func(f former) bool { return f.Actor == iri })
}

// newID is a new id that needs no escaping.
func newID() string {
	b := make([]byte, 15)
	_, _ = rand.Read(b) // it never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(b))
}
