package owncast_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video/hardware"
)

type hardwareStats struct {
	Disk, Memory, CPU []struct {
		Time  time.Time
		Value float64
	}
}

func (c *channel) hardware() (s hardwareStats, body string) {
	c.t.Helper()
	code, body := c.ask("GET", "/api/admin/hardwarestats", "p", "")
	if err := json.Unmarshal([]byte(body), &s); err != nil || code != 200 || s.CPU == nil || s.Disk == nil || s.Memory == nil {
		c.t.Fatalf("%d %s", code, body)
	}
	return s, body
}

func TestAdministratorsAreToldHowBusyTheMachineIs(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"))
	if s, body := c.hardware(); len(s.CPU)+len(s.Disk)+len(s.Memory) > 0 {
		t.Errorf("nobody has measured: %s", body)
	}
	c = run(t, owncast.WithAdminPassword("p"), owncast.WithHardware(hardware.New()))
	var s hardwareStats
	for end := time.Now().Add(patience); len(s.CPU) == 0 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		s, _ = c.hardware()
	}
	if len(s.CPU) != 1 || len(s.Memory) != 1 || len(s.Disk) != 1 || s.Memory[0].Value <= 0 || time.Since(s.CPU[0].Time) > time.Minute {
		t.Errorf("%+v", s)
	}
	if _, err := owncast.New(owncast.WithHardware(nil)); err == nil {
		t.Error("nil is accepted")
	}
}

// fullDisk is a machine whose disk is full while it is true.
type fullDisk struct{ atomic.Bool }

func (f *fullDisk) Usage(context.Context, string) (cpu, memory, disk float64, err error) {
	if f.Load() {
		return 10, 20, 95, nil
	}
	return 10, 20, 30, nil
}

func TestAFullDiskIsAProblem(t *testing.T) {
	disk := new(fullDisk)
	simulate(t, func(s *simulation) {
		codes := func() string {
			var list []string
			for _, p := range s.app.Health().Problems {
				list = append(list, p.Code+" "+p.Detail)
			}
			return strings.Join(list, ";")
		}
		time.Sleep(3 * time.Minute)
		if got := codes(); got != "" {
			t.Errorf("with room on the disk: %s", got)
		}
		disk.Store(true)
		time.Sleep(5 * time.Minute)
		if got := codes(); got != "disk-full 95%" {
			t.Errorf("on a full disk: %s", got)
		}
		seen := 0
		for _, m := range s.app.Metrics() {
			if m.Name == "owncast_instance_cpu_usage" && m.Value == 10 || m.Name == "owncast_hardware_used_ratio" && m.Value >= 0.2 {
				seen++
			}
		}
		if seen != 3 {
			t.Errorf("%d of 3 figures are among the metrics", seen)
		}
		disk.Store(false)
		time.Sleep(5 * time.Minute)
		if got := codes(); got != "" {
			t.Errorf("with room again: %s", got)
		}
	}, owncast.WithHardware(disk))
}
