package video_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
	"github.com/owncast-go/owncast/video/hls"
	"github.com/owncast-go/owncast/video/videotest"
)

// Who may publish is asked of the host.
func ExamplePublishAuthorizerFunc() {
	auth := video.PublishAuthorizerFunc(func(_ context.Context, req video.PublishRequest) error {
		if req.App != "live" || req.StreamKey != "change-me" {
			return video.ErrStreamKey
		}
		return nil
	})
	fmt.Println(auth.AuthorizePublish(context.Background(), video.PublishRequest{App: "live", StreamKey: "guess"}))
	// Output: video: wrong stream key
}

// A session without a network: somebody is admitted and sends, somebody else
// reads what comes, and the state says what is going on.
func ExampleServer() {
	state := new(video.State)
	server, err := video.NewServer(video.Config{
		State:    state,
		Packager: hls.New(hls.Config{}),
		Auth:     video.PublishAuthorizerFunc(func(context.Context, video.PublishRequest) error { return nil }),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	defer server.Shutdown(ctx)
	reader := server.Subscribe(video.SubscriptionLimits{})
	defer reader.Close()

	p, err := server.Publish(ctx, video.PublishRequest{App: "live", StreamKey: "any"})
	if err != nil {
		fmt.Println(err)
		return
	}
	clip, err := flv.ReadPackets(bytes.NewReader(videotest.Clip()), 16<<20)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, packet := range clip {
		if err := p.WritePacket(packet); err != nil {
			fmt.Println(err)
			break
		}
	}
	first, err := reader.Read(ctx)
	fmt.Println(first.Track.Codec, first.Key, err)
	fmt.Println(state.Status().Phase)
	p.Close(nil) // the publisher has ended the broadcast, and may come back
	fmt.Println(state.Status().Phase)
	server.Disconnect()
	fmt.Println(state.Status().Phase)
	// Output:
	// h264 true <nil>
	// live
	// reconnecting
	// offline
}

// A Transcoder that makes nothing, for a start of one's own: it reads to the
// end, and the broadcast goes on as it came.
func ExampleTranscoderFunc() {
	t := video.TranscoderFunc(func(ctx context.Context, src video.PacketReader, _ []video.Rendition, _ video.RenditionWriter) error {
		for {
			if _, err := src.Read(ctx); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
	})
	var _ video.Transcoder = t
}
