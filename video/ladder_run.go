package video

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// maxAhead is by how much a rendition's clock may be before the broadcast's,
// and what it may begin before its stretch.
const maxAhead = 2 * time.Second

var (
	errRunOver = errors.New("video: the transcoder was given up")
	errEarly   = errors.New("video: the transcoder ended before the broadcast")
)

// ladderRun is one call of a Transcoder, and the RenditionWriter it gets.
type ladderRun struct {
	l     *supervisor
	st    *stretch
	rungs []*rung // by the index that the Transcoder knows

	gate sync.RWMutex // of over: nothing is being written while it is set
	over bool

	broken error // guarded by l.mu: what is wrong with all of it
}

// call runs the Transcoder, which may panic.
func (r *ladderRun) call(ctx context.Context) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = r.l.server.panicked("transcoder", v)
		}
	}()
	ladder := make([]Rendition, len(r.rungs))
	for i, g := range r.rungs {
		ladder[i] = g.rendition
	}
	return r.l.server.cfg.Transcoder.Transcode(ctx, r.st, ladder, r)
}

// WriteRendition hands a packet to the packager. A rendition of which one made
// no sense has failed: what else comes of it is passed over, so that the
// others go on.
func (r *ladderRun) WriteRendition(i int, p Packet) error {
	r.gate.RLock()
	defer r.gate.RUnlock()
	if r.over {
		return errRunOver
	}
	if i < 0 || i >= len(r.rungs) {
		err := fmt.Errorf("video: packet of rendition %d of %d", i, len(r.rungs))
		r.l.breakRun(r, err)
		return err
	}
	g := r.rungs[i]
	write, err := r.take(g, &p)
	if err == nil && write {
		err = r.l.writeRendition(g.index, p)
	}
	if err != nil {
		r.l.failInRun(g, err)
	}
	return nil
}

// take checks a packet of g and notes it. It tells whether to hand it on.
func (r *ladderRun) take(g *rung, p *Packet) (bool, error) {
	newest, _, _ := r.st.progress()
	l := r.l
	l.mu.Lock()
	defer l.mu.Unlock()
	if g.failure != nil {
		return false, nil
	}
	if err := g.check(p, r.st.start, newest); err != nil {
		return false, err
	}
	if p.DTS < 0 {
		p.DTS, p.CTS = 0, p.CTS+p.DTS // files count from 0
	}
	p.Discontinuity = !g.started
	g.started = true
	g.meter.add(p, time.Now())
	return true, nil
}

// finish has what comes from now on refused.
func (r *ladderRun) finish() {
	r.st.abandon()
	r.gate.Lock()
	defer r.gate.Unlock()
	r.over = true
}

// check says what is wrong with a packet. The caller has the lock.
func (g *rung) check(p *Packet, start, newest time.Duration) error {
	switch {
	case p.Track == nil || p.Track.Kind != Video && p.Track.Kind != Audio:
		return errNoTrack
	case len(p.Data) == 0:
		return errors.New("video: packet without data")
	case p.CTS < -maxCTS || p.CTS > maxCTS:
		return fmt.Errorf("video: packet presented %v after it is decoded", p.CTS)
	case p.DTS < start-maxAhead || p.DTS > newest+maxAhead:
		return fmt.Errorf("video: packet of %v, of a broadcast from %v to %v", p.DTS, start, newest)
	}
	k := 0
	if p.Track.Kind == Audio {
		k = 1
	}
	if p.Track != g.tracks[k] {
		if _, err := NewTrack(p.Track.Codec, p.Track.Config); err != nil {
			return err
		}
		g.tracks[k] = p.Track
	}
	if g.started && p.DTS < g.last[k] {
		return fmt.Errorf("video: packet of %v after one of %v", p.DTS, g.last[k])
	}
	g.last[k] = p.DTS
	if !wholeUnits(p.Track, p.Data) {
		return &CodecError{Codec: string(p.Track.Codec), Reason: "a picture that is not made of NAL units"}
	}
	return nil
}

// wholeUnits tells whether data can be what the codec has. The track is valid.
func wholeUnits(t *Track, data []byte) bool {
	size := 0
	switch {
	case t.Codec == H264:
		size = int(t.Config[4]&3) + 1
	case t.Codec == HEVC && len(t.Config) > 21:
		size = int(t.Config[21]&3) + 1
	default:
		return true
	}
	for len(data) > 0 {
		if len(data) < size {
			return false
		}
		n := 0
		for _, b := range data[:size] {
			n = n<<8 | int(b)
		}
		data = data[size:]
		if n > len(data) {
			return false
		}
		data = data[n:]
	}
	return true
}
