package rtmp

import (
	"encoding/binary"
	"fmt"

	"github.com/owncast-go/owncast/video/flv"
)

// Transactions of a Client. Nothing else waits for an answer.
const (
	transactionStatus  = 0 // onStatus has none
	transactionConnect = 1
	transactionRelease = 2
	transactionFC      = 3
	transactionCreate  = 4
	transactionPublish = 5
)

// negotiate does what comes between the handshake and the first media,
// section 7.3.1, in the manner of the encoders that all servers know.
func (c *Client) negotiate(encoder string) error {
	err := c.send(0, "connect", transactionConnect, flv.Object{
		{Name: "app", Value: c.target.app},
		{Name: "type", Value: "nonprivate"},
		{Name: "flashVer", Value: "FMLE/3.0 (compatible; " + encoder + ")"},
		{Name: "tcUrl", Value: c.target.url},
		{Name: "fourCcList", Value: []any{"hvc1", "av01", "Opus"}},
	})
	if err != nil {
		return err
	}
	if _, err := c.await(transactionConnect); err != nil {
		return err
	}
	if err := c.setChunkSize(clientChunkSize); err != nil {
		return err
	}
	for i, name := range []string{"releaseStream", "FCPublish"} {
		if err := c.send(0, name, transactionRelease+i, nil, c.target.key); err != nil {
			return err
		}
	}
	if err := c.send(0, "createStream", transactionCreate, nil); err != nil {
		return err
	}
	created, err := c.await(transactionCreate)
	if err != nil {
		return err
	}
	id, ok := created.number(1)
	if !ok || !(id >= 0 && id < 1<<32) {
		return fmt.Errorf("%w: createStream without a stream", ErrProtocol)
	}
	c.stream = uint32(id)
	if err := c.send(c.stream, "publish", transactionPublish, nil, c.target.key, "live"); err != nil {
		return err
	}
	_, err = c.await(transactionStatus)
	return err
}

// send sends a command.
func (c *Client) send(stream uint32, name string, transaction int, args ...any) error {
	body := flv.AppendAMF0(nil, name, transaction)
	body = flv.AppendAMF0(body, args...)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(commandChunks, message{typ: typeCommand, stream: stream, body: body})
}

func (c *Client) setChunkSize(size int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	body := binary.BigEndian.AppendUint32(nil, uint32(size))
	err := c.write(controlChunks, message{typ: typeSetChunkSize, body: body})
	c.out.size = size
	return err
}

// unpublish is the orderly end. It is called with mu held; if it fails, the
// server will notice all the same.
func (c *Client) unpublish() {
	body := flv.AppendAMF0(nil, "FCUnpublish", transactionStatus, nil, c.target.key)
	_ = c.write(commandChunks, message{typ: typeCommand, body: body})
	body = flv.AppendAMF0(nil, "deleteStream", transactionStatus, nil, int(c.stream))
	_ = c.write(commandChunks, message{typ: typeCommand, body: body})
}

// await returns the answer to a transaction.
func (c *Client) await(transaction float64) (command, error) {
	for {
		m, err := c.chunks.next()
		if err != nil {
			return command{}, err
		}
		answer, ok, err := c.understand(m)
		if err != nil {
			return command{}, err
		}
		if !ok {
			continue
		}
		switch answer.name {
		case "_result":
			if answer.transaction == transaction {
				return answer, nil
			}
		case "_error":
			if answer.transaction == transaction || transaction == transactionStatus && answer.transaction == transactionPublish {
				return command{}, c.refusal(answer)
			}
		case "onStatus":
			switch {
			case answer.status("level") == "error":
				return command{}, c.refusal(answer)
			case transaction == transactionStatus && answer.status("code") == publishStart:
				return answer, nil
			}
		case "close":
			return command{}, c.refusal(answer)
		}
	}
}

// understand returns m's command if it is one, and answers pings.
func (c *Client) understand(m message) (command, bool, error) {
	switch m.typ {
	case typeUserControl:
		if len(m.body) >= 6 && binary.BigEndian.Uint16(m.body) == eventPingRequest {
			return command{}, false, c.pong(binary.BigEndian.Uint32(m.body[2:]))
		}
	case typeCommandAMF3:
		if len(m.body) > 0 && m.body[0] == 0 {
			answer, err := parseCommand(m.body[1:])
			return answer, err == nil, err
		}
	case typeCommand:
		answer, err := parseCommand(m.body)
		return answer, err == nil, err
	}
	return command{}, false, nil
}

// status returns a property of the information object, which is the first
// argument that has a code.
func (c command) status(name string) string {
	for _, arg := range c.args {
		object, ok := arg.(flv.Object)
		if !ok {
			array, _ := arg.(flv.ECMAArray)
			object = flv.Object(array)
		}
		if property(object, "code") != "" {
			return property(object, name)
		}
	}
	return ""
}

// refusal is what a server's answer says. A server may repeat the stream key
// in it, or what it was asked for in the URL; these are left out.
func (c *Client) refusal(answer command) error {
	code := answer.status("code")
	if code == "" {
		code = answer.name
	}
	hidden := c.target.secrets()
	return &StatusError{
		Code:        cleanText(hidden.Replace(code)),
		Description: cleanText(hidden.Replace(answer.status("description"))),
	}
}
