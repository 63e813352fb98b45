package hls

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/owncast-go/owncast/video"
)

// encoding is what a Transcoder makes of a broadcast, as far as timing goes.
type encoding struct {
	index         int
	picture       *video.Track
	sound         *video.Track  // nil: as it came
	delay, jitter time.Duration // of what comes out
	half          bool          // every second picture
	reorder       bool          // two B-frames between others
	keys          time.Duration // own distance of key frames, in place of the broadcast's
}

// moment is something that happens at a time of the broadcast.
type moment struct {
	at time.Duration
	do func()
}

func (f *feeder) play(ms ...[]moment) {
	f.t.Helper()
	all := slices.Concat(ms...)
	slices.SortStableFunc(all, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	for _, m := range all {
		m.do()
		if f.t.Failed() {
			return
		}
	}
}

// broadcast is when the packets come in.
func (f *feeder) broadcast(ps []video.Packet) (ms []moment) {
	for _, p := range ps {
		ms = append(ms, moment{p.DTS, func() { f.write(p) }})
	}
	return ms
}

// encode is when a Transcoder that was started for ps gives what it makes of
// them, up to its end.
func (f *feeder) encode(e encoding, ps []video.Packet) (ms []moment) {
	rng := rand.New(rand.NewPCG(3, uint64(e.index)))
	session := f.session()
	for i, p := range e.packets(ps) {
		p.Discontinuity = i == 0
		last := max(f.encoded[e.index], p.DTS+max(p.CTS, 0)+e.delay+time.Duration(rng.Int64N(int64(e.jitter)+1)))
		f.encoded[e.index] = last // also of the next Transcoder
		ms = append(ms, moment{last, func() {
			f.t.Helper()
			if err := f.p.WriteRendition(session, e.index, p); err != nil {
				f.t.Fatalf("at %v: %v", p.DTS, err)
			}
		}})
	}
	return ms
}

// finish is when a Transcoder has ended, with what it has made.
func (f *feeder) finish(e encoding, ms []moment) []moment {
	session := f.session()
	return append(ms, moment{ms[len(ms)-1].at, func() { f.p.EndRendition(session, e.index) }})
}

func (e encoding) packets(ps []video.Packet) []video.Packet {
	var pictures, out []video.Packet
	key, n := false, 0
	next := time.Duration(-1)
	for _, p := range ps {
		if p.Track.Kind == video.Audio {
			if e.sound != nil {
				p.Track = e.sound
			}
			out = append(out, p)
			continue
		}
		n++
		key = key || p.Key
		if e.half && n%2 == 0 {
			continue
		}
		p.DTS, p.CTS, p.Track = p.DTS+p.CTS, 0, e.picture
		if p.Key = key; e.keys > 0 {
			p.Key = p.DTS >= next
			if p.Key {
				next = p.DTS + e.keys
			}
		}
		key = false
		pictures = append(pictures, p)
	}
	if e.reorder {
		pictures = reordered(pictures)
	}
	out = append(out, pictures...)
	slices.SortStableFunc(out, func(a, b video.Packet) int { return cmp.Compare(a.DTS, b.DTS) })
	return out
}

// reordered puts pictures into the order in which they are decoded, each group
// of them on its own.
func reordered(ps []video.Packet) (out []video.Packet) {
	var times []time.Duration
	for _, p := range ps {
		times = append(times, p.DTS)
	}
	for len(ps) > 0 {
		n := 1
		for n < len(ps) && n < 4 && !ps[n].Key {
			n++
		}
		if n > 1 && !ps[0].Key {
			ps[0], ps[n-1] = ps[n-1], ps[0]
		} else {
			n = 1
		}
		out = append(out, ps[:n]...)
		ps = ps[n:]
	}
	for i := range out {
		dts := max(times[i]-100*time.Millisecond, time.Duration(i)*time.Millisecond)
		out[i].CTS = out[i].DTS - dts
		out[i].DTS = dts
	}
	return out
}
