package owncast

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/internal/health"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/hls"
	"github.com/owncast-go/owncast/video/recording"
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
		func(context.Context) []health.Problem { return renditionProblems(a.state.Status().Renditions) },
		storageCheck(&p.failures, p.packager.Stats),
		func(context.Context) []health.Problem { return s3Problems(p.settings.s3.get()) },
		func(context.Context) []health.Problem { return p.failures.recordingProblems() },
		func(context.Context) []health.Problem { return restreamProblems(p.restream.Status()) },
		func(ctx context.Context) []health.Problem { return publisherProblems(ctx, a.cfg, p.settings) },
		func(context.Context) []health.Problem { return p.pictures.problems() },
		func(ctx context.Context) []health.Problem { return p.outbound.problems(ctx) },
		func(context.Context) []health.Problem { return directoryProblems(p.directory) },
		func(context.Context) []health.Problem { return hardwareProblems(p.hardware.High()) },
		func(context.Context) []health.Problem { return chatProblems(p.chat.Stats(), p.chat.Filters()) },
		p.fediverse.problems,
		p.clusterProblems,
	}
	if a.cfg.repo == nil && a.cfg.cluster == nil {
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

// renditionProblems are steps of the ladder that cannot be watched.
func renditionProblems(list []video.RenditionStatus) []health.Problem {
	var problems []health.Problem
	for i, r := range list {
		switch {
		case r.Err == nil:
		case errors.Is(r.Err, video.ErrTooSlow):
			problems = append(problems, problem("transcoder-slow",
				fmt.Sprintf("Rendition %d of the ladder, %q, is left out: the machine is too slow for it.", i+1, r.Name), r.Err.Error()))
		default:
			problems = append(problems, problem("transcoder-failing",
				fmt.Sprintf("Rendition %d of the ladder, %q, cannot be made.", i+1, r.Name), r.Err.Error()))
		}
	}
	return problems
}

// failures are what parts have told of themselves.
type failures struct {
	storage, recording outcome
}

// hooks hear of them.
func (f *failures) hooks() Hooks {
	return Hooks{
		StorageFailed:    func(_ context.Context, e hls.StorageFailed) { f.storage.set(e.Err) },
		StorageRecovered: func(context.Context, hls.StorageRecovered) { f.storage.set(nil) },
		RecordingFailed:  func(_ context.Context, e recording.Failed) { f.recording.set(e.Err) },
		RecordingReady:   func(context.Context, recording.Ready) { f.recording.set(nil) },
	}
}

func (f *failures) recordingProblems() []health.Problem {
	if err := f.recording.get(); err != nil {
		return []health.Problem{problem("recording-failing", "A recording cannot be kept as it is to be.", err.Error())}
	}
	return nil
}

// storageMemory is for how long a storage counts as failing after a loss.
const storageMemory = time.Minute

// storageCheck is about the storage of a packager.
func storageCheck(f *failures, stats func() hls.Stats) health.Check {
	lost := int64(0)
	var dropped time.Time
	return func(context.Context) []health.Problem {
		now, s := time.Now(), stats()
		if s.StorageDropped > lost {
			lost, dropped = s.StorageDropped, now
		}
		var list []health.Problem
		if err := f.storage.get(); err != nil {
			list = append(list, problem("storage-errors", "Writes to the storage fail, and are tried again.",
				fmt.Sprintf("%v (%d failures since the start, %d segments wait)", err, s.StorageErrors, s.StorageQueued)))
		}
		if !dropped.IsZero() && now.Sub(dropped) < storageMemory {
			list = append(list, problem("storage-dropped", "Segments are lost, for the storage does not take them in time.",
				fmt.Sprintf("%d since the start", lost)))
		}
		return list
	}
}

// s3Problems tells that segments are not kept where an administrator wants
// them.
func s3Problems(err error) []health.Problem {
	if err == nil {
		return nil
	}
	return []health.Problem{problem("s3-unused", "The S3 service of the settings could not be used when the server started; it is not asked again before the next start.", err.Error())}
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

// chatProblems are what is wrong with the chat.
func chatProblems(s chat.Stats, filters []chat.FilterStatus) []health.Problem {
	var list []health.Problem
	if s.StoreErr != nil {
		list = append(list, problem("chat-history", "Messages of the chat are not kept.", s.StoreErr.Error()))
	}
	for i, f := range filters {
		if f.Resting && f.Err != nil {
			list = append(list, problem("chat-filter", fmt.Sprintf("Filter %d of the chat fails, and is not asked for a while.", i+1), f.Err.Error()))
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
