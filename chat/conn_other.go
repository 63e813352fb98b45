//go:build !unix

package chat

import "net"

// rawConn is for systems where a socket can be written to without waiting.
type rawConn struct{}

func newRawConn(net.Conn) *rawConn { return nil }

func (*rawConn) write([]byte) (int, error) { return 0, nil }
