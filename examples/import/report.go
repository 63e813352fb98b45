package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// report counts what was read, and what became of it.
type report struct {
	kinds []string // in the order they were first read
	items map[string]*counts
	notes []string
}

type counts struct {
	read, taken int
	skipped     map[string]int // by reason
	details     []string       // one for each that was skipped
}

func newReport() *report { return &report{items: map[string]*counts{}} }

func (r *report) of(kind string) *counts {
	c := r.items[kind]
	if c == nil {
		c = &counts{skipped: map[string]int{}}
		r.items[kind] = c
		r.kinds = append(r.kinds, kind)
	}
	return c
}

// took counts one that was read and taken.
func (r *report) took(kind string) {
	c := r.of(kind)
	c.read++
	c.taken++
}

// skip counts one that was read and not taken. The detail says which, without
// secrets.
func (r *report) skip(kind, reason, detail string) {
	c := r.of(kind)
	c.read++
	c.skipped[reason]++
	c.details = append(c.details, detail+": "+reason)
}

// note says something about all of it, once.
func (r *report) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(r.notes, text) {
		r.notes = append(r.notes, text)
	}
}

// print writes the table, and names what was skipped if verbose.
func (r *report) print(w io.Writer, verbose bool) {
	tab := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(tab, "WHAT\tREAD\tTAKEN\tSKIPPED\tWHY")
	for _, kind := range r.kinds {
		c := r.items[kind]
		why := ""
		for _, reason := range slices.Sorted(maps.Keys(c.skipped)) {
			if why != "" {
				why += "; "
			}
			why += fmt.Sprintf("%d %s", c.skipped[reason], reason)
		}
		fmt.Fprintf(tab, "%s\t%d\t%d\t%d\t%s\n", kind, c.read, c.taken, c.read-c.taken, why)
	}
	_ = tab.Flush()
	for _, note := range r.notes {
		fmt.Fprintln(w, "note:", note)
	}
	if !verbose {
		return
	}
	for _, kind := range r.kinds {
		for _, detail := range r.items[kind].details {
			fmt.Fprintf(w, "%s: %s\n", kind, detail)
		}
	}
}
