package httpapi

import (
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strings"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/video"
)

// VideoSettings configure the stream. Changes apply to sessions that begin
// afterwards.
type VideoSettings struct {
	// LatencyLevel ranges from 0, the shortest delay, to 4, the most robust.
	LatencyLevel int `json:"latencyLevel"`
	// Ladder lists the renditions that viewers can choose from.
	Ladder video.Ladder `json:"ladder"`
	// Codec is the name of the encoder that an administrator has chosen for the
	// renditions, such as "libx264". It is empty for the encoder that the
	// Transcoder uses by default. A Transcoder that implements
	// [video.EncoderSelector] uses it from its next start.
	Codec string `json:"codec"`
	// ServingEndpoint is the URL, such as that of a CDN, at which viewers find
	// video that is stored at an S3 service. While it is empty, the storage that
	// the function given to WithS3 opens has the say: by default that of
	// storage/s3 sends viewers nowhere, and they get the video through the App.
	// WithS3 applies it at the next start.
	ServingEndpoint string `json:"servingEndpoint"`
}

// maxLatencyLevel is the safest level.
const maxLatencyLevel = 4

// CheckLatencyLevel returns an error unless level is one.
func CheckLatencyLevel(level int) error {
	if level < 0 || level > maxLatencyLevel {
		return fmt.Errorf("latency level %d is not from 0 to %d", level, maxLatencyLevel)
	}
	return nil
}

// VideoSetting returns the section that holds the VideoSettings. By default the
// broadcast is served as it comes in.
func VideoSetting() repository.Setting[VideoSettings] {
	return repository.Setting[VideoSettings]{
		Section:  "video",
		Default:  func() VideoSettings { return VideoSettings{LatencyLevel: video.DefaultLatencyLevel} },
		Validate: (*VideoSettings).validate,
	}
}

func (v *VideoSettings) validate() error {
	v.ServingEndpoint = strings.TrimRight(strings.TrimSpace(v.ServingEndpoint), "/")
	if err := CheckLatencyLevel(v.LatencyLevel); err != nil {
		return wrong("latencyLevel", "cannot be used: %v", err)
	}
	if err := v.Ladder.Validate(); err != nil {
		return wrong("videoQualityVariants", "cannot be used: %v", err)
	}
	if !regexp.MustCompile(`^[a-z0-9_]{0,40}$`).MatchString(v.Codec) {
		return wrong("videoCodec", "is no name of an encoder")
	}
	if v.ServingEndpoint != "" && !isLink(v.ServingEndpoint, "http", "https") {
		return wrong("videoServingEndpoint", "is not an http or https URL")
	}
	return nil
}

// maxVariantKbps keeps the arithmetic from overflowing; the ladder has
// narrower limits.
const maxVariantKbps = 1_000_000

// defaultFrameRate is that of a variant that names none.
const defaultFrameRate = 24

// ladder makes a ladder of the variants that clients set. One that passes
// video and sound through is the broadcast as it came; without one, that is
// there for want of anything better. No variants stand for the broadcast as it
// came. A bitrate of 0 for the sound passes it through.
func ladder(variants []outputSettingBody) (video.Ladder, error) {
	var l video.Ladder
	if len(variants) == 0 {
		return l, nil
	}
	l.Source = video.Fallback
	for i, v := range variants {
		if v.VideoBitrate > maxVariantKbps || v.AudioBitrate > maxVariantKbps {
			return l, wrong("value", "has variant %d with a bitrate over %d", i+1, maxVariantKbps)
		}
		r := video.Rendition{
			Name: strings.TrimSpace(v.Name), Width: v.ScaledWidth, Height: v.ScaledHeight, FrameRate: v.FrameRate,
			VideoBitrate: v.VideoBitrate * 1000, AudioBitrate: v.AudioBitrate * 1000, CPULevel: v.CPUUsageLevel,
		}
		if v.AudioPassthrough {
			r.AudioBitrate = 0
		}
		switch {
		case v.VideoPassthrough && r.AudioBitrate == 0:
			if l.Source == video.Always {
				return l, wrong("value", "has two variants that pass everything through")
			}
			l.Source, l.SourceName = video.Always, r.Name
			continue
		case v.VideoPassthrough:
			r = video.Rendition{Name: r.Name, AudioBitrate: r.AudioBitrate}
		case v.VideoBitrate <= 0:
			return l, wrong("value", "has variant %d without a videoBitrate", i+1)
		case r.FrameRate == 0:
			r.FrameRate = defaultFrameRate
		}
		l.Renditions = append(l.Renditions, r)
	}
	return l, l.Validate()
}

// setVariants is the function that sets the ladder to variants.
func setVariants(v *VideoSettings, variants []outputSettingBody) error {
	const text = "unable to update video config with provided values"
	l, err := ladder(variants)
	if err != nil {
		return &httpx.BadRequestError{Message: fmt.Sprintf("%s: %v", text, err), Err: err}
	}
	if v.Ladder.Source == video.Never && l.Source == video.Fallback {
		l.Source = video.Never // which variants cannot say
	}
	v.Ladder = l
	return nil
}

// variantBodies are the variants of a ladder in the order of their
// directories.
func variantBodies(l video.Ladder) []outputSettingBody {
	list := listVariants(l)
	sort.Slice(list, func(i, j int) bool { return list[i].index < list[j].index })
	body := make([]outputSettingBody, 0, len(list))
	for _, v := range list {
		body = append(body, v.body())
	}
	return body
}

// S3Settings say where segments are stored at an S3-compatible service.
type S3Settings struct {
	Enabled        bool   `json:"enabled"`
	Endpoint       string `json:"endpoint,omitempty"` // an http or https URL
	AccessKey      string `json:"accessKey,omitempty"`
	Secret         string `json:"secret,omitempty"`
	Bucket         string `json:"bucket,omitempty"`
	Region         string `json:"region,omitempty"`
	ACL            string `json:"acl,omitempty"`        // such as "public-read"; empty for the default of the bucket
	PathPrefix     string `json:"pathPrefix,omitempty"` // prefix of every key; may be empty
	ForcePathStyle bool   `json:"forcePathStyle"`

	// PublicURL is the ServingEndpoint of the VideoSettings. It is set only in
	// the argument of the function that is given to WithS3.
	PublicURL string `json:"-"`
}

// S3Setting returns the section that holds the S3Settings.
func S3Setting() repository.Setting[S3Settings] {
	return repository.Setting[S3Settings]{Section: "s3", Validate: (*S3Settings).validate}
}

func (s *S3Settings) validate() error {
	for _, f := range []*string{&s.Endpoint, &s.AccessKey, &s.Secret, &s.Bucket, &s.Region, &s.ACL, &s.PathPrefix} {
		if *f = strings.TrimSpace(*f); len(*f) > maxURL {
			return wrong("s3", "has a value longer than %d bytes", maxURL)
		}
	}
	if s.Endpoint != "" && !isLink(s.Endpoint, "http", "https") {
		return wrong("s3.endpoint", "is not an http or https URL")
	}
	switch {
	case !s.Enabled:
		return nil
	case s.Endpoint == "":
		return errors.New("s3 support requires an endpoint")
	case s.AccessKey == "" || s.Secret == "":
		return errors.New("s3 support requires an access key and secret")
	case s.Region == "":
		return errors.New("s3 support requires a region and endpoint")
	case s.Bucket == "":
		return errors.New("s3 support requires a bucket created for storing public video segments")
	}
	return nil
}

// keepS3Secret gives new the secret of old, which clients are never told,
// where new has none and is for the same service and account.
func keepS3Secret(s, old *S3Settings) {
	if s.Secret == "" && s.Endpoint == old.Endpoint && s.AccessKey == old.AccessKey {
		s.Secret = old.Secret
	}
}
