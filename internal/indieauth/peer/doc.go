// Package peer tests IndieAuth, both ways, with an implementation that is not
// ours. It is a module of its own, so that nothing else depends on that.
package peer
