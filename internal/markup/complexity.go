package markup

import "strings"

// Limits on text that takes a Markdown parser far more time, or more HTML,
// than its length suggests. Nobody writes it by hand.
const (
	maxNesting    = 24    // quotes and lists that begin on one line
	maxDelimiters = 2000  // of emphasis and of links in one paragraph
	maxCells      = 20000 // of a table
	maxDepth      = 200   // of elements in each other; browsers flatten 512
)

// overwrought tells whether a text is beyond the limits.
func overwrought(s string) bool {
	var delimiters, lines, columns int
	for line := range strings.Lines(s) {
		if strings.TrimSpace(line) == "" {
			delimiters, lines, columns = 0, 0, 0
			continue
		}
		if nesting(line) > maxNesting {
			return true
		}
		pipes := 0
		for i := range len(line) {
			switch line[i] {
			case '*', '_', '~', '[', ']':
				delimiters++
			case '|':
				pipes++
			}
		}
		// A row has as many cells as the head, however few it has itself.
		lines, columns = lines+1, max(columns, pipes+1)
		if delimiters > maxDelimiters || columns > 1 && lines*columns > maxCells {
			return true
		}
	}
	return false
}

// nesting counts the markers of quotes and lists that a line begins with.
func nesting(line string) int {
	n := 0
	for {
		line = strings.TrimLeft(line, " \t")
		digits := len(line) - len(strings.TrimLeft(line, "0123456789"))
		rest := line[digits:]
		switch {
		case digits == 0 && strings.HasPrefix(rest, ">"):
		case len(rest) > 1 && strings.IndexByte(" \t", rest[1]) < 0:
			return n
		case digits == 0 && rest != "" && strings.IndexByte("-+*", rest[0]) >= 0:
		case digits > 0 && rest != "" && strings.IndexByte(".)", rest[0]) >= 0:
		default:
			return n
		}
		n++
		line = rest[1:]
	}
}

// tooDeep tells whether elements may be nested deeper than maxDepth in HTML
// that a policy has written, in which every "<" begins a tag. Elements that
// are closed by others, or opened anew by a browser, count as open.
func tooDeep(s string) bool {
	open, depth := map[string]int{}, 0
	for {
		_, rest, found := strings.Cut(s, "<")
		if !found {
			return false
		}
		closing := strings.HasPrefix(rest, "/")
		rest = strings.TrimPrefix(rest, "/")
		end := strings.IndexAny(rest, " />")
		if end < 0 {
			return false
		}
		name := rest[:end]
		switch {
		case name == "br", name == "hr", name == "img", name == "source":
		case !closing:
			open[name]++
			depth++
		case open[name] > 0:
			open[name]--
			depth--
		}
		if depth > maxDepth {
			return true
		}
		s = rest[end:]
	}
}
