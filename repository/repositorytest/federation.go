package repositorytest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/owncast-go/owncast/repository"
)

func followersChecks() []check[repository.Followers] {
	return []check[repository.Followers]{
		{"SaveThenLoad", testFollowers},
		{"Pages", testFollowerPages},
		{"Queries", testFollowerQueries},
		{"Inboxes", testFollowerInboxes},
		{"UpdatesAreNotLost", testFollowerUpdates},
		{"CanceledContext", testFollowersContext},
	}
}

// follower is the n-th follower, which is approved and has an inbox of its own.
func follower(n int) repository.Follower {
	iri := fmt.Sprint("https://example.org/users/", n)
	return repository.Follower{ActorIRI: iri, InboxIRI: iri + "/inbox", Name: fmt.Sprint(n), CreatedAt: at(n), ApprovedAt: at(n)}
}

func saveFollower(t *testing.T, s repository.Followers, f repository.Follower) repository.Follower {
	t.Helper()
	saved, err := s.SaveFollower(t.Context(), f)
	ok(t, "SaveFollower", err)
	f.Revision++
	equal(t, "what SaveFollower returns", saved, f)
	return saved
}

func testFollowers(t *testing.T, s repository.Followers) {
	full := repository.Follower{
		ActorIRI: "https://a/1", InboxIRI: "https://a/1/in", SharedInboxIRI: "https://a/in", Name: "ü", Username: "u@a", ImageURL: "https://a/i",
		FollowIRI: "https://a/f", Follow: []byte(`{"type":"Follow"}`), CreatedAt: at(1), ApprovedAt: at(2), DisabledAt: at(3),
		ValidatedAt: at(4), FailingSince: at(5), Directory: true,
	}
	_, err := s.Follower(t.Context(), full.ActorIRI)
	fails(t, "Follower that is not there", err, repository.ErrNotFound)
	fails(t, "DeleteFollower that is not there", s.DeleteFollower(t.Context(), full.ActorIRI), repository.ErrNotFound)
	want := saveFollower(t, s, full)
	got, err := s.Follower(t.Context(), full.ActorIRI)
	ok(t, "Follower", err)
	equal(t, "Follower", got, want)
	got.Follow[0] = '#'
	got, err = s.Follower(t.Context(), full.ActorIRI)
	ok(t, "Follower", err)
	equal(t, "Follower after the caller changed his", got, want)

	_, err = s.SaveFollower(t.Context(), full)
	fails(t, "SaveFollower of one that is there", err, repository.ErrTaken)
	newer := want
	newer.Name = "new"
	saveFollower(t, s, newer)
	_, err = s.SaveFollower(t.Context(), want)
	fails(t, "SaveFollower of an old revision", err, repository.ErrConflict)
	for _, bad := range []repository.Follower{{}, {ActorIRI: "a"}, {InboxIRI: "a"}, {ActorIRI: long(), InboxIRI: "a"}, {ActorIRI: "a", InboxIRI: "a", SharedInboxIRI: long()}} {
		_, err = s.SaveFollower(t.Context(), bad)
		fails(t, "SaveFollower of an invalid one", err, repository.ErrInvalid)
	}
	ok(t, "DeleteFollower", s.DeleteFollower(t.Context(), full.ActorIRI))
	_, err = s.Follower(t.Context(), full.ActorIRI)
	fails(t, "Follower that was deleted", err, repository.ErrNotFound)
	saveFollower(t, s, full)
}

func wantFollowers(t *testing.T, s repository.Followers, q repository.FollowerQuery, total int, names ...string) {
	t.Helper()
	page, n, err := s.Followers(t.Context(), q)
	ok(t, "Followers", err)
	equal(t, fmt.Sprintf("page of %+v", q), mapped(page, func(f repository.Follower) string { return f.Name }), names)
	equal(t, fmt.Sprintf("total of %+v", q), n, total)
}

func testFollowerPages(t *testing.T, s repository.Followers) {
	for i := range 5 {
		saveFollower(t, s, follower(i))
	}
	for _, q := range []repository.FollowerQuery{{State: repository.FollowersApproved, Kind: repository.FollowersPeople}, {State: repository.FollowersApproved}, {}} {
		wantFollowers(t, s, q, 5, "4", "3", "2", "1", "0")
		q.Page = repository.Page{Offset: 1, Limit: 2}
		wantFollowers(t, s, q, 5, "3", "2")
		q.Page = repository.Page{Offset: 4, Limit: 2}
		wantFollowers(t, s, q, 5, "0")
		q.Page = repository.Page{Offset: 9}
		wantFollowers(t, s, q, 5)
	}
}

func testFollowerQueries(t *testing.T, s repository.Followers) {
	pending, blocked, directory := follower(1), follower(2), follower(3)
	pending.ApprovedAt = repository.Follower{}.ApprovedAt
	blocked.DisabledAt = at(9)
	directory.Directory, directory.ValidatedAt = true, at(50)
	for _, f := range []repository.Follower{follower(0), pending, blocked, directory} {
		saveFollower(t, s, f)
	}
	wantFollowers(t, s, repository.FollowerQuery{}, 4, "3", "2", "1", "0")
	wantFollowers(t, s, repository.FollowerQuery{State: repository.FollowersApproved}, 2, "3", "0")
	wantFollowers(t, s, repository.FollowerQuery{State: repository.FollowersPending}, 1, "1")
	wantFollowers(t, s, repository.FollowerQuery{State: repository.FollowersBlocked}, 1, "2")
	wantFollowers(t, s, repository.FollowerQuery{Kind: repository.FollowersDirectories}, 1, "3")
	wantFollowers(t, s, repository.FollowerQuery{Kind: repository.FollowersPeople}, 3, "2", "1", "0")
	wantFollowers(t, s, repository.FollowerQuery{State: repository.FollowersApproved, Kind: repository.FollowersDirectories}, 1, "3")
	wantFollowers(t, s, repository.FollowerQuery{State: repository.FollowersApproved, Kind: repository.FollowersPeople}, 1, "0")
	wantFollowers(t, s, repository.FollowerQuery{State: repository.FollowersPending, Kind: repository.FollowersDirectories}, 0)
	wantFollowers(t, s, repository.FollowerQuery{ValidatedBefore: at(50)}, 3, "2", "1", "0")
	wantFollowers(t, s, repository.FollowerQuery{ValidatedBefore: at(51), State: repository.FollowersApproved}, 2, "3", "0")

	_, err := repository.UpdateFollower(t.Context(), s, pending.ActorIRI, func(f *repository.Follower) error { f.ApprovedAt = at(9); return nil })
	ok(t, "UpdateFollower", err)
	ok(t, "DeleteFollower", s.DeleteFollower(t.Context(), follower(0).ActorIRI))
	wantFollowers(t, s, repository.FollowerQuery{State: repository.FollowersApproved}, 2, "3", "1")
	wantFollowers(t, s, repository.FollowerQuery{State: repository.FollowersPending}, 0)
	_, err = repository.UpdateFollower(t.Context(), s, directory.ActorIRI, func(f *repository.Follower) error { f.Directory = false; return nil })
	ok(t, "UpdateFollower", err)
	wantFollowers(t, s, repository.FollowerQuery{State: repository.FollowersApproved, Kind: repository.FollowersDirectories}, 0)
	wantFollowers(t, s, repository.FollowerQuery{State: repository.FollowersApproved, Kind: repository.FollowersPeople}, 2, "3", "1")
}

func testFollowerInboxes(t *testing.T, s repository.Followers) {
	want := func(inboxes ...repository.Inbox) {
		t.Helper()
		got, err := s.Inboxes(t.Context())
		ok(t, "Inboxes", err)
		slices.SortFunc(got, func(a, b repository.Inbox) int { return a.Followers - b.Followers })
		equal(t, "Inboxes", got, inboxes)
	}
	want()
	for i := range 4 {
		f := follower(i)
		f.SharedInboxIRI = "https://example.org/shared"
		saveFollower(t, s, f)
	}
	own, pending := follower(4), follower(5)
	pending.ApprovedAt = repository.Follower{}.ApprovedAt
	saveFollower(t, s, own)
	saveFollower(t, s, pending)
	alone := repository.Inbox{IRI: own.InboxIRI, Followers: 1}
	want(alone, repository.Inbox{IRI: "https://example.org/shared", Followers: 4})
	for i := range 2 {
		_, err := repository.UpdateFollower(t.Context(), s, follower(i).ActorIRI, func(f *repository.Follower) error { f.DisabledAt = at(9); return nil })
		ok(t, "UpdateFollower", err)
	}
	want(alone, repository.Inbox{IRI: "https://example.org/shared", Followers: 2})
	_, err := repository.UpdateFollower(t.Context(), s, own.ActorIRI, func(f *repository.Follower) error { f.SharedInboxIRI = "https://example.org/shared"; return nil })
	ok(t, "UpdateFollower", err)
	want(repository.Inbox{IRI: "https://example.org/shared", Followers: 3})
	for i := range 6 {
		ok(t, "DeleteFollower", s.DeleteFollower(t.Context(), follower(i).ActorIRI))
	}
	want()
}

func testFollowerUpdates(t *testing.T, s repository.Followers) {
	saveFollower(t, s, follower(0))
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for range 10 {
				_, err := repository.UpdateFollower(t.Context(), s, follower(0).ActorIRI, func(f *repository.Follower) error { f.Name += "x"; return nil })
				if err != nil {
					t.Errorf("UpdateFollower = %v", err)
				}
			}
		})
	}
	wg.Wait()
	f, err := s.Follower(t.Context(), follower(0).ActorIRI)
	if err != nil || len(f.Name) != 61 {
		t.Errorf("after 60 updates: %d, %v", len(f.Name)-1, err)
	}
}

func testFollowersContext(t *testing.T, s repository.Followers) {
	f := saveFollower(t, s, follower(0))
	refusesDoneContexts(t, map[string]func(context.Context) error{
		"Follower":       func(ctx context.Context) error { _, err := s.Follower(ctx, f.ActorIRI); return err },
		"Followers":      func(ctx context.Context) error { _, _, err := s.Followers(ctx, repository.FollowerQuery{}); return err },
		"Inboxes":        func(ctx context.Context) error { _, err := s.Inboxes(ctx); return err },
		"SaveFollower":   func(ctx context.Context) error { _, err := s.SaveFollower(ctx, f); return err },
		"DeleteFollower": func(ctx context.Context) error { return s.DeleteFollower(ctx, f.ActorIRI) },
	})
	got, err := s.Follower(t.Context(), f.ActorIRI)
	ok(t, "Follower", err)
	equal(t, "Follower after canceled calls", got, f)
}

func outboxChecks() []check[repository.Outbox] {
	return []check[repository.Outbox]{
		{"PutAndDelete", testOutbox},
		{"CanceledContext", testOutboxContext},
	}
}

func wantActivities(t *testing.T, s repository.Outbox, p repository.Page, total int, iris ...string) {
	t.Helper()
	page, n, err := s.Activities(t.Context(), p)
	ok(t, "Activities", err)
	equal(t, "Activities", mapped(page, func(a repository.Activity) string { return a.IRI }), iris)
	equal(t, "total of Activities", n, total)
}

func testOutbox(t *testing.T, s repository.Outbox) {
	wantActivities(t, s, repository.Page{}, 0)
	_, err := s.Activity(t.Context(), "a")
	fails(t, "Activity that is not there", err, repository.ErrNotFound)
	fails(t, "DeleteActivity that is not there", s.DeleteActivity(t.Context(), "a"), repository.ErrNotFound)
	fails(t, "PutActivity without an IRI", s.PutActivity(t.Context(), repository.Activity{}), repository.ErrInvalid)
	want := repository.Activity{IRI: "a", Type: "Create", Data: []byte(`{}`), CreatedAt: at(1), Live: true}
	for i, iri := range []string{"b", "a", "c"} {
		a := want
		a.IRI, a.CreatedAt = iri, at(i)
		ok(t, "PutActivity", s.PutActivity(t.Context(), a))
	}
	got, err := s.Activity(t.Context(), "a")
	ok(t, "Activity", err)
	equal(t, "Activity", got, want)
	wantActivities(t, s, repository.Page{}, 3, "c", "a", "b")
	wantActivities(t, s, repository.Page{Offset: 1, Limit: 1}, 3, "a")
	want.CreatedAt, want.Type = at(9), "Update"
	ok(t, "PutActivity", s.PutActivity(t.Context(), want))
	wantActivities(t, s, repository.Page{}, 3, "a", "c", "b")
	ok(t, "DeleteActivity", s.DeleteActivity(t.Context(), "c"))
	wantActivities(t, s, repository.Page{}, 2, "a", "b")
}

func testOutboxContext(t *testing.T, s repository.Outbox) {
	a := repository.Activity{IRI: "a"}
	ok(t, "PutActivity", s.PutActivity(t.Context(), a))
	refusesDoneContexts(t, map[string]func(context.Context) error{
		"Activity":       func(ctx context.Context) error { _, err := s.Activity(ctx, "a"); return err },
		"Activities":     func(ctx context.Context) error { _, _, err := s.Activities(ctx, repository.Page{}); return err },
		"PutActivity":    func(ctx context.Context) error { return s.PutActivity(ctx, repository.Activity{IRI: "b"}) },
		"DeleteActivity": func(ctx context.Context) error { return s.DeleteActivity(ctx, "a") },
	})
	wantActivities(t, s, repository.Page{}, 1, "a")
}

func inboundChecks() []check[repository.Inbound] {
	return []check[repository.Inbound]{
		{"SeenOnce", testInboundOnce},
		{"Engagements", testInboundEngagements},
		{"Prune", testInboundPrune},
		{"CanceledContext", testInboundContext},
	}
}

// see calls SeeActivity and fails the test unless it returns what is wanted.
func see(t *testing.T, s repository.Inbound, a repository.InboundActivity, want bool) {
	t.Helper()
	first, err := s.SeeActivity(t.Context(), a)
	if err != nil || first != want {
		t.Errorf("SeeActivity(%s) = %v, %v; want %v", a.IRI, first, err, want)
	}
	if err == nil && a.IRI != "" {
		wantSeen(t, s, a.IRI, true)
	}
}

func wantSeen(t *testing.T, s repository.Inbound, iri string, want bool) {
	t.Helper()
	seen, err := s.ActivitySeen(t.Context(), iri)
	if err != nil || seen != want {
		t.Errorf("ActivitySeen(%s) = %v, %v; want %v", iri, seen, err, want)
	}
}

func testInboundOnce(t *testing.T, s repository.Inbound) {
	wantSeen(t, s, "a", false)
	wantSeen(t, s, "", false)
	see(t, s, repository.InboundActivity{IRI: "a"}, true)
	see(t, s, repository.InboundActivity{IRI: "a", Type: "x", Engagement: true}, false)
	see(t, s, repository.InboundActivity{IRI: "b"}, true)
	for range 2 {
		ok(t, "ForgetActivity", s.ForgetActivity(t.Context(), "a"))
		wantSeen(t, s, "a", false)
	}
	see(t, s, repository.InboundActivity{IRI: "a"}, true)
	_, err := s.SeeActivity(t.Context(), repository.InboundActivity{})
	fails(t, "SeeActivity without an IRI", err, repository.ErrInvalid)
	var firsts atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			first, err := s.SeeActivity(t.Context(), repository.InboundActivity{IRI: "same"})
			if err != nil {
				t.Errorf("SeeActivity = %v", err)
			}
			if first {
				firsts.Add(1)
			}
		})
	}
	wg.Wait()
	equal(t, "number of those who were the first", firsts.Load(), 1)
}

func wantEngagements(t *testing.T, s repository.Inbound, p repository.Page, total int, want ...repository.InboundActivity) {
	t.Helper()
	page, n, err := s.Engagements(t.Context(), p)
	ok(t, "Engagements", err)
	equal(t, "Engagements", page, want)
	equal(t, "total of Engagements", n, total)
}

func testInboundEngagements(t *testing.T, s repository.Inbound) {
	engagement := func(n int) repository.InboundActivity {
		return repository.InboundActivity{IRI: fmt.Sprint(n), ActorIRI: "actor", Type: "Like", At: at(n), Engagement: true}
	}
	for i := range 4 {
		see(t, s, engagement(i), true)
		see(t, s, repository.InboundActivity{IRI: fmt.Sprint("other", i), At: at(i)}, true)
	}
	wantEngagements(t, s, repository.Page{}, 4, engagement(3), engagement(2), engagement(1), engagement(0))
	wantEngagements(t, s, repository.Page{Offset: 1, Limit: 2}, 4, engagement(2), engagement(1))
	ok(t, "ForgetActivity", s.ForgetActivity(t.Context(), "3"))
	wantEngagements(t, s, repository.Page{Limit: 1}, 3, engagement(2))
}

func testInboundPrune(t *testing.T, s repository.Inbound) {
	const n = repository.MaxPrune + 5
	for i := range n {
		if i%100 == 0 {
			see(t, s, repository.InboundActivity{IRI: fmt.Sprint("kept", i), At: at(i), Engagement: true}, true)
		}
	}
	for i := range 20 {
		see(t, s, repository.InboundActivity{IRI: fmt.Sprint(i), At: at(i)}, true)
	}
	gone := prune(t, func() (int, error) { return s.PruneActivities(t.Context(), at(15)) })
	equal(t, "pruned", gone, 15)
	see(t, s, repository.InboundActivity{IRI: "14", At: at(99)}, true)
	see(t, s, repository.InboundActivity{IRI: "15"}, false)
	see(t, s, repository.InboundActivity{IRI: "kept0"}, false)
	_, total, err := s.Engagements(t.Context(), repository.Page{Limit: 1})
	if err != nil || total != n/100+1 {
		t.Errorf("after pruning there are %d engagements, %v", total, err)
	}
}

func testInboundContext(t *testing.T, s repository.Inbound) {
	see(t, s, repository.InboundActivity{IRI: "a"}, true)
	refusesDoneContexts(t, map[string]func(context.Context) error{
		"SeeActivity": func(ctx context.Context) error {
			_, err := s.SeeActivity(ctx, repository.InboundActivity{IRI: "b"})
			return err
		},
		"ActivitySeen":    func(ctx context.Context) error { _, err := s.ActivitySeen(ctx, "a"); return err },
		"ForgetActivity":  func(ctx context.Context) error { return s.ForgetActivity(ctx, "a") },
		"Engagements":     func(ctx context.Context) error { _, _, err := s.Engagements(ctx, repository.Page{}); return err },
		"PruneActivities": func(ctx context.Context) error { _, err := s.PruneActivities(ctx, at(1)); return err },
	})
	see(t, s, repository.InboundActivity{IRI: "a"}, false)
	see(t, s, repository.InboundActivity{IRI: "b"}, true)
}
