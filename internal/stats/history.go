package stats

import (
	"context"
	"slices"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// viewerSeries is the name of the history in a repository.
const viewerSeries = "viewers"

const (
	// keepHistory is for how long the history is kept in a repository.
	keepHistory = 90 * 24 * time.Hour
	pruneEvery  = 24 * time.Hour
	// maxRecent is how many points of the history are kept in memory: those
	// that wait to be stored, and without a store all of them, which is two
	// weeks of being online.
	maxRecent = 10_000
)

// Point is a value at a time.
type Point struct {
	Time  time.Time
	Value float64
}

// appendPoint adds p and forgets the oldest of more than most.
func appendPoint(list []Point, p Point, most int) []Point {
	if len(list) >= most {
		list = append(list[:0], list[len(list)-most+1:]...)
	}
	return append(list, p)
}

// addHistory adds a point. The caller holds mu.
func (a *Audience) addHistory(t time.Time, viewers float64) {
	a.recent = appendPoint(a.recent, Point{t, viewers}, maxRecent)
}

// archive stores the points that are not stored yet.
func (a *Audience) archive(ctx context.Context) {
	if a.cfg.Series == nil {
		return
	}
	a.saving.Lock()
	defer a.saving.Unlock()
	a.mu.Lock()
	a.archived = a.now()
	points := slices.Clone(a.recent)
	if !a.cfg.Lead() {
		points, a.recent = nil, nil // somebody else stores what there is in all
	}
	a.mu.Unlock()
	if len(points) == 0 {
		return
	}
	samples := make([]repository.SeriesSample, 0, len(points))
	for _, p := range points {
		samples = append(samples, repository.SeriesSample{
			Series: viewerSeries, Sample: repository.Sample{At: p.Time, Value: p.Value},
		})
	}
	if err := a.cfg.Series.AppendSamples(ctx, samples...); err != nil {
		a.log.WarnContext(ctx, "viewer history not saved", "err", err)
		return // and tried again
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	stored := points[len(points)-1].Time
	a.recent = slices.DeleteFunc(a.recent, func(p Point) bool { return !p.Time.After(stored) })
}

// prune forgets what is too old, once a day.
func (a *Audience) prune(ctx context.Context, now time.Time) {
	if a.cfg.Series == nil || now.Sub(a.pruned) < pruneEvery || !a.cfg.Lead() {
		return
	}
	a.pruned = now
	if err := a.cfg.Series.PruneSamples(ctx, now.Add(-keepHistory)); err != nil {
		a.log.WarnContext(ctx, "old viewer history not removed", "err", err)
	}
}

// History returns how many viewers there were, every two minutes of being
// online, from a time on: 90 days at the most, to 10 seconds. The error is the
// repository's.
func (a *Audience) History(ctx context.Context, since time.Time) ([]Point, error) {
	// What is not stored yet is read first: what is stored meanwhile is there
	// twice then, and is not missing.
	a.mu.Lock()
	recent := slices.Clone(a.recent)
	a.mu.Unlock()
	list := []Point{}
	if a.cfg.Series != nil {
		samples, err := a.cfg.Series.Samples(ctx, viewerSeries, since, time.Time{})
		if err != nil {
			return nil, err
		}
		for _, s := range samples {
			list = append(list, Point{s.At, s.Value})
		}
	}
	for _, p := range recent {
		again := len(list) > 0 && p.Time.Before(list[len(list)-1].Time.Add(repository.SampleInterval))
		if !p.Time.Before(since) && !again {
			list = append(list, p)
		}
	}
	return list, nil
}
