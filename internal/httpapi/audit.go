package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
)

// How the audit is kept and shown.
const (
	auditKept    = 20_000 // records
	auditEvery   = 500    // records between two looks at how many there are
	auditTimeout = 5 * time.Second
	auditPage    = 50
	maxAuditPage = 500
	maxTarget    = 200 // bytes
)

// actor is who does something.
type actor struct{ id, name string }

// targetKey is what a request's context has its audit target under.
type targetKey struct{}

// target says what a request is about, where the path does not say it.
func target(r *http.Request, name string) {
	if t, ok := r.Context().Value(targetKey{}).(*string); ok {
		*t = name
	}
}

// audited calls next and, if that is to change anything, writes down who did
// it, and how it went: never what was sent.
func (a *api) audited(who actor, w http.ResponseWriter, r *http.Request, next httpx.HandlerFunc) error {
	if safe(r.Method) {
		return next(w, r)
	}
	about := ""
	r = r.WithContext(context.WithValue(r.Context(), targetKey{}, &about))
	answer := &answer{ResponseWriter: w}
	var err error
	panicked := true
	defer func() {
		status := cmp.Or(answer.status, http.StatusOK)
		if panicked {
			status = http.StatusInternalServerError
		} else if err != nil {
			status, _ = httpx.Status(err)
		}
		a.record(r, who, about, status)
	}()
	err = next(answer, r)
	panicked = false
	return err
}

// record appends to the audit. What was done is done: if it cannot be written
// down the operator hears of it.
func (a *api) record(r *http.Request, who actor, about string, status int) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), auditTimeout)
	defer cancel()
	about = cmp.Or(about, r.URL.Path)
	err := a.Audit.AppendAudit(ctx, repository.AuditRecord{
		At: time.Now().UTC(), ActorID: who.id, Actor: who.name,
		Action: cmp.Or(r.Pattern, r.Method), Target: about[:min(len(about), maxTarget)],
		Detail: fmt.Sprintf("%d from %s", status, cmp.Or(address(a.ClientIP(r)), "nowhere")),
	})
	if err == nil && a.appended.Add(1)%auditEvery == 0 {
		_, err = a.Audit.PruneAudit(ctx, repository.Retention{Keep: auditKept})
	}
	if err != nil {
		a.Logger.ErrorContext(ctx, "audit not written", "action", r.Pattern, "err", err)
	}
}

// answer remembers the status of an answer.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader is for informational answers too, which are not the answer.
func (w *answer) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *answer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// auditBody is the answer of /api/admin/audit. Next is the query parameter
// "before" of the next page, and null on the last one.
type auditBody struct {
	Results []auditRecordBody `json:"results"`
	Next    *uint64           `json:"next"`
}

type auditRecordBody struct {
	ID      uint64    `json:"id"`
	Time    time.Time `json:"time"`
	ActorID string    `json:"actorId"`
	Actor   string    `json:"actor"`
	Action  string    `json:"action"` // method and path of the route
	Target  string    `json:"target"`
	Detail  string    `json:"detail"` // status and address
}

func (a *api) adminAudit(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	limit, err := number(query.Get("limit"), auditPage)
	if err != nil || limit == 0 {
		return httpx.BadRequest(`query parameter "limit" must be a number over 0`)
	}
	before, err := number(query.Get("before"), 0)
	if err != nil {
		return httpx.BadRequest(`query parameter "before" must be a number`)
	}
	limit = min(limit, maxAuditPage)
	records, err := a.Audit.AuditRecords(r.Context(), repository.AuditQuery{
		Before: before, ActorID: query.Get("actor"), Target: query.Get("target"), Limit: int(limit) + 1,
	})
	if err != nil {
		return err
	}
	body := auditBody{Results: make([]auditRecordBody, 0, len(records))}
	for i, rec := range records {
		if uint64(i) == limit {
			body.Next = &records[i-1].Seq
			break
		}
		body.Results = append(body.Results, auditRecordBody{
			ID: rec.Seq, Time: rec.At, ActorID: rec.ActorID, Actor: rec.Actor,
			Action: rec.Action, Target: rec.Target, Detail: rec.Detail,
		})
	}
	return httpx.JSON(w, http.StatusOK, body)
}

// number reads a query parameter that may be missing.
func number(s string, missing uint64) (uint64, error) {
	if s == "" {
		return missing, nil
	}
	return strconv.ParseUint(s, 10, 64)
}
