//go:build !race

package bolt_test

const checksPointers = false
