package stats

import (
	"fmt"
	"math"
	"time"
)

const (
	busyCPU       = 80 // percent
	overloadedCPU = 90 // percent
	healthyAbove  = 75 // percent of the clients without errors
	// someClients have errors before it is said so.
	someClients = 3
	// headroom is what a network needs over the bitrate of what it carries.
	headroom = 1.1
	// shortSegment is a segment that leaves little time to load the next one.
	shortSegment = 3 * time.Second
)

// Health is how well it plays, seen from those who report.
type Health struct {
	Healthy        bool
	Percentage     int    // of the reporting clients that had no error
	Representation int    // of the viewers that report, in percent
	Message        string // for the administrator; "" if there is nothing to say
}

// reportingClients are how many of the viewers have said something.
type reportingClients struct{ reporting, viewers int }

// representation is in percent. There can be more who report than are seen to
// watch, where somebody else serves the media.
func (c reportingClients) representation() int {
	if c.viewers == 0 {
		return 0
	}
	return min(100, percent(c.reporting, c.viewers))
}

func percent(n, of int) int { return int(math.Round(100 * float64(n) / float64(of))) }

// Health returns the overview of the last two minutes; nil while there is no
// stream, and if there were no viewers or none of them has reported.
func (a *Audience) Health() *Health {
	a.refresh(a.now())
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.health == nil {
		return nil
	}
	h := *a.health
	return &h
}

// Representation is how many percent of the viewers have reported in the last
// two minutes.
func (a *Audience) Representation() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.clients.representation()
}

// overview says how well it plays. cpu is 0 if it is not known.
func overview(w *window, c reportingClients, s Stream, cpu float64) *Health {
	if c.viewers == 0 || c.reporting == 0 {
		return nil
	}
	h := &Health{Percentage: 100 - percent(w.failing, w.reporting), Representation: c.representation()}
	h.Healthy = h.Percentage > healthyAbove
	h.Message = message(w, s, cpu)
	return h
}

// message names the most important of what is wrong.
func message(w *window, s Stream, cpu float64) string {
	best, lowest, passthrough := s.bitrates()
	slow := 0
	for _, kbps := range w.throughput {
		if lowest > 0 && kbps*1000 < headroom*float64(lowest) {
			slow++
		}
	}
	switch {
	case cpu > busyCPU && best > 0 && s.Inbound > best:
		return fmt.Sprintf("The broadcast comes in at %d kbit/s, while the best quality that viewers get has %d kbit/s, "+
			"and the CPU is busy by %.0f%%. A lower bitrate of the broadcast would cost viewers nothing.", s.Inbound/1000, best/1000, cpu)
	case cpu > overloadedCPU:
		return fmt.Sprintf("The CPU is busy by %.0f%%. Fewer or smaller qualities, or a lower CPU usage of each, would keep the stream smooth.", cpu)
	case slow > 0:
		return fmt.Sprintf("%d of %d viewers have a network that is slower than, or too close to, the lowest bitrate of %d kbit/s. "+
			"A quality of a lower bitrate would help them.", slow, len(w.throughput), lowest/1000)
	case w.failing < someClients:
		return ""
	case passthrough:
		return fmt.Sprintf("%d of %d viewers had errors. The broadcast is passed on as it comes: its settings, the keyframe interval above all, "+
			"may not suit all players.", w.failing, w.reporting)
	case s.Target > 0 && s.Target < shortSegment:
		return fmt.Sprintf("%d of %d viewers had errors. A higher latency level would give their players more time.", w.failing, w.reporting)
	default:
		return fmt.Sprintf("%d of %d viewers had errors.", w.failing, w.reporting)
	}
}

// bitrates returns the highest and the lowest of the outputs, 0 if unknown,
// and whether one of them is the broadcast as it came.
func (s Stream) bitrates() (best, lowest int, passthrough bool) {
	for _, o := range s.Outputs {
		passthrough = passthrough || o.Passthrough
		if o.Bitrate <= 0 {
			continue
		}
		best = max(best, o.Bitrate)
		if lowest == 0 || o.Bitrate < lowest {
			lowest = o.Bitrate
		}
	}
	return best, lowest, passthrough
}
