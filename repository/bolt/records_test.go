package bolt

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/owncast-go/owncast/repository"
)

var recordTime = time.Date(2026, 5, 1, 12, 0, 0, 7, time.UTC)

// writeRecords stores something in every store but the settings.
func writeRecords(t *testing.T, r repository.Repository) {
	t.Helper()
	ctx := t.Context()
	var errs []error
	try := func(err error) { errs = append(errs, err) }
	_, err := r.Users.SaveUser(ctx, repository.User{
		ID: "u", DisplayName: "Ünïcode", PreviousNames: []string{"old"}, Role: repository.RoleModerator, CreatedAt: recordTime,
		Identities: []repository.Identity{{Kind: "fediverse", Subject: "u@example.org", LinkedAt: recordTime}},
	})
	try(err)
	hash := repository.HashSecret("secret")
	try(r.Credentials.PutCredential(ctx, repository.Credential{Hash: hash, UserID: "u", CreatedAt: recordTime}))
	try(r.Chat.AppendMessages(ctx, repository.Message{ID: "m", Kind: "CHAT", UserID: "u", Body: "hello", SentAt: recordTime}))
	try(r.Bans.AddBan(ctx, repository.Ban{Prefix: netip.MustParsePrefix("10.0.0.0/8"), CreatedAt: recordTime, By: "u"}))
	try(r.Audit.AppendAudit(ctx, repository.AuditRecord{At: recordTime, ActorID: "u", Action: "ban"}))
	_, err = r.Followers.SaveFollower(ctx, repository.Follower{ActorIRI: "https://a/u", InboxIRI: "https://a/u/in", SharedInboxIRI: "https://a/in", CreatedAt: recordTime, ApprovedAt: recordTime})
	try(err)
	try(r.Outbox.PutActivity(ctx, repository.Activity{IRI: "https://b/1", Type: "Create", Data: []byte(`{}`), CreatedAt: recordTime}))
	_, err = r.Inbound.SeeActivity(ctx, repository.InboundActivity{IRI: "https://a/like", At: recordTime, Engagement: true})
	try(err)
	for _, q := range []repository.Queue{r.Deliveries, r.WebhookDeliveries} {
		_, err = q.Enqueue(ctx, repository.Batch{Kind: "k", Payload: []byte("p"), At: recordTime, Targets: []repository.Target{{Host: "h", Address: "a", Key: "k"}}})
		try(err)
	}
	try(r.Notifications.PutDestination(ctx, repository.Destination{Channel: "c", Address: "a", CreatedAt: recordTime}))
	_, err = r.Webhooks.CreateWebhook(ctx, repository.Webhook{URL: "https://c/", Secret: "s", Events: []string{"CHAT"}, CreatedAt: recordTime})
	try(err)
	try(r.Tokens.CreateToken(ctx, repository.Token{ID: "t", Hash: hash, Name: "n", Scopes: []string{"X"}, CreatedAt: recordTime}))
	try(r.Schedule.PutEvents(ctx, repository.Event{ID: "e", SeriesID: "s", StartsAt: recordTime, Duration: time.Hour}))
	try(r.Schedule.PutEventSeries(ctx, repository.EventSeries{ID: "s", Recurrence: "r"}))
	try(r.Series.AppendSamples(ctx, repository.SeriesSample{Series: "viewers", Sample: repository.Sample{At: recordTime, Value: 17}}))
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// wantRecords fails the test unless r has what writeRecords stored.
func wantRecords(t *testing.T, r repository.Repository) {
	t.Helper()
	ctx := t.Context()
	want := func(what, want string, got any, err error) {
		t.Helper()
		if text := fmt.Sprint(got); err != nil || text != want {
			t.Errorf("%s is %s, %v; want %s", what, text, err, want)
		}
	}
	at := fmt.Sprint(recordTime)
	u, err := r.Users.UserByIdentity(ctx, "fediverse", "u@example.org")
	want("user", "u 1 Ünïcode [old] 1 "+at, fmt.Sprint(u.ID, " ", u.Revision, " ", u.DisplayName, " ", u.PreviousNames, " ", u.Role, " ", u.CreatedAt), err)
	_, total, err := r.Users.Users(ctx, repository.UserQuery{Name: "ÜNÏCODE"})
	want("users of that name", "1", total, err)
	c, err := r.Credentials.Credential(ctx, repository.HashSecret("secret"))
	want("credential", "u "+at, fmt.Sprint(c.UserID, " ", c.CreatedAt), err)
	ms, err := r.Chat.Messages(ctx, repository.MessageQuery{UserID: "u"})
	want("messages", fmt.Sprint([]repository.Message{{Seq: 1, ID: "m", Kind: "CHAT", UserID: "u", Body: "hello", SentAt: recordTime}}), ms, err)
	b, err := r.Bans.BanOf(ctx, netip.MustParseAddr("10.1.2.3"))
	want("ban", "10.0.0.0/8 u", fmt.Sprint(b.Prefix, " ", b.By), err)
	as, err := r.Audit.AuditRecords(ctx, repository.AuditQuery{})
	want("audit", fmt.Sprint([]repository.AuditRecord{{Seq: 1, At: recordTime, ActorID: "u", Action: "ban"}}), as, err)
	inboxes, err := r.Followers.Inboxes(ctx)
	want("inboxes", "[{https://a/in 1}]", inboxes, err)
	fs, _, err := r.Followers.Followers(ctx, repository.FollowerQuery{State: repository.FollowersApproved})
	want("followers", "1", len(fs), err)
	os, total, err := r.Outbox.Activities(ctx, repository.Page{})
	want("outbox", "1 1", fmt.Sprint(len(os), " ", total), err)
	is, total, err := r.Inbound.Engagements(ctx, repository.Page{})
	want("engagements", "1 1", fmt.Sprint(len(is), " ", total), err)
	for _, q := range []repository.Queue{r.Deliveries, r.WebhookDeliveries} {
		ds, _, err := q.Lease(ctx, repository.LeaseRequest{Now: recordTime, Until: recordTime.Add(1), Max: 9})
		want("deliveries", "1", len(ds), err)
		if len(ds) == 1 {
			want("delivery", "k p h a k 1", fmt.Sprint(ds[0].Kind, " ", string(ds[0].Payload), " ", ds[0].Host, " ", ds[0].Address, " ", ds[0].Key, " ", ds[0].Attempts), nil)
		}
	}
	ns, err := r.Notifications.Destinations(ctx, "c")
	want("destinations", fmt.Sprint([]repository.Destination{{Channel: "c", Address: "a", CreatedAt: recordTime}}), ns, err)
	ws, err := r.Webhooks.Webhooks(ctx)
	want("webhooks", fmt.Sprint([]repository.Webhook{{ID: 1, URL: "https://c/", Secret: "s", Events: []string{"CHAT"}, CreatedAt: recordTime}}), ws, err)
	tok, err := r.Tokens.TokenByHash(ctx, repository.HashSecret("secret"))
	want("token", "t n [X]", fmt.Sprint(tok.ID, " ", tok.Name, " ", tok.Scopes), err)
	es, err := r.Schedule.Events(ctx, recordTime, time.Time{})
	want("events", fmt.Sprint([]repository.Event{{ID: "e", SeriesID: "s", StartsAt: recordTime, Duration: time.Hour}}), es, err)
	ss, err := r.Schedule.AllEventSeries(ctx)
	want("series", fmt.Sprint([]repository.EventSeries{{ID: "s", Recurrence: "r"}}), ss, err)
	vs, err := r.Series.Samples(ctx, "viewers", time.Time{}, time.Time{})
	want("samples", fmt.Sprint([]repository.Sample{{At: recordTime.Truncate(repository.SampleInterval), Value: 17}}), vs, err)
}

// UseRecords calls a method of every store, for what becomes of them in a
// damaged database.
func UseRecords(t *testing.T, r repository.Repository) error {
	t.Helper()
	ctx := t.Context()
	_, _, e1 := r.Users.Users(ctx, repository.UserQuery{})
	_, e2 := r.Chat.Messages(ctx, repository.MessageQuery{Hidden: true})
	_, e3 := r.Chat.PruneMessages(ctx, repository.Retention{Keep: 50})
	_, e4 := r.Chat.HideUserMessages(ctx, recordTime, "u")
	e5 := r.Chat.AppendMessages(ctx, repository.Message{ID: "new", UserID: "u"})
	_, e6 := r.Followers.Inboxes(ctx)
	_, _, e7 := r.Deliveries.Lease(ctx, repository.LeaseRequest{Now: recordTime, Until: recordTime.Add(1), Max: 9})
	_, e8 := r.Deliveries.Enqueue(ctx, repository.Batch{Targets: []repository.Target{{Host: "h", Key: "k"}}})
	_, e9 := r.Deliveries.DropHost(ctx, "h")
	_, e10 := r.Audit.AuditRecords(ctx, repository.AuditQuery{})
	_, _, e11 := r.Outbox.Activities(ctx, repository.Page{})
	_, _, e12 := r.Inbound.Engagements(ctx, repository.Page{})
	_, e13 := r.Schedule.Events(ctx, time.Time{}, time.Time{})
	_, e15 := r.Webhooks.LoggedDeliveries(ctx, 1, "", 0)
	e16 := r.Webhooks.RecordDeliveries(ctx, 1, loggedDelivery())
	e14 := r.Series.PruneSamples(ctx, recordTime)
	return errors.Join(e1, e2, e3, e4, e5, e6, e7, e8, e9, e10, e11, e12, e13, e14, e15, e16)
}

// loggedDelivery is an entry of the log of the webhook of writeRecords.
func loggedDelivery() repository.WebhookDelivery {
	return repository.WebhookDelivery{
		WebhookID: 1, ID: "d", Event: "CHAT", Payload: []byte("p"), CreatedAt: recordTime, State: repository.DeliveryGivenUp, Attempts: 2,
		Last: repository.WebhookResult{At: recordTime, Status: 500, Error: "e"}, Duration: time.Second, Answer: "a",
	}
}

// WriteRecords is writeRecords for the tests of package bolt_test.
func WriteRecords(t *testing.T, r repository.Repository) { t.Helper(); writeRecords(t, r) }
