// Package perf measures what the whole program costs, from outside: benchmarks
// that start an App in a process of its own, publish to it and watch it over
// loopback, and compare its CPU time with that of a peer or a floor that does
// the same work at the same time. There is nothing in it to import.
//
//	go test ./internal/perf -run '^$' -bench . -benchtime 3x
//
// Each iteration is a round of some seconds; what is reported are medians of
// the rounds. CPU time is user and system time of the server's process (Linux
// only), so other load on the machine matters little. Peers take part when
// their programs are found on the PATH: mediamtx and ffmpeg.
package perf
