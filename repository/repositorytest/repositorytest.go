// Package repositorytest checks implementations of the stores of package
// repository.
//
// Call [Run] from a test of the implementation:
//
//	func TestConformance(t *testing.T) {
//		repositorytest.Run(t, func(t *testing.T) repository.Repository {
//			return openMine(t) // empty; closed by t.Cleanup if it needs closing
//		})
//	}
//
// Who implements some of the stores calls their own functions, such as
// [RunUsers].
package repositorytest

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// check is one subtest of the suite of a store.
type check[S any] struct {
	name string
	fn   func(*testing.T, S)
}

// run runs the checks of a store, each on one of its own.
func run[S any](t *testing.T, store string, checks []check[S], open func(*testing.T) S) {
	t.Helper()
	for _, c := range checks {
		t.Run(store+c.name, func(t *testing.T) { c.fn(t, open(t)) })
	}
}

// Run runs the suites of all stores, each subtest on a repository of its own,
// which open returns. It must be empty and of no use to anybody else.
func Run(t *testing.T, open func(*testing.T) repository.Repository) {
	t.Helper()
	of := func(t *testing.T) repository.Repository {
		t.Helper()
		r := open(t)
		if err := r.Validate(); err != nil {
			t.Fatal(err)
		}
		return r
	}
	RunSettings(t, func(t *testing.T) repository.Settings { return of(t).Settings })
	RunUsers(t, func(t *testing.T) repository.Users { return of(t).Users })
	RunCredentials(t, func(t *testing.T) repository.Credentials { return of(t).Credentials })
	RunChat(t, func(t *testing.T) repository.Chat { return of(t).Chat })
	RunBans(t, func(t *testing.T) repository.Bans { return of(t).Bans })
	RunAudit(t, func(t *testing.T) repository.Audit { return of(t).Audit })
	RunFollowers(t, func(t *testing.T) repository.Followers { return of(t).Followers })
	RunOutbox(t, func(t *testing.T) repository.Outbox { return of(t).Outbox })
	RunInbound(t, func(t *testing.T) repository.Inbound { return of(t).Inbound })
	RunQueue(t, func(t *testing.T) repository.Queue { return of(t).Deliveries })
	RunNotifications(t, func(t *testing.T) repository.Notifications { return of(t).Notifications })
	RunWebhooks(t, func(t *testing.T) repository.Webhooks { return of(t).Webhooks })
	RunTokens(t, func(t *testing.T) repository.Tokens { return of(t).Tokens })
	RunSchedule(t, func(t *testing.T) repository.Schedule { return of(t).Schedule })
	RunSeries(t, func(t *testing.T) repository.Series { return of(t).Series })
	t.Run("QueuesAreApart", func(t *testing.T) { testQueuesAreApart(t, of(t)) })
}

// RunSettings runs the suite of Settings as [Run] does.
func RunSettings(t *testing.T, open func(*testing.T) repository.Settings) {
	t.Helper()
	run(t, "Settings", settingsChecks(), open)
}

// RunUsers runs the suite of Users as [Run] does.
func RunUsers(t *testing.T, open func(*testing.T) repository.Users) {
	t.Helper()
	run(t, "Users", usersChecks(), open)
}

// RunCredentials runs the suite of Credentials as [Run] does.
func RunCredentials(t *testing.T, open func(*testing.T) repository.Credentials) {
	t.Helper()
	run(t, "Credentials", credentialsChecks(), open)
}

// RunChat runs the suite of Chat as [Run] does.
func RunChat(t *testing.T, open func(*testing.T) repository.Chat) {
	t.Helper()
	run(t, "Chat", chatChecks(), open)
}

// RunBans runs the suite of Bans as [Run] does.
func RunBans(t *testing.T, open func(*testing.T) repository.Bans) {
	t.Helper()
	run(t, "Bans", bansChecks(), open)
}

// RunAudit runs the suite of Audit as [Run] does.
func RunAudit(t *testing.T, open func(*testing.T) repository.Audit) {
	t.Helper()
	run(t, "Audit", auditChecks(), open)
}

// RunFollowers runs the suite of Followers as [Run] does.
func RunFollowers(t *testing.T, open func(*testing.T) repository.Followers) {
	t.Helper()
	run(t, "Followers", followersChecks(), open)
}

// RunOutbox runs the suite of Outbox as [Run] does.
func RunOutbox(t *testing.T, open func(*testing.T) repository.Outbox) {
	t.Helper()
	run(t, "Outbox", outboxChecks(), open)
}

// RunInbound runs the suite of Inbound as [Run] does.
func RunInbound(t *testing.T, open func(*testing.T) repository.Inbound) {
	t.Helper()
	run(t, "Inbound", inboundChecks(), open)
}

// RunQueue runs the suite of Queue as [Run] does.
func RunQueue(t *testing.T, open func(*testing.T) repository.Queue) {
	t.Helper()
	run(t, "Queue", queueChecks(), open)
}

// RunNotifications runs the suite of Notifications as [Run] does.
func RunNotifications(t *testing.T, open func(*testing.T) repository.Notifications) {
	t.Helper()
	run(t, "Notifications", notificationsChecks(), open)
}

// RunWebhooks runs the suite of Webhooks as [Run] does.
func RunWebhooks(t *testing.T, open func(*testing.T) repository.Webhooks) {
	t.Helper()
	run(t, "Webhooks", webhooksChecks(), open)
}

// RunTokens runs the suite of Tokens as [Run] does.
func RunTokens(t *testing.T, open func(*testing.T) repository.Tokens) {
	t.Helper()
	run(t, "Tokens", tokensChecks(), open)
}

// RunSchedule runs the suite of Schedule as [Run] does.
func RunSchedule(t *testing.T, open func(*testing.T) repository.Schedule) {
	t.Helper()
	run(t, "Schedule", scheduleChecks(), open)
}

// RunSeries runs the suite of Series as [Run] does.
func RunSeries(t *testing.T, open func(*testing.T) repository.Series) {
	t.Helper()
	run(t, "Series", seriesChecks(), open)
}

// at is a time that is a number of seconds after another one, which has
// nanoseconds.
func at(seconds int) time.Time {
	return time.Date(2026, 5, 1, 12, 0, 0, 123456789, time.UTC).Add(time.Duration(seconds) * time.Second)
}

// elsewhere is a time zone, which must make no difference.
func elsewhere() *time.Location { return time.FixedZone("elsewhere", 5*3600+1800) }

// ok fails the test at once if there is an error.
func ok(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s = %v", what, err)
	}
}

// fails fails the test unless err matches target.
func fails(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: got error %v, want %v", what, err, target)
	}
}

// equal fails the test unless got is wanted.
func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s is\n%+v, want\n%+v", what, got, want)
	}
}

// mapped returns what f makes of each.
func mapped[T, U any](all []T, f func(T) U) []U {
	var us []U
	for _, v := range all {
		us = append(us, f(v))
	}
	return us
}

// refusesDoneContexts fails the test unless calls with a context that is done
// return its error.
func refusesDoneContexts(t *testing.T, calls map[string]func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range calls {
		fails(t, name+" with a canceled context", call(ctx), context.Canceled)
	}
}

// long is a text that is too long to be a key.
func long() string { return string(make([]byte, repository.MaxKeyLen+1)) }
