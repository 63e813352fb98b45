//go:build unix

package chat

import (
	"errors"
	"net"
	"syscall"
)

// rawConn writes to a socket without waiting. It is not safe for concurrent
// use.
type rawConn struct {
	rc  syscall.RawConn
	try func(fd uintptr) bool // made once, as each would be an allocation
	p   []byte
	n   int
	err error
}

// newRawConn returns nil for what is more than a socket, such as TLS.
func newRawConn(nc net.Conn) *rawConn {
	var sc syscall.Conn
	switch nc := nc.(type) {
	case *net.TCPConn:
		sc = nc
	case *net.UnixConn:
		sc = nc
	default:
		return nil
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	r := &rawConn{rc: rc}
	r.try = r.once
	return r
}

// write writes what the socket takes at once.
func (r *rawConn) write(p []byte) (int, error) {
	r.p = p
	err := r.rc.Write(r.try)
	r.p = nil
	if err == nil {
		err = r.err
	}
	return r.n, err
}

// once never asks to be called again when the socket has room.
func (r *rawConn) once(fd uintptr) bool {
	for {
		r.n, r.err = syscall.Write(int(fd), r.p)
		if errors.Is(r.err, syscall.EINTR) {
			continue
		}
		r.n = max(r.n, 0)
		if errors.Is(r.err, syscall.EAGAIN) {
			r.err = nil
		}
		return true
	}
}
