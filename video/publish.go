package video

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Errors a publisher is turned away or ended with.
var (
	// ErrStreamKey is the answer to a wrong stream key.
	ErrStreamKey = errors.New("video: wrong stream key")
	// ErrAlreadyLive is the answer to a second publisher.
	ErrAlreadyLive = errors.New("video: already live")
	// ErrTakenOver ends a publisher whose place another one took.
	ErrTakenOver = errors.New("video: taken over by another publisher")
	// ErrDisconnected ends a publisher that an administrator disconnected.
	ErrDisconnected = errors.New("video: disconnected by an administrator")
	// ErrServerClosed is what a Server answers after Shutdown.
	ErrServerClosed = errors.New("video: server closed")
)

// CodecError is a broadcast that cannot be packaged as it is.
type CodecError struct {
	Codec  string // name or FourCC, as the wire had it
	Reason string
}

func (e *CodecError) Error() string {
	return fmt.Sprintf("video: codec %s: %s", e.Codec, e.Reason)
}

// PublishRequest is someone asking to broadcast.
type PublishRequest struct {
	RemoteAddr net.Addr
	App        string // of the RTMP URL: "live" in rtmp://host/live/key
	StreamKey  string // of the RTMP URL: "key" in rtmp://host/live/key, without a query
	Encoder    string // what the publisher's software calls itself; may be empty
}

// PublishAuthorizer decides who may broadcast. A nil error admits the
// publisher, [ErrStreamKey] turns it away and counts against its address, and
// any other error turns it away; no error's text is sent to the publisher.
//
// AuthorizePublish is called from the publisher's goroutine and may block
// until ctx is done, which it is when the publisher has gone or a few seconds
// have passed.
type PublishAuthorizer interface {
	AuthorizePublish(ctx context.Context, req PublishRequest) error
}

// PublishAuthorizerFunc lets a function be a PublishAuthorizer.
type PublishAuthorizerFunc func(ctx context.Context, req PublishRequest) error

// AuthorizePublish calls f.
func (f PublishAuthorizerFunc) AuthorizePublish(ctx context.Context, req PublishRequest) error {
	return f(ctx, req)
}

// Publisher takes broadcasts: it is what an ingest hands its publishers to.
// [Server] is one, and so is anything that chooses among several Servers.
//
// Publish returns [ErrStreamKey] for a wrong key. ctx bounds the decision, not
// the broadcast.
type Publisher interface {
	Publish(ctx context.Context, req PublishRequest) (Publication, error)
}

// Publication is an admitted publisher's way into the session. Its methods
// but Done and Err are called from one goroutine.
type Publication interface {
	// SetMetadata tells what the publisher says of the broadcast.
	SetMetadata(Metadata)
	// WritePacket hands a packet on. An error, which may match [CodecError],
	// ends the publication: the ingest must stop and call Close.
	WritePacket(Packet) error
	// Close gives the place back. reason is nil if the publisher ended the
	// broadcast itself, and says what cut it off otherwise. Close must be
	// called exactly once.
	Close(reason error)
	// Done is closed when the session wants the publisher gone; Err then
	// says why.
	Done() <-chan struct{}
	Err() error
}
