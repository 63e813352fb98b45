package repository

import (
	"context"
	"crypto/sha256"
	"time"
)

// Role ranks users by what they may do. The zero Role is the least powerful.
type Role uint8

// The roles, from the weakest to the strongest.
const (
	RoleViewer Role = iota
	RoleModerator
	RoleAdmin
)

// User is a person or a program that is known to the channel.
type User struct {
	ID            string // unique among users; never changes
	Revision      int64  // counts how often the user was saved; see [Users]
	DisplayName   string
	PreviousNames []string // oldest first
	Color         int      // number of the color that the name is shown in
	Role          Role
	Scopes        []string // further permissions, defined by the packages that check them
	Bot           bool     // whether the user is a program

	CreatedAt      time.Time
	NameChangedAt  time.Time // zero if the name never changed
	DisabledAt     time.Time // zero unless the user is disabled
	DisabledReason string

	// Identities are the user's verified accounts elsewhere.
	Identities []Identity
}

// Authenticated reports whether the user has a verified identity.
func (u User) Authenticated() bool { return len(u.Identities) > 0 }

// Disabled reports whether the user is disabled.
func (u User) Disabled() bool { return !u.DisabledAt.IsZero() }

// The kinds of [Identity] that this module uses. Hosts may define others.
const (
	IdentityIndieAuth = "indieauth" // the subject is the URL of the user's site
	IdentityFediverse = "fediverse" // the subject is the account, user@host
)

// Identity is a user's account elsewhere. No two users have an identity of the
// same Kind and Subject.
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

// UserStatus selects users by whether they are disabled.
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

// UserQuery selects the users that meet all of its conditions. The zero
// UserQuery selects every user, newest first.
type UserQuery struct {
	// Name selects users with this display name, ignoring case. Unlike Search,
	// it is fast however many users there are. Empty selects all.
	Name string
	// Search selects users whose display name contains this text, ignoring
	// case. Empty selects all.
	Search      string
	MinRole     Role // this role or a higher one
	Status      UserStatus
	Kind        UserKind
	OldestFirst bool // order by CreatedAt, then ID; otherwise newest first
	Page        Page
}

// Users stores the accounts of the chat and of whoever else the host lets sign
// in.
type Users interface {
	// User returns a user by id, or an error matching [ErrNotFound].
	User(ctx context.Context, id string) (User, error)
	// UserByIdentity returns the user with the identity of this kind and
	// subject, or an error matching [ErrNotFound].
	UserByIdentity(ctx context.Context, kind, subject string) (User, error)
	// Users returns a page of the users that the query selects, and the total
	// number that it selects.
	Users(ctx context.Context, q UserQuery) (page []User, total int, err error)
	// SaveUser stores u as the revision that follows u.Revision, and returns
	// the stored user. The Revision of a new user is 0. The error matches
	// [ErrConflict] if u.Revision is not the current one; [ErrTaken] as well if
	// the ID of a new user, or an identity, belongs to another user; and
	// [ErrInvalid] if u.Check fails.
	SaveUser(ctx context.Context, u User) (User, error)
	// DeleteUser removes a user permanently, or returns an error matching
	// [ErrNotFound]. Credentials and messages are in other stores and must be
	// deleted there first.
	DeleteUser(ctx context.Context, id string) error
}

// UpdateUser changes a user with fn, and returns the saved user. If another
// writer saves first, UpdateUser starts over from what that one wrote until ctx
// is done, so fn may be called more than once. An error of fn is returned
// unchanged, and nothing is saved.
func UpdateUser(ctx context.Context, users Users, id string, fn func(*User) error) (User, error) {
	return update(ctx,
		func() (User, error) { return users.User(ctx, id) },
		func(u User) (User, error) { return users.SaveUser(ctx, u) }, fn)
}

// Hash is the stored form of a secret that cannot be guessed, such as an access
// token of 20 random bytes. It is not suitable for passwords.
type Hash [sha256.Size]byte

// HashSecret returns the SHA-256 hash of a secret.
func HashSecret(secret string) Hash { return sha256.Sum256([]byte(secret)) }

// Credential authenticates whoever has the secret as a user.
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

// Credentials stores the access tokens of users. A user may have many. Whether
// a user with that ID exists is not checked.
type Credentials interface {
	// Credential returns the one with this hash, or an error matching
	// [ErrNotFound].
	Credential(ctx context.Context, hash Hash) (Credential, error)
	// PutCredential stores c and replaces a credential with the same hash, so
	// that a token can be reassigned to another user.
	PutCredential(ctx context.Context, c Credential) error
	// DeleteCredential removes the credential with this hash, if it exists.
	DeleteCredential(ctx context.Context, hash Hash) error
	// DeleteCredentials removes all credentials of a user and returns how many
	// there were.
	DeleteCredentials(ctx context.Context, userID string) (int, error)
}
