package rtmp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

// seen is a packet as the battery writes it down: "V1000/95" is 95 bytes of
// video at 1000 ms.
func seen(p video.Packet) string {
	kind := "V"
	if p.Track.Kind == video.Audio {
		kind = "A"
	}
	if !bytes.Equal(p.Data, pattern(len(p.Data))) {
		kind += "!damaged "
	}
	return fmt.Sprintf("%s%d/%d", kind, p.DTS.Milliseconds(), len(p.Data))
}

// markerSize is that of the packet which ends every case.
const markerSize = 77

type protocolCase struct {
	name string
	send []byte
	want string // packets, as seen writes them; "closed" if the connection has to end
	base uint32 // the time of the headers before
}

func protocolCases() []protocolCase {
	v := func(c rawChunks, time uint32, n int) []byte {
		c.csid = max(c.csid, 6)
		return rawMessage(c, message{typ: typeVideo, stream: 1, time: time, body: videoBody(n)})
	}
	plain := rawVideo(1000, videoBody(10000))
	cut := 12 + 4096 // the header and the first chunk
	join := func(bs ...[]byte) []byte { return bytes.Join(bs, nil) }
	return []protocolCase{
		{"a message with a timestamp and one with a delta", join(plain, v(rawChunks{format: 1}, 40, 10000)), "V1000/10000 V1040/10000", 0},
		{"a chunk of type 2 beginning a message", join(v(rawChunks{}, 1000, 95), v(rawChunks{format: 2}, 40, 95)), "V1000/95 V1040/95", 0},
		{"chunks of type 3 beginning messages repeat the delta", join(v(rawChunks{}, 1000, 95), v(rawChunks{format: 2}, 40, 95), v(rawChunks{format: 3}, 0, 95), v(rawChunks{format: 3}, 0, 95)), "V1000/95 V1040/95 V1080/95 V1120/95", 0},
		{"a chunk of type 3 after a timestamp repeats that", join(v(rawChunks{}, 1000, 95), v(rawChunks{format: 3}, 0, 95)), "V1000/95 V1000/95", 0},
		{"an extended timestamp in one chunk", v(rawChunks{}, 0x1000001, 95), "V16777217/95", 0},
		{"an extended timestamp repeated in every chunk", join(v(rawChunks{}, 0x1000001, 10000), rawAudio(0x1000002, audioBody(95))), "V16777217/10000 A16777218/95", 0},
		{"an extended timestamp not repeated", join(v(rawChunks{noRepeat: true}, 0x1000001, 10000), rawAudio(0x1000002, audioBody(95))), "V16777217/10000 A16777218/95", 0},
		{"an extended delta in several chunks", join(v(rawChunks{}, 5, 95), v(rawChunks{format: 1}, 0x1000000, 10000)), "V5/95 V16777221/10000", 0},
		{"a chunk of type 3 beginning a message with an extended delta", join(v(rawChunks{}, 0, 95), v(rawChunks{format: 1}, 0x1000000, 95), v(rawChunks{format: 3, noRepeat: true}, 0x1000000, 95)), "V0/95 V16777216/95 V33554432/95", 0},
		{"timestamps that pass 2^24", join(v(rawChunks{}, 0xfffff0, 5000), v(rawChunks{}, 0xffffff, 5000), v(rawChunks{}, 0x1000010, 5000)), "V16777200/5000 V16777215/5000 V16777232/5000", 0},
		{"deltas that pass 2^24", join(v(rawChunks{}, 0xfffff0, 5000), v(rawChunks{format: 1}, 32, 5000)), "V16777200/5000 V16777232/5000", 0},
		{"a timestamp that wraps", join(v(rawChunks{}, 0xfffffff0, 95), v(rawChunks{}, 24, 95)), "V4294967280/95 V4294967320/95", 0xffffff00},
		{"a delta that wraps", join(v(rawChunks{}, 0xfffffff0, 95), v(rawChunks{format: 1}, 40, 95)), "V4294967280/95 V4294967320/95", 0xffffff00},
		{"audio that wraps after video", join(v(rawChunks{}, 0xfffffff0, 95), rawAudio(0xffffffff, audioBody(95)), v(rawChunks{}, 8, 95), rawAudio(3, audioBody(95))), "V4294967280/95 A4294967295/95 V4294967304/95 A4294967299/95", 0xffffff00},
		{"a step back", join(v(rawChunks{}, 1000, 95), rawAudio(980, audioBody(95))), "V1000/95 A980/95", 0},
		{"an empty message", join(rawVideo(1000, nil), rawAudio(1000, nil), rawVideo(1040, videoBody(95))), "V1040/95", 0},
		{"a chunk stream id of two bytes", v(rawChunks{csid: 70}, 1000, 10000), "V1000/10000", 0},
		{"a chunk stream id of three bytes", v(rawChunks{csid: 400}, 1000, 10000), "V1000/10000", 0},
		{"audio between the chunks of video", join(plain[:cut], rawAudio(1000, audioBody(95)), plain[cut:]), "A1000/95 V1000/10000", 0},
		{"an aborted message", join(plain[:cut], rawControl(typeAbort, 0, 0, 0, 6), rawVideo(1040, videoBody(95))), "V1040/95", 0},
		{"an aborted message that is sent once more without a header", join(plain[:cut], rawControl(typeAbort, 0, 0, 0, 6), v(rawChunks{format: 3}, 0, 10000)), "V1000/10000", 0},
		{"an abort of nothing", join(rawControl(typeAbort, 0, 0, 0, 6), rawControl(typeAbort, 0, 0, 1, 6), rawControl(typeAbort, 0), rawVideo(1040, videoBody(95))), "V1040/95", 0},
		{"a message that begins anew", join(plain[:cut], rawVideo(1040, videoBody(95))), "V1040/95", 0},
		{"an unknown user control event", rawControl(typeUserControl, 0, 31, 0, 0, 0, 1), "", 0},
		{"a user control message too short", rawControl(typeUserControl, 0, 6), "", 0},
		{"an unknown message type", rawMessage(rawChunks{csid: 6}, message{typ: 7, stream: 1, body: pattern(10)}), "", 0},
		{"a command in an AMF3 envelope", rawMessage(rawChunks{csid: 3}, message{typ: typeCommandAMF3, body: flv.AppendAMF0([]byte{0}, "foo", 4, nil)}), "", 0},
		{"a real AMF3 command", rawMessage(rawChunks{csid: 3}, message{typ: typeCommandAMF3, body: []byte{17, 6, 7, 'f', 'o', 'o'}}), "", 0},
		{"an empty AMF3 command", rawMessage(rawChunks{csid: 3}, message{typ: typeCommandAMF3}), "", 0},
		{"a one-byte AMF3 command", rawMessage(rawChunks{csid: 3}, message{typ: typeCommandAMF3, body: []byte{0}}), "", 0},
		{"an aggregate", rawMessage(rawChunks{csid: 6}, message{typ: typeAggregate, stream: 1, time: 2000, body: aggregate(
			flv.Tag{Type: flv.TagVideo, Timestamp: 500 * time.Millisecond, Body: videoBody(95)},
			flv.Tag{Type: flv.TagScript, Timestamp: 501 * time.Millisecond, Body: pattern(3)},
			flv.Tag{Type: flv.TagAudio, Timestamp: 510 * time.Millisecond, Body: audioBody(96)},
			flv.Tag{Type: flv.TagVideo, Timestamp: 540 * time.Millisecond, Body: videoBody(97)})}), "V2000/95 A2010/96 V2040/97", 0},
		{"an aggregate of nonsense", rawMessage(rawChunks{csid: 6}, message{typ: typeAggregate, stream: 1, body: pattern(100)}), "", 0},
		{"a truncated aggregate", rawMessage(rawChunks{csid: 6}, message{typ: typeAggregate, stream: 1, time: 10, body: aggregate(
			flv.Tag{Type: flv.TagVideo, Body: videoBody(95)}, flv.Tag{Type: flv.TagVideo, Body: videoBody(95)})[:150]}), "V10/95", 0},
		{"a shared object", rawMessage(rawChunks{csid: 3}, message{typ: 19, body: pattern(100)}), "", 0},
		{"text data", rawData("onTextData", flv.Object{{Name: "text", Value: "hi"}}), "", 0},
		{"damaged data", rawMessage(rawChunks{csid: 4}, message{typ: typeData, stream: 1, body: []byte{2, 0, 200, 'x'}}), "", 0},
		{"undefined metadata", rawMessage(rawChunks{csid: 4}, message{typ: typeData, stream: 1, body: append(flv.AppendAMF0(nil, "@setDataFrame", "onMetaData"), 6)}), "", 0},
		{"_checkbw", rawCommand(0, "_checkbw", 5, nil), "", 0},
		{"a result of nothing asked", join(rawCommand(0, "_result", 1, nil), rawCommand(0, "_error", 1, nil)), "", 0},
		{"a command that is not valid UTF-8", rawCommand(0, "\xff\xfe", 5, nil), "", 0},
		{"a command without a name", rawMessage(rawChunks{csid: 3}, message{typ: typeCommand, body: []byte{5}}), "", 0},
		{"a command with undefined", rawMessage(rawChunks{csid: 3}, message{typ: typeCommand, body: append(flv.AppendAMF0(nil, "foo", 1), 6)}), "", 0},
		{"a truncated command", rawMessage(rawChunks{csid: 3}, message{typ: typeCommand, body: []byte{2, 0, 9, 'p'}}), "", 0},
		{"deleteStream of an unknown stream", join(rawCommand(0, "deleteStream", 5, nil, 99), rawCommand(0, "deleteStream", 6, nil, 0)), "", 0},
		{"closeStream of another stream", rawCommand(0, "closeStream", 5, nil), "", 0},
		{"connect again", rawMessage(rawChunks{csid: 3}, message{typ: typeCommand, body: flv.AppendAMF0(nil, "connect", 1, flv.Object{})}), "", 0},
		{"a transaction that is no number of one", join(rawCommand(0, "createStream", math.NaN(), nil), rawCommand(0, "createStream", 2.5, nil), rawCommand(0, "createStream", -1e300, nil), rawCommand(0, "createStream", "x", nil), rawCommand(0, "createStream")), "", 0},
		{"createStream again", rawCommand(0, "createStream", 6, nil), "", 0},
		{"play on another stream", rawCommand(2, "play", 6, nil, "x"), "", 0},
		{"chunks of one byte", join(rawControl(typeSetChunkSize, 0, 0, 0, 1), v(rawChunks{size: 1}, 1000, 95), rawMessage(rawChunks{csid: 2, size: 1}, message{typ: typeSetChunkSize, body: []byte{0, 0, 16, 0}})), "V1000/95", 0},
		{"chunks of any size", join(rawControl(typeSetChunkSize, 0x7f, 0xff, 0xff, 0xff), v(rawChunks{size: 1 << 24}, 1000, 200000), rawMessage(rawChunks{csid: 2}, message{typ: typeSetChunkSize, body: []byte{0, 0, 16, 0}})), "V1000/200000", 0},
		{"a chunk size with the top bit", join(rawControl(typeSetChunkSize, 0x80, 0, 16, 0), plain), "V1000/10000", 0},
		{"a chunk size of 0", rawControl(typeSetChunkSize, 0, 0, 0, 0), "closed", 0},
		{"a chunk size of three bytes", join(rawControl(typeSetChunkSize, 0, 0, 0), plain), "V1000/10000", 0},
		{"a window of 0", join(rawControl(typeWindowAckSize, 0, 0, 0, 0), plain), "V1000/10000", 0},
		{"a bandwidth and an acknowledgement", join(rawControl(typePeerBandwidth, 0, 0, 16, 0, 2), rawControl(typeAck, 0, 0, 0, 1)), "", 0},
		{"video on stream 0", rawMessage(rawChunks{csid: 6}, message{typ: typeVideo, time: 1000, body: videoBody(95)}), "", 0},
		{"video on an unknown stream", rawMessage(rawChunks{csid: 6}, message{typ: typeVideo, stream: 5, time: 1000, body: videoBody(95)}), "", 0},
		{"a chunk stream that begins with type 3", []byte{0xc0 | 9}, "closed", 0},
		{"a chunk stream that begins with type 2", []byte{0x80 | 9, 0, 0, 0}, "closed", 0},
		{"too many chunk streams", manyChunkStreams(20), "closed", 0},
		{"a video message too long", []byte{6, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0}, "closed", 0},
		{"a command too long", []byte{3, 0, 0, 0, 2, 0, 0, 20, 0, 0, 0, 0}, "closed", 0},
		{"malformed video", join(rawVideo(10, []byte{0x17, 1}), rawVideo(1000, videoBody(95))), "V1000/95", 0},
		{"a codec that cannot be packaged", rawVideo(10, []byte{0x24, 1, 2, 3, 4, 5}), "closed", 0},
	}
}

func manyChunkStreams(n int) []byte {
	var b []byte
	for i := range n {
		b = append(b, rawMessage(rawChunks{csid: 10 + i}, message{typ: typeAudio, stream: 1, body: audioBody(1)})...)
	}
	return b
}

// aggregate is the body of an aggregate message.
func aggregate(tags ...flv.Tag) []byte {
	var b []byte
	for _, tag := range tags {
		b = append(b, byte(tag.Type))
		b = appendUint24(b, uint32(len(tag.Body)))
		ms := uint32(tag.Timestamp.Milliseconds())
		b = appendUint24(b, ms&0xffffff)
		b = append(b, byte(ms>>24), 0, 0, 0)
		b = append(b, tag.Body...)
		b = binary.BigEndian.AppendUint32(b, uint32(tagHeaderSize+len(tag.Body)))
	}
	return b
}

func TestWhatEncodersAndOthersSend(t *testing.T) {
	s := startServer(t, newPublisher(), Limits{})
	for _, tt := range protocolCases() {
		t.Run(tt.name, func(t *testing.T) {
			c := publishRaw(t, s.addr)
			b := s.pub.next(t)
			c.send(t, rawVideo(tt.base, avcHeader))
			c.send(t, rawAudio(tt.base, aacHeader))
			c.send(t, tt.send)
			if tt.want == "closed" {
				c.waitClosed(t)
				if err := b.reason(t); err == nil || errors.Is(err, ErrTimeout) {
					t.Errorf("reason %v", err)
				}
				return
			}
			c.send(t, rawMessage(rawChunks{csid: 4}, message{typ: typeAudio, stream: 1, body: audioBody(markerSize)}))
			b.waitFor(t, "the marker", func(ps []video.Packet) bool {
				return len(ps) > 0 && len(ps[len(ps)-1].Data) == markerSize
			})
			var got []string
			for _, p := range b.received() {
				got = append(got, seen(p))
			}
			got = slices.Delete(got, len(got)-1, len(got))
			if g := strings.Join(got, " "); g != tt.want {
				t.Errorf("got  %q\nwant %q", g, tt.want)
			}
			_ = c.Close()
			if b.reason(t) == nil {
				t.Error("a lost connection without a reason")
			}
		})
	}
}
