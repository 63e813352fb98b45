package health

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

// words are the status and the problems of a report.
func words(r Report) string {
	list := []string{string(r.Status)}
	for _, p := range r.Problems {
		list = append(list, fmt.Sprintf("%s:%s", p.Code, p.Detail))
	}
	return strings.Join(list, " ")
}

func TestAReportSaysWhatIsWrongAndSinceWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // guards problems
		var problems []Problem
		var heard []string
		m := New(Config{
			Checks: []Check{
				func(context.Context) []Problem { mu.Lock(); defer mu.Unlock(); return problems },
				func(context.Context) []Problem { panic("a part's") },
				func(ctx context.Context) []Problem {
					if _, ok := ctx.Deadline(); !ok {
						t.Error("a check has all the time there is")
					}
					return nil
				},
			},
			Changed: func(_ context.Context, r Report) { heard = append(heard, words(r)) },
		})
		if r := m.Report(); words(r) != "ok" || r.Problems == nil {
			t.Errorf("before: %+v", r)
		}
		if err := m.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := m.Start(t.Context()); err == nil {
			t.Error("it was started twice")
		}
		synctest.Wait()
		start := time.Now()
		if r := m.Report(); words(r) != "ok" || !r.CheckedAt.Equal(start) {
			t.Errorf("at first: %+v", r)
		}

		mu.Lock()
		problems = []Problem{{Code: "a", Level: Info, Text: "t"}}
		mu.Unlock()
		if r := m.Check(t.Context()); words(r) != "ok" {
			t.Errorf("it was checked twice in a second: %+v", r)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if r := m.Check(t.Context()); words(r) != "ok a:" {
			t.Errorf("info: %+v", r)
		}
		mu.Lock()
		problems = []Problem{
			{Code: "a", Level: Info, Text: "t", Detail: "1"},
			{Code: "b", Level: Degraded, Text: "t"},
			{Code: "c", Level: Failing, Text: "t"},
			{Code: "b", Level: Degraded, Text: "of another"},
		}
		mu.Unlock()
		time.Sleep(checkEvery)
		synctest.Wait()
		r := m.Report()
		if words(r) != "failing c: b: b: a:1" {
			t.Errorf("all: %+v", r)
		}
		if since := r.Problems[3].Since.Sub(start); since != 2*time.Second {
			t.Errorf("the first problem is there since %v", since)
		}
		r.Problems[0].Code = "changed"
		mu.Lock()
		problems = problems[1:2]
		mu.Unlock()
		time.Sleep(checkEvery)
		synctest.Wait()
		if r = m.Report(); words(r) != "degraded b:" || r.Problems[0].Since.Sub(start) != checkEvery {
			t.Errorf("one is left: %+v since %v", r, r.Problems[0].Since.Sub(start))
		}
		mu.Lock()
		problems = nil
		mu.Unlock()
		time.Sleep(checkEvery)
		synctest.Wait()
		if got, want := strings.Join(heard, "; "), "failing c: b: b: a:1; degraded b:; ok"; got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
		for range 2 {
			if err := m.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if err := m.Start(t.Context()); err == nil {
			t.Error("it was started after Shutdown")
		}
	})
}

func TestACheckThatIsStoppedIsNoReport(t *testing.T) {
	m := New(Config{Checks: []Check{func(ctx context.Context) []Problem {
		return []Problem{{Code: "stopped", Level: Failing, Detail: fmt.Sprint(ctx.Err())}}
	}}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m.check(ctx)
	if r := m.Report(); words(r) != "ok" {
		t.Errorf("%+v", r)
	}
	if r := m.Check(ctx); words(r) != "failing stopped:<nil>" {
		t.Errorf("who asked has gone, and the report is %+v", r)
	}
}

func TestAHookThatPanicsIsSurvived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // guards problems
		problems := []Problem{{Code: "a", Level: Degraded}}
		calls := 0
		m := New(Config{
			Checks:  []Check{func(context.Context) []Problem { mu.Lock(); defer mu.Unlock(); return problems }},
			Changed: func(context.Context, Report) { calls++; panic("the host's") },
		})
		if err := m.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		mu.Lock()
		problems = nil
		mu.Unlock()
		time.Sleep(checkEvery)
		synctest.Wait()
		synctest.Wait()
		if err := m.Shutdown(t.Context()); err != nil || calls != 2 {
			t.Errorf("%d calls, %v", calls, err)
		}
	})
}

// failing are settings that fail with the errors, if there are any.
type failing struct {
	repository.Settings
	load, save error
}

func (f *failing) Load(ctx context.Context, section string) (repository.Document, error) {
	if f.load != nil {
		return repository.Document{}, f.load
	}
	return f.Settings.Load(ctx, section)
}

func (f *failing) Save(ctx context.Context, section string, rev int64, data json.RawMessage) (repository.Document, error) {
	if f.save != nil {
		return repository.Document{}, f.save
	}
	return f.Settings.Save(ctx, section, rev, data)
}

func TestARepositoryThatFailsIsNoticed(t *testing.T) {
	f := &failing{Settings: memory.New().Settings}
	s := WatchSettings(f)
	setting := repository.Setting[int]{Section: "x"}
	save := func() error {
		_, err := setting.Update(t.Context(), s, func(n *int) error { *n++; return nil })
		return err
	}
	want := func(when, code string) {
		t.Helper()
		got := ""
		for _, p := range s.Check(t.Context()) {
			got += p.Code
		}
		if got != code {
			t.Errorf("%s: %q, want %q", when, got, code)
		}
	}
	want("at first", "")
	f.save = errors.New("disk full")
	want("before anything is written", "")
	if err := save(); !errors.Is(err, f.save) {
		t.Errorf("saved: %v", err)
	}
	want("after a write", "repository-unwritable")
	f.save = nil
	want("when there is room again", "")
	f.save = fmt.Errorf("somebody was faster: %w", repository.ErrConflict)
	_, _ = s.Save(t.Context(), "x", 99, json.RawMessage("1"))
	want("after a conflict", "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.save = ctx.Err()
	_, _ = s.Save(ctx, "x", 1, json.RawMessage("1"))
	want("after a write that was called off", "")
	f.load = repository.ErrCorrupt
	want("damaged", "repository-unreadable")
}

func TestADirectoryThatCannotBeWrittenIsNoticed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	check := Directory(dir)
	if list := check(t.Context()); len(list) != 1 || list[0].Code != "data-directory-unwritable" || list[0].Detail == "" {
		t.Errorf("no directory: %+v", list)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if list := check(t.Context()); list != nil {
		t.Errorf("a directory: %+v", list)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
