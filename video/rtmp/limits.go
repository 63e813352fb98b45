package rtmp

import (
	"fmt"
	"time"
)

// Limits bound what a connection may cost. A zero field means its default;
// negative ones are refused by [NewServer].
type Limits struct {
	// PublishTimeout is the time from the accepted connection to the
	// accepted publisher, TLS and all. The default is 10 seconds.
	PublishTimeout time.Duration
	// IdleTimeout is how long a publisher may be silent. The default is 10
	// seconds.
	IdleTimeout time.Duration
	// WriteTimeout is how long a peer may refuse to read an answer. The
	// default is 5 seconds.
	WriteTimeout time.Duration

	// MaxConnections is how many connections a Server has, of publishers and
	// of those who are not yet. The default is 1024.
	MaxConnections int
	// MaxWaiting is how many connections one address may have that do not
	// publish yet. An address is an IPv4 address or an IPv6 /64; peers
	// without an IP address are not counted. Raise it if all publishers come
	// through one proxy. The default is 64.
	MaxWaiting int

	// UnpublishedBytes is what may be sent after the handshake before the
	// publisher is accepted. The default is 64 KiB.
	UnpublishedBytes int
	// UnpublishedCommands is the same in commands. The default is 64.
	UnpublishedCommands int
	// MaxChunkStreams is how many chunk streams a peer may use. The default
	// is 16.
	MaxChunkStreams int
	// MaxMedia is the size of an audio or video message in bytes. The
	// default is 8 MiB, the most is 16 MiB - 1.
	MaxMedia int
	// MaxCommand is the size of any other message. The default is 64 KiB.
	MaxCommand int
	// MaxBuffered is the size of all unfinished messages of a connection.
	// The default is 24 MiB.
	MaxBuffered int

	// WrongKeys is how many wrong stream keys an address may show within
	// WrongKeyWindow before its connections are closed unheard for
	// WrongKeyBlock. The defaults are 10, a minute and a minute.
	WrongKeys      int
	WrongKeyWindow time.Duration
	WrongKeyBlock  time.Duration
	// WrongKeyDelay is how long the answer to an address's first wrong key is
	// held back; it doubles with every further one, up to five times as
	// long. The default is a second.
	WrongKeyDelay time.Duration
}

// Validate returns an error for a negative limit.
func (l Limits) Validate() error {
	_, err := l.withDefaults()
	return err
}

// withDefaults returns l with the zero fields filled in.
func (l Limits) withDefaults() (Limits, error) {
	for _, d := range []struct {
		name  string
		value *time.Duration
		def   time.Duration
	}{
		{"PublishTimeout", &l.PublishTimeout, 10 * time.Second},
		{"IdleTimeout", &l.IdleTimeout, 10 * time.Second},
		{"WriteTimeout", &l.WriteTimeout, 5 * time.Second},
		{"WrongKeyWindow", &l.WrongKeyWindow, time.Minute},
		{"WrongKeyBlock", &l.WrongKeyBlock, time.Minute},
		{"WrongKeyDelay", &l.WrongKeyDelay, time.Second},
	} {
		if *d.value < 0 {
			return l, fmt.Errorf("rtmp: negative limit %s", d.name)
		}
		if *d.value == 0 {
			*d.value = d.def
		}
	}
	for _, n := range []struct {
		name  string
		value *int
		def   int
	}{
		{"MaxConnections", &l.MaxConnections, 1024},
		{"MaxWaiting", &l.MaxWaiting, 64},
		{"UnpublishedBytes", &l.UnpublishedBytes, 64 << 10},
		{"UnpublishedCommands", &l.UnpublishedCommands, 64},
		{"MaxChunkStreams", &l.MaxChunkStreams, 16},
		{"MaxMedia", &l.MaxMedia, 8 << 20},
		{"MaxCommand", &l.MaxCommand, 64 << 10},
		{"MaxBuffered", &l.MaxBuffered, 24 << 20},
		{"WrongKeys", &l.WrongKeys, 10},
	} {
		if *n.value < 0 {
			return l, fmt.Errorf("rtmp: negative limit %s", n.name)
		}
		if *n.value == 0 {
			*n.value = n.def
		}
	}
	return l, nil
}
