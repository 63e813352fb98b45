package repository_test

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

func TestValidateKnowsEveryField(t *testing.T) {
	err := repository.Repository{}.Validate()
	all := reflect.TypeFor[repository.Repository]()
	for i := range all.NumField() {
		name := all.Field(i).Name
		if !strings.Contains(err.Error()+"\n", "no "+name+"\n") {
			t.Errorf("Validate does not say that %s is missing: %v", name, err)
		}
		r := memory.New()
		reflect.ValueOf(&r).Elem().Field(i).SetZero()
		if err := r.Validate(); err == nil || err.Error() != "repository: no "+name {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestUpdateUserStopsWhereTryingAgainIsOfNoUse(t *testing.T) {
	users := memory.New().Users
	taken := repository.Identity{Kind: "k", Subject: "s"}
	for _, u := range []repository.User{{ID: "a", Identities: []repository.Identity{taken}}, {ID: "b"}} {
		if _, err := users.SaveUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	boom := errors.New("boom")
	calls := 0
	for name, c := range map[string]struct {
		id   string
		fn   func(*repository.User) error
		want error
	}{
		"nobody":                {"c", func(*repository.User) error { return nil }, repository.ErrNotFound},
		"an error":              {"b", func(*repository.User) error { return boom }, boom},
		"a conflict of its own": {"b", func(*repository.User) error { return repository.ErrConflict }, repository.ErrConflict},
		"a taken identity": {"b", func(u *repository.User) error {
			calls++
			u.Identities = append(u.Identities, taken)
			return nil
		}, repository.ErrTaken},
		"an invalid user": {"b", func(u *repository.User) error { u.Identities = make([]repository.Identity, 1); return nil }, repository.ErrInvalid},
	} {
		if _, err := repository.UpdateUser(t.Context(), users, c.id, c.fn); !errors.Is(err, c.want) {
			t.Errorf("UpdateUser with %s = %v, want %v", name, err, c.want)
		}
	}
	if u, err := users.User(t.Context(), "b"); err != nil || u.Revision != 1 || calls != 1 {
		t.Errorf("afterwards: %+v, %v, %d calls", u, err, calls)
	}
}

func TestNormalPrefix(t *testing.T) {
	for given, want := range map[string]string{
		"10.1.2.3/8": "10.0.0.0/8", "10.1.2.3/32": "10.1.2.3/32", "::ffff:10.1.2.3/104": "10.0.0.0/8",
		"2001:db8::1/32": "2001:db8::/32", "::ffff:0:0/90": "::ffc0:0:0/90",
	} {
		if got := repository.NormalPrefix(netip.MustParsePrefix(given)); got.String() != want {
			t.Errorf("NormalPrefix(%s) = %v, want %s", given, got, want)
		}
	}
	if got := repository.NormalPrefix(netip.Prefix{}); got.IsValid() {
		t.Errorf("NormalPrefix of nothing = %v", got)
	}
}

func TestAFollowerHasOneState(t *testing.T) {
	at := repository.Follower{}.CreatedAt.AddDate(2025, 0, 0)
	for want, f := range map[repository.FollowerState]repository.Follower{
		repository.FollowersPending:  {},
		repository.FollowersApproved: {ApprovedAt: at},
		repository.FollowersBlocked:  {ApprovedAt: at, DisabledAt: at},
	} {
		if got := f.State(); got != want {
			t.Errorf("state of %+v is %d, want %d", f, got, want)
		}
	}
}
