package owncast

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/owncast-go/owncast/internal/health"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/hls"
	"github.com/owncast-go/owncast/video/restream"
)

// Levels of a [Health] and of its problems.
const (
	HealthOK       = health.OK
	HealthInfo     = health.Info     // not wrong, but worth knowing; of problems alone
	HealthDegraded = health.Degraded // it works, but not as it is to, or not for everybody
	HealthFailing  = health.Failing  // viewers or administrators are turned away
)

// Health returns how the App does, and why it does not do well, as of the last
// ten seconds. It does not block. Unless the App runs, it is failing.
func (a *App) Health() Health {
	p, err := a.live()
	if err != nil {
		now := time.Now().UTC()
		return Health{Status: HealthFailing, CheckedAt: now, Problems: []HealthProblem{
			{Code: "not-running", Level: HealthFailing, Text: "The server does not run.", Detail: err.Error(), Since: now},
		}}
	}
	return p.health.Report()
}

// newHealth makes the list of what is watched.
func (a *App) newHealth(p *parts) *health.Monitor {
	checks := []health.Check{
		p.settings.watched.Check,
		func(context.Context) []health.Problem { return ingestProblems(a.state.Status()) },
		storageCheck(p.packager.Stats),
		func(context.Context) []health.Problem { return restreamProblems(p.restream.Status()) },
		func(ctx context.Context) []health.Problem { return publisherProblems(ctx, a.cfg, p.settings) },
		func(context.Context) []health.Problem { return p.pictures.problems() },
		func(context.Context) []health.Problem { return hardwareProblems(p.hardware.High()) },
	}
	if a.cfg.repo == nil {
		checks = append(checks, health.Directory(a.cfg.dataDir))
	}
	return health.New(health.Config{Checks: checks, Changed: healthEvents(a.cfg.hooks), Logger: a.cfg.log})
}

// problem is one that the App works on with.
func problem(code, text, detail string) health.Problem {
	return health.Problem{Code: code, Level: health.Degraded, Text: text, Detail: detail}
}

// ingestProblems are what the publisher should mend.
func ingestProblems(s video.Status) []health.Problem {
	var list []health.Problem
	if s.Phase == video.Reconnecting {
		list = append(list, problem("publisher-gone", "The publisher has gone, and the stream waits for it to come back.", ""))
	}
	if s.Ingest == nil {
		return list
	}
	texts := map[video.WarningCode]string{
		video.WarnKeyframeInterval: "The broadcast has too few keyframes.",
		video.WarnDrift:            "Picture and sound of the broadcast are apart.",
		video.WarnTimestamps:       "The clock of the broadcast jumps.",
		video.WarnNoAudio:          "The broadcast has no sound.",
		video.WarnNoVideo:          "The broadcast has no picture.",
		video.WarnSlow:             "The broadcast arrives slower than real time.",
		video.WarnCodec:            "The broadcast does not play in every browser.",
	}
	for _, w := range s.Ingest.Warnings {
		text := texts[w.Code]
		if text == "" {
			text = "The broadcast has a problem."
		}
		list = append(list, problem("ingest-"+string(w.Code), text, w.Detail))
	}
	return list
}

// storageMemory is for how long a storage counts as failing after a failure.
const storageMemory = time.Minute

// storageCheck follows the counters of a packager.
func storageCheck(stats func() hls.Stats) health.Check {
	var last hls.Stats
	var failed, dropped time.Time
	return func(context.Context) []health.Problem {
		now, s := time.Now(), stats()
		if s.StorageErrors > last.StorageErrors {
			failed = now
		}
		if s.StorageDropped > last.StorageDropped {
			dropped = now
		}
		last = s
		var list []health.Problem
		if !failed.IsZero() && now.Sub(failed) < storageMemory {
			list = append(list, problem("storage-errors", "Writes to the storage fail, and are tried again.",
				fmt.Sprintf("%d have failed since the start; %d segments wait", s.StorageErrors, s.StorageQueued)))
		}
		if !dropped.IsZero() && now.Sub(dropped) < storageMemory {
			list = append(list, problem("storage-dropped", "Segments are lost, for the storage does not take them in time.",
				fmt.Sprintf("%d since the start", s.StorageDropped)))
		}
		return list
	}
}

// restreamProblems are outputs that do not get through.
func restreamProblems(outputs []restream.Status) []health.Problem {
	var list []health.Problem
	for _, o := range outputs {
		if o.Err != nil && (o.State == restream.Waiting || o.State == restream.Connecting) {
			list = append(list, problem("restream-failing", fmt.Sprintf("The broadcast is not sent on to the output %q.", o.ID), o.Err.Error()))
		}
	}
	return list
}

// publisherProblems tells whether anybody could publish.
func publisherProblems(ctx context.Context, c config, s *settingsSource) []health.Problem {
	if c.publish != nil {
		return nil
	}
	keys, err := s.streamKeys(ctx)
	if err != nil || len(keys) > 0 {
		return nil // an error is the repository's problem
	}
	return []health.Problem{{
		Code: "no-stream-keys", Level: health.Info, Text: "Nobody can publish: there are no stream keys.",
	}}
}

// outcome is how something ended, for who asks later.
type outcome struct {
	mu  sync.Mutex
	err error
}

func (o *outcome) set(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
}

func (o *outcome) get() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// problems tells whether the thumbnails have ended before their time.
func (p *pictures) problems() []health.Problem {
	if p == nil {
		return nil
	}
	if err := p.failure.get(); err != nil {
		return []health.Problem{problem("thumbnails-failed", "There are no more thumbnails.", err.Error())}
	}
	return nil
}
