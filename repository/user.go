package repository

import (
	"context"
	"crypto/sha256"
	"time"
)

// Role orders what a user may do. The zero Role is the least powerful.
type Role uint8

// The roles, from the weakest to the strongest.
const (
	RoleViewer Role = iota
	RoleModerator
	RoleAdmin
)

// User is a person or a program known to the stream.
type User struct {
	ID            string // unique among the users; never changes
	Revision      int64  // counts the times it was saved; see [Users]
	DisplayName   string
	PreviousNames []string // the oldest first
	Color         int      // a number that stands for the color of the name
	Role          Role
	Scopes        []string // what else the user may do; names that the packages using them define
	Bot           bool     // a program

	CreatedAt      time.Time
	NameChangedAt  time.Time // zero if the name never changed
	DisabledAt     time.Time // zero while the user is not disabled
	DisabledReason string

	// Identities are who the user has proved to be elsewhere.
	Identities []Identity
}

// Authenticated reports whether the user has proved to be somebody.
func (u User) Authenticated() bool { return len(u.Identities) > 0 }

// Disabled reports whether the user was disabled.
func (u User) Disabled() bool { return !u.DisabledAt.IsZero() }

// Kinds of [Identity]. Hosts may have others.
const (
	IdentityIndieAuth = "indieauth" // the subject is the URL of the user's site
	IdentityFediverse = "fediverse" // the subject is the account, user@host
)

// Identity is who somebody is elsewhere. No two users have the same one, which
// is to say of the same Kind and Subject.
type Identity struct {
	Kind     string
	Subject  string
	LinkedAt time.Time
}

// Check returns an error matching [ErrInvalid] unless u may be stored.
// Implementations call it first in SaveUser.
func (u User) Check() error {
	if err := checkKey("id of a user", u.ID); err != nil {
		return err
	}
	if len(u.DisplayName) > MaxKeyLen {
		return invalid("display name of %d bytes", len(u.DisplayName))
	}
	if u.Revision < 0 {
		return invalid("revision %d of a user", u.Revision)
	}
	for i, identity := range u.Identities {
		if err := identity.check(); err != nil {
			return err
		}
		for _, other := range u.Identities[:i] {
			if other.Kind == identity.Kind && other.Subject == identity.Subject {
				return invalid("an identity of kind %q is there twice", identity.Kind)
			}
		}
	}
	return nil
}

func (i Identity) check() error {
	if err := checkKey("kind of an identity", i.Kind); err != nil {
		return err
	}
	return checkKey("subject of an identity", i.Subject)
}

// UserStatus selects users by whether they were disabled.
type UserStatus uint8

// The choices of UserStatus.
const (
	UsersAll UserStatus = iota
	UsersEnabled
	UsersDisabled
)

// UserKind selects users by what they are.
type UserKind uint8

// The choices of UserKind.
const (
	UsersAnyKind UserKind = iota
	UsersPeople
	UsersBots
)

// UserQuery selects users that meet all conditions. The zero UserQuery selects
// all, the newest first.
type UserQuery struct {
	// Name selects those with this display name, in upper or lower case. It
	// is fast however many users there are. Empty selects any.
	Name string
	// Search selects those with this in their display name, in upper or lower
	// case. Empty selects any.
	Search      string
	MinRole     Role // at least this role
	Status      UserStatus
	Kind        UserKind
	OldestFirst bool // by CreatedAt, then by ID; else the newest come first
	Page        Page
}

// Users stores accounts: of chat, and of whoever else the host lets sign in.
type Users interface {
	// User returns a user by id, or an error matching [ErrNotFound].
	User(ctx context.Context, id string) (User, error)
	// UserByIdentity returns the user who has the identity of this kind and
	// subject, or an error matching [ErrNotFound].
	UserByIdentity(ctx context.Context, kind, subject string) (User, error)
	// Users returns the page of the users that the query selects, and how many
	// it selects in all.
	Users(ctx context.Context, q UserQuery) (page []User, total int, err error)
	// SaveUser stores u as the revision after u.Revision, which is 0 for a new
	// user, and returns what it stored. The error matches [ErrConflict] if
	// u.Revision is not the stored one, [ErrTaken], too, if the id of a new
	// user or an identity is another one's, and [ErrInvalid] if u.Check does.
	SaveUser(ctx context.Context, u User) (User, error)
	// DeleteUser removes a user for good, or returns an error matching
	// [ErrNotFound]. Credentials and messages are in other stores and have to
	// be deleted there, first.
	DeleteUser(ctx context.Context, id string) error
}

// UpdateUser changes a user with fn, saves it, and returns what it saved. If
// another writer was faster it starts again from what that one wrote, so fn may
// be called several times, until ctx is done. An error of fn is returned as it
// is.
func UpdateUser(ctx context.Context, users Users, id string, fn func(*User) error) (User, error) {
	return update(ctx,
		func() (User, error) { return users.User(ctx, id) },
		func(u User) (User, error) { return users.SaveUser(ctx, u) }, fn)
}

// Hash is what is stored of a secret that nobody can guess, such as an access
// token of 20 random bytes. It is not for passwords.
type Hash [sha256.Size]byte

// HashSecret returns the SHA-256 hash of a secret.
func HashSecret(secret string) Hash { return sha256.Sum256([]byte(secret)) }

// Credential lets whoever has the secret be a user.
type Credential struct {
	Hash      Hash // of the secret
	UserID    string
	CreatedAt time.Time
}

// Check returns an error matching [ErrInvalid] unless c may be stored.
func (c Credential) Check() error {
	if c.Hash == (Hash{}) {
		return invalid("credential without a hash")
	}
	return checkKey("id of a credential's user", c.UserID)
}

// Credentials stores what users prove with who they are: access tokens. A user
// may have many. Whether there is a user of that id is not checked.
type Credentials interface {
	// Credential returns the one with this hash, or an error matching
	// [ErrNotFound].
	Credential(ctx context.Context, hash Hash) (Credential, error)
	// PutCredential stores c, in the place of one with the same hash: so a
	// token can be made another user's.
	PutCredential(ctx context.Context, c Credential) error
	// DeleteCredential removes the one with this hash. It does nothing if there
	// is none.
	DeleteCredential(ctx context.Context, hash Hash) error
	// DeleteCredentials removes all that a user has, and returns how many.
	DeleteCredentials(ctx context.Context, userID string) (int, error)
}
