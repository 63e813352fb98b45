package main

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/owncast-go/owncast/video/rtmp"
	"github.com/owncast-go/owncast/video/videotest"
)

// demo publishes the clip over RTMP until ctx is done.
func demo(ctx context.Context, addr net.Addr, key string) {
	for ctx.Err() == nil {
		if err := publish(ctx, addr, key); ctx.Err() == nil {
			slog.Warn("the demo stopped and starts again", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Second):
		}
	}
}

func publish(ctx context.Context, addr net.Addr, key string) error {
	c, err := rtmp.Dial(ctx, "rtmp://"+local(addr)+"/live", rtmp.ClientConfig{StreamKey: key, Encoder: "owncast demo"})
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // what failed was told before
	return videotest.Publish(ctx, c)
}
