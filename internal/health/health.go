// Package health knows whether a server does what it is to do, and why not: it
// asks the parts every few seconds and remembers since when something is wrong.
package health

import (
	"cmp"
	"context"
	"log/slog"
	"runtime/debug"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/owncast-go/owncast/internal/keeper"
)

const (
	checkEvery = 10 * time.Second
	checkTime  = 5 * time.Second // that checks are given, together
	leastAge   = time.Second     // that a report must have before there is another
)

// Level is how bad something is.
type Level string

// The levels.
const (
	OK       Level = "ok"
	Info     Level = "info"     // not wrong, but worth knowing; of problems alone
	Degraded Level = "degraded" // it works, but not as it is to, or not for everybody
	Failing  Level = "failing"  // viewers or administrators are turned away
)

// rank orders levels.
func (l Level) rank() int { return slices.Index([]Level{OK, Info, Degraded, Failing}, l) }

// Problem is something that is wrong.
type Problem struct {
	// Code names the kind, for programs, such as "storage-errors".
	Code  string
	Level Level
	// Text says for administrators what is wrong. Problems of one code and
	// text are the same one.
	Text string
	// Detail is what is known of it now, such as an error. It may be empty.
	Detail string
	// Since is when it was first seen, to a few seconds.
	Since time.Time
}

// Report is how a server does. It is never changed.
type Report struct {
	Status    Level     // OK, Degraded or Failing: that of the worst problem
	Problems  []Problem // the worst first, and then the oldest; never nil
	CheckedAt time.Time
}

// Check returns what is wrong with a part, Since left out. It is given little
// time, and is called by one goroutine at a time.
type Check func(context.Context) []Problem

// Config is what a Monitor is made of.
type Config struct {
	Checks []Check
	// Changed is told of a report with other problems than the one before, by
	// one call at a time. It may block, which keeps the next report waiting.
	// Nil is told nothing.
	Changed func(context.Context, Report)
	// Logger gets panics of checks and of Changed. Nil discards them.
	Logger *slog.Logger
}

// Monitor runs checks. Make one with [New]. It is safe for concurrent use.
type Monitor struct {
	cfg Config
	log *slog.Logger

	checking sync.Mutex // held while checks run

	mu   sync.Mutex // guards last
	last Report

	keeper keeper.Keeper
}

// New returns a Monitor that knows of no problem. It starts nothing.
func New(c Config) *Monitor {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Monitor{cfg: c, log: c.Logger, last: Report{Status: OK, Problems: []Problem{}}}
}

// Start runs the checks, and again every ten seconds until Shutdown. ctx bounds
// the first run alone. It may be called once.
func (m *Monitor) Start(ctx context.Context) error {
	return m.keeper.Start(ctx, func(ctx context.Context) error {
		m.check(ctx)
		return nil
	}, m.keep)
}

func (m *Monitor) keep(ctx context.Context) {
	t := time.NewTicker(checkEvery)
	defer t.Stop()
	reported := []Problem{}
	for {
		r := m.Report()
		if !slices.EqualFunc(reported, r.Problems, same) {
			reported = r.Problems
			m.changed(ctx, r)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			m.check(ctx)
		}
	}
}

func same(x, y Problem) bool { return x.Code == y.Code && x.Text == y.Text && x.Level == y.Level }

func (m *Monitor) changed(ctx context.Context, r Report) {
	if m.cfg.Changed == nil || ctx.Err() != nil {
		return
	}
	defer m.catch("health hook")
	r.Problems = slices.Clone(r.Problems)
	m.cfg.Changed(ctx, r)
}

func (m *Monitor) catch(where string) {
	if v := recover(); v != nil {
		m.log.Error("panic recovered", "in", where, "panic", v, "stack", string(debug.Stack()))
	}
}

// Report returns the last report. It does not block.
func (m *Monitor) Report() Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.last
	r.Problems = slices.Clone(r.Problems)
	return r
}

// Check runs the checks, unless it was done a second ago, and returns what
// they found.
func (m *Monitor) Check(ctx context.Context) Report {
	if time.Since(m.Report().CheckedAt) >= leastAge {
		m.check(context.WithoutCancel(ctx)) // who asked may go
	}
	return m.Report()
}

func (m *Monitor) check(ctx context.Context) {
	m.checking.Lock()
	defer m.checking.Unlock()
	parent := ctx
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	var found []Problem
	for _, c := range m.cfg.Checks {
		func() {
			defer m.catch("health check")
			found = append(found, c(ctx)...)
		}()
	}
	if parent.Err() != nil {
		return // what they found may be that they were stopped
	}
	m.report(found)
}

// report makes a Report of what was found.
func (m *Monitor) report(found []Problem) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := Report{Status: OK, Problems: append([]Problem{}, found...), CheckedAt: time.Now().UTC()}
	for i := range r.Problems {
		p := &r.Problems[i]
		p.Since = r.CheckedAt
		for _, before := range m.last.Problems {
			if before.Code == p.Code && before.Text == p.Text {
				p.Since = before.Since
			}
		}
		if p.Level.rank() > max(r.Status.rank(), Info.rank()) {
			r.Status = p.Level
		}
	}
	sort.SliceStable(r.Problems, func(i, j int) bool {
		x, y := r.Problems[i], r.Problems[j]
		return cmp.Or(y.Level.rank()-x.Level.rank(), x.Since.Compare(y.Since)) < 0
	})
	m.last = r
}

// Shutdown ends what Start has started and waits for it, or for ctx. It may be
// called more than once.
func (m *Monitor) Shutdown(ctx context.Context) error {
	_, err := m.keeper.Shutdown(ctx)
	return err
}
