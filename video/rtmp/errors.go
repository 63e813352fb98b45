package rtmp

import (
	"errors"
	"fmt"
)

// Errors a connection ends with. They are what [Server.ServeConn] and
// [Client] return and what [video.Publication].Close is told, wrapped with
// what happened.
var (
	// ErrProtocol is input that is not RTMP.
	ErrProtocol = errors.New("rtmp: not RTMP")
	// ErrLimit is input beyond one of the [Limits].
	ErrLimit = errors.New("rtmp: limit exceeded")
	// ErrTimeout is a peer that was silent or slow for too long.
	ErrTimeout = errors.New("rtmp: timed out")
	// ErrConnectionLost is a peer that went away without saying so.
	ErrConnectionLost = errors.New("rtmp: connection lost")
	// ErrBlocked is a peer whose address has shown too many wrong keys, or
	// has too many connections open.
	ErrBlocked = errors.New("rtmp: address blocked")
)

// StatusError is a server's refusal, such as of a stream key.
type StatusError struct {
	Code        string // such as "NetStream.Publish.BadName"
	Description string // the server's words; may be empty
}

func (e *StatusError) Error() string {
	if e.Description == "" {
		return "rtmp: server answered " + e.Code
	}
	return fmt.Sprintf("rtmp: server answered %s: %s", e.Code, e.Description)
}
