package video

import (
	"errors"
	"time"
)

var (
	errPublicationClosed = errors.New("video: publication closed")
	errNoTrack           = errors.New("video: packet without a track")
)

// publication is one publisher's way into the session. The Server's turn
// guards all of it but done; err is also settled once done is closed.
type publication struct {
	server  *Server
	latency Latency
	ladder  Ladder
	session *session // the one it has fed; nil before its first packet

	heard  time.Time // of the last packet, or of admission
	meter  meter
	counts timelineCounts

	closed bool
	err    error // not nil if its packets are refused
	done   chan struct{}
}

var _ Publication = (*publication)(nil)

func newPublication(s *Server, req PublishRequest) *publication {
	p := &publication{server: s, done: make(chan struct{})}
	if req.RemoteAddr != nil {
		p.meter.remoteAddr = req.RemoteAddr.String()
	}
	p.meter.encoder = plainName(req.Encoder)
	return p
}

// SetMetadata notes the name of the encoder; the rest is measured.
func (p *publication) SetMetadata(m Metadata) {
	name := plainName(m.Encoder)
	s := p.server
	s.turn.lockAlways()
	defer s.release()
	if name == "" || s.current != p || name == p.meter.encoder {
		return
	}
	p.meter.encoder = name
	report := *s.status.Ingest
	report.Encoder = name
	s.status.Ingest = &report
	s.publish()
}

// WritePacket puts pkt on the session's clock and hands it to the packager.
func (p *publication) WritePacket(pkt Packet) error {
	s := p.server
	s.turn.lockAlways()
	defer s.release()
	switch {
	case p.err != nil:
		return p.err
	case p.closed:
		return errPublicationClosed
	}
	if err := s.feed(p, pkt); err != nil {
		s.cut(p, err)
		s.leave(p, err)
		return err
	}
	return nil
}

// Close gives the place back, unless p has lost it before. A second call does
// nothing.
func (p *publication) Close(reason error) {
	s := p.server
	s.turn.lockAlways()
	if p.closed {
		s.turn.unlock()
		return
	}
	p.closed = true
	if s.current == p {
		s.leave(p, reason)
	}
	s.release()
	s.pending.done()
}

// Done is closed when p's packets are refused.
func (p *publication) Done() <-chan struct{} { return p.done }

// Err says why Done is closed, and is nil before.
func (p *publication) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// cut refuses p's packets from now on.
func (s *Server) cut(p *publication, reason error) {
	p.err = reason
	close(p.done)
}

// feed hands a packet of the current publication to the packager.
func (s *Server) feed(p *publication, pkt Packet) error {
	if pkt.Track == nil || pkt.Track.Kind != Video && pkt.Track.Kind != Audio {
		return errNoTrack
	}
	now := time.Now()
	p.heard = now
	switch {
	case s.session == nil:
		if err := s.begin(p); err != nil {
			return err
		}
	case p.session != s.session:
		p.session = s.session
		p.session.line.resume()
	}
	p.session.line.place(&pkt, &p.counts)
	if err := s.feedPackager(pkt); err != nil {
		return err
	}
	for _, sub := range s.subscriptions {
		sub.put(pkt)
	}
	s.advance(p)
	if p.meter.add(&pkt, now) {
		s.status.Ingest = p.meter.report(now, &p.counts)
		s.publish()
		s.warn(p.session)
	}
	return nil
}
