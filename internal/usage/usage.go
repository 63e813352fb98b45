// Package usage keeps how busy the machine was, and warns of a machine that
// has little left.
package usage

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/owncast-go/owncast/internal/keeper"
)

const (
	// Every is how often a sample is taken.
	Every = 2 * time.Minute
	// Size is how many samples are kept: ten hours.
	Size = 300

	sampleTime = 10 * time.Second
	warnEvery  = 5 * time.Minute

	busyCPU    = 85 // percent, in the mean of two samples
	fullMemory = 85
	fullDisk   = 90
)

// Source measures. Figures are percent, disk that of the file system of a
// directory. It is called by one goroutine at a time.
type Source interface {
	Usage(ctx context.Context, dir string) (cpu, memory, disk float64, err error)
}

// Sample is how busy the machine was, in percent.
type Sample struct {
	Time              time.Time
	CPU, Memory, Disk float64
}

// Recorder takes samples. Make one with [New]. It is safe for concurrent use.
type Recorder struct {
	source Source
	dir    string
	log    *slog.Logger

	warned map[string]time.Time // the recorder's goroutine's alone
	failed bool                 // the same: the last sample could not be taken

	mu      sync.Mutex // guards samples
	samples []Sample

	keeper keeper.Keeper
}

// New returns a Recorder without samples, which warns to l. It starts nothing.
// A nil source never has a sample; a nil logger discards.
func New(source Source, dir string, l *slog.Logger) *Recorder {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return &Recorder{source: source, dir: dir, log: l, warned: map[string]time.Time{}}
}

// Start takes a sample, and another every two minutes until Shutdown. It waits
// for none. It may be called once.
func (r *Recorder) Start(ctx context.Context) error {
	return r.keeper.Start(ctx, func(context.Context) error { return nil }, func(ctx context.Context) {
		if r.source != nil {
			r.keep(ctx)
		}
	})
}

func (r *Recorder) keep(ctx context.Context) {
	t := time.NewTicker(Every)
	defer t.Stop()
	for {
		r.take(ctx)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (r *Recorder) take(ctx context.Context) {
	s, err := r.measure(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		if !r.failed {
			r.log.WarnContext(ctx, "how busy the machine is cannot be measured", "err", err)
		}
		r.failed = true
		return
	}
	r.failed = false
	r.mu.Lock()
	if len(r.samples) >= Size {
		r.samples = append(r.samples[:0], r.samples[len(r.samples)-Size+1:]...)
	}
	r.samples = append(r.samples, s)
	r.mu.Unlock()
	for _, h := range r.High() {
		if last, ok := r.warned[h.Name]; ok && s.Time.Sub(last) < warnEvery {
			continue
		}
		r.warned[h.Name] = s.Time
		r.log.WarnContext(ctx, "the machine has little left, which may disturb the stream", "of", h.Name, "percent", math.Round(h.Percent))
	}
}

func (r *Recorder) measure(ctx context.Context) (s Sample, err error) {
	ctx, cancel := context.WithTimeout(ctx, sampleTime)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
			r.log.Error("panic recovered", "in", "hardware", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	cpu, memory, disk, err := r.source.Usage(ctx, existing(r.dir))
	return Sample{time.Now().UTC(), percent(cpu), percent(memory), percent(disk)}, err
}

// existing is dir, or the nearest directory above it that is there: one is made
// when something is to be kept in it.
func existing(dir string) string {
	for range 100 {
		parent := filepath.Dir(dir)
		if _, err := os.Stat(dir); err == nil || parent == dir {
			break
		}
		dir = parent
	}
	return dir
}

// percent is v as a share of a whole.
func percent(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return min(max(v, 0), 100)
}

// Samples returns what was measured, the oldest first.
func (r *Recorder) Samples() []Sample {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.samples)
}

// Last returns the last sample; false if there is none.
func (r *Recorder) Last() (Sample, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.samples) == 0 {
		return Sample{}, false
	}
	return r.samples[len(r.samples)-1], true
}

// High is something that there is little left of.
type High struct {
	Name    string // "CPU", "memory" or "disk"
	Percent float64
}

// High returns what was nearly used up in the mean of the last two samples.
func (r *Recorder) High() []High {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.samples)
	if n < 2 {
		return nil
	}
	x, y := r.samples[n-2], r.samples[n-1]
	var list []High
	for _, f := range []struct {
		name        string
		value, most float64
	}{
		{"CPU", (x.CPU + y.CPU) / 2, busyCPU},
		{"memory", (x.Memory + y.Memory) / 2, fullMemory},
		{"disk", (x.Disk + y.Disk) / 2, fullDisk},
	} {
		if f.value > f.most {
			list = append(list, High{f.name, f.value})
		}
	}
	return list
}

// Shutdown ends what Start has started and waits for it, or for ctx. It may be
// called more than once.
func (r *Recorder) Shutdown(ctx context.Context) error {
	_, err := r.keeper.Shutdown(ctx)
	return err
}
