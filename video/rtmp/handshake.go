package rtmp

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net"
)

// acceptHandshake is the server's side of section 5.2. Of what the client
// sends only the version is looked at: encoders with handshakes of their own
// send what is not the echo that the section asks for.
func acceptHandshake(in *reader, conn net.Conn) error {
	b, err := in.peek(1)
	if err != nil {
		return err
	}
	if b[0] != protocolVersion {
		return fmt.Errorf("%w: version %d", ErrProtocol, b[0])
	}
	c1, err := in.next(1 + handshakeSize)
	if err != nil {
		return err
	}
	answer := make([]byte, 1+2*handshakeSize)
	answer[0] = protocolVersion
	fillHandshake(answer[1 : 1+handshakeSize])
	copy(answer[1+handshakeSize:], c1[1:])
	if _, err := conn.Write(answer); err != nil {
		return in.explain(err)
	}
	_, err = in.next(handshakeSize)
	return err
}

// offerHandshake is the client's side.
func offerHandshake(in *reader, conn net.Conn) error {
	hello := make([]byte, 1+handshakeSize)
	hello[0] = protocolVersion
	fillHandshake(hello[1:])
	if _, err := conn.Write(hello); err != nil {
		return in.explain(err)
	}
	b, err := in.next(1 + handshakeSize)
	if err != nil {
		return err
	}
	if b[0] != protocolVersion {
		return fmt.Errorf("%w: version %d", ErrProtocol, b[0])
	}
	if _, err := conn.Write(b[1:]); err != nil {
		return in.explain(err)
	}
	_, err = in.next(handshakeSize)
	return err
}

// fillHandshake fills C1 or S1: time and version are 0, which tells peers
// that know digests that there is none.
func fillHandshake(b []byte) {
	binary.BigEndian.PutUint64(b, 0)
	_, _ = rand.Read(b[8:]) // never fails
}
