package video

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// pictureGone is after how much sound without a picture there is nothing to
// transcode. It is when the packager goes on without a picture too.
const pictureGone = 5 * time.Second

// stretch is what one call of a Transcoder reads: from a key frame to the next
// break of the session, or change of its picture.
type stretch struct {
	sub     *Subscription
	track   *Track // of the picture
	start   time.Duration
	reading sync.Mutex // held while something is read; above mu

	mu        sync.Mutex    // guards the rest
	first     *Packet       // nil once it was read
	newest    time.Duration // DTS of what was read
	picture   time.Duration // of it, of the last picture
	ended     bool          // io.EOF was told
	endedAt   time.Time
	pictured  bool    // there is a picture to the end
	after     *Packet // begins what comes next; nil if it is still to be read
	abandoned bool
}

// nextStretch waits for the first key frame. after, if not nil, comes before
// what sub has. The error is that of ctx or of the end of sub.
func nextStretch(ctx context.Context, sub *Subscription, after *Packet) (*stretch, error) {
	for {
		var p Packet
		var err error
		if after != nil {
			p, after = *after, nil
		} else {
			p, err = sub.Read(ctx)
		}
		switch {
		case errors.Is(err, ErrInterrupted):
		case err != nil:
			return nil, err
		case p.Track.Kind == Video && p.Key:
			p.Discontinuity = false
			return &stretch{
				sub: sub, track: p.Track, start: p.DTS, first: &p, newest: p.DTS, picture: p.DTS, pictured: true,
			}, nil
		}
	}
}

// Read makes stretch a PacketReader. A Transcoder that was given up gets
// io.EOF, and nothing that belongs to the next one.
func (st *stretch) Read(ctx context.Context) (Packet, error) {
	st.reading.Lock()
	defer st.reading.Unlock()
	if p, done, ok := st.ready(); done || ok {
		if done {
			return Packet{}, io.EOF
		}
		return p, nil
	}
	p, err := st.sub.Read(ctx)
	st.mu.Lock()
	defer st.mu.Unlock()
	switch {
	case st.abandoned:
		return Packet{}, io.EOF
	case errors.Is(err, ErrInterrupted), errors.Is(err, io.EOF):
		return st.end(nil)
	case err != nil:
		return Packet{}, err
	case p.Discontinuity, p.Track.Kind == Video && !p.Track.Equal(st.track):
		return st.end(&p)
	case p.Track.Kind == Audio && p.DTS-st.picture > pictureGone:
		st.pictured = false
		return st.end(&p)
	}
	st.newest = max(st.newest, p.DTS)
	if p.Track.Kind == Video {
		st.picture = p.DTS
	}
	return p, nil
}

// ready returns what can be told without reading.
func (st *stretch) ready() (p Packet, done, ok bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.ended || st.abandoned {
		return Packet{}, true, false
	}
	if st.first == nil {
		return Packet{}, false, false
	}
	p, st.first = *st.first, nil
	return p, false, true
}

func (st *stretch) end(after *Packet) (Packet, error) {
	st.ended, st.endedAt, st.after = true, time.Now(), after
	return Packet{}, io.EOF
}

// abandon ends it for its reader.
func (st *stretch) abandon() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.abandoned = true
}

// progress is how far the reader has come: the DTS of the newest packet that
// it has read, and of the newest picture there is to make.
func (st *stretch) progress() (newest, picture time.Duration, endedAt time.Time) {
	st.mu.Lock()
	newest, picture, endedAt = st.newest, st.picture, st.endedAt
	ended := st.ended
	st.mu.Unlock()
	if !ended {
		picture = max(picture, st.sub.newestPicture())
	}
	return newest, picture, endedAt
}

// result is how it ended, if it did: whether its reader has come to the end,
// whether there was a picture to the end, and what comes next, if that was
// read already.
func (st *stretch) result() (whole, pictured bool, after *Packet) {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.ended, st.pictured, st.after
}

// idle tells whether nobody is reading any more.
func (st *stretch) idle() bool {
	if !st.reading.TryLock() {
		return false
	}
	st.reading.Unlock()
	return true
}
