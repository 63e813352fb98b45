package rtmp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	gortmp "github.com/yutopp/go-rtmp"
	rtmpmsg "github.com/yutopp/go-rtmp/message"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

// Codes of onStatus, section 7.2.2.
const (
	publishBadName  = "NetStream.Publish.BadName"
	publishRejected = "NetStream.Publish.Rejected"
	publishStart    = "NetStream.Publish.Start"
)

// authorizeTimeout is what a Publisher has to decide.
const authorizeTimeout = 5 * time.Second

var (
	errPlay         = errors.New("rtmp: playing is not offered")
	errHandlerPanic = errors.New("rtmp: panic")
	errGaveUp       = errors.New("rtmp: go-rtmp gave up") // which the guard is to prevent
)

// handler is what go-rtmp calls, and the guard's listener: the part of a
// conn that runs on go-rtmp's goroutine.
type handler struct {
	gortmp.DefaultHandler

	c    *conn
	peer *gortmp.Conn

	app     string
	encoder string

	publication video.Publication // nil before it was accepted and after it was closed
	decoder     flv.Decoder
	clock       clock
	malformed   int // messages
	cause       error
	linger      bool // the last words have to arrive
}

// OnServe is told the way to answer.
func (h *handler) OnServe(peer *gortmp.Conn) { h.peer = peer }

// OnConnect keeps what the client says of itself.
func (h *handler) OnConnect(uint32, *rtmpmsg.NetConnectionConnect) error {
	request := &h.c.guard.request
	h.app = request.property("app")
	h.encoder = cleanText(request.property("flashVer"))
	*request = command{}
	return nil
}

// OnPublish asks the Publisher.
func (h *handler) OnPublish(*gortmp.StreamContext, uint32, *rtmpmsg.NetStreamPublish) (err error) {
	defer h.contain(&err)
	request := &h.c.guard.request
	app, key := splitName(h.app, request.text(1))
	*request = command{}
	return h.c.publish(video.PublishRequest{
		RemoteAddr: h.c.conn.RemoteAddr(),
		App:        app,
		StreamKey:  key,
		Encoder:    h.encoder,
	})
}

// OnPlay turns players away.
func (h *handler) OnPlay(*gortmp.StreamContext, uint32, *rtmpmsg.NetStreamPlay) error {
	h.cause = errPlay
	return errPlay
}

func (h *handler) media(m message) (err error) {
	defer h.contain(&err)
	var packet video.Packet
	var ok bool
	if dts := h.clock.at(m.time); m.typ == typeVideo {
		packet, ok, err = h.decoder.Video(dts, m.body)
	} else {
		packet, ok, err = h.decoder.Audio(dts, m.body)
	}
	if err == nil && ok {
		err = h.publication.WritePacket(packet)
	}
	if err == nil {
		return nil
	}
	if errors.Is(err, flv.ErrMalformed) {
		// One damaged message is no reason to end a broadcast.
		if h.malformed++; h.malformed == 1 {
			h.c.log.Warn("malformed media", "err", err)
		}
		return nil
	}
	h.cause = err
	h.refuse(err)
	return err
}

// interrupted says good-bye to a publisher that the server cuts off.
func (h *handler) interrupted() {
	if h.publication != nil {
		h.refuse(h.c.stopped())
	}
}

// writeFailed is called from the goroutine that writes.
func (h *handler) writeFailed(err error) { h.c.stop(err) }

// refuse tells the publisher why it is cut off, as far as that is its
// business.
func (h *handler) refuse(cause error) {
	description := "The broadcast was ended."
	if codec := (*video.CodecError)(nil); errors.As(cause, &codec) {
		description = codec.Error()
	}
	// It is gone soon, whether it hears of it or not.
	_ = h.status(h.c.guard.stream, publishRejected, description)
	h.linger = true
}

// status sends an onStatus of level error.
func (h *handler) status(stream uint32, code, description string) error {
	body := flv.AppendAMF0(nil, nil, flv.Object{
		{Name: "level", Value: "error"},
		{Name: "code", Value: code},
		{Name: "description", Value: description},
	})
	return h.write(commandChunks, stream, &rtmpmsg.CommandMessage{
		CommandName: "onStatus",
		Encoding:    rtmpmsg.EncodingTypeAMF0,
		Body:        bytes.NewReader(body),
	})
}

// write queues a message for the client. go-rtmp allows it on its own
// goroutine only.
func (h *handler) write(csid int, stream uint32, m rtmpmsg.Message) error {
	if h.peer == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(h.c.ctx), h.c.limits.WriteTimeout)
	defer cancel()
	return h.peer.Write(ctx, csid, 0, &gortmp.ChunkMessage{StreamID: stream, Message: m})
}

func (h *handler) ping(echo uint32) error {
	return h.write(2, 0, &rtmpmsg.UserCtrl{Event: &rtmpmsg.UserCtrlEventPingResponse{Timestamp: echo}})
}

func (h *handler) acknowledge(total uint32) error {
	return h.write(2, 0, &rtmpmsg.Ack{SequenceNumber: total})
}

func (h *handler) refusePublish(stream uint32) error {
	return h.status(stream, publishBadName, "This connection publishes already.")
}

func (h *handler) metadata(script []byte) {
	if h.publication == nil {
		return
	}
	var err error
	defer h.contain(&err)
	if m, ok := flv.ParseMetadata(script); ok {
		h.publication.SetMetadata(m)
	}
}

// unpublish ends the publication in an orderly way and gives the client a
// little time to hang up.
func (h *handler) unpublish() {
	h.close(nil)
	_ = h.c.guard.in.expireAt(time.Now().Add(h.c.limits.WriteTimeout))
}

// OnClose is the last callback.
func (h *handler) OnClose() { h.close(h.reason()) }

// reason is why the connection ended.
func (h *handler) reason() error {
	if cause := h.c.stopped(); cause != nil {
		return cause
	}
	if h.cause != nil {
		return h.cause
	}
	if h.c.guard.err != nil {
		return h.c.guard.err
	}
	return errGaveUp
}

func (h *handler) close(reason error) {
	p := h.publication
	if p == nil {
		return
	}
	h.publication = nil
	var err error
	defer h.contain(&err)
	h.c.left(reason)
	p.Close(reason)
}

// contain makes a panic of the host's code an error of this connection.
func (h *handler) contain(err *error) {
	p := recover()
	if p == nil {
		return
	}
	h.c.log.Error("panic in a publisher's callback", "panic", p, "stack", string(debug.Stack()))
	*err = fmt.Errorf("%w: %v", errHandlerPanic, p)
	h.cause = *err
}
