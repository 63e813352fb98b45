//go:build !linux

package hls

import "time"

// cpuTime is not known; benchmarks report 0 for it.
func cpuTime() time.Duration { return 0 }
