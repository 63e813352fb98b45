// Package rtmp takes broadcasts in by RTMP and sends them out by it.
//
// A [Server] admits publishers through a [video.Publisher] and hands it their
// packets:
//
//	srv, err := rtmp.NewServer(rtmp.Config{Publisher: session})
//	...
//	err = srv.Serve(listener) // until srv.Shutdown
//
// RTMPS is the same Server behind a [crypto/tls] listener. Publishers that
// have not shown a valid key yet get little memory, little time and few
// chances; [Limits] has the figures.
//
// A [Client] is the other side: it publishes to any RTMP or RTMPS server.
//
// Of a server address such as rtmp://host/live/key, "live" is the app and
// "key" the stream key, however the publisher's software splits the two on
// the wire.
package rtmp

// Message types, Real-Time Messaging Protocol 1.0 sections 5.4 and 7.1.
const (
	typeSetChunkSize  = 1
	typeAbort         = 2
	typeAck           = 3
	typeUserControl   = 4
	typeWindowAckSize = 5
	typePeerBandwidth = 6
	typeAudio         = 8
	typeVideo         = 9
	typeDataAMF3      = 15
	typeCommandAMF3   = 17
	typeData          = 18
	typeCommand       = 20
	typeAggregate     = 22
)

// User control events, section 7.1.7.
const (
	eventPingRequest  = 6
	eventPingResponse = 7
)

const (
	defaultChunkSize = 128      // section 5.4.1
	maxChunkSize     = 0xffffff // a message cannot be longer
	extendedTime     = 0xffffff // section 5.3.1.3
	handshakeSize    = 1536     // of C1, C2, S1 and S2, section 5.2
	protocolVersion  = 3
)

// message is one whole RTMP message. Its body belongs to whoever holds it.
type message struct {
	typ    byte
	stream uint32
	time   uint32 // milliseconds, modulo 2^32
	body   []byte
}
