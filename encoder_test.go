package owncast_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video"
)

// manyEncoders is a Transcoder that says which encoder it was to use.
type manyEncoders struct {
	name string
	used *usedEncoders
}

type usedEncoders struct {
	mu    sync.Mutex
	names []string // guarded by mu
}

func (u *usedEncoders) has(name string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Contains(u.names, name)
}

func (m manyEncoders) Transcode(ctx context.Context, src video.PacketReader, ladder []video.Rendition, sink video.RenditionWriter) error {
	m.used.mu.Lock()
	m.used.names = append(m.used.names, m.name)
	m.used.mu.Unlock()
	return brokenTranscoder(ctx, src, ladder, sink)
}

func (m manyEncoders) Encoder() string { return m.name }

func (m manyEncoders) UseEncoder(name string) (video.Transcoder, error) {
	if name == "gone" {
		return nil, errors.New("no such encoder")
	}
	return manyEncoders{name, m.used}, nil
}

func (m manyEncoders) ListEncoders(context.Context) ([]string, error) {
	return []string{"soft", "hard", "gone"}, nil
}

func (m manyEncoders) TestEncoders(context.Context) []video.EncoderTest {
	return []video.EncoderTest{{Name: "soft"}, {Name: "hard", Err: errors.New("no card")}}
}

func TestAdministratorsChooseTheEncoder(t *testing.T) {
	used := new(usedEncoders)
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithTranscoder(manyEncoders{"own", used}), owncast.WithLadder(smallLadder()), owncast.WithLatencyLevel(0))
	codec := func() (chosen string, all []string) {
		t.Helper()
		var config struct {
			VideoCodec      string
			SupportedCodecs []string
		}
		if _, body := c.ask("GET", "/api/admin/serverconfig", "p", ""); json.Unmarshal([]byte(body), &config) != nil {
			t.Fatal(body)
		}
		return config.VideoCodec, config.SupportedCodecs
	}
	if chosen, all := codec(); chosen != "own" || !slices.Equal(all, []string{"soft", "hard", "gone"}) {
		t.Errorf("%q of %q", chosen, all)
	}
	for name, want := range map[string]int{"other": 400, "own": 200, "gone": 200, "hard": 200} {
		if code, body := c.ask("POST", "/api/admin/config/video/codec", "p", `{"value":"`+name+`"}`); code != want {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
	if code, body := c.ask("GET", "/api/admin/video/encoders", "p", ""); code != 200 || !strings.Contains(body, `{"name":"hard","works":false,"error":"no card"}`) {
		t.Errorf("%d %s", code, body)
	}
	for _, tt := range []struct{ chosen, used string }{{"hard", "hard"}, {"gone", "own"}} {
		if code, body := c.ask("POST", "/api/admin/config/video/codec", "p", `{"value":"`+tt.chosen+`"}`); code != 200 {
			t.Fatalf("%d %s", code, body)
		}
		stop := publish(t, c.rtmp, "live", "k")
		for end := time.Now().Add(patience); !used.has(tt.used); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("with %s chosen, %s is not used but %q", tt.chosen, tt.used, used.names)
			}
		}
		c.app.Disconnect()
		stop()
	}
}

func TestThereAreNoEncodersToChooseFrom(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"))
	if code, body := c.ask("GET", "/api/admin/video/encoders", "p", ""); code != 404 {
		t.Errorf("%d %s", code, body)
	}
	if _, body := c.ask("GET", "/api/admin/serverconfig", "p", ""); !strings.Contains(body, `"videoCodec":"libx264"`) || !strings.Contains(body, `"supportedCodecs":[]`) {
		t.Error(body)
	}
}

func TestS3CanBeTriedBeforeItIsUsed(t *testing.T) {
	var tried []owncast.S3Settings
	open := func(_ context.Context, s owncast.S3Settings) (owncast.Storage, error) {
		tried = append(tried, s)
		return nil, errors.New("no such bucket")
	}
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithS3(open))
	const where = `"endpoint":"https://s3.example","region":"r","accessKey":"a"`
	if code, body := c.ask("POST", "/api/admin/config/s3", "p", `{"value":{"enabled":false,`+where+`,"secret":"hush"}}`); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	for value, want := range map[string]string{
		`{` + where + `}`:                "bucket",
		`{` + where + `,"bucket":"b"}`:   "no such bucket",
		`{"endpoint":"s3","bucket":"b"}`: "URL",
		`{"endpoint":"https://x.example","bucket":"b","region":"r","accessKey":"a"}`: "secret",
	} {
		if code, body := c.ask("POST", "/api/admin/s3/test", "p", `{"value":`+value+`}`); code != 400 || !strings.Contains(body, want) || strings.Contains(body, "hush") {
			t.Errorf("%s: %d %s", value, code, body)
		}
	}
	if len(tried) != 1 || tried[0].Secret != "hush" {
		t.Errorf("tried %+v", tried)
	}
	if code, body := run(t, owncast.WithAdminPassword("p")).ask("POST", "/api/admin/s3/test", "p", `{"value":{}}`); code != 404 {
		t.Errorf("without a service: %d %s", code, body)
	}
}
