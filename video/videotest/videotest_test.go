package videotest

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

const (
	pictures    = 240 // in a round
	audioFrames = 375
)

func pictureTime(n int) time.Duration {
	return (time.Duration(n) * time.Second / 30).Round(time.Millisecond)
}

func audioTime(n int) time.Duration {
	return (time.Duration(n) * 1024 * time.Second / 48000).Round(time.Millisecond)
}

func TestClipIsWhatItsCommentSays(t *testing.T) {
	if n := len(Clip()); n > 150_000 {
		t.Errorf("the clip has %d bytes, want at most 150000", n)
	}
	header, media, err := read(Clip())
	if err != nil {
		t.Fatal(err)
	}
	var decoder flv.Decoder
	var sound, picture int
	for _, tag := range append(header, media...) {
		switch tag.Type {
		case flv.TagVideo:
			p, ok, err := decoder.Video(tag.Timestamp, tag.Body)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				continue
			}
			if p.CTS != 0 {
				t.Errorf("picture %d: CTS = %v, want 0", picture, p.CTS)
			}
			if p.Key != (picture%30 == 0) {
				t.Errorf("picture %d: Key = %v", picture, p.Key)
			}
			picture++
		case flv.TagAudio:
			_, ok, err := decoder.Audio(tag.Timestamp, tag.Body)
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				sound++
			}
		}
	}
	if picture != pictures || sound != audioFrames {
		t.Errorf("%d pictures and %d audio frames, want %d and %d", picture, sound, pictures, audioFrames)
	}
	checkTracks(t, decoder.VideoTrack(), decoder.AudioTrack())
}

func checkTracks(t *testing.T, v, a *video.Track) {
	t.Helper()
	if v == nil || v.Codec != video.H264 || v.Profile != "Main" || v.Width != 640 || v.Height != 360 {
		t.Errorf("video track = %+v, want H.264 Main of 640x360", v)
	}
	if a == nil || a.Codec != video.AAC || a.SampleRate != 48000 || a.Channels != 1 {
		t.Errorf("audio track = %+v, want mono AAC at 48 kHz", a)
	}
}

func TestClipBelongsToItsCaller(t *testing.T) {
	Clip()[0] = 'X'
	if Clip()[0] != 'F' {
		t.Error("changing what Clip returned changed the clip")
	}
}

func mustLoop(t *testing.T) iter.Seq[flv.Tag] {
	t.Helper()
	tags, err := Loop(Clip(), ClipDuration)
	if err != nil {
		t.Fatal(err)
	}
	return tags
}

func TestLoopGoesOnWithoutASeam(t *testing.T) {
	const rounds = 3
	var picture, sound, headers int
	for tag := range mustLoop(t) {
		if kindOf(tag) == kindHeader {
			if picture+sound > 0 {
				t.Errorf("a %v header after %d pictures", tag.Type, picture)
			}
			headers++
			continue
		}
		want := pictureTime(picture)
		if tag.Type == flv.TagAudio {
			want = audioTime(sound)
			sound++
		} else {
			picture++
		}
		if tag.Timestamp != want {
			t.Fatalf("%v tag at %v, want %v", tag.Type, tag.Timestamp, want)
		}
		if picture == rounds*pictures && sound == rounds*audioFrames {
			break
		}
	}
	if headers != 3 {
		t.Errorf("%d headers, want metadata and two codec configurations", headers)
	}
}

func TestLoopStartsAnewForEachRange(t *testing.T) {
	tags := mustLoop(t)
	for range 2 {
		n := 0
		for tag := range tags {
			if n == 0 && tag.Type != flv.TagScript {
				t.Errorf("the first tag is %v, want script", tag.Type)
			}
			if n++; n == 1000 {
				break
			}
		}
	}
}

func TestLoopRefuses(t *testing.T) {
	var headerOnly bytes.Buffer
	if err := flv.NewWriter(&headerOnly).WriteMetadata(video.Metadata{}); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		file   []byte
		length time.Duration
		want   error // nil if any will do
	}{
		"what is no FLV file":               {[]byte("not an FLV file"), time.Second, flv.ErrMalformed},
		"a file that ends in a tag":         {Clip()[:5000], ClipDuration, nil},
		"a file without media":              {headerOnly.Bytes(), time.Second, nil},
		"a length that cuts the last tag":   {Clip(), ClipDuration - 50*time.Millisecond, nil},
		"a length of nothing":               {Clip(), 0, nil},
		"a file without so much as a start": {nil, time.Second, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Loop(tt.file, tt.length)
			if err == nil {
				t.Fatal("no error")
			}
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("error = %v, want one that matches %v", err, tt.want)
			}
		})
	}
}

type writerFunc func(flv.Tag) error

func (f writerFunc) WriteTag(typ flv.TagType, timestamp time.Duration, body []byte) error {
	return f(flv.Tag{Type: typ, Timestamp: timestamp, Body: body})
}

func TestPublishKeepsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		start, n := time.Now(), 0
		err := Publish(ctx, writerFunc(func(tag flv.Tag) error {
			if at := time.Since(start); at != tag.Timestamp {
				t.Errorf("the tag of %v was written at %v", tag.Timestamp, at)
			}
			n++
			return nil
		}))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Publish = %v, want the context's error", err)
		}
		if at := time.Since(start); at != 20*time.Second {
			t.Errorf("Publish returned after %v, want 20s", at)
		}
		if n < 1500 {
			t.Errorf("only %d tags", n)
		}
	})
}

func TestPublishCatchesUpAfterAWriterThatBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		blocked := false
		_ = Publish(ctx, writerFunc(func(tag flv.Tag) error {
			at := time.Since(start)
			if want := max(tag.Timestamp, 3*time.Second); blocked && at != want {
				t.Errorf("the tag of %v was written at %v, want %v", tag.Timestamp, at, want)
			}
			if !blocked && tag.Timestamp >= time.Second {
				blocked = true
				time.Sleep(3*time.Second - at)
			}
			return nil
		}))
		if !blocked {
			t.Error("the writer was never called")
		}
	})
}

func TestPublishEndsWithItsWritersError(t *testing.T) {
	gone := errors.New("gone")
	n := 0
	err := Publish(t.Context(), writerFunc(func(flv.Tag) error {
		if n++; n == 3 {
			return gone
		}
		return nil
	}))
	if !errors.Is(err, gone) || n != 3 {
		t.Errorf("Publish = %v after %d tags, want %v after 3", err, n, gone)
	}
}
