package hls
import ("testing";"fmt";"os";"bytes";"github.com/owncast-go/owncast/video/flv";"github.com/owncast-go/owncast/video")
func TestZZ(t *testing.T){
	f := newFeeder(t, Config{}, 1)
	b, _ := os.ReadFile("/tmp/h/b.flv")
	r := flv.NewReader(bytes.NewReader(b), 0)
	var d flv.Decoder
	for {
		tag, err := r.Next()
		if err != nil { fmt.Println(err); break }
		var p video.Packet; var ok bool
		switch tag.Type {
		case flv.TagVideo: p, ok, err = d.Video(tag.Timestamp, tag.Body)
		case flv.TagAudio: p, ok, err = d.Audio(tag.Timestamp, tag.Body)
		}
		if err != nil { t.Fatal(err) }
		if ok { if p.DTS > 1900e6 && p.DTS < 2100e6 {fmt.Println(p.Track.Kind, p.DTS, p.CTS, p.Key)}; f.write(p) }
	}
	fmt.Println(f.last(mainRendition).text)
	fmt.Println(f.last(audioRendition).text)
}
