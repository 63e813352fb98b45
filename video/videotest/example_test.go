package videotest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/owncast-go/owncast/video/flv"
	"github.com/owncast-go/owncast/video/videotest"
)

// count counts the tags it is sent.
type count struct {
	tags int
	stop func()
}

// WriteTag makes count a videotest.TagWriter.
func (c *count) WriteTag(flv.TagType, time.Duration, []byte) error {
	if c.tags++; c.tags == 5 {
		c.stop()
	}
	return nil
}

// Publish sends until its context ends, at the pace of a camera. A client of
// package rtmp takes what it sends.
func ExamplePublish() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := &count{stop: cancel}
	err := videotest.Publish(ctx, c)
	fmt.Println(c.tags >= 5, err)
	// Output: true context canceled
}
