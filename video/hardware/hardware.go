// Package hardware measures how busy the machine is that the video is made on:
//
//	owncast.WithHardware(hardware.New())
//
// It knows Linux, macOS, Windows and the BSDs, by gopsutil. A program that does
// not import it does not link that. In a container, the CPU is that of the
// whole machine.
package hardware

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/mem"
)

// firstInterval is what the first measurement of the CPU takes.
const firstInterval = 250 * time.Millisecond

// Monitor measures. The zero Monitor is ready. It is safe for concurrent use.
type Monitor struct {
	mu   sync.Mutex // guards last, and is held while the first one is measured
	last *cpu.TimesStat
}

// New returns a Monitor.
func New() *Monitor { return new(Monitor) }

// Usage returns how busy the CPU was since the last call, how much of the
// memory is in use, and how full the file system of a directory is, in
// percent. The first call measures the CPU for a quarter of a second.
func (m *Monitor) Usage(ctx context.Context, dir string) (cpuUsed, memoryUsed, diskUsed float64, err error) {
	if cpuUsed, err = m.cpu(ctx); err != nil {
		return 0, 0, 0, fmt.Errorf("hardware: CPU: %w", err)
	}
	memory, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return 0, 0, 0, fmt.Errorf("hardware: memory: %w", err)
	}
	space, err := disk.UsageWithContext(ctx, dir)
	if err != nil {
		return 0, 0, 0, fmt.Errorf("hardware: disk: %w", err)
	}
	return cpuUsed, memory.UsedPercent, space.UsedPercent, nil
}

func (m *Monitor) cpu(ctx context.Context) (float64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last == nil {
		first, err := times(ctx)
		if err != nil {
			return 0, err
		}
		t := time.NewTimer(firstInterval)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-t.C:
		}
		m.last = first
	}
	now, err := times(ctx)
	if err != nil {
		return 0, err
	}
	busy := share(*m.last, *now)
	m.last = now
	return busy, nil
}

func times(ctx context.Context) (*cpu.TimesStat, error) {
	list, err := cpu.TimesWithContext(ctx, false)
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, fmt.Errorf("%d totals", len(list))
	}
	return &list[0], nil
}

// share is how much of the time between two readings was not idle, in percent.
// The time of guests is part of that of users, or unknown.
func share(from, to cpu.TimesStat) float64 {
	idle := to.Idle + to.Iowait - from.Idle - from.Iowait
	busy := to.User + to.System + to.Nice + to.Irq + to.Softirq + to.Steal -
		from.User - from.System - from.Nice - from.Irq - from.Softirq - from.Steal
	if busy <= 0 || idle+busy <= 0 {
		return 0
	}
	return min(100, 100*busy/(max(idle, 0)+busy))
}
