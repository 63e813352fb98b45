package ffmpeg

import (
	"os/exec"
	"syscall"
)

// pipesPerProcess is one, the standard output: a program on Windows inherits
// no other file by number.
const pipesPerProcess = 1

// belowNormalPriority is a flag of CreateProcess.
const belowNormalPriority = 0x4000

// isolate keeps a console's interrupt from the process.
func isolate(cmd *exec.Cmd, low bool) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP, HideWindow: true}
	if low {
		cmd.SysProcAttr.CreationFlags |= belowNormalPriority
	}
}

// lowPriority has nothing to do: it is told at the start.
func lowPriority(*exec.Cmd) {}
