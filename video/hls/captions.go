package hls

import (
	"bytes"

	"github.com/grafov/m3u8"

	"github.com/owncast-go/owncast/video"
)

const (
	// captionGroup is the GROUP-ID of closed captions.
	captionGroup = "cc"
	// captionPictures is in how many pictures of a session captions are
	// searched for: two minutes and more.
	captionPictures = 7200
)

// captionSearch finds out whether the pictures of a session carry closed
// captions. They are in the media as they came: players only have to be told.
type captionSearch struct {
	found  video.Captions
	looked int
}

func (c *captionSearch) look(p *video.Packet) {
	if c.found == 0 && c.looked < captionPictures {
		c.looked++
		c.found = video.CaptionsOf(*p)
	}
}

// channel is the caption channel that players are told of, with the value of
// INSTREAM-ID (RFC 8216bis §4.4.6.1); empty if there is none. Line 21 is what
// all of them know, and digital television repeats it.
func (c *captionSearch) channel() string {
	switch {
	case c.found&video.CEA608 != 0:
		return "CC1"
	case c.found != 0:
		return "SERVICE1"
	default:
		return ""
	}
}

// declare adds the captions to a variant with a picture. Nothing is said where
// there are none: CLOSED-CAPTIONS=NONE would have to be true of all variants
// for ever (RFC 8216bis §4.4.6.2), and captions may yet come.
func (c *captionSearch) declare(v *m3u8.VariantParams) {
	channel := c.channel()
	if channel == "" || v.FrameRate == 0 && v.Resolution == "" {
		return
	}
	v.Captions = captionGroup
	v.Alternatives = []*m3u8.Alternative{{
		Type: "CLOSED-CAPTIONS", GroupId: captionGroup, Name: channel, Autoselect: "YES",
	}}
}

// withChannels adds what the package has no field for: INSTREAM-ID, which is
// the captions' name here.
func withChannels(text []byte) []byte {
	for _, channel := range []string{"CC1", "SERVICE1"} {
		name := `NAME="` + channel + `"`
		text = bytes.ReplaceAll(text, []byte(name), []byte(name+`,INSTREAM-ID="`+channel+`"`))
	}
	return text
}
