package repository

import (
	"context"
	"time"
)

// AuditRecord is something that somebody with power has done.
type AuditRecord struct {
	// Seq is the place of the record: the store gives each a greater one than
	// those before. It ignores what it is given.
	Seq     uint64
	At      time.Time
	ActorID string // the id of who did it; empty if it was a program
	Actor   string // the name that went by
	Action  string // what was done; names that the packages doing it define
	Target  string // to whom or what
	Detail  string // what else there is to say; no secrets
}

// Check returns an error matching [ErrInvalid] unless r may be stored.
func (r AuditRecord) Check() error { return checkKey("action of an audit record", r.Action) }

// AuditQuery selects records that meet all conditions, the newest first. The
// zero AuditQuery selects all.
type AuditQuery struct {
	Before  uint64 // those with a lower Seq; 0 begins with the newest
	ActorID string // of this one; empty is anybody
	Target  string // done to this one; empty is any
	Limit   int    // how many to return at the most; 0 and less is all
}

// Audit stores what those with power have done. Nothing in it can be changed.
type Audit interface {
	// AppendAudit stores r. The error matches [ErrInvalid] if r.Check does.
	AppendAudit(ctx context.Context, r AuditRecord) error
	// AuditRecords returns the records that q selects, the newest first.
	AuditRecords(ctx context.Context, q AuditQuery) ([]AuditRecord, error)
	// PruneAudit removes the first records that r does not keep, [MaxPrune] of
	// them at the most, and returns how many. Those behind one that is kept are
	// kept, whatever their times.
	PruneAudit(ctx context.Context, r Retention) (int, error)
}
