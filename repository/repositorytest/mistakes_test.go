package repositorytest_test

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// storeMistake is something a store may do wrong, and the subtest that finds
// it.
type storeMistake struct {
	found string
	make  func(r *repository.Repository)
}

// Other names for stores that have methods of their name, so that types can
// embed them and still have the methods.
type (
	usersStore     = repository.Users
	tokensStore    = repository.Tokens
	bansStore      = repository.Bans
	followersStore = repository.Followers
	webhooksStore  = repository.Webhooks
)

// Stores that are as those they are made of, but for one method.
type (
	usersSave     struct{ usersStore }
	usersForget   struct{ usersStore }
	usersPages    struct{ usersStore }
	tokensTouch   struct{ tokensStore }
	credsKeep     struct{ repository.Credentials }
	chatHalf      struct{ repository.Chat }
	chatHidden    struct{ repository.Chat }
	chatPrune     struct{ repository.Chat }
	chatOrder     struct{ repository.Chat }
	bansExact     struct{ bansStore }
	auditOrder    struct{ repository.Audit }
	inboxesAll    struct{ followersStore }
	outboxTotal   struct{ repository.Outbox }
	inboundAlways struct{ repository.Inbound }
	queueNow      struct{ repository.Queue }
	queueLost     struct{ repository.Queue }
	queueFull     struct{ repository.Queue }
	notifyKeep    struct{ repository.Notifications }
	hooksReuse    struct{ webhooksStore }
	hooksKeep     struct{ webhooksStore }
	queueHosts    struct{ repository.Queue }
	scheduleEnd   struct{ repository.Schedule }
	seriesEnd     struct{ repository.Series }
)

func (s usersSave) SaveUser(ctx context.Context, u repository.User) (repository.User, error) {
	saved, err := s.usersStore.SaveUser(ctx, u)
	if old, loadErr := s.User(ctx, u.ID); errors.Is(err, repository.ErrConflict) && loadErr == nil {
		u.Revision = old.Revision
		return s.usersStore.SaveUser(ctx, u)
	}
	return saved, err
}

func (s usersForget) SaveUser(ctx context.Context, u repository.User) (repository.User, error) {
	u.DisabledReason = ""
	return s.usersStore.SaveUser(ctx, u)
}

func (s usersPages) Users(ctx context.Context, q repository.UserQuery) ([]repository.User, int, error) {
	page, _, err := s.usersStore.Users(ctx, q)
	return page, len(page), err
}

func (s tokensTouch) TouchToken(ctx context.Context, id string, at time.Time) error {
	_ = s.tokensStore.TouchToken(ctx, id, at)
	return nil
}

func (s credsKeep) DeleteCredentials(ctx context.Context, _ string) (int, error) {
	return 0, ctx.Err()
}

func (s chatHalf) AppendMessages(ctx context.Context, ms ...repository.Message) error {
	for _, m := range ms {
		if err := s.Chat.AppendMessages(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (s chatHidden) Messages(ctx context.Context, q repository.MessageQuery) ([]repository.Message, error) {
	q.Hidden = true
	return s.Chat.Messages(ctx, q)
}

func (s chatPrune) PruneMessages(ctx context.Context, r repository.Retention) (int, error) {
	r.Keep = 0
	return s.Chat.PruneMessages(ctx, r)
}

func (s chatOrder) Messages(ctx context.Context, q repository.MessageQuery) ([]repository.Message, error) {
	q.Before++
	return s.Chat.Messages(ctx, q)
}

func (s bansExact) BanOf(ctx context.Context, addr netip.Addr) (repository.Ban, error) {
	b, err := s.bansStore.BanOf(ctx, addr)
	if err == nil && !b.Prefix.IsSingleIP() {
		return repository.Ban{}, repository.ErrNotFound
	}
	return b, err
}

func (s auditOrder) AuditRecords(ctx context.Context, q repository.AuditQuery) ([]repository.AuditRecord, error) {
	q.Before = 0
	return s.Audit.AuditRecords(ctx, q)
}

func (s inboxesAll) Inboxes(ctx context.Context) ([]repository.Inbox, error) {
	all, _, err := s.Followers(ctx, repository.FollowerQuery{})
	var inboxes []repository.Inbox
	for _, f := range all {
		inboxes = append(inboxes, repository.Inbox{IRI: f.DeliveryInbox(), Followers: 1})
	}
	return inboxes, err
}

func (s outboxTotal) Activities(ctx context.Context, p repository.Page) ([]repository.Activity, int, error) {
	page, _, err := s.Outbox.Activities(ctx, p)
	return page, len(page), err
}

func (s inboundAlways) SeeActivity(ctx context.Context, a repository.InboundActivity) (bool, error) {
	_, err := s.Inbound.SeeActivity(ctx, a)
	return err == nil, err
}

func (s queueNow) Lease(ctx context.Context, r repository.LeaseRequest) ([]repository.Delivery, time.Time, error) {
	r.Now = r.Now.Add(time.Hour)
	r.Until = r.Until.Add(time.Hour)
	return s.Queue.Lease(ctx, r)
}

func (s queueLost) Report(ctx context.Context, outcomes ...repository.Outcome) error {
	for i := range outcomes {
		outcomes[i].RetryAt = time.Time{}
	}
	return s.Queue.Report(ctx, outcomes...)
}

func (s queueFull) Enqueue(ctx context.Context, b repository.Batch) (int, error) {
	b.Max = 0
	return s.Queue.Enqueue(ctx, b)
}

func (s notifyKeep) DeleteDestination(ctx context.Context, _, _ string) error { return ctx.Err() }

func (s hooksReuse) RecordDeliveries(ctx context.Context, keep int, ds ...repository.WebhookDelivery) error {
	for i := range ds {
		ds[i].Last.At = ds[i].Last.At.Add(time.Hour)
	}
	return s.webhooksStore.RecordDeliveries(ctx, keep, ds...)
}

func (s hooksKeep) RecordDeliveries(ctx context.Context, _ int, ds ...repository.WebhookDelivery) error {
	return s.webhooksStore.RecordDeliveries(ctx, 0, ds...)
}

func (s queueHosts) CountHost(ctx context.Context, _ string) (int, error) {
	c, err := s.CountDeliveries(ctx)
	return c.Waiting, err
}

func (s scheduleEnd) Events(ctx context.Context, from, to time.Time) ([]repository.Event, error) {
	if !to.IsZero() {
		to = to.Add(1)
	}
	return s.Schedule.Events(ctx, from, to)
}

func (s seriesEnd) PruneSamples(ctx context.Context, before time.Time) error {
	return s.Series.PruneSamples(ctx, before.Truncate(time.Hour))
}

func storeMistakes() map[string]storeMistake {
	return map[string]storeMistake{
		"overwrites users":              {"UsersRevisions", func(r *repository.Repository) { r.Users = usersSave{r.Users} }},
		"loses a field":                 {"UsersSaveThenLoad", func(r *repository.Repository) { r.Users = usersForget{r.Users} }},
		"counts the page":               {"UsersPages", func(r *repository.Repository) { r.Users = usersPages{r.Users} }},
		"touches nothing":               {"TokensCreateAndDelete", func(r *repository.Repository) { r.Tokens = tokensTouch{r.Tokens} }},
		"keeps credentials":             {"CredentialsOfAUser", func(r *repository.Repository) { r.Credentials = credsKeep{r.Credentials} }},
		"appends half":                  {"ChatAllOrNone", func(r *repository.Repository) { r.Chat = chatHalf{r.Chat} }},
		"shows what is hidden":          {"ChatHide", func(r *repository.Repository) { r.Chat = chatHidden{r.Chat} }},
		"keeps any number":              {"ChatPruneByNumber", func(r *repository.Repository) { r.Chat = chatPrune{r.Chat} }},
		"repeats what was on a page":    {"ChatUsers", func(r *repository.Repository) { r.Chat = chatOrder{r.Chat} }},
		"bans single addresses only":    {"BansLongestPrefix", func(r *repository.Repository) { r.Bans = bansExact{r.Bans} }},
		"has one page":                  {"AuditAppendThenRead", func(r *repository.Repository) { r.Audit = auditOrder{r.Audit} }},
		"delivers to everybody":         {"FollowersInboxes", func(r *repository.Repository) { r.Followers = inboxesAll{r.Followers} }},
		"counts the page of the outbox": {"OutboxPutAndDelete", func(r *repository.Repository) { r.Outbox = outboxTotal{r.Outbox} }},
		"sees all for the first time":   {"InboundSeenOnce", func(r *repository.Repository) { r.Inbound = inboundAlways{r.Inbound} }},
		"delivers before it is time":    {"QueueRetry", func(r *repository.Repository) { r.Deliveries = queueNow{r.Deliveries} }},
		"never tries again":             {"QueueRetry", func(r *repository.Repository) { r.Deliveries = queueLost{r.Deliveries} }},
		"is never full":                 {"QueueFull", func(r *repository.Repository) { r.Deliveries = queueFull{r.Deliveries} }},
		"is one queue":                  {"QueuesAreApart", func(r *repository.Repository) { r.WebhookDeliveries = r.Deliveries }},
		"keeps destinations":            {"NotificationsPutAndDelete", func(r *repository.Repository) { r.Notifications = notifyKeep{r.Notifications} }},
		"records another time":          {"WebhooksLog", func(r *repository.Repository) { r.Webhooks = hooksReuse{r.Webhooks} }},
		"keeps the whole log":           {"WebhooksLogIsCut", func(r *repository.Repository) { r.Webhooks = hooksKeep{r.Webhooks} }},
		"counts every host":             {"QueueCountHost", func(r *repository.Repository) { r.Deliveries = queueHosts{r.Deliveries} }},
		"has events at the end":         {"ScheduleRanges", func(r *repository.Repository) { r.Schedule = scheduleEnd{r.Schedule} }},
		"keeps some of the hour":        {"SeriesPrune", func(r *repository.Repository) { r.Series = seriesEnd{r.Series} }},
	}
}
