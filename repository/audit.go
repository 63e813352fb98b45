package repository

import (
	"context"
	"time"
)

// AuditRecord describes an administrative action.
type AuditRecord struct {
	// Seq is the position of the record. The store assigns it, in increasing
	// order, and ignores any value that is set.
	Seq     uint64
	At      time.Time
	ActorID string // ID of the user or token
	Actor   string // its name at that time
	Action  string // defined by the package that performs it
	Target  string // whom or what it affected
	Detail  string // anything else; never a secret
}

// Check returns an error matching [ErrInvalid] unless r may be stored.
func (r AuditRecord) Check() error { return checkKey("action of an audit record", r.Action) }

// AuditQuery selects the records that meet all of its conditions, newest first.
// The zero AuditQuery selects all.
type AuditQuery struct {
	Before  uint64 // records with a lower Seq; 0 starts with the newest
	ActorID string // actions of this actor; empty selects all
	Target  string // actions on this target; empty selects all
	Limit   int    // maximum number to return; all if not positive
}

// Audit stores administrative actions. Records cannot be changed.
type Audit interface {
	// AppendAudit stores r. The error matches [ErrInvalid] if r.Check fails.
	AppendAudit(ctx context.Context, r AuditRecord) error
	// AuditRecords returns the records that q selects, newest first.
	AuditRecords(ctx context.Context, q AuditQuery) ([]AuditRecord, error)
	// PruneAudit removes the oldest records, at most [MaxPrune] of them, up to
	// the first one that r keeps, and returns how many it removed. Records after
	// that one are kept whatever their times.
	PruneAudit(ctx context.Context, r Retention) (int, error)
}
