package hardware

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestThisMachineIsMeasured(t *testing.T) {
	m := New()
	for i := range 2 {
		c, memory, disk, err := m.Usage(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if c < 0 || c > 100 || memory <= 0 || memory > 100 || disk < 0 || disk > 100 || math.IsNaN(c+memory+disk) {
			t.Errorf("%d: CPU %v, memory %v, disk %v", i, c, memory, disk)
		}
		// Something to measure.
		for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
			_ = math.Sqrt(float64(time.Now().UnixNano()))
		}
	}
	if c, err := m.cpu(t.Context()); err != nil || c == 0 {
		t.Errorf("a busy CPU: %v, %v", c, err)
	}
}

func TestWhatCannotBeMeasuredIsAnError(t *testing.T) {
	m := New()
	if _, _, _, err := m.Usage(t.Context(), filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a directory that is not there was measured")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, _, err := New().Usage(ctx, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is done: %v", err)
	}
}

func TestTheShareOfTheCPU(t *testing.T) {
	for _, tt := range []struct {
		name     string
		from, to cpu.TimesStat
		want     float64
	}{
		{"idle", cpu.TimesStat{User: 5, Idle: 10}, cpu.TimesStat{User: 5, Idle: 20}, 0},
		{"half", cpu.TimesStat{User: 5, Idle: 10}, cpu.TimesStat{User: 8, System: 2, Idle: 13, Iowait: 2}, 50},
		{"guests are users", cpu.TimesStat{}, cpu.TimesStat{User: 5, Guest: 5, Idle: 5}, 50},
		{"all", cpu.TimesStat{}, cpu.TimesStat{User: 5, Nice: 1, Irq: 1, Softirq: 1, Steal: 1}, 100},
		{"no time", cpu.TimesStat{User: 5}, cpu.TimesStat{User: 5}, 0},
		{"a clock that goes back", cpu.TimesStat{User: 5, Idle: 9}, cpu.TimesStat{User: 7, Idle: 8}, 100},
		{"backwards", cpu.TimesStat{User: 5, Idle: 9}, cpu.TimesStat{}, 0},
	} {
		if got := share(tt.from, tt.to); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func BenchmarkUsage(b *testing.B) {
	m, dir := New(), b.TempDir()
	if _, _, _, err := m.Usage(b.Context(), dir); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, _, err := m.Usage(b.Context(), dir); err != nil {
			b.Fatal(err)
		}
	}
}
