package hls

import "time"

// TargetDuration returns what no segment of the session that can be watched is
// longer than (RFC 8216 §4.3.3.1), and 0 while there is none. It never changes
// within a session.
func (p *Packager) TargetDuration() time.Duration {
	s := p.shown.Load()
	if s == nil {
		return 0
	}
	list := s.renditions.Load()
	if list == nil || len(*list) == 0 {
		return 0
	}
	return time.Duration((*list)[0].target) * time.Second
}
