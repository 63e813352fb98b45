package stats

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

func TestPeaksAndHistoryOutliveTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		settings := memory.New().Settings
		g := newRig(t, func(c *Config) { c.Settings = settings })
		a := g.Audience
		a.now, a.epoch = time.Now, time.Now().Add(-time.Hour)
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
		if p, _, err := peakSetting().Get(t.Context(), settings); err != nil || p != (peaks{3, 3}) {
			t.Errorf("after a minute %+v is saved, %v", p, err)
		}
		for range 40 {
			g.get(sid("a"), 200)
			time.Sleep(10 * time.Second)
		}
		g.broadcast("")
		time.Sleep(2 * tickEvery)
		synctest.Wait()
		if h, _, err := historySetting().Get(t.Context(), settings); err != nil || len(h.Points) != 2*4 {
			t.Errorf("after the session %v is saved, %v", h, err)
		}
		for range 2 {
			if err := a.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
		g = newRig(t, func(c *Config) { c.Settings = settings })
		g.now = time.Now
		if err := g.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c := g.Count(); c != (Count{0, 0, 3}) {
			t.Errorf("the next process begins with %+v", c)
		}
		h := g.History(time.Time{})
		if len(h) != 4 || h[0].Value != 1 || len(g.History(h[2].Time)) != 2 {
			t.Errorf("history: %v", h)
		}
		if err := g.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
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
	g.save(t.Context(), true)
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
