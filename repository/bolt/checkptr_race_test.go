//go:build race

package bolt_test

// checksPointers tells that the compiler's checks of unsafe pointers are on,
// as they are with the race detector. They end the process where bbolt looks
// beyond a damaged page that lies within a record, before anything can be
// done about it.
const checksPointers = true
