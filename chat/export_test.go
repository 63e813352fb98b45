package chat

// MaxFrame is how long a frame may be.
const MaxFrame = maxFrame

// DeliverAtOnce has events delivered without collecting more.
func (s *Server) DeliverAtOnce() {
	s.stream.mu.Lock()
	defer s.stream.mu.Unlock()
	s.stream.gather = 0
}
