package stats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

func TestPeaksAndHistoryOutliveTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		repo := memory.New()
		settings := repo.Settings
		ended := time.Now().Add(8 * time.Minute).UTC()
		keep := func(c *Config) {
			c.Settings, c.Series = settings, repo.Series
			c.Ended = func() time.Time { return ended }
		}
		g := newRig(t, keep)
		a := g.Audience
		a.now, a.epoch = time.Now, time.Now().Add(-time.Hour)
		since := time.Now().UTC() // the clock stands still until the test sleeps
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := a.Start(t.Context()); err == nil {
			t.Error("it was started twice")
		}
		for i := range 3 {
			g.get(sid(fmt.Sprint(i)), 200)
		}
		time.Sleep(90 * time.Second)
		synctest.Wait()
		if p, _, err := PastSetting().Get(t.Context(), settings); err != nil || p != (Past{SessionPeak: 3, Peak: 3, Since: since}) {
			t.Errorf("after a minute %+v is saved, %v", p, err)
		}
		for range 40 {
			g.get(sid("a"), 200)
			time.Sleep(10 * time.Second)
		}
		if h, err := repo.Series.Samples(t.Context(), viewerSeries, time.Time{}, time.Time{}); err != nil || len(h) != 4 || h[0].Value != 1 {
			t.Errorf("in the session %v is saved, %v", h, err)
		}
		g.broadcast("")
		time.Sleep(2 * tickEvery)
		synctest.Wait()
		for range 2 {
			if err := a.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if p, _, err := PastSetting().Get(t.Context(), settings); err != nil || p != (Past{SessionPeak: 3, Peak: 3, EndedAt: ended, Since: since}) {
			t.Errorf("after the session %+v is saved, %v", p, err)
		}
		g = newRig(t, keep)
		g.now = time.Now
		if err := g.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c := g.Count(); c != (Count{0, 0, 3}) {
			t.Errorf("the next process begins with %+v", c)
		}
		h, err := g.History(t.Context(), time.Time{})
		if err != nil || len(h) != 4 || h[0].Value != 1 {
			t.Errorf("history: %v, %v", h, err)
		}
		if late, err := g.History(t.Context(), h[2].Time); err != nil || len(late) != 2 {
			t.Errorf("late history: %v, %v", late, err)
		}
		if err := g.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// brokenSeries cannot be appended to while they have an error.
type brokenSeries struct {
	repository.Series
	err error
}

func (b *brokenSeries) AppendSamples(ctx context.Context, samples ...repository.SeriesSample) error {
	if b.err != nil {
		return b.err
	}
	return b.Series.AppendSamples(ctx, samples...)
}

func TestHistoryThatCannotBeSavedWaits(t *testing.T) {
	store := &brokenSeries{Series: memory.New().Series, err: errors.New("disk full")}
	g := newRig(t, func(c *Config) { c.Series = store })
	want := func(when string, stored int, values ...float64) {
		t.Helper()
		h, err := g.History(t.Context(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		var got []float64
		for _, p := range h {
			got = append(got, p.Value)
		}
		s, err := store.Samples(t.Context(), viewerSeries, time.Time{}, time.Time{})
		if err != nil || len(s) != stored || !slices.Equal(got, values) {
			t.Errorf("%s: %v and %d stored, %v; want %v and %d", when, got, len(s), err, values, stored)
		}
	}
	g.want(0) // the session begins
	want("at first", 0)
	for i := range 2 {
		g.pass(reduceEvery)
		if i == 0 {
			g.get(sid("a"), 200)
		}
		g.tick(t.Context())
	}
	want("on a full disk", 0, 1, 0)
	store.err = nil
	g.pass(saveEvery)
	g.tick(t.Context())
	want("when there is room again", 2, 1, 0)
	g.pass(reduceEvery)
	g.tick(t.Context())
	want("later", 3, 1, 0, 0)
	if len(g.recent) != 0 {
		t.Errorf("%v is kept", g.recent)
	}
	g.broadcast("")
	g.pass(keepHistory - reduceEvery)
	g.tick(t.Context())
	want("after 90 days", 1, 0)
}

func TestHistoryWithoutAStoreIsBounded(t *testing.T) {
	g := newRig(t)
	for range maxRecent + 5 {
		g.pass(reduceEvery)
		g.reduce(g.now())
	}
	h, err := g.History(t.Context(), time.Time{})
	if err != nil || len(h) != maxRecent || !h[maxRecent-1].Time.Equal(g.now()) {
		t.Errorf("%d points, %v", len(h), err)
	}
	if late, err := g.History(t.Context(), h[maxRecent-2].Time); err != nil || len(late) != 2 {
		t.Errorf("%v, %v", late, err)
	}
}

// broken are settings that cannot be used.
type broken struct{ repository.Settings }

func (broken) Load(context.Context, string) (repository.Document, error) {
	return repository.Document{}, repository.ErrCorrupt
}

func TestBrokenSettingsKeepNobodyFromWatching(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Settings = broken{} })
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.get(sid("a"), 200)
	g.want(1)
	g.save(t.Context())
	if !g.dirty {
		t.Error("what was not saved is not tried again")
	}
	if err := g.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := g.Start(t.Context()); err == nil {
		t.Error("it was started after Shutdown")
	}
}
