package main

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"time"
)

// maxValue is how many bytes of a value are decoded; Owncast itself stores a
// few thousand.
const maxValue = 16 << 20

// What Owncast stores as structs. Package encoding/gob knows fields by their
// names; one of two names here is that of an older or newer version.
type (
	socialHandle struct{ Platform, URL, Icon string }

	externalAction struct {
		URL, HTML, Title, Description, Icon, Color string
		OpenExternally                             bool
	}

	streamKey struct{ Key, Comment string }

	outputVariant struct {
		Name                                   string
		VideoBitrate, AudioBitrate             int
		ScaledWidth, ScaledHeight              int
		Framerate, CPUUsageLevel               int
		IsVideoPassthrough, IsAudioPassthrough bool
		VideoPassthrough, AudioPassthrough     bool
	}

	s3Config struct {
		Enabled, ForcePathStyle                                      bool
		Endpoint, AccessKey, Secret, Bucket, Region, ACL, PathPrefix string
	}

	discordConfig struct {
		Enabled                bool
		Webhook, GoLiveMessage string
	}

	browserConfig struct {
		Enabled       bool
		GoLiveMessage string
	}

	nullTime struct {
		Time  time.Time
		Valid bool
	}
)

// decode decodes a value of table datastore.
func decode[T any](value []byte) (v T, err error) {
	if len(value) > maxValue {
		return v, fmt.Errorf("is longer than %d bytes", maxValue)
	}
	if err := gob.NewDecoder(bytes.NewReader(value)).Decode(&v); err != nil {
		return v, fmt.Errorf("cannot be decoded as a %T", v)
	}
	return v, nil
}

// decodeNumber decodes a number, which Owncast has as a float64.
func decodeNumber(value []byte) (float64, error) {
	n, err := decode[float64](value)
	if err == nil {
		return n, nil
	}
	if whole, werr := decode[int64](value); werr == nil {
		return float64(whole), nil
	}
	return 0, err
}
