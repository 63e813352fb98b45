package recording_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/owncast-go/owncast/storage/local"
	"github.com/owncast-go/owncast/video/recording"
)

// What an App does with WithRecording: the Library is the Recorder of its
// packager, and serves below "recordings/".
func ExampleLibrary() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	library, err := recording.New(recording.Config{
		Storage: local.New(dir),
		Policy:  recording.Policy{MaxAge: 30 * 24 * time.Hour, MaxCount: 100},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	library.Start()
	defer library.Shutdown(ctx)

	_, total, err := library.List(ctx, 0, 10)
	fmt.Println(total, err)
	_, err = library.Clip(ctx, recording.ClipRequest{Recording: recording.LiveRecording, End: time.Minute})
	fmt.Println(errors.Is(err, recording.ErrNotFound))
	// Output:
	// 0 <nil>
	// true
}
