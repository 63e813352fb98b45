//go:build !windows

package ffmpeg

import (
	"math"
	"os/exec"
	"syscall"
)

// pipesPerProcess is how many renditions one process can write.
const pipesPerProcess = math.MaxInt

// isolate gives a process a group of its own: a terminal's interrupt is not
// for it, and it is killed with all it started.
func isolate(cmd *exec.Cmd, _ bool) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// lowPriority lets everything else go before a process that has started.
func lowPriority(cmd *exec.Cmd) {
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, cmd.Process.Pid, 10) // it may be gone already
}
