package flv_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

func readTags(r *flv.Reader) ([]flv.Tag, error) {
	var tags []flv.Tag
	for {
		tag, err := r.Next()
		if errors.Is(err, io.EOF) {
			return tags, nil
		}
		if err != nil {
			return tags, err
		}
		tags = append(tags, tag)
	}
}

// readPackets returns a file's packets and metadata.
func readPackets(t testing.TB, r io.Reader) ([]video.Packet, video.Metadata) {
	t.Helper()
	tags, err := readTags(flv.NewReader(r, 0))
	if err != nil {
		t.Fatal(err)
	}
	var d flv.Decoder
	var packets []video.Packet
	var metadata video.Metadata
	for _, tag := range tags {
		var p video.Packet
		var ok bool
		switch tag.Type {
		case flv.TagVideo:
			p, ok, err = d.Video(tag.Timestamp, tag.Body)
		case flv.TagAudio:
			p, ok, err = d.Audio(tag.Timestamp, tag.Body)
		case flv.TagScript:
			metadata, _ = flv.ParseMetadata(tag.Body)
		}
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			packets = append(packets, p)
		}
	}
	return packets, metadata
}

// summary is what ffprobe was asked about a packet.
type summary struct {
	codec    string
	pts, dts time.Duration
	key      bool
	size     int
}

func TestRecordingsOfFFmpegReadAsFFprobeReadsThem(t *testing.T) {
	for _, tt := range []struct {
		file     string
		metadata video.Metadata
		video    int
		audio    int
		bframes  bool
	}{
		{"bframes-aac.flv", video.Metadata{Width: 160, Height: 90, FrameRate: 25, AudioBitrate: 31250}, 20, 36, true},
		{"plain-mp3.flv", video.Metadata{Width: 160, Height: 90, FrameRate: 25, AudioBitrate: 31250}, 20, 32, false},
	} {
		t.Run(tt.file, func(t *testing.T) {
			path := filepath.Join("testdata", tt.file)
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			packets, metadata := readPackets(t, f)
			if metadata != tt.metadata {
				t.Errorf("metadata %+v, want %+v", metadata, tt.metadata)
			}
			count := map[video.Kind]int{}
			reordered := false
			for _, p := range packets {
				count[p.Track.Kind]++
				reordered = reordered || p.CTS != packets[0].CTS && p.Track.Kind == video.Video
			}
			if count[video.Video] != tt.video || count[video.Audio] != tt.audio || reordered != tt.bframes {
				t.Errorf("%v packets, reordered %v; want %d, %d, %v", count, reordered, tt.video, tt.audio, tt.bframes)
			}
			if want := probe(t, path); !reflect.DeepEqual(summarize(packets), want) {
				t.Errorf("got  %v\nwant %v", summarize(packets), want)
			}
		})
	}
}

func TestWhatIsWrittenReadsInFFmpegAsTheOriginal(t *testing.T) {
	for _, file := range []string{"bframes-aac.flv", "plain-mp3.flv"} {
		t.Run(file, func(t *testing.T) {
			original := filepath.Join("testdata", file)
			in, err := os.ReadFile(original)
			if err != nil {
				t.Fatal(err)
			}
			packets, metadata := readPackets(t, bytes.NewReader(in))
			var out bytes.Buffer
			w := flv.NewWriter(&out)
			if err := w.WriteMetadata(metadata); err != nil {
				t.Fatal(err)
			}
			for _, p := range packets {
				if err := w.WritePacket(p); err != nil {
					t.Fatal(err)
				}
			}
			path := filepath.Join(t.TempDir(), "copy.flv")
			if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			if got, want := probe(t, path), probe(t, original); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
			if msg, err := exec.Command("ffmpeg", "-v", "warning", "-xerror", "-i", path, "-f", "null", "-").CombinedOutput(); err != nil || len(msg) > 0 {
				t.Errorf("ffmpeg: %v: %s", err, msg)
			}
		})
	}
}

func summarize(packets []video.Packet) []summary {
	var s []summary
	for _, p := range packets {
		s = append(s, summary{string(p.Track.Codec), p.DTS + p.CTS, p.DTS, p.Key, len(p.Data)})
	}
	slices.SortStableFunc(s, func(a, b summary) int { return strings.Compare(a.codec, b.codec) })
	return s
}

// probe skips the test where there is no ffprobe.
func probe(t *testing.T, path string) []summary {
	t.Helper()
	bin, err := exec.LookPath("ffprobe")
	if err != nil {
		t.Skip("ffprobe is not installed")
	}
	var s []summary
	for stream, codec := range map[string]string{"v": "h264", "a": "?"} {
		out, err := exec.Command(bin, "-v", "error", "-select_streams", stream, "-show_entries",
			"stream=codec_name:packet=pts,dts,size,flags", "-of", "compact=p=0", path).Output()
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		for _, line := range lines {
			fields := map[string]string{}
			for _, f := range strings.Split(line, "|") {
				k, v, _ := strings.Cut(f, "=")
				fields[k] = v
			}
			if name := fields["codec_name"]; name != "" {
				codec = name
				continue
			}
			s = append(s, summary{
				pts: atoms(t, fields["pts"]), dts: atoms(t, fields["dts"]),
				key: strings.HasPrefix(fields["flags"], "K"), size: int(atoms(t, fields["size"]) / time.Millisecond),
			})
		}
		for i := range s {
			if s[i].codec == "" {
				s[i].codec = codec
			}
		}
	}
	slices.SortStableFunc(s, func(a, b summary) int { return strings.Compare(a.codec, b.codec) })
	return s
}

// atoms reads a number of milliseconds.
func atoms(t *testing.T, s string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(s + "ms")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestReaderGivesTheTagsOfAFile(t *testing.T) {
	const head = "464c5601050000000900000000"
	large := strings.Repeat("ab", 3<<20)
	tests := []struct {
		name string
		hex  string
		want []flv.Tag
		err  error // io.EOF for the end of a file
	}{
		{"no tags", head, nil, io.EOF},
		{"no tags and no size before them", head[:18], nil, io.EOF},
		{"a tag", head + "0900000200000100000000" + "1234" + "0000000d", []flv.Tag{{flv.TagVideo, time.Millisecond, []byte{0x12, 0x34}}}, io.EOF},
		{"a tag without a size behind it", head + "0900000200000100000000" + "1234", []flv.Tag{{flv.TagVideo, time.Millisecond, []byte{0x12, 0x34}}}, io.EOF},
		{"a timestamp of 32 bits", head + "08000000fffffeff000000" + "0000000b", []flv.Tag{{flv.TagAudio, 0xfffffffe * time.Millisecond, []byte{}}}, io.EOF},
		{"a longer header", "464c5601050000000c" + "ffffff" + "00000000" + "1200000100000000000000" + "05" + "0000000c", []flv.Tag{{flv.TagScript, 0, []byte{5}}}, io.EOF},
		{"a large body", head + "0930000000000000000000" + large + "00000000", []flv.Tag{{flv.TagVideo, 0, bytes.Repeat([]byte{0xab}, 3<<20)}}, io.EOF},
		{"nothing at all", "", nil, io.ErrUnexpectedEOF},
		{"a header cut off", head[:10], nil, io.ErrUnexpectedEOF},
		{"a longer header cut off", "464c5601050000000cffff", nil, io.ErrUnexpectedEOF},
		{"a tag header cut off", head + "0900000200", nil, io.ErrUnexpectedEOF},
		{"a body cut off", head + "0900000200000100000000" + "12", nil, io.ErrUnexpectedEOF},
		{"a body that is missing", head + "0900000200000100000000", nil, io.ErrUnexpectedEOF},
		{"a large body cut off", head + "0930000000000000000000" + large[:3<<20], nil, io.ErrUnexpectedEOF},
		{"another format", "1a45dfa3a3428681014286", nil, flv.ErrMalformed},
		{"another version", "464c56020500000009", nil, flv.ErrMalformed},
		{"a header of no bytes", "464c56010500000000", nil, flv.ErrMalformed},
		{"a header of 4 GiB", "464c560105ffffffff", nil, flv.ErrMalformed},
		{"a tag of another type", head + "0a00000200000100000000", nil, flv.ErrMalformed},
		{"an encrypted tag", head + "2900000200000100000000", nil, flv.ErrMalformed},
		{"a tag over the limit", head + "0980000100000100000000", nil, flv.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := unhex(t, tt.hex)
			for name, source := range map[string]io.Reader{
				"whole": bytes.NewReader(in), "in halves": iotest.HalfReader(bytes.NewReader(in)), "with its end": iotest.DataErrReader(bytes.NewReader(in)),
			} {
				r := flv.NewReader(source, 0)
				got, err := readTags(r)
				if err == nil {
					err = io.EOF
				}
				if !errors.Is(err, tt.err) || !reflect.DeepEqual(got, tt.want) {
					t.Errorf("%s: %d tags, %v; want %d, %v", name, len(got), err, len(tt.want), tt.err)
				}
				if _, again := r.Next(); again == nil || !errors.Is(again, tt.err) {
					t.Errorf("%s: then %v, want %v", name, again, err)
				}
			}
		})
	}
}

func TestReaderPassesOnErrorsOfItsSource(t *testing.T) {
	broken := errors.New("broken")
	r := flv.NewReader(io.MultiReader(strings.NewReader("FLV\x01"), iotest.ErrReader(broken)), 0)
	if _, err := r.Next(); !errors.Is(err, broken) {
		t.Errorf("error = %v", err)
	}
}

func TestReaderDoesNotWaitForWhatFollowsATag(t *testing.T) {
	pr, pw := io.Pipe()
	defer pw.Close()
	written := make(chan error, 1)
	go func() {
		_, err := pw.Write(unhex(t, "464c5601050000000900000000"+"0900000200000100000000"+"1234"))
		written <- err
	}()
	if tag, err := flv.NewReader(pr, 0).Next(); err != nil || len(tag.Body) != 2 {
		t.Errorf("got %+v, %v", tag, err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}

func TestWriterWritesTheBytesOfTheFormat(t *testing.T) {
	var out bytes.Buffer
	w := flv.NewWriter(&out, video.Audio)
	track := newTrack(t, video.AAC)
	for _, p := range []video.Packet{
		{Track: track, DTS: 0x01020304 * time.Millisecond, Data: []byte{0x21}},
		{Track: newTrack(t, video.AAC), DTS: (1<<32 + 5) * time.Millisecond, Data: []byte{0x22}},
	} {
		if err := w.WritePacket(p); err != nil {
			t.Fatal(err)
		}
	}
	want := "464c5601040000000900000000" +
		"0800000702030401000000" + "af00121056e500" + "00000012" +
		"0800000302030401000000" + "af0121" + "0000000e" +
		"0800000300000500000000" + "af0122" + "0000000e"
	if !bytes.Equal(out.Bytes(), unhex(t, want)) {
		t.Errorf("got %x, want %s", out.Bytes(), want)
	}
}

func TestWriterWritesNoSequenceHeaderOfMP3(t *testing.T) {
	var out bytes.Buffer
	if err := flv.NewWriter(&out, video.Video).WritePacket(video.Packet{Track: newTrack(t, video.MP3), Data: []byte{0xff}}); err != nil {
		t.Fatal(err)
	}
	if want := "464c5601010000000900000000" + "0800000200000000000000" + "2fff" + "0000000d"; !bytes.Equal(out.Bytes(), unhex(t, want)) {
		t.Errorf("got %x, want %s", out.Bytes(), want)
	}
}

func TestWriterTellsWhatItCannotWrite(t *testing.T) {
	broken := errors.New("broken")
	w := flv.NewWriter(writerFunc(func([]byte) (int, error) { return 0, broken }))
	if err := w.WriteTag(flv.Tag{Type: flv.TagScript}); !errors.Is(err, broken) {
		t.Errorf("error = %v", err)
	}
	w = flv.NewWriter(io.Discard)
	if err := w.WriteTag(flv.Tag{Type: flv.TagVideo, Body: make([]byte, 1<<24)}); err == nil {
		t.Error("a body of 16 MiB was written")
	}
	h264, av1 := newTrack(t, video.H264), newTrack(t, video.AV1)
	for name, p := range map[string]video.Packet{
		"another codec":                   {Track: &video.Track{Kind: video.Video, Codec: "vp9"}},
		"a composition time of 3 hours":   {Track: h264, CTS: 3 * time.Hour},
		"a composition time of -3 hours":  {Track: h264, CTS: -3 * time.Hour},
		"a composition time of AV1":       {Track: av1, CTS: time.Second},
		"another codec, its header known": {Track: &video.Track{Kind: video.Audio, Codec: "flac"}},
	} {
		if err := w.WritePacket(p); err == nil {
			t.Errorf("%s was written", name)
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
