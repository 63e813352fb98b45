package owncast

import (
	"context"
	"fmt"

	"github.com/owncast-go/owncast/internal/health"
	"github.com/owncast-go/owncast/internal/metrics"
	"github.com/owncast-go/owncast/internal/usage"
)

// Hardware measures how busy the machine is.
//
// Usage returns how busy the CPU was since the last call, how much of the
// memory is in use, and how full the file system of a directory is, all in
// percent. It is called every two minutes, by one goroutine at a time, and
// returns soon after ctx is done.
type Hardware interface {
	Usage(ctx context.Context, dir string) (cpu, memory, disk float64, err error)
}

// WithHardware lets h measure how busy the machine is, for administrators, the
// health and the metrics of the App. Package video/hardware has such an h. The
// default does not know.
func WithHardware(h Hardware) Option {
	return func(c *config) error {
		c.hardware = h
		return notNil("WithHardware", h == nil)
	}
}

// cpu is for those who judge how it plays.
func cpu(r *usage.Recorder) func() (float64, bool) {
	return func() (float64, bool) {
		s, ok := r.Last()
		return s.CPU, ok
	}
}

// hardwareProblems are what there is little left of.
func hardwareProblems(list []usage.High) []health.Problem {
	var problems []health.Problem
	for _, h := range list {
		detail := fmt.Sprintf("%.0f%%", h.Percent)
		switch h.Name {
		case "CPU":
			problems = append(problems, problem("cpu-busy", "The CPU is nearly as busy as it can be.", detail))
		case "memory":
			problems = append(problems, problem("memory-full", "The memory is nearly full.", detail))
		case "disk":
			problems = append(problems, problem("disk-full", "The disk of the data directory is nearly full.", detail))
		}
	}
	return problems
}

func (l *metricList) hardware(r *usage.Recorder) {
	s, ok := r.Last()
	if !ok {
		return
	}
	l.gauge("owncast_instance_cpu_usage", "How busy the CPU is, in percent.", s.CPU)
	const help = "How much is in use."
	l.gauge("owncast_hardware_used_ratio", help, s.Memory/100, metrics.Label{Name: "of", Value: "memory"})
	l.gauge("owncast_hardware_used_ratio", help, s.Disk/100, metrics.Label{Name: "of", Value: "disk"})
}
