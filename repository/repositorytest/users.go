package repositorytest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast/repository"
)

func usersChecks() []check[repository.Users] {
	return []check[repository.Users]{
		{"SaveThenLoad", testUserSaveThenLoad},
		{"OddIDs", testUserOddIDs},
		{"Revisions", testUserRevisions},
		{"Invalid", testUserInvalid},
		{"Identities", testUserIdentities},
		{"Delete", testUserDelete},
		{"Pages", testUserPages},
		{"Queries", testUserQueries},
		{"Names", testUserNames},
		{"Copies", testUserCopies},
		{"UpdatesAreNotLost", testUserUpdates},
		{"CanceledContext", testUserContext},
	}
}

// fullUser has something in every field.
func fullUser() repository.User {
	return repository.User{
		ID: "u1", DisplayName: "Ünïcode 🎥", PreviousNames: []string{"a, b", "", "c"}, Color: 7,
		Role: repository.RoleModerator, Scopes: []string{"X", "Y"}, Bot: true,
		CreatedAt: at(0), NameChangedAt: at(1), DisabledAt: at(2), DisabledReason: "spam",
		Identities: []repository.Identity{
			{Kind: repository.IdentityIndieAuth, Subject: "https://example.org/", LinkedAt: at(3)},
			{Kind: "host", Subject: "17", LinkedAt: at(4)},
		},
	}
}

func saveUser(t *testing.T, s repository.Users, u repository.User) repository.User {
	t.Helper()
	saved, err := s.SaveUser(t.Context(), u)
	ok(t, "SaveUser", err)
	u.Revision++
	equal(t, "what SaveUser returns", saved, u)
	return saved
}

func testUserSaveThenLoad(t *testing.T, s repository.Users) {
	_, err := s.User(t.Context(), "u1")
	fails(t, "User that is not there", err, repository.ErrNotFound)
	want := saveUser(t, s, fullUser())
	got, err := s.User(t.Context(), "u1")
	ok(t, "User", err)
	equal(t, "User", got, want)

	bare := saveUser(t, s, repository.User{ID: "u2"})
	got, err = s.User(t.Context(), "u2")
	ok(t, "User", err)
	equal(t, "User without anything", got, bare)

	local := fullUser()
	local.ID, local.CreatedAt, local.Identities = "u3", local.CreatedAt.In(elsewhere()), nil
	local.PreviousNames = []string{}
	_, err = s.SaveUser(t.Context(), local)
	ok(t, "SaveUser", err)
	got, err = s.User(t.Context(), "u3")
	ok(t, "User", err)
	equal(t, "time in another zone", got.CreatedAt, at(0))
	equal(t, "empty list", got.PreviousNames, nil)

	got.DisplayName, got.DisabledAt, got.Scopes = "new", time.Time{}, nil
	want = saveUser(t, s, got)
	got, err = s.User(t.Context(), "u3")
	ok(t, "User", err)
	equal(t, "User saved again", got, want)
}

func testUserOddIDs(t *testing.T, s repository.Users) {
	ids := []string{"a", "A", "a\x00", "a\x00b", "\x00", "\xff\xff", " ", "ü", strings.Repeat("x", repository.MaxKeyLen)}
	for _, id := range ids {
		saveUser(t, s, repository.User{ID: id, DisplayName: id})
	}
	for _, id := range ids {
		u, err := s.User(t.Context(), id)
		if err != nil || u.ID != id || u.DisplayName != id {
			t.Errorf("User(%.20q) returns %.20q, %v", id, u.ID, err)
		}
	}
	_, err := s.User(t.Context(), long())
	fails(t, "User with an id that none can have", err, repository.ErrNotFound)
}

func testUserRevisions(t *testing.T, s repository.Users) {
	u := saveUser(t, s, repository.User{ID: "a", DisplayName: "1"})
	_, err := s.SaveUser(t.Context(), repository.User{ID: "a", DisplayName: "2"})
	fails(t, "SaveUser of a new user under a taken id", err, repository.ErrTaken)
	fails(t, "SaveUser of a new user under a taken id", err, repository.ErrConflict)
	newer := u
	newer.DisplayName = "3"
	saveUser(t, s, newer)
	_, err = s.SaveUser(t.Context(), u)
	fails(t, "SaveUser of an old revision", err, repository.ErrConflict)
	if errors.Is(err, repository.ErrTaken) {
		t.Error("an old revision is called taken")
	}
	_, err = s.SaveUser(t.Context(), repository.User{ID: "b", Revision: 1})
	fails(t, "SaveUser of a revision of nobody", err, repository.ErrConflict)
	got, err := s.User(t.Context(), "a")
	if err != nil || got.DisplayName != "3" || got.Revision != 2 {
		t.Errorf("after conflicts: %+v, %v", got, err)
	}
	_, total, err := s.Users(t.Context(), repository.UserQuery{})
	if err != nil || total != 1 {
		t.Errorf("after conflicts there are %d users, %v", total, err)
	}
}

func testUserInvalid(t *testing.T, s repository.Users) {
	for name, u := range map[string]repository.User{
		"no id":             {},
		"a long id":         {ID: long()},
		"a long name":       {ID: "a", DisplayName: long()},
		"negative revision": {ID: "a", Revision: -1},
		"no kind":           {ID: "a", Identities: []repository.Identity{{Subject: "x"}}},
		"no subject":        {ID: "a", Identities: []repository.Identity{{Kind: "x"}}},
		"identity twice":    {ID: "a", Identities: []repository.Identity{{Kind: "x", Subject: "y"}, {Kind: "x", Subject: "y", LinkedAt: at(1)}}},
	} {
		_, err := s.SaveUser(t.Context(), u)
		fails(t, "SaveUser with "+name, err, repository.ErrInvalid)
	}
	if all, total, err := s.Users(t.Context(), repository.UserQuery{}); err != nil || total != 0 || len(all) != 0 {
		t.Errorf("after invalid users: %v of %d, %v", all, total, err)
	}
}

func testUserIdentities(t *testing.T, s repository.Users) {
	find := func(kind, subject, want string) {
		t.Helper()
		u, err := s.UserByIdentity(t.Context(), kind, subject)
		if want == "" {
			fails(t, "UserByIdentity", err, repository.ErrNotFound)
		} else if err != nil || u.ID != want {
			t.Errorf("UserByIdentity(%q, %q) = %q, %v; want %q", kind, subject, u.ID, err, want)
		}
	}
	id := func(kind, subject string) repository.Identity {
		return repository.Identity{Kind: kind, Subject: subject}
	}
	a := saveUser(t, s, repository.User{ID: "a", Identities: []repository.Identity{id("k", "1"), id("k", "2"), id("l", "1")}})
	find("k", "1", "a")
	find("l", "1", "a")
	find("l", "2", "")
	find("k1", "", "")
	find("", "k1", "")
	_, err := s.SaveUser(t.Context(), repository.User{ID: "b", Identities: []repository.Identity{id("m", "1"), id("k", "2")}})
	fails(t, "SaveUser with an identity of somebody else", err, repository.ErrTaken)
	find("m", "1", "")
	if a.Identities = a.Identities[:1]; !a.Authenticated() {
		t.Error("a user with an identity is not authenticated")
	}
	saveUser(t, s, a)
	find("k", "1", "a")
	find("k", "2", "")
	saveUser(t, s, repository.User{ID: "b", Identities: []repository.Identity{id("k", "2")}})
	find("k", "2", "b")
	ok(t, "DeleteUser", s.DeleteUser(t.Context(), "b"))
	find("k", "2", "")
	find("k", "1", "a")
}

func testUserDelete(t *testing.T, s repository.Users) {
	fails(t, "DeleteUser of nobody", s.DeleteUser(t.Context(), "a"), repository.ErrNotFound)
	saveUser(t, s, repository.User{ID: "a", DisplayName: "x"})
	saveUser(t, s, repository.User{ID: "b", DisplayName: "x"})
	ok(t, "DeleteUser", s.DeleteUser(t.Context(), "a"))
	_, err := s.User(t.Context(), "a")
	fails(t, "User who was deleted", err, repository.ErrNotFound)
	wantUsers(t, s, repository.UserQuery{}, 1, "b")
	wantUsers(t, s, repository.UserQuery{Name: "x"}, 1, "b")
	saveUser(t, s, repository.User{ID: "a"}) // begins again at revision 0
}

// wantUsers fails the test unless a query has these users on its page, and a
// total.
func wantUsers(t *testing.T, s repository.Users, q repository.UserQuery, total int, ids ...string) {
	t.Helper()
	page, n, err := s.Users(t.Context(), q)
	ok(t, "Users", err)
	equal(t, fmt.Sprintf("page of %+v", q), mapped(page, func(u repository.User) string { return u.ID }), ids)
	equal(t, fmt.Sprintf("total of %+v", q), n, total)
}

func testUserPages(t *testing.T, s repository.Users) {
	wantUsers(t, s, repository.UserQuery{}, 0)
	for i, id := range []string{"c", "a", "e", "b", "d"} {
		saveUser(t, s, repository.User{ID: id, CreatedAt: at(i / 2)}) // two at a time
	}
	wantUsers(t, s, repository.UserQuery{}, 5, "d", "e", "b", "c", "a")
	wantUsers(t, s, repository.UserQuery{OldestFirst: true}, 5, "a", "c", "b", "e", "d")
	for _, c := range []struct {
		page repository.Page
		want []string
	}{
		{repository.Page{Limit: 2}, []string{"d", "e"}},
		{repository.Page{Offset: 2, Limit: 2}, []string{"b", "c"}},
		{repository.Page{Offset: 4, Limit: 2}, []string{"a"}},
		{repository.Page{Offset: 4}, []string{"a"}},
		{repository.Page{Offset: 5, Limit: 2}, nil},
		{repository.Page{Offset: 1 << 30}, nil},
		{repository.Page{Offset: -1, Limit: -1}, []string{"d", "e", "b", "c", "a"}},
		{repository.Page{Limit: 1 << 30}, []string{"d", "e", "b", "c", "a"}},
	} {
		wantUsers(t, s, repository.UserQuery{Page: c.page}, 5, c.want...)
		wantUsers(t, s, repository.UserQuery{Status: repository.UsersEnabled, Page: c.page}, 5, c.want...)
	}
	u, err := s.User(t.Context(), "d")
	ok(t, "User", err)
	u.CreatedAt = at(-100)
	saveUser(t, s, u)
	wantUsers(t, s, repository.UserQuery{}, 5, "e", "b", "c", "a", "d")
}

func testUserQueries(t *testing.T, s repository.Users) {
	for i, u := range []repository.User{
		{ID: "viewer", DisplayName: "Ann"},
		{ID: "disabled", DisplayName: "Hannah", DisabledAt: at(1)},
		{ID: "moderator", DisplayName: "ANNE", Role: repository.RoleModerator},
		{ID: "admin", DisplayName: "Bob", Role: repository.RoleAdmin},
		{ID: "bot", DisplayName: "annbot", Bot: true},
	} {
		u.CreatedAt = at(-i)
		saveUser(t, s, u)
	}
	for _, c := range []struct {
		q    repository.UserQuery
		want []string
	}{
		{repository.UserQuery{}, []string{"viewer", "disabled", "moderator", "admin", "bot"}},
		{repository.UserQuery{MinRole: repository.RoleModerator}, []string{"moderator", "admin"}},
		{repository.UserQuery{MinRole: repository.RoleAdmin}, []string{"admin"}},
		{repository.UserQuery{Status: repository.UsersDisabled}, []string{"disabled"}},
		{repository.UserQuery{Status: repository.UsersEnabled}, []string{"viewer", "moderator", "admin", "bot"}},
		{repository.UserQuery{Kind: repository.UsersBots}, []string{"bot"}},
		{repository.UserQuery{Kind: repository.UsersPeople}, []string{"viewer", "disabled", "moderator", "admin"}},
		{repository.UserQuery{Search: "aNN"}, []string{"viewer", "disabled", "moderator", "bot"}},
		{repository.UserQuery{Search: "ann", Status: repository.UsersEnabled, Kind: repository.UsersPeople}, []string{"viewer", "moderator"}},
		{repository.UserQuery{Name: "ann"}, []string{"viewer"}},
		{repository.UserQuery{Name: "ann", MinRole: repository.RoleAdmin}, nil},
		{repository.UserQuery{Search: "nobody"}, nil},
	} {
		wantUsers(t, s, c.q, len(c.want), c.want...)
		if len(c.want) > 1 {
			c.q.Page = repository.Page{Offset: 1, Limit: 1}
			wantUsers(t, s, c.q, len(c.want), c.want[1])
		}
	}
}

func testUserNames(t *testing.T, s repository.Users) {
	a := saveUser(t, s, repository.User{ID: "a", DisplayName: "Åse", CreatedAt: at(1)})
	saveUser(t, s, repository.User{ID: "b", DisplayName: "åSE", CreatedAt: at(2)})
	saveUser(t, s, repository.User{ID: "c", DisplayName: "Åse2", CreatedAt: at(3)})
	wantUsers(t, s, repository.UserQuery{Name: "ÅSE"}, 2, "b", "a")
	a.DisplayName = "other"
	saveUser(t, s, a)
	wantUsers(t, s, repository.UserQuery{Name: "ÅSE"}, 1, "b")
	wantUsers(t, s, repository.UserQuery{Name: "Other"}, 1, "a")
	wantUsers(t, s, repository.UserQuery{Name: "Ås"}, 0)
	wantUsers(t, s, repository.UserQuery{Name: long()}, 0)
}

func testUserCopies(t *testing.T, s repository.Users) {
	u := fullUser()
	saved, err := s.SaveUser(t.Context(), u)
	ok(t, "SaveUser", err)
	u.PreviousNames[0], saved.Scopes[0] = "#", "#"
	got, err := s.User(t.Context(), "u1")
	ok(t, "User", err)
	got.Identities[0].Subject = "#"
	got, err = s.User(t.Context(), "u1")
	ok(t, "User", err)
	want := fullUser()
	want.Revision = 1
	equal(t, "User after callers changed theirs", got, want)
}

func testUserUpdates(t *testing.T, s repository.Users) {
	saveUser(t, s, repository.User{ID: "a"})
	const writers, updates = 6, 10
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range updates {
				_, err := repository.UpdateUser(t.Context(), s, "a", func(u *repository.User) error { u.Color++; return nil })
				if err != nil {
					t.Errorf("UpdateUser = %v", err)
				}
			}
		})
	}
	wg.Wait()
	u, err := s.User(t.Context(), "a")
	if err != nil || u.Color != writers*updates || u.Revision != 1+writers*updates {
		t.Errorf("after %d updates: %d at revision %d, %v", writers*updates, u.Color, u.Revision, err)
	}
}

func testUserContext(t *testing.T, s repository.Users) {
	u := saveUser(t, s, repository.User{ID: "a"})
	refusesDoneContexts(t, map[string]func(context.Context) error{
		"User":           func(ctx context.Context) error { _, err := s.User(ctx, "a"); return err },
		"UserByIdentity": func(ctx context.Context) error { _, err := s.UserByIdentity(ctx, "a", "b"); return err },
		"Users":          func(ctx context.Context) error { _, _, err := s.Users(ctx, repository.UserQuery{}); return err },
		"SaveUser":       func(ctx context.Context) error { _, err := s.SaveUser(ctx, u); return err },
		"DeleteUser":     func(ctx context.Context) error { return s.DeleteUser(ctx, "a") },
	})
	got, err := s.User(t.Context(), "a")
	if err != nil || got.Revision != 1 {
		t.Errorf("a canceled call changed the user: %+v, %v", got, err)
	}
}

func credentialsChecks() []check[repository.Credentials] {
	return []check[repository.Credentials]{
		{"PutAndDelete", testCredentials},
		{"OfAUser", testCredentialsOfAUser},
		{"CanceledContext", testCredentialsContext},
	}
}

func testCredentials(t *testing.T, s repository.Credentials) {
	hash := repository.HashSecret("secret")
	_, err := s.Credential(t.Context(), hash)
	fails(t, "Credential that is not there", err, repository.ErrNotFound)
	for _, user := range []string{"a", "b"} { // the second time it is made another user's
		want := repository.Credential{Hash: hash, UserID: user, CreatedAt: at(1)}
		ok(t, "PutCredential", s.PutCredential(t.Context(), want))
		got, err := s.Credential(t.Context(), hash)
		ok(t, "Credential", err)
		equal(t, "Credential", got, want)
	}
	fails(t, "PutCredential without a hash", s.PutCredential(t.Context(), repository.Credential{UserID: "a"}), repository.ErrInvalid)
	fails(t, "PutCredential without a user", s.PutCredential(t.Context(), repository.Credential{Hash: hash}), repository.ErrInvalid)
	n, err := s.DeleteCredentials(t.Context(), "a")
	if err != nil || n != 0 {
		t.Errorf("DeleteCredentials of the user it was = %d, %v", n, err)
	}
	for range 2 {
		ok(t, "DeleteCredential", s.DeleteCredential(t.Context(), hash))
		_, err = s.Credential(t.Context(), hash)
		fails(t, "Credential that was deleted", err, repository.ErrNotFound)
	}
}

func testCredentialsOfAUser(t *testing.T, s repository.Credentials) {
	for i, user := range []string{"a", "a", "ab", "a\x00", "a", ""} {
		if user != "" {
			c := repository.Credential{Hash: repository.HashSecret(fmt.Sprint(i)), UserID: user}
			ok(t, "PutCredential", s.PutCredential(t.Context(), c))
		}
	}
	for _, want := range []int{3, 0} {
		n, err := s.DeleteCredentials(t.Context(), "a")
		if err != nil || n != want {
			t.Errorf("DeleteCredentials = %d, %v; want %d", n, err, want)
		}
	}
	n, err := s.DeleteCredentials(t.Context(), long())
	if err != nil || n != 0 {
		t.Errorf("DeleteCredentials of nobody = %d, %v", n, err)
	}
	for i, there := range []bool{false, false, true, true, false} {
		_, err := s.Credential(t.Context(), repository.HashSecret(fmt.Sprint(i)))
		if (err == nil) != there {
			t.Errorf("Credential %d = %v", i, err)
		}
	}
}

func testCredentialsContext(t *testing.T, s repository.Credentials) {
	c := repository.Credential{Hash: repository.HashSecret("x"), UserID: "a"}
	ok(t, "PutCredential", s.PutCredential(t.Context(), c))
	refusesDoneContexts(t, map[string]func(context.Context) error{
		"Credential":        func(ctx context.Context) error { _, err := s.Credential(ctx, c.Hash); return err },
		"PutCredential":     func(ctx context.Context) error { return s.PutCredential(ctx, c) },
		"DeleteCredential":  func(ctx context.Context) error { return s.DeleteCredential(ctx, c.Hash) },
		"DeleteCredentials": func(ctx context.Context) error { _, err := s.DeleteCredentials(ctx, "a"); return err },
	})
	_, err := s.Credential(t.Context(), c.Hash)
	ok(t, "Credential after canceled calls", err)
}
