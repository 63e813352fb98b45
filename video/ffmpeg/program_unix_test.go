//go:build !windows

package ffmpeg

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

// otherProgram returns a Transcoder that runs a shell script.
func otherProgram(t *testing.T, script string) *Transcoder {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ffmpeg")
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	tr, err := New(Config{Path: name})
	if err != nil {
		t.Fatal(err)
	}
	tr.drain = 300 * time.Millisecond
	return tr
}

func TestAProgramThatDoesNotBehave(t *testing.T) {
	src := clip(t, 2*time.Second, 0)
	run := func(script string) error {
		return otherProgram(t, script).Transcode(bound(t), &source{packets: src}, []video.Rendition{{VideoBitrate: 100_000}}, new(collector))
	}
	t.Run("it writes garbage", func(t *testing.T) {
		err := run("echo garbage, and more of it than a header; cat >/dev/null")
		var rendition *video.RenditionError
		if !errors.As(err, &rendition) || rendition.Index != 0 || !errors.Is(err, flv.ErrMalformed) {
			t.Errorf("err = %v, want a RenditionError of what is malformed", err)
		}
	})
	t.Run("it does nothing, and is content", func(t *testing.T) {
		for _, script := range []string{"exit 0", "cat >/dev/null"} {
			err := run(script)
			var exit *ExitError
			if !errors.As(err, &exit) || exit.Code != 0 {
				t.Errorf("%s: err = %v, want an ExitError", script, err)
			}
		}
	})
	t.Run("it says that it fails, at the end", func(t *testing.T) {
		err := run("cat >/dev/null; echo 'x264 [error]: malloc of size 9 failed' >&2; exit 3")
		var exit *ExitError
		if !errors.As(err, &exit) || exit.Code != 3 || !strings.Contains(err.Error(), "there is not enough memory") {
			t.Errorf("err = %v, want an ExitError with its reason", err)
		}
	})
	t.Run("it does not end", func(t *testing.T) {
		// What it starts has its pipes too, and must go with it.
		err := run("cat >/dev/null; sleep 60 & sleep 60")
		if !errors.Is(err, errDrain) {
			t.Errorf("err = %v, want %v", err, errDrain)
		}
	})
	t.Run("it does not say its version", func(t *testing.T) {
		if _, err := otherProgram(t, "echo hello").program.ask(t.Context()); err == nil {
			t.Error("no error")
		}
	})
	t.Run("it says too much", func(t *testing.T) {
		if _, err := otherProgram(t, "yes").program.ask(t.Context()); !errors.Is(err, errTooLarge) {
			t.Errorf("err = %v, want %v", err, errTooLarge)
		}
	})
}
