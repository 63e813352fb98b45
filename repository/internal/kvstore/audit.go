package kvstore

import (
	"context"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// audit counts no records: the numbers of the first and the last tell how many
// there are, as only the first are ever removed.
type audit struct{ store }

func (s audit) AppendAudit(ctx context.Context, r repository.AuditRecord) error {
	if err := r.Check(); err != nil {
		return err
	}
	return s.update(ctx, "append to audit", func(tx Tx) error {
		seq, err := add(tx, lastAudit, 1)
		if err != nil {
			return err
		}
		tx.Put(Audit, numberKey(nil, seq), encode(r, auditFields))
		return nil
	})
}

func (s audit) AuditRecords(ctx context.Context, q repository.AuditQuery) (rs []repository.AuditRecord, err error) {
	err = s.view(ctx, "audit", func(tx Tx) error {
		rs = nil
		var before []byte
		if q.Before > 0 {
			before = numberKey(nil, q.Before)
		}
		for k, data := range tx.Descend(Audit, before) {
			r, err := decode(data, auditFields)
			if err != nil {
				return err
			}
			if r.Seq, err = numberOf(k); err != nil {
				return err
			}
			if q.ActorID != "" && r.ActorID != q.ActorID || q.Target != "" && r.Target != q.Target {
				continue
			}
			if rs = append(rs, r); len(rs) == q.Limit {
				break
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return rs, nil
}

func (s audit) PruneAudit(ctx context.Context, r repository.Retention) (n int, err error) {
	err = s.update(ctx, "prune audit", func(tx Tx) error {
		var first uint64
		for k := range tx.Ascend(Audit, nil) {
			if first, err = numberOf(k); err != nil {
				return err
			}
			break
		}
		last, err := counter(tx, lastAudit)
		if err != nil || last < first || first == 0 {
			return err
		}
		keys, err := prunable(tx, Audit, r, int(last-first)+1, func(data []byte) (time.Time, error) {
			r, err := decode(data, auditFields)
			return r.At, err
		})
		for _, k := range keys {
			tx.Delete(Audit, k)
		}
		n = len(keys)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
