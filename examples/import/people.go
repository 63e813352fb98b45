package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/owncast-go/owncast/repository"
)

const (
	kindUsers      = "users"
	kindBots       = "access tokens"
	kindLogins     = "user tokens"
	kindIdentities = "identities"

	reasonNobody = "of a user that is not there"
)

// colors is how many there are for names.
const colors = 8

// apiScopes are what programs may be allowed.
func apiScopes() []string {
	return []string{"CAN_SEND_MESSAGES", "CAN_SEND_SYSTEM_MESSAGES", "HAS_ADMIN_ACCESS"}
}

// account is a row of table users.
type account struct {
	repository.User
	program  bool
	scopes   []string
	lastUsed time.Time
}

// people carries over users, and what they are known by.
func (im *importer) people(ctx context.Context) error {
	accounts := map[string]*account{}
	var order []*account
	err := im.src.each(ctx, "users", "created_at", []column{
		must("id"), must("display_name"), may("display_color"), may("created_at"), may("disabled_at"), may("previous_names"),
		may("namechanged_at"), may("scopes"), may("type"), may("last_used"), may("disabled_reason"),
	}, func(r row) error {
		a := newAccount(r)
		if a.CreatedAt.IsZero() {
			a.CreatedAt = im.now
		}
		accounts[a.ID] = a
		order = append(order, a)
		return nil
	})
	if err != nil {
		return err
	}
	if err := im.identities(ctx, accounts); err != nil {
		return err
	}
	for _, a := range order {
		_, err := im.repo.Users.SaveUser(ctx, a.User)
		if err := im.took(kindUsers, a.ID, err); err != nil {
			return err
		}
	}
	return im.tokens(ctx, accounts)
}

func newAccount(r row) *account {
	a := &account{program: r.text("type") == "API", scopes: r.list("scopes"), lastUsed: r.time("last_used")}
	a.User = repository.User{
		ID: r.text("id"), DisplayName: r.text("display_name"), PreviousNames: r.list("previous_names"),
		Color: ((r.number("display_color") % colors) + colors) % colors, Bot: a.program,
		CreatedAt: r.time("created_at"), NameChangedAt: r.time("namechanged_at"),
		DisabledAt: r.time("disabled_at"), DisabledReason: r.text("disabled_reason"),
	}
	for _, scope := range a.scopes {
		switch {
		case scope == "MODERATOR":
			a.Role = repository.RoleModerator
		case !a.program:
			a.Scopes = append(a.Scopes, scope)
		}
	}
	return a
}

// identities adds to the accounts who they have signed in as. Each is one
// user's: the first one's, if there are several.
func (im *importer) identities(ctx context.Context, accounts map[string]*account) error {
	owners := map[[2]string]bool{}
	return im.src.each(ctx, "auth", "id", []column{
		must("user_id"), must("token"), must("type"), may("timestamp"),
	}, func(r row) error {
		identity := repository.Identity{Kind: r.text("type"), Subject: r.text("token"), LinkedAt: r.time("timestamp")}
		if identity.LinkedAt.IsZero() {
			identity.LinkedAt = im.now
		}
		detail := r.text("user_id") + " as " + identity.Kind + " " + identity.Subject
		a := accounts[r.text("user_id")]
		if a == nil {
			im.rep.skip(kindIdentities, reasonNobody, detail)
			return nil
		}
		key := [2]string{identity.Kind, identity.Subject}
		_, err := im.repo.Users.UserByIdentity(ctx, identity.Kind, identity.Subject)
		if err != nil && !errors.Is(err, repository.ErrNotFound) {
			return err
		}
		switch {
		case owners[key] || err == nil:
			im.rep.skip(kindIdentities, "of another user already", detail)
		case identity.Kind == "" || identity.Subject == "" || len(identity.Subject) > repository.MaxKeyLen:
			im.rep.skip(kindIdentities, "not valid", detail)
		default:
			owners[key] = true
			a.Identities = append(a.Identities, identity)
			im.rep.took(kindIdentities)
		}
		return nil
	})
}

// tokens carries over the access tokens of users and of programs. Only hashes
// of them are stored.
func (im *importer) tokens(ctx context.Context, accounts map[string]*account) error {
	seen := map[string]int{} // tokens of a program
	return im.src.each(ctx, "user_access_tokens", "timestamp", []column{
		must("token"), must("user_id"), may("timestamp"),
	}, func(r row) error {
		id, secret := r.text("user_id"), r.text("token")
		a := accounts[id]
		switch {
		case a == nil:
			im.rep.skip(kindLogins, reasonNobody, id)
			return nil
		case a.program:
			seen[id]++
			return im.program(ctx, a, secret, seen[id])
		case secret == "":
			im.rep.skip(kindLogins, "empty", id)
			return nil
		}
		at := r.time("timestamp")
		if at.IsZero() {
			at = a.CreatedAt
		}
		err := im.repo.Credentials.PutCredential(ctx, repository.Credential{Hash: repository.HashSecret(secret), UserID: id, CreatedAt: at})
		return im.took(kindLogins, id, err)
	})
}

// program carries over the nth token of a program.
func (im *importer) program(ctx context.Context, a *account, secret string, n int) error {
	scopes := slices.DeleteFunc(slices.Clone(a.scopes), func(s string) bool { return !slices.Contains(apiScopes(), s) })
	switch {
	case a.Disabled():
		im.rep.skip(kindBots, "deleted by an administrator", a.ID)
		return nil
	case secret == "" || len(scopes) == 0:
		im.rep.skip(kindBots, "good for nothing", a.ID)
		return nil
	}
	id := a.ID
	if n > 1 {
		id += "-" + string(rune('0'+n%10))
	}
	err := im.repo.Tokens.CreateToken(ctx, repository.Token{
		ID: id, Hash: repository.HashSecret(secret), Name: a.DisplayName, Color: a.Color, Scopes: scopes,
		CreatedAt: a.CreatedAt, LastUsedAt: a.lastUsed,
	})
	return im.took(kindBots, a.ID, err)
}
