package hls

import (
	"bytes"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
	"github.com/owncast-go/owncast/video/videotest"
)

// captioned puts captions of ATSC before every picture, which count up so
// that no two are the same.
func captioned(t testing.TB, ps []video.Packet, marker byte) {
	t.Helper()
	n := 0
	for i, p := range ps {
		if p.Track.Kind != video.Video {
			continue
		}
		n++
		sei := []byte("\x06\x04\x0e\xb5\x00\x31GA94\x03\x41\xff\x00\x00\x00\xff\x80")
		sei[13], sei[14], sei[15] = marker, byte(n%100+4), byte(n/100+4)
		data := append([]byte{0, 0, 0, byte(len(sei))}, sei...)
		ps[i].Data = append(append(data, 0, 0, 0, 2, 0x65, 0x88), p.Data...)
	}
}

func TestCaptionsAreDeclaredAndPassThrough(t *testing.T) {
	for _, tt := range []struct {
		name    string
		marker  byte
		channel string
	}{
		{"of line 21", 0xfc, "CC1"},
		{"of digital television", 0xff, "SERVICE1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFeeder(t, Config{}, 0)
			s := source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: 30, gop: time.Second}
			ps := s.packets(0, 4*time.Second)
			captioned(t, ps, tt.marker)
			f.write(ps...)
			text := string(f.p.stream.master.Load().text)
			media := `#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="cc",NAME="` + tt.channel + `",INSTREAM-ID="` + tt.channel + `",DEFAULT=NO,AUTOSELECT=YES` + "\n"
			if strings.Count(text, "#EXT-X-MEDIA:") != 1 || !strings.Contains(text, media) {
				t.Errorf("want %s in\n%s", media, text)
			}
			for line := range strings.Lines(text) {
				picture := strings.Contains(line, "RESOLUTION=")
				if strings.HasPrefix(line, "#EXT-X-STREAM-INF:") && strings.Contains(line, `CLOSED-CAPTIONS="cc"`) != picture {
					t.Errorf("a variant with a picture, or one without: %s", line)
				}
			}
			if m := master(t, f.p.stream); len(m.Variants) != 2 || m.Variants[0].Captions != "cc" || m.Variants[1].Captions != "" {
				t.Errorf("read back: %+v", m.Variants)
			}
			whole := bytes.Join(fetchAll(t, f.p.stream.main.r).segs, nil)
			for i, p := range ps {
				if p.Track.Kind == video.Video && p.DTS < 2*time.Second && !bytes.Contains(whole, p.Data) {
					t.Fatalf("packet %d is not in the media as it was", i)
				}
			}
		})
	}
}

func TestCaptionsMayComeLater(t *testing.T) {
	f := newFeeder(t, Config{}, 0)
	s := source{picture: pictureTrack(640), fps: 30, gop: time.Second}
	f.write(s.packets(0, 5*time.Second)...)
	if text := f.p.stream.master.Load().text; bytes.Contains(text, []byte("CAPTIONS")) {
		t.Errorf("captions that are not there:\n%s", text)
	}
	ps := s.packets(5*time.Second, 8*time.Second)
	captioned(t, ps, 0xfc)
	f.write(ps...)
	if text := f.p.stream.master.Load().text; !bytes.Contains(text, []byte(`CLOSED-CAPTIONS="cc"`)) {
		t.Errorf("no captions:\n%s", text)
	}
}

func TestTheSearchForCaptionsEnds(t *testing.T) {
	var c captionSearch
	p := video.Packet{Track: pictureTrack(640)}
	for range captionPictures {
		c.look(&p)
	}
	ps := []video.Packet{p}
	captioned(t, ps, 0xfc)
	if c.look(&ps[0]); c.found != 0 {
		t.Error("the search goes on")
	}
}

// popOn is what a caption of line 21 is made of, a pair for each picture
// (CTA-608): load, erase, row 15, the text, show.
func popOn(text string) (pairs [][2]byte) {
	for _, control := range []byte{0x20, 0x2e, 0x60} {
		pairs = append(pairs, [2]byte{0x14, control}, [2]byte{0x14, control})
	}
	for i := 0; i+1 < len(text); i += 2 {
		pairs = append(pairs, [2]byte{text[i], text[i+1]})
	}
	pairs = append(pairs, [2]byte{0x14, 0x2f}, [2]byte{0x14, 0x2f})
	for i, pair := range pairs {
		for k, b := range pair {
			if bits.OnesCount8(b)%2 == 0 {
				pairs[i][k] |= 0x80 // odd parity
			}
		}
	}
	return pairs
}

func TestFFmpegReadsTheCaptions(t *testing.T) {
	ps, err := flv.ReadPackets(bytes.NewReader(videotest.Clip()), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{"FIRST CAPTION ", "SECOND CAPTION", "THIRD CAPTION "}
	n := 0
	for i, p := range ps {
		if p.Track.Kind != video.Video {
			continue
		}
		pair := [2]byte{0x80, 0x80}
		if pairs := popOn(texts[n/30%len(texts)]); n%30 < len(pairs) {
			pair = pairs[n%30]
		}
		n++
		sei := []byte("\x06\x04\x0e\xb5\x00\x31GA94\x03\x41\xff\xfc\x00\x00\xff\x80")
		copy(sei[14:], pair[:])
		ps[i].Data = append(append([]byte{0, 0, 0, byte(len(sei))}, sei...), p.Data...)
	}
	f := newFeeder(t, Config{}, 0)
	f.write(ps...)
	f.p.End()
	m := fetchAll(t, f.p.shown.Load().main.r)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.mp4"), append(m.init.data, bytes.Join(m.segs, nil)...), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir) // what names the file has an escaping of its own
	srt := string(run(t, "ffmpeg", "-f", "lavfi", "-i", "movie=x.mp4[out0+subcc]", "-map", "s", "-f", "srt", "-"))
	for _, text := range texts {
		if !strings.Contains(srt, strings.TrimSpace(text)) {
			t.Errorf("%q is not among the captions:\n%s", text, srt)
		}
	}
}
