package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"sort"
	"strconv"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/video"
)

// variant is what viewers can choose from. Index is the number of its
// directory below /hls/.
type variant struct {
	index int
	video.Rendition
}

// variants lists the ladder as it is set: the broadcast as it came first, and
// then the highest bitrates.
func (a *api) variants(ctx context.Context) ([]variant, error) {
	var ladder video.Ladder
	if a.Ladder != nil {
		var err error
		if ladder, err = a.Ladder(ctx); err != nil {
			return nil, err
		}
	}
	return listVariants(ladder), nil
}

func listVariants(ladder video.Ladder) []variant {
	list := []variant{}
	if ladder.Source == video.Always || len(ladder.Renditions) == 0 {
		list = append(list, variant{0, video.Rendition{Name: cmp.Or(ladder.SourceName, "Source")}})
	}
	for i, r := range ladder.Renditions {
		r.Name = variantName(r)
		list = append(list, variant{i + 1, r})
	}
	sort.SliceStable(list, func(i, j int) bool {
		x, y := list[i], list[j]
		return cmp.Or(cmp.Compare(copies(y), copies(x)), cmp.Compare(y.VideoBitrate, x.VideoBitrate)) < 0
	})
	return list
}

// copies is 1 for a variant with the video as it came.
func copies(v variant) int {
	if v.VideoBitrate == 0 {
		return 1
	}
	return 0
}

// variantName is what clients of such servers expect of one without a name.
func variantName(r video.Rendition) string {
	switch {
	case r.Name != "":
		return r.Name
	case r.VideoBitrate == 0:
		return "Source"
	case r.Width == 1080 && r.Height == 720: // sic
		return "720p @" + bitrateName(r.VideoBitrate)
	case r.Width == 1920 && r.Height == 1080:
		return "1080p @" + bitrateName(r.VideoBitrate)
	case r.Height != 0:
		return strconv.Itoa(r.Height) + "h"
	case r.Width != 0:
		return strconv.Itoa(r.Width) + "w"
	case r.FrameRate != 0:
		return fmt.Sprintf("%s@%dfps", bitrateName(r.VideoBitrate), r.FrameRate)
	default:
		return bitrateName(r.VideoBitrate)
	}
}

// bitrateName is such as "800Kbps" or "1.2Mbps".
func bitrateName(bps int) string {
	if bps < 1_000_000 {
		return strconv.Itoa(bps/1000) + "Kbps"
	}
	return strconv.FormatFloat(float64(bps/100_000)/10, 'f', -1, 64) + "Mbps"
}

type variantBody struct {
	Index int    `json:"index"`
	Name  string `json:"name"`
}

func (a *api) videoVariants(w http.ResponseWriter, r *http.Request) error {
	list, err := a.variants(r.Context())
	if err != nil {
		return err
	}
	body := make([]variantBody, 0, len(list))
	for _, v := range list {
		body = append(body, variantBody{v.index, v.Name})
	}
	return httpx.JSON(w, http.StatusOK, body)
}

// broadcastBody is what is made of the broadcast.
type broadcastBody struct {
	OutputSettings []outputSettingBody `json:"outputSettings"`
	LatencyLevel   levelBody           `json:"latencyLevel"`
}

type levelBody struct {
	Level int `json:"level"`
}

type outputSettingBody struct {
	Name             string `json:"name"`
	VideoPassthrough bool   `json:"videoPassthrough"`
	AudioPassthrough bool   `json:"audioPassthrough"`
	VideoBitrate     int    `json:"videoBitrate"` // kbit/s
	AudioBitrate     int    `json:"audioBitrate"` // kbit/s
	ScaledWidth      int    `json:"scaledWidth,omitempty"`
	ScaledHeight     int    `json:"scaledHeight,omitempty"`
	FrameRate        int    `json:"framerate"`
	CPUUsageLevel    int    `json:"cpuUsageLevel"`
}

func (v variant) body() outputSettingBody {
	return outputSettingBody{
		Name: v.Name, VideoPassthrough: v.VideoBitrate == 0, AudioPassthrough: v.AudioBitrate == 0,
		VideoBitrate: v.VideoBitrate / 1000, AudioBitrate: v.AudioBitrate / 1000,
		ScaledWidth: v.Width, ScaledHeight: v.Height, FrameRate: v.FrameRate, CPUUsageLevel: v.CPULevel,
	}
}

func (a *api) currentBroadcast(ctx context.Context) (*broadcastBody, error) {
	list, err := a.variants(ctx)
	if err != nil {
		return nil, err
	}
	v, err := a.Settings.Video.Peek(ctx)
	if err != nil {
		return nil, err
	}
	b := &broadcastBody{OutputSettings: []outputSettingBody{}, LatencyLevel: levelBody{v.LatencyLevel}}
	for _, v := range list {
		b.OutputSettings = append(b.OutputSettings, v.body())
	}
	return b, nil
}
