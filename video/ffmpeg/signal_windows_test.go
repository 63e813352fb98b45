package ffmpeg

import "testing"

func signalChildren(t *testing.T, _ string) {
	t.Helper()
	t.Skip("there are no signals here")
}
