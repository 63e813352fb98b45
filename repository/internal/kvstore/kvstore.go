// Package kvstore makes the stores of a repository out of a database that has
// buckets of sorted keys and transactions. So databases of that kind differ in
// where they keep things, and in nothing that a store's contract speaks of.
//
// Records are in buckets of their own under their ids. Indexes are buckets,
// too: their keys lead, in the order that is asked for, to the keys of records.
// How records are written is said at codec, how keys are at the functions of
// keys.go.
package kvstore

import (
	"context"
	"fmt"
	"iter"

	"github.com/owncast-go/owncast/repository"
)

// DB is a database. It is safe for concurrent use.
type DB interface {
	// View calls fn in a transaction that sees one state of the database.
	View(ctx context.Context, fn func(Tx) error) error
	// Update calls fn in a transaction of its own and keeps what fn wrote,
	// unless fn returns an error. It may call fn more than once, and keeps what
	// the last call wrote.
	Update(ctx context.Context, fn func(Tx) error) error
}

// Tx is a transaction. What it returns is good until the transaction ends and
// must not be changed. It takes copies.
//
// Failures of the database end the transaction with an error when the function
// has returned; until then there is nothing to be found any more.
type Tx interface {
	// Get returns a value, nil if there is none.
	Get(b Bucket, key []byte) []byte
	// Put stores a value. The key must not be empty, nor the value nil.
	Put(b Bucket, key, value []byte)
	Delete(b Bucket, key []byte)
	// Ascend goes through the keys from one on, and Descend, backwards, through
	// those before one; nil is behind the last. Nothing may be written in
	// between.
	Ascend(b Bucket, from []byte) iter.Seq2[[]byte, []byte]
	Descend(b Bucket, before []byte) iter.Seq2[[]byte, []byte]
}

// Bucket names a bucket.
type Bucket uint8

// The buckets. The comments say what leads to what.
const (
	Settings          Bucket = iota // section: revision, JSON
	State                           // name: counter
	Users                           // id: user
	UsersByTime                     // CreatedAt, id
	UsersByName                     // name in lower case, id
	UsersByIdentity                 // kind, subject: id
	Credentials                     // hash: credential
	CredentialsByUser               // user id, hash
	Messages                        // seq: message
	MessagesByUser                  // block of seqs, user id, seq
	Bans                            // family, bits, address: ban
	Audit                           // seq: audit record
	Followers                       // actor: follower
	FollowersByTime                 // state with kind, CreatedAt, actor
	Inboxes                         // inbox: number of followers
	Activities                      // IRI: activity
	ActivitiesByTime                // CreatedAt, IRI
	Inbound                         // IRI: inbound activity
	InboundByTime                   // whether it is an engagement, At, IRI
	Deliveries                      // queue, id: delivery
	DeliveriesByKey                 // queue, key: id
	DeliveriesByHost                // queue, host, when it is due, id
	Hosts                           // queue, host: host
	HostsByTime                     // queue, when it has something to do, host
	Payloads                        // queue, id: payload
	PayloadRefs                     // queue, id: number of deliveries
	Destinations                    // channel, hash of the address: destination
	Webhooks                        // id: webhook
	WebhookLog                      // webhook id, delivery id: entry of the log
	Tokens                          // id: token
	TokensByHash                    // hash: id
	Events                          // id: event
	EventsByTime                    // StartsAt, id
	EventsBySeries                  // series, StartsAt, id
	EventSeries                     // id: series
	Samples                         // series, hour: values
	NumBuckets
)

// String returns the bucket's name in databases. It never changes.
func (b Bucket) String() string {
	return [NumBuckets]string{
		Settings: "settings", State: "state",
		Users: "users", UsersByTime: "usersByTime", UsersByName: "usersByName", UsersByIdentity: "usersByIdentity",
		Credentials: "credentials", CredentialsByUser: "credentialsByUser",
		Messages: "messages", MessagesByUser: "messagesByUser",
		Bans: "bans", Audit: "audit",
		Followers: "followers", FollowersByTime: "followersByTime", Inboxes: "inboxes",
		Activities: "activities", ActivitiesByTime: "activitiesByTime", Inbound: "inbound", InboundByTime: "inboundByTime",
		Deliveries: "deliveries", DeliveriesByKey: "deliveriesByKey", DeliveriesByHost: "deliveriesByHost",
		Hosts: "hosts", HostsByTime: "hostsByTime", Payloads: "payloads", PayloadRefs: "payloadRefs",
		Destinations: "destinations", Webhooks: "webhooks", WebhookLog: "webhookLog", Tokens: "tokens", TokensByHash: "tokensByHash",
		Events: "events", EventsByTime: "eventsByTime", EventsBySeries: "eventsBySeries", EventSeries: "eventSeries",
		Samples: "samples",
	}[b]
}

// Schema is the version of what is in the buckets, for databases without
// migrations of their own. It is raised with each change that an older program
// would do harm to, such as another bucket.
const Schema = 1

// Buckets returns all of them by their names.
func Buckets() map[string]Bucket {
	m := make(map[string]Bucket, NumBuckets)
	for b := range NumBuckets {
		m[b.String()] = b
	}
	return m
}

// Appends reports whether keys are only ever added at the end of a bucket: its
// pages can be filled.
func (b Bucket) Appends() bool { return b == Messages || b == Audit }

// New returns the stores of db, whose errors begin with name.
func New(db DB, name string) repository.Repository {
	s := store{db: db, name: name}
	return repository.Repository{
		Settings:          settings{s},
		Users:             users{s},
		Credentials:       credentials{s},
		Chat:              chat{s},
		Bans:              bans{s},
		Audit:             audit{s},
		Followers:         followers{s},
		Outbox:            outbox{s},
		Inbound:           inbound{s},
		Deliveries:        queue{s, 'f'},
		Notifications:     notifications{s},
		Webhooks:          webhooks{s},
		WebhookDeliveries: queue{s, 'w'},
		Tokens:            tokens{s},
		Schedule:          schedule{s},
		Series:            series{s},
	}
}

// store is what all stores are made of.
type store struct {
	db   DB
	name string
}

// view calls fn in a transaction that reads, to do what is said.
func (s store) view(ctx context.Context, what string, fn func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return s.failed(what, err)
	}
	return s.failed(what, s.db.View(ctx, fn))
}

// update calls fn in a transaction that writes, to do what is said.
func (s store) update(ctx context.Context, what string, fn func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return s.failed(what, err)
	}
	return s.failed(what, s.db.Update(ctx, fn))
}

func (s store) failed(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %s: %w", s.name, what, err)
}
