package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// lingerTime is for how long a process that was killed may keep its standard
// error open.
const lingerTime = 5 * time.Second

// process is an ffmpeg with a pipe to its standard input and pipes back.
type process struct {
	cmd     *exec.Cmd
	stdin   *os.File
	outputs []*os.File // to be read by whoever started it, to the end
	tail    *tail
}

// command returns one that is killed, and all it started, when ctx is done.
func (p *program) command(ctx context.Context, args []string, low bool) (*exec.Cmd, *tail) {
	cmd := exec.CommandContext(ctx, p.path, args...)
	t := new(tail)
	cmd.Stderr = t
	cmd.WaitDelay = lingerTime
	isolate(cmd, low)
	return cmd, t
}

// start runs the program with pipes to read n outputs from, whose names argv
// gets. The caller closes stdin, reads and closes the outputs and calls wait.
func (p *program) start(ctx context.Context, n int, argv func(names []string) []string) (_ *process, err error) {
	var theirs, ours []*os.File
	defer func() {
		for _, f := range theirs {
			_ = f.Close()
		}
		if err != nil {
			for _, f := range ours {
				_ = f.Close()
			}
		}
	}()
	in, stdin, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("ffmpeg: %w", err)
	}
	theirs, ours = append(theirs, in), append(ours, stdin)
	for range n {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, fmt.Errorf("ffmpeg: %w", err)
		}
		theirs, ours = append(theirs, w), append(ours, r)
	}
	names := pipeNames(n)
	cmd, t := p.command(ctx, argv(names), false)
	cmd.Stdin = in
	givePipes(cmd, theirs[1:])
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("ffmpeg: %w", err)
	}
	return &process{cmd: cmd, stdin: stdin, outputs: ours[1:], tail: t}, nil
}

// pipeNames are what ffmpeg knows the pipes as: one is its standard output,
// several are inherited beside it.
func pipeNames(n int) []string {
	if n == 1 {
		return []string{"pipe:1"}
	}
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("pipe:%d", 3+i)
	}
	return names
}

func givePipes(cmd *exec.Cmd, pipes []*os.File) {
	if len(pipes) == 1 {
		cmd.Stdout = pipes[0]
		return
	}
	cmd.ExtraFiles = pipes
}

// wait returns nil or an *ExitError when the process has ended.
func (p *process) wait() error { return exitError(p.cmd, p.cmd.Wait(), p.tail) }

// exitError makes an *ExitError of what Wait returned. That the pipe of
// standard error stayed open is no error.
func exitError(cmd *exec.Cmd, err error, t *tail) error {
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return newExitError(cmd, t)
}

func newExitError(cmd *exec.Cmd, t *tail) *ExitError {
	e := &ExitError{Code: -1, State: "unknown"}
	if s := cmd.ProcessState; s != nil {
		e.Code, e.State = s.ExitCode(), s.String()
	}
	e.Tail, e.Reason = t.end()
	return e
}

// job is a short run with everything in memory.
type job struct {
	args  []string
	in    io.Reader // nil is empty
	limit int       // of the answer, in bytes
	low   bool      // of low priority
}

// errTooLarge ends a job that answers too much.
var errTooLarge = errors.New("ffmpeg: more output than expected")

// once runs a job and returns what it wrote to its standard output. The error
// is ctx's, an *ExitError, or of the system.
func (p *program) once(ctx context.Context, j job) ([]byte, error) {
	cmd, t := p.command(ctx, j.args, j.low)
	out := &limited{max: j.limit}
	cmd.Stdin, cmd.Stdout = j.in, out
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("ffmpeg: %w", err)
	}
	if j.low {
		lowPriority(cmd)
	}
	err := exitError(cmd, cmd.Wait(), t)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case out.over:
		return nil, errTooLarge
	case err != nil:
		return nil, err
	}
	return out.buf.Bytes(), nil
}

// limited is a buffer that refuses to grow beyond max.
type limited struct {
	buf  bytes.Buffer
	max  int
	over bool
}

// Write fails beyond the limit, which closes the pipe.
func (l *limited) Write(p []byte) (int, error) {
	if l.buf.Len()+len(p) > l.max {
		l.over = true
		return 0, errTooLarge
	}
	return l.buf.Write(p)
}
