//go:build !windows

package ffmpeg

import (
	"syscall"
	"time"
)

// cpuTimes are what this process and those that it waited for have used.
func cpuTimes() (own, children time.Duration) {
	used := func(who int) time.Duration {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) != nil {
			return 0
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return used(syscall.RUSAGE_SELF), used(syscall.RUSAGE_CHILDREN)
}
