// Package archtest holds the module to its layering and to the manners of a
// library. It has tests only: what a package may import is in the tables of
// imports_test.go, what library code must not do is in manners_test.go. A
// change of the design starts with a change of these tables.
package archtest
