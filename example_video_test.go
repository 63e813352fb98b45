package owncast_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository/jetstream"
	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/local"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/ffmpeg"
	"github.com/owncast-go/owncast/video/hardware"
	"github.com/owncast-go/owncast/video/recording"
)

// A machine without ffmpeg shows the broadcast as it came.
func ExampleWithTranscoder() {
	var options []owncast.Option
	t, err := ffmpeg.New(ffmpeg.Config{Encoder: ffmpeg.VAAPI, OnFailure: ffmpeg.Software})
	switch {
	case err == nil:
		options = append(options, owncast.WithTranscoder(t))
	case !errors.Is(err, ffmpeg.ErrNotFound):
		fmt.Println(err)
		return
	}
	app, err := owncast.New(options...)
	fmt.Println(app != nil, err)
	// Output: true <nil>
}

// Pictures of what is live, where there is an ffmpeg.
func ExampleWithThumbnails() {
	var options []owncast.Option
	if t, err := ffmpeg.NewThumbnailer(ffmpeg.ThumbnailConfig{}); err == nil {
		options = append(options, owncast.WithThumbnails(t))
	}
	app, err := owncast.New(options...)
	fmt.Println(app != nil, err)
	// Output: true <nil>
}

// The shortest delay: segments of a second, in parts of a third of it.
func ExampleWithLatencyLevel() {
	fmt.Println(video.LatencyLevel(0))
	_, err := owncast.New(owncast.WithLatencyLevel(0))
	fmt.Println(err)
	// Output:
	// {1s 25}
	// <nil>
}

// A session ends with its publisher: nobody comes back.
func ExampleWithReconnectGrace() {
	_, err := owncast.New(owncast.WithReconnectGrace(0))
	fmt.Println(err)
	// Output: <nil>
}

// Sessions are kept for a month, but no more of them than fit into 200 GB.
func ExampleWithRecording() {
	_, err := owncast.New(owncast.WithRecording(recording.Policy{
		MinDuration: time.Minute,
		MaxAge:      30 * 24 * time.Hour,
		MaxBytes:    200e9,
	}))
	fmt.Println(err)
	// Output: <nil>
}

// Administrators choose where segments are, of places that the host makes of
// what they enter. The example of package storage/s3 makes it a bucket.
func ExampleWithS3() {
	_, err := owncast.New(owncast.WithS3(func(_ context.Context, set owncast.S3Settings) (owncast.Storage, error) {
		if err := storage.CheckKey(set.Bucket); err != nil {
			return nil, err
		}
		return storage.Sub(local.New("/mnt/buckets"), set.Bucket)
	}))
	fmt.Println(err)
	// Output: <nil>
}

// A node of a channel that is on several machines: the publisher goes to any of
// them, and viewers to all.
func ExampleWithCluster() {
	_, err := owncast.New(
		owncast.WithCluster(jetstream.New(jetstream.Config{URL: "nats://nats.example.org:4222", Replicas: 3})),
		owncast.WithDataDir("/var/lib/live"), // the node's own
		owncast.WithStreamKeys("change-me"),  // the same on all nodes
	)
	fmt.Println(err)
	// Output: <nil>
}

// How busy the machine is, for administrators and the health of the App.
func ExampleWithHardware() {
	_, err := owncast.New(owncast.WithHardware(hardware.New()))
	fmt.Println(err)
	// Output: <nil>
}

// Viewers of the same broadcast elsewhere are counted with those here.
func ExampleWithViewerCount() {
	elsewhere := func() int { return 120 } // as another part of the program has last heard
	_, err := owncast.New(owncast.WithViewerCount(elsewhere))
	fmt.Println(err)
	// Output: <nil>
}

// A network that the host knows, and a file for the rest of the world. A file
// that cannot be used is an error of Start.
func ExampleWithGeo() {
	office := netip.MustParsePrefix("192.0.2.0/24")
	app, err := owncast.New(
		owncast.WithGeo(func(a netip.Addr) (owncast.Geo, bool) {
			return owncast.Geo{CountryCode: "DE", RegionName: "Our office"}, office.Contains(a)
		}),
		owncast.WithGeoIP("nowhere/GeoLite2-City.mmdb"),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	err = app.Start(ctx)
	var file *owncast.GeoIPError
	fmt.Println(errors.As(err, &file))
	_ = app.Shutdown(ctx)
	// Output: true
}

// Where viewers are, by a file of MaxMind or of somebody else in that format.
func ExampleWithGeoIP() {
	_, err := owncast.New(owncast.WithGeoIP("/var/lib/GeoIP/GeoLite2-City.mmdb"))
	fmt.Println(err)
	// Output: <nil>
}
