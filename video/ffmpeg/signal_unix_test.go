//go:build !windows

package ffmpeg

import (
	"strconv"
	"syscall"
	"testing"
)

// signalChildren sends a signal to what this process has started.
func signalChildren(t *testing.T, name string) {
	t.Helper()
	signal := map[string]syscall.Signal{"STOP": syscall.SIGSTOP, "KILL": syscall.SIGKILL}[name]
	for _, c := range children(t) {
		pid, err := strconv.Atoi(c)
		if err == nil {
			err = syscall.Kill(pid, signal)
		}
		if err != nil {
			t.Error(err)
		}
	}
}
