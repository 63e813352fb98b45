package videotest

import (
	"context"
	"net"
)

// Pipe returns what the DialContext of an [rtmp.ClientConfig] can be: each
// connection is one end of a [net.Pipe], whose other end is given to serve, in
// a goroutine of its own, such as the method ServeRTMPConn of an App. To close
// the connection waits until serve has returned, which serve must do when it
// cannot read any more. The address does not matter.
//
// [rtmp.ClientConfig]: https://pkg.go.dev/github.com/owncast-go/owncast/video/rtmp#ClientConfig
func Pipe(serve func(net.Conn) error) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		here, there := net.Pipe()
		p := &pipe{Conn: here, served: make(chan struct{})}
		go func() { // ends when here is closed, at the latest
			defer close(p.served)
			_ = serve(there) // the peer is told what it needs to know
			_ = there.Close()
		}()
		return p, nil
	}
}

type pipe struct {
	net.Conn
	served chan struct{}
}

func (p *pipe) Close() error {
	err := p.Conn.Close()
	<-p.served
	return err
}
