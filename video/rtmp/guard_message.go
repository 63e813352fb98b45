package rtmp

import (
	"encoding/binary"
	"fmt"

	"github.com/owncast-go/owncast/video/flv"
)

// tagHeaderSize is that of a sub-message of an aggregate: type, size, time,
// stream. Its size follows it once more.
const tagHeaderSize = 11

// minAckWindow is the smallest window that is taken seriously: a peer cannot
// ask for an answer to every byte.
const minAckWindow = 64 << 10

// handle deals with a message that is not empty. What it does not know it
// drops.
func (g *guard) handle(m message) error {
	switch m.typ {
	case typeAudio, typeVideo:
		return g.media(m)
	case typeAggregate:
		return g.split(m)
	case typeUserControl:
		return g.userControl(m.body)
	case typeWindowAckSize:
		if len(m.body) >= 4 {
			g.setAckWindow(binary.BigEndian.Uint32(m.body))
		}
	case typeCommandAMF3, typeDataAMF3:
		// Section 7.1.1 has AMF3 messages begin with a format byte, after
		// which all that encoders send is AMF0.
		if m.body[0] != 0 {
			return nil
		}
		m.body = m.body[1:]
		if m.typ == typeDataAMF3 {
			g.data(m.body)
			return nil
		}
		m.typ = typeCommand
		return g.command(m)
	case typeData:
		g.data(m.body)
	case typeCommand:
		return g.command(m)
	}
	return nil
}

func (g *guard) userControl(body []byte) error {
	if len(body) < 6 || binary.BigEndian.Uint16(body) != eventPingRequest || !g.connected {
		return nil
	}
	return g.events.ping(binary.BigEndian.Uint32(body[2:]))
}

func (g *guard) setAckWindow(size uint32) {
	g.ackWindow = 0
	if size > 0 {
		// Half a window: who waits at its end never has to.
		g.ackWindow = uint64(max(size/2, minAckWindow))
	}
}

// split hands on the audio and video of an aggregate, section 7.1.6. The time
// of the first is the aggregate's, that of the others is relative to it.
func (g *guard) split(m message) error {
	var first uint32
	for b, n := m.body, 0; len(b) >= tagHeaderSize; n++ {
		size := int(uint24(b[1:]))
		time := uint24(b[4:]) | uint32(b[7])<<24
		if size > len(b)-tagHeaderSize {
			return nil
		}
		if n == 0 {
			first = time
		}
		body := b[tagHeaderSize : tagHeaderSize+size : tagHeaderSize+size]
		if typ := b[0]; (typ == typeAudio || typ == typeVideo) && size > 0 {
			if err := g.media(message{typ: typ, stream: m.stream, time: m.time + time - first, body: body}); err != nil {
				return err
			}
		}
		b = b[min(len(b), tagHeaderSize+size+4):]
	}
	return nil
}

// data hands on what the publisher says of its broadcast.
func (g *guard) data(body []byte) {
	if g.published && !g.ended {
		g.events.metadata(body)
	}
}

func (g *guard) command(m message) error {
	if g.commands++; !g.published && g.commands > g.limits.UnpublishedCommands {
		return fmt.Errorf("%w: %d commands before publishing", ErrLimit, g.commands)
	}
	c, err := parseCommand(m.body)
	if err != nil {
		if g.published {
			return nil
		}
		return err
	}
	if !g.connected && c.name != "connect" {
		return nil
	}
	switch c.name {
	case "connect":
		if !g.connected {
			g.connected = true
			g.ask(m, c, flv.AppendAMF0(nil, c.name, c.transaction, flv.Object{}))
		}
	case "createStream":
		if !g.published {
			g.ask(m, c, flv.AppendAMF0(nil, c.name, c.transaction, nil))
		}
	case "publish":
		if g.published {
			return g.events.refusePublish(m.stream)
		}
		// The stream key stays here.
		g.ask(m, c, flv.AppendAMF0(nil, c.name, c.transaction, nil, "-", "live"))
	case "play":
		g.ask(m, c, flv.AppendAMF0(nil, c.name, c.transaction, nil, "-"))
	case "deleteStream", "closeStream", "FCUnpublish":
		g.close(m, c)
	}
	return nil
}

// ask lets go-rtmp see a command in words of the guard's.
func (g *guard) ask(m message, c command, body []byte) {
	g.current, g.request = message{typ: m.typ, stream: m.stream}, c
	g.emit(m, body)
}

// close ends the publication if the command is about it. Encoders send one,
// two or all three of these commands.
func (g *guard) close(m message, c command) {
	if !g.published || g.ended {
		return
	}
	switch c.name {
	case "deleteStream":
		if id, ok := c.number(1); ok && uint32(id) != g.stream {
			return
		}
	case "closeStream":
		if m.stream != g.stream {
			return
		}
	}
	g.ended = true
	g.events.unpublish()
}
