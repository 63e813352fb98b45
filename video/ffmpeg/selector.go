package ffmpeg

import (
	"context"
	"errors"
	"fmt"

	"github.com/owncast-go/owncast/video"
)

// Encoder is the name of the encoder in use, as in the Config.
func (t *Transcoder) Encoder() string { return string(t.cfg.Encoder) }

// UseEncoder returns a Transcoder with the same Config but for its Encoder,
// which must be one of [Encoders]. It does not try it. What tests have shown is
// shared.
func (t *Transcoder) UseEncoder(name string) (video.Transcoder, error) {
	other := *t
	other.cfg.Encoder = Encoder(name)
	if !other.cfg.Encoder.known() {
		return nil, fmt.Errorf("ffmpeg: unknown encoder %q", name)
	}
	return &other, nil
}

// ListEncoders returns those of [Encoders] that the program was built with. It
// runs the program once, and remembers what it says.
func (t *Transcoder) ListEncoders(ctx context.Context) ([]string, error) {
	var names []string
	for _, e := range Encoders() {
		err := t.program.lists(ctx, e)
		if err != nil && !errors.Is(err, ErrNotBuilt) {
			return nil, err
		}
		if err == nil {
			names = append(names, string(e))
		}
	}
	return names, nil
}

// TestEncoders is [Transcoder.Probe], with the names as a
// [video.EncoderSelector] has them.
func (t *Transcoder) TestEncoders(ctx context.Context) []video.EncoderTest {
	reports := t.Probe(ctx)
	list := make([]video.EncoderTest, len(reports))
	for i, r := range reports {
		list[i] = video.EncoderTest{Name: string(r.Encoder), Err: r.Err}
	}
	return list
}
