package flv_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
	"github.com/owncast-go/owncast/video/videotest"
)

// The tags of a file, and the first packet of its picture.
func ExampleReader() {
	r := flv.NewReader(bytes.NewReader(videotest.Clip()), 1<<20)
	var d flv.Decoder
	for {
		tag, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		if tag.Type != flv.TagVideo {
			continue
		}
		p, ok, err := d.Video(tag.Timestamp, tag.Body)
		if err != nil || ok {
			fmt.Println(p.Track.Codec, p.Track.Width, p.Track.Height, p.Key, err)
			return
		}
	}
	// Output: h264 640 360 true <nil>
}

// Packets as a file, which every player opens.
func ExampleWriter() {
	packets, err := flv.ReadPackets(bytes.NewReader(videotest.Clip()), 16<<20)
	if err != nil {
		fmt.Println(err)
		return
	}
	var file bytes.Buffer
	w := flv.NewWriter(&file, video.Video, video.Audio)
	for _, p := range packets {
		if err := w.WritePacket(p); err != nil {
			fmt.Println(err)
			return
		}
	}
	again, err := flv.ReadPackets(&file, 16<<20)
	fmt.Println(len(again) == len(packets), err)
	// Output: true <nil>
}
