package video

import (
	"context"
	"crypto/rand"
	"io"
	"strings"
	"sync/atomic"
	"time"
)

// session is one stream, through all its publishers. The Server's turn guards
// all of it but playable.
type session struct {
	id       string
	line     timeline
	playable atomic.Bool // set by the packager
	started  bool        // the world was told
	reason   error       // why the last publisher ended
	warned   map[WarningCode]bool

	grace *time.Timer // not nil while the session waits for a publisher
	waits int         // counts graces, so that one that was called off is known

	stopLadder context.CancelFunc // nil if nobody makes renditions
}

// begin starts a session for p's first packet.
func (s *Server) begin(p *publication) error {
	// 80 random bits in base 32.
	sess := &session{id: strings.ToLower(rand.Text()[:16]), warned: make(map[WarningCode]bool)}
	ladder := s.newSupervisor(sess, p.latency, p.ladder)
	packaged := Session{
		ID: sess.id, Latency: p.latency, Ladder: Ladder{SourceName: p.ladder.SourceName},
		Playable: func() { sess.playable.Store(true) },
	}
	if ladder != nil {
		packaged.Ladder, packaged.RenditionPlayable = p.ladder, ladder.renditionPlayable
	}
	if err := s.beginPackager(packaged); err != nil {
		return err
	}
	s.session, p.session = sess, sess
	if ladder != nil {
		s.supervise(ladder)
	}
	s.log.Debug("session begins", "session", sess.id)
	return nil
}

// supervise starts what makes the ladder of the session. It ends soon after
// the session.
func (s *Server) supervise(l *supervisor) {
	ctx, cancel := context.WithCancel(s.running)
	l.session.stopLadder = cancel
	s.pending.add()
	go l.run(ctx, s.subscribe(l.limits()))
}

// advance tells the world what a packet of p that was packaged has changed.
func (s *Server) advance(p *publication) {
	sess := p.session
	if sess.grace != nil {
		s.callOff(sess)
		if sess.started {
			s.status.Phase = Live
			s.publish()
			s.log.Info("stream resumed", "session", sess.id)
			emit(s.running, s, s.cfg.Events.StreamResumed, StreamResumed{Status: s.status})
		}
	}
	s.start(sess)
}

// start makes sess live if the packager has said that it can be watched.
func (s *Server) start(sess *session) {
	if sess.started || !sess.playable.Load() {
		return
	}
	sess.started = true
	s.status.Phase = Live
	s.status.SessionID = sess.id
	s.status.StartedAt = time.Now().UTC()
	s.status.EndedAt = time.Time{}
	s.publish()
	s.log.Info("stream started", "session", sess.id)
	emit(s.running, s, s.cfg.Events.StreamStarted, StreamStarted{Status: s.status})
	if sess.grace != nil {
		s.interrupted(sess) // a rendition has come later than that
	}
}

// leave takes the place from p, which ended for reason. Its session, if it has
// fed one, waits for the next publisher.
func (s *Server) leave(p *publication, reason error) {
	s.current = nil
	s.status.Ingest = nil
	sess := s.session
	if sess == nil || p.session != sess {
		s.publish()
		return
	}
	s.interruptPackager()
	s.tell(ErrInterrupted)
	s.start(sess)
	sess.reason = reason
	if sess.grace != nil {
		// Not one packet of p could be packaged: the session is still
		// waiting, and not longer for this.
		s.publish()
		return
	}
	if s.cfg.Grace < 0 {
		s.end(sess)
		return
	}
	s.wait(sess)
	if !sess.started {
		s.publish()
		return
	}
	s.interrupted(sess)
}

// interrupted tells the world that sess waits for a publisher.
func (s *Server) interrupted(sess *session) {
	s.status.Phase = Reconnecting
	s.publish()
	s.log.Info("stream interrupted", "session", sess.id, "grace", s.cfg.Grace)
	emit(s.running, s, s.cfg.Events.StreamInterrupted,
		StreamInterrupted{Status: s.status, Err: sess.reason, Grace: s.cfg.Grace})
}

// wait begins the grace. The timer's goroutine is pending until it has ended
// or was called off.
func (s *Server) wait(sess *session) {
	sess.waits++
	n := sess.waits
	s.pending.add()
	sess.grace = time.AfterFunc(s.cfg.Grace, func() {
		defer s.pending.done()
		s.turn.lockAlways()
		defer s.release()
		if s.session == sess && sess.grace != nil && sess.waits == n {
			s.end(sess)
		}
	})
}

func (s *Server) callOff(sess *session) {
	if sess.grace == nil {
		return
	}
	if sess.grace.Stop() {
		s.pending.done()
	}
	sess.grace = nil
}

// end ends sess, which is the session.
func (s *Server) end(sess *session) {
	s.callOff(sess)
	if sess.stopLadder != nil {
		sess.stopLadder()
	}
	s.endPackager()
	s.tell(io.EOF)
	s.session, s.status.Renditions = nil, nil
	s.log.Debug("session ends", "session", sess.id)
	if !sess.started {
		s.publish()
		return
	}
	s.status.Phase = Offline
	s.status.EndedAt = time.Now().UTC()
	s.publish()
	s.log.Info("stream stopped", "session", sess.id)
	emit(s.stopping, s, s.cfg.Events.StreamStopped, StreamStopped{Status: s.status, Err: sess.reason})
}

// tell marks a place in what the subscriptions read.
func (s *Server) tell(err error) {
	for _, sub := range s.subscriptions {
		sub.mark(err)
	}
}

// warn tells of the warnings that this session did not have before.
func (s *Server) warn(sess *session) {
	for _, w := range s.status.Ingest.Warnings {
		if sess.warned[w.Code] {
			continue
		}
		sess.warned[w.Code] = true
		s.log.Warn("broadcast has a problem", "session", sess.id, "code", w.Code, "detail", w.Detail)
		emit(s.running, s, s.cfg.Events.StreamWarned, StreamWarned{Status: s.status, Warning: w})
	}
}

func (s *Server) beginPackager(sess Session) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = s.panicked("packager", v)
		}
	}()
	return s.cfg.Packager.Begin(sess)
}

func (s *Server) feedPackager(pkt Packet) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = s.panicked("packager", v)
		}
	}()
	return s.cfg.Packager.WritePacket(pkt)
}

func (s *Server) interruptPackager() {
	defer func() {
		if v := recover(); v != nil {
			_ = s.panicked("packager", v)
		}
	}()
	s.cfg.Packager.Interrupt()
}

func (s *Server) endPackager() {
	defer func() {
		if v := recover(); v != nil {
			_ = s.panicked("packager", v)
		}
	}()
	s.cfg.Packager.End()
}
